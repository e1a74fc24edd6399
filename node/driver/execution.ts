/**
 * Final blocks on their way through the executor, in order; what comes back is stored, compared with
 * what headers carry, and told to listeners.
 *
 * Several blocks are handed over at once, so that the executor never waits for this thread; it
 * executes them one by one. Bodies of a long backlog stay on disk until their turn comes.
 *
 * Invariant: a block is executed after its finality is synced, exactly once in a life of the node.
 */
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import {
  type Epoch,
  epoch,
  type Height,
  height,
  type TimestampMs,
  timestampMs,
} from '../../runtime/core/units.ts';
import type { BlockNotice } from '../api.ts';
import type { ExecutedBlock, Executor } from '../executor/executor.ts';
import { executedTransactions } from '../executor/wire-entries.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock } from '../ports.ts';
import { missingVersions, type ReleaseSettings, upgradeText } from '../release.ts';
import {
  addConfig,
  addRoots,
  type Chain,
  type ChainBlock,
  isLastOfEpoch,
  loadBlock,
} from './chain.ts';

export type Execution = {
  /** Executes whatever is final and not executed. */
  wake(): void;
  /** Final blocks that wait. */
  backlog(): number;
  /** Resolves when at most `limit` blocks wait. */
  below(limit: number): Promise<void>;
  stop(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
};

export type ExecutionOptions = {
  readonly chain: Chain;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** When each final block was seen to be final, by height. */
  readonly finalizedAt: Map<Height, TimestampMs>;
  readonly onExecuted: (notice: BlockNotice, executed: ExecutedBlock, block: ChainBlock) => void;
  readonly onDivergence: (detail: string) => void;
  /** This release cannot execute the blocks that follow; called once, when those before are executed. */
  readonly onUpgradeNeeded: (detail: string) => void;
  readonly release: ReleaseSettings;
  readonly onFailure: (error: unknown) => void;
};

/** Blocks handed over and not answered: enough to keep the executor busy over one crossing. */
const MAX_UNDER_WAY = 4;

export function createExecution(options: ExecutionOptions): Execution {
  const { chain, executor, clock, metrics } = options;
  let handedOver = chain.executed;
  let underWay = 0;
  let isLoading = false;
  let stopped = false;
  let isEnded = false;
  const waiters: (() => void)[] = [];
  const rooms = new Set<{ readonly limit: number; readonly resolve: () => void }>();

  const backlog = (): number => chain.tip.header.height - chain.executed;

  const settle = (): void => {
    for (const waiter of [...rooms]) {
      if (!stopped && backlog() > waiter.limit) continue;
      rooms.delete(waiter);
      waiter.resolve();
    }
    if (underWay > 0 || isLoading) return;
    for (const resolve of waiters.splice(0)) resolve();
  };

  /**
   * Compares the roots that a final block carries with those computed here. Its carried height is at
   * least R below, and fewer blocks are under way, so it was executed before; of what lies below the
   * oldest stored checkpoint nothing is known, and it was compared in an earlier life.
   */
  const compareCarried = ({ header }: ChainBlock): void => {
    const { height: at, stateRoot, receiptsRoot } = header.executed;
    const own = chain.roots.get(at);
    if (!own) return;
    if (equalBytes(own.stateRoot, stateRoot) && equalBytes(own.receiptsRoot, receiptsRoot)) return;
    options.onDivergence(
      `height ${at}: own state root ${toHex(own.stateRoot)}, receipts ${toHex(own.receiptsRoot)}; ` +
        `block ${header.height} carries ${toHex(stateRoot)}, ${toHex(receiptsRoot)}`,
    );
  };

  /** What this release lacks for an epoch, as text. */
  const missingIn = (of: Epoch): string | undefined => {
    const config = chain.configs.get(of);
    const missing = config === undefined ? [] : missingVersions(options.release, config);
    return config === undefined || missing.length === 0 ? undefined : upgradeText(config, missing);
  };

  /** Ends the work before an epoch that this release cannot execute; says so once. */
  const endIfMissing = (of: Epoch): void => {
    const text = missingIn(of);
    if (text === undefined || isEnded) return;
    isEnded = true;
    options.onUpgradeNeeded(text);
  };

  const take = async (block: ChainBlock, executed: ExecutedBlock): Promise<void> => {
    const { header, hash } = block;
    assert(executed.height === header.height, 'the executor answers for the block it was given');
    const bytes = block.bytes;
    assert(bytes !== undefined, 'a block keeps its bytes until it is executed');
    const { receipts, events } = executed;
    const transactions = executedTransactions(executed.transactions);
    await chain.store.putExecution({ height: header.height, receipts, events, transactions });
    chain.executed = header.height;
    block.bytes = undefined;
    if (executed.fixedConfig) {
      addConfig(chain, executed.fixedConfig);
      await chain.store.putConfig(executed.fixedConfig);
    }
    if (executed.checkpoint) addRoots(chain, executed.checkpoint);
    metrics.set('executed_height', header.height);
    const finalizedAt = options.finalizedAt.get(header.height) ?? timestampMs(clock.now());
    options.finalizedAt.delete(header.height);
    const notice = { height: header.height, hash, block: bytes, receipts, events, finalizedAt };
    options.onExecuted(notice, executed, block);
    if (isLastOfEpoch(chain, header)) endIfMissing(epoch(header.epoch + 1));
  };

  /** Results are stored in the order of heights. */
  let stored: Promise<void> = Promise.resolve();

  const handOver = (block: ChainBlock): void => {
    assert(block.bytes !== undefined, 'a final block has its bytes');
    compareCarried(block);
    underWay += 1;
    const began = clock.now();
    const result = executor.execute(block.bytes, block.hash);
    result.catch(() => {});
    stored = stored.then(async () => {
      const executed = await result;
      metrics.observe('execution_ms', clock.now() - began);
      await take(block, executed);
      underWay -= 1;
      wake();
      settle();
    });
    stored.catch((error: unknown) => {
      if (stopped) return;
      stopped = true;
      underWay = 0;
      settle();
      options.onFailure(error);
    });
  };

  const load = async (at: Height): Promise<ChainBlock> => {
    const hash = await chain.store.finalHash(at);
    assert(hash !== undefined, `final block ${at} is indexed`);
    const block = await loadBlock(chain, hash);
    assert(block !== undefined, `the body of final block ${at} is stored`);
    if (!block.bytes) {
      block.bytes = await chain.store.body(hash);
      assert(block.bytes !== undefined, `the body of final block ${at} is stored`);
    }
    return block;
  };

  const fill = async (): Promise<void> => {
    while (!stopped && underWay < MAX_UNDER_WAY && handedOver < chain.tip.header.height) {
      const next = height(handedOver + 1);
      const block = await load(next);
      // The config of a block's epoch is known long before: two epochs' ends ago.
      if (stopped || isEnded) return;
      if (missingIn(block.header.epoch) !== undefined) {
        if (chain.executed === handedOver) endIfMissing(block.header.epoch);
        // Else the last block before is under way, and ends it.
        return;
      }
      handedOver = next;
      handOver(block);
    }
  };

  const wake = (): void => {
    if (isLoading || stopped) return;
    if (underWay >= MAX_UNDER_WAY || handedOver >= chain.tip.header.height) return;
    isLoading = true;
    fill().then(
      () => {
        isLoading = false;
        settle();
        wake();
      },
      (error: unknown) => {
        isLoading = false;
        stopped = true;
        settle();
        options.onFailure(error);
      },
    );
  };

  return {
    wake,
    backlog,
    below: (limit) =>
      stopped || backlog() <= limit
        ? Promise.resolve()
        : new Promise((resolve) => rooms.add({ limit, resolve })),
    stop() {
      stopped = true;
      settle();
    },
    idle: () =>
      underWay === 0 && !isLoading
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push(resolve)),
  };
}
