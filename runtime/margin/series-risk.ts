/**
 * What one lot of a series adds to a requirement, at the mark in force.
 *
 * Source: design/exchange.md §3, `standard-margin.ts`. A pure function of the mark, the instrument
 * and the underlying, computed once per mark and series: what of these rows it reads may change only
 * with a new mark, as the delivery price does. Units: micro-USD per lot, integers, rounded
 * against the holder.
 */
import { assert } from '../core/result.ts';
import type { InstrumentId, PriceTicks } from '../core/units.ts';
import { CENTI_BPS_PER_ONE } from '../fees/trade-fee.ts';
import { linearTerms } from '../linear/contract-terms.ts';
import { INSTRUMENT_KIND, type Instrument, isLinearKind } from '../options/instrument.ts';
import { microUsdPerTickLot, type Underlying } from '../options/underlying.ts';
import type { Mark } from '../oracle/marks.ts';
import type { State } from '../state/state.ts';
import {
  divideUp,
  isolatedPerLot,
  NAKED_INITIAL_PERCENT,
  NAKED_MAINTENANCE_PERCENT,
} from './standard-margin.ts';

export type SeriesRisk = {
  /** The mark this was computed from: another object means another mark. */
  readonly mark: Mark;
  /** A future or a perpetual: pays nothing at any settlement; its lots need `linearMargin`. */
  readonly isLinear: boolean;
  /**
   * What the price of a fill is counted from: 0 of an option, whose premium is paid; the mark of a
   * future or a perpetual, of which only the difference is lost at once.
   */
  readonly baseline: number;
  readonly isCall: boolean;
  readonly strike: number;
  /** Settlement at which the payoff is known for good, or `undefined` before delivery. */
  readonly delivery: number | undefined;
  /** Mark, rounded down: the most that a sale is counted to bring. */
  readonly markValue: number;
  /** Isolated requirements of a short lot. */
  readonly initial: number;
  readonly maintenance: number;
  /** Charge of a net short call; 0 for a put. */
  readonly nakedInitial: number;
  readonly nakedMaintenance: number;
  /** Index, for the confidence charge. */
  readonly index: number;
  /** Premium of one tick. */
  readonly tickValue: number;
  /** A maker's fee before its cap. */
  readonly feeOfNotional: number;
  readonly feeCapBps: number;
  /** Most of a payoff that its settlement can cost. */
  readonly settlementFeeCapBps: number;
  /** Greatest amount by which a lot can change a sum, strikes of others and premium not counted. */
  readonly lotBound: number;
};

/** A lot of a future or a perpetual. Its mark lies on the grid of whole micro-USD a lot. */
function linearRisk(terms: Underlying, instrument: Instrument, mark: Mark): SeriesRisk {
  const lots = terms.optionLotsPerCoin;
  const markValue = mark.price / lots;
  assert(Number.isInteger(markValue), `mark ${mark.price} is not whole per lot`);
  const index = divideUp(mark.index, lots);
  const feeOfNotional = divideUp(mark.index * terms.makerFeeCentiBps, lots * CENTI_BPS_PER_ONE);
  const { deliveryPrice } = instrument;
  return {
    mark,
    isLinear: true,
    baseline: markValue,
    isCall: false,
    strike: 0,
    delivery: deliveryPrice > 0 ? deliveryPrice / lots : undefined,
    markValue,
    initial: 0,
    maintenance: 0,
    nakedInitial: 0,
    nakedMaintenance: 0,
    index,
    tickValue: microUsdPerTickLot(terms),
    feeOfNotional,
    feeCapBps: terms.feeCapBps,
    settlementFeeCapBps: 0,
    lotBound: Math.max(index, markValue) + feeOfNotional,
  };
}

