/**
 * What one checkpoint changed, to read the trees of the checkpoints before it: of each changed row
 * the value hash it had, of each changed node above the buckets the hash it had.
 *
 * Entries stand in the order in which the trees were walked, so those of a table's rows are
 * ascending in the prefixes of their key hashes and those of a level in the node's index: both
 * are found by bisection, and neither rows nor nodes need to know where their entries are.
 */
import { copyHash, copyPair, HASH_WORDS, KEPT_WORDS, PAIR_WORDS, prefixOf } from './words.ts';

/** One update of one table. Of two of a table in one log the first has the older content. */
export type UndoSegment = {
  readonly tableId: number;
  /** Levels of the table's tree above its buckets when this was written. */
  readonly depth: number;
  readonly rowsFrom: number;
  rowsTo: number;
  /** The entries of the nodes of level d, `nodesFrom[d]` to `nodesTo[d]`, exclusive. */
  readonly nodesFrom: number[];
  readonly nodesTo: number[];
};

export type UndoLog = {
  version: number;
  readonly segments: UndoSegment[];
  /** keyHash ‖ valueHash of every row as it was, as words and as numbers of 32 bits; valueHash zeros where there was none. */
  rows: BigInt64Array;
  rowNumbers: Uint32Array;
  rowCount: number;
  /** Hashes of nodes as they were, and `index * 4 + kind` of each. */
  nodes: BigInt64Array;
  nodeIndexes: Int32Array;
  nodeCount: number;
};

const LEAST_ENTRIES = 16;

export function createUndoLog(version: number): UndoLog {
  return { version, segments: [], ...rowMemory(LEAST_ENTRIES), ...nodeMemory(LEAST_ENTRIES) };
}

function rowMemory(entries: number): Pick<UndoLog, 'rows' | 'rowNumbers' | 'rowCount'> {
  const rows = new BigInt64Array(entries * PAIR_WORDS);
  return { rows, rowNumbers: new Uint32Array(rows.buffer), rowCount: 0 };
}

function nodeMemory(entries: number): Pick<UndoLog, 'nodes' | 'nodeIndexes' | 'nodeCount'> {
  const nodes = new BigInt64Array(entries * HASH_WORDS);
  return { nodes, nodeIndexes: new Int32Array(entries), nodeCount: 0 };
}

/** Empties a log for another checkpoint, keeping its memory unless that is far more than usual. */
export function resetUndoLog(log: UndoLog, version: number): void {
  log.version = version;
  log.segments.length = 0;
  log.rowCount = 0;
  log.nodeCount = 0;
  if (log.rows.length > KEPT_WORDS) Object.assign(log, rowMemory(LEAST_ENTRIES));
  if (log.nodes.length > KEPT_WORDS) Object.assign(log, nodeMemory(LEAST_ENTRIES));
}

/** Begins the entries of one update. */
export function openSegment(log: UndoLog, tableId: number, depth: number): UndoSegment {
  const rowsFrom = log.rowCount;
  const segment = { tableId, depth, rowsFrom, rowsTo: rowsFrom, nodesFrom: [], nodesTo: [] };
  log.segments.push(segment);
  return segment;
}

/** Notes keyHash ‖ valueHash of a row before it changes or goes. */
export function saveRow(log: UndoLog, words: BigInt64Array, from: number): void {
  // Before `log.rows` is read, which it may replace.
  const at = nextRow(log);
  copyPair(words, from, log.rows, at);
}

/** Notes that there was no row of the key whose hash begins at `from`. */
export function saveAbsence(log: UndoLog, words: BigInt64Array, from: number): void {
  const at = nextRow(log);
  copyHash(words, from, log.rows, at);
  for (let i = HASH_WORDS; i < PAIR_WORDS; i++) log.rows[at + i] = 0n;
}

function nextRow(log: UndoLog): number {
  const at = log.rowCount * PAIR_WORDS;
  if (at === log.rows.length) {
    const { rows, rowCount } = log;
    Object.assign(log, rowMemory(2 * rowCount), { rowCount });
    log.rows.set(rows);
  }
  log.rowCount++;
  return at;
}

/** Notes the hash of a node before it changes. */
export function saveNode(
  log: UndoLog,
  index: number,
  kind: number,
  words: BigInt64Array,
  from: number,
): void {
  const { nodeCount } = log;
  if (nodeCount === log.nodeIndexes.length) {
    const { nodes, nodeIndexes } = log;
    Object.assign(log, nodeMemory(2 * nodeCount));
    log.nodes.set(nodes);
    log.nodeIndexes.set(nodeIndexes);
  }
  log.nodeIndexes[nodeCount] = index * 4 + kind;
  copyHash(words, from, log.nodes, nodeCount * HASH_WORDS);
  log.nodeCount = nodeCount + 1;
}

/** The entry of a node of level `depth` in a segment, or −1. */
export function findNode(log: UndoLog, segment: UndoSegment, depth: number, index: number): number {
  let low = segment.nodesFrom[depth] ?? 0;
  const end = segment.nodesTo[depth] ?? 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log.nodeIndexes[middle] ?? 0) >>> 2 < index) low = middle + 1;
    else high = middle;
  }
  return low < end && (log.nodeIndexes[low] ?? 0) >>> 2 === index ? low : -1;
}

/** The first entry of a segment's rows whose prefix is at least `prefix`. */
export function firstRow(log: UndoLog, segment: UndoSegment, prefix: number): number {
  let low = segment.rowsFrom;
  let high = segment.rowsTo;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rowPrefix(log, middle) < prefix) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The prefix of the key hash of an entry. */
export function rowPrefix(log: UndoLog, entry: number): number {
  return prefixOf(log.rowNumbers[entry * 2 * PAIR_WORDS] ?? 0);
}
