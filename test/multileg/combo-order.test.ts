/** Orders of combos: their own book, the outright books of their legs, and what rests. */
import { describe, expect, test } from 'vitest';
import { STRUCTURE, type Structure } from '../../runtime/actions/multileg.ts';
import {
  ORDER_TYPE,
  POST_ONLY,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
} from '../../runtime/actions/order-terms.ts';
import { cancelAllOf, type PlaceOrder } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { type InstrumentId, priceTicks, sizeLots } from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { MAX_MULTILEG_WORK_PER_BLOCK } from '../../runtime/limits.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin, bidReserve } from '../../runtime/margin/requirements.ts';
import { cancelOrders } from '../../runtime/matching/cancel-order.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import { COMBO_ZERO_TICKS } from '../../runtime/multileg/combo.ts';
import { createCombo } from '../../runtime/multileg/create-combo.ts';
import { balanceKey } from '../../runtime/state/state.ts';
import { MICRO, reloaded } from '../fixtures/state.ts';
import {
  advance,
  codeOf,
  type Market,
  markAt,
  orderOf,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
} from '../matching/market.ts';
import { protect, protectionOf, quote } from '../quoting/quoting-market.ts';
import { desk, expectPrecedence, MAIN, type Trader, trader, usdOf } from './desk.ts';

/** A tick of $1 a coin is $0.01 a lot. */
const TICK = 10_000n;

function listed(market: Market, structure: Structure, names: readonly string[]): InstrumentId {
  const legs = names.map((name) => seriesNamed(market, name));
  const created = createCombo(market.state, market.context, { structure, legs });
  if (!created.ok) throw new Error(created.error.code);
  return (created.value.value as { instrument: InstrumentId }).instrument;
}

const spreadOf = (market: Market): InstrumentId =>
  listed(market, STRUCTURE.callSpread, ['near100000C', 'near110000C']);

/** Whole ticks of a series' mark. */
function ticks(market: Market, name: string): number {
  const mark = market.state.derived.marks.byInstrument.get(seriesNamed(market, name));
  return Math.floor((mark?.price ?? 0) / MICRO);
}

/** The spread's net mark in ticks. */
const fair = (market: Market): number =>
  ticks(market, 'near100000C') - ticks(market, 'near110000C');

/** An order of a combo at a net price in ticks: GTC unless said. */
function enter(
  market: Market,
  who: Trader,
  order: { instrument: InstrumentId; side: 'buy' | 'sell'; net: number; lots: number },
  changes: Partial<PlaceOrder> = {},
) {
  const { instrument, side, net, lots } = order;
  const price = COMBO_ZERO_TICKS + net;
  const action = { ...orderOf(who.portfolio, { instrument, side, price, lots }), ...changes };
  return placeOrder(market.state, market.context, who.account, action);
}

function filled(result: ReturnType<typeof enter>): readonly [number, number] {
  if (!result.ok) throw new Error(result.error.code);
  const { filledLots, restingLots } = result.value.value as {
    filledLots: number;
    restingLots: number;
  };
  return [filledLots, restingLots];
}

const lotsOf = (market: Market, who: Trader, ...names: string[]): number[] =>
  names.map((name) => positionOf(market.state, who.portfolio, seriesNamed(market, name)));

