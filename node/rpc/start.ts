/** Starts the RPC server of a node, in a thread of its own. */
import { Worker } from 'node:worker_threads';
import type { NodeApi } from '../api.ts';
import type { Log } from '../ports.ts';
import { localBackend } from './backend.ts';
import { serveBridge } from './bridge.ts';
import type { RpcConfig } from './config.ts';
import type { RpcCounter, RpcMetrics } from './metrics.ts';
import { type RunningServer, startServer } from './server.ts';
import type { FromServer, ToServer } from './worker.ts';

export type { RunningServer } from './server.ts';

/**
 * Heap of the thread: the mirror, its backlog and requests under way. The young generation holds what
 * lives as long as a submission takes; by V8's own rule it would have 6 MB, and nearly all survives.
 */
const HEAP = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 48 } as const;
/** A thread that has not closed by then is ended. */
const CLOSE_DEADLINE_MS = 3_000;

/** Runs the server in the calling thread: for tests and the simulator. */
export function startRpcInline(
  api: NodeApi,
  config: RpcConfig,
  log: Log,
  metrics: RpcMetrics,
): Promise<RunningServer> {
  return startServer(localBackend(api), config, log, metrics);
}

/**
 * Starts the server's thread; resolves when it listens. Rejects when the port cannot be had. When
 * the thread dies later, that is logged as an error, and the node goes on without its RPC.
 */
export function startRpc(
  api: NodeApi,
  config: RpcConfig,
  log: Log,
  metrics: RpcMetrics,
): Promise<RunningServer> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: config,
    resourceLimits: HEAP,
  });
  const post = (message: ToServer): void => worker.postMessage(message);
  const bridge = serveBridge(api, {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
  });
  let onClosed: () => void = () => {};
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  const close = async (): Promise<void> => {
    bridge.close();
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve;
    });
    post({ kind: 'close' });
    const deadline = new Promise<void>((resolve) => {
      setTimeout(resolve, CLOSE_DEADLINE_MS).unref();
    });
    await Promise.race([closed, exited, deadline]);
    await worker.terminate();
  };

  return new Promise((resolve, reject) => {
    let isListening = false;
    worker.on('message', (message: FromServer) => {
      switch (message.kind) {
        case 'listening':
          isListening = true;
          resolve({ url: message.url, close });
          return;
        case 'failed':
          reject(new Error(message.reason));
          return;
        case 'closed':
          onClosed();
          return;
        case 'log':
          if (message.level === 'error') log.error(message.facts, message.event);
          else if (message.level === 'warn') log.warn(message.facts, message.event);
          else if (message.level === 'info') log.info(message.facts, message.event);
          else log.debug(message.facts, message.event);
          return;
        case 'metrics':
          for (const [counter, label, by] of message.counts) {
            metrics.add(counter as RpcCounter, label, by);
          }
          metrics.setConnections(message.connections);
          return;
        case 'bridge':
          bridge.onMessage(message);
          return;
      }
    });
    worker.on('error', (cause: Error) => {
      bridge.close();
      log.error({ problem: cause.message }, 'the RPC thread failed');
      if (!isListening) reject(cause);
    });
  });
}
