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
 * each side, every multiple of `step` of which the call's delta is 0.2 to 0.8, and beyond these every
 * multiple of `wingStep` of which it is 0.1 to 0.9. All above 0; at most 203. ~300 ns a strike.
 */
export function strikesInRange(inputs: StrikeRangeInputs): number[] {
  const { forward, step, wingStep } = inputs;
  const slice = essviSlice(inputs);
  const centre = Math.max(1, Math.floor((2 * forward + step) / (2 * step))) * step;
  const isWithin = (strike: number, least: number, most: number): boolean => {
    const deviation = Math.sqrt(totalVariance(slice, ln(strike / forward)));
    const delta = callDelta(forward, strike, deviation);
    return delta >= least && delta <= most;
  };
  const chosen = new Set([centre, nextMultiple(centre, step, 1)]);
  if (centre > step) chosen.add(centre - step);

  const walk = (direction: 1 | -1): void => {
    let strike = centre;
    for (let walked = 0; walked < MAX_STRIKES_EACH_SIDE; walked++) {
      const fine = nextMultiple(strike, step, direction);
      if (fine > 0 && isWithin(fine, LEAST_INNER_DELTA, MOST_INNER_DELTA)) strike = fine;
      else {
        strike = nextMultiple(strike, wingStep, direction);
        if (strike <= 0 || !isWithin(strike, LEAST_DELTA, MOST_DELTA)) return;
      }
      chosen.add(strike);
    }
  };
  walk(-1);
  walk(1);
  return [...chosen].sort((a, b) => a - b);
}

/** θ in 10⁻¹² of an annual volatility (basis points) over `timeMs`. */
export function flatTheta(volatilityBps: number, timeMs: number, yearMs: number): number {
  const volatility = volatilityBps / 10_000;
  return Math.floor(volatility * volatility * (timeMs / yearMs) * 1e12);
}
