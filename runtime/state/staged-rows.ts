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
  /** 1 for each row that is deleted; its valueHash means nothing. */
  deletes: Uint8Array;
  /** Rows in the list, and in the batch that joins it. */
  count: number;
};

const LEAST_ROWS = 16;

export function createStagedRows(): StagedRows {
  return { ...rowMemory(LEAST_ROWS), count: 0 };
}

function rowMemory(rows: number): Omit<StagedRows, 'count'> {
  const words = new BigInt64Array(rows * PAIR_WORDS);
  const { buffer } = words;
  const deletes = new Uint8Array(rows);
  return { words, bytes: new Uint8Array(buffer), numbers: new Uint32Array(buffer), deletes };
}

/** Empties the list, keeping its memory unless that is very much. */
export function resetStagedRows(staged: StagedRows): void {
  staged.count = 0;
  if (staged.words.length > KEPT_WORDS) Object.assign(staged, rowMemory(LEAST_ROWS));
}

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
  growRows(staged, staged.count + 1);
  makeRoom(batch, staged, hashPairs);
  addRowToHash(batch.rows, row.key, row.value);
  staged.deletes[staged.count] = row.value === undefined ? 1 : 0;
  staged.count++;
}

/** Adds encoded rows; they are in the list after `flushBatch`. */
export function addStagedEncoded(
  staged: StagedRows,
  batch: StagingBatch,
  hashPairs: PairHasher,
  rows: EncodedRows,
): void {
  const words = encodedWords(rows);
  growRows(staged, staged.count + rows.count);
  for (let i = 0; i < rows.count; i++) {
    makeRoom(batch, staged, hashPairs);
    addEncodedToHash(batch.rows, words, rows, i);
    staged.deletes[staged.count] = rows.lengths[i] === DELETED ? 1 : 0;
    staged.count++;
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
  const end = staged.count;
  const start = (end - rows.count) * PAIR_BYTES;
  hashRows(rows, hashPairs, staged.bytes.subarray(start, end * PAIR_BYTES));
}

function growRows(staged: StagedRows, rows: number): void {
  const { words, deletes } = staged;
  let { length } = deletes;
  if (rows <= length) return;
  while (length < rows) length *= 2;
  Object.assign(staged, rowMemory(length));
  staged.words.set(words);
  staged.deletes.set(deletes);
}

/** Compares two key hashes, given as numbers of 32 bits: below 0, 0, or above. */
export function compareKeys(a: Uint32Array, fromA: number, b: Uint32Array, fromB: number): number {
  for (let i = 0; i < 2 * HASH_WORDS; i++) {
    const order = swapBytes(a[fromA + i] ?? 0) - swapBytes(b[fromB + i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
