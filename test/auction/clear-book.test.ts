/** Auctions over real books: what must hold whatever orders came. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ORDER_TYPE, POST_ONLY, SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { clearBatches } from '../../runtime/auction/clear-batches.ts';
import { settleAuction, viewAuction } from '../../runtime/auction/clear-book.ts';
import { clearedLots, EVERY_TICK } from '../../runtime/auction/clearing-price.ts';
import {
  type InstrumentId,
  orderId,
  type PortfolioId,
  portfolioAccount,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, type TradeEvent } from '../../runtime/event.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { bestPrice, ordersFromBest } from '../../runtime/matching/book.ts';
import { bookOf } from '../../runtime/matching/books.ts';
import { type Order, orderTermsOf } from '../../runtime/matching/order.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import { MATCHING } from '../../runtime/options/underlying.ts';
import { priceBand } from '../../runtime/oracle/price-band.ts';
import { massQuote } from '../../runtime/quoting/mass-quote.ts';
import { setProtection } from '../../runtime/quoting/set-protection.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, fundedPortfolio, MICRO } from '../fixtures/state.ts';
import {
  advance,
  type Market,
  markAt,
  problemsOf,
  seriesNamed,
  testMarket,
} from '../matching/market.ts';
import { bruteForce } from './brute-force.ts';

function batchMarket(): Market {
  const market = testMarket();
  market.state.underlyings.set(BTC.id, { ...BTC, matching: MATCHING.batch });
  return market;
}

type Step = {
  readonly who: number;
  readonly isBid: boolean;
  readonly offset: number;
  readonly lots: number;
  readonly style: 'gtc' | 'ioc' | 'market' | 'iceberg' | 'reduceOnly' | 'postOnly';
};

const PEOPLE = 6;

const stepOf = (styles: readonly Step['style'][]): fc.Arbitrary<Step> =>
  fc.record({
    who: fc.nat(PEOPLE - 1),
    isBid: fc.boolean(),
    offset: fc.integer({ min: -4, max: 4 }),
    lots: fc.integer({ min: 1, max: 12 }),
    style: fc.constantFrom(...styles),
  });

function termsOf({ style, lots }: Step): Partial<PlaceOrder> {
  switch (style) {
    case 'gtc':
      return {};
    case 'ioc':
      return { timeInForce: TIME_IN_FORCE.ioc };
    case 'market':
      return { type: ORDER_TYPE.market, timeInForce: TIME_IN_FORCE.ioc, price: priceTicks(0) };
    case 'iceberg':
      return { displaySize: sizeLots(Math.max(1, Math.floor(lots / 3))) };
    case 'reduceOnly':
      return { reduceOnly: true };
    case 'postOnly':
      return { postOnly: POST_ONLY.slide };
  }
}

function take(market: Market, portfolio: PortfolioId, call: InstrumentId, step: Step): void {
  const mark = market.state.derived.marks.byInstrument.get(call)?.price ?? 0;
  placeOrder(market.state, market.context, portfolioAccount(portfolio), {
    ...PLAIN_TERMS,
    subAccount: subAccount(portfolio % 256),
    instrument: call,
    side: step.isBid ? SIDE.buy : SIDE.sell,
    price: priceTicks(Math.floor(mark / MICRO) + step.offset),
    size: sizeLots(step.lots),
    ...termsOf(step),
  });
}

function rowsOf(market: Market, call: InstrumentId): Order[] {
  const { bids, asks } = bookOf(market.state, call);
  return [...ordersFromBest(bids), ...ordersFromBest(asks)].map(orderTermsOf);
}

const tradesOf = ({ context }: Market): TradeEvent[] =>
  context.events.flatMap((event) => (event.selector === EVENT.trade ? [event.value] : []));

test('price and volume are those of a search over every tick; nobody fills beyond size', () => {
  fc.assert(
    fc.property(
      fc.array(stepOf(['gtc']), { minLength: 2, maxLength: 24, size: 'max' }),
      (steps) => {
        const market = batchMarket();
        const call = seriesNamed(market, 'near100000C');
        // Buyers and sellers are different people, so nobody meets their own order.
        const people = Array.from({ length: 2 * PEOPLE }, (_, i) =>
          fundedPortfolio(market.state, i, 1_000_000n),
        );
        for (const step of steps) {
          const portfolio = people[step.who + (step.isBid ? 0 : PEOPLE)];
          if (portfolio !== undefined) take(market, portfolio, call, step);
        }
        const { state, context } = market;
        const instrument = state.instruments.must(call);
        const rows = rowsOf(market, call);
        const levels = (side: number): { price: number; lots: number }[] =>
          rows
            .filter((row) => row.side === side)
            .map((row) => ({ price: row.price, lots: row.remaining }));
        const band = priceBand(state, context, call);
        const mark = state.derived.marks.byInstrument.get(call);
        if (band === undefined || mark === undefined) throw new Error('no mark');
        const expected = bruteForce(
          levels(SIDE.buy),
          levels(SIDE.sell),
          {
            low: band.low,
            high: band.high,
            reference: mark.price,
            tickMicroUsd: MICRO,
            ticks: EVERY_TICK,
          },
          () => true,
        );
        expect(viewAuction(state, context, instrument, 'batch')?.plan.clearing).toEqual(expected);

        clearBatches(state, context);
        const trades = tradesOf(market);
        const lots = trades.reduce((sum, trade) => sum + trade.lots, 0);
        expect(lots).toBe(expected === undefined ? 0 : clearedLots(expected));
        for (const trade of trades) expect(trade.price).toBe(expected?.price);
      },
    ),
    { numRuns: runs(500) },
  );
});

describe('any orders, over several blocks', () => {
  const blocks = fc.array(
    fc.array(stepOf(['gtc', 'gtc', 'ioc', 'market', 'iceberg', 'reduceOnly', 'postOnly']), {
      minLength: 1,
      maxLength: 12,
      size: 'max',
    }),
    { minLength: 1, maxLength: 4, size: 'max' },
  );

  test('limits, sizes, owners, money and margin are respected, and no book stays crossed', () => {
    fc.assert(
      fc.property(blocks, fc.boolean(), (history, moves) => {
        const market = batchMarket();
        const { state } = market;
        const call = seriesNamed(market, 'near100000C');
        // Three owners, two sub-accounts each.
        const people = Array.from({ length: PEOPLE }, (_, i) => {
          const main = fundedPortfolio(state, i % 3, 200_000n);
          if (i < 3) return main;
          const own = portfolioId(portfolioAccount(main), subAccount(1));
          mint(state, own, DENOMINATION.usd, 200_000n * BigInt(MICRO));
          return own;
        });
        for (const [height, steps] of history.entries()) {
          advance(market);
          if (moves) markAt(market, 100_000 + 40 * height);
          for (const step of steps) {
            const portfolio = people[step.who];
            if (portfolio !== undefined) take(market, portfolio, call, step);
          }
          const rows = new Map(rowsOf(market, call).map((row) => [row.id, row]));
          const before = new Map(people.map((id) => [id, positionOf(state, id, call)]));
          clearBatches(state, market.context);

          const filled = new Map<number, number>();
          for (const { makerOrder, takerOrder, lots, price, maker, taker } of tradesOf(market)) {
            expect(portfolioAccount(maker)).not.toBe(portfolioAccount(taker));
            for (const id of [makerOrder, takerOrder]) {
              const row = rows.get(id);
              if (row === undefined) throw new Error(`order ${id} traded from nowhere`);
              filled.set(id, (filled.get(id) ?? 0) + lots);
              if (row.side === SIDE.buy) expect(price).toBeLessThanOrEqual(row.price);
              else expect(price).toBeGreaterThanOrEqual(row.price);
            }
          }
          for (const [id, lots] of filled) {
            const row = rows.get(id as Order['id']);
            expect(lots).toBeLessThanOrEqual(row?.remaining ?? 0);
            if (row?.reduceOnly) {
              const start = before.get(row.portfolio) ?? 0;
              const end = positionOf(state, row.portfolio, call);
              expect(Math.sign(end) === 0 || Math.sign(end) === Math.sign(start)).toBe(true);
            }
          }
          const { bids, asks } = bookOf(state, call);
          const bid = bestPrice(bids) ?? 0;
          expect(bid).toBeLessThan(bestPrice(asks) ?? Number.POSITIVE_INFINITY);
          for (const row of rowsOf(market, call)) {
            expect(row.auctionOnly).toBe(false);
            expect(row.shown).toBeLessThanOrEqual(row.remaining);
            expect(row.shown).toBeGreaterThan(0);
          }
          expect(problemsOf(state)).toEqual([]);
          for (const id of people) {
            const { cash, initial } = accountMargin(state, id);
            // Orders were margined with their worst fill when they came, at this block's marks.
            if (!moves) expect(cash).toBeGreaterThanOrEqual(initial);
          }
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('worked examples', () => {
  type Given = readonly [name: string, side: 'buy' | 'sell', offset: number, lots: number];

  function world(): {
    market: Market;
    call: InstrumentId;
    mark: number;
    who: Map<string, PortfolioId>;
  } {
    const market = batchMarket();
    const call = seriesNamed(market, 'near100000C');
    const mark = Math.floor(
      (market.state.derived.marks.byInstrument.get(call)?.price ?? 0) / MICRO,
    );
    const who = new Map(
      ['ann', 'ben', 'cat', 'dan', 'eve'].map((name, i) => [
        name,
        fundedPortfolio(market.state, i, 1_000_000n),
      ]),
    );
    return { market, call, mark, who };
  }

  function enter(
    { market, call, mark, who }: ReturnType<typeof world>,
    [name, side, offset, lots]: Given,
    terms: Partial<PlaceOrder> = {},
  ): ReturnType<typeof placeOrder> {
    const portfolio = who.get(name);
    if (portfolio === undefined) throw new Error(name);
    return placeOrder(market.state, market.context, portfolioAccount(portfolio), {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument: call,
      side: SIDE[side],
      price: priceTicks(mark + offset),
      size: sizeLots(lots),
      ...terms,
    });
  }

  const bought = ({ market, call, who }: ReturnType<typeof world>, name: string): number =>
    positionOf(market.state, who.get(name) as PortfolioId, call);

  test('at the margin the earlier block goes first, whole', () => {
    const given = world();
    enter(given, ['ann', 'buy', 0, 6]);
    clearBatches(given.market.state, given.market.context);
    advance(given.market);
    // Ben asks for as much, but came a block later: 8 lots are offered, Ann has hers before him.
    enter(given, ['ben', 'buy', 0, 6]);
    enter(given, ['cat', 'sell', 0, 8]);
    clearBatches(given.market.state, given.market.context);
    expect([bought(given, 'ann'), bought(given, 'ben'), bought(given, 'cat')]).toEqual([6, 2, -8]);
  });

  test('within a block the margin is shared by size, whoever was first', () => {
    const given = world();
    enter(given, ['ann', 'buy', 0, 2]);
    enter(given, ['ben', 'buy', 0, 6]);
    enter(given, ['cat', 'sell', 0, 4]);
    clearBatches(given.market.state, given.market.context);
    // 4 of min(2, 4) + min(6, 4): Ben's size beyond the 4 offered brings nothing. 4 × 2/6 = 1⅓ and
    // 4 × 4/6 = 2⅔: the lot over goes to the larger remainder.
    expect([bought(given, 'ann'), bought(given, 'ben')]).toEqual([1, 3]);
  });

  test('both sides pay the maker fee', () => {
    const given = world();
    enter(given, ['ann', 'buy', 0, 10]);
    enter(given, ['cat', 'sell', 0, 10]);
    clearBatches(given.market.state, given.market.context);
    // 0.1 BTC × $100,000 × 1 bp = $1 each.
    expect(tradesOf(given.market).map(({ makerFee, takerFee }) => [makerFee, takerFee])).toEqual([
      [1_000_000n, 1_000_000n],
    ]);
  });

  test('of an owner’s orders that meet, the older is closed and does not trade', () => {
    const given = world();
    enter(given, ['ann', 'sell', 0, 5]);
    enter(given, ['ann', 'buy', 1, 5]);
    enter(given, ['ben', 'sell', 1, 2]);
    clearBatches(given.market.state, given.market.context);
    expect([bought(given, 'ann'), bought(given, 'ben')]).toEqual([2, -2]);
    expect(given.market.context.events).toContainEqual({
      selector: EVENT.orderClosed,
      value: { orderId: 1, reason: CLOSE_REASON.selfTrade },
    });
  });

  test('an iceberg takes part whole, and shows its next lots where it stands', () => {
    const given = world();
    enter(given, ['ann', 'buy', 0, 10], { displaySize: sizeLots(2) });
    enter(given, ['ben', 'sell', 0, 7]);
    clearBatches(given.market.state, given.market.context);
    expect(bought(given, 'ann')).toBe(7);
    const [left] = rowsOf(given.market, given.call);
    expect([left?.remaining, left?.shown, left?.priority]).toEqual([3, 2, 1]);
  });

  test('what is left of IOC and market orders leaves with the auction', () => {
    const given = world();
    enter(given, ['ann', 'buy', 2, 5], { timeInForce: TIME_IN_FORCE.ioc });
    enter(given, ['ben', 'buy', 0, 5], {
      type: ORDER_TYPE.market,
      timeInForce: TIME_IN_FORCE.ioc,
      price: priceTicks(0),
    });
    enter(given, ['cat', 'sell', 0, 3]);
    clearBatches(given.market.state, given.market.context);
    expect(bought(given, 'cat')).toBe(-3);
    // The market order stands at the band's upper edge, before the limit of Ann.
    expect(bought(given, 'ben')).toBe(3);
    expect(given.market.state.orders.size).toBe(0);
  });

  test('a post-only order does not meet what rested before, but may meet its own block', () => {
    const given = world();
    enter(given, ['ann', 'sell', 1, 5]);
    clearBatches(given.market.state, given.market.context);
    advance(given.market);
    const refused = enter(given, ['ben', 'buy', 1, 5], { postOnly: POST_ONLY.reject });
    expect(refused.ok ? 'ok' : refused.error.code).toBe('would_take');
    enter(given, ['ben', 'buy', 3, 5], { postOnly: POST_ONLY.slide });
    enter(given, ['cat', 'sell', 0, 2], { postOnly: POST_ONLY.reject });
    clearBatches(given.market.state, given.market.context);
    expect([bought(given, 'ann'), bought(given, 'ben'), bought(given, 'cat')]).toEqual([0, 2, -2]);
  });

  test('two reduce-only orders close what there is, and no more', () => {
    const given = world();
    enter(given, ['ann', 'buy', 0, 6]);
    enter(given, ['ben', 'sell', 0, 6]);
    clearBatches(given.market.state, given.market.context);
    advance(given.market);
    enter(given, ['ann', 'sell', 0, 5], { reduceOnly: true });
    enter(given, ['ann', 'sell', 0, 5], { reduceOnly: true });
    enter(given, ['cat', 'buy', 0, 20]);
    clearBatches(given.market.state, given.market.context);
    expect([bought(given, 'ann'), bought(given, 'cat')]).toEqual([0, 6]);
    expect(rowsOf(given.market, given.call).map(({ portfolio }) => portfolio)).toEqual([
      given.who.get('cat'),
    ]);
  });

  test('in a call auction waiting longer earns nothing: the whole margin is shared', () => {
    const given = world();
    const { market, call } = given;
    enter(given, ['ann', 'buy', 0, 6]);
    advance(market);
    enter(given, ['ben', 'buy', 0, 6]);
    enter(given, ['cat', 'sell', 0, 8]);
    const instrument = market.state.instruments.must(call);
    const lots = (kind: 'call' | 'batch'): number[] =>
      viewAuction(market.state, market.context, instrument, kind)?.plan.trades.map(
        (trade) => trade.lots,
      ) ?? [];
    expect(lots('call')).toEqual([4, 4]);
    expect(lots('batch')).toEqual([6, 2]);
  });

  test('what the band moved away from is closed, on the side that would be refused now', () => {
    for (const [indexUsd, closed] of [
      [90_000, 'ann'],
      [110_000, 'ben'],
    ] as const) {
      const given = world();
      const { market, call, who } = given;
      enter(given, ['ann', 'buy', 1, 3]);
      enter(given, ['ben', 'sell', 0, 3]);
      // The market goes far: no price between the two limits is inside the band any more.
      advance(market);
      markAt(market, indexUsd);
      const view = viewAuction(
        market.state,
        market.context,
        market.state.instruments.must(call),
        'call',
      );
      if (view === undefined) throw new Error('no mark');
      settleAuction(market.state, market.context, view);
      expect(tradesOf(market)).toEqual([]);
      const left = rowsOf(market, call).map(({ portfolio }) => portfolio);
      expect(left).not.toContain(who.get(closed));
      expect(left).toHaveLength(1);
      expect(problemsOf(market.state)).toEqual([]);
    }
  });

  test('of two linked orders that could both trade only the earlier does', () => {
    const given = world();
    const { market, call } = given;
    enter(given, ['ann', 'buy', 1, 3]);
    enter(given, ['ann', 'buy', 0, 4]);
    enter(given, ['ben', 'sell', 0, 7]);
    const [first, second] = [orderId(1), orderId(2)].map((id) => market.state.orders.must(id));
    if (first === undefined || second === undefined) throw new Error('no orders');
    first.cancelsOther = second.id;
    second.cancelsOther = first.id;
    clearBatches(market.state, market.context);
    expect(bought(given, 'ann')).toBe(3);
    expect(market.state.orders.sortedKeys()).toEqual([3]);
    expect(market.context.events).toContainEqual({
      selector: EVENT.orderClosed,
      value: { orderId: 2, reason: CLOSE_REASON.oco },
    });
    expect(rowsOf(market, call)[0]?.remaining).toBe(4);
  });

  test('quotes trade what their protection allows, which then fires', () => {
    const given = world();
    const { market, who } = given;
    const { state, context } = market;
    const ann = who.get('ann');
    if (ann === undefined) throw new Error('ann');
    setProtection(state, context, portfolioAccount(ann), {
      subAccount: subAccount(0),
      underlying: BTC.id,
      windowMs: 60_000,
      frozenMs: 0,
      quantityLimit: 5,
      deltaLimit: 0,
      vegaLimit: 0,
      fillsLimit: 0,
    });
    const quoted = massQuote(state, context, portfolioAccount(ann), {
      subAccount: subAccount(0),
      quotes: [
        {
          instrument: given.call,
          bidPrice: priceTicks(given.mark),
          bidSize: sizeLots(20),
          askPrice: priceTicks(given.mark + 5),
          askSize: sizeLots(20),
        },
      ],
    });
    expect(quoted.ok).toBe(true);
    enter(given, ['ben', 'sell', 0, 9]);
    enter(given, ['cat', 'sell', 0, 9]);
    clearBatches(state, context);
    // Five lots in all, though with two sellers: an auction is one fill of the quote.
    expect(bought(given, 'ann')).toBe(5);
    expect(bought(given, 'ben') + bought(given, 'cat')).toBe(-5);
    expect(rowsOf(market, given.call).every(({ portfolio }) => portfolio !== ann)).toBe(true);
  });
});
