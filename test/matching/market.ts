/** A marked market for tests of matching and margin: BTC at $100,000, two expiries. */

import {
  POST_ONLY,
  type PostOnly,
  SIDE,
  TIME_IN_FORCE,
} from '../../runtime/actions/order-terms.ts';
import type { PlaceOrder } from '../../runtime/actions/orders.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import type { Result } from '../../runtime/core/result.ts';
import {
  type AccountId,
  type InstrumentId,
  type PortfolioId,
  portfolioAccount,
  portfolioSubAccount,
  priceTicks,
  sizeLots,
  type TimestampMs,
  timestampMs,
} from '../../runtime/core/units.ts';
import type { Refusal, RuntimeErrorCode } from '../../runtime/error.ts';
import { conservationProblems } from '../../runtime/ledger/ledger.ts';
import { refreshExpiry } from '../../runtime/margin/expiry-holding.ts';
import { rebuildPortfolioIndex } from '../../runtime/margin/portfolio-index.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { bestPrice, isEmptyBook, ordersFromBest } from '../../runtime/matching/book.ts';
import { rebuildBooks } from '../../runtime/matching/books.ts';
import { type Order, orderTermsOf } from '../../runtime/matching/order.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import { levelsFromBest, type PriceLevel } from '../../runtime/matching/price-levels.ts';
import { INSTRUMENT_KIND, type InstrumentKind } from '../../runtime/options/instrument.ts';
import { setMarkInputs } from '../../runtime/oracle/update-marks.ts';
import type { ActionResult } from '../../runtime/receipt.ts';
import type { State } from '../../runtime/state/state.ts';
import { addSeries, BTC, MICRO, nextBlock, START, testState } from '../fixtures/state.ts';

const DAY_MS = 24 * 3_600_000;
/** 30 and 60 days ahead. */
export const NEAR: TimestampMs = timestampMs(START + 30 * DAY_MS);
export const FAR: TimestampMs = timestampMs(START + 60 * DAY_MS);

/** Total variance of 50 % a year over 30 days, in 10⁻¹². */
const THETA = 20_547_945_205;

export type Market = {
  readonly state: State;
  context: BlockContext;
  /** Series by name: `near100000C`. */
  readonly series: Readonly<Record<string, InstrumentId>>;
};

/** Marks both expiries at an index in whole dollars, with full confidence unless said. */
export function markAt(market: Market, indexUsd: number, confidenceBps: number = 10_000): void {
  const { state, context } = market;
  const index = indexUsd * MICRO;
  state.indexPrices.set(BTC.id, {
    underlying: BTC.id,
    index,
    confidenceBps,
    updatedAt: context.timestamp,
  });
  for (const [expiry, theta] of [
    [NEAR, THETA],
    [FAR, 2 * THETA],
  ] as const) {
    const values = { index, forward: index, theta, u: 200_000_000, l: 200_000_000 };
    setMarkInputs(
      state,
      context,
      { underlying: BTC.id, expiry },
      { ...values, windowMs: 1_800_000 },
    );
  }
}

/** The next block, half a second later. */
export function advance(market: Market): BlockContext {
  market.context = nextBlock(market.state);
  return market.context;
}

const STRIKES = [80_000, 90_000, 100_000, 110_000, 120_000];

/** A market marked at $100,000: five strikes, calls and puts, in both expiries. */
export function testMarket(): Market {
  const state = testState();
  const context = nextBlock(state);
  const series: Record<string, InstrumentId> = {};
  const kinds: readonly (readonly [string, InstrumentKind])[] = [
    ['C', INSTRUMENT_KIND.call],
    ['P', INSTRUMENT_KIND.put],
  ];
  for (const [name, expiry] of [
    ['near', NEAR],
    ['far', FAR],
  ] as const) {
    for (const strikeUsd of STRIKES) {
      for (const [letter, kind] of kinds) {
        const id = addSeries(state, { underlying: BTC.id, kind, expiry, strikeUsd });
        series[`${name}${strikeUsd}${letter}`] = id;
      }
    }
  }
  const market = { state, context, series };
  markAt(market, 100_000);
  return market;
}

/** The number of a series of the market. */
export function seriesNamed(market: Market, name: string): InstrumentId {
  const id = market.series[name];
  if (id === undefined) throw new Error(`no series ${name}`);
  return id;
}

export function accountOf(portfolio: PortfolioId): AccountId {
  return portfolioAccount(portfolio);
}

/** An order of `portfolio`: GTC, no client order id, unless said. */
export function orderOf(
  portfolio: PortfolioId,
  order: Pick<PlaceOrder, 'instrument'> & {
    readonly side: 'buy' | 'sell';
    readonly price: number;
    readonly lots: number;
    readonly ioc?: true;
    readonly postOnly?: PostOnly;
    readonly clientOrderId?: number;
  },
): PlaceOrder {
  return {
    ...PLAIN_TERMS,
    subAccount: portfolioSubAccount(portfolio),
    instrument: order.instrument,
    side: SIDE[order.side],
    timeInForce: order.ioc ? TIME_IN_FORCE.ioc : TIME_IN_FORCE.gtc,
    postOnly: order.postOnly ?? POST_ONLY.none,
    price: priceTicks(order.price),
    size: sizeLots(order.lots),
    clientOrderId: order.clientOrderId ?? 0,
  };
}

