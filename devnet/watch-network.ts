/**
 * Watches a running network through its nodes' public interfaces and keeps the newest status.
 */
import type { BlockData } from '../node/rpc/schemas/chain.ts';
import type { TradeInfo } from '../node/rpc/schemas/market.ts';
import type { Client } from '../wallet/client/client.ts';
import type { NetworkStatus } from './live-status.ts';
import { UNDERLYING_NAMES } from './prices/price-source.ts';

const POLL_MS = 1_000;
/** Settlements and expiries change on the scale of seconds. */
const SLOW_POLL_MS = 5_000;
const KEPT_TRADES = 10;
const KEPT_SETTLEMENTS = 4;
/** Window of the rates and of the median finality. */
const WINDOW_MS = 10_000;
/** Blocks whose orders are counted, a second at most: more are estimated from these. */
const COUNTED_BLOCKS_PER_SECOND = 5;

type Sample = {
  readonly atMs: number;
  readonly finalityMs: number;
  readonly transactions: number;
  orders: number | undefined;
};

export type NetworkWatch = {
  /** The status now. */
  status(): NetworkStatus;
  /** Trades seen since the watch began. */
  trades(): number;
  close(): void;
};

export type WatchOptions = {
  /** One of each validator; the first one's events are followed. */
  readonly clients: readonly [Client, ...Client[]];
};

function describeTrade(trade: TradeInfo): string {
  return `${trade.direction} ${trade.amount} ${trade.instrument_name} at ${trade.price}`;
}

function middle(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Orders placed in the block, by its receipts; undefined when the node no longer has them. */
async function countOrders(client: Client, height: number): Promise<number | undefined> {
  const { body } = await client.call('get_block', { height });
  let orders = 0;
  for (const { receipt } of body) {
    if (receipt === null) return undefined;
    orders += receipt.results.filter(({ type }) => type === 'order').length;
  }
  return orders;
}

/** Begins to watch; what does not answer shows as missing in the status and is tried again. */
export function watchNetwork({ clients }: WatchOptions): NetworkWatch {
  const [first] = clients;
  const samples: Sample[] = [];
  const lastTrades: { atMs: number; text: string }[] = [];
  const peers: (number | undefined)[] = clients.map(() => undefined);
  const index: Record<string, number | null> = {};
  let height = 0;
  let epoch = 0;
  let trades = 0;
  let counted = 0;
  let nextExpiryMs: number | undefined;
  let lastSettlements: string[] = [];
  let isClosed = false;
  const tradeTimes: number[] = [];

  const onBlock = (block: BlockData): void => {
    height = Math.max(height, block.height);
    epoch = block.epoch;
    const now = Date.now();
    const sample: Sample = {
      atMs: now,
      finalityMs: Math.max(0, block.received_at - block.timestamp),
      transactions: block.transactions,
      orders: block.transactions === 0 ? 0 : undefined,
    };
    samples.push(sample);
    while ((samples[0]?.atMs ?? now) < now - WINDOW_MS) samples.shift();
    if (block.transactions === 0 || counted >= COUNTED_BLOCKS_PER_SECOND) return;
    counted++;
    countOrders(first, block.height)
      .then((orders) => {
        sample.orders = orders;
      })
      // The next block is counted instead.
      .catch(() => undefined);
  };

  const onTrades = (seen: readonly TradeInfo[]): void => {
    for (const trade of seen) {
      trades++;
      tradeTimes.push(Date.now());
      lastTrades.unshift({ atMs: trade.timestamp, text: describeTrade(trade) });
    }
    lastTrades.length = Math.min(lastTrades.length, KEPT_TRADES);
    while ((tradeTimes[0] ?? 0) < Date.now() - WINDOW_MS && tradeTimes.length > 0) {
      tradeTimes.shift();
    }
  };

  const pollPeers = async (): Promise<void> => {
    counted = 0;
    await Promise.all(
      clients.map(async (client, i) => {
        try {
          peers[i] = (await client.call('get_status', {}, { timeoutMs: POLL_MS })).peers;
        } catch {
          peers[i] = undefined;
        }
      }),
    );
  };

  const pollMarket = async (): Promise<void> => {
    const expirations = await first.call('public/get_expirations', {});
    const ahead = Object.values(expirations)
      .flat()
      .filter((expiry) => expiry > Date.now());
    nextExpiryMs = ahead.length > 0 ? Math.min(...ahead) : undefined;
    const settled: { at: number; text: string }[] = [];
    for (const name of UNDERLYING_NAMES) {
      const price = await first.call('public/get_index_price', { index_name: name });
      index[name] = price.index_price;
      const { data } = await first.call('public/get_delivery_prices', {
        index_name: name,
        count: KEPT_SETTLEMENTS,
      });
      for (const { timestamp, delivery_price: delivered } of data) {
        const time = new Date(timestamp).toISOString().slice(11, 19);
        settled.push({ at: timestamp, text: `${name} ${time} UTC at ${delivered}` });
      }
    }
    lastSettlements = settled
      .toSorted((a, b) => b.at - a.at)
      .slice(0, KEPT_SETTLEMENTS)
      .map(({ text }) => text);
  };

  /** Repeats `work` until the watch is closed; a failure shows as a status that stands still. */
  const repeat = async (work: () => Promise<void>, everyMs: number): Promise<void> => {
    while (!isClosed) {
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, everyMs).unref());
    }
  };

  const subscribe = async (): Promise<void> => {
    while (!isClosed) {
      try {
        await first.subscribe('blocks', ({ data }) => onBlock(data));
        await first.subscribe('trades.all', ({ data }) => onTrades(data));
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
      }
    }
  };

  void subscribe();
  void repeat(pollPeers, POLL_MS);
  void repeat(pollMarket, SLOW_POLL_MS);

  return {
    status: () => {
      const now = Date.now();
      const recent = samples.filter(({ atMs }) => atMs >= now - WINDOW_MS);
      const known = recent.filter(({ orders }) => orders !== undefined);
      const inKnown = known.reduce((sum, { transactions }) => sum + transactions, 0);
      const inAll = recent.reduce((sum, { transactions }) => sum + transactions, 0);
      const orders = known.reduce((sum, sample) => sum + (sample.orders ?? 0), 0);
      const perTransaction = inKnown > 0 ? orders / inKnown : 0;
      return {
        height,
        epoch,
        finalityMs: middle(recent.map(({ finalityMs }) => finalityMs)),
        ordersPerSecond: (perTransaction * inAll * 1_000) / WINDOW_MS,
        tradesPerSecond:
          (tradeTimes.filter((at) => at >= now - WINDOW_MS).length * 1_000) / WINDOW_MS,
        peers: [...peers],
        index: { ...index },
        lastTrades: lastTrades.map(({ text }) => text),
        nextExpiryMs,
        lastSettlements,
        atMs: now,
      };
    },
    trades: () => trades,
    close: () => {
      isClosed = true;
    },
  };
}
