/**
 * Verifies what `get_proof` answers, without trusting the node that answered: the state root must
 * come from a header whose finality the caller has checked, or from another node.
 */
import type { ProofInfo } from '../../node/rpc/schemas/chain.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { err, type Result } from '../../runtime/core/result.ts';
import { type ProofError, stateProofCodec, verifyProof } from '../../runtime/state/proof.ts';

export type ProofCheckError =
  | ProofError
  | { readonly code: 'malformed_answer'; readonly field: string };

/**
 * Checks that `answer` shows the row (or its absence) under `stateRoot`, 32 bytes the caller trusts.
 * Errors in order: malformed_answer, then those of `verifyProof`.
 */
export function verifyProofAnswer(
  answer: Pick<ProofInfo, 'table_id' | 'key' | 'value' | 'proof'>,
  stateRoot: Uint8Array,
): Result<void, ProofCheckError> {
  const key = fromHex(answer.key);
  if (key === undefined) return err({ code: 'malformed_answer', field: 'key' });
  const value = answer.value === null ? 'absent' : fromHex(answer.value);
  if (value === undefined) return err({ code: 'malformed_answer', field: 'value' });
  const bytes = fromHex(answer.proof);
  const proof = bytes && stateProofCodec.decode(bytes);
  if (!proof?.ok) return err({ code: 'malformed_answer', field: 'proof' });
  return verifyProof({ stateRoot, tableId: answer.table_id, key, value }, proof.value);
}
