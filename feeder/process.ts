/**
 * A feeder as a process: key, nodes, metrics and signals around `runFeeder`. It ends by SIGINT or
 * SIGTERM with status 0; what keeps it from starting is a `FatalError` with a status of `EXIT`.
 */
import { EXIT, FatalError } from '../node/exit-codes.ts';
import { startHttpServer } from '../node/http-server.ts';
import { readKeyFile } from '../node/keys.ts';
import { createClient } from '../wallet/client/client.ts';
import { ed25519Signer } from '../wallet/client/sign.ts';
import type { FeederConfig } from './config.ts';
import type { EventLog } from './event-log.ts';
import { runFeeder } from './feeder.ts';
import { createFeederMetrics } from './metrics.ts';
import { openSources, type Replay } from './open-sources.ts';

export type RunningFeeder = {
  /** `http://host:port`; undefined without metrics. */
  readonly metricsUrl: string | undefined;
  stop(): Promise<void>;
};

/** Starts a feeder. Throws `FatalError`: `badData` (key, recording), `config`, `locked` (port). */
export async function startFeeder(
  config: FeederConfig,
  options: { readonly log: EventLog; readonly replay?: Replay | undefined },
): Promise<RunningFeeder> {
  const { log, replay } = options;
  const signer = ed25519Signer(readKeyFile(config.oracleKey));
  const { sources, rules, minSources } = openSources(config, replay);
  const metrics = createFeederMetrics();
  const http = config.metrics && {
    ...config.metrics,
    registry: metrics.registry,
    notReady: () => [],
  };
  const server =
    http &&
    (await startHttpServer(http).catch((cause: Error) => {
      throw new FatalError(EXIT.locked, `metrics.port: ${cause.message}`, { cause });
    }));
  const { intervalMs, aggregation } = config;
  const nodes = config.nodes.map((url) => createClient({ url, timeoutMs: 2 * intervalMs }));
  const feeder = runFeeder({
    sources,
    nodes,
    signer,
    underlyings: config.underlyings,
    rules: { ...aggregation, minSources, sources: rules },
    intervalMs,
    surfaceIntervalMs: aggregation.surfaceIntervalMs,
    schedule: config.schedule,
    log,
    metrics,
  });
  return {
    metricsUrl: server?.url,
    async stop() {
      for (const node of nodes) node.close();
      await feeder.stop();
      await server?.close();
    },
  };
}
