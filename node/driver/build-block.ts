/**
 * The leader's work: waits for the pace and for the carried root, fills a block, syncs it.
 *
 * Source: design/chain.md §2 and design/parameters.md, "Pacing". `minBlockIntervalMs` after the
 * parent's timestamp while a transaction other than an oracle vote waits, or lies above the height
 * that this block carries; else `idleBlockMs`. A transaction that arrives during the wait ends it.
 * A leader that has not executed as far as the carried height waits until its view is over.
 */
import type { Effect } from '../../consensus/effect.ts';
import {
  type Block,
  BlockCodec,
  blockHash,
  carriedHeight,
  type Header,
  transactionsRoot,
} from '../../runtime/block.ts';
import { assert } from '../../runtime/core/result.ts';
import { height, timestampMs } from '../../runtime/core/units.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock, TimerHandle } from '../ports.ts';
import {
  ancestors,
  type Chain,
  type ChainBlock,
  carriedNextConfig,
  carriedResult,
  chainBlock,
  isLastOfEpoch,
  loadBlock,
} from './chain.ts';
import type { EngineRunner } from './engine-runner.ts';
import { createLatenessMeter } from './lateness.ts';

type BuildEffect = Extract<Effect, { kind: 'buildBlock' }>;

/**
 * An overloaded leader paces itself: its next block comes this many times its lateness later. A view
 * costs the same for a small block as for a large one, so fewer, larger blocks are what helps; without
 * it views eat the time that transactions need. Never beyond `idleBlockMs`, which timeouts allow for.
 */
const LATENESS_FACTOR = 40;
/** Timers fire this late on an idle machine. */
const USUAL_LATENESS_MS = 2;

export type Builder = {
  build(runner: EngineRunner, effect: BuildEffect): void;
  /** The view is over, or another engine runs: whatever is being built is no longer wanted. */
  cancel(): void;
  /** Something that a build may wait for has changed. */
  wake(): void;
  stop(): void;
};

export type BuilderOptions = {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly onFailure: (error: unknown) => void;
};

type Job = {
  readonly runner: EngineRunner;
  readonly effect: BuildEffect;
  parent: ChainBlock | undefined;
  /** Wire ids in ancestors of the new block that are not final. */
  taken: ReadonlySet<string>;
  timer: TimerHandle | undefined;
  /** The block is being synced. */
  isBuilding: boolean;
};

/** What the new header carries, or undefined while it is not known here. */
function carried(
  chain: Chain,
  job: Job,
  parent: ChainBlock,
): Pick<Header, 'executed' | 'nextConfig'> | undefined {
  const at = height(parent.header.height + 1);
  const result = carriedResult(chain, at);
  const nextConfig = carriedNextConfig(chain, job.runner.epoch, at);
  if (!result || !nextConfig) return undefined;
  const { height: executedHeight, stateRoot, receiptsRoot } = result;
  return { executed: { height: executedHeight, stateRoot, receiptsRoot }, nextConfig };
}

/** Whether transactions lie between the carried height and the new block. */
function hasUncarried(chain: Chain, parent: ChainBlock): boolean {
  const floor = carriedHeight(height(parent.header.height + 1));
  for (const block of ancestors(chain, parent, floor)) if (block.transactions > 0) return true;
  return false;
}

function idsAboveFinal(chain: Chain, parent: ChainBlock): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const block of ancestors(chain, parent, chain.tip.header.height)) {
    for (const id of block.ids) taken.add(id);
  }
  return taken;
}