describe('two orders of a combo', () => {
  test('trade at the resting net price, to the micro-USD, with legs at their marks', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const spread = spreadOf(market);
    const net = fair(market) + 7;
    expect(
      filled(enter(market, maker, { instrument: spread, side: 'sell', net, lots: 5 })),
    ).toEqual([0, 5]);
    const before = [usdOf(state, taker), usdOf(state, maker)];
    const from = market.context.events.length;
    const order = { instrument: spread, side: 'buy', net: net + 20, lots: 8 } as const;
    expect(filled(enter(market, taker, order))).toEqual([5, 3]);
    const trades = market.context.events
      .slice(from)
      .flatMap((event) => (event.selector === EVENT.legTrade ? [event.value] : []));
    const fees = trades.reduce(
      (sum, { takerFee, makerFee }) => [sum[0] + takerFee, sum[1] + makerFee] as [bigint, bigint],
      [0n, 0n] as [bigint, bigint],
    );
    const paid = 5n * BigInt(net) * TICK;
    expect(usdOf(state, taker) - (before[0] ?? 0n)).toBe(-paid - fees[0]);
    expect(usdOf(state, maker) - (before[1] ?? 0n)).toBe(paid - fees[1]);
    expect(lotsOf(market, taker, 'near100000C', 'near110000C')).toEqual([5, -5]);
    expect(lotsOf(market, maker, 'near100000C', 'near110000C')).toEqual([-5, 5]);
    // The leg of less vega trades at its mark; the cheaper direction pays no fee.
    const sold = trades.find(({ side }) => side === SIDE.sell);
    const mark = state.derived.marks.byInstrument.get(seriesNamed(market, 'near110000C'));
    expect(sold?.premium).toBe(5n * BigInt(Math.floor((mark?.price ?? 0) / 100)));
    expect([sold?.takerFee, sold?.makerFee]).toEqual([0n, 0n]);
    expect(positionOf(state, taker.portfolio, spread)).toBe(0);
    expect(problemsOf(state)).toEqual([]);
  });

  test('trade by price, then time; FOK trades whole or not at all, IOC rests nothing', () => {
    const market = desk();
    const { taker, maker, other } = market;
    const spread = spreadOf(market);
    const at = fair(market);
    const sell = (who: Trader, net: number, lots: number) =>
      filled(enter(market, who, { instrument: spread, side: 'sell', net, lots }));
    sell(maker, at + 2, 3);
    sell(other, at + 1, 3);
    sell(maker, at + 1, 3);
    const buy = (lots: number, timeInForce: PlaceOrder['timeInForce']) =>
      enter(market, taker, { instrument: spread, side: 'buy', net: at + 1, lots }, { timeInForce });
    const image = tablesImage(market.state);
    expect(codeOf(buy(7, TIME_IN_FORCE.fok))).toBe('not_filled');
    expect(tablesImage(market.state)).toBe(image);
    expect(filled(buy(4, TIME_IN_FORCE.fok))).toEqual([4, 0]);
    expect(lotsOf(market, other, 'near100000C')).toEqual([-3]);
    expect(lotsOf(market, maker, 'near100000C')).toEqual([-1]);
    expect(filled(buy(9, TIME_IN_FORCE.ioc))).toEqual([2, 0]);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('never trade with their own owner', () => {
    const market = desk();
    const { state, taker } = market;
    const spread = spreadOf(market);
    const net = fair(market);
    const run = (selfTradePrevention: PlaceOrder['selfTradePrevention']) => {
      enter(market, taker, { instrument: spread, side: 'sell', net, lots: 2 });
      const order = { instrument: spread, side: 'buy', net, lots: 3 } as const;
      const result = enter(market, taker, order, { selfTradePrevention });
      const open = [...state.orders.sortedKeys()].map((id) => state.orders.must(id).side);
      cancelAll(market, taker);
      return [codeOf(result), open];
    };
    expect(run(SELF_TRADE_PREVENTION.cancelMaker)).toEqual(['ok', [SIDE.buy]]);
    expect(run(SELF_TRADE_PREVENTION.cancelTaker)).toEqual(['self_trade', [SIDE.sell]]);
    expect(run(SELF_TRADE_PREVENTION.cancelBoth)).toEqual(['ok', []]);
    expect(lotsOf(market, taker, 'near100000C')).toEqual([0]);
  });

  test('close an order whose maker cannot carry it, or that the marks have left behind', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const names = ['near90000P', 'near110000C'] as const;
    const reversal = listed(market, STRUCTURE.riskReversal, names);
    const thin = trader(market, 'thin', 6_000n);
    const order = { instrument: reversal, side: 'sell', net: 0, lots: 15 } as const;
    expect(codeOf(enter(market, thin, order))).toBe('ok');
    enter(market, maker, order);
    // Below its margin it may trade only what does not lower its excess: the fees of the legs, which a
    // net price of 0 does not show, would.
    const row = state.balances.must(balanceKey.pack(thin.portfolio, DENOMINATION.usd));
    row.amount = 10n * BigInt(MICRO);
    const buy = { instrument: reversal, side: 'buy', net: 0, lots: 15 } as const;
    expect(filled(enter(market, taker, buy))).toEqual([15, 0]);
    const reasons = market.context.events.flatMap((event) =>
      event.selector === EVENT.orderClosed ? [event.value.reason] : [],
    );
    expect(reasons).toEqual([CLOSE_REASON.margin, CLOSE_REASON.filled]);
    expect(lotsOf(market, thin, ...names)).toEqual([0, 0]);
    const both = ['near100000C', 'near100000P'] as const;
    const straddle = listed(market, STRUCTURE.straddle, both);
    const worth = () => ticks(market, both[0]) + ticks(market, both[1]);
    enter(market, maker, { instrument: straddle, side: 'sell', net: worth(), lots: 1 });
    advance(market);
    markAt(market, 130_000);
    const dear = { instrument: straddle, side: 'buy', net: worth(), lots: 1 } as const;
    expect(filled(enter(market, taker, dear))).toEqual([0, 1]);
    expect(market.context.events.map(({ value }) => Reflect.get(value, 'reason'))).toContain(
      CLOSE_REASON.band,
    );
  });
});

