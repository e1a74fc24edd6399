/**
 * Regime switches: a Markov chain in continuous time among regimes, each with its volatility and with
 * a jump on entering it, so that a calm market can turn into a crash and back.
 *
 * Source: Hamilton 1989 for the idea; Naik 1993 for options. An option is worth Black's price at the
 * variance expected of the regimes until it expires (diffusion and jumps), which is exact where
 * regimes last much longer or much shorter than the option: good enough to quote by, not to hedge by.
 */
import { assert } from '../../runtime/core/result.ts';
import { callPrice } from '../../runtime/pricing/black76.ts';
import { type Path, type PathOptions, STEP_YEARS, walk } from './path.ts';
import { gaussian, mix32, uniforms } from './random.ts';

export type Regime = {
  readonly name: string;
  /** Annualised. */
  readonly volatility: number;
  /** Days it lasts on average, above 0. */
  readonly meanDays: number;
  /** ln of the jump of the price on entering it, 0 for none. */
  readonly entryJump: number;
};

export type RegimeModel = {
  /** The first is the one at the start. */
  readonly regimes: readonly Regime[];
  /** `next[i][j]`: how likely regime i is followed by j; rows sum to 1, the diagonal is 0. */
  readonly next: readonly (readonly number[])[];
};

const DAYS_PER_YEAR = 365;
/** Steps of the expectation of the variance ahead. */
const AHEAD_STEPS = 64;

/** Changes of regime a year. */
function rate({ meanDays }: Regime): number {
  return DAYS_PER_YEAR / meanDays;
}

/** Which regime follows `from`, by a uniform number. */
function nextRegime({ next }: RegimeModel, from: number, uniform: number): number {
  const row = next[from] ?? [];
  let left = uniform;
  for (const [i, share] of row.entries()) {
    left -= share;
    if (left < 0) return i;
  }
  return from;
}

/** Variance a year expected over `years` from regime `from`: Kolmogorov's equations, midpoint rule. */
export function expectedVariance(model: RegimeModel, from: number, years: number): number {
  const { regimes, next } = model;
  const rates = regimes.map(rate);
  const fastest = Math.max(...rates);
  const steps = Math.max(AHEAD_STEPS, Math.ceil(2 * fastest * years));
  const step = years / Math.min(steps, 100_000);
  let share: readonly number[] = regimes.map((_, i) => (i === from ? 1 : 0));
  // Variance a year while in a regime: its own, and that of the jumps on leaving it.
  const intensity = regimes.map((regime, i) => {
    const jumps = (next[i] ?? []).reduce(
      (sum, chance, j) => sum + chance * (regimes[j]?.entryJump ?? 0) ** 2,
      0,
    );
    return regime.volatility ** 2 + (rates[i] ?? 0) * jumps;
  });
  let total = 0;
  for (let done = 0; done < years - step / 2; done += step) {
    const flow = share.map((own, i) => {
      const out = own * (rates[i] ?? 0);
      const into = share.reduce(
        (sum, other, j) => sum + other * (rates[j] ?? 0) * (next[j]?.[i] ?? 0),
        0,
      );
      return into - out;
    });
    const after = share.map((own, i) => own + (flow[i] ?? 0) * step);
    total += share.reduce(
      (sum, own, i) => sum + ((own + (after[i] ?? 0)) / 2) * (intensity[i] ?? 0) * step,
      0,
    );
    share = after;
  }
  return total / years;
}

export function regimePath(model: RegimeModel, options: PathOptions): Path {
  const { initialPrice, seed } = options;
  const { regimes } = model;
  const path = walk({ log: 0, regime: 0 }, ({ log, regime }, index) => {
    const uniform = uniforms(mix32(seed, index));
    const own = regimes[regime];
    assert(own !== undefined, 'a path is in one of its regimes');
    const variance = own.volatility ** 2 * STEP_YEARS;
    const moved = log - variance / 2 + Math.sqrt(variance) * gaussian(uniform);
    const leaves = uniform() < (STEP_YEARS * DAYS_PER_YEAR) / own.meanDays;
    if (!leaves) return { log: moved, regime };
    const entered = nextRegime(model, regime, uniform());
    return { log: moved + (regimes[entered]?.entryJump ?? 0), regime: entered };
  });
  const price = (): number => initialPrice * Math.exp(path.state().log);
  const volatility = (years: number): number =>
    Math.sqrt(expectedVariance(model, path.state().regime, years));
  return {
    walkTo: path.to,
    price,
    calls(strikes, years) {
      const deviation = volatility(years) * Math.sqrt(years);
      return strikes.map((strike) => callPrice(price(), strike, deviation));
    },
    volatility,
  };
}