export function createBuilder(options: BuilderOptions): Builder {
  const { chain, mempool, clock, metrics } = options;
  let current: Job | undefined;

  const lateness = createLatenessMeter(clock);

  const isCurrent = (job: Job): boolean => current === job && !job.runner.stopped;

  /** Syncs the block and hands it to the engine. */
  const finish = async (job: Job, block: ChainBlock, isNew: boolean): Promise<void> => {
    if (isNew) {
      assert(block.bytes !== undefined, 'a new block has its bytes');
      const began = clock.now();
      await chain.store.putBody(block.hash, block.bytes);
      metrics.observe('body_sync_ms', clock.now() - began);
      chain.blocks.set(block.key, block);
      metrics.count('blocks_proposed');
    }
    if (!isCurrent(job)) return;
    current = undefined;
    job.runner.input({
      kind: 'built',
      view: job.effect.view,
      payload: block.hash,
      block: { header: block.header, wireIds: [...block.wireIds] },
      epochLast: isLastOfEpoch(chain, block.header),
    });
  };

  const assemble = (
    job: Job,
    parent: ChainBlock,
    facts: Pick<Header, 'executed' | 'nextConfig'>,
  ): ChainBlock => {
    const { runner, effect, taken } = job;
    const { config, state } = runner;
    const now = clock.now();
    const timestamp = timestampMs(Math.max(now, parent.header.timestamp + 1));
    const { limits } = config;
    const { entries } = mempool.select({
      limits,
      epoch: runner.epoch,
      now: timestamp,
      taken: (key) => taken.has(key),
    });
    const wireIds = entries.map((entry) => entry.wireId);
    const hash = chain.configHashes.get(runner.epoch);
    assert(hash !== undefined && state.self !== undefined, 'a leader is a validator of its epoch');
    const header: Header = {
      height: height(parent.header.height + 1),
      view: effect.view,
      epoch: runner.epoch,
      parent: parent.hash,
      timestamp,
      proposer: state.self,
      transactionsRoot: transactionsRoot(wireIds),
      ...facts,
      config: hash,
    };
    const block: Block = { header, payloads: entries.map(({ bytes }) => bytes) };
    return chainBlock(block, blockHash(header), BlockCodec.encode(block), wireIds);
  };

  const attempt = (job: Job): void => {
    const { parent, effect, runner } = job;
    if (!isCurrent(job) || job.isBuilding || !parent) return;
    job.timer?.cancel();
    job.timer = undefined;
    const facts = carried(chain, job, parent);
    if (!facts) return;
    const { minBlockIntervalMs, idleBlockMs } = runner.config.pacing;
    const isBusy =
      hasUncarried(chain, parent) || mempool.hasTransactions((key) => job.taken.has(key));
    const overloadMs = Math.max(0, lateness.mean() - USUAL_LATENESS_MS);
    const busyMs = minBlockIntervalMs + Math.floor(LATENESS_FACTOR * overloadMs);
    const due = parent.header.timestamp + (isBusy ? Math.min(busyMs, idleBlockMs) : idleBlockMs);
    const now = clock.now();
    if (now < due) {
      job.timer = clock.setTimer(due - now, () => attempt(job));
      return;
    }
    job.isBuilding = true;
    assert(effect.block === 'new', 'only new blocks wait for their pace');
    finish(job, assemble(job, parent, facts), true).catch(options.onFailure);
  };

  const prepare = async (job: Job): Promise<void> => {
    const { effect, runner } = job;
    const wanted = effect.block === 'new' ? effect.parent.payload : effect.block.again;
    const block = await loadBlock(chain, wanted);
    if (!isCurrent(job)) return;
    if (!block) {
      current = undefined;
      runner.input({ kind: 'cannotBuild', view: effect.view });
      return;
    }
    if (effect.block !== 'new') {
      await finish(job, block, false);
      return;
    }
    job.parent = block;
    job.taken = idsAboveFinal(chain, block);
    attempt(job);
  };

  const cancel = (): void => {
    current?.timer?.cancel();
    current = undefined;
  };

  return {
    build(runner, effect) {
      cancel();
      const job: Job = {
        runner,
        effect,
        parent: undefined,
        taken: new Set(),
        timer: undefined,
        isBuilding: false,
      };
      current = job;
      prepare(job).catch(options.onFailure);
    },
    cancel,
    stop() {
      cancel();
      lateness.stop();
    },
    wake() {
      if (current) attempt(current);
    },
  };
}
