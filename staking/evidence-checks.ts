/** Signatures of evidence: two votes under the key that the action names. */
import { voteDigest } from '../consensus/messages.ts';
import type { SubmitEvidence } from './actions.ts';
import type { StakingSignature } from './possession.ts';

/** The two signatures to verify at the vote. */
export function evidenceChecks(
  chainId: Uint8Array,
  { publicKey, first, second }: SubmitEvidence,
): StakingSignature[] {
  return [first, second].map(({ subject, signature }) => ({
    publicKey,
    digest: voteDigest(chainId, subject),
    signature,
  }));
}
