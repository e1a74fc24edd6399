import { describe, expect, test } from 'vitest';
import { MassQuoteCodec } from '../../runtime/actions/quoting.ts';
import {
  instrumentId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { fundedPortfolio, nextBlock } from '../fixtures/state.ts';
import {
  accountOf,
  advance,
  booksImage,
  codeOf,
  markAt,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
} from '../matching/market.ts';
import {
  closings,
  outcomeOf,
  protect,
  protectionOf,
  type QuotingMarket,
  quote,
  quotingMarket,
  standing,
  take,
} from './quoting-market.ts';

const NOTHING = { placed: 0, kept: 0, withdrawn: 0, refused: [] };

describe('massQuote', () => {
  test('places both sides on several series', () => {
    const { market, maker, call, put, callMark, putMark } = quotingMarket();
    const result = quote(
      market,
      maker,
      { instrument: call, bid: [callMark - 10, 5], ask: [callMark + 10, 7] },
      { instrument: put, ask: [putMark + 3, 2] },
    );
    expect(outcomeOf(result)).toEqual({ ...NOTHING, placed: 3 });
    expect(standing(market, maker, call)).toEqual({
      bid: [callMark - 10, 5],
      ask: [callMark + 10, 7],
    });
    expect(standing(market, maker, put)).toEqual({ bid: undefined, ask: [putMark + 3, 2] });
    for (const order of openOrdersOf(market.state, maker)) {
      expect(order).toMatchObject({ isQuote: true, postOnly: true });
    }
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('a quote replaces the last on its series and no other', () => {
    const { market, maker, call, put, callMark, putMark } = quotingMarket();
    quote(market, maker, { instrument: call, bid: [callMark - 10, 5], ask: [callMark + 10, 5] });
    quote(market, maker, { instrument: put, bid: [putMark - 5, 5] });
    const plain = place(market, maker, {
      instrument: call,
      side: 'buy',
      price: callMark - 50,
      lots: 3,
    });
    expect(plain.ok).toBe(true);
    const result = quote(market, maker, {
      instrument: call,
      bid: [callMark - 8, 6],
      ask: [callMark + 12, 6],
    });
    expect(outcomeOf(result)).toEqual({ ...NOTHING, placed: 2, withdrawn: 2 });
    expect(standing(market, maker, call)).toEqual({
      bid: [callMark - 8, 6],
      ask: [callMark + 12, 6],
    });
    expect(standing(market, maker, put).bid).toEqual([putMark - 5, 5]);
    // Two quotes on the call, one on the put, and the plain order, which is no quote.
    expect(openOrdersOf(market.state, maker)).toHaveLength(4);
    expect(closings(market.context.events)).toEqual([
      CLOSE_REASON.quoteReplaced,
      CLOSE_REASON.quoteReplaced,
    ]);
  });

  test('a quote that moves through its own last one does not meet it', () => {
    const { market, maker, call, callMark } = quotingMarket();
    quote(market, maker, { instrument: call, bid: [callMark - 2, 5], ask: [callMark + 2, 5] });
    const result = quote(market, maker, {
      instrument: call,
      bid: [callMark + 5, 5],
      ask: [callMark + 9, 5],
    });
    expect(outcomeOf(result)).toEqual({ ...NOTHING, placed: 2, withdrawn: 2 });
    expect(standing(market, maker, call).bid).toEqual([callMark + 5, 5]);
  });

  test('the same price and no more lots keeps the place in the queue', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    const other = fundedPortfolio(market.state, 2, 1_000_000n);
    quote(market, maker, { instrument: call, ask: [callMark + 4, 9] });
    quote(market, other, { instrument: call, ask: [callMark + 4, 9] });
    const result = quote(market, maker, { instrument: call, ask: [callMark + 4, 6] });
    expect(outcomeOf(result)).toEqual({ ...NOTHING, kept: 1 });
    take(market, taker, { instrument: call, side: 'buy', price: callMark + 4, lots: 7 });
    expect(standing(market, maker, call).ask).toBeUndefined();
    expect(standing(market, other, call).ask).toEqual([callMark + 4, 8]);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('a quote of the same price and size changes nothing', () => {
    const { market, maker, call, callMark } = quotingMarket();
    const both = { instrument: call, bid: [callMark - 1, 4], ask: [callMark + 1, 4] } as const;
    quote(market, maker, both);
    const before = [tablesImage(market.state), market.context.events.length];
    expect(outcomeOf(quote(market, maker, both))).toEqual({ ...NOTHING, kept: 2 });
    expect([tablesImage(market.state), market.context.events.length]).toEqual(before);
  });

  test('more lots at the same price go to the end of the queue', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    const other = fundedPortfolio(market.state, 2, 1_000_000n);
    quote(market, maker, { instrument: call, bid: [callMark, 5] });
    quote(market, other, { instrument: call, bid: [callMark, 5] });
    expect(outcomeOf(quote(market, maker, { instrument: call, bid: [callMark, 6] }))).toEqual({
      ...NOTHING,
      placed: 1,
      withdrawn: 1,
    });
    take(market, taker, { instrument: call, side: 'sell', price: callMark, lots: 5 });
    expect(standing(market, other, call).bid).toBeUndefined();
    expect(standing(market, maker, call).bid).toEqual([callMark, 6]);
  });

  test('a size of 0 withdraws that side alone', () => {
    const { market, maker, call, callMark } = quotingMarket();
    quote(market, maker, { instrument: call, bid: [callMark - 1, 4], ask: [callMark + 1, 4] });
    const result = quote(market, maker, { instrument: call, bid: [callMark - 1, 4] });
    expect(outcomeOf(result)).toEqual({ ...NOTHING, kept: 1, withdrawn: 1 });
    expect(standing(market, maker, call).ask).toBeUndefined();
    expect(closings(market.context.events)).toEqual([CLOSE_REASON.cancelled]);
    // Nothing to withdraw is no error.
    expect(
      outcomeOf(quote(market, maker, { instrument: seriesNamed(market, 'far100000C') })),
    ).toEqual(NOTHING);
  });

  test('a side that would take slides to just outside', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    place(market, taker, { instrument: call, side: 'sell', price: callMark + 3, lots: 1 });
    place(market, taker, { instrument: call, side: 'buy', price: callMark - 3, lots: 1 });
    quote(market, maker, { instrument: call, bid: [callMark + 5, 2], ask: [callMark + 8, 2] });
    expect(standing(market, maker, call).bid).toEqual([callMark + 2, 2]);
    quote(market, maker, { instrument: call, bid: [callMark - 9, 2], ask: [callMark - 5, 2] });
    expect(standing(market, maker, call).ask).toEqual([callMark - 2, 2]);
    expect(market.context.events.some(({ selector }) => selector === EVENT.trade)).toBe(false);
  });

  test('quotes of two sub-accounts are two quotes', () => {
    const { market, maker, call, callMark } = quotingMarket();
    const second = portfolioId(accountOf(maker), subAccount(1));
    quote(market, maker, { instrument: call, bid: [callMark - 4, 2] });
    quote(market, second, { instrument: call, bid: [callMark - 5, 0] });
    expect(standing(market, maker, call).bid).toEqual([callMark - 4, 2]);
    expect(standing(market, second, call).bid).toBeUndefined();
  });

  test('an order that is partly filled can be quoted down to what is left', () => {
    const { market, maker, taker, call, callMark } = quotingMarket();
    quote(market, maker, { instrument: call, ask: [callMark, 9] });
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 4 });
    expect(outcomeOf(quote(market, maker, { instrument: call, ask: [callMark, 5] })).kept).toBe(1);
    expect(outcomeOf(quote(market, maker, { instrument: call, ask: [callMark, 6] })).placed).toBe(
      1,
    );
    expect(standing(market, maker, call).ask).toEqual([callMark, 6]);
  });
});

