/**
 * The flow for comparison through `executeBlock`, in transactions of 20 actions: receipts and ledger
 * included, signatures and commitment not. Rate, allocation, collection, commitment and shares.
 */
import { type Profiler, Session } from 'node:inspector';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { choosePairHasher } from '../../node/pair-hasher.ts';
import type { Block } from '../../runtime/block.ts';
import { executeBlock } from '../../runtime/execute.ts';
import { CARRIED_ROOT_INTERVAL } from '../../runtime/limits.ts';
import { RECEIPT_STATUS } from '../../runtime/receipt.ts';
import { makeCheckpoint } from '../../runtime/state/checkpoint.ts';
import { createCommitment } from '../../runtime/state/commitment.ts';
import type { TableChanges } from '../../runtime/state/table.ts';
import { median, timeMs } from '../report.ts';
import { blocksOf, type Exchange, newExchange } from './exchange.ts';
import type { FlowStep } from './flow.ts';
import type { Report } from './measure.ts';

const WARM_ROUNDS = 2;
const ROUNDS = 5;
const HASH = new Uint8Array(32);
const CASE = 'executeBlock, 20 a transaction';
/** With so much the first bound of the margin decides. */
const DOLLARS = 100_000_000n;

/** Executes the blocks; returns the actions of applied transactions. */
export function executeAll(exchange: Exchange, blocks: readonly Block[]): number {
  let actions = 0;
  for (const block of blocks) {
    const { receipts } = executeBlock(exchange.state, block, HASH);
    for (const { status, results } of receipts) {
      if (status === RECEIPT_STATUS.applied) actions += results.length;
    }
  }
  return actions;
}

/** Milliseconds in which `work` waited for the collector. */
async function collectionMs(work: () => void): Promise<number> {
  let ms = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) ms += duration;
  });
  observer.observe({ entryTypes: ['gc'] });
  work();
  // Entries are handed over in a later turn of the loop.
  await new Promise((resolve) => setTimeout(resolve, 50));
  observer.disconnect();
  return ms;
}

/** Orders a second, by the clock and by the thread's own time, and what they allocate. */
export async function measureBlocks(flow: readonly FlowStep[], report: Report): Promise<void> {
  const rates: number[] = [];
  const cpuRates: number[] = [];
  const bytes: number[] = [];
  const gcShares: number[] = [];
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    const exchange = newExchange(DOLLARS);
    const blocks = blocksOf(exchange, flow);
    let actions = 0;
    let ms = 0;
    let allocated = 0;
    let cpuUs = 0;
    const gcMs = await collectionMs(() => {
      const heap = getHeapStatistics().total_allocated_bytes;
      const cpu = process.threadCpuUsage();
      ms = timeMs(() => {
        actions = executeAll(exchange, blocks);
      });
      const { user, system } = process.threadCpuUsage(cpu);
      cpuUs = user + system;
      allocated = getHeapStatistics().total_allocated_bytes - heap;
    });
    if (round < WARM_ROUNDS) continue;
    rates.push((1_000 * actions) / ms);
    cpuRates.push((1_000_000 * actions) / cpuUs);
    bytes.push(allocated / actions);
    gcShares.push(gcMs / ms);
  }
  report(CASE, 'execute_orders_per_s', median(rates), 'orders/s');
  report(CASE, 'execute_orders_per_cpu_s', median(cpuRates), 'orders/s');
  report(CASE, 'bytes_per_order', median(bytes), 'bytes');
  report(CASE, 'gc_share', median(gcShares), 'of 1');
}

/**
 * What a checkpoint every 8 blocks costs for each row that it writes or deletes: encoded, hashed,
 * committed. Rows born and gone since the one before are in the time, not in the number. Rounds
 * before the last only warm the code, which a node's first minute does. What the disk asks for, an
 * object for each row, is a figure of its own.
 */
