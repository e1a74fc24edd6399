/**
 * The strikes worth listing in one expiry: from the money outwards while the delta is in range.
 *
 * Source: Deribit, "Contract Introduction Policy" (deltas 0.1 to 0.9, plus at the money); Paradex for
 * wider distances in the wings. The walk goes over a grid, so no inverse of the normal distribution is
 * needed, and only `ln`, `erfc` and √ of this folder are used. Integers in, integers out.
 */
import { callDelta } from './black76.ts';
import { ln } from './elementary.ts';
import { essviSlice, type SliceParameters, totalVariance } from './essvi.ts';

/** Deltas of calls outside which nothing is listed; those of puts are the same strikes. */
const LEAST_DELTA = 0.1;
const MOST_DELTA = 0.9;
/** Deltas outside which strikes stand further apart. */
const LEAST_INNER_DELTA = 0.2;
const MOST_INNER_DELTA = 0.8;
/** Strikes walked to each side, whatever the volatility. */
export const MAX_STRIKES_EACH_SIDE = 100;

/** What strikes are chosen from: micro-USD per coin and the slice's integers. */
export type StrikeRangeInputs = SliceParameters & {
  readonly forward: number;
  /** Distance of strikes near the money; divides none but its own multiples. */
  readonly step: number;
  /** Distance in the wings. */
  readonly wingStep: number;
};

/** First multiple of `step` beyond `strike` in the direction. */
function nextMultiple(strike: number, step: number, direction: 1 | -1): number {
  return direction === 1
    ? (Math.floor(strike / step) + 1) * step
    : (-Math.floor(-strike / step) - 1) * step;
}

/**
 * Strikes in micro-USD, ascending: the multiple of `step` nearest to the forward, its neighbour on
 * each side, and beyond them every multiple of `step`, in the wings of `wingStep`, of which the call's
 * delta is 0.1 to 0.9. All above 0; at most 201. ~150 ns a strike.
 */
export function strikesInRange(inputs: StrikeRangeInputs): number[] {
  const { forward, step, wingStep } = inputs;
  const slice = essviSlice(inputs);
  const centre = Math.max(1, Math.floor((2 * forward + step) / (2 * step))) * step;
  const deltaAt = (strike: number): number =>
    callDelta(forward, strike, Math.sqrt(totalVariance(slice, ln(strike / forward))));

  const walk = (direction: 1 | -1): number[] => {
    const strikes: number[] = [];
    let strike = nextMultiple(centre, step, direction);
    while (strike > 0 && strikes.length < MAX_STRIKES_EACH_SIDE) {
      const delta = deltaAt(strike);
      const inRange = delta >= LEAST_DELTA && delta <= MOST_DELTA;
      if (!inRange && strikes.length > 0) break;
      strikes.push(strike);
      const isInner = delta >= LEAST_INNER_DELTA && delta <= MOST_INNER_DELTA;
      strike = nextMultiple(strike, isInner ? step : wingStep, direction);
    }
    return strikes;
  };
  return [...walk(-1).reverse(), centre, ...walk(1)];
}

/** θ in 10⁻¹² of an annual volatility (basis points) over `timeMs`. */
export function flatTheta(volatilityBps: number, timeMs: number, yearMs: number): number {
  const volatility = volatilityBps / 10_000;
  return Math.floor(volatility * volatility * (timeMs / yearMs) * 1e12);
}
