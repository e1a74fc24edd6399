/** Blocks as the interface shows them (`schemas/chain.ts`). */

import { type Block, blockHash, type Header, HeaderCodec } from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import { PAYLOAD } from '../../runtime/transaction.ts';
import type { BlockNotice } from '../api.ts';
import { payloadSlices } from '../ssz-slices.ts';
import type { BlockData, BlockSummary } from './schemas/chain.ts';

/** Summary of a block whose hash is known. */
export function blockSummary(
  { header, payloads }: { readonly header: Header; readonly payloads: readonly Uint8Array[] },
  hash: Uint8Array,
): BlockSummary {
  const transactions = payloads.filter((bytes) => bytes[0] === PAYLOAD.transaction).length;
  return {
    height: header.height,
    hash: toHex(hash),
    parent: toHex(header.parent),
    epoch: header.epoch,
    view: header.view,
    timestamp: header.timestamp,
    proposer: header.proposer,
    transactions,
    oracle_votes: payloads.length - transactions,
    executed_height: header.executed.height,
    state_root: toHex(header.executed.stateRoot),
    receipts_root: toHex(header.executed.receiptsRoot),
  };
}

/** Summary of a block as it was pushed. */
export function blockData(notice: BlockNotice): BlockData {
  const header = HeaderCodec.decode(notice.block.subarray(0, HeaderCodec.maxBytes));
  assert(header.ok, 'a final block starts with its header');
  const block = { header: header.value, payloads: payloadSlices(notice.block) };
  return { ...blockSummary(block, notice.hash), received_at: notice.finalizedAt };
}

/** Summary of a block alone: hashes its header. */
export function hashedBlockSummary(block: Block): BlockSummary {
  return blockSummary(block, blockHash(block.header));
}
