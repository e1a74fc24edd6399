/** Requests for quote: what is asked, who may answer, which quote is taken, and what is paid. */
import { describe, expect, test } from 'vitest';
import { QUOTE_SIDES } from '../../runtime/actions/multileg.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import {
  instrumentId,
  orderId,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { conservationProblems, mint } from '../../runtime/ledger/ledger.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { acceptQuote } from '../../runtime/multileg/accept-quote.ts';
import { cancelQuotes } from '../../runtime/multileg/cancel-quotes.ts';
import { QUOTE_END } from '../../runtime/multileg/events.ts';
import { expireQuotes } from '../../runtime/multileg/expire-quotes.ts';
import { quoteRequest } from '../../runtime/multileg/quote-request.ts';
import { requestForQuote } from '../../runtime/multileg/request-for-quote.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { nextBlock } from '../fixtures/state.ts';
import { advance, codeOf, markAt, seriesNamed } from '../matching/market.ts';
import {
  answer,
  ask,
  desk,
  expectPrecedence,
  legsOf,
  MAIN,
  netAtMarks,
  numberOf,
  trader,
  usdOf,
} from './desk.ts';

const SPREAD = { near100000C: 10, near110000C: -10 };

describe('requestForQuote', () => {
  test('opens a row that lives for ten seconds', () => {
    const market = desk();
    const legs = legsOf(market, SPREAD);
    const id = numberOf(ask(market, market.taker, legs, 3));
    expect(market.state.quoteRequests.must(id)).toEqual({
      id,
      portfolio: market.taker.portfolio,
      legs,
      units: 3,
      placedAt: market.context.timestamp,
      expiresAt: market.context.timestamp + 10_000,
    });
    expect(market.context.events.at(-1)?.selector).toBe(EVENT.quoteRequested);
  });

  test('refuses in order', () => {
    const market = desk();
    const { state, taker } = market;
    const combo = instrumentId(900);
    const known = state.instruments.must(seriesNamed(market, 'near100000C'));
    state.instruments.set(combo, { ...known, id: combo, kind: 4 });
    const expired = instrumentId(901);
    state.instruments.set(expired, { ...known, id: expired, state: 1 });
    const ether = instrumentId(902);
    state.instruments.set(ether, { ...known, id: ether, underlying: 2 as typeof known.underlying });
    const unmarked = instrumentId(903);
    state.instruments.set(unmarked, { ...known, id: unmarked });
    for (let i = 0; i < 16; i++) ask(market, market.maker, legsOf(market, SPREAD));
    expectPrecedence(
      [
        'legs_not_ascending',
        'unknown_instrument',
        'not_a_series',
        'instrument_not_open',
        'bad_side',
        'mixed_underlyings',
        'no_mark',
        'bad_quote_expiry',
        'too_many_requests',
      ],
      (has) => {
        const legs = legsOf(market, SPREAD);
        const [first] = legs;
        if (first === undefined) throw new Error('no leg');
        const leg = (instrument: number) => ({ ...first, instrument: instrumentId(instrument) });
        // Leg by leg: each fault stands in a leg of its own, the earlier fault in the earlier leg.
        if (has('bad_side'))
          legs.splice(1, 1, { ...leg(known.id + 1), side: 2 as typeof first.side });
        if (has('instrument_not_open')) legs.splice(0, 1, leg(1), leg(expired));
        if (has('instrument_not_open')) legs.splice(0, legs.length, leg(1), leg(expired));
        if (has('not_a_series')) legs.splice(0, legs.length, leg(combo), leg(expired));
        if (has('unknown_instrument')) legs.splice(0, legs.length, leg(800), leg(combo));
        if (has('legs_not_ascending')) legs.splice(0, legs.length, leg(800), leg(800));
        if (legs.every(({ side, instrument }) => side < 2 && instrument < 800)) {
          if (has('mixed_underlyings')) legs.push(leg(ether));
          if (has('no_mark')) legs.push(leg(unmarked));
        }
        const who = has('too_many_requests') ? market.maker : taker;
        const expiresAt = market.context.timestamp + (has('bad_quote_expiry') ? 10_001 : 10_000);
        const units = sizeLots(1);
        return codeOf(
          requestForQuote(state, market.context, who.account, {
            subAccount: MAIN,
            legs,
            units,
            expiresAt: timestampMs(expiresAt),
          }),
        );
      },
    );
    const legs = legsOf(market, { near100000C: 1 });
    const none = [{ ...legs[0], lots: sizeLots(0) }] as typeof legs;
    expect(codeOf(ask(market, taker, none))).toBe('bad_size');
    expect(codeOf(ask(market, taker, legs, 0))).toBe('bad_size');
    expect(codeOf(ask(market, taker, legs, 1_000_000_001))).toBe('bad_size');
  });

  test('is bounded for each account', () => {
    const market = desk();
    const legs = legsOf(market, SPREAD);
    for (let i = 0; i < 16; i++) expect(codeOf(ask(market, market.taker, legs))).toBe('ok');
    expect(codeOf(ask(market, market.taker, legs))).toBe('too_many_requests');
    expect(codeOf(ask(market, market.other, legs))).toBe('ok');
  });
});

