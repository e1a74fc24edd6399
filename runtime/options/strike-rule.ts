/**
 * Which strikes an expiry should have: by delta, or a short ladder around the index.
 *
 * Source: Deribit's and Paradex's introduction of strikes (reference/options.md §3). The distance of
 * strikes follows from the time to expiry and the price:
 *
 *   to expiry    share of the forward    at $100,000    at $4,000
 *   ≤ 2 days     0.5 %                   $500           $20
 *   ≤ 2 weeks    1 %                     $1,000         $50
 *   ≤ 2 months   2 %                     $2,000         $100
 *   longer       5 %                     $5,000         $200
 *
 * rounded to the nearest of 1, 2, 5 × 10ⁿ, and the next of these in the wings (deltas outside 0.2 to
 * 0.8). The thresholds between two distances lie at prices like $141,000, not at round ones, so a price
 * that stays near a round number does not switch between two grids.
 *
 * Until an expiry has a fresh slice its forward is the index and its volatility the underlying's
 * `defaultVolatilityBps`, with the time to expiry counted in whole minutes.
 */
import type { BlockContext } from '../block-context.ts';
import type { TimestampMs } from '../core/units.ts';
import { isFresh } from '../oracle/freshness.ts';
import { YEAR_MS } from '../pricing/settlement-variance.ts';
import { flatTheta, type StrikeRangeInputs, strikesInRange } from '../pricing/strike-range.ts';
import { expiryKey, type State } from '../state/state.ts';
import { DAY_MS } from './calendar.ts';
import { strikeLadder } from './strike-ladder.ts';
import type { Underlying } from './underlying.ts';

const MINUTE_MS = 60_000;

/** Distances near the money by time to expiry, ascending; the last is for all longer ones. */
const STEP_SHARES: readonly { readonly upToMs: number; readonly shareBps: number }[] = [
  { upToMs: 2 * DAY_MS, shareBps: 50 },
  { upToMs: 14 * DAY_MS, shareBps: 100 },
  { upToMs: 62 * DAY_MS, shareBps: 200 },
];
const LONGEST_SHARE_BPS = 500;

/** The nearest of 1, 2, 5 × 10ⁿ by ratio (limits at 1.4, 3.2, 7.1), at least 1. Below 2⁵³. */
export function nearestStep(value: number): number {
  let decade = 1;
  while (decade * 10 <= value) decade *= 10;
  const tenths = Math.floor((value * 10) / decade);
  if (tenths < 14) return decade;
  if (tenths < 32) return 2 * decade;
  return tenths < 71 ? 5 * decade : 10 * decade;
}

/** The next of 1, 2, 5 × 10ⁿ above one of them. */
export function coarserStep(step: number): number {
  let decade = 1;
  while (decade * 10 <= step) decade *= 10;
  return step === 2 * decade ? 5 * decade : 2 * step;
}

function toGrid(step: number, grid: number): number {
  return Math.max(1, -Math.floor(-step / grid)) * grid;
}

/** Distances of strikes near the money and in the wings, micro-USD: on the grid of whole payoffs. */
export function ruleSteps(
  { strikeStepMicroUsd, optionLotsPerCoin: grid }: Underlying,
  forward: number,
  timeToExpiryMs: number,
): { readonly step: number; readonly wingStep: number } {
  const row = STEP_SHARES.find(({ upToMs }) => timeToExpiryMs <= upToMs);
  const share = Math.floor(forward / 10_000) * (row?.shareBps ?? LONGEST_SHARE_BPS);
  const step = strikeStepMicroUsd > 0 ? strikeStepMicroUsd : nearestStep(Math.max(1, share));
  const wingStep = strikeStepMicroUsd > 0 ? strikeStepMicroUsd : coarserStep(step);
  return { step: toGrid(step, grid), wingStep: toGrid(wingStep, grid) };
}

/** What the strikes of an expiry follow from: equal inputs give equal strikes. */
export type StrikeInputs = StrikeRangeInputs;

/** Inputs of an expiry now, at a fresh index. O(1). */
export function strikeInputs(
  state: State,
  context: BlockContext,
  underlying: Underlying,
  place: { readonly expiry: TimestampMs; readonly index: number },
): StrikeInputs {
  const { expiry, index } = place;
  // A fixed ladder knows only the index.
  if (underlying.strikesListed > 0) {
    return { forward: index, theta: 0, u: 0, l: 0, step: 0, wingStep: 0 };
  }
  const timeMs = expiry - context.timestamp;
  const slice = state.surfaceSlices.get(expiryKey.pack(underlying.id, expiry));
  if (slice !== undefined && isFresh(context, slice.updatedAt)) {
    const { forward, theta, u, l } = slice;
    return { forward, theta, u, l, ...ruleSteps(underlying, forward, timeMs) };
  }
  const minutesMs = -Math.floor(-timeMs / MINUTE_MS) * MINUTE_MS;
  const theta = flatTheta(underlying.defaultVolatilityBps, minutesMs, YEAR_MS);
  return { forward: index, theta, u: 0, l: 0, ...ruleSteps(underlying, index, minutesMs) };
}

/** The strikes of an expiry, ascending. O(strikes). */
export function strikesOf(underlying: Underlying, inputs: StrikeInputs): number[] {
  return underlying.strikesListed > 0
    ? strikeLadder(underlying, inputs.forward)
    : strikesInRange(inputs);
}

/** Whether two inputs are the same, and so the strikes. */
export function sameInputs(a: StrikeInputs | undefined, b: StrikeInputs): boolean {
  return (
    a !== undefined &&
    a.forward === b.forward &&
    a.theta === b.theta &&
    a.u === b.u &&
    a.l === b.l &&
    a.step === b.step &&
    a.wingStep === b.wingStep
  );
}
