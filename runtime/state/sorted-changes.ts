/**
 * The changes of one table in the order of their key hashes.
 *
 * Source: Knuth, The Art of Computer Programming 3, 5.2.5, radix sorting from the least digit up:
 * three passes of 11, 11 and 9 bits. Key hashes are uniform, so few changes share all 31 bits; those
 * few are put in order one by one.
 */
import { assert } from '../core/result.ts';
import { compareKeys, type StagedRows } from './staged-rows.ts';
import { PAIR_WORDS, PREFIX_BITS, prefixOf } from './words.ts';

export type SortedChanges = {
  /** Changes as `row * 2 + isDelete`, and the prefix of each one's key hash. */
  changes: Int32Array;
  prefixes: Int32Array;
  /** The same of the other passes. */
  otherChanges: Int32Array;
  otherPrefixes: Int32Array;
  /** Where the changes of each digit go. */
  readonly starts: Int32Array;
};

export const rowOf = (change: number): number => change >>> 1;
export const isDelete = (change: number): boolean => (change & 1) === 1;

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
    prefixes: new Int32Array(count),
    otherChanges: new Int32Array(count),
    otherPrefixes: new Int32Array(count),
  };
}

/**
 * Sorts the changes of `staged` into `sorted`. Throws `InvariantViolation` when a key is there twice.
 * About 20 ns a change.
 */
export function sortChanges(sorted: SortedChanges, staged: StagedRows): void {
  const { numbers, deletes, count: length } = staged;
  if (length > sorted.changes.length) Object.assign(sorted, changeMemory(2 * length));
  for (let i = 0; i < length; i++) {
    sorted.changes[i] = i * 2 + (deletes[i] ?? 0);
    sorted.prefixes[i] = prefixOf(numbers[i * 2 * PAIR_WORDS] ?? 0);
  }
  if (length <= FEW) {
    insertionSort(sorted, length);
  } else {
    for (let shift = 0; shift < PREFIX_BITS; shift += DIGIT_BITS)
      sortByDigit(sorted, length, shift);
  }
  orderEqual(sorted, staged, length);
}

/** Puts changes in order whose prefixes are equal. */
function orderEqual(
  { changes, prefixes }: SortedChanges,
  staged: StagedRows,
  length: number,
): void {
  for (let i = 1; i < length; i++) {
    if (prefixes[i - 1] !== prefixes[i]) continue;
    const change = changes[i] ?? 0;
    let to = i;
    for (; to > 0 && prefixes[to - 1] === prefixes[i]; to--) {
      const before = changes[to - 1] ?? 0;
      const order = compareStaged(staged, before, change);
      assert(order !== 0, 'a key changes once in a checkpoint');
      if (order < 0) break;
      changes[to] = before;
    }
    changes[to] = change;
  }
}

function compareStaged({ numbers }: StagedRows, a: number, b: number): number {
  return compareKeys(numbers, rowOf(a) * 2 * PAIR_WORDS, numbers, rowOf(b) * 2 * PAIR_WORDS);
}

/** Gives memory back when it is far more than usual. */
export function resetSorted(sorted: SortedChanges, keptChanges: number): void {
  if (sorted.changes.length > keptChanges) Object.assign(sorted, changeMemory(LEAST_CHANGES));
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
