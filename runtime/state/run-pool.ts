/**
 * Memory of the rows' hashes: runs of records in pages of typed arrays, so the rows of millions are a
 * few hundred objects to the garbage collector, and growing copies nothing.
 *
 * A record is the 64 bytes that a leaf hashes, keyHash ‖ valueHash. A run holds the records of one
 * bucket of a table's tree, side by side. Runs come in classes, up to eight records in steps of one,
 * then four classes to each doubling; a run above a page has a page of its own. A run given back
 * waits for the next of its class.
 */
import { assert } from '../core/result.ts';
import { PAIR_BYTES, PAIR_WORDS } from './words.ts';

/** Records of a page: 1 MB. */
const PAGE_SHIFT = 14;
const PAGE_RECORDS: number = 1 << PAGE_SHIFT;
const PAGE_MASK: number = PAGE_RECORDS - 1;
/** Numbers of runs must stay small integers: 2³⁰ records, 64 GB. */
const MAX_PAGES: number = 1 << (30 - PAGE_SHIFT);
/** Where the allocator puts a large block 16 bytes behind a line, as glibc's does, records are lines. */
const PAGE_OFFSET = 48;

/** Records of a run by class. */
const CLASS_RECORDS: readonly number[] = classSizes();

function classSizes(): number[] {
  const sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  for (let octave = 8; octave < 2 ** 30; octave *= 2) {
    for (let quarter = 5; quarter <= 8; quarter++) sizes.push((octave * quarter) / 4);
  }
  return sizes;
}

/** The class whose runs hold nothing: it has no memory. */
export const NO_RUN_CLASS = 0;

export type RunPool = {
  /** Pages as words and as numbers of 32 bits: the same memory. */
  readonly words: BigInt64Array[];
  readonly numbers: Uint32Array[];
  /** The page that new runs are cut from, and its records already cut. */
  page: number;
  used: number;
  /** Runs to hand out again, by class. */
  readonly free: number[][];
};

export function createRunPool(): RunPool {
  return {
    words: [],
    numbers: [],
    page: -1,
    used: PAGE_RECORDS,
    free: CLASS_RECORDS.map(() => []),
  };
}

function addPage(pool: RunPool, records: number): number {
  assert(pool.words.length < MAX_PAGES, 'the rows of the state fit their pages');
  const buffer = new ArrayBuffer(PAGE_OFFSET + records * PAIR_BYTES);
  pool.words.push(new BigInt64Array(buffer, PAGE_OFFSET, records * PAIR_WORDS));
  pool.numbers.push(new Uint32Array(buffer, PAGE_OFFSET, records * 2 * PAIR_WORDS));
  return pool.words.length - 1;
}

/** The least class with room for so many records. */
export function runClass(records: number): number {
  if (records <= 8) return records;
  // Four classes from each power of two, exclusive, to the next, inclusive.
  const octave = 31 - Math.clz32(records - 1);
  return 9 + 4 * (octave - 3) + ((records - 1) >>> (octave - 2)) - 4;
}

export const runRecords = (runClass: number): number => CLASS_RECORDS[runClass] ?? 0;

/** A run of arbitrary content. */
export function allocateRun(pool: RunPool, runClass: number): number {
  const run = pool.free[runClass]?.pop();
  if (run !== undefined) return run;
  const records = runRecords(runClass);
  if (records > PAGE_RECORDS) return addPage(pool, records) << PAGE_SHIFT;
  if (pool.used + records > PAGE_RECORDS) {
    releaseRest(pool);
    pool.page = addPage(pool, PAGE_RECORDS);
    pool.used = 0;
  }
  const first = (pool.page << PAGE_SHIFT) + pool.used;
  pool.used += records;
  return first;
}

/** What is left of a page that is too short for the next run becomes runs of the classes that fit. */
function releaseRest(pool: RunPool): void {
  while (pool.page >= 0 && pool.used < PAGE_RECORDS) {
    const left = PAGE_RECORDS - pool.used;
    const fitting = runRecords(runClass(left)) > left ? runClass(left) - 1 : runClass(left);
    pool.free[fitting]?.push((pool.page << PAGE_SHIFT) + pool.used);
    pool.used += runRecords(fitting);
  }
}

export function releaseRun(pool: RunPool, run: number, runClass: number): void {
  if (runClass !== NO_RUN_CLASS) pool.free[runClass]?.push(run);
}

/** The page of a run, as words and as numbers of 32 bits, and its first word in it. */
export function runWords(pool: RunPool, run: number): BigInt64Array {
  return pool.words[run >>> PAGE_SHIFT] ?? NO_WORDS;
}
export function runNumbers(pool: RunPool, run: number): Uint32Array {
  return pool.numbers[run >>> PAGE_SHIFT] ?? NO_NUMBERS;
}
export const runOffset = (run: number): number => (run & PAGE_MASK) * PAIR_WORDS;

const NO_WORDS: BigInt64Array = new BigInt64Array(0);
const NO_NUMBERS: Uint32Array = new Uint32Array(0);
