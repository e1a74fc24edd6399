/** The sources of a configuration, or the recordings that are replayed instead. */
import { EXIT, FatalError } from '../node/exit-codes.ts';
import type { FeederConfig } from './config.ts';
import type { SourceRule } from './observe.ts';
import { RecordingError, readRecording } from './replay/read-recording.ts';
import { createReplaySource } from './replay/replay-source.ts';
import { createSimulatedSource } from './simulate/simulated-source.ts';
import type { PriceSource } from './sources/price-source.ts';
import { createVenueSource } from './sources/venue-source.ts';
import { VENUES } from './sources/venues.ts';

export type Replay = { readonly files: readonly string[]; readonly speed: number };

export type OpenedSources = {
  readonly sources: readonly PriceSource[];
  readonly rules: readonly SourceRule[];
  /** A recording and a simulation are one source, whatever the configuration asks for. */
  readonly minSources: number;
};

function replayed(replay: Replay, { underlyings, intervalMs }: FeederConfig): OpenedSources {
  try {
    const recordings = replay.files.map(readRecording);
    const name = 'replay';
    const { speed } = replay;
    const everyMs = Math.floor(intervalMs / 2);
    return {
      sources: [createReplaySource({ name, recordings, speed, everyMs })],
      rules: [{ name, weight: 1, underlyings }],
      minSources: 1,
    };
  } catch (cause) {
    if (cause instanceof RecordingError) throw new FatalError(EXIT.badData, cause.message);
    throw cause;
  }
}

/**
 * Opens what `config` names; nothing connects before a source is started. `FatalError`: `badData` for
 * a recording that cannot be used, `config` when there is no source at all.
 */
export function openSources(config: FeederConfig, replay?: Replay): OpenedSources {
  if (replay) return replayed(replay, config);
  const { simulation, sources, aggregation, underlyings, intervalMs } = config;
  if (simulation) {
    const name = 'simulation';
    const { prices, startedAtMs = Date.now(), ...options } = simulation;
    const source = createSimulatedSource({
      ...options,
      name,
      startedAtMs,
      underlyings: Object.entries(prices).map(([coin, initialPrice]) => ({
        name: coin,
        initialPrice,
      })),
      everyMs: Math.floor(intervalMs / 2),
    });
    return { sources: [source], rules: [{ name, weight: 1, underlyings }], minSources: 1 };
  }
  if (sources.length === 0) {
    throw new FatalError(
      EXIT.config,
      'sources: given none; allowed: sources, simulation or --replay',
    );
  }
  return {
    sources: sources.map(({ name, url, venue, markets }) =>
      createVenueSource({ name, url, venue: VENUES[venue], markets }),
    ),
    rules: sources.map(({ name, weight, markets }) => ({
      name,
      weight,
      underlyings: markets.map(({ underlying }) => underlying),
    })),
    minSources: aggregation.minSources,
  };
}
