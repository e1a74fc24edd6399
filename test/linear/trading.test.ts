/** Futures and the perpetual end to end: listing, trading, variation, margin. */
import { describe, expect, test } from 'vitest';
import type { Result } from '../../runtime/core/result.ts';
import type { InstrumentId, OrderId } from '../../runtime/core/units.ts';
import type { Refusal } from '../../runtime/error.ts';
import { EVENT } from '../../runtime/event.ts';
import { linearPositionsOf } from '../../runtime/linear/positions-of.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { excessOf, markValueOf } from '../../runtime/margin/excess.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { withdrawable } from '../../runtime/margin/withdrawable.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { ACTION_RESULT, type ActionResult } from '../../runtime/receipt.ts';
import { positionKey } from '../../runtime/state/state.ts';
import { fundedPortfolio, MICRO } from '../fixtures/state.ts';
import {
  cross,
  dollars,
  EXPIRY,
  linearMarket,
  moneyProblems,
  nextMark,
  trade,
} from './linear-market.ts';

/** The number of the order that was placed. */
function orderIdOf(placed: Result<ActionResult, Refusal>): OrderId {
  if (!placed.ok) throw new Error(placed.error.code);
  if (placed.value.selector !== ACTION_RESULT.order) throw new Error('no order');
  return placed.value.value.orderId;
}

describe('listing', () => {
  test('one perpetual and the nearest future, each marked and open', () => {
    const { state, perpetual, future } = linearMarket();
    expect(state.instruments.must(perpetual)).toMatchObject({
      kind: INSTRUMENT_KIND.perpetual,
      expiry: 0,
      strike: 0,
      state: INSTRUMENT_STATE.open,
    });
    expect(state.instruments.must(future)).toMatchObject({ expiry: EXPIRY, strike: 0 });
    expect(state.derived.marks.byInstrument.get(perpetual)?.price).toBe(100_000 * MICRO);
    expect(state.derived.marks.byInstrument.get(future)?.price).toBe(100_000 * MICRO);
  });
});

describe('trades', () => {
  test('pay a fee and no premium; what closes realises its share', () => {
    const market = linearMarket();
    const { state, perpetual: instrument } = market;
    const long = fundedPortfolio(state, 1, 100_000n);
    const short = fundedPortfolio(state, 2, 100_000n);
    // One coin at $100,000: the taker pays 3.5 bp, the maker 0.5 bp.
    cross(market, long, short, { instrument, usd: 100_000, lots: 1_000 });
    expect(dollars(state, long)).toBe(100_000 - 35);
    expect(dollars(state, short)).toBe(100_000 - 5);
    // Half of it at $101,000: the long gains $500 on half a coin, the fees are 3.5 and 0.5 bp of
    // $50,000, the notional at the index.
    cross(market, short, long, { instrument, usd: 101_000, lots: 500 });
    expect(dollars(state, long)).toBe(100_000 - 35 + 500 - 2.5);
    expect(dollars(state, short)).toBe(100_000 - 5 - 500 - 17.5);
    expect(state.linearPositions.get(positionKey.pack(long, instrument))).toEqual({
      cost: 50_000n * BigInt(MICRO),
      fundingIndex: 0,
    });
    // The rest at $99,000, and over: the long goes short by 100 lots at it.
    cross(market, short, long, { instrument, usd: 99_000, lots: 600 });
    expect(dollars(state, long)).toBe(100_000 - 35 + 500 - 2.5 - 500 - 3);
    expect(state.linearPositions.get(positionKey.pack(long, instrument))).toEqual({
      cost: -9_900n * BigInt(MICRO),
      fundingIndex: 0,
    });
    expect(moneyProblems(state)).toEqual([]);
  });

  test('the receipt has what was realised as cash', () => {
    const market = linearMarket();
    const { state, future: instrument } = market;
    const long = fundedPortfolio(state, 1, 100_000n);
    const short = fundedPortfolio(state, 2, 100_000n);
    cross(market, long, short, { instrument, usd: 100_000, lots: 1_000 });
    trade(market, short, { instrument, side: 'buy', usd: 100_500, lots: 1_000 });
    const sold = trade(market, long, { instrument, side: 'sell', usd: 100_500, lots: 1_000 });
    expect(sold).toMatchObject({ ok: true, value: { value: { cash: 500n * BigInt(MICRO) } } });
    const moved = market.context.events.filter(({ selector }) => selector === EVENT.variation);
    expect(moved.map(({ value }) => value)).toEqual([
      { portfolio: short, instrument, realised: -500n * BigInt(MICRO), funding: 0n },
      { portfolio: long, instrument, realised: 500n * BigInt(MICRO), funding: 0n },
    ]);
    expect(state.linearPositions.size).toBe(0);
    expect(moneyProblems(state)).toEqual([]);
  });
});