function computeRisk(state: State, id: InstrumentId, mark: Mark): SeriesRisk {
  const instrument = state.instruments.must(id);
  const underlying = state.underlyings.must(instrument.underlying);
  if (isLinearKind(instrument.kind)) return linearRisk(linearTerms(underlying), instrument, mark);
  const lots = underlying.optionLotsPerCoin;
  const isCall = instrument.kind === INSTRUMENT_KIND.call;
  const strike = instrument.strike / lots;
  assert(Number.isInteger(strike), `strike ${instrument.strike} is not whole per lot`);
  const index = divideUp(mark.index, lots);
  const feeOfNotional = divideUp(
    mark.index * underlying.makerFeeCentiBps,
    lots * CENTI_BPS_PER_ONE,
  );
  const common = {
    mark,
    isLinear: false,
    baseline: 0,
    isCall,
    strike,
    markValue: Math.floor(mark.price / lots),
    index,
    tickValue: microUsdPerTickLot(underlying),
    feeOfNotional,
    feeCapBps: underlying.feeCapBps,
    settlementFeeCapBps: underlying.settlementFeeCapBps,
  };
  if (instrument.deliveryPrice > 0) {
    const delivery = instrument.deliveryPrice / lots;
    const owed = payoff({ isCall, strike }, delivery);
    const exact = { initial: owed, maintenance: owed, nakedInitial: 0, nakedMaintenance: 0 };
    const lotBound = Math.max(owed, index, delivery) + strike + feeOfNotional;
    return { ...common, ...exact, delivery, lotBound };
  }
  const { kind } = instrument;
  const short = { kind, strike: instrument.strike, index: mark.index, mark: mark.price };
  const isolated = isolatedPerLot(short, lots);
  const nakedInitial = isCall ? divideUp(mark.forward * NAKED_INITIAL_PERCENT, 100 * lots) : 0;
  return {
    ...common,
    ...isolated,
    delivery: undefined,
    nakedInitial,
    nakedMaintenance: isCall ? divideUp(mark.forward * NAKED_MAINTENANCE_PERCENT, 100 * lots) : 0,
    lotBound: Math.max(isolated.initial, nakedInitial, index) + strike + feeOfNotional,
  };
}

/** The risk of a series at another mark: for what-if. */
export function riskAt(state: State, instrument: InstrumentId, mark: Mark): SeriesRisk {
  return computeRisk(state, instrument, mark);
}

/** The risk of a series that has a mark. Throws `InvariantViolation` without one. ~20 ns. */
export function seriesRisk(state: State, instrument: InstrumentId): SeriesRisk {
  const mark = state.derived.marks.byInstrument.get(instrument);
  assert(mark !== undefined, 'an instrument that is traded or held has a mark');
  mark.risk ??= computeRisk(state, instrument, mark);
  return mark.risk;
}

/** What a long lot is paid when the underlying settles at `settlement`. */
export function payoff(
  { isCall, strike }: Pick<SeriesRisk, 'isCall' | 'strike'>,
  settlement: number,
): number {
  return Math.max(0, isCall ? settlement - strike : strike - settlement);
}

/**
 * A resting maker's fee. Rounded up per lot, so that many partial fills, each rounded up, never cost
 * more than the lots reserved.
 */
export function makerFee(risk: SeriesRisk, premium: number): number {
  return Math.min(risk.feeOfNotional, divideUp(premium * risk.feeCapBps, 10_000));
}

/** What a filled bid costs: premium and fee; of a future what it is above the mark, and fee. */
export function bidCost(risk: SeriesRisk, price: PriceTicks): number {
  const premium = price * risk.tickValue;
  return Math.max(0, premium - risk.baseline) + makerFee(risk, premium);
}

/**
 * What a filled ask is counted to bring: the premium, at most the mark (an improvement counts as
 * zero: it fills when the mark has come to it), less the fee. Negative when the fee is more; of a future
 * what it is below the mark, and fee.
 */
export function askRevenue(risk: SeriesRisk, price: PriceTicks): number {
  const premium = price * risk.tickValue;
  return Math.min(premium, risk.markValue) - risk.baseline - makerFee(risk, premium);
}
