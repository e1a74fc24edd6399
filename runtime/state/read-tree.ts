/**
 * Reads a table's tree as an older checkpoint left it: what is there now, with what the checkpoints
 * since then noted that they changed.
 */
import { toHex } from '../core/bytes.ts';
import type { RunPool } from './run-pool.ts';
import { runOffset, runWords } from './run-pool.ts';
import { levelHashes, levelKinds, type TableTree } from './table-tree.ts';
import { findNode, firstRow, rowPrefix, type UndoLog, type UndoSegment } from './undo-log.ts';
import { HASH_BYTES, HASH_WORDS, PAIR_WORDS, PREFIX_BITS, WORD_BYTES } from './words.ts';

/** A table's tree at one checkpoint. */
export type PastTree = {
  readonly pool: RunPool;
  readonly tree: TableTree;
  /** The table's updates since that checkpoint, oldest first. */
  readonly since: readonly { readonly log: UndoLog; readonly segment: UndoSegment }[];
  /** Levels above it were kept ever since. */
  readonly depth: number;
};

/** A row as the trees have it. */
export type RowHash = { readonly keyHash: Uint8Array; readonly valueHash: Uint8Array };

/** The tree before what `logs` noted, oldest first. */
export function pastTree(
  pool: RunPool,
  tree: TableTree,
  tableId: number,
  logs: readonly UndoLog[],
): PastTree {
  const since = logs.flatMap((log) =>
    log.segments
      .filter((segment) => segment.tableId === tableId)
      .map((segment) => ({ log, segment })),
  );
  const depth = since.reduce((least, { segment }) => Math.min(least, segment.depth), tree.depth);
  return { pool, tree, since, depth };
}

/** Hash and kind of a node of level `depth`, at most `past.depth`. O(log changes). */
export function nodeAt(
  { tree, since }: PastTree,
  depth: number,
  index: number,
): { readonly hash: Uint8Array; readonly kind: number } {
  for (const { log, segment } of since) {
    const entry = findNode(log, segment, depth, index);
    if (entry < 0) continue;
    const kind = (log.nodeIndexes[entry] ?? 0) & 3;
    return { hash: bytesAt(log.nodes, entry * HASH_WORDS), kind };
  }
  const kind = levelKinds(tree, depth)[index] ?? 0;
  return { hash: bytesAt(levelHashes(tree, depth), index * HASH_WORDS), kind };
}

function bytesAt(words: BigInt64Array, from: number): Uint8Array {
  const start = words.byteOffset + from * WORD_BYTES;
  return new Uint8Array(words.buffer, start, HASH_BYTES).slice();
}

/**
 * The rows of the subtree of level `depth`, in no order. O(rows there now and then), and the buckets
 * there: for subtrees that hold few.
 */
export function rowsAt(past: PastTree, depth: number, index: number): RowHash[] {
  const { tree, since, pool } = past;
  const rows = new Map<string, RowHash>();
  const put = (words: BigInt64Array, from: number): void => {
    const keyHash = bytesAt(words, from);
    rows.set(toHex(keyHash), { keyHash, valueHash: bytesAt(words, from + HASH_WORDS) });
  };
  const buckets = 1 << (tree.depth - depth);
  for (let bucket = index * buckets; bucket < (index + 1) * buckets; bucket++) {
    const run = tree.runs[bucket] ?? 0;
    for (let i = 0; i < (tree.counts[bucket] ?? 0); i++) {
      put(runWords(pool, run), runOffset(run) + i * PAIR_WORDS);
    }
  }
  const size = 2 * (1 << (PREFIX_BITS - 1 - depth));
  for (const { log, segment } of since.toReversed()) {
    const from = firstRow(log, segment, index * size);
    for (let i = from; i < segment.rowsTo && rowPrefix(log, i) < (index + 1) * size; i++) {
      put(log.rows, i * PAIR_WORDS);
    }
  }
  return [...rows.values()].filter(({ valueHash }) => valueHash.some((byte) => byte !== 0));
}
