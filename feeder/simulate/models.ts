/**
 * The simulated markets by name, with parameters like those of BTC in recorded years.
 *
 * Source: jump diffusion as fitted to one-minute bars (`devnet/prices/fitted.json`, rounded); Heston as
 * calibrated to calm recorded chains, rounded; regimes by hand: weeks of calm, days of storm, and
 * crashes of hours that begin with a gap.
 */
import { hestonPath } from './heston.ts';
import { jumpDiffusionPath } from './jump-diffusion.ts';
import type { Path, PathOptions } from './path.ts';
import { type RegimeModel, regimePath } from './regimes.ts';

export const MODEL_NAMES = ['jump_diffusion', 'heston', 'regimes'] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

const REGIMES: RegimeModel = {
  regimes: [
    { name: 'calm', volatility: 0.4, meanDays: 21, entryJump: 0 },
    { name: 'storm', volatility: 0.9, meanDays: 3, entryJump: 0 },
    { name: 'crash', volatility: 2.5, meanDays: 0.2, entryJump: -0.04 },
  ],
  next: [
    [0, 0.9, 0.1],
    [0.7, 0, 0.3],
    [0.2, 0.8, 0],
  ],
};

const PATHS: Readonly<Record<ModelName, (options: PathOptions) => Path>> = {
  jump_diffusion: (options) =>
    jumpDiffusionPath(
      { volatility: 0.45, jumpsPerYear: 250, jumpMean: -0.001, jumpDeviation: 0.012 },
      options,
    ),
  heston: (options) =>
    hestonPath({ v0: 0.25, kappa: 4, theta: 0.3, sigma: 1.6, rho: -0.25 }, options),
  regimes: (options) => regimePath(REGIMES, options),
};

/** The path of a model; the same options give the same path anywhere. */
export function simulatedPath(model: ModelName, options: PathOptions): Path {
  return PATHS[model](options);
}
