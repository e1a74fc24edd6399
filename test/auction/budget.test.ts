/** What auctions may cost a block: how often they publish, how many books end at a time. */
import { expect, test } from 'vitest';
import { changeState } from '../../runtime/auction/change-state.ts';
import { clearBatches } from '../../runtime/auction/clear-batches.ts';
import { updateInstrumentStates } from '../../runtime/auction/update-instrument-states.ts';
import {
  type InstrumentId,
  orderId,
  type PortfolioId,
  priceTicks,
  timestampMs,
} from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { MAX_CLEARED_ORDERS_PER_BLOCK, MAX_INDICATIVE_ORDERS } from '../../runtime/limits.ts';
import { enterBook } from '../../runtime/matching/rest-order.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { fundedPortfolio, reloaded } from '../fixtures/state.ts';
import { advance, type Market, markAt, seriesNamed, testMarket } from '../matching/market.ts';
import { orderIn } from '../matching/resting.ts';

/** A market with two series in auction until 30 s ahead. */
function collecting(): { readonly market: Market; readonly series: readonly InstrumentId[] } {
  const market = testMarket();
  const series = [seriesNamed(market, 'near100000C'), seriesNamed(market, 'near100000P')];
  const until = timestampMs(market.context.timestamp + 30_000);
  for (const id of series) {
    const instrument = market.state.instruments.must(id);
    const phase = { until, isOpening: true, extended: false };
    changeState(market.state, market.context, instrument, INSTRUMENT_STATE.auction, phase);
  }
  return { market, series };
}

/** Lets an order of a lot rest, at the mark. */
function rest(market: Market, id: InstrumentId, who: PortfolioId, side: 'buy' | 'sell'): void {
  const { state } = market;
  const meta = metaOf(state);
  const price = priceTicks(
    Math.floor((state.derived.marks.byInstrument.get(id)?.price ?? 0) / 1e6),
  );
  const number = meta.nextOrderId;
  meta.nextOrderId = orderId(number + 1);
  enterBook(state, orderIn({ id: number, portfolio: who, instrument: id, side, price }));
}

function publishedIn(market: Market): InstrumentId[] {
  clearBatches(market.state, market.context);
  return market.context.events.flatMap(({ selector, value }) =>
    selector === EVENT.auctionIndicative ? [value.instrument] : [],
  );
}

test('a series publishes at once, then at most once a second, and what changed last is published', () => {
  const { market, series } = collecting();
  const [call] = series;
  if (call === undefined) throw new Error('no series');
  const buyer = fundedPortfolio(market.state, 1, 1_000_000n);
  const published: number[] = [];
  for (let block = 0; block < 6; block++) {
    // Every 500 ms, the book changes in the first four; a node that reloads in between agrees.
    if (block < 4) rest(market, call, buyer, 'buy');
    const other = { ...market, state: reloaded(market.state) };
    for (const id of market.state.derived.auctions.changed) {
      other.state.derived.auctions.changed.add(id);
    }
    other.context = { ...market.context, events: [] };
    const here = publishedIn(market);
    expect(publishedIn(other)).toEqual(here);
    if (here.length > 0) published.push(block);
    advance(market);
  }
  expect(published).toEqual([0, 2, 4]);
  advance(market);
  publishedIn(market);
  expect(market.state.indicatives.size).toBe(0);
});

test('series beyond the orders of a block publish in the next; a great book waits longer', () => {
  const { market, series } = collecting();
  const [first, second] = series;
  if (first === undefined || second === undefined) throw new Error('no series');
  const buyer = fundedPortfolio(market.state, 1, 1_000_000n);
  const seller = fundedPortfolio(market.state, 2, 1_000_000n);
  rest(market, first, seller, 'sell');
  for (let i = 0; i < MAX_INDICATIVE_ORDERS; i++) rest(market, first, buyer, 'buy');
  rest(market, second, buyer, 'buy');
  expect(publishedIn(market)).toEqual([first]);
  advance(market);
  rest(market, first, buyer, 'buy');
  expect(publishedIn(market)).toEqual([second]);
  advance(market);
  // One second after its first; with 5,001 crossing orders it is due every two.
  expect(publishedIn(market)).toEqual([]);
  advance(market);
  advance(market);
  expect(publishedIn(market)).toEqual([first]);
});

test('books beyond the orders of a block stay in auction and clear in the next', () => {
  const { market, series } = collecting();
  const [first, second] = series;
  if (first === undefined || second === undefined) throw new Error('no series');
  const { state } = market;
  const buyer = fundedPortfolio(state, 1, 1_000_000n);
  const seller = fundedPortfolio(state, 2, 1_000_000n);
  rest(market, first, seller, 'sell');
  for (let i = 0; i < MAX_CLEARED_ORDERS_PER_BLOCK; i++) rest(market, first, buyer, 'buy');
  rest(market, second, seller, 'sell');
  rest(market, second, buyer, 'buy');
  for (let i = 0; i < 60; i++) advance(market);
  markAt(market, 100_000);
  const cleared = (): InstrumentId[] => {
    updateInstrumentStates(state, market.context, 500);
    return market.context.events.flatMap(({ selector, value }) =>
      selector === EVENT.auctionCleared ? [value.instrument] : [],
    );
  };
  expect(cleared()).toEqual([first]);
  expect(state.instruments.must(second).state).toBe(INSTRUMENT_STATE.auction);
  advance(market);
  expect(cleared()).toEqual([second]);
  expect(state.instruments.must(second).state).toBe(INSTRUMENT_STATE.open);
});
