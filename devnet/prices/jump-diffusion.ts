/**
 * The simulated market: Merton's jump diffusion (`feeder/simulate/jump-diffusion.ts`) for BTC and ETH,
 * correlated, with a surface fitted to recorded chains. Parameters are those of `fitted.json`, which
 * says how they were found.
 *
 *     d ln S = (−σ²/2 − λ·E[e^J − 1]) dt + σ dW + J dN,   J ~ N(m, s²)
 *
 * Source: Merton 1976. The drift makes S a martingale. A share of the jumps are common to both.
 *
 * Each step of one second draws its numbers from (seed, step), so that every feeder walks the same
 * path whenever it starts. Cost: 1 µs a step; a network that is a month old catches up in 3 s.
 */
import {
  diffusionReturn,
  type JumpDiffusion,
  jumpReturn,
} from '../../feeder/simulate/jump-diffusion.ts';
import { gaussian, mix32, poisson, uniforms } from '../../feeder/simulate/random.ts';
import fitted from './fitted.json' with { type: 'json' };
import type { PriceQuestion, PriceSource, UnderlyingName } from './price-source.ts';
import { YEAR_MS } from './price-source.ts';
import { type Surface, slicesAt } from './surface.ts';

/** Length of a step of the path. */
export const STEP_MS = 1_000;

export type MarketModel = {
  readonly underlyings: Record<UnderlyingName, JumpDiffusion & { readonly surface: Surface }>;
  /** Correlation of the diffusions. */
  readonly correlation: number;
  /** Jumps of both at once a year, part of each one's own count. */
  readonly commonJumpsPerYear: number;
  /** Correlation of the sizes of common jumps. */
  readonly commonJumpCorrelation: number;
};

/** The model fitted to recorded days. */
export const FITTED_MODEL: MarketModel = fitted.model;

export type SimulationOptions = {
  readonly model: MarketModel;
  readonly seed: number;
  readonly startedAtMs: number;
  readonly expiryIntervalMs: number;
};

type Returns = Record<UnderlyingName, number>;

/** Log returns of one step of the path. */
export function stepReturns(model: MarketModel, seed: number, step: number): Returns {
  const uniform = uniforms(mix32(seed, step));
  const { BTC, ETH } = model.underlyings;
  const [first, second] = correlatedPair(model.correlation, uniform);
  const years = STEP_MS / YEAR_MS;
  let btc = diffusionReturn(BTC, first, years);
  let eth = diffusionReturn(ETH, second, years);
  const common = model.commonJumpsPerYear;
  for (let n = poisson((BTC.jumpsPerYear - common) * years, uniform); n > 0; n--) {
    btc += jumpReturn(BTC, gaussian(uniform));
  }
  for (let n = poisson((ETH.jumpsPerYear - common) * years, uniform); n > 0; n--) {
    eth += jumpReturn(ETH, gaussian(uniform));
  }
  for (let n = poisson(common * years, uniform); n > 0; n--) {
    const [x, y] = correlatedPair(model.commonJumpCorrelation, uniform);
    btc += jumpReturn(BTC, x);
    eth += jumpReturn(ETH, y);
  }
  return { BTC: btc, ETH: eth };
}

function correlatedPair(correlation: number, uniform: () => number): readonly [number, number] {
  const first = gaussian(uniform);
  return [first, correlation * first + Math.sqrt(1 - correlation ** 2) * gaussian(uniform)];
}

/** The simulated market from `startedAtMs` on; the same options give the same market anywhere. */
export function simulateMarket(options: SimulationOptions): PriceSource {
  const { model, seed, startedAtMs, expiryIntervalMs } = options;
  let step = 0;
  let logReturn: Returns = { BTC: 0, ETH: 0 };
  const walkTo = (atMs: number): void => {
    const target = Math.max(0, Math.floor((atMs - startedAtMs) / STEP_MS));
    // Observations come in order; one from before is a new walk.
    if (target < step) {
      step = 0;
      logReturn = { BTC: 0, ETH: 0 };
    }
    for (; step < target; step++) {
      const { BTC, ETH } = stepReturns(model, seed, step);
      logReturn = { BTC: logReturn.BTC + BTC, ETH: logReturn.ETH + ETH };
    }
  };
  return {
    kind: 'simulation',
    citation:
      `simulation, seed ${seed}: Merton jump diffusion and eSSVI surface fitted to ` +
      `${fitted.source.index} and ${fitted.source.surface} (devnet/prices/fitted.json)`,
    observe: ({ underlying, atMs, expiriesMs }: PriceQuestion) => {
      walkTo(atMs);
      const { initialPrice, surface } = model.underlyings[underlying];
      const index = initialPrice * Math.exp(logReturn[underlying]);
      return {
        underlying,
        index,
        expiries: slicesAt(surface, { atMs, expiriesMs, expiryIntervalMs }).map((slice) => ({
          ...slice,
          forward: index,
        })),
      };
    },
  };
}
