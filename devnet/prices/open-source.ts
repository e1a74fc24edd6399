/** The price source of a network: a recording where one is given, else the simulation. */
import { FITTED_MODEL, simulateMarket } from './jump-diffusion.ts';
import type { PriceSource } from './price-source.ts';
import { openReplay } from './replay.ts';

export type SourceOptions = {
  readonly replay?: string | undefined;
  readonly seed: number;
  readonly startedAtMs: number;
  readonly expiryIntervalMs: number;
};

/** Opens it. Throws `RecordedDataError` when a recording is given that cannot be used. */
export function openPriceSource(options: SourceOptions): PriceSource {
  const { replay, seed, startedAtMs, expiryIntervalMs } = options;
  return replay === undefined
    ? simulateMarket({ model: FITTED_MODEL, seed, startedAtMs, expiryIntervalMs })
    : openReplay({ folder: replay, startedAtMs, expiryIntervalMs });
}
