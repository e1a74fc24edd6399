import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runMaker } from '../../devnet/bots/maker.ts';
import type { MarketView, Series } from '../../devnet/bots/market-view.ts';
import type { Trader } from '../../devnet/bots/trader.ts';
import { createEventLog } from '../../feeder/event-log.ts';
import type { OrderInfo, PositionInfo } from '../../node/rpc/schemas/account.ts';
import type { InstrumentInfo, Ticker } from '../../node/rpc/schemas/market.ts';
import type { ActionResultInfo } from '../../node/rpc/schemas/transaction.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import type { Client } from '../../wallet/client/client.ts';

const NAME = 'BTC-21NOV26-0830-64000-C';
const ID = 7;

/** One series, and an exchange that accepts everything. */
function createWorld() {
  const ticker = {
    mark_price: 50,
    mark_iv: 60,
    greeks: { delta: 0.5, gamma: null, vega: null, theta: null },
    index_price: 64_000,
  } as Ticker;
  const series: Series = {
    instrument: {
      instrument_name: NAME,
      instrument_id: ID,
      base_currency: 'BTC',
      tick_size: 1,
      lots_per_coin: 100,
    } as InstrumentInfo,
    ticker,
  };
  type Resting = { orderId: number; ticks: number; lots: number };
  const resting: Partial<Record<'buy' | 'sell', Resting>> = {};
  const world = {
    series,
    resting,
    sent: [] as Action[][],
    held: [] as PositionInfo[],
    free: '900000',
    isDown: false,
    pushOrders: (_: { data: OrderInfo[] }): void => {},
  };
  let nextOrderId = 1;
  const push = (direction: 'buy' | 'sell', order: Resting, order_state: string): void =>
    world.pushOrders({
      data: [
        {
          instrument_name: NAME,
          direction,
          order_state,
          order_id: order.orderId,
          price_ticks: order.ticks,
          remaining_lots: order.lots,
        } as OrderInfo,
      ],
    });
  /** Replaces a side as a mass quote does, and tells the owner. */
  const replace = (direction: 'buy' | 'sell', ticks: number, lots: number): void => {
    const before = resting[direction];
    delete resting[direction];
    if (lots > 0) {
      const order = { orderId: nextOrderId++, ticks, lots };
      resting[direction] = order;
      push(direction, order, 'open');
    }
    if (before !== undefined) push(direction, before, 'cancelled');
  };
  const apply = (action: Action): ActionResultInfo => {
    switch (action.selector) {
      case ACTION.massQuote:
        for (const { bidPrice, bidSize, askPrice, askSize } of action.value.quotes) {
          replace('buy', bidPrice, bidSize);
          replace('sell', askPrice, askSize);
        }
        return { type: 'mass_quoted', placed: 2, kept: 0, withdrawn: 0, refused: [] };
      case ACTION.cancelOrders:
        delete resting.buy;
        delete resting.sell;
        return { type: 'cancelled', cancelled: 0 };
      case ACTION.cancelAfter:
        return { type: 'switch_armed', fires_at: 1 };
      default:
        return { type: 'rule_set', frozen_until: 0 };
    }
  };
  const trader: Trader = {
    address: 'aa'.repeat(20),
    send: async (actions) => {
      if (world.isDown) throw new Error('no node answers');
      world.sent.push([...actions]);
      return { outcome: 'applied', results: actions.map(apply) };
    },
  };
  const client = {
    call: async (method: string) => {
      if (method === 'private/get_positions') return world.held;
      if (method === 'public/get_currencies') {
        return [{ currency: 'BTC', underlying_id: 1, lots_per_coin: 100 }];
      }
      return { equity: '1000000', margin: { initial_margin_balance: world.free } };
    },
    subscribe: async (_: string, listener: typeof world.pushOrders) => {
      world.pushOrders = listener;
    },
  } as unknown as Client;
  const market: MarketView = { series: () => [series], close: () => {} };
  const log = createEventLog('maker', () => {});
  const maker = runMaker({ name: 'maker', client, market, trader, seed: 1, log });
  return { world, maker };
}

const START = [ACTION.cancelOrders, ACTION.setProtection];
const selectorsOf = (actions: readonly Action[] | undefined) =>
  actions?.map(({ selector }) => selector);

describe('market maker', () => {
  let { world, maker } = { world: undefined, maker: undefined } as unknown as ReturnType<
    typeof createWorld
  >;
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    ({ world, maker } = createWorld());
  });
  afterEach(async () => {
    const stopped = maker.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    await stopped;
    vi.useRealTimers();
  });

  test('begins by cancelling what an earlier run left, under protection, then quotes', async () => {
    await vi.advanceTimersByTimeAsync(10);
    expect(selectorsOf(world.sent[0])).toEqual(START);
    // The dead-man switch is armed with the first quotes.
    expect(selectorsOf(world.sent[1])).toEqual([ACTION.cancelAfter, ACTION.massQuote]);
    expect(world.resting).toMatchObject({ buy: { ticks: 47 }, sell: { ticks: 53 } });
  });

  test('leaves its quotes while the mark is near, moves both at once when not', async () => {
    await vi.advanceTimersByTimeAsync(1_100);
    expect(world.sent).toHaveLength(2);
    world.series.ticker = { ...world.series.ticker, mark_price: 60 } as Ticker;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(selectorsOf(world.sent[2])).toEqual([ACTION.massQuote]);
    expect(world.resting.buy?.ticks).toBeGreaterThan(53);
    // Heard of the new quotes before the end of the old ones, it does not quote again.
    await vi.advanceTimersByTimeAsync(1_000);
    expect(world.sent).toHaveLength(3);
  });

  test('renews the dead-man switch while there is nothing to quote', async () => {
    await vi.advanceTimersByTimeAsync(9_000);
    const renewals = world.sent.slice(2).map(selectorsOf);
    expect(renewals.length).toBeGreaterThanOrEqual(2);
    expect(new Set(renewals.flat())).toEqual(new Set([ACTION.cancelAfter]));
  });

  test('renews a filled quote', async () => {
    await vi.advanceTimersByTimeAsync(10);
    const { buy } = world.resting;
    const update = { instrument_name: NAME, direction: 'buy', remaining_lots: 0 } as const;
    world.pushOrders({
      data: [{ ...update, order_state: 'filled', order_id: buy?.orderId } as OrderInfo],
    });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(selectorsOf(world.sent[2])).toEqual([ACTION.massQuote]);
  });

  test('with little margin left it only quotes what reduces its position', async () => {
    world.free = '100000';
    world.held = [
      { instrument_name: NAME, size_lots: -20, size: -0.2, delta: -0.1 } as PositionInfo,
    ];
    await vi.advanceTimersByTimeAsync(4_100);
    expect(Object.keys(world.resting)).toEqual(['buy']);
    expect(world.resting.buy?.lots).toBeLessThanOrEqual(20);
  });

  test('after a submission of unknown fate it cancels everything and quotes anew', async () => {
    await vi.advanceTimersByTimeAsync(10);
    world.isDown = true;
    world.series.ticker = { ...world.series.ticker, mark_price: 60 } as Ticker;
    await vi.advanceTimersByTimeAsync(2_000);
    world.isDown = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(selectorsOf(world.sent[2])).toEqual(START);
    expect(Object.keys(world.resting).sort()).toEqual(['buy', 'sell']);
  });
});
