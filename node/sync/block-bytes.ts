/**
 * SSZ of blocks and of answers that hold them, taken apart and put together without decoding, so
 * that serving and storing 64 blocks costs no work for each transaction.
 *
 * Source: SSZ's layout of containers and lists of variable size: little-endian offsets of four
 * bytes, then the parts. A header has a fixed size, so a block is header, offset, payloads.
 */
import { type Header, HeaderCodec } from '../../runtime/block.ts';
import { concatBytes } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';

const OFFSET_BYTES = 4;
/** Size of every header: 234. */
export const HEADER_BYTES: number = HeaderCodec.maxBytes;

function readOffset(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

function offsets(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * OFFSET_BYTES);
  const data = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) data.setUint32(index * OFFSET_BYTES, value, true);
  return bytes;
}

/** The header at `at` of `bytes`; undefined when it is cut or malformed. Cost: 234 bytes. */
export function headerAt(bytes: Uint8Array, at: number): Header | undefined {
  if (bytes.length < at + HEADER_BYTES) return undefined;
  const header = HeaderCodec.decode(bytes.subarray(at, at + HEADER_BYTES));
  return header.ok ? header.value : undefined;
}

/** Where the block, and so its header, begins in the SSZ of a `FinalizedBlock`. */
export const FINALIZED_BLOCK_HEADER_AT: number = 2 * OFFSET_BYTES;

/** SSZ of the block in the SSZ of a `FinalizedBlock` that has been decoded before. */
export function blockOfFinalized(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(readOffset(bytes, 0), readOffset(bytes, OFFSET_BYTES));
}

/** SSZ of each block in the SSZ of a `BlocksAnswer` that has been decoded before; views, no copies. */
export function blocksOfAnswer(answer: Uint8Array): Uint8Array[] {
  const list = answer.subarray(readOffset(answer, 0), readOffset(answer, OFFSET_BYTES));
  if (list.length === 0) return [];
  const count = readOffset(list, 0) / OFFSET_BYTES;
  assert(Number.isInteger(count), 'the answer was decoded before');
  return Array.from({ length: count }, (_, index) => {
    const end = index + 1 < count ? readOffset(list, (index + 1) * OFFSET_BYTES) : list.length;
    return list.subarray(readOffset(list, index * OFFSET_BYTES), end);
  });
}

/** SSZ of a list whose items have variable size. */
function joinList(items: readonly Uint8Array[]): Uint8Array {
  let at = items.length * OFFSET_BYTES;
  const starts = items.map((item) => {
    const start = at;
    at += item.length;
    return start;
  });
  return concatBytes(offsets(starts), ...items);
}

/**
 * SSZ of a container of two such lists: `BlocksAnswer` of blocks and finalizations,
 * `PayloadsAnswer` of blocks and payloads. Items are SSZ themselves.
 */
export function joinTwoLists(
  first: readonly Uint8Array[],
  second: readonly Uint8Array[],
): Uint8Array {
  const one = joinList(first);
  const two = joinList(second);
  const start = 2 * OFFSET_BYTES;
  return concatBytes(offsets([start, start + one.length]), one, two);
}

/** Bytes that `joinTwoLists` adds to its items. */
export function framingBytes(items: number): number {
  return (2 + items) * OFFSET_BYTES;
}
