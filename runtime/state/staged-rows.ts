/**
 * Changed rows of one table as the tree takes them: keyHash ‖ valueHash of each, side by side.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { DELETED, type EncodedRows } from './encoded-rows.ts';
import {
  addEncodedToHash,
  addRowToHash,
  encodedWords,
  hashRows,
  isFull,
  type RowHashes,
} from './row-hashes.ts';
import { HASH_WORDS, KEPT_WORDS, PAIR_BYTES, PAIR_WORDS, swapBytes } from './words.ts';

export type StagedRows = {
  /** keyHash ‖ valueHash of every row, as words, bytes and numbers of 32 bits: the same memory. */
  words: BigInt64Array;
  bytes: Uint8Array;
  numbers: Uint32Array;
  /** The rows as `row * 2 + isDelete`. */
  readonly changes: number[];
};

export function createStagedRows(): StagedRows {
  return { ...rowMemory(16 * PAIR_WORDS), changes: [] };
}

function rowMemory(length: number): Pick<StagedRows, 'words' | 'bytes' | 'numbers'> {
  const words = new BigInt64Array(length);
  const { buffer } = words;
  return { words, bytes: new Uint8Array(buffer), numbers: new Uint32Array(buffer) };
}

/** Empties the list, keeping its memory unless that is very much. */
export function resetStagedRows(staged: StagedRows): void {
  staged.changes.length = 0;
  if (staged.words.length > KEPT_WORDS) Object.assign(staged, rowMemory(16 * PAIR_WORDS));
}

export const rowOf = (change: number): number => change >>> 1;
export const isDelete = (change: number): boolean => (change & 1) === 1;

/** Where rows are hashed before they join a list: one batch for the lists of all tables. */
export type StagingBatch = {
  readonly rows: RowHashes;
  /** The list whose rows are in the batch. */
  staged: StagedRows | undefined;
};

/** Adds a row (`value` undefined when deleted); it is in the list after `flushBatch`. */
export function addStagedRow(
  staged: StagedRows,
  batch: StagingBatch,
  hashPairs: PairHasher,
  row: { readonly key: Uint8Array; readonly value: Uint8Array | undefined },
): void {
  makeRoom(batch, staged, hashPairs);
  addRowToHash(batch.rows, row.key, row.value);
  staged.changes.push(staged.changes.length * 2 + (row.value ? 0 : 1));
}

/** Adds encoded rows; they are in the list after `flushBatch`. */
export function addStagedEncoded(
  staged: StagedRows,
  batch: StagingBatch,
  hashPairs: PairHasher,
  rows: EncodedRows,
): void {
  const words = encodedWords(rows);
  for (let i = 0; i < rows.lengths.length; i++) {
    makeRoom(batch, staged, hashPairs);
    addEncodedToHash(batch.rows, words, rows, i);
    staged.changes.push(staged.changes.length * 2 + (rows.lengths[i] === DELETED ? 1 : 0));
  }
}

function makeRoom(batch: StagingBatch, staged: StagedRows, hashPairs: PairHasher): void {
  if (batch.staged === staged && !isFull(batch.rows)) return;
  flushBatch(batch, hashPairs);
  batch.staged = staged;
}

/** Hashes the rows in the batch into their list. */
export function flushBatch(batch: StagingBatch, hashPairs: PairHasher): void {
  const { rows, staged } = batch;
  if (staged === undefined || rows.count === 0) return;
  const end = staged.changes.length;
  growRows(staged, end);
  const start = (end - rows.count) * PAIR_BYTES;
  hashRows(rows, hashPairs, staged.bytes.subarray(start, end * PAIR_BYTES));
}

function growRows(staged: StagedRows, rows: number): void {
  let { length } = staged.words;
  if (rows * PAIR_WORDS <= length) return;
  while (length < rows * PAIR_WORDS) length *= 2;
  const before = staged.words;
  Object.assign(staged, rowMemory(length));
  staged.words.set(before);
}

/** Compares two key hashes, given as numbers of 32 bits: below 0, 0, or above. */
export function compareKeys(a: Uint32Array, fromA: number, b: Uint32Array, fromB: number): number {
  for (let i = 0; i < 2 * HASH_WORDS; i++) {
    const order = swapBytes(a[fromA + i] ?? 0) - swapBytes(b[fromB + i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
