/**
 * What a model of prices is: a path that is walked in steps of one second, and what an option is worth
 * on it. Each step draws its numbers from (seed, step), so that every feeder that is given one seed and
 * one start sees one market, whenever it was started.
 */

/** Length of a step. */
export const STEP_MS = 1_000;
/** The year of 365 days, in milliseconds. */
const YEAR_MS = 365 * 24 * 3_600_000;
export const STEP_YEARS: number = STEP_MS / YEAR_MS;

export type Path = {
  /** Goes on to a step; a step before the last one begins anew. ~1 µs a step. */
  walkTo(step: number): void;
  /** USD per coin. */
  price(): number;
  /** Undiscounted calls now, on the price as forward, `strikes` in USD. */
  calls(strikes: readonly number[], years: number): readonly number[];
  /** Annualised volatility that `years` from now are about, to place strikes by. */
  volatility(years: number): number;
};

export type PathOptions = { readonly initialPrice: number; readonly seed: number };

/** A path of `state` by its step function; the two parts that every model's path has in common. */
export function walk<S>(
  initial: S,
  step: (state: S, index: number) => S,
): { readonly to: (index: number) => void; readonly state: () => S } {
  let state = initial;
  let at = 0;
  return {
    to(index) {
      if (index < at) {
        state = initial;
        at = 0;
      }
      for (; at < index; at++) state = step(state, at);
    },
    state: () => state,
  };
}
