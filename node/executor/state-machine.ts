/**
 * The executor's work, wherever it runs: owns the state, executes final blocks, makes checkpoints.
 *
 * Source: design/chain.md §2, §5, §6. At multiples of R the changed rows are committed and handed to
 * the disk; the next block does not wait for that write, the next checkpoint does.
 *
 * Invariant: the store holds whole checkpoints only; blocks above the last are executed again.
 */
import { buildGenesis } from '../../genesis/build-state.ts';
import type { Genesis } from '../../genesis/document.ts';
import { judgeAdmission } from '../../runtime/accounts/admit.ts';
import { BlockCodec, isEpochLast } from '../../runtime/block.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import type { PairHasher } from '../../runtime/core/merkle-hash.ts';
import { assert } from '../../runtime/core/result.ts';
import { epoch, type Height, validatorIndex } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import { errorEntry } from '../../runtime/error.ts';
import { EventsCodec } from '../../runtime/event.ts';
import { executeBlock } from '../../runtime/execute.ts';
import { CARRIED_ROOT_INTERVAL } from '../../runtime/limits.ts';
import { RECEIPT_STATUS, type Receipt } from '../../runtime/receipt.ts';
import { makeCheckpoint } from '../../runtime/state/checkpoint.ts';
import {
  type Commitment,
  createCommitment,
  RETAINED_CHECKPOINTS,
} from '../../runtime/state/commitment.ts';
import { loadState } from '../../runtime/state/load.ts';
import { rebuildDerived } from '../../runtime/state/rebuild.ts';
import { emptyState, metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import { PAYLOAD, PayloadCodec } from '../../runtime/transaction.ts';
import type { VersionOverride } from '../../runtime/upgrade/migrate-modules.ts';
import { nativeSha256 } from '../crypto/sha256.ts';
import type { Store } from '../ports.ts';
import type { QueryContext } from '../query/answer-query.ts';
import { idKey } from '../storage/keys.ts';
import { createStateStore, type StateStore } from '../storage/state-store.ts';
import type { CheckpointRoots, ExecutedBlock, Executor, OpenedState } from './executor.ts';
import { TRANSACTION_ENTRY_BYTES } from './wire-entries.ts';

/** The state on disk cannot be the state of this chain, or is damaged. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: 'genesis_mismatch' | 'corrupt';
  constructor(code: 'genesis_mismatch' | 'corrupt', detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Answers a query from the state between two blocks: SSZ in, SSZ out. Pure. */
export type AnswerQuery = (context: QueryContext, request: Uint8Array) => Uint8Array;

export type StateMachineOptions = {
  readonly genesis: Genesis;
  /** Opened by the first call of `open`. */
  readonly openStore: () => Promise<Store>;
  readonly hashPairs: PairHasher;
  readonly answerQuery: AnswerQuery;
  /** Versions that stand for those of configs, from heights on. */
  readonly overrides?: readonly VersionOverride[];
};

/** What is there once the state is open. */
type Opened = {
  readonly state: State;
  readonly commitment: Commitment;
  readonly store: StateStore;
  checkpoints: CheckpointRoots[];
  /** The write of the last checkpoint; rejected when the disk failed. */
  written: Promise<void>;
};

function transactionEntries(receipts: readonly Receipt[]): Uint8Array {
  const entries = new Uint8Array(receipts.length * TRANSACTION_ENTRY_BYTES);
  for (const [index, { transactionId, status }] of receipts.entries()) {
    entries.set(transactionId, index * TRANSACTION_ENTRY_BYTES);
    entries[index * TRANSACTION_ENTRY_BYTES + 32] = status === RECEIPT_STATUS.applied ? 1 : 0;
  }
  return entries;
}

async function openGenesis(options: StateMachineOptions, store: StateStore): Promise<Opened> {
  const { state, chainId } = buildGenesis(options.genesis);
  state.sha256 = nativeSha256;
  state.overrides = options.overrides ?? [];
  const commitment = createCommitment(options.hashPairs);
  const { stateRoot, changes } = makeCheckpoint(state.stores, commitment);
  const meta = metaOf(state);
  const roots = { height: meta.height, stateRoot, receiptsRoot: state.receiptsChain.root };
  await store.putCheckpoint({ chainId, checkpoints: [roots] }, changes);
  return { state, commitment, store, checkpoints: [roots], written: Promise.resolve() };
}

async function openStored(
  options: StateMachineOptions,
  store: StateStore,
  checkpoints: readonly CheckpointRoots[],
  chainId: Uint8Array,
): Promise<Opened> {
  const expected = buildGenesis(options.genesis).chainId;
  if (!equalBytes(chainId, expected)) {
    const detail = `data of chain ${toHex(chainId)}, genesis of chain ${toHex(expected)}`;
    throw new StateError('genesis_mismatch', detail);
  }
  const state = emptyState(chainId);
  state.sha256 = nativeSha256;
  state.overrides = options.overrides ?? [];
  const commitment = createCommitment(options.hashPairs);
  const loaded = loadState(await store.rows(), state.stores, commitment);
  if (!loaded.ok) {
    const { tableId, key, reason } = loaded.error;
    throw new StateError('corrupt', `table ${tableId} row ${toHex(key)}: ${reason.code}`);
  }
  const last = checkpoints.at(-1);
  if (!last || !equalBytes(loaded.value, last.stateRoot)) {
    const detail = `rows give root ${toHex(loaded.value)}, stored is ${toHex(last?.stateRoot ?? new Uint8Array(0))}`;
    throw new StateError('corrupt', detail);
  }
  state.receiptsChain.root = last.receiptsRoot;
  rebuildDerived(state);
  store.retain(last.height);
  return {
    state,
    commitment,
    store,
    checkpoints: [...checkpoints],
    written: Promise.resolve(),
  };
}

function openedState({ state, checkpoints }: Opened): OpenedState {
  const meta = metaOf(state);
  const configs: EpochConfig[] = [...state.epochConfigs.sortedKeys()]
    .filter((number) => number >= meta.epoch - 1)
    .map((number) => state.epochConfigs.must(number));
  return { height: meta.height, checkpoints: [...checkpoints], configs, epoch: meta.epoch };
}

/** Roots, and the write of what changed; waits for the write before. */
async function checkpoint(opened: Opened): Promise<CheckpointRoots> {
  await opened.written;
  const { state, commitment, store } = opened;
  const { stateRoot, changes } = makeCheckpoint(state.stores, commitment);
  const meta = metaOf(state);
  const roots = { height: meta.height, stateRoot, receiptsRoot: state.receiptsChain.root };
  opened.checkpoints = [...opened.checkpoints, roots].slice(-RETAINED_CHECKPOINTS);
  const stored = { chainId: state.chainId, checkpoints: opened.checkpoints };
  opened.written = store.putCheckpoint(stored, changes);
  // The next checkpoint, or `close`, sees the failure; until then it is not unhandled.
  opened.written.catch(() => {});
  return roots;
}

async function execute(
  opened: Opened,
  bytes: Uint8Array,
  hash: Uint8Array,
): Promise<ExecutedBlock> {
  const { state } = opened;
  const decoded = BlockCodec.decode(bytes);
  assert(decoded.ok, 'a final block decodes');
  const block = decoded.value;
  const config = state.epochConfigs.must(block.header.epoch);
  const { receipts, receiptsBytes, events } = executeBlock(state, block, hash);
  const { height } = block.header;
  const fixed = epoch(block.header.epoch + 2);
  return {
    height,
    receipts: receiptsBytes,
    events: EventsCodec.encode([...events]),
    transactions: transactionEntries(receipts),
    checkpoint: height % CARRIED_ROOT_INTERVAL === 0 ? await checkpoint(opened) : undefined,
    fixedConfig: isEpochLast(block.header, config) ? state.epochConfigs.must(fixed) : undefined,
  };
}

/** The error number of one payload against the latest state; 0 for none. */
function judgeOne(state: State, context: BlockContext, bytes: Uint8Array): number {
  const payload = PayloadCodec.decode(bytes);
  assert(payload.ok, 'only payloads that decode are judged');
  if (payload.value.selector === PAYLOAD.oracleVote) return 0;
  const { body, signatures } = payload.value.value;
  const judged = judgeAdmission(state, context, body, new Map(), signatures);
  return judged.ok ? 0 : errorEntry(judged.error.code).number;
}

function judge(state: State, payloads: readonly Uint8Array[]): number[] {
  const meta = metaOf(state);
  const context: BlockContext = {
    height: meta.height,
    timestamp: meta.timestamp,
    proposer: validatorIndex(0),
    config: state.epochConfigs.must(meta.epoch),
    parameters: parametersOf(state),
    events: [],
    multilegWork: { spent: 0 },
  };
  return payloads.map((bytes) => judgeOne(state, context, bytes));
}

/** Rows of the newest checkpoint that one answer may read from disk, each in a pass of its own. */
const MAX_CHECKPOINT_ROWS = 256;

/**
 * Answers from whole blocks. A row of the checkpoint that has changed since is read from its
 * snapshot: the pure answer says which it lacks, and is asked again when they are there.
 */
async function query(
  options: StateMachineOptions,
  opened: Opened,
  request: Uint8Array,
): Promise<Uint8Array> {
  const { state, commitment } = opened;
  const rows = new Map<string, Uint8Array | undefined>();
  for (;;) {
    const newest = opened.checkpoints.at(-1)?.height ?? metaOf(state).height;
    const wanted: {
      readonly at: string;
      readonly height: number;
      readonly tableId: number;
      readonly key: Uint8Array;
    }[] = [];
    const checkpointRow = (
      tableId: number,
      key: Uint8Array,
      root?: Uint8Array,
    ): Uint8Array | undefined => {
      const asked = root && opened.checkpoints.find((one) => equalBytes(one.stateRoot, root));
      const height = asked?.height ?? newest;
      const at = `${height}/${tableId}/${idKey(key)}`;
      if (!rows.has(at)) wanted.push({ at, height, tableId, key });
      return rows.get(at);
    };
    const context = { state, commitment, checkpointHeight: newest as Height, checkpointRow };
    const answer = options.answerQuery(context, request);
    if (wanted.length === 0 || rows.size >= MAX_CHECKPOINT_ROWS) return answer;
    await opened.written;
    for (const { at, height, tableId, key } of wanted) {
      rows.set(at, await opened.store.rowAt(height as Height, tableId, key));
    }
  }
}

/** An executor on the caller's thread. Calls are carried out one after the other. */
export function createStateMachine(options: StateMachineOptions): Executor {
  let opened: Opened | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const must = (): Opened => {
    assert(opened !== undefined, 'the executor is open');
    return opened;
  };
  /** After everything asked for before. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };

  return {
    open: () =>
      inTurn(async () => {
        const store = createStateStore(await options.openStore());
        const meta = await store.meta();
        opened = meta
          ? await openStored(options, store, meta.checkpoints, meta.chainId)
          : await openGenesis(options, store);
        return openedState(opened);
      }),
    execute: (block, hash) => inTurn(() => execute(must(), block, hash)),
    judge: (payloads) => inTurn(() => Promise.resolve(judge(must().state, payloads))),
    query: (request) => inTurn(() => query(options, must(), request)),
    close: () =>
      inTurn(async () => {
        if (!opened) return;
        const { written, store } = opened;
        opened = undefined;
        await written;
        await store.close();
      }),
  };
}
