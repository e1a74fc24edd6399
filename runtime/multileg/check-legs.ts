/**
 * The legs of a structure, checked and valued at the marks in force.
 *
 * Source: design/exchange.md §2. Every way to trade several legs at once goes through here: the
 * series are open and marked, and the net price lies inside the sum of the legs' bands.
 *
 * Units: micro-USD; values of a leg are for all of its lots and exact.
 */
import type { Leg } from '../actions/multileg.ts';
import { SIDE } from '../actions/order-terms.ts';
import { effectiveState } from '../auction/phase.ts';
import type { BlockContext } from '../block-context.ts';
import { assert, err, ok, type Result } from '../core/result.ts';
import { type InstrumentId, sizeLots } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { exactProduct } from '../fees/trade-fee.ts';
import { MAX_ORDER_LOTS } from '../limits.ts';
import { INSTRUMENT_STATE, optionKind } from '../options/instrument.ts';
import { microUsdPerTickLot, type Underlying } from '../options/underlying.ts';
import { freshMark } from '../oracle/freshness.ts';
import type { Mark } from '../oracle/marks.ts';
import { type PriceBand, priceBand } from '../oracle/price-band.ts';
import type { State } from '../state/state.ts';

/** A leg with what it is worth. */
export type ValuedLeg = Leg & {
  /** Its lots at the mark, the mark rounded down to whole micro-USD a lot. */
  readonly markValue: bigint;
  /** Its lots at both ends of the price band. */
  readonly lowValue: bigint;
  readonly highValue: bigint;
  /** Vega of its lots, to compare legs of one underlying by: not negative. */
  readonly vega: number;
  /** Index at the mark, in micro-USD per coin. */
  readonly index: number;
};

/** Legs of one underlying. */
export type ValuedLegs = {
  readonly underlying: Underlying;
  readonly legs: readonly ValuedLeg[];
};

/** Legs ascend by instrument; so no series is there twice. */
function orderRefusal(legs: readonly Leg[]): Refusal | undefined {
  let last = -1;
  for (const { instrument } of legs) {
    if (instrument <= last) return refusal('legs_not_ascending', { given: instrument });
    last = instrument;
  }
  return undefined;
}

/** What is wrong with one series: unknown_instrument, not_a_series, instrument_not_open. */
export function seriesRefusal(
  state: State,
  context: BlockContext,
  id: InstrumentId,
): Refusal | undefined {
  const instrument = state.instruments.get(id);
  if (instrument === undefined) return refusal('unknown_instrument', { given: id });
  if (optionKind(instrument) === undefined) return refusal('not_a_series', { given: id });
  // Legs trade at once, so they must be open in every layer of state.
  const traded = effectiveState(state, instrument);
  if (traded !== INSTRUMENT_STATE.open || instrument.expiry <= context.timestamp) {
    return refusal('instrument_not_open', { given: id });
  }
  return undefined;
}

function legRefusal(state: State, context: BlockContext, leg: Leg): Refusal | undefined {
  const { instrument, side, lots } = leg;
  const badSeries = seriesRefusal(state, context, instrument);
  if (badSeries !== undefined) return badSeries;
  if (side !== SIDE.buy && side !== SIDE.sell) {
    return refusal('bad_side', { given: side, allowed: SIDE.sell });
  }
  if (lots < 1 || lots > MAX_ORDER_LOTS) {
    return refusal('bad_size', { given: lots, allowed: lots < 1 ? 1 : MAX_ORDER_LOTS });
  }
  return undefined;
}

/**
 * What of legs can be judged without marks. Errors in order: legs_not_ascending; then leg by leg
 * unknown_instrument, not_a_series, instrument_not_open, bad_side, bad_size; mixed_underlyings.
 */
export function legsRefusal(
  state: State,
  context: BlockContext,
  legs: readonly Leg[],
): Refusal | undefined {
  const misplaced = orderRefusal(legs);
  if (misplaced !== undefined) return misplaced;
  let underlying: number | undefined;
  for (const leg of legs) {
    const problem = legRefusal(state, context, leg);
    if (problem !== undefined) return problem;
  }
  for (const { instrument } of legs) {
    const own = state.instruments.must(instrument).underlying;
    if (underlying !== undefined && own !== underlying) {
      return refusal('mixed_underlyings', { given: own, allowed: underlying });
    }
    underlying = own;
  }
  return undefined;
}

function valueLeg(leg: Leg, mark: Mark, band: PriceBand, underlying: Underlying): ValuedLeg {
  const tickValue = microUsdPerTickLot(underlying);
  return {
    ...leg,
    markValue: exactProduct(Math.floor(mark.price / underlying.optionLotsPerCoin), leg.lots),
    lowValue: exactProduct(band.low * tickValue, leg.lots),
    highValue: exactProduct(band.high * tickValue, leg.lots),
    vega: mark.vega * leg.lots,
    index: mark.index,
  };
}

/**
 * Values legs that `legsRefusal` let pass, `units` times; of the products no lots may be above
 * `MAX_ORDER_LOTS`. Errors in order: bad_size, no_mark. Cost: ~0.5 µs a leg.
 */
export function valueLegs(
  state: State,
  context: BlockContext,
  legs: readonly Leg[],
  units: number,
): Result<ValuedLegs, Refusal> {
  const valued: ValuedLeg[] = [];
  const [first] = legs;
  assert(first !== undefined, 'a structure has a leg');
  const { underlying: id } = state.instruments.must(first.instrument);
  const underlying = state.underlyings.must(id);
  for (const { instrument, side, lots: ratio } of legs) {
    const lots = ratio * units;
    if (units < 1 || lots > MAX_ORDER_LOTS) {
      return err(refusal('bad_size', { given: lots, allowed: MAX_ORDER_LOTS }));
    }
    const mark = freshMark(state, context, instrument);
    const band = priceBand(state, context, instrument);
    if (mark === undefined || band === undefined)
      return err(refusal('no_mark', { given: instrument }));
    valued.push(valueLeg({ instrument, side, lots: sizeLots(lots) }, mark, band, underlying));
  }
  return ok({ underlying, legs: valued });
}

/**
 * The prices that the one who takes the legs as written may pay in all: the sum of the legs' bands,
 * |net − Σ marks| ≤ Σ bands with each band taken on the side that counts. Micro-USD, both allowed.
 */
export function netBand(legs: readonly ValuedLeg[]): {
  readonly low: bigint;
  readonly high: bigint;
} {
  let low = 0n;
  let high = 0n;
  for (const { side, lowValue, highValue } of legs) {
    low += side === SIDE.buy ? lowValue : -highValue;
    high += side === SIDE.buy ? highValue : -lowValue;
  }
  return { low, high };
}

/** `net_band`; allowed: the end of the band that the net price is beyond. */
export function netBandRefusal(legs: readonly ValuedLeg[], net: bigint): Refusal | undefined {
  const { low, high } = netBand(legs);
  if (net < low) return refusal('net_band', { given: net, allowed: low });
  if (net > high) return refusal('net_band', { given: net, allowed: high });
  return undefined;
}
