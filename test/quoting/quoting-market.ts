/** A marked market with a maker and a taker, and the actions of makers on it. */

import { SIDE } from '../../runtime/actions/order-terms.ts';
import type { ProtectionLimits } from '../../runtime/actions/quoting.ts';
import type { Result } from '../../runtime/core/result.ts';
import {
  type InstrumentId,
  type PortfolioId,
  portfolioSubAccount,
  priceTicks,
  sizeLots,
} from '../../runtime/core/units.ts';
import { type Refusal, type RuntimeErrorCode, runtimeErrorCode } from '../../runtime/error.ts';
import { EVENT, type Event } from '../../runtime/event.ts';
import { massQuote } from '../../runtime/quoting/mass-quote.ts';
import type { Protection } from '../../runtime/quoting/protection.ts';
import { quoteOn } from '../../runtime/quoting/quote-index.ts';
import { setProtection } from '../../runtime/quoting/set-protection.ts';
import { ACTION_RESULT, type ActionResult, type MassQuoteResult } from '../../runtime/receipt.ts';
import { protectionKey } from '../../runtime/state/state.ts';
import { BTC, fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { accountOf, type Market, place, seriesNamed, testMarket } from '../matching/market.ts';

export type QuotingMarket = {
  readonly market: Market;
  readonly maker: PortfolioId;
  readonly taker: PortfolioId;
  readonly call: InstrumentId;
  readonly put: InstrumentId;
  /** Mark of the call and of the put in ticks, rounded down. */
  readonly callMark: number;
  readonly putMark: number;
};

/** The mark of a series in ticks of $1. */
export function markOf(market: Market, instrument: InstrumentId): number {
  const mark = market.state.derived.marks.byInstrument.get(instrument);
  if (mark === undefined) throw new Error(`no mark of ${instrument}`);
  return Math.floor(mark.price / MICRO);
}

export function quotingMarket(): QuotingMarket {
  const market = testMarket();
  const call = seriesNamed(market, 'near100000C');
  const put = seriesNamed(market, 'near90000P');
  return {
    market,
    maker: fundedPortfolio(market.state, 0, 10_000_000n),
    taker: fundedPortfolio(market.state, 1, 10_000_000n),
    call,
    put,
    callMark: markOf(market, call),
    putMark: markOf(market, put),
  };
}

/** [price, lots], or nothing on that side. */
export type QuoteSide = readonly [price: number, lots: number] | undefined;
export type TestQuote = {
  readonly instrument: InstrumentId;
  readonly bid?: QuoteSide;
  readonly ask?: QuoteSide;
};

/** Quotes as `portfolio`. */
export function quote(
  market: Market,
  portfolio: PortfolioId,
  ...quotes: readonly TestQuote[]
): Result<ActionResult, Refusal> {
  return massQuote(market.state, market.context, accountOf(portfolio), {
    subAccount: portfolioSubAccount(portfolio),
    quotes: quotes.map(({ instrument, bid = [0, 0], ask = [0, 0] }) => ({
      instrument,
      bidPrice: priceTicks(bid[0]),
      bidSize: sizeLots(bid[1]),
      askPrice: priceTicks(ask[0]),
      askSize: sizeLots(ask[1]),
    })),
  });
}

/** The counts and refusals of a mass quote, refusals as `entry side code`. */
export function outcomeOf(result: Result<ActionResult, Refusal>): {
  readonly placed: number;
  readonly kept: number;
  readonly withdrawn: number;
  readonly refused: readonly string[];
} {
  const value = quotedOf(result);
  const refused = value.refused.map(({ entry, side, number }) => {
    const code: RuntimeErrorCode | undefined = runtimeErrorCode(number);
    return `${entry} ${side === SIDE.buy ? 'bid' : 'ask'} ${code}`;
  });
  return { placed: value.placed, kept: value.kept, withdrawn: value.withdrawn, refused };
}

function quotedOf(result: Result<ActionResult, Refusal>): MassQuoteResult {
  if (!result.ok || result.value.selector !== ACTION_RESULT.massQuoted) {
    throw new Error(`no mass quote: ${result.ok ? result.value.selector : result.error.code}`);
  }
  return result.value.value;
}

/** The maker's quote in the book: `[price, lots]` of each side. */
export function standing(
  market: Market,
  portfolio: PortfolioId,
  instrument: InstrumentId,
): { readonly bid: QuoteSide; readonly ask: QuoteSide } {
  const pair = quoteOn(market.state, portfolio, instrument);
  const side = (order: { price: number; remaining: number } | undefined): QuoteSide =>
    order === undefined ? undefined : [order.price, order.remaining];
  return { bid: side(pair?.bid), ask: side(pair?.ask) };
}

export const NO_LIMITS: ProtectionLimits = {
  windowMs: 10_000,
  frozenMs: 0,
  quantityLimit: 0,
  deltaLimit: 0,
  vegaLimit: 0,
  fillsLimit: 0,
};

/** Sets a protection on BTC. */
export function protect(
  market: Market,
  portfolio: PortfolioId,
  limits: Partial<ProtectionLimits>,
): Result<ActionResult, Refusal> {
  return setProtection(market.state, market.context, accountOf(portfolio), {
    ...NO_LIMITS,
    ...limits,
    subAccount: portfolioSubAccount(portfolio),
    underlying: BTC.id,
  });
}

export function protectionOf(market: Market, portfolio: PortfolioId): Protection {
  return market.state.protections.must(protectionKey.pack(portfolio, BTC.id));
}

/** Takes from the book; the lots that were filled. */
export function take(
  market: Market,
  portfolio: PortfolioId,
  order: {
    readonly instrument: InstrumentId;
    readonly side: 'buy' | 'sell';
    readonly price: number;
    readonly lots: number;
  },
): number {
  const result = place(market, portfolio, { ...order, ioc: true });
  if (!result.ok || result.value.selector !== ACTION_RESULT.order) {
    throw new Error(`not taken: ${result.ok ? '' : result.error.code}`);
  }
  return result.value.value.filledLots;
}

/** Reasons with which orders were closed, in order. */
export function closings(events: readonly Event[]): number[] {
  return events.flatMap((event) =>
    event.selector === EVENT.orderClosed ? [event.value.reason] : [],
  );
}
