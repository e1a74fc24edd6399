import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOrderIdOf, runMaker } from '../../devnet/bots/maker.ts';
import type { MarketView, Series } from '../../devnet/bots/market-view.ts';
import type { Trader } from '../../devnet/bots/trader.ts';
import { createEventLog } from '../../devnet/event-log.ts';
import type { OrderInfo, PositionInfo } from '../../node/rpc/schemas/account.ts';
import type { InstrumentInfo, Ticker } from '../../node/rpc/schemas/market.ts';
import type { ActionResultInfo } from '../../node/rpc/schemas/transaction.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
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
  const resting = new Map<number, { orderId: number; price: number; size: number }>();
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
  const apply = (action: Action): ActionResultInfo => {
    switch (action.selector) {
      case ACTION.placeOrder: {
        const { clientOrderId, price, size } = action.value;
        const orderId = nextOrderId++;
        resting.set(clientOrderId, { orderId, price, size });
        return {
          type: 'order',
          order_id: orderId,
          filled_lots: 0,
          resting_lots: size,
          cash: '0',
          fee: '0',
        };
      }
      case ACTION.cancelByClientId:
        return { type: 'cancelled', cancelled: Number(resting.delete(action.value.clientOrderId)) };
      default:
        resting.clear();
        return { type: 'cancelled', cancelled: 0 };
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
    call: async (method: string) =>
      method === 'private/get_positions'
        ? world.held
        : { equity: '1000000', margin: { initial_margin_balance: world.free } },
    subscribe: async (_: string, listener: typeof world.pushOrders) => {
      world.pushOrders = listener;
    },
  } as unknown as Client;
  const market: MarketView = { series: () => [series], close: () => {} };
  const log = createEventLog('maker', () => {});
  const maker = runMaker({ name: 'maker', client, market, trader, seed: 1, log });
  return { world, maker };
}

const BID = clientOrderIdOf(ID, 'buy');
const ASK = clientOrderIdOf(ID, 'sell');

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

  test('begins by cancelling what an earlier run left, then rests a bid and an ask', async () => {
    await vi.advanceTimersByTimeAsync(10);
    expect(world.sent[0]?.map(({ selector }) => selector)).toEqual([ACTION.cancelOrders]);
    const orders = world.sent[1]?.map((action) =>
      action.selector === ACTION.placeOrder
        ? [action.value.side, action.value.price, action.value.postOnly]
        : [],
    );
    expect(orders).toEqual([
      [SIDE.buy, 47, true],
      [SIDE.sell, 53, true],
    ]);
  });

  test('leaves its quotes while the mark is near, moves them in one transaction when not', async () => {
    await vi.advanceTimersByTimeAsync(1_100);
    expect(world.sent).toHaveLength(2);
    world.series.ticker = { ...world.series.ticker, mark_price: 60 } as Ticker;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(world.sent[2]?.map(({ selector }) => selector)).toEqual([
      ACTION.cancelByClientId,
      ACTION.placeOrder,
      ACTION.cancelByClientId,
      ACTION.placeOrder,
    ]);
    expect(world.resting.get(BID)?.price).toBeGreaterThan(53);
    expect(world.resting.size).toBe(2);
  });

  test('renews a filled quote, not one whose earlier version ended', async () => {
    await vi.advanceTimersByTimeAsync(10);
    const bid = world.resting.get(BID);
    const update = { client_order_id: BID, order_state: 'filled', remaining_lots: 0 };
    world.pushOrders({ data: [{ ...update, order_id: 999 } as OrderInfo] });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(world.sent).toHaveLength(2);
    world.pushOrders({ data: [{ ...update, order_id: bid?.orderId } as OrderInfo] });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(world.sent[2]).toHaveLength(1);
  });

  test('with little margin left it only quotes what reduces its position', async () => {
    world.free = '100000';
    world.held = [
      { instrument_name: NAME, size_lots: -20, size: -0.2, delta: -0.1 } as PositionInfo,
    ];
    await vi.advanceTimersByTimeAsync(4_100);
    expect([...world.resting.keys()]).toEqual([BID]);
    expect(world.resting.get(BID)?.size).toBeLessThanOrEqual(20);
  });

  test('after a submission of unknown fate it cancels everything and quotes anew', async () => {
    await vi.advanceTimersByTimeAsync(10);
    world.isDown = true;
    world.series.ticker = { ...world.series.ticker, mark_price: 60 } as Ticker;
    await vi.advanceTimersByTimeAsync(2_000);
    world.isDown = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(world.sent[2]?.map(({ selector }) => selector)).toEqual([ACTION.cancelOrders]);
    expect([...world.resting.keys()].sort()).toEqual([BID, ASK].sort());
  });
});
