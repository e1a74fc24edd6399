/**
 * The state commitment: 10,000 changed rows in a table of 1,000,000, and proofs in it.
 *
 * `root_ms` runs from the changed rows' encoded bytes to the new state root, value and key hashing
 * included; rows are of 100 bytes, as a portfolio's. Each round changes other rows at random, with
 * a tenth of them inserted or deleted, as in a live table. The peer of each round is the plain
 * SHA-256 of the same keys and values: `root_to_row_hash` survives a noisy machine.
 */
import { choosePairHasher } from '../node/pair-hasher.ts';
import { sha256 } from '../runtime/core/hash.ts';
import { portablePairHasher } from '../runtime/core/merkle-hash.ts';
import {
  type Commitment,
  commitChanges,
  createCommitment,
  sealCheckpoint,
  stageRow,
} from '../runtime/state/commitment.ts';
import { u64Key } from '../runtime/state/key-codec.ts';
import { stateProofCodec, verifyProof } from '../runtime/state/proof.ts';
import { proveRow } from '../runtime/state/prove.ts';
import type { RowChange } from '../runtime/state/table.ts';
import { type BenchOptions, median, quantile, remark, reportFigure, timeMs } from './report.ts';

const ROWS = 1_000_000;
const CHANGED = 10_000;
const ROUNDS = 25;
const PROOFS = 2_000;
const TABLE_ID = 3;
const VALUE_BYTES = 100;
const keys = u64Key();

/** A fixed sequence of numbers, so that every run does the same work. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function portfolioRow(key: number, version: number): Uint8Array {
  const value = new Uint8Array(VALUE_BYTES);
  const view = new DataView(value.buffer);
  view.setUint32(0, key);
  view.setUint32(4, version);
  return value;
}

/** Builds the table as a node's start does: row by row, then one checkpoint. */
function loadTable(commitment: Commitment): void {
  for (let key = 0; key < ROWS; key++) {
    stageRow(commitment, {
      tableId: TABLE_ID,
      key: keys.encode(key),
      value: portfolioRow(key, 0),
    });
  }
  sealCheckpoint(commitment);
}

/** 90 % of the rows updated, 5 % deleted, 5 % inserted. */
function nextChanges(random: (below: number) => number, round: number): RowChange[] {
  const chosen = new Set<number>();
  while (chosen.size < CHANGED * 0.95) chosen.add(random(ROWS));
  for (let i = 0; i < CHANGED * 0.05; i++) chosen.add(ROWS + round * CHANGED + i);
  return [...chosen].map((key, i) => ({
    key: keys.encode(key),
    value: i < CHANGED * 0.05 ? undefined : portfolioRow(key, round),
  }));
}

type Rounds = {
  /** Milliseconds from encoded rows to state root, by round. */
  readonly root: readonly number[];
  /** Milliseconds of the peer in the same round: SHA-256 of the same keys and values, no more. */
  readonly rowHash: readonly number[];
  readonly stateRoot: Uint8Array;
};

function measureRoots(commitment: Commitment): Rounds {
  const random = numbersFrom(7);
  const root: number[] = [];
  const rowHash: number[] = [];
  let stateRoot = new Uint8Array(32);
  for (let round = 1; round <= ROUNDS; round++) {
    const rows = nextChanges(random, round);
    rowHash.push(timeMs(() => hashRows(rows)));
    root.push(
      timeMs(() => {
        stateRoot = new Uint8Array(commitChanges(commitment, [{ tableId: TABLE_ID, rows }]));
      }),
    );
  }
  return { root, rowHash, stateRoot };
}

function hashRows(rows: readonly RowChange[]): void {
  for (const { key, value } of rows) {
    sha256(key);
    if (value) sha256(value);
  }
}

/** Milliseconds of making and encoding a proof, and of decoding and verifying it. */
function measureProofs(
  commitment: Commitment,
  stateRoot: Uint8Array,
): { prove: number[]; verify: number[] } {
  const prove: number[] = [];
  const verify: number[] = [];
  for (let i = 0; i < PROOFS; i++) {
    // Keys at and above 2 × ROWS were never written: every second proof is of absence.
    const key = keys.encode(i % 2 === 0 ? i * 499 : 2 * ROWS + i);
    let bytes = new Uint8Array();
    let valueHash: Uint8Array | undefined;
    prove.push(
      timeMs(() => {
        const answer = proveRow(commitment, { stateRoot, tableId: TABLE_ID, key });
        if (!answer.ok) throw new Error(answer.error.code);
        bytes = new Uint8Array(stateProofCodec.encode(answer.value.proof));
        valueHash = answer.value.valueHash;
      }),
    );
    if (valueHash) continue;
    verify.push(
      timeMs(() => {
        const proof = stateProofCodec.decode(bytes);
        if (!proof.ok) throw new Error(proof.error.detail);
        const verdict = verifyProof(
          { stateRoot, tableId: TABLE_ID, key, value: 'absent' },
          proof.value,
        );
        if (!verdict.ok) throw new Error(verdict.error.code);
      }),
    );
  }
  return { prove, verify };
}

export async function run(options: BenchOptions): Promise<void> {
  const choice = choosePairHasher();
  if (choice.kind === 'portable') remark(`no native hasher: ${choice.problem}`, options);

  const report = (name: string, metric: string, value: number, unit: string = 'ms'): void =>
    reportFigure({ bench: 'commitment', case: name, metric, value, unit }, options);
  const changedRows = '10,000 of 1,000,000 rows changed';

  const commitment = createCommitment(choice.hashPairs);
  report(
    '1,000,000 rows loaded',
    'load_ms',
    timeMs(() => loadTable(commitment)),
  );
  const { root, rowHash, stateRoot } = measureRoots(commitment);
  report(changedRows, 'root_ms', median(root));
  report(changedRows, 'root_p90_ms', quantile(root, 0.9));
  report(changedRows, 'row_hash_ms', median(rowHash));
  const ratios = root.map((ms, i) => ms / (rowHash[i] ?? ms));
  report(changedRows, 'root_to_row_hash', median(ratios), 'ratio');
  const { prove, verify } = measureProofs(commitment, stateRoot);
  report('row or absence among 1,000,000', 'proof_ms', median(prove));
  report('row or absence among 1,000,000', 'proof_p99_ms', quantile(prove, 0.99));
  report('absence among 1,000,000', 'verify_ms', median(verify));

  if (choice.kind === 'portable') return;
  const portable = createCommitment(portablePairHasher);
  loadTable(portable);
  report(changedRows, 'portable_root_ms', median(measureRoots(portable).root));
}
