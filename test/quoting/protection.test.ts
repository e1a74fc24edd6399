import { describe, expect, test } from 'vitest';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import {
  portfolioId,
  portfolioSubAccount,
  subAccount,
  underlyingId,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, PROTECTION_CHANGE } from '../../runtime/event.ts';
import { MAX_PROTECTION_LIMIT, MAX_PROTECTION_MS } from '../../runtime/limits.ts';
import { openOrdersOf, positionOf } from '../../runtime/margin/portfolio-index.ts';
import { lotGreeks, lotsAllowed, UNTIL_RESET } from '../../runtime/quoting/protection.ts';
import { resetProtection, setProtection } from '../../runtime/quoting/set-protection.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { BTC, fundedPortfolio, nextBlock } from '../fixtures/state.ts';
import {
  accountOf,
  advance,
  codeOf,
  type Market,
  markAt,
  place,
  problemsOf,
  seriesNamed,
} from '../matching/market.ts';
import {
  closings,
  NO_LIMITS,
  outcomeOf,
  protect,
  protectionOf,
  quote,
  quotingMarket,
  standing,
  take,
} from './quoting-market.ts';

/** The next block of a market whose marks are renewed, `elapsedMs` later. */
function later(market: Market, elapsedMs: number): void {
  market.context = nextBlock(market.state, elapsedMs);
  markAt(market, 100_000);
}

function reset(market: Market, maker: number) {
  return resetProtection(market.state, market.context, accountOf(maker as never), {
    subAccount: portfolioSubAccount(maker as never),
    underlying: BTC.id,
  });
}

describe('lotsAllowed', () => {
  const unused = { quantity: 0, delta: 0, vega: 0, fills: 0 };
  const call = { delta: 400_000, vega: 1_000 };
  const put = { delta: -300_000, vega: 1_000 };
  const { buy, sell } = SIDE;
  const rows: readonly [
    name: string,
    limits: object,
    use: object,
    greeks: typeof call,
    side: 0 | 1,
    lots: number,
  ][] = [
    ['no limit', {}, {}, call, buy, Number.MAX_SAFE_INTEGER],
    ['quantity less what was traded', { quantityLimit: 10 }, { quantity: 7 }, call, sell, 3],
    ['quantity met', { quantityLimit: 10 }, { quantity: 10 }, call, buy, 0],
    ['a lower limit set since', { quantityLimit: 5 }, { quantity: 10 }, call, buy, 0],
    ['fills met', { fillsLimit: 2 }, { fills: 2 }, call, buy, 0],
    ['fills left', { fillsLimit: 2, quantityLimit: 4 }, { fills: 1 }, call, buy, 4],
    ['delta of bought calls, rounded down', { deltaLimit: 1_000_000 }, {}, call, buy, 2],
    ['delta of sold calls', { deltaLimit: 1_000_000 }, { delta: -600_000 }, call, sell, 1],
    ['room on the other side', { deltaLimit: 1_000_000 }, { delta: -600_000 }, call, buy, 4],
    ['bought puts are short', { deltaLimit: 600_000 }, { delta: 0 }, put, buy, 2],
    ['sold puts are long', { deltaLimit: 600_000 }, { delta: 300_000 }, put, sell, 1],
    ['one lot is above the limit', { deltaLimit: 399_999 }, {}, call, buy, 0],
    ['vega bought', { vegaLimit: 10_500 }, { vega: 500 }, put, buy, 10],
    ['vega sold', { vegaLimit: 10_500 }, { vega: 500 }, put, sell, 11],
    [
      'no delta, no bound',
      { deltaLimit: 1 },
      {},
      { delta: 0, vega: 0 },
      buy,
      Number.MAX_SAFE_INTEGER,
    ],
    [
      'the least of all',
      { quantityLimit: 9, deltaLimit: 4_000_000, vegaLimit: 3_000 },
      {},
      call,
      buy,
      3,
    ],
  ];
  test.each(rows)('%s', (_name, limits, use, greeks, side, lots) => {
    expect(lotsAllowed({ ...NO_LIMITS, ...limits }, { ...unused, ...use }, greeks, side)).toBe(
      lots,
    );
  });

  test('vega per lot is rounded up', () => {
    const mark = { delta: -5, vega: 1_001 } as Parameters<typeof lotGreeks>[0];
    expect(lotGreeks(mark, 100)).toEqual({ delta: -5, vega: 11 });
    expect(lotGreeks({ ...mark, vega: 1_000 }, 100).vega).toBe(10);
  });
});

