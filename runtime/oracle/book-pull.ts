/**
 * Pulls the surface toward the books: an offset of volatility per expiry, slow and bounded.
 *
 * Source: design/exchange.md §4 ("Book pull"). The residual of a quoted series is the distance of the
 * voted slice's volatility outside [bid, ask]; it is measured from the votes, not from the mark with its
 * offset, so that the offset has a resting point. The vega-weighted (lower) median of an expiry's
 * residuals is where its offset goes, or 0 without a quote that counts; in the settlement window nothing
 * counts.
 *
 * Invariants: |offset| ≤ pullMaxBps; it moves by at most pullStepBps in any minute; a book is looked at
 * once a second at most, however often marks move.
 */
import { effectiveState } from '../auction/phase.ts';
import type { BlockContext } from '../block-context.ts';
import { mulDivCeil, weightedMedian } from '../core/math.ts';
import { type InstrumentId, type TimestampMs, timestampMs } from '../core/units.ts';
import { INSTRUMENT_STATE, optionKind } from '../options/instrument.ts';
import { seriesOf } from '../options/series-index.ts';
import { type ExpiryPricing, expiryPricing } from '../pricing/price-series.ts';
import { quoteResidual } from '../pricing/quote-residual.ts';
import { expiryKey, type State } from '../state/state.ts';
import type { SurfaceSlice } from './price.ts';
import { quotedPrice } from './quoted-price.ts';

/** Least time between two looks at the books of an expiry. */
const PULL_INTERVAL_MS = 1_000;
/** Time that one look may make up for: after a gap what is quoted now was not quoted all the while. */
const MAX_ELAPSED_MS = 5_000;
/** 10⁻⁶ of volatility in a hundredth of a point. */
const BPS_TO_MICRO = 100;
const MINUTE_MS = 60_000;

/** What is asked of the quotes of an expiry. */
type Wanted = {
  readonly lots: number;
  readonly restedSince: TimestampMs;
  readonly maxWidth: number;
  readonly tickMicroUsd: number;
};

function residualOf(state: State, pricing: ExpiryPricing, id: InstrumentId, wanted: Wanted) {
  const book = state.derived.books.byInstrument.get(id);
  if (book === undefined || book.bids.best === undefined || book.asks.best === undefined) return;
  const instrument = state.instruments.must(id);
  const kind = optionKind(instrument);
  // Where nobody can take it a quote costs nothing: an auction, a halt, the post-only time after one.
  if (kind === undefined || effectiveState(state, instrument) !== INSTRUMENT_STATE.open) return;
  const { lots, restedSince, maxWidth, tickMicroUsd } = wanted;
  const bid = quotedPrice(book.bids, lots, restedSince);
  const ask = bid === undefined ? undefined : quotedPrice(book.asks, lots, restedSince);
  if (bid === undefined || ask === undefined || bid >= ask) return;
  const quote = {
    kind,
    strike: instrument.strike,
    bid: bid * tickMicroUsd,
    ask: ask * tickMicroUsd,
  };
  return quoteResidual(pricing, quote, maxWidth);
}

/** Where the offset of an expiry goes, in 10⁻⁶ of volatility. O(series; ~1 µs for each quoted one). */
function targetOf(state: State, context: BlockContext, slice: SurfaceSlice): number {
  const { underlying, expiry } = slice;
  const { settlementWindowMs, pullMinQuoteUsd, pullMinRestMs, pullMaxWidthBps, pullMaxBps } =
    context.parameters;
  if (pullMinQuoteUsd === 0 || expiry - context.timestamp <= settlementWindowMs) return 0;
  const { optionLotsPerCoin, optionTickMicroUsd } = state.underlyings.must(underlying);
  const notional = BigInt(pullMinQuoteUsd) * BigInt(optionLotsPerCoin);
  const wanted: Wanted = {
    lots: Number(mulDivCeil(notional, 1_000_000n, BigInt(slice.forward))),
    restedSince: timestampMs(context.timestamp - pullMinRestMs),
    maxWidth: pullMaxWidthBps * BPS_TO_MICRO,
    tickMicroUsd: optionTickMicroUsd,
  };
  const pricing = expiryPricing({
    ...slice,
    markedAt: slice.updatedAt,
    windowMs: settlementWindowMs,
  });
  const residuals: { value: number; weight: bigint }[] = [];
  for (const id of seriesOf(state, underlying, expiry)) {
    const found = residualOf(state, pricing, id, wanted);
    if (found !== undefined) residuals.push({ value: found.residual, weight: BigInt(found.vega) });
  }
  if (residuals.length === 0) return 0;
  const most = pullMaxBps * BPS_TO_MICRO;
  return Math.max(-most, Math.min(most, weightedMedian(residuals)));
}

/**
 * An offset after a look at the books: toward `target`, at the pace of `stepBps` a minute. Rounded down:
 * never faster than the parameter says.
 */
export function movedOffset(
  offset: number,
  target: number,
  { elapsedMs, stepBps }: { readonly elapsedMs: number; readonly stepBps: number },
): number {
  const step = Math.floor((stepBps * BPS_TO_MICRO * elapsedMs) / MINUTE_MS);
  return offset < target ? Math.min(target, offset + step) : Math.max(target, offset - step);
}

/**
 * The offset of a slice in force at this block, in 10⁻⁶ of volatility, moved if a second has passed since
 * the books were looked at. Cost: that of `targetOf` then, else O(1).
 */
export function pullOffset(state: State, context: BlockContext, slice: SurfaceSlice): number {
  const key = expiryKey.pack(slice.underlying, slice.expiry);
  const row = state.surfaceOffsets.get(key);
  const { pullMinQuoteUsd, pullStepBps } = context.parameters;
  if (row === undefined) {
    if (pullMinQuoteUsd === 0) return 0;
    const { underlying, expiry } = slice;
    state.surfaceOffsets.set(key, { underlying, expiry, offset: 0, pulledAt: context.timestamp });
    return 0;
  }
  const elapsedMs = Math.min(MAX_ELAPSED_MS, context.timestamp - row.pulledAt);
  if (elapsedMs < PULL_INTERVAL_MS) return row.offset;
  const target = targetOf(state, context, slice);
  row.offset = movedOffset(row.offset, target, { elapsedMs, stepBps: pullStepBps });
  row.pulledAt = context.timestamp;
  if (pullMinQuoteUsd === 0 && row.offset === 0) state.surfaceOffsets.delete(key);
  else state.surfaceOffsets.touch(key);
  return row.offset;
}
