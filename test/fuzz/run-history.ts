/**
 * A history block by block, with everything that is judged on the way:
 *
 *     after each block    nothing thrown, the invariants, twin and node agree
 *     every 8th           rows decode to themselves, indexes and root equal those of a node that
 *                         loads them, no row changed without notice, refused actions change nothing
 *     every 16th          a twin starts from the rows and goes on with the same blocks
 */

import { applyAction } from '../../runtime/apply-action.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import { validatorIndex } from '../../runtime/core/units.ts';
import { type Event, EventsCodec } from '../../runtime/event.ts';
import { auditState } from '../../runtime/state/audit.ts';
import { makeCheckpoint } from '../../runtime/state/checkpoint.ts';
import { latestCheckpoint } from '../../runtime/state/commitment.ts';
import { metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import { createPrng } from '../sim/prng.ts';
import { derivedImages, imageDifferences } from './derived-image.ts';
import { drawAction } from './draw-action.ts';
import { snapshotBooks } from './event-books.ts';
import { type Memory, problemsAfter } from './invariants.ts';
import {
  type Executed,
  executeRecorded,
  newWorld,
  type RecordedBlock,
  restarted,
  type World,
} from './world.ts';

export type History = {
  readonly world: World;
  readonly memory: Memory;
  /** A node that loaded the rows of a block before; `undefined`: none runs beside. */
  twin: World | undefined;
  /** Blocks so far. */
  blocks: number;
};

/** What of a block broke, and what it did where it did not throw. */
export type Step = {
  readonly problems: readonly string[];
  readonly executed: Executed | undefined;
};

const DEEP_EVERY = 8;
const TWIN_EVERY = 16;
const PROBES = 40;

export function newHistory(seed: number): History {
  const world = newWorld(seed);
  const memory: Memory = {
    books: snapshotBooks(world.chain.state),
    limitsSetIn: new Map(),
    reduceOnly: new Set(),
  };
  return { world, memory, twin: undefined, blocks: 0 };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Every row as it is written: tables in order, rows by key. */
function rowsText(state: State): string {
  return state.stores
    .flatMap((store) =>
      [...store.encodedRows()].map(([key, row]) => `${store.name} ${toHex(key)} ${toHex(row)}`),
    )
    .join('\n');
}

/** Names of the tables in which two states differ. */
function tableDifferences(a: State, b: State): string[] {
  return a.stores
    .filter((store, i) => {
      const image = (rows: typeof store | undefined): string =>
        [...(rows?.encodedRows() ?? [])].map(([key, row]) => `${toHex(key)} ${toHex(row)}`).join();
      return image(store) !== image(b.stores[i]);
    })
    .map(({ name }) => name);
}

/** A checkpoint of a world, and its root. */
function commit({ chain, commitment }: World): Uint8Array {
  return makeCheckpoint(chain.state.stores, commitment).stateRoot;
}

/** The same block on the twin: the same receipts, events and root. */
function twinProblems(
  twin: World,
  world: World,
  block: RecordedBlock,
  executed: Executed,
): string[] {
  const other = executeRecorded(twin, block);
  const problems: string[] = [];
  if (!equalBytes(other.receiptsBytes, executed.receiptsBytes)) {
    problems.push('a node that restarted gives other receipts');
  }
  const bytes = (events: readonly Event[]): Uint8Array => EventsCodec.encode([...events]);
  if (!equalBytes(bytes(other.events), bytes(executed.events))) {
    problems.push('a node that restarted emits other events');
  }
  const own = latestCheckpoint(world.commitment)?.stateRoot;
  if (own === undefined || !equalBytes(commit(twin), own)) {
    const tables = tableDifferences(world.chain.state, twin.chain.state);
    problems.push(`a node that restarted has another root: ${tables.join(', ')}`);
  }
  return problems;
}

/** What a node that loads the rows has otherwise than the one that made them. */
function reloadProblems({ chain, commitment }: World, loaded: World): string[] {
  const problems = auditState(chain.state.stores, commitment).map(
    (name) => `a row of ${name} was changed without notice`,
  );
  const root = latestCheckpoint(commitment)?.stateRoot;
  const loadedRoot = latestCheckpoint(loaded.commitment)?.stateRoot;
  if (root === undefined || loadedRoot === undefined || !equalBytes(root, loadedRoot)) {
    problems.push('the rows have another root when loaded');
  }
  const tables = tableDifferences(chain.state, loaded.chain.state);
  if (tables.length > 0) problems.push(`rows do not decode to themselves: ${tables.join(', ')}`);
  const images = derivedImages(chain.state);
  problems.push(...imageDifferences(images, derivedImages(loaded.chain.state)));
  return problems;
}

/** A context as an action of the block after would have it, at the time of the last. */
function probeContext({ chain }: World): BlockContext | undefined {
  const header = chain.blocks.at(-1)?.block.header;
  const config = header && chain.state.epochConfigs.get(header.epoch);
  if (config === undefined) return undefined;
  const { height, timestamp } = metaOf(chain.state);
  const parameters = parametersOf(chain.state);
  return {
    height,
    timestamp,
    proposer: validatorIndex(0),
    config,
    parameters,
    events: [],
    multilegWork: { spent: 0 },
  };
}

/** Tries actions on a copy: what is refused has changed no row and told of no event. */
function refusalProblems(copy: World, blocks: number): string[] {
  const { state } = copy.chain;
  const context = probeContext(copy);
  if (context === undefined) return [];
  const prng = createPrng(copy.seed, `probe ${blocks}`);
  const problems: string[] = [];
  const dirty = (): number => state.stores.reduce((sum, store) => sum + store.dirtyCount, 0);
  for (let i = 0; i < PROBES; i++) {
    const person = prng.pick(copy.people);
    const action = drawAction(prng, copy, person, context.timestamp);
    const isDeep = i % 10 === 0;
    const before = isDeep ? { rows: rowsText(state), images: derivedImages(state) } : undefined;
    for (const store of state.stores) store.takeChanges();
    const events = context.events.length;
    const result = applyAction(state, context, person.account, action);
    if (result.ok) continue;
    const name = `refused (${result.error.code}) action ${action.selector}`;
    if (dirty() > 0) problems.push(`${name} touched rows`);
    if (context.events.length !== events) problems.push(`${name} told of events`);
    if (before === undefined) continue;
    if (rowsText(state) !== before.rows) problems.push(`${name} changed rows`);
    for (const difference of imageDifferences(derivedImages(state), before.images)) {
      problems.push(`${name} changed an index: ${difference}`);
    }
  }
  return problems;
}

function judged(history: History, block: RecordedBlock, executed: Executed): string[] {
  const { world, memory, blocks } = history;
  const { state } = world.chain;
  const problems = problemsAfter(state, memory, block, executed);
  commit(world);
  if (history.twin !== undefined) {
    problems.push(...twinProblems(history.twin, world, block, executed));
  }
  if (blocks % DEEP_EVERY === 0) {
    const loaded = restarted(world);
    problems.push(...reloadProblems(world, loaded));
    if (problems.length === 0) problems.push(...refusalProblems(loaded, blocks));
  }
  if (blocks % TWIN_EVERY === 0) {
    history.twin = history.twin === undefined ? restarted(world) : undefined;
  }
  return problems;
}

/** Executes the next block of a history and judges it. Never throws. */
export function takeBlock(history: History, block: RecordedBlock): Step {
  history.blocks += 1;
  let executed: Executed | undefined;
  try {
    executed = executeRecorded(history.world, block);
    return { problems: judged(history, block, executed), executed };
  } catch (error) {
    return { problems: [`thrown: ${textOf(error)}`], executed };
  }
}
