/**
 * The changes of one table in the order of the first 32 bits of their key hashes.
 *
 * Source: Knuth, The Art of Computer Programming 3, 5.2.5, radix sorting from the least digit up:
 * three passes of 11, 11 and 10 bits. Key hashes are uniform, so few changes share all 32 bits; those
 * few are in no order.
 */
import { PAIR_WORDS, WORD_BYTES } from './node-pool.ts';
import { rowOf, type StagedRows } from './staged-rows.ts';

export type SortedChanges = {
  /** Changes as in `StagedRows`, and the first 32 bits of each one's key hash. */
  changes: Int32Array;
  prefixes: Uint32Array;
  /** The same of the other passes. */
  otherChanges: Int32Array;
  otherPrefixes: Uint32Array;
  /** Where the changes of each digit go. */
  readonly starts: Int32Array;
};

/** Bits of a prefix. */
export const PREFIX_BITS = 32;
const PAIR_BYTES = PAIR_WORDS * WORD_BYTES;
const DIGIT_BITS = 11;
const DIGITS: number = 1 << DIGIT_BITS;
const LEAST_CHANGES = 1_024;
/** So few are sorted by insertion. */
const FEW = 48;

export function createSortedChanges(): SortedChanges {
  return { ...changeMemory(LEAST_CHANGES), starts: new Int32Array(DIGITS) };
}

function changeMemory(count: number): Omit<SortedChanges, 'starts'> {
  return {
    changes: new Int32Array(count),
    prefixes: new Uint32Array(count),
    otherChanges: new Int32Array(count),
    otherPrefixes: new Uint32Array(count),
  };
}

/** Sorts the changes of `staged` into `sorted`. About 20 ns a change. */
export function sortChanges(sorted: SortedChanges, staged: StagedRows): void {
  const { bytes, changes } = staged;
  const { length } = changes;
  if (length > sorted.changes.length) Object.assign(sorted, changeMemory(2 * length));
  for (let i = 0; i < length; i++) {
    const change = changes[i] ?? 0;
    sorted.changes[i] = change;
    sorted.prefixes[i] = firstBits(bytes, rowOf(change) * PAIR_BYTES);
  }
  if (length <= FEW) {
    insertionSort(sorted, length);
    return;
  }
  for (let shift = 0; shift < PREFIX_BITS; shift += DIGIT_BITS) sortByDigit(sorted, length, shift);
}

/** Gives memory back when it is far more than usual. */
export function resetSorted(sorted: SortedChanges, keptChanges: number): void {
  if (sorted.changes.length > keptChanges) Object.assign(sorted, changeMemory(LEAST_CHANGES));
}

function firstBits(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}

function insertionSort({ changes, prefixes }: SortedChanges, length: number): void {
  for (let i = 1; i < length; i++) {
    const change = changes[i] ?? 0;
    const prefix = prefixes[i] ?? 0;
    let to = i;
    for (; to > 0 && (prefixes[to - 1] ?? 0) > prefix; to--) {
      changes[to] = changes[to - 1] ?? 0;
      prefixes[to] = prefixes[to - 1] ?? 0;
    }
    changes[to] = change;
    prefixes[to] = prefix;
  }
}

/** One stable pass, into the other arrays, which it then makes the first. */
function sortByDigit(sorted: SortedChanges, length: number, shift: number): void {
  const { changes, prefixes, otherChanges, otherPrefixes, starts } = sorted;
  starts.fill(0);
  for (let i = 0; i < length; i++) {
    const digit = ((prefixes[i] ?? 0) >>> shift) & (DIGITS - 1);
    starts[digit] = (starts[digit] ?? 0) + 1;
  }
  let start = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = starts[digit] ?? 0;
    starts[digit] = start;
    start += count;
  }
  for (let i = 0; i < length; i++) {
    const prefix = prefixes[i] ?? 0;
    const digit = (prefix >>> shift) & (DIGITS - 1);
    const to = starts[digit] ?? 0;
    starts[digit] = to + 1;
    otherChanges[to] = changes[i] ?? 0;
    otherPrefixes[to] = prefix;
  }
  sorted.changes = otherChanges;
  sorted.prefixes = otherPrefixes;
  sorted.otherChanges = changes;
  sorted.otherPrefixes = prefixes;
}

/** Among sorted changes that agree in the `depth` bits before it, where those begin whose bit is 1. */
export function firstOne(
  { prefixes }: SortedChanges,
  depth: number,
  from: number,
  to: number,
): number {
  const bit = 31 - depth;
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((((prefixes[middle] ?? 0) >>> bit) & 1) === 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
