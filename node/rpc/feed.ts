/**
 * The stream of final blocks in the RPC thread: keeps the market mirror, answers those who wait for
 * a transaction, and hands each block's changes to the subscriptions.
 *
 * Nothing runs until someone asks: blocks are watched from the first call of `watch`, the mirror is
 * built at the first call of `market`. Bounds: `backlogBlocks` blocks with `backlogChanges` changes
 * (or one block), `maxWaiters` waiters; blocks that arrive while the snapshot is read are held and then applied.
 */
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import { ReceiptCodec } from '../../runtime/receipt.ts';
import type { BlockNotice } from '../api.ts';
import { ANSWER, QUESTION } from '../query/format.ts';
import { receiptSlices } from '../ssz-slices.ts';
import type { Ask } from './ask.ts';
import type { RpcBackend } from './backend.ts';
import type { RpcConfig } from './config.ts';
import { failure } from './errors.ts';
import type { MarketChanges } from './mirror/apply-block.ts';
import type { MarketMirror } from './mirror/market.ts';
import { type StartedMirror, startMirror } from './mirror/start-mirror.ts';
import { blockData } from './present-block.ts';
import { receiptInfo } from './present-receipt.ts';
import type { BlockData } from './schemas/chain.ts';
import type { TransactionInfo } from './schemas/transaction.ts';
import { countFade, type FadeTally, fadeTally } from './statistics/fade.ts';
import { fadeBlock } from './statistics/fade-block.ts';

/** One block as subscriptions see it; `market` is missing before the mirror is built. */
export type FeedBlock = {
  readonly height: number;
  readonly block: BlockData;
  readonly market: MarketChanges | undefined;
};

export type FinalWait = {
  /** Resolves when it is final, or with `undefined` after the time or when the feed closes. */
  readonly done: Promise<TransactionInfo | undefined>;
  readonly cancel: () => void;
};

export interface Feed {
  /** Starts watching blocks, if that has not happened. */
  watch(): void;
  /** The mirror, up to date with the last block seen; built at the first call. */
  market(): Promise<MarketMirror>;
  /** The mirror if it is built. */
  builtMarket(): MarketMirror | undefined;
  /** The mirror and the count of fade, which begins at the first call. */
  fade(): Promise<{ readonly mirror: MarketMirror; readonly tally: FadeTally }>;
  /** Re-reads open interests if trades happened since, at most once a second. */
  refreshOpenInterest(): Promise<void>;
  /** Waits for a transaction (hex id). Register before it is submitted. */
  waitFinal(transactionId: string, timeoutMs: number): FinalWait;
  /** Blocks above `height`, oldest first; `undefined` when not all of them are remembered. */
  since(height: number, need: 'blocks' | 'market'): readonly FeedBlock[] | undefined;
  onBlock(listener: (block: FeedBlock) => void): () => void;
  close(): void;
}

const REFRESH_MS = 1_000;

/** Orders, trades and movements that are remembered with a block. */
function changesOf({ market }: FeedBlock): number {
  return market === undefined ? 0 : market.orders.size + market.trades.length + market.cash.length;
}

