/** What each instrument state allows, in which order refusals come, and who may change states. */
import { describe, expect, test } from 'vitest';
import { ORDER_TYPE, POST_ONLY, SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { ANY_UNDERLYING, PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import { rebuildAuctionIndex } from '../../runtime/auction/auction-index.ts';
import { changeStatus, NEXT_STATES, setPhase } from '../../runtime/auction/change-state.ts';
import { effectiveState } from '../../runtime/auction/phase.ts';
import { setInstrumentState } from '../../runtime/auction/set-instrument-state.ts';
import { cancelRefusal, stateRefusal } from '../../runtime/auction/state-refusal.ts';
import {
  type InstrumentId,
  instrumentId,
  orderId,
  portfolioAccount,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
  underlyingId,
} from '../../runtime/core/units.ts';
import { amendOrder, reduceOrder } from '../../runtime/matching/amend-order.ts';
import { cancelOrder, cancelOrders } from '../../runtime/matching/cancel-order.ts';
import { linkOrders } from '../../runtime/matching/link-orders.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import {
  INSTRUMENT_STATE,
  type Instrument,
  type InstrumentState,
} from '../../runtime/options/instrument.ts';
import { MATCHING } from '../../runtime/options/underlying.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { BTC, fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { type Market, seriesNamed, testMarket } from '../matching/market.ts';

const { open, expired, settled, pending, auction, postOnly, reduceOnly, halted } = INSTRUMENT_STATE;
const { gtc, ioc, fok, gtt, gfa, gfn } = TIME_IN_FORCE;

type Terms = Pick<PlaceOrder, 'type' | 'timeInForce' | 'postOnly' | 'reduceOnly'>;

const limit = (timeInForce: PlaceOrder['timeInForce']): Terms => ({
  type: ORDER_TYPE.limit,
  timeInForce,
  postOnly: POST_ONLY.none,
  reduceOnly: false,
});
const TERMS = {
  gtc: limit(gtc),
  gtt: limit(gtt),
  ioc: limit(ioc),
  fok: limit(fok),
  gfa: limit(gfa),
  gfn: limit(gfn),
  market: { ...limit(ioc), type: ORDER_TYPE.market },
  postOnly: { ...limit(gtc), postOnly: POST_ONLY.reject },
  reduceOnly: { ...limit(gtc), reduceOnly: true },
} as const;
type TermName = keyof typeof TERMS;
const ALL = Object.keys(TERMS) as TermName[];

function stateOf(market: Market, state: InstrumentState): Instrument {
  const instrument = market.state.instruments.must(seriesNamed(market, 'near100000C'));
  instrument.state = state;
  rebuildAuctionIndex(market.state);
  return instrument;
}

function refusals(market: Market, instrument: Instrument): Record<string, TermName[]> {
  const found: Record<string, TermName[]> = {};
  for (const name of ALL) {
    const refused = stateRefusal(market.state, market.context, instrument, TERMS[name]);
    const code = refused?.code ?? 'allowed';
    found[code] = [...(found[code] ?? []), name];
  }
  return found;
}

/** The table of docs/spec/auctions.md. */
const TABLE: readonly {
  readonly state: InstrumentState;
  readonly name: string;
  readonly refusals: Record<string, readonly TermName[]>;
}[] = [
  {
    state: open,
    name: 'open',
    refusals: {
      allowed: ['gtc', 'gtt', 'ioc', 'fok', 'gfn', 'market', 'postOnly', 'reduceOnly'],
      no_auction: ['gfa'],
    },
  },
  {
    state: auction,
    name: 'auction',
    refusals: {
      allowed: ['gtc', 'gtt', 'gfa', 'market', 'postOnly', 'reduceOnly'],
      not_in_auction: ['ioc', 'fok', 'gfn'],
    },
  },
  {
    state: postOnly,
    name: 'postOnly',
    refusals: {
      allowed: ['postOnly'],
      post_only_required: ['gtc', 'gtt', 'ioc', 'fok', 'gfa', 'gfn', 'market', 'reduceOnly'],
    },
  },
  {
    state: reduceOnly,
    name: 'reduceOnly',
    refusals: {
      allowed: ['reduceOnly'],
      reduce_only_required: ['gtc', 'gtt', 'ioc', 'fok', 'gfa', 'gfn', 'market', 'postOnly'],
    },
  },
  { state: pending, name: 'pending', refusals: { instrument_not_open: ALL } },
  { state: halted, name: 'halted', refusals: { instrument_not_open: ALL } },
  { state: expired, name: 'expired', refusals: { instrument_not_open: ALL } },
  { state: settled, name: 'settled', refusals: { instrument_not_open: ALL } },
];

describe('orders', () => {
  test.each(TABLE)('$name', ({ state, refusals: expected }) => {
    const market = testMarket();
    expect(refusals(market, stateOf(market, state))).toEqual(expected);
  });

  test('batch mode: no FOK, no GFN; IOC and GFA take part in the block', () => {
    const market = testMarket();
    market.state.underlyings.set(BTC.id, { ...BTC, matching: MATCHING.batch });
    expect(refusals(market, stateOf(market, open))).toEqual({
      allowed: ['gtc', 'gtt', 'ioc', 'gfa', 'market', 'postOnly', 'reduceOnly'],
      not_in_auction: ['fok', 'gfn'],
    });
  });

  test('an action must be allowed by the instrument and by its underlying', () => {
    const market = testMarket();
    const instrument = stateOf(market, postOnly);
    const { state, context } = market;
    changeStatus(state, context, BTC.id, { automatic: reduceOnly });
    const { postOnly: makers, reduceOnly: closers } = TERMS;
    expect(stateRefusal(state, context, instrument, makers)?.code).toBe('reduce_only_required');
    expect(stateRefusal(state, context, instrument, closers)?.code).toBe('post_only_required');
    const both = { ...makers, reduceOnly: true };
    expect(stateRefusal(state, context, instrument, both)).toBeUndefined();
    expect(effectiveState(state, instrument)).toBe(reduceOnly);
    changeStatus(state, context, BTC.id, { governed: halted });
    expect(stateRefusal(state, context, instrument, both)?.code).toBe('instrument_not_open');
    expect(effectiveState(state, instrument)).toBe(halted);
  });

  test('refusals of a placed order come after its fields and before its mark', () => {
    const market = testMarket();
    const owner = fundedPortfolio(market.state, 0, 1_000_000n);
    const { state, context } = market;
    const instrument = stateOf(market, open);
    const place = (changes: Partial<PlaceOrder>): string => {
      const placed = placeOrder(state, context, portfolioAccount(owner), {
        ...PLAIN_TERMS,
        subAccount: subAccount(0),
        instrument: instrument.id,
        side: SIDE.buy,
        price: priceTicks(5_000),
        size: sizeLots(1),
        ...changes,
      });
      return placed.ok ? 'ok' : placed.error.code;
    };
    instrument.state = postOnly;
    changeStatus(state, context, BTC.id, { automatic: auction, until: timestampMs(1) });
    // Every fault at once; then one less each time, in the order of precedence.
    const bad = { timeInForce: fok, size: sizeLots(0), instrument: instrumentId(999) };
    expect(place(bad)).toBe('unknown_instrument');
    instrument.state = halted;
    expect(place({ ...bad, instrument: instrument.id })).toBe('instrument_not_open');
    instrument.state = postOnly;
    expect(place({ ...bad, instrument: instrument.id })).toBe('bad_size');
    expect(place({ timeInForce: gfa })).toBe('post_only_required');
    instrument.state = reduceOnly;
    expect(place({ timeInForce: fok })).toBe('reduce_only_required');
    instrument.state = open;
    expect(place({ timeInForce: fok })).toBe('not_in_auction');
    changeStatus(state, context, BTC.id, { automatic: open });
    expect(place({ timeInForce: gfa, price: priceTicks(1) })).toBe('no_auction');
    state.indexPrices.delete(BTC.id);
    expect(place({ price: priceTicks(1) })).toBe('no_mark');
  });
});

describe('cancels', () => {
  function auctionWith(isOpening: boolean): {
    market: Market;
    instrument: Instrument;
    owner: ReturnType<typeof fundedPortfolio>;
  } {
    const market = testMarket();
    const { state, context } = market;
    const instrument = state.instruments.must(seriesNamed(market, 'near100000C'));
    const owner = fundedPortfolio(state, 0, 1_000_000n);
    const mark = state.derived.marks.byInstrument.get(instrument.id)?.price ?? 0;
    placeOrder(state, context, portfolioAccount(owner), {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument: instrument.id,
      side: SIDE.buy,
      price: priceTicks(Math.floor(mark / MICRO)),
      size: sizeLots(5),
    });
    instrument.state = auction;
    setPhase(state, instrument, {
      until: timestampMs(context.timestamp + 1_000),
      isOpening,
      extended: false,
    });
    rebuildAuctionIndex(state);
    return { market, instrument, owner };
  }

  const reference = { subAccount: subAccount(0), orderId: orderId(1), clientOrderId: 0 };
  const filter = {
    subAccount: subAccount(0),
    allSubAccounts: false,
    underlying: ANY_UNDERLYING,
    instrument: instrumentId(0),
    label: 0,
  };

  test('are frozen at the end of an opening auction, by whatever action', () => {
    const { market, owner } = auctionWith(true);
    const { state, context } = market;
    const account = portfolioAccount(owner);
    const orderRow = state.orders.must(orderId(1));
    const code = (result: { ok: boolean; error?: { code: string } }): string =>
      result.ok ? 'ok' : (result.error?.code ?? '');
    const amended = {
      order: reference,
      price: priceTicks(5_000),
      size: sizeLots(9),
      postOnly: 0 as const,
    };
    expect(code(cancelOrder(state, context, account, { orderId: orderId(1) }))).toBe(
      'auction_frozen',
    );
    expect(code(amendOrder(state, context, account, amended))).toBe('auction_frozen');
    expect(
      code(reduceOrder(state, context, account, { order: reference, size: sizeLots(1) })),
    ).toBe('auction_frozen');
    const second = placeOrder(state, context, account, {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument: orderRow.instrument,
      side: SIDE.buy,
      price: orderRow.price,
      size: sizeLots(1),
    });
    expect(second.ok).toBe(true);
    const pair = { first: { ...reference, orderId: orderId(2) }, second: reference };
    expect(code(linkOrders(state, context, account, pair))).toBe('auction_frozen');
    // Who cancels everything is not refused: what is held stays.
    const all = cancelOrders(state, context, account, filter);
    expect(all.ok && all.value).toEqual({
      selector: ACTION_RESULT.cancelled,
      value: { cancelled: 0 },
    });
    expect(state.orders.has(orderId(1))).toBe(true);
    // Before the last second they are not.
    const earlier = { ...context, timestamp: timestampMs(context.timestamp - 1) };
    expect(code(cancelOrder(state, earlier, account, { orderId: orderId(1) }))).toBe('ok');
  });

  test('are never frozen in a restart auction, nor outside of auctions', () => {
    const { market, instrument } = auctionWith(false);
    const { state, context } = market;
    expect(cancelRefusal(state, context, instrument.id)).toBeUndefined();
    for (const other of [open, postOnly, reduceOnly, halted]) {
      instrument.state = other;
      expect(cancelRefusal(state, context, instrument.id)).toBeUndefined();
    }
  });
});

describe('governance', () => {
  function order(market: Market, id: InstrumentId, to: InstrumentState): string {
    const { state, context } = market;
    const done = setInstrumentState(state, context, { kind: 'instrument', instrument: id, to });
    return done.ok ? 'ok' : done.error.code;
  }

  test('errors in order: unknown, bad_state, bad_transition', () => {
    const market = testMarket();
    const { state, context } = market;
    const call = seriesNamed(market, 'near100000C');
    expect(order(market, instrumentId(999), auction)).toBe('unknown_instrument');
    expect(order(market, call, auction)).toBe('bad_state');
    expect(order(market, call, open)).toBe('bad_transition');
    const underlying = (id: number, to: InstrumentState): string => {
      const done = setInstrumentState(state, context, {
        kind: 'underlying',
        underlying: underlyingId(id),
        to,
      });
      return done.ok ? 'ok' : done.error.code;
    };
    expect(underlying(99, expired)).toBe('unknown_underlying');
    expect(underlying(BTC.id, expired)).toBe('bad_state');
    expect(underlying(BTC.id, open)).toBe('bad_transition');
    expect(underlying(BTC.id, halted)).toBe('ok');
  });

  test('every order from every state is as the table of transitions says', () => {
    for (const from of Object.values(INSTRUMENT_STATE)) {
      for (const to of [open, postOnly, reduceOnly, halted]) {
        const market = testMarket();
        const instrument = stateOf(market, from);
        const code = order(market, instrument.id, to);
        // Out of an auction or a halt leads only what clears the book.
        const expected =
          from === pending || from === auction
            ? to === halted
            : from === halted
              ? to === open
              : NEXT_STATES[from].includes(to);
        expect([from, to, code]).toEqual([from, to, expected ? 'ok' : 'bad_transition']);
        if (expected) expect(instrument.state).toBe(to);
      }
    }
  });
});