describe('quoteRequest', () => {
  test('replaces the last quote of the portfolio', () => {
    const market = desk();
    const { state, maker, taker } = market;
    const legs = legsOf(market, SPREAD);
    const mark = netAtMarks(market, legs);
    const request = numberOf(ask(market, taker, legs));
    const first = numberOf(answer(market, maker, { request, ask: mark + 5n }));
    const second = numberOf(answer(market, maker, { request, bid: mark - 5n, ask: mark + 4n }));
    expect([...state.requestQuotes.sortedKeys()]).toEqual([second]);
    expect(market.context.events.at(-2)).toEqual({
      selector: EVENT.quoteClosed,
      value: { id: first, reason: QUOTE_END.replaced },
    });
  });

  test('refuses in order', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const poor = trader(market, 'poor', 10n);
    const legs = legsOf(market, { near100000C: -10 });
    const mark = netAtMarks(market, legs);
    const request = numberOf(ask(market, taker, legs, 5));
    expectPrecedence(
      [
        'unknown_request',
        'own_request',
        'bad_quote',
        'bad_size',
        'bad_quote_expiry',
        'net_band',
        'insufficient_cash',
      ],
      (has) => {
        const who = has('own_request') ? taker : has('insufficient_cash') ? poor : maker;
        // The requester sells a call, so a maker that bids for the structure sells it the premium.
        const outside = has('net_band') ? 1_000_000_000_000n : 0n;
        return codeOf(
          quoteRequest(state, market.context, who.account, {
            subAccount: MAIN,
            request: has('unknown_request') ? orderId(99) : request,
            sides: has('bad_quote') ? QUOTE_SIDES.both : QUOTE_SIDES.ask,
            bid: has('bad_quote') ? mark + outside : 0n,
            ask: mark + outside,
            units: sizeLots(has('bad_size') ? 6 : 5),
            expiresAt: timestampMs(market.context.timestamp + (has('bad_quote_expiry') ? 0 : 1)),
          }),
        );
      },
    );
    advance(market);
    market.context = {
      ...market.context,
      timestamp: timestampMs(market.context.timestamp + 9_000),
    };
    const late = answer(market, maker, { request, ask: mark });
    expect(codeOf(late)).toBe('no_mark');
  });

  test('is bounded for each request', () => {
    const market = desk();
    const legs = legsOf(market, SPREAD);
    const mark = netAtMarks(market, legs);
    const request = numberOf(ask(market, market.taker, legs));
    for (let i = 0; i < 64; i++) {
      const who = trader(market, `maker ${i}`, 100_000n);
      expect(codeOf(answer(market, who, { request, ask: mark }))).toBe('ok');
    }
    expect(codeOf(answer(market, market.maker, { request, ask: mark }))).toBe('too_many_quotes');
  });
});