describe('refusals of massQuote, in order of precedence', () => {
  test('duplicate_quote refuses the action whole', () => {
    const { market, maker, call, callMark } = quotingMarket();
    quote(market, maker, { instrument: call, bid: [callMark, 1] });
    const before = tablesImage(market.state);
    const unknown = instrumentId(999);
    const result = quote(
      market,
      maker,
      { instrument: unknown, bid: [1, 1] },
      { instrument: unknown, bid: [1, 1] },
    );
    expect(codeOf(result)).toBe('duplicate_quote');
    expect(tablesImage(market.state)).toBe(before);
  });

  type Case = {
    readonly code: string;
    readonly prepare?: (setting: QuotingMarket) => void;
    readonly bid: (setting: QuotingMarket) => readonly [number, number];
    readonly ask?: (setting: QuotingMarket) => readonly [number, number];
    readonly instrument?: number;
  };
  const frozen = ({ market, maker }: QuotingMarket): void => {
    protect(market, maker, { quantityLimit: 1 });
    protectionOf(market, maker).frozenUntil = (market.context.timestamp + 1) as never;
  };
  const closed = ({ market, call }: QuotingMarket): void => {
    market.state.instruments.must(call).state = INSTRUMENT_STATE.expired;
  };
  const stale = ({ market }: QuotingMarket): void => {
    market.context = nextBlock(market.state, 60_000);
  };
  /** Each has what is refused further down too, where that can be. */
  const cases: readonly Case[] = [
    { code: 'unknown_instrument', instrument: 999, bid: () => [0, 1], ask: () => [0, 1] },
    { code: 'crossed_quote', prepare: frozen, bid: () => [7, 1], ask: () => [7, 1] },
    {
      code: 'protection_frozen',
      prepare: (setting) => {
        frozen(setting);
        closed(setting);
      },
      bid: () => [0, 1],
    },
    { code: 'instrument_not_open', prepare: closed, bid: () => [0, 1] },
    { code: 'bad_price', prepare: stale, bid: () => [0, 1] },
    { code: 'no_mark', prepare: stale, bid: () => [1, 1] },
    { code: 'price_band', bid: () => [1, 1_000_000_000] },
    { code: 'position_limit', bid: ({ callMark }) => [callMark, 1_000_000_000] },
    { code: 'insufficient_cash', bid: ({ callMark }) => [callMark, 200_000] },
  ];

  test.each(cases)('$code', ({ code, prepare, bid, ask, instrument }) => {
    const setting = quotingMarket();
    const { market, maker, call } = setting;
    prepare?.(setting);
    const result = quote(market, maker, {
      instrument: instrument === undefined ? call : instrumentId(instrument),
      bid: bid(setting),
      ask: ask?.(setting),
    });
    const refused = [`0 bid ${code}`, ...(ask === undefined ? [] : [`0 ask ${code}`])];
    expect(outcomeOf(result)).toEqual({ ...NOTHING, refused });
  });

  test('insufficient_margin, of one side alone', () => {
    const { market, call, callMark } = quotingMarket();
    const poor = fundedPortfolio(market.state, 3, 1_000n);
    const result = quote(market, poor, {
      instrument: call,
      bid: [callMark - 1, 1],
      ask: [callMark + 1, 100],
    });
    expect(outcomeOf(result)).toEqual({
      ...NOTHING,
      placed: 1,
      refused: ['0 ask insufficient_margin'],
    });
  });

  test('a refused side leaves no old quote behind, the others stand', () => {
    const { market, maker, call, put, callMark, putMark } = quotingMarket();
    quote(
      market,
      maker,
      { instrument: call, bid: [callMark - 1, 4], ask: [callMark + 1, 4] },
      { instrument: put, bid: [putMark - 1, 4] },
    );
    const result = quote(
      market,
      maker,
      { instrument: call, bid: [1, 4], ask: [callMark + 2, 4] },
      { instrument: put, bid: [putMark - 1, 3] },
    );
    expect(outcomeOf(result)).toEqual({
      placed: 1,
      kept: 1,
      withdrawn: 2,
      refused: ['0 bid price_band'],
    });
    expect(standing(market, maker, call)).toEqual({ bid: undefined, ask: [callMark + 2, 4] });
  });

  test('a crossed entry withdraws both of its sides', () => {
    const { market, maker, call, callMark } = quotingMarket();
    quote(market, maker, { instrument: call, bid: [callMark - 1, 4], ask: [callMark + 1, 4] });
    const result = quote(market, maker, {
      instrument: call,
      bid: [callMark + 1, 4],
      ask: [callMark + 1, 4],
    });
    expect(outcomeOf(result)).toMatchObject({ withdrawn: 2, refused: expect.any(Array) });
    expect(openOrdersOf(market.state, maker)).toEqual([]);
  });

  test('a quote to be kept where the band has left it is withdrawn', () => {
    const { market, maker, call, callMark } = quotingMarket();
    quote(market, maker, { instrument: call, bid: [callMark, 4] });
    advance(market);
    markAt(market, 120_000);
    const result = quote(market, maker, { instrument: call, bid: [callMark, 4] });
    expect(outcomeOf(result)).toEqual({
      ...NOTHING,
      withdrawn: 1,
      refused: ['0 bid price_band'],
    });
  });
});