export function measureCommitment(flow: readonly FlowStep[], report: Report): void {
  let costs: CheckpointCosts = { commitUs: [], objectsUs: [], cpuUs: 0 };
  for (let round = 0; round <= WARM_ROUNDS; round++) costs = checkpointCosts(flow);
  const name = 'checkpoint every 8 blocks';
  report(name, 'commitment_us_per_row', median(costs.commitUs), 'us');
  report(name, 'commitment_cpu_us_per_row', costs.cpuUs, 'us');
  report(name, 'row_objects_us_per_row', median(costs.objectsUs), 'us');
}

/** Microseconds a row by the clock, of each checkpoint; and of all by the thread's own time. */
type CheckpointCosts = {
  readonly commitUs: number[];
  readonly objectsUs: number[];
  cpuUs: number;
};

function checkpointCosts(flow: readonly FlowStep[]): CheckpointCosts {
  const exchange = newExchange(DOLLARS);
  const { stores } = exchange.state;
  const commitment = createCommitment(choosePairHasher().hashPairs);
  makeCheckpoint(stores, commitment);
  const blocks = blocksOf(exchange, flow);
  const costs: CheckpointCosts = { commitUs: [], objectsUs: [], cpuUs: 0 };
  let allRows = 0;
  for (let from = 0; from < blocks.length; from += CARRIED_ROOT_INTERVAL) {
    executeAll(exchange, blocks.slice(from, from + CARRIED_ROOT_INTERVAL));
    let changes: readonly TableChanges[] = [];
    let rows = 0;
    const cpu = process.threadCpuUsage();
    const commitMs = timeMs(() => {
      ({ changes } = makeCheckpoint(stores, commitment));
    });
    const { user, system } = process.threadCpuUsage(cpu);
    costs.cpuUs += user + system;
    const objectsMs = timeMs(() => {
      for (const change of changes) rows += change.rows.length;
    });
    costs.commitUs.push((1_000 * commitMs) / rows);
    costs.objectsUs.push((1_000 * objectsMs) / rows);
    allRows += rows;
  }
  costs.cpuUs /= allRows;
  return costs;
}

/** Part of the program that a profile's frame is of. */
function partOf({ functionName, url }: { functionName: string; url: string }): string {
  if (functionName === '(garbage collector)') return 'collection';
  if (url.startsWith('wasm:') || url.includes('as-sha256')) return 'hashing';
  const own = /\/runtime\/([^/]+)/.exec(url)?.[1];
  if (own !== undefined) {
    return own.endsWith('.ts') ? own.slice(0, -'.ts'.length) : own;
  }
  return url === '' ? 'native' : 'elsewhere';
}

/** Runs `work` under the profiler. */
function profiled(work: () => void): Profiler.Profile {
  const session = new Session();
  session.connect();
  let profile: Profiler.Profile | undefined;
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 200 });
  session.post('Profiler.start');
  work();
  session.post('Profiler.stop', (error, result) => {
    if (error === null) profile = result.profile;
  });
  session.disconnect();
  if (profile === undefined) throw new Error('no profile');
  return profile;
}

/** Where the time of `executeBlock` goes, by folder of the project: shares of 1, self time. */
export function measureShares(flow: readonly FlowStep[], report: Report): void {
  const exchange = newExchange(DOLLARS);
  const blocks = blocksOf(exchange, flow);
  const { nodes, samples = [], timeDeltas = [] } = profiled(() => executeAll(exchange, blocks));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, number>();
  let total = 0;
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id);
    const us = timeDeltas[i] ?? 0;
    // The profiler's own start is none of the work.
    if (frame === undefined || frame.url === 'node:inspector') continue;
    const part = partOf(frame);
    total += us;
    parts.set(part, (parts.get(part) ?? 0) + us);
  }
  for (const [part, us] of [...parts].toSorted((a, b) => b[1] - a[1])) {
    if (us / total >= 0.01) report(`executeBlock, ${part}`, 'time_share', us / total, 'of 1');
  }
}