describe('a protection', () => {
  test('lets a fill trade exactly to the limit, withdraws all quotes and refuses new ones', () => {
    const { market, maker, taker, call, put, callMark, putMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 10 });
    quote(
      market,
      maker,
      { instrument: call, bid: [callMark - 5, 20], ask: [callMark, 20] },
      { instrument: put, bid: [putMark - 5, 20] },
    );
    const plain = place(market, maker, {
      instrument: put,
      side: 'sell',
      price: putMark + 9,
      lots: 1,
    });
    market.context.events.length = 0;
    expect(take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 15 })).toBe(
      10,
    );
    expect(positionOf(market.state, maker, call)).toBe(-10);
    expect(protectionOf(market, maker)).toMatchObject({ quantity: 10, frozenUntil: UNTIL_RESET });
    expect(closings(market.context.events)).toEqual(Array(3).fill(CLOSE_REASON.protection));
    // The plain order stands: protection is of quotes.
    expect(plain.ok).toBe(true);
    expect(openOrdersOf(market.state, maker)).toHaveLength(1);
    const refused = outcomeOf(quote(market, maker, { instrument: put, bid: [putMark - 5, 1] }));
    expect(refused.refused).toEqual(['0 bid protection_frozen']);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('the taker goes on behind a quote that it exhausts', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    const other = fundedPortfolio(market.state, 2, 1_000_000n);
    protect(market, maker, { quantityLimit: 4 });
    quote(market, maker, { instrument: call, ask: [callMark, 20] });
    quote(market, other, { instrument: call, ask: [callMark, 3] });
    place(market, other, { instrument: call, side: 'sell', price: callMark + 1, lots: 50 });
    const price = callMark + 1;
    expect(take(market, taker, { instrument: call, side: 'buy', price, lots: 12 })).toBe(12);
    expect(positionOf(market.state, maker, call)).toBe(-4);
    expect(positionOf(market.state, other, call)).toBe(-8);
  });

  test('a fill that ends at the limit fires too', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 10 });
    quote(market, maker, { instrument: call, bid: [callMark - 5, 20], ask: [callMark, 10] });
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 10 });
    expect(openOrdersOf(market.state, maker)).toEqual([]);
  });

  test('a quote of which one lot is beyond the limit does not trade, and fires', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { deltaLimit: 1 });
    quote(market, maker, { instrument: call, ask: [callMark, 20] });
    expect(take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 5 })).toBe(
      0,
    );
    expect(protectionOf(market, maker)).toMatchObject({ delta: 0, frozenUntil: UNTIL_RESET });
    expect(openOrdersOf(market.state, maker)).toEqual([]);
  });

  test('counts bought and sold lots alike, over series', () => {
    const { market, maker, taker, call, put, callMark, putMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 10 });
    quote(
      market,
      maker,
      { instrument: call, bid: [callMark - 5, 20] },
      { instrument: put, ask: [putMark, 20] },
    );
    take(market, taker, { instrument: call, side: 'sell', price: callMark - 5, lots: 6 });
    expect(take(market, taker, { instrument: put, side: 'buy', price: putMark, lots: 9 })).toBe(4);
  });

  test('nets delta: a hedged maker is not stopped', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    const delta = market.state.derived.marks.byInstrument.get(call)?.delta ?? 0;
    protect(market, maker, { deltaLimit: 10 * delta });
    quote(market, maker, { instrument: call, bid: [callMark - 5, 90], ask: [callMark, 90] });
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 9 });
    take(market, taker, { instrument: call, side: 'sell', price: callMark - 5, lots: 9 });
    expect(protectionOf(market, maker).delta).toBe(0);
    expect(take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 15 })).toBe(
      10,
    );
    expect(protectionOf(market, maker).delta).toBe(-10 * delta);
  });

  test('counts vega by the mark: bought above 0, sold below', () => {
    const { market, maker, taker, put, putMark } = quotingMarket();
    const mark = market.state.derived.marks.byInstrument.get(put);
    const perLot = Math.ceil((mark?.vega ?? 0) / BTC.optionLotsPerCoin);
    expect(perLot).toBeGreaterThan(0);
    protect(market, maker, { vegaLimit: 3 * perLot + 1 });
    quote(market, maker, { instrument: put, bid: [putMark, 20] });
    expect(take(market, taker, { instrument: put, side: 'sell', price: putMark, lots: 9 })).toBe(3);
    expect(protectionOf(market, maker).vega).toBe(3 * perLot);
  });

  test('counts fills, not lots', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { fillsLimit: 2 });
    quote(market, maker, { instrument: call, ask: [callMark, 50] });
    const buy = { instrument: call, side: 'buy', price: callMark } as const;
    expect(take(market, taker, { ...buy, lots: 20 })).toBe(20);
    expect(standing(market, maker, call).ask).toEqual([callMark, 30]);
    expect(take(market, taker, { ...buy, lots: 1 })).toBe(1);
    expect(standing(market, maker, call).ask).toBeUndefined();
  });

  test('a window starts with the first fill and ends after its length, however much is traded', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 10, windowMs: 4_000 });
    quote(market, maker, { instrument: call, ask: [callMark, 500] });
    const buy = { instrument: call, side: 'buy', price: callMark } as const;
    later(market, 3_000);
    take(market, taker, { ...buy, lots: 4 });
    later(market, 3_999);
    take(market, taker, { ...buy, lots: 5 });
    expect(protectionOf(market, maker).quantity).toBe(9);
    later(market, 1);
    // The window is over: this fill starts another.
    take(market, taker, { ...buy, lots: 9 });
    expect(protectionOf(market, maker)).toMatchObject({ quantity: 9, frozenUntil: 0 });
    later(market, 3_999);
    expect(take(market, taker, { ...buy, lots: 5 })).toBe(1);
  });

  test('a frozen time ends by itself, with a new window', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 5, frozenMs: 2_000, windowMs: 60_000 });
    const ask = { instrument: call, ask: [callMark, 50] } as const;
    quote(market, maker, ask);
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 5 });
    later(market, 1_999);
    expect(outcomeOf(quote(market, maker, ask)).refused).toEqual(['0 ask protection_frozen']);
    later(market, 1);
    expect(outcomeOf(quote(market, maker, ask)).placed).toBe(1);
    expect(take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 9 })).toBe(
      5,
    );
  });

  test('a reset ends a freeze; setting limits does not', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 5 });
    const ask = { instrument: call, ask: [callMark, 50] } as const;
    quote(market, maker, ask);
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 5 });
    protect(market, maker, { quantityLimit: 50 });
    expect(outcomeOf(quote(market, maker, ask)).refused).toEqual(['0 ask protection_frozen']);
    market.context.events.length = 0;
    expect(reset(market, maker)).toEqual({
      ok: true,
      value: { selector: ACTION_RESULT.ruleSet, value: { frozenUntil: 0 } },
    });
    expect(market.context.events).toEqual([
      {
        selector: EVENT.protection,
        value: {
          portfolio: maker,
          underlying: BTC.id,
          change: PROTECTION_CHANGE.reset,
          frozenUntil: 0,
        },
      },
    ]);
    expect(outcomeOf(quote(market, maker, ask)).placed).toBe(1);
  });

  test('a window of 0 takes the protection and its freeze away', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 5 });
    quote(market, maker, { instrument: call, ask: [callMark, 50] });
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 5 });
    protect(market, maker, { windowMs: 0 });
    expect(market.state.protections.size).toBe(0);
    quote(market, maker, { instrument: call, ask: [callMark, 50] });
    expect(take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 50 })).toBe(
      50,
    );
  });

  test('is of one sub-account', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    const second = portfolioId(accountOf(maker), subAccount(1));
    protect(market, second, { quantityLimit: 1 });
    quote(market, maker, { instrument: call, ask: [callMark, 50] });
    expect(take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 9 })).toBe(
      9,
    );
  });

  test('does not count plain orders', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    protect(market, maker, { quantityLimit: 5 });
    place(market, maker, { instrument: call, side: 'sell', price: callMark, lots: 30 });
    expect(take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 30 })).toBe(
      30,
    );
    expect(protectionOf(market, maker).quantity).toBe(0);
  });

  test('a refused taker leaves window and quotes as they were', () => {
    const { market, maker, call, callMark } = quotingMarket();
    const poor = fundedPortfolio(market.state, 4, 10n);
    protect(market, maker, { quantityLimit: 5 });
    quote(market, maker, { instrument: call, ask: [callMark, 50] });
    const order = { instrument: call, side: 'buy', price: callMark, lots: 9 } as const;
    expect(codeOf(place(market, poor, { ...order, ioc: true }))).toBe('insufficient_cash');
    expect(protectionOf(market, maker)).toMatchObject({ quantity: 0, frozenUntil: 0 });
    expect(standing(market, maker, call).ask).toEqual([callMark, 50]);
  });

  test('quotes of another underlying are not touched', () => {
    const { market, maker } = quotingMarket();
    const far = seriesNamed(market, 'far100000C');
    protect(market, maker, { quantityLimit: 1 });
    expect(protectionOf(market, maker).underlying).toBe(
      market.state.instruments.must(far).underlying,
    );
  });
});

