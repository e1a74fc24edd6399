/**
 * Changed rows of one table as the tree takes them: keyHash ‖ valueHash of each, side by side.
 */
import type { PairHasher } from '../core/merkle-hash.ts';
import { DELETED, type EncodedRows } from './encoded-rows.ts';
import { KEPT_WORDS, PAIR_WORDS, WORD_BYTES } from './node-pool.ts';
import {
  addEncodedToHash,
  addRowToHash,
  encodedWords,
  hashRows,
  isFull,
  type RowHashes,
} from './row-hashes.ts';

const PAIR_BYTES = PAIR_WORDS * WORD_BYTES;

export type StagedRows = {
  /** keyHash ‖ valueHash of every row, as words and as bytes: the same memory. */
  words: BigInt64Array;
  bytes: Uint8Array;
  /** The rows as `row * 2 + isDelete`. */
  readonly changes: number[];
};

export function createStagedRows(): StagedRows {
  const words = new BigInt64Array(16 * PAIR_WORDS);
  return { words, bytes: new Uint8Array(words.buffer), changes: [] };
}

/** Empties the list, keeping its memory unless that is very much. */
export function resetStagedRows(staged: StagedRows): void {
  staged.changes.length = 0;
  if (staged.words.length <= KEPT_WORDS) return;
  staged.words = new BigInt64Array(16 * PAIR_WORDS);
  staged.bytes = new Uint8Array(staged.words.buffer);
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
  const words = new BigInt64Array(length);
  words.set(staged.words);
  staged.words = words;
  staged.bytes = new Uint8Array(words.buffer);
}

/** Bit `depth` of a row's key hash, as `keyBit`. */
export function rowBit(staged: StagedRows, row: number, depth: number): number {
  return ((staged.bytes[row * PAIR_BYTES + (depth >>> 3)] ?? 0) >>> (7 - (depth & 7))) & 1;
}
