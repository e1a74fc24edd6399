/** Entry of the RPC thread: the server over the bridge to the main thread. */
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../runtime/core/result.ts';
import type { Log, LogLevel } from '../ports.ts';
import { bridgeBackend, type FromMain, type ToMain } from './bridge.ts';
import type { RpcConfig } from './config.ts';
import type { RpcMetrics } from './metrics.ts';
import { type RunningServer, startServer } from './server.ts';

/** From the thread to main, beside the bridge's own. */
export type FromServer =
  | ToMain
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly facts: object;
      readonly event: string;
    }
  | {
      readonly kind: 'metrics';
      readonly counts: readonly (readonly [counter: string, label: string, by: number])[];
      readonly connections: number;
    };
export type ToServer = FromMain | { readonly kind: 'close' };

const METRICS_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'this file runs as a thread');
const port = parentPort;
const post = (message: FromServer): void => port.postMessage(message);

function forwardedLog(): Log {
  const at = (level: LogLevel) => (facts: object, event: string) =>
    post({ kind: 'log', level, facts, event });
  const log: Log = {
    trace: () => {},
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

/** Counts here, and posts what changed once a second. */
function forwardedMetrics(): RpcMetrics {
  const counts = new Map<string, [counter: string, label: string, by: number]>();
  let connections = 0;
  let posted = 0;
  setInterval(() => {
    if (counts.size === 0 && connections === posted) return;
    post({ kind: 'metrics', counts: [...counts.values()], connections });
    counts.clear();
    posted = connections;
  }, METRICS_INTERVAL_MS).unref();
  return {
    add(counter, label, by) {
      const key = `${counter} ${label}`;
      const entry = counts.get(key);
      if (entry === undefined) counts.set(key, [counter, label, by]);
      else entry[2] += by;
    },
    setConnections(open) {
      connections = open;
    },
  };
}

const { backend, onMessage } = bridgeBackend(post);
let server: RunningServer | undefined;

port.on('message', (message: ToServer) => {
  if (message.kind !== 'close') {
    onMessage(message);
    return;
  }
  void (server?.close() ?? Promise.resolve()).then(() => {
    post({ kind: 'closed' });
    port.close();
  });
});

startServer(backend, workerData as RpcConfig, forwardedLog(), forwardedMetrics()).then(
  (running) => {
    server = running;
    post({ kind: 'listening', url: running.url });
    // A thread that is ended by its process writes nothing then.
    flushCompileCache();
  },
  (cause: unknown) => {
    post({ kind: 'failed', reason: cause instanceof Error ? cause.message : String(cause) });
    port.close();
  },
);