describe('refusals of setProtection and resetProtection, in order of precedence', () => {
  const limits = { ...NO_LIMITS, quantityLimit: 1 };
  const rows: readonly [code: string, changes: object][] = [
    ['unknown_underlying', { underlying: underlyingId(99), windowMs: MAX_PROTECTION_MS + 1 }],
    ['bad_protection', { windowMs: MAX_PROTECTION_MS + 1, quantityLimit: 0 }],
    ['bad_protection', { frozenMs: MAX_PROTECTION_MS + 1 }],
    ['bad_protection', { quantityLimit: MAX_PROTECTION_LIMIT + 1 }],
    ['bad_protection', { deltaLimit: MAX_PROTECTION_LIMIT + 1 }],
    ['bad_protection', { vegaLimit: MAX_PROTECTION_LIMIT + 1 }],
    ['bad_protection', { quantityLimit: 0 }],
    ['ok', { windowMs: MAX_PROTECTION_MS, frozenMs: MAX_PROTECTION_MS }],
    ['ok', { deltaLimit: MAX_PROTECTION_LIMIT }],
    ['ok', { windowMs: 0, quantityLimit: 0, frozenMs: MAX_PROTECTION_MS + 1 }],
  ];
  test.each(rows)('setProtection %s', (code, changes) => {
    const { market, maker } = quotingMarket();
    const result = setProtection(market.state, market.context, accountOf(maker), {
      ...limits,
      subAccount: subAccount(0),
      underlying: BTC.id,
      ...changes,
    });
    expect(codeOf(result)).toBe(code);
    expect(market.state.protections.size).toBe(
      code === 'ok' && !('frozenMs' in changes && 'quantityLimit' in changes) ? 1 : 0,
    );
  });

  test('resetProtection', () => {
    const { market, maker } = quotingMarket();
    const unknown = { subAccount: subAccount(0), underlying: underlyingId(99) };
    const account = accountOf(maker);
    expect(codeOf(resetProtection(market.state, market.context, account, unknown))).toBe(
      'unknown_underlying',
    );
    expect(codeOf(reset(market, maker))).toBe('no_protection');
    advance(market);
    protect(market, maker, { quantityLimit: 1 });
    expect(codeOf(reset(market, maker))).toBe('ok');
  });
});