describe('margin', () => {
  test('5 % of the notional initially, 3 % to maintain, variation towards both', () => {
    const market = linearMarket();
    const { state, perpetual: instrument } = market;
    const long = fundedPortfolio(state, 1, 100_000n);
    const short = fundedPortfolio(state, 2, 100_000n);
    cross(market, long, short, { instrument, usd: 100_000, lots: 1_000 });
    expect(accountMargin(state, long)).toMatchObject({
      initial: 5_000n * BigInt(MICRO),
      bareMaintenance: 3_000n * BigInt(MICRO),
      variation: 0n,
    });
    nextMark(market, 99_000);
    expect(excessOf(state, long)).toEqual({
      initial: BigInt(Math.round((100_000 - 35 - 1_000 - 4_950) * MICRO)),
      maintenance: BigInt(Math.round((100_000 - 35 - 1_000 - 2_970) * MICRO)),
      bare: BigInt(Math.round((100_000 - 35 - 1_000 - 2_970) * MICRO)),
    });
    expect(markValueOf(state, short)).toBe(BigInt(Math.round((100_000 - 5 + 1_000) * MICRO)));
    // Gains do not leave, losses stay back.
    expect(withdrawable(state, market.context, short)).toBe(
      BigInt(Math.round((100_000 - 5 - 4_950) * MICRO)),
    );
    expect(withdrawable(state, market.context, long)).toBe(
      BigInt(Math.round((100_000 - 35 - 1_000 - 4_950) * MICRO)),
    );
  });

  test('opposite instruments need 2 % of what they pair', () => {
    const market = linearMarket();
    const { state, perpetual, future } = market;
    const hedged = fundedPortfolio(state, 1, 100_000n);
    const other = fundedPortfolio(state, 2, 100_000n);
    cross(market, hedged, other, { instrument: perpetual, usd: 100_000, lots: 1_000 });
    cross(market, other, hedged, { instrument: future, usd: 100_000, lots: 1_000 });
    expect(accountMargin(state, hedged)).toMatchObject({
      initial: 2_000n * BigInt(MICRO),
      bareMaintenance: 1_200n * BigInt(MICRO),
    });
    expect(linearPositionsOf(state, hedged).map(({ lots }) => lots)).toEqual([1_000, -1_000]);
  });

  test('an order is refused where its worst fill is not covered, and closing is allowed', () => {
    const market = linearMarket();
    const { state, perpetual: instrument } = market;
    const poor = fundedPortfolio(state, 1, 5_100n);
    const rich = fundedPortfolio(state, 2, 1_000_000n);
    // 1.03 coins need $5,150 of which $5,100 is there; a fee comes on top.
    const tooMuch = trade(market, poor, { instrument, side: 'buy', usd: 100_000, lots: 1_030 });
    expect(tooMuch).toMatchObject({ ok: false, error: { code: 'insufficient_margin' } });
    cross(market, poor, rich, { instrument, usd: 100_000, lots: 1_000 });
    nextMark(market, 98_000);
    // $3,065 left beside a requirement of $4,900: it may close, but not add.
    trade(market, rich, { instrument, side: 'sell', usd: 98_000, lots: 100 });
    const added = trade(market, poor, { instrument, side: 'buy', usd: 98_000, lots: 100 });
    expect(added).toMatchObject({ ok: false, error: { code: 'insufficient_margin' } });
    trade(market, rich, { instrument, side: 'buy', usd: 97_990, lots: 1_000 });
    const closed = trade(market, poor, { instrument, side: 'sell', usd: 97_990, lots: 1_000 });
    expect(closed).toMatchObject({ ok: true });
    expect(moneyProblems(state)).toEqual([]);
  });

  test('orders that margin supports no more are cancelled, those that reduce stay', () => {
    const market = linearMarket();
    const { state, perpetual, future } = market;
    const holder = fundedPortfolio(state, 1, 9_000n);
    const other = fundedPortfolio(state, 2, 1_000_000n);
    cross(market, holder, other, { instrument: perpetual, usd: 100_000, lots: 1_000 });
    const place = (instrument: InstrumentId, side: 'buy' | 'sell', usd: number, lots: number) =>
      orderIdOf(trade(market, holder, { instrument, side, usd, lots }));
    const adds = place(perpetual, 'buy', 95_900, 500);
    const addsLess = place(future, 'buy', 95_900, 10);
    const reduces = place(perpetual, 'sell', 104_000, 900);
    const turns = place(future, 'sell', 104_000, 1_200);
    // $4,965 are left. At worst 1.51 coins are unpaired, $4,349, and 1.19 coins of pairs need $685.
    nextMark(market, 96_000);
    cancelUnsupportedOrders(state, market.context);
    const open = [adds, addsLess, reduces, turns].map((id) => state.orders.has(id));
    // 900 lots sold leave 100; the future's 1,200 beside them would turn the account short by more.
    expect(open).toEqual([false, false, true, false]);
  });

  test('gains buy no options: premium is paid in cash', () => {
    const market = linearMarket();
    const { state, perpetual: instrument, call } = market;
    const holder = fundedPortfolio(state, 1, 6_000n);
    const other = fundedPortfolio(state, 2, 1_000_000n);
    cross(market, holder, other, { instrument, usd: 100_000, lots: 1_000 });
    nextMark(market, 104_000);
    const mark = state.derived.marks.byInstrument.get(call)?.price ?? 0;
    const usd = Math.ceil(mark / MICRO) + 1;
    const lots = Math.ceil((6_500 / usd) * 100);
    const bought = trade(market, holder, { instrument: call, side: 'buy', usd, lots });
    expect(bought).toMatchObject({ ok: false, error: { code: 'insufficient_cash' } });
  });
});