describe('acceptQuote', () => {
  test('takes the best price, then the earliest, and pays it to the micro-USD', () => {
    const market = desk();
    const { state, taker, maker, other } = market;
    const third = trader(market, 'third', 1_000_000n);
    const legs = legsOf(market, SPREAD);
    const mark = netAtMarks(market, legs);
    const request = numberOf(ask(market, taker, legs, 2));
    answer(market, third, { request, ask: mark + 8n, units: 2 });
    const best = numberOf(answer(market, maker, { request, ask: mark + 7n, units: 2 }));
    answer(market, other, { request, ask: mark + 7n, units: 2 });
    // Better, but not for both units.
    answer(market, trader(market, 'small', 1_000_000n), { request, ask: mark + 1n, units: 1 });
    const before = [taker, maker, other].map((who) => usdOf(state, who));
    const accepted = acceptQuote(state, market.context, taker.account, {
      request,
      side: SIDE.buy,
      limit: mark + 7n,
      units: sizeLots(2),
    });
    if (!accepted.ok) throw new Error(accepted.error.code);
    expect(accepted.value.selector).toBe(ACTION_RESULT.legsTraded);
    const { fee } = accepted.value.value as { fee: bigint };
    expect(accepted.value.value).toEqual({
      reference: best,
      counterparty: maker.portfolio,
      cash: -2n * (mark + 7n),
      fee,
    });
    const after = [taker, maker, other].map((who) => usdOf(state, who));
    const trades = market.context.events.flatMap((event) =>
      event.selector === EVENT.legTrade ? [event.value] : [],
    );
    const makerFees = trades.reduce((sum, { makerFee }) => sum + makerFee, 0n);
    expect(after.map((cash, i) => cash - (before[i] ?? 0n))).toEqual([
      -2n * (mark + 7n) - fee,
      2n * (mark + 7n) - makerFees,
      0n,
    ]);
    const lots = (who: typeof taker) =>
      legs.map(({ instrument }) => positionOf(state, who.portfolio, instrument));
    expect([lots(taker), lots(maker)]).toEqual([
      [20, -20],
      [-20, 20],
    ]);
    expect([state.quoteRequests.size, state.requestQuotes.size]).toEqual([0, 0]);
    expect(conservationProblems(state)).toEqual([]);
  });

  test('passes over a maker that cannot carry it any more', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const legs = legsOf(market, { near100000C: 10 });
    const mark = netAtMarks(market, legs);
    const thin = trader(market, 'thin', 2_500n);
    const first = numberOf(ask(market, taker, legs));
    const second = numberOf(ask(market, taker, legs));
    for (const request of [first, second]) {
      expect(codeOf(answer(market, thin, { request, ask: mark + 1n }))).toBe('ok');
      expect(codeOf(answer(market, maker, { request, ask: mark + 2n }))).toBe('ok');
    }
    const took: unknown[] = [];
    for (const request of [first, second]) {
      const accepted = acceptQuote(state, market.context, taker.account, {
        request,
        side: SIDE.buy,
        limit: mark + 2n,
        units: sizeLots(1),
      });
      if (accepted.ok) took.push(Reflect.get(accepted.value.value, 'counterparty'));
    }
    // One short call fits into $2,500, two do not.
    expect(took).toEqual([thin.portfolio, maker.portfolio]);
  });

  test('refuses in order', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const poor = trader(market, 'poor', 10n);
    const legs = legsOf(market, { near100000C: 10 });
    const mark = netAtMarks(market, legs);
    const request = numberOf(ask(market, poor, legs));
    answer(market, maker, { request, ask: mark });
    expectPrecedence(
      ['unknown_request', 'not_owner', 'bad_side', 'bad_size', 'no_quote', 'insufficient_cash'],
      (has) => {
        if (!has('insufficient_cash')) mint(state, poor.portfolio, DENOMINATION.usd, 10n ** 11n);
        return codeOf(
          acceptQuote(state, market.context, (has('not_owner') ? taker : poor).account, {
            request: has('unknown_request') ? orderId(99) : request,
            side: has('bad_side') ? (2 as 0) : SIDE.buy,
            units: sizeLots(has('bad_size') ? 2 : 1),
            limit: has('no_quote') ? mark - 1n : mark,
          }),
        );
      },
    );
  });

  test('does not trade a quote that the marks have left behind', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const legs = legsOf(market, { near100000C: 10 });
    const mark = netAtMarks(market, legs);
    const request = numberOf(ask(market, taker, legs));
    answer(market, maker, { request, ask: mark });
    advance(market);
    markAt(market, 130_000);
    const action = { request, side: SIDE.buy, limit: mark, units: sizeLots(1) };
    expect(codeOf(acceptQuote(state, market.context, taker.account, action))).toBe('no_quote');
  });
});

describe('the life of requests and quotes', () => {
  test('ends at the expiry, and not before', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const legs = legsOf(market, SPREAD);
    const mark = netAtMarks(market, legs);
    const request = numberOf(ask(market, taker, legs));
    answer(market, maker, { request, ask: mark });
    expireQuotes(state, nextBlock(state, 9_999));
    expect([state.quoteRequests.size, state.requestQuotes.size]).toEqual([1, 1]);
    const context = nextBlock(state, 1);
    expireQuotes(state, context);
    expect([state.quoteRequests.size, state.requestQuotes.size]).toEqual([0, 0]);
    expect(context.events.map(({ value }) => Reflect.get(value, 'reason'))).toEqual([
      QUOTE_END.expired,
      QUOTE_END.expired,
    ]);
  });

  test('ends when it is withdrawn: one request, or all of a sub-account', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const legs = legsOf(market, SPREAD);
    const mark = netAtMarks(market, legs);
    const [first, second] = [0, 1].map(() => numberOf(ask(market, taker, legs)));
    if (first === undefined || second === undefined) throw new Error('two requests');
    for (const request of [first, second]) answer(market, maker, { request, ask: mark });
    const cancel = (who: typeof taker, request: number, sub = 0) => {
      const action = { subAccount: subAccount(sub), request: orderId(request) };
      const result = cancelQuotes(state, market.context, who.account, action);
      return result.ok ? Reflect.get(result.value.value, 'cancelled') : result.error.code;
    };
    expect(cancel(maker, 0, 1)).toBe(0);
    expect(cancel(maker, first)).toBe(1);
    expect(cancel(maker, 0)).toBe(1);
    expect([state.quoteRequests.size, state.requestQuotes.size]).toEqual([2, 0]);
    answer(market, maker, { request: second, ask: mark });
    expect(cancel(taker, second)).toBe(1);
    expect([state.quoteRequests.size, state.requestQuotes.size]).toEqual([1, 0]);
  });
});