describe('the format of a mass quote', () => {
  const entry = {
    instrument: instrumentId(1),
    bidPrice: priceTicks(1),
    bidSize: sizeLots(1),
    askPrice: priceTicks(2),
    askSize: sizeLots(1),
  };

  test.each([
    [0, false],
    [1, true],
    [100, true],
    [101, false],
  ])('%i entries: %s', (count, isValid) => {
    const value = { subAccount: subAccount(0), quotes: Array.from({ length: count }, () => entry) };
    expect(MassQuoteCodec.problem(value) === undefined).toBe(isValid);
  });

  test('a hundred quotes are placed, replaced and withdrawn in one action each', () => {
    const { market, maker } = quotingMarket();
    const names = Object.keys(market.series);
    const quotes = (offset: number, lots: number) =>
      names.map((name) => {
        const instrument = seriesNamed(market, name);
        const mark = market.state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
        const ticks = Math.floor(mark / 1_000_000);
        return {
          instrument,
          bid: [ticks - offset, lots] as const,
          ask: [ticks + offset, lots] as const,
        };
      });
    const sides = 2 * names.length;
    expect(outcomeOf(quote(market, maker, ...quotes(2, 3)))).toEqual({ ...NOTHING, placed: sides });
    expect(outcomeOf(quote(market, maker, ...quotes(3, 3)))).toEqual({
      ...NOTHING,
      placed: sides,
      withdrawn: sides,
    });
    expect(outcomeOf(quote(market, maker, ...quotes(3, 0)))).toEqual({
      ...NOTHING,
      withdrawn: sides,
    });
    expect(booksImage(market.state)).toEqual({});
  });
});

test('the terms of a quote are those of a post-only order that slides', () => {
  const { market, maker, call, callMark } = quotingMarket();
  quote(market, maker, { instrument: call, bid: [callMark, 4] });
  const [order] = openOrdersOf(market.state, maker);
  expect(order).toMatchObject({
    postOnly: true,
    reduceOnly: false,
    clientOrderId: 0,
    label: 0,
    displaySize: 0,
    size: 4,
    shown: 4,
  });
});