/** Places an order of `portfolio` in the market's block. */
export function place(
  market: Market,
  portfolio: PortfolioId,
  order: Parameters<typeof orderOf>[1],
): Result<ActionResult, Refusal> {
  const action = orderOf(portfolio, order);
  return placeOrder(market.state, market.context, accountOf(portfolio), action);
}

/** The refusal's code, or `ok`. */
export function codeOf(result: Result<ActionResult, Refusal>): RuntimeErrorCode | 'ok' {
  return result.ok ? 'ok' : result.error.code;
}

type BookImage = Record<number, { bids: unknown[]; asks: unknown[] }>;

/** Every book that has an order, as orders in the order in which they trade. */
export function booksImage(state: State): BookImage {
  const image: BookImage = {};
  const ids = [...state.derived.books.byInstrument.keys()].sort((a, b) => a - b);
  for (const id of ids) {
    const book = state.derived.books.byInstrument.get(id);
    if (book === undefined || isEmptyBook(book)) continue;
    const bids = [...ordersFromBest(book.bids)].map(orderTermsOf);
    const asks = [...ordersFromBest(book.asks)].map(orderTermsOf);
    image[id] = { bids, asks };
  }
  return image;
}

/** Everything the tables hold, encoded: equal images are equal states. */
export function tablesImage(state: State): string {
  const rows: string[] = [];
  for (const store of state.stores) {
    for (const [key, value] of store.encodedRows()) {
      rows.push(`${store.name} ${toHex(key)} ${toHex(value)}`);
    }
  }
  return rows.join('\n');
}

/** The portfolio index as text, sums and requirements included, in a fixed order. */
export function portfoliosImage(state: State): string {
  const held = [...state.derived.portfolios.byPortfolio.values()];
  // Sums are made for who needs them: here for all.
  for (const { expiries } of held) {
    for (const expiry of expiries.values()) refreshExpiry(state, expiry);
  }
  const portfolios = held
    .sort((a, b) => a.id - b.id)
    .map(({ id, expiries, clientOrders, openOrders }) => ({
      id,
      margin: accountMargin(state, id),
      openOrders,
      clientOrders: [...clientOrders]
        .map(([own, { id: order }]) => [own, order] as const)
        .sort((a, b) => a[0] - b[0]),
      expiries: [...expiries.values()]
        .sort((a, b) => a.key - b.key)
        .map(({ key, series, isExact }) => ({
          key,
          isExact,
          series: [...series.values()]
            .sort((a, b) => a.instrument - b.instrument)
            .map(({ orders, ...sums }) => ({
              ...sums,
              orders: orders.map(({ id: order }) => order).sort((a, b) => a - b),
            })),
        })),
    }));
  const holders = [...state.derived.portfolios.byExpiry]
    .sort((a, b) => a[0] - b[0])
    .map(([key, ids]) => [key, [...ids].sort((a, b) => a - b)]);
  return JSON.stringify([portfolios, holders], (key, value) =>
    // A mark names its risk, which names the mark.
    key === 'mark' ? value?.markedAt : typeof value === 'bigint' ? `${value}n` : value,
  );
}

function queueOf(level: PriceLevel): Order[] {
  const queue: Order[] = [];
  for (let order = level.head; order !== undefined; order = order.next) queue.push(order);
  return queue;
}

/** What does not hold of the state: money and lots conserved, indexes equal to rebuilt ones. */
export function problemsOf(state: State): string[] {
  const problems = conservationProblems(state);
  for (const [id, { bids, asks }] of state.derived.books.byInstrument) {
    const bid = bestPrice(bids);
    const ask = bestPrice(asks);
    for (const level of [...levelsFromBest(bids), ...levelsFromBest(asks)]) {
      const queue = queueOf(level);
      const lots = queue.reduce((sum, order) => sum + order.remaining, 0);
      if (lots !== level.lots || queue.length !== level.orders) {
        problems.push(`book ${id}: level ${level.price} miscounts its queue`);
      }
    }
    if (bid !== undefined && ask !== undefined && bid >= ask) problems.push(`book ${id} crossed`);
  }
  const books = JSON.stringify(booksImage(state));
  const portfolios = portfoliosImage(state);
  rebuildBooks(state);
  if (books !== JSON.stringify(booksImage(state))) problems.push('books differ from the table');
  rebuildPortfolioIndex(state);
  if (portfolios !== portfoliosImage(state)) problems.push('portfolios differ from the tables');
  return problems;
}