export function createFeed(
  backend: RpcBackend,
  ask: Ask,
  config: RpcConfig,
  onProblem: (problem: Error) => void,
): Feed {
  const waiters = new Map<string, Set<(info: TransactionInfo | undefined) => void>>();
  const listeners = new Set<(block: FeedBlock) => void>();
  const backlog: FeedBlock[] = [];
  let backlogChanges = 0;
  /** Blocks that arrived while the snapshot was read. */
  let held: BlockNotice[] | undefined;
  let stopWatching: (() => void) | undefined;
  let started: StartedMirror | undefined;
  let starting: Promise<MarketMirror> | undefined;
  let tally: FadeTally | undefined;
  let waiterCount = 0;
  let refreshedAt = 0;
  let isClosed = false;

  const settleWaiters = (notice: BlockNotice): void => {
    if (waiters.size === 0) return;
    for (const slice of receiptSlices(notice.receipts)) {
      const id = toHex(slice.id);
      const found = waiters.get(id);
      if (found === undefined) continue;
      const receipt = ReceiptCodec.decode(slice.bytes);
      assert(receipt.ok, 'the executor gives receipts in the format of this release');
      const info: TransactionInfo = {
        transaction_id: id,
        status: 'final',
        height: notice.height,
        receipt: receiptInfo(receipt.value),
      };
      for (const settle of [...found]) settle(info);
    }
  };

  const process = (notice: BlockNotice): void => {
    if (tally !== undefined && started !== undefined && notice.height > started.mirror.height) {
      countFade(tally, started.mirror, fadeBlock(notice));
    }
    const market = started?.apply(notice);
    const entry: FeedBlock = { height: notice.height, block: blockData(notice), market };
    backlog.push(entry);
    backlogChanges += changesOf(entry);
    while (
      backlog.length > config.backlogBlocks ||
      (backlogChanges > config.backlogChanges && backlog.length > 1)
    ) {
      const oldest = backlog.shift();
      if (oldest !== undefined) backlogChanges -= changesOf(oldest);
    }
    for (const listener of listeners) listener(entry);
  };

  const onNotice = (notice: BlockNotice): void => {
    try {
      settleWaiters(notice);
      if (held !== undefined) held.push(notice);
      else process(notice);
    } catch (cause) {
      // A mirror that missed a block would be wrong from then on: build it anew when next asked.
      started = undefined;
      starting = undefined;
      // Blocks until then go uncounted.
      if (tally !== undefined) tally = fadeTally();
      backlog.length = 0;
      backlogChanges = 0;
      onProblem(cause instanceof Error ? cause : new Error(String(cause)));
    }
  };

  const build = async (): Promise<MarketMirror> => {
    held = [];
    try {
      started = await startMirror(ask, config);
    } finally {
      const waiting = held;
      held = undefined;
      for (const notice of waiting) process(notice);
    }
    return started.mirror;
  };

  const feed: Feed = {
    watch() {
      if (!isClosed) stopWatching ??= backend.onBlock(onNotice);
    },
    market() {
      feed.watch();
      starting ??= build().catch((cause: unknown) => {
        starting = undefined;
        throw cause;
      });
      return starting;
    },
    builtMarket: () => started?.mirror,
    async fade() {
      const mirror = await feed.market();
      tally ??= fadeTally();
      return { mirror, tally };
    },
    async refreshOpenInterest() {
      const mirror = await feed.market();
      if (!mirror.isOpenInterestStale || Date.now() - refreshedAt < REFRESH_MS) return;
      refreshedAt = Date.now();
      mirror.isOpenInterestStale = false;
      const answer = await ask({ selector: QUESTION.market, value: { unused: 0 } });
      for (const { id, openInterest } of answer.instruments) {
        const known = mirror.instruments.get(id);
        if (known !== undefined) known.row.openInterest = openInterest;
      }
    },
    waitFinal(transactionId, timeoutMs) {
      if (waiterCount >= config.maxWaiters) {
        throw failure('too_many_requests', {
          field: 'wait',
          given: waiterCount,
          allowed: `${config.maxWaiters} transactions waited for`,
        });
      }
      feed.watch();
      waiterCount++;
      const same = waiters.get(transactionId) ?? new Set();
      waiters.set(transactionId, same);
      let settle: (info: TransactionInfo | undefined) => void = () => {};
      const done = new Promise<TransactionInfo | undefined>((resolve) => {
        const timer = setTimeout(() => settle(undefined), timeoutMs);
        settle = (info) => {
          if (!same.delete(settle)) return;
          clearTimeout(timer);
          waiterCount--;
          if (same.size === 0 && waiters.get(transactionId) === same) waiters.delete(transactionId);
          resolve(info);
        };
        same.add(settle);
      });
      return { done, cancel: () => settle(undefined) };
    },
    since(height, need) {
      const oldest = backlog.find((entry) => need === 'blocks' || entry.market !== undefined);
      const newest = backlog.at(-1);
      if (oldest === undefined || newest === undefined) return undefined;
      if (oldest.height > height + 1 || height > newest.height) return undefined;
      return backlog.filter((entry) => entry.height > height);
    },
    onBlock(listener) {
      feed.watch();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      stopWatching?.();
      listeners.clear();
      for (const same of [...waiters.values()]) for (const settle of [...same]) settle(undefined);
    },
  };
  return feed;
}

/** The account number of an address: from the mirror's memory, else asked; `undefined` if none. */
export async function accountIdOf(
  ask: Ask,
  mirror: MarketMirror | undefined,
  addressHex: string,
): Promise<number | undefined> {
  const known = mirror?.accountByAddress.get(addressHex);
  if (known !== undefined) return known;
  const raw = fromHex(addressHex) ?? new Uint8Array(20);
  const answer = await ask({ selector: ANSWER.account, value: { address: raw } });
  return answer.account[0]?.id;
}
