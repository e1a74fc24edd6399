import { describe, expect, test } from 'vitest';
import {
  ORDER_TYPE,
  POST_ONLY,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import type { PlaceOrder } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import {
  instrumentId,
  orderId,
  type PortfolioId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { RUNTIME_ERRORS } from '../../runtime/error.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { balanceOf, mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import {
  MAX_FILLS_PER_ORDER,
  MAX_OPEN_ORDERS_PER_ACCOUNT,
  MAX_OPEN_ORDERS_PER_SERIES,
  MAX_ORDER_LIFETIME_MS,
  MAX_ORDER_LOTS,
  MAX_PRICE_TICKS,
} from '../../runtime/limits.ts';
import { changePosition, positionOf } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import { placeTrigger } from '../../runtime/matching/place-trigger.ts';
import { enterBook } from '../../runtime/matching/rest-order.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { fundedPortfolio, MICRO, nextBlock } from '../fixtures/state.ts';
import {
  accountOf,
  advance,
  booksImage,
  codeOf,
  type Market,
  markAt,
  NEAR,
  orderOf,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
  testMarket,
} from './market.ts';
import { orderIn } from './resting.ts';

/** Mark of the near 100,000 call, in ticks of $1, rounded down. */
function markTicks(market: Market, name: string): number {
  const mark = market.state.derived.marks.byInstrument.get(seriesNamed(market, name));
  if (mark === undefined) throw new Error(`no mark of ${name}`);
  return Math.floor(mark.price / MICRO);
}

function usd(market: Market, portfolio: PortfolioId): bigint {
  return balanceOf(market.state, portfolio, DENOMINATION.usd);
}

/** An account with the given dollars, an order that is accepted, and the market. */
function setUp(dollars: bigint = 1_000_000n): {
  market: Market;
  alice: PortfolioId;
  bob: PortfolioId;
  call: ReturnType<typeof seriesNamed>;
  mark: number;
} {
  const market = testMarket();
  const alice = fundedPortfolio(market.state, 0, dollars);
  const bob = fundedPortfolio(market.state, 1, 100_000_000n);
  const call = seriesNamed(market, 'near100000C');
  return { market, alice, bob, call, mark: markTicks(market, 'near100000C') };
}

type Case = {
  readonly code: ReturnType<typeof codeOf>;
  /** Makes the state that the error needs; the order has every later fault that it can have. */
  readonly prepare?: (setting: ReturnType<typeof setUp>) => void;
  readonly order: (setting: ReturnType<typeof setUp>) => Partial<PlaceOrder>;
};

const HUGE = sizeLots(MAX_ORDER_LOTS);

/** In precedence order: each order also has what is refused further down, where that can be. */
const CASES: readonly Case[] = [
  { code: 'unknown_instrument', order: () => ({ instrument: instrumentId(999), side: 7 as 0 }) },
  {
    code: 'instrument_not_open',
    prepare: ({ market, call }) => {
      market.state.instruments.must(call).state = INSTRUMENT_STATE.expired;
    },
    order: () => ({ side: 7 as 0, timeInForce: 9 as 0, price: priceTicks(0) }),
  },
  {
    // Expired, but the step that says so has not come yet.
    code: 'instrument_not_open',
    prepare: (setting) => {
      setting.market.context = nextBlock(
        setting.market.state,
        NEAR - setting.market.context.timestamp,
      );
    },
    order: () => ({ side: 7 as 0 }),
  },
  { code: 'bad_side', order: () => ({ side: 7 as 0, timeInForce: 9 as 0, price: priceTicks(0) }) },
  { code: 'bad_type', order: () => ({ type: 2 as 0, timeInForce: 9 as 0, price: priceTicks(0) }) },
  {
    code: 'bad_time_in_force',
    order: () => ({ timeInForce: 6 as 0, postOnly: 3 as 0, price: priceTicks(0) }),
  },
  {
    code: 'bad_post_only',
    order: () => ({ postOnly: 3 as 0, selfTradePrevention: 4 as 0, price: priceTicks(0) }),
  },
  {
    code: 'bad_self_trade_prevention',
    order: () => ({ selfTradePrevention: 4 as 0, price: priceTicks(0), size: sizeLots(0) }),
  },
  { code: 'bad_price', order: () => ({ price: priceTicks(0), size: sizeLots(0) }) },
  { code: 'bad_price', order: () => ({ price: priceTicks(MAX_PRICE_TICKS + 1) }) },
  {
    code: 'bad_size',
    order: () => ({
      size: sizeLots(0),
      postOnly: POST_ONLY.reject,
      timeInForce: TIME_IN_FORCE.ioc,
    }),
  },
  { code: 'bad_size', order: () => ({ size: sizeLots(MAX_ORDER_LOTS + 1) }) },
  {
    // More than all of it.
    code: 'bad_display_size',
    order: () => ({ displaySize: sizeLots(11), expiresAt: timestampMs(1) }),
  },
  {
    // Less than one of 100 parts.
    code: 'bad_display_size',
    order: () => ({ size: sizeLots(501), displaySize: sizeLots(5) }),
  },
  {
    // It never rests.
    code: 'bad_display_size',
    order: () => ({ displaySize: sizeLots(5), timeInForce: TIME_IN_FORCE.ioc }),
  },
  { code: 'bad_expires_at', order: () => ({ expiresAt: timestampMs(Number.MAX_SAFE_INTEGER) }) },
  {
    code: 'bad_expires_at',
    order: ({ market }) => ({
      timeInForce: TIME_IN_FORCE.gtt,
      expiresAt: market.context.timestamp,
      price: priceTicks(1),
    }),
  },
  {
    code: 'bad_expires_at',
    order: ({ market }) => ({
      timeInForce: TIME_IN_FORCE.gtt,
      expiresAt: timestampMs(market.context.timestamp + MAX_ORDER_LIFETIME_MS + 1),
    }),
  },
  {
    code: 'market_cannot_rest',
    order: () => ({ type: ORDER_TYPE.market, postOnly: POST_ONLY.reject }),
  },
  {
    code: 'post_only_ioc',
    prepare: (setting) => {
      setting.market.context = nextBlock(setting.market.state, 60_000);
    },
    order: () => ({ postOnly: POST_ONLY.reject, timeInForce: TIME_IN_FORCE.ioc }),
  },
  {
    code: 'post_only_ioc',
    order: () => ({ postOnly: POST_ONLY.slide, timeInForce: TIME_IN_FORCE.fok }),
  },
  {
    code: 'no_auction',
    prepare: (setting) => {
      setting.market.context = nextBlock(setting.market.state, 60_000);
    },
    order: () => ({ timeInForce: TIME_IN_FORCE.gfa, price: priceTicks(1) }),
  },
  {
    code: 'no_mark',
    prepare: (setting) => {
      setting.market.context = nextBlock(setting.market.state, 60_000);
    },
    order: () => ({ price: priceTicks(1) }),
  },
  {
    code: 'price_band',
    prepare: ({ market, alice, call, mark }) => {
      place(market, alice, {
        instrument: call,
        side: 'buy',
        price: mark,
        lots: 1,
        clientOrderId: 5,
      });
    },
    order: () => ({ price: priceTicks(1), clientOrderId: 5 }),
  },
  {
    code: 'duplicate_client_id',
    prepare: ({ market, alice, call, mark }) => {
      place(market, alice, {
        instrument: call,
        side: 'buy',
        price: mark,
        lots: 1,
        clientOrderId: 5,
      });
    },
    order: () => ({ clientOrderId: 5, size: HUGE, reduceOnly: true }),
  },
  {
    // A waiting trigger has the id.
    code: 'duplicate_client_id',
    prepare: ({ market, alice, call, mark }) => {
      placeTrigger(market.state, market.context, accountOf(alice), {
        order: orderOf(alice, {
          instrument: call,
          side: 'buy',
          price: mark,
          lots: 1,
          clientOrderId: 5,
        }),
        source: TRIGGER_SOURCE.index,
        condition: TRIGGER_CONDITION.above,
        triggerPrice: 200_000 * MICRO,
      });
    },
    order: () => ({ clientOrderId: 5 }),
  },
  {
    code: 'nothing_to_reduce',
    prepare: ({ market, alice, bob, call, mark }) => {
      changePosition(market.state, alice, call, 5);
      changePosition(market.state, bob, call, -5);
      for (let i = 0; i < MAX_OPEN_ORDERS_PER_SERIES; i++) {
        place(market, alice, { instrument: call, side: 'buy', price: mark - 1, lots: 1 });
      }
    },
    // The position is long: a buy closes nothing of it.
    order: () => ({ reduceOnly: true }),
  },
  {
    code: 'too_many_orders',
    prepare: ({ market, alice, call, mark }) => {
      for (let i = 0; i < MAX_OPEN_ORDERS_PER_SERIES; i++) {
        place(market, alice, { instrument: call, side: 'buy', price: mark - 1, lots: 1 });
      }
    },
    order: () => ({ size: HUGE }),
  },
  {
    // Of the owner's other sub-accounts.
    code: 'too_many_account_orders',
    prepare: ({ market, alice, call }) => {
      for (let n = 1; n <= MAX_OPEN_ORDERS_PER_ACCOUNT; n++) {
        const portfolio = portfolioId(accountOf(alice), subAccount(1 + (n % 10)));
        const terms = { id: orderId(n), portfolio, instrument: call, price: priceTicks(1) };
        enterBook(market.state, orderIn({ ...terms, side: 'buy' }));
      }
      metaOf(market.state).nextOrderId = orderId(MAX_OPEN_ORDERS_PER_ACCOUNT + 1);
    },
    order: () => ({ size: HUGE }),
  },
  {
    code: 'position_limit',
    prepare: ({ market, bob, call, mark }) => {
      place(market, bob, { instrument: call, side: 'sell', price: mark, lots: 1 });
    },
    order: () => ({ size: HUGE, postOnly: POST_ONLY.reject }),
  },
  {
    code: 'would_take',
    prepare: ({ market, bob, call, mark }) => {
      place(market, bob, { instrument: call, side: 'sell', price: mark, lots: 1 });
    },
    order: () => ({ size: sizeLots(200_000), postOnly: POST_ONLY.reject }),
  },
  {
    code: 'too_many_fills',
    prepare: ({ market, call, mark }) => {
      for (let i = 0; i <= MAX_FILLS_PER_ORDER; i++) {
        const maker = fundedPortfolio(market.state, 10 + (i % 8), 1_000_000n);
        place(market, maker, { instrument: call, side: 'sell', price: mark, lots: 1 });
      }
    },
    // All or none holds where the bound is met too; any other order ends there.
    order: () => ({
      size: sizeLots(MAX_FILLS_PER_ORDER + 1),
      timeInForce: TIME_IN_FORCE.fok,
    }),
  },
  {
    code: 'not_filled',
    prepare: ({ market, alice, bob, call, mark }) => {
      place(market, bob, { instrument: call, side: 'sell', price: mark, lots: 9 });
      place(market, alice, { instrument: call, side: 'sell', price: mark, lots: 1 });
    },
    order: () => ({
      timeInForce: TIME_IN_FORCE.fok,
      selfTradePrevention: SELF_TRADE_PREVENTION.cancelTaker,
    }),
  },
  {
    code: 'self_trade',
    prepare: ({ market, alice, call, mark }) => {
      place(market, alice, { instrument: call, side: 'sell', price: mark, lots: 1 });
    },
    order: () => ({
      size: sizeLots(200_000),
      selfTradePrevention: SELF_TRADE_PREVENTION.cancelTaker,
    }),
  },
  { code: 'insufficient_cash', order: () => ({ size: sizeLots(200_000) }) },
  { code: 'insufficient_margin', order: () => ({ side: SIDE.sell, size: sizeLots(20_000) }) },
  { code: 'ok', order: () => ({}) },
];

describe('placeOrder refuses in the order of the error table', () => {
  test('the cases stand in that order', () => {
    const table = Object.keys(RUNTIME_ERRORS);
    const positions = CASES.map(({ code }) => table.indexOf(code)).filter((at) => at >= 0);
    expect(positions).toHaveLength(CASES.length - 1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  test.each(CASES)('$code', ({ code, prepare, order }) => {
    const setting = setUp();
    prepare?.(setting);
    const { market, alice, call, mark } = setting;
    const good = orderOf(alice, { instrument: call, side: 'buy', price: mark, lots: 10 });
    const before = tablesImage(market.state);
    const events = market.context.events.length;
    const action = { ...good, ...order(setting) };
    const result = placeOrder(market.state, market.context, accountOf(alice), action);
    expect(codeOf(result)).toBe(code);
    if (code !== 'ok') {
      expect(tablesImage(market.state)).toBe(before);
      expect(market.context.events.length).toBe(events);
    }
    expect(problemsOf(market.state)).toEqual([]);
  });
});

describe('a trade', () => {
  test('pays the premium and both fees in cash, at the resting price', () => {
    const { market, alice, bob, call, mark } = setUp();
    place(market, bob, { instrument: call, side: 'sell', price: mark, lots: 100 });
    const before = { alice: usd(market, alice), bob: usd(market, bob) };
    const result = place(market, alice, {
      instrument: call,
      side: 'buy',
      price: mark + 5,
      lots: 40,
    });
    // 0.4 BTC: notional $40,000, so $4 for the maker (1 bp) and $12 for the taker (3 bp).
    const premium = (BigInt(mark) * BigInt(MICRO) * 40n) / 100n;
    expect(result).toEqual({
      ok: true,
      value: {
        selector: 2,
        value: { orderId: 2, filledLots: 40, restingLots: 0, cash: -premium, fee: 12_000_000n },
      },
    });
    expect(usd(market, alice)).toBe(before.alice - premium - 12_000_000n);
    expect(usd(market, bob)).toBe(before.bob + premium - 4_000_000n);
    expect(usd(market, MODULE.fees)).toBe(16_000_000n);
    expect(positionOf(market.state, alice, call)).toBe(40);
    expect(positionOf(market.state, bob, call)).toBe(-40);
    expect(market.state.instruments.must(call).openInterest).toBe(40);
    expect(market.state.orders.must(orderId(1)).remaining).toBe(60);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('charges at most 12.5 % of the premium', () => {
    const { market, alice, bob } = setUp();
    const cheap = seriesNamed(market, 'near120000C');
    const mark = markTicks(market, 'near120000C');
    place(market, bob, { instrument: cheap, side: 'sell', price: mark, lots: 100 });
    // 1 BTC at $100,000: 3 bp are $30; 12.5 % of the premium are less only below $240.
    const result = place(market, alice, { instrument: cheap, side: 'buy', price: mark, lots: 100 });
    const cap = Math.ceil((mark * MICRO) / 8);
    const fee = BigInt(Math.min(30 * MICRO, cap));
    expect(result.ok && result.value.selector === 2 && result.value.value.fee).toBe(fee);
  });

  test('goes to the best price first, then to the earlier order', () => {
    const { market, alice, bob, call, mark } = setUp();
    const carol = fundedPortfolio(market.state, 2, 1_000_000n);
    place(market, bob, { instrument: call, side: 'sell', price: mark + 1, lots: 5 });
    place(market, carol, { instrument: call, side: 'sell', price: mark, lots: 5 });
    place(market, bob, { instrument: call, side: 'sell', price: mark, lots: 5 });
    place(market, alice, { instrument: call, side: 'buy', price: mark + 1, lots: 12 });
    const makers = market.context.events.flatMap((event) =>
      event.selector === EVENT.trade ? [[event.value.makerOrder, event.value.lots]] : [],
    );
    expect(makers).toEqual([
      [2, 5],
      [3, 5],
      [1, 2],
    ]);
  });

  test('an IOC order rests nothing', () => {
    const { market, alice, bob, call, mark } = setUp();
    place(market, bob, { instrument: call, side: 'sell', price: mark, lots: 5 });
    const result = place(market, alice, {
      instrument: call,
      side: 'buy',
      price: mark,
      lots: 8,
      ioc: true,
    });
    expect(result.ok && result.value.value).toMatchObject({ filledLots: 5, restingLots: 0 });
    expect(booksImage(market.state)).toEqual({});
  });

  test('never has one portfolio on both sides: its resting order gives way', () => {
    const { market, alice, bob, call, mark } = setUp();
    place(market, alice, { instrument: call, side: 'sell', price: mark, lots: 5 });
    place(market, bob, { instrument: call, side: 'sell', price: mark, lots: 5 });
    const result = place(market, alice, { instrument: call, side: 'buy', price: mark, lots: 5 });
    expect(result.ok && result.value.value).toMatchObject({ filledLots: 5 });
    expect(market.context.events).toContainEqual({
      selector: EVENT.orderClosed,
      value: { orderId: 1, reason: CLOSE_REASON.selfTrade },
    });
    expect(positionOf(market.state, alice, call)).toBe(5);
    expect(problemsOf(market.state)).toEqual([]);
  });
});

describe('margin at entry', () => {
  test('an account below initial margin may only reduce', () => {
    const { market, alice, bob, call, mark } = setUp(4_000n);
    // Short 0.2 BTC of calls: about $20,000 × 15 % plus the mark.
    expect(
      codeOf(place(market, alice, { instrument: call, side: 'sell', price: mark, lots: 20 })),
    ).toBe('ok');
    place(market, bob, { instrument: call, side: 'buy', price: mark, lots: 20, ioc: true });
    expect(positionOf(market.state, alice, call)).toBe(-20);
    advance(market);
    markAt(market, 112_000);
    const now = markTicks(market, 'near100000C');
    const more = place(market, alice, { instrument: call, side: 'sell', price: now, lots: 1 });
    expect(codeOf(more)).toBe('insufficient_margin');
    place(market, bob, { instrument: call, side: 'sell', price: now, lots: 10 });
    const close = place(market, alice, { instrument: call, side: 'buy', price: now, lots: 10 });
    expect(codeOf(close)).toBe('ok');
    expect(positionOf(market.state, alice, call)).toBe(-10);
  });

  test('below it, neither the initial nor the maintenance excess may fall', () => {
    const { market, alice, bob, call } = setUp(0n);
    markAt(market, 102_000);
    changePosition(market.state, alice, call, -100);
    changePosition(market.state, bob, call, 100);
    mint(market.state, alice, DENOMINATION.usd, 10_000n * BigInt(MICRO));
    // The wing caps the loss at $20,000: less than the isolated initial margin, more than the
    // isolated maintenance margin. So it helps the one by more than it costs, the other not at all.
    const wing = seriesNamed(market, 'near120000C');
    const price = markTicks(market, 'near120000C');
    place(market, bob, { instrument: wing, side: 'sell', price, lots: 100 });
    const before = accountMargin(market.state, alice);
    const result = place(market, alice, { instrument: wing, side: 'buy', price, lots: 100 });
    expect(codeOf(result)).toBe('insufficient_margin');
    expect(before.initial).toBeGreaterThan(BigInt(20_000 + price) * BigInt(MICRO));
    expect(before.maintenance).toBeLessThan(20_000n * BigInt(MICRO));
  });

  test('counts the confidence charge on the lots of an ask', () => {
    const { market, alice, call, mark } = setUp(2_000n);
    markAt(market, 100_000, 5_000);
    // 0.1 BTC: $1,500 as ever, and half of $10,000.
    const ask = { instrument: call, side: 'sell', price: mark, lots: 10 } as const;
    expect(codeOf(place(market, alice, ask))).toBe('insufficient_margin');
    markAt(market, 100_000, 10_000);
    expect(codeOf(place(market, alice, ask))).toBe('ok');
  });

  test('a covered call spread needs its width, not two naked calls', () => {
    const { market, alice, call, mark } = setUp(3_100n);
    const wing = seriesNamed(market, 'near110000C');
    const sale = { instrument: call, side: 'sell', price: mark, lots: 20 } as const;
    expect(codeOf(place(market, alice, sale))).toBe('ok');
    expect(codeOf(place(market, alice, { ...sale, lots: 5 }))).toBe('insufficient_margin');
    // With 0.4 BTC of the wing, each short call can lose its width, $10,000 a BTC, at most.
    changePosition(market.state, alice, wing, 40);
    expect(codeOf(place(market, alice, { ...sale, lots: 5 }))).toBe('ok');
  });
});
