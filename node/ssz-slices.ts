/**
 * Slices of SSZ bytes, for those who want one field of many items: decoding the receipts of a busy
 * block to read their ids costs a hundred times as much as finding them.
 *
 * Source: simple-serialize.md, "Deserialization": a list of items of variable size begins with their
 * offsets, u32 little-endian; fixed-size fields of a container come first. The bytes are the node's own
 * (a final block, an executor's answer), so that a wrong offset is a broken invariant.
 */
import { HeaderCodec } from '../runtime/block.ts';
import { assert } from '../runtime/core/result.ts';

const OFFSET_BYTES = 4;
const ID_BYTES = 32;

/** The items of a list of variable-size items. Cost: a view of each. */
export function listItems(list: Uint8Array): Uint8Array[] {
  if (list.length === 0) return [];
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const first = view.getUint32(0, true);
  assert(
    first % OFFSET_BYTES === 0 && first > 0 && first <= list.length,
    'a list begins with offsets',
  );
  const items: Uint8Array[] = [];
  for (let at = 0; at < first; at += OFFSET_BYTES) {
    const from = view.getUint32(at, true);
    const next = at + OFFSET_BYTES;
    const to = next < first ? view.getUint32(next, true) : list.length;
    assert(from >= first && from <= to && to <= list.length, 'offsets ascend within the list');
    items.push(list.subarray(from, to));
  }
  return items;
}

/** A receipt's SSZ (`ReceiptCodec`) and its transaction's id, which is its first field. */
export type ReceiptSlice = { readonly id: Uint8Array; readonly bytes: Uint8Array };

/** The receipts of SSZ of `ReceiptsCodec`. */
export function receiptSlices(receipts: Uint8Array): ReceiptSlice[] {
  return listItems(receipts).map((bytes) => ({ id: bytes.subarray(0, ID_BYTES), bytes }));
}

/** The payloads of SSZ of `BlockCodec`: behind the header, which is of one size, and an offset. */
export function payloadSlices(block: Uint8Array): Uint8Array[] {
  return listItems(block.subarray(HeaderCodec.maxBytes + OFFSET_BYTES));
}
