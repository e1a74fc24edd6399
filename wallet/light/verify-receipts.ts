/**
 * A transaction's receipt, from the chain of receipts that headers carry.
 *
 * Source: runtime/receipt.ts. Eight blocks stand between two carried roots; the root after them has one
 * preimage, so their number and order place the block of the transaction among them. Pure.
 */
import type { ReceiptProofInfo } from '../../node/rpc/schemas/light.ts';
import { equalBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { CARRIED_ROOT_INTERVAL } from '../../runtime/limits.ts';
import { chainReceiptsHash, type Receipt, ReceiptsCodec } from '../../runtime/receipt.ts';
import type { FinalHeader } from '../client/verify-finality.ts';
import { type LightError, lightError } from './trust.ts';

/**
 * The receipt of `transactionId` under the root that `final` carries. Errors in order:
 * malformed_proof, other_height, other_root, malformed_receipts, no_receipt.
 */
export function verifyReceipt(
  proof: ReceiptProofInfo,
  final: FinalHeader,
  transactionId: string,
): Result<Receipt, LightError> {
  const hashes = proof.hashes.map((hex) => fromHex(hex));
  const receipts = fromHex(proof.receipts);
  let root = fromHex(proof.root);
  if (receipts === undefined || hashes.length !== CARRIED_ROOT_INTERVAL) {
    return lightError('receipt', 'malformed_proof', `${hashes.length} hashes`);
  }
  const { executed } = final.header;
  const at = proof.height - (executed.height - CARRIED_ROOT_INTERVAL) - 1;
  const own = hashes[at];
  if (own === undefined || !equalBytes(own, sha256(receipts))) {
    const detail = `the receipts are not those of block ${proof.height}`;
    return lightError('receipt', 'other_height', detail);
  }
  for (const hash of hashes) {
    if (hash?.length !== 32 || root?.length !== 32) {
      return lightError('receipt', 'malformed_proof', 'a hash is not 32 bytes');
    }
    root = chainReceiptsHash(root, hash);
  }
  if (root === undefined || !equalBytes(root, executed.receiptsRoot)) {
    const detail = `the header carries receipts root ${toHex(executed.receiptsRoot)}`;
    return lightError('receipt', 'other_root', detail);
  }
  const decoded = ReceiptsCodec.decode(receipts);
  if (!decoded.ok) return lightError('receipt', 'malformed_receipts', decoded.error.detail);
  const found = decoded.value.find((one) => toHex(one.transactionId) === transactionId);
  if (found !== undefined) return ok(found);
  return lightError('receipt', 'no_receipt', `block ${proof.height} has none of ${transactionId}`);
}