function cancelAll(market: Market, who: Trader): number {
  const result = cancelOrders(market.state, market.context, who.account, cancelAllOf(MAIN));
  if (!result.ok) throw new Error(result.error.code);
  return (result.value.value as { cancelled: number }).cancelled;
}

describe('an order of a combo against the outright books', () => {
  test('takes all legs at their best prices, then rests', () => {
    const market = desk();
    const { state, taker, maker, other } = market;
    const spread = spreadOf(market);
    const [low, high] = [ticks(market, 'near100000C'), ticks(market, 'near110000C')];
    const near = seriesNamed(market, 'near100000C');
    const far = seriesNamed(market, 'near110000C');
    place(market, maker.portfolio, { instrument: near, side: 'sell', price: low + 1, lots: 4 });
    place(market, maker.portfolio, { instrument: near, side: 'sell', price: low + 3, lots: 9 });
    place(market, other.portfolio, { instrument: far, side: 'buy', price: high - 1, lots: 6 });
    // At low + 1 and high − 1 the spread costs fair + 2, then fair + 4.
    const before = usdOf(state, taker);
    const order = { instrument: spread, side: 'buy', net: low - high + 4, lots: 8 } as const;
    const result = enter(market, taker, order);
    expect(filled(result)).toEqual([6, 2]);
    expect(lotsOf(market, taker, 'near100000C', 'near110000C')).toEqual([6, -6]);
    expect(lotsOf(market, maker, 'near100000C')).toEqual([-6]);
    expect(lotsOf(market, other, 'near110000C')).toEqual([6]);
    const { cash, fee } = (result.ok ? result.value.value : {}) as { cash: bigint; fee: bigint };
    expect(cash).toBe(-(4n * BigInt(low - high + 2) + 2n * BigInt(low - high + 4)) * TICK);
    expect(usdOf(state, taker)).toBe(before + cash - fee);
    expect(problemsOf(state)).toEqual([]);
  });

  test('takes its own book first, at whatever price inside the limit', () => {
    const market = desk();
    const { taker, maker, other } = market;
    const spread = spreadOf(market);
    const [low, high] = [ticks(market, 'near100000C'), ticks(market, 'near110000C')];
    place(market, maker.portfolio, {
      instrument: seriesNamed(market, 'near100000C'),
      side: 'sell',
      price: low,
      lots: 5,
    });
    place(market, maker.portfolio, {
      instrument: seriesNamed(market, 'near110000C'),
      side: 'buy',
      price: high,
      lots: 5,
    });
    enter(market, other, { instrument: spread, side: 'sell', net: low - high + 3, lots: 2 }, {});
    expect(lotsOf(market, other, 'near100000C')).toEqual([0]);
    const order = { instrument: spread, side: 'buy', net: low - high + 3, lots: 4 } as const;
    expect(filled(enter(market, taker, order))).toEqual([4, 0]);
    expect(lotsOf(market, other, 'near100000C')).toEqual([-2]);
    expect(lotsOf(market, maker, 'near100000C')).toEqual([-2]);
  });

  test('trades no leg unless all of them', () => {
    const market = desk();
    const { taker, maker } = market;
    const fly = listed(market, STRUCTURE.butterfly, ['near90000C', 'near100000C', 'near110000C']);
    const names = ['near90000C', 'near100000C', 'near110000C'] as const;
    const at = names.map((name) => ticks(market, name));
    const [a = 0, b = 0, c = 0] = at;
    const quote = (name: string, side: 'buy' | 'sell', price: number, lots: number) =>
      place(market, maker.portfolio, { instrument: seriesNamed(market, name), side, price, lots });
    quote('near90000C', 'sell', a, 10);
    quote('near100000C', 'buy', b, 5);
    const order = { instrument: fly, side: 'buy', net: a - 2 * b + c + 5, lots: 4 } as const;
    const image = lotsOf(market, taker, ...names);
    expect(filled(enter(market, taker, order, { timeInForce: TIME_IN_FORCE.ioc }))).toEqual([0, 0]);
    expect(lotsOf(market, taker, ...names)).toEqual(image);
    quote('near110000C', 'sell', c, 10);
    // Five bids at the middle make two butterflies of two middles each.
    expect(filled(enter(market, taker, order, { timeInForce: TIME_IN_FORCE.ioc }))).toEqual([2, 0]);
    expect(lotsOf(market, taker, ...names)).toEqual([2, -4, 2]);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('leaves a maker’s quotes in two legs what its protection leaves, and fires it after both', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const spread = spreadOf(market);
    const [low, high] = [ticks(market, 'near100000C'), ticks(market, 'near110000C')];
    protect(market, maker.portfolio, { windowMs: 60_000, quantityLimit: 8 });
    const quoted = quote(
      market,
      maker.portfolio,
      { instrument: seriesNamed(market, 'near100000C'), ask: [low, 50] },
      { instrument: seriesNamed(market, 'near110000C'), bid: [high, 50] },
    );
    expect(codeOf(quoted)).toBe('ok');
    // Sixteen are cut to eight lots a leg by the limit, of which four and four are the limit.
    const order = { instrument: spread, side: 'buy', net: low - high, lots: 16 } as const;
    expect(filled(enter(market, taker, order))).toEqual([4, 12]);
    expect(lotsOf(market, maker, 'near100000C', 'near110000C')).toEqual([-4, 4]);
    expect(protectionOf(market, maker.portfolio).frozenUntil).toBeGreaterThan(0);
    expect(state.orders.size).toBe(1);
    expect(problemsOf(state)).toEqual([]);
  });

  test('looks at most 32 times', () => {
    const market = desk();
    const { taker, maker } = market;
    const spread = spreadOf(market);
    const [low, high] = [ticks(market, 'near100000C'), ticks(market, 'near110000C')];
    for (let i = 0; i < 40; i++) {
      place(market, maker.portfolio, {
        instrument: seriesNamed(market, 'near100000C'),
        side: 'sell',
        price: low + i,
        lots: 1,
      });
    }
    place(market, maker.portfolio, {
      instrument: seriesNamed(market, 'near110000C'),
      side: 'buy',
      price: high,
      lots: 40,
    });
    const order = { instrument: spread, side: 'buy', net: low - high + 50, lots: 40 } as const;
    expect(filled(enter(market, taker, order))).toEqual([32, 8]);
  });
});

describe('an outright order against orders of combos', () => {
  const setUp = () => {
    const market = desk();
    const spread = spreadOf(market);
    const [low, high] = [ticks(market, 'near100000C'), ticks(market, 'near110000C')];
    const call = seriesNamed(market, 'near100000C');
    const wing = seriesNamed(market, 'near110000C');
    const buyer = trader(market, 'buyer', 1_000_000n);
    // Who buys the spread buys the call at the wing's best bid and the net price.
    enter(market, buyer, { instrument: spread, side: 'buy', net: low - high - 3, lots: 5 });
    const bid = (price: number, lots: number) =>
      place(market, market.maker.portfolio, { instrument: wing, side: 'buy', price, lots });
    const sell = (price: number, lots: number, ioc?: true) =>
      place(market, market.taker.portfolio, {
        instrument: call,
        side: 'sell',
        price,
        lots,
        ...(ioc === undefined ? {} : { ioc }),
      });
    return { ...market, market, low, high, call, buyer, bid, sell, spread };
  };

  test('trades at the price that they make with the other leg', () => {
    const { market, low, high, buyer, bid, sell } = setUp();
    const { state, taker, maker } = market;
    bid(high - 1, 4);
    const before = [usdOf(state, taker), usdOf(state, buyer), usdOf(state, maker)];
    const result = sell(low - 10, 9);
    expect(filled(result)).toEqual([4, 5]);
    const trades = market.context.events.flatMap((event) =>
      event.selector === EVENT.trade ? [event.value] : [],
    );
    expect(trades.map(({ price, lots }) => [price, lots])).toEqual([
      [low - 4, 4],
      [high - 1, 4],
    ]);
    const [own, other] = trades;
    const after = [usdOf(state, taker), usdOf(state, buyer), usdOf(state, maker)];
    const moved = after.map((cash, i) => cash - (before[i] ?? 0n));
    const fees = [
      own?.takerFee ?? 0n,
      (own?.makerFee ?? 0n) + (other?.takerFee ?? 0n),
      other?.makerFee ?? 0n,
    ];
    expect(moved.map((cash, i) => cash + (fees[i] ?? 0n))).toEqual([
      4n * BigInt(low - 4) * TICK,
      // The net price of the combo order, whole.
      -4n * BigInt(low - high - 3) * TICK,
      -4n * BigInt(high - 1) * TICK,
    ]);
    expect(lotsOf(market, buyer, 'near100000C', 'near110000C')).toEqual([4, -4]);
    expect(problemsOf(state)).toEqual([]);
  });

  test('goes to outright orders at an equal or better price first', () => {
    const { market, low, high, call, buyer, bid, sell } = setUp();
    const { other } = market;
    bid(high, 9);
    // The combo order bids low − 3 for the call.
    place(market, other.portfolio, { instrument: call, side: 'buy', price: low - 2, lots: 1 });
    place(market, other.portfolio, { instrument: call, side: 'buy', price: low - 3, lots: 1 });
    place(market, other.portfolio, { instrument: call, side: 'buy', price: low - 4, lots: 1 });
    expect(filled(sell(low - 4, 3, true))).toEqual([3, 0]);
    expect(lotsOf(market, other, 'near100000C')).toEqual([2]);
    expect(lotsOf(market, buyer, 'near100000C', 'near110000C')).toEqual([1, -1]);
    expect(filled(sell(low - 4, 9, true))).toEqual([5, 0]);
    expect(lotsOf(market, other, 'near100000C')).toEqual([3]);
    expect(lotsOf(market, buyer, 'near100000C', 'near110000C')).toEqual([5, -5]);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('trades neither leg where one cannot, nor with an owner’s own combo order', () => {
    const { market, low, high, buyer, bid, sell, call } = setUp();
    expect(filled(sell(low - 9, 2, true))).toEqual([0, 0]);
    bid(high, 9);
    const own = { instrument: call, side: 'sell', price: low - 9, lots: 2, ioc: true } as const;
    expect(filled(place(market, buyer.portfolio, own))).toEqual([0, 0]);
    // A post-only order looks at its own book alone.
    const resting = { instrument: call, side: 'sell', price: low - 9, lots: 1 } as const;
    const postOnly = place(market, market.taker.portfolio, {
      ...resting,
      postOnly: POST_ONLY.reject,
    });
    expect(filled(postOnly)).toEqual([0, 1]);
    expect(lotsOf(market, buyer, 'near100000C')).toEqual([0]);
  });

  test('goes through the combos that make its limit, of each with what the other leg gives', () => {
    const { market, low, high, buyer, bid, sell } = setUp();
    const { state } = market;
    const second = trader(market, 'second', 1_000_000n);
    const wide = listed(market, STRUCTURE.strangle, ['near90000P', 'near100000C']);
    enter(market, second, {
      instrument: wide,
      side: 'buy',
      net: low + ticks(market, 'near90000P') - 4,
      lots: 3,
    });
    bid(high, 4);
    place(market, market.maker.portfolio, {
      instrument: seriesNamed(market, 'near90000P'),
      side: 'sell',
      price: ticks(market, 'near90000P'),
      lots: 9,
    });
    expect(filled(sell(low - 4, 9, true))).toEqual([7, 0]);
    expect(lotsOf(market, buyer, 'near100000C', 'near110000C')).toEqual([4, -4]);
    expect(lotsOf(market, second, 'near90000P', 'near100000C')).toEqual([3, 3]);
    expect(problemsOf(state)).toEqual([]);
  });

  test('fills a FOK order together with outright orders', () => {
    const { market, low, high, call, bid } = setUp();
    bid(high, 9);
    const { other, taker, state, context } = market;
    place(market, other.portfolio, { instrument: call, side: 'buy', price: low - 5, lots: 2 });
    const fok = (lots: number) =>
      placeOrder(state, context, taker.account, {
        ...orderOf(taker.portfolio, { instrument: call, side: 'sell', price: low - 5, lots }),
        timeInForce: TIME_IN_FORCE.fok,
      });
    expect(codeOf(fok(8))).toBe('not_filled');
    expect(filled(fok(7))).toEqual([7, 0]);
    expect(problemsOf(state)).toEqual([]);
  });

  test('counts what rests on each leg, and forgets it', () => {
    const { market, call, buyer, spread } = setUp();
    const { combos } = market.state.derived;
    expect(combos.restingByLeg.get(call)).toEqual(new Map([[spread, 1]]));
    const copy = reloaded(market.state);
    expect(copy.derived.combos).toEqual(combos);
    cancelAll(market, buyer);
    expect(combos.restingByLeg.size).toBe(0);
  });
});

describe('a resting order of a combo', () => {
  test('reserves its net debit, and what each sold leg needs alone', () => {
    const market = desk();
    const { state, taker } = market;
    const spread = spreadOf(market);
    const net = fair(market) - 5;
    enter(market, taker, { instrument: spread, side: 'buy', net, lots: 10 });
    const reserve = bidReserve(state, taker.portfolio);
    const premium = 10n * BigInt(net) * TICK;
    expect(reserve).toBeGreaterThanOrEqual(premium);
    // At most the fee of a hundredth of a basis point of $1,000 more, a lot.
    expect(reserve).toBeLessThanOrEqual(premium + 10n * 100_000n);
    expect(accountMargin(state, taker.portfolio).initial).toBeGreaterThan(reserve);
    expect(problemsOf(state)).toEqual([]);
    expect(cancelAll(market, taker)).toBe(1);
    expect(accountMargin(state, taker.portfolio).initial).toBe(0n);
    expect(state.derived.portfolios.byPortfolio.size).toBe(0);
    expect(problemsOf(state)).toEqual([]);
  });

  test('is refused what its account cannot carry', () => {
    const market = desk();
    const spread = spreadOf(market);
    const poor = trader(market, 'poor', 100n);
    const order = { instrument: spread, side: 'buy', net: fair(market), lots: 10 } as const;
    expect(codeOf(enter(market, poor, order))).toBe('insufficient_cash');
    const seller = { ...order, side: 'sell' } as const;
    expect(codeOf(enter(market, poor, seller))).toBe('insufficient_margin');
  });

  test('refuses in order', () => {
    const market = desk();
    const { state, context, taker } = market;
    const spread = spreadOf(market);
    enter(
      market,
      taker,
      { instrument: spread, side: 'buy', net: fair(market) - 9, lots: 1 },
      { clientOrderId: 5 },
    );
    const leg = state.instruments.must(seriesNamed(market, 'near110000C'));
    expectPrecedence(
      [
        'instrument_not_open',
        'bad_side',
        'bad_combo_terms',
        'bad_price',
        'net_band',
        'duplicate_client_id',
        'multileg_budget',
        'not_filled',
      ],
      (has) => {
        leg.state = has('instrument_not_open') ? 1 : 0;
        const spent = has('multileg_budget') ? MAX_MULTILEG_WORK_PER_BLOCK : 0;
        market.context.multilegWork.spent = spent;
        const action = {
          ...orderOf(taker.portfolio, { instrument: spread, side: 'buy', price: 1, lots: 1 }),
          price: priceTicks(
            has('bad_price') ? 0 : COMBO_ZERO_TICKS + (has('net_band') ? 100_000 : fair(market)),
          ),
          side: has('bad_side') ? (2 as 0) : SIDE.buy,
          displaySize: sizeLots(has('bad_combo_terms') ? 1 : 0),
          clientOrderId: has('duplicate_client_id') ? 5 : 0,
          timeInForce:
            has('not_filled') && !has('bad_combo_terms') ? TIME_IN_FORCE.fok : TIME_IN_FORCE.gtc,
        };
        return codeOf(placeOrder(state, context, taker.account, action));
      },
    );
  });

  test.each([
    ['a market order', { type: ORDER_TYPE.market, timeInForce: TIME_IN_FORCE.ioc }],
    ['post-only', { postOnly: POST_ONLY.reject }],
    ['reduce-only', { reduceOnly: true }],
    ['GFA', { timeInForce: TIME_IN_FORCE.gfa }],
    ['decrement both', { selfTradePrevention: SELF_TRADE_PREVENTION.decrementBoth }],
  ])('%s is not for combos', (_, changes) => {
    const market = desk();
    const order = {
      instrument: spreadOf(market),
      side: 'buy',
      net: fair(market),
      lots: 2,
    } as const;
    expect(codeOf(enter(market, market.taker, order, changes))).toBe('bad_combo_terms');
  });
});

describe('the budget of a block', () => {
  test('is spent by orders of combos, refused ones too, and is whole in the next block', () => {
    const market = desk();
    const { taker } = market;
    const order = {
      instrument: spreadOf(market),
      side: 'buy',
      net: fair(market),
      lots: 1,
    } as const;
    const spent = (): number => market.context.multilegWork.spent;
    enter(market, taker, order);
    const each = spent();
    expect(each).toBeGreaterThan(0);
    expect(codeOf(enter(market, taker, order, { timeInForce: TIME_IN_FORCE.fok }))).toBe(
      'not_filled',
    );
    expect(spent()).toBe(2 * each);
    market.context.multilegWork.spent = MAX_MULTILEG_WORK_PER_BLOCK;
    expect(codeOf(enter(market, taker, order))).toBe('multileg_budget');
    advance(market);
    expect(codeOf(enter(market, taker, order))).toBe('ok');
  });

  test('without it an outright order meets no combo', () => {
    const market = desk();
    const { taker, maker, other } = market;
    const [near, far] = ['near100000C', 'near110000C'].map((name) => seriesNamed(market, name));
    if (near === undefined || far === undefined) throw new Error('no series');
    // Sells the spread: with the bid of the far leg it sells the near one.
    const net = fair(market);
    enter(market, maker, { instrument: spreadOf(market), side: 'sell', net, lots: 1 });
    const ask = { instrument: far, side: 'sell', price: ticks(market, 'near110000C'), lots: 1 };
    place(market, other.portfolio, { ...ask, side: 'sell' });
    const price = ticks(market, 'near100000C') + 5;
    const take = () =>
      place(market, taker.portfolio, { instrument: near, side: 'buy', price, lots: 1, ioc: true });
    market.context.multilegWork.spent = MAX_MULTILEG_WORK_PER_BLOCK;
    expect(filled(take())).toEqual([0, 0]);
    market.context.multilegWork.spent = 0;
    expect(filled(take())).toEqual([1, 0]);
  });
});
