/**
 * Fills risk arrays with the series of one expiry at its mark: the only way from rows of the chain
 * to portfolio margin's scenarios.
 *
 * Source: design/exchange.md §3–5; docs/spec/portfolio-margin.md. A pure function of the expiry's
 * `markInputs`, the instruments listed, the model and the confidence of the index. From expiry on
 * there is nothing to shock or to charge: the values are payoffs.
 *
 * Units: risk units of 10⁻⁵ USD per lot, whatever the underlying.
 */
import type { InstrumentId } from '../../core/units.ts';
import { INSTRUMENT_KIND, type Instrument, PERPETUAL_EXPIRY } from '../../options/instrument.ts';
import type { Underlying } from '../../options/underlying.ts';
import type { MarkInputs } from '../../oracle/price.ts';
import { ln } from '../../pricing/elementary.ts';
import { totalVariance } from '../../pricing/essvi.ts';
import { expiryPricing } from '../../pricing/price-series.ts';
import { effectiveVarianceMs, YEAR_MS } from '../../pricing/settlement-variance.ts';
import type { PortfolioModel } from '../portfolio/portfolio-model.ts';
import {
  beginExpiry,
  fillFuture,
  fillPerpetual,
  fillStrike,
  type RiskArrays,
  type RiskExpiry,
  type RiskMarket,
  restartRiskArrays,
  riskArrays,
} from '../portfolio/risk-arrays.ts';

const MICRO = 1_000_000;
const UNITS_PER_USD = 100_000;
/** Micro-USD of a risk unit. */
export const MICRO_USD_PER_UNIT: number = MICRO / UNITS_PER_USD;

/** What the arrays of one expiry are made of. */
export type ExpirySource = {
  readonly model: PortfolioModel;
  readonly underlying: Underlying;
  readonly inputs: MarkInputs;
  /** Of the index, 0 to 1. */
  readonly confidence: number;
  /** All instruments of the expiry that are listed. */
  readonly instruments: readonly Instrument[];
};

/** Arrays of one expiry and where each instrument stands in them. */
export type FilledExpiry = {
  readonly arrays: RiskArrays;
  readonly rows: ReadonlyMap<InstrumentId, number>;
};

/** Spare rows: series are listed while the index moves. */
const SPARE_ROWS = 32;

function marketOf({ underlying, inputs, confidence }: ExpirySource): RiskMarket {
  const isDated = inputs.expiry !== PERPETUAL_EXPIRY;
  const isOver = isDated && inputs.markedAt >= inputs.expiry;

  return {
    // Charges are shares of spot: none from expiry on.
    spot: isOver ? 0 : inputs.index / MICRO,
    confidence,
    pegPrice: 1,
    usdUnits: UNITS_PER_USD,
    optionUnits: UNITS_PER_USD / underlying.optionLotsPerCoin,
    // Without futures there is no row that reads it.
    linearUnits: UNITS_PER_USD / Math.max(1, underlying.futureLotsPerCoin),
  };
}

function arraysFor(
  source: ExpirySource,
  market: RiskMarket,
  reused: RiskArrays | undefined,
): RiskArrays {
  const { model, instruments } = source;
  if (reused?.model === model && reused.group.length >= instruments.length) {
    return restartRiskArrays(reused, market);
  }
  return riskArrays(model, market, instruments.length + SPARE_ROWS);
}

function expiryOf({ inputs, confidence }: ExpirySource, openShare: number): RiskExpiry {
  const left = Math.max(0, inputs.expiry - inputs.markedAt);
  return {
    years: left / YEAR_MS,
    varianceYears: effectiveVarianceMs(left, inputs.windowMs) / YEAR_MS,
    forward: inputs.forward / MICRO,
    openShare,
    rate: 0,
    discountFactor: 1,
    confidence,
  };
}

/** Strikes ascending, the call of each before the put. */
function byStrike(a: Instrument, b: Instrument): number {
  return a.strike - b.strike || a.kind - b.kind || a.id - b.id;
}

/**
 * Fills the arrays of one expiry, in the buffers of `reused` where they fit. Options by strike, then
 * dated futures; a perpetual is a group of its own. ~2.5 µs a strike.
 */
export function fillExpiry(source: ExpirySource, reused?: RiskArrays): FilledExpiry {
  const { inputs } = source;
  const arrays = arraysFor(source, marketOf(source), reused);
  const rows = new Map<InstrumentId, number>();
  const sorted = [...source.instruments].sort(byStrike);
  const pricing = expiryPricing(inputs);
  const expiry = expiryOf(source, pricing.openShare);
  const isDated = sorted.some(({ kind }) => kind !== INSTRUMENT_KIND.perpetual);
  const shocks = isDated ? beginExpiry(arrays, expiry) : undefined;
  for (let at = 0; at < sorted.length && shocks !== undefined; at++) {
    const first = sorted[at];
    if (first === undefined || first.kind > INSTRUMENT_KIND.put) continue;
    const next = sorted[at + 1];
    const isCall = first.kind === INSTRUMENT_KIND.call;
    const isPair = isCall && next?.strike === first.strike && next.kind === INSTRUMENT_KIND.put;
    const only = isCall ? 'call' : 'put';
    const variance = totalVariance(pricing.slice, ln(first.strike / inputs.forward));
    const deviation = Math.sqrt(variance * pricing.varianceRatio);
    rows.set(first.id, arrays.rows);
    if (isPair) rows.set(next.id, arrays.rows + 1);
    fillStrike(arrays, shocks, first.strike / MICRO, deviation, isPair ? 'both' : only);
    if (isPair) at++;
  }
  for (const { id, kind } of sorted) {
    if (kind !== INSTRUMENT_KIND.future) continue;
    rows.set(id, arrays.rows);
    fillFuture(arrays, expiry);
  }
  for (const { id, kind } of sorted) {
    if (kind !== INSTRUMENT_KIND.perpetual) continue;
    rows.set(id, arrays.rows);
    fillPerpetual(arrays, inputs.forward / MICRO);
  }
  return { arrays, rows };
}
