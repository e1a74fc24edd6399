/**
 * Market-maker protection: limits on what the quotes of one portfolio on one underlying trade in a
 * window; when one is met, every such quote is withdrawn and new ones are refused.
 *
 * Source: design/exchange.md §3; Deribit, "Market Maker Protection". The window starts with the
 * first fill after the one before has ended, and is not prolonged. Counted are fills of quotes alone:
 *
 *   quantity   Σ lots, bought and sold alike
 *   delta      |Σ ± lots × δ|, plus where the maker buys; δ of the mark: calls above 0, puts below
 *   vega       |Σ ± lots × ν|, plus where the maker buys; ν of the mark, per lot rounded up
 *   fills      their number
 *
 * Invariants: within a window, and while the limits stay as they are, quantity and fills do not pass
 * their limits, nor do |delta| and |vega|: the matching engine asks `quoteCapacity` first. A row
 * whose limit is met is frozen and its portfolio has no quote on the underlying.
 */

import { SIDE } from '../actions/order-terms.ts';
import type { ProtectionLimits } from '../actions/quoting.ts';
import { type Codec, container, i64, u8, u32, u64 } from '../core/ssz.ts';
import {
  type PortfolioId,
  type TimestampMs,
  timestampMs,
  type UnderlyingId,
} from '../core/units.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import type { Order } from '../matching/order.ts';
import type { Mark } from '../oracle/marks.ts';
import { metaOf, protectionKey, type State } from '../state/state.ts';

/** A row of the `protections` table, with what the running window has traded. */
export type Protection = {
  readonly portfolio: PortfolioId;
  readonly underlying: UnderlyingId;
  limits: ProtectionLimits;
  /** The window runs before this time; 0: none. */
  windowEndsAt: TimestampMs;
  quantity: number;
  /** Net delta in 10⁻⁶ lots of underlying, and net vega in micro-USD per point of volatility. */
  delta: number;
  vega: number;
  fills: number;
  /** New quotes are refused before this time; 0: not frozen, `UNTIL_RESET`: until reset. */
  frozenUntil: TimestampMs;
};

/** A freeze that only a reset ends. */
export const UNTIL_RESET: TimestampMs = timestampMs(Number.MAX_SAFE_INTEGER);

export const ProtectionLimitsCodec: Codec<ProtectionLimits> = container<ProtectionLimits>(
  'ProtectionLimits',
  {
    windowMs: u32(),
    frozenMs: u32(),
    quantityLimit: u64(),
    deltaLimit: u64(),
    vegaLimit: u64(),
    fillsLimit: u32(),
  },
);

export const ProtectionCodec: Codec<Protection> = container<Protection>('Protection', {
  portfolio: u64<PortfolioId>(),
  underlying: u8<UnderlyingId>(),
  limits: ProtectionLimitsCodec,
  windowEndsAt: u64<TimestampMs>(),
  quantity: u64(),
  delta: i64(),
  vega: i64(),
  fills: u32(),
  frozenUntil: u64<TimestampMs>(),
});

/** What a window has traded. */
export type WindowUse = Pick<Protection, 'quantity' | 'delta' | 'vega' | 'fills'>;

const UNUSED: WindowUse = { quantity: 0, delta: 0, vega: 0, fills: 0 };

/** What one lot adds to net delta and vega when the maker buys it. */
export type LotGreeks = { readonly delta: number; readonly vega: number };

/** Per lot: the mark's delta as it is, its vega divided by the lots of a coin and rounded up. */
export function lotGreeks(mark: Mark, lotsPerCoin: number): LotGreeks {
  // Exact below 2⁵³: the sum is an integer, and a floor of a quotient of integers is too.
  const vega = Math.floor((mark.vega + lotsPerCoin - 1) / lotsPerCoin);
  return { delta: mark.delta, vega };
}

/** Lots of `change` each that keep |net + lots × change| within `limit`, at least 0. */
function lotsWithin(limit: number, net: number, change: number): number {
  if (limit === 0 || change === 0) return Number.MAX_SAFE_INTEGER;
  const room = change > 0 ? limit - net : limit + net;
  return room <= 0 ? 0 : Math.floor(room / Math.abs(change));
}

/** Lots of a quote of `side` that the limits leave, in one fill after `use`. */
export function lotsAllowed(
  limits: ProtectionLimits,
  use: WindowUse,
  greeks: LotGreeks,
  side: Order['side'],
): number {
  const { quantityLimit, deltaLimit, vegaLimit, fillsLimit } = limits;
  if (fillsLimit !== 0 && use.fills >= fillsLimit) return 0;
  const sign = side === SIDE.buy ? 1 : -1;
  const byQuantity =
    quantityLimit === 0 ? Number.MAX_SAFE_INTEGER : Math.max(0, quantityLimit - use.quantity);
  return Math.min(
    byQuantity,
    lotsWithin(deltaLimit, use.delta, sign * greeks.delta),
    lotsWithin(vegaLimit, use.vega, sign * greeks.vega),
  );
}

/**
 * A window's use with one fill more. What no limit bounds is not counted: it could grow beyond what
 * is exact, and nobody reads it.
 */
export function useAfter(
  limits: ProtectionLimits,
  use: WindowUse,
  greeks: LotGreeks,
  { side, lots }: { readonly side: Order['side']; readonly lots: number },
): WindowUse {
  const signed = side === SIDE.buy ? lots : -lots;
  return {
    quantity: limits.quantityLimit === 0 ? use.quantity : use.quantity + lots,
    delta: limits.deltaLimit === 0 ? use.delta : use.delta + signed * greeks.delta,
    vega: limits.vegaLimit === 0 ? use.vega : use.vega + signed * greeks.vega,
    fills: limits.fillsLimit === 0 ? use.fills : use.fills + 1,
  };
}

/** Whether the portfolio's quotes are refused now. */
export function isFrozen(row: Protection, now: TimestampMs): boolean {
  return now < row.frozenUntil;
}

/** What the window that a fill at `now` falls into has traded before it. */
export function useAt(row: Protection, now: TimestampMs): WindowUse {
  return now < row.windowEndsAt ? row : UNUSED;
}

/** The protection over an order's instrument, if its portfolio has one. O(1). */
export function protectionOver(
  state: State,
  order: Pick<Order, 'portfolio' | 'instrument'>,
): Protection | undefined {
  if (state.protections.size === 0) return undefined;
  const { underlying } = state.instruments.must(order.instrument);
  return state.protections.get(protectionKey.pack(order.portfolio, underlying));
}

/** The lot's greeks by the mark in force; none where nothing is marked. */
export function greeksOf(state: State, instrument: Order['instrument']): LotGreeks {
  const mark = state.derived.marks.byInstrument.get(instrument);
  if (mark === undefined) return { delta: 0, vega: 0 };
  const { underlying, kind } = state.instruments.must(instrument);
  return lotGreeks(mark, contractTerms(state.underlyings.must(underlying), kind).optionLotsPerCoin);
}

/**
 * Lots of a resting quote that may trade in this block in one fill: all of them unless a protection
 * says less. To be asked for every maker with `isQuote` when a match is planned. It knows no other
 * planned fills: in one book a maker has one quote a side; a plan over several books adds them up with
 * `useAfter` and asks `lotsAllowed`. O(1).
 */
export function quoteCapacity(state: State, quote: Order): number {
  const row = protectionOver(state, quote);
  if (row === undefined) return quote.remaining;
  const use = useAt(row, metaOf(state).timestamp);
  const allowed = lotsAllowed(row.limits, use, greeksOf(state, quote.instrument), quote.side);
  return Math.min(quote.remaining, allowed);
}
