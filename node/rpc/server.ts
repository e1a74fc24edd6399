/**
 * The RPC server over a backend: HTTP and WebSocket on one port. Runs in a thread of its own, or in
 * the same one (tests, simulator).
 */
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Log } from '../ports.ts';
import { createAsk } from './ask.ts';
import type { RpcBackend } from './backend.ts';
import { CLOSE_CODE, type RpcConfig } from './config.ts';
import type { RpcContext } from './context.ts';
import { createFeed } from './feed.ts';
import { createHttpServer } from './http-server.ts';
import type { CallObserver } from './json-rpc.ts';
import type { RpcMetrics } from './metrics.ts';
import { serveSocket } from './socket-connection.ts';
import { createSubscriptions } from './subscriptions.ts';

export type RunningServer = {
  /** `http://host:port`; the WebSocket is at the same place. */
  readonly url: string;
  close(): Promise<void>;
};

/** Slower calls are logged. */
const SLOW_CALL_MS = 1_000;

function observerOf(metrics: RpcMetrics, log: Log): CallObserver {
  return {
    onCall(method, error, elapsedMs) {
      metrics.add('requests', method, 1);
      metrics.add('request_ms', method, elapsedMs);
      if (error !== undefined) metrics.add('errors', error, 1);
      if (elapsedMs > SLOW_CALL_MS) log.debug({ method, elapsedMs }, 'slow call');
    },
    onInternalError(method, cause) {
      const problem = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      log.error({ method, problem }, 'a call failed');
    },
  };
}

/** Refuses an upgrade with a plain HTTP answer. */
function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function contextOf(backend: RpcBackend, config: RpcConfig, log: Log): RpcContext {
  const ask = createAsk(backend, config.maxPendingQueries);
  const feed = createFeed(backend, ask, config, (problem) =>
    log.error({ problem: problem.message }, 'the market mirror failed and is built anew'),
  );
  let chainId: Promise<Uint8Array> | undefined;
  return {
    backend,
    ask,
    feed,
    config,
    chainId() {
      chainId ??= backend.status().then((status) => status.chainId);
      return chainId;
    },
    now: () => Date.now(),
  };
}

/** Starts listening. Rejects when the port cannot be had. */
export async function startServer(
  backend: RpcBackend,
  config: RpcConfig,
  log: Log,
  metrics: RpcMetrics,
): Promise<RunningServer> {
  const context = contextOf(backend, config, log);
  const observer = observerOf(metrics, log);
  const subscriptions = createSubscriptions(context);
  const app = createHttpServer(config, context, observer);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: config.maxRequestBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const open = new Set<ReturnType<typeof serveSocket>>();

  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?')[0];
    const { origin } = request.headers;
    if (path !== '/') return refuseUpgrade(socket, '404 Not Found');
    // Browsers do not apply CORS to WebSockets, so pages of other origins are refused here.
    if (origin !== undefined && !config.corsOrigins.includes(origin)) {
      metrics.add('connections_refused', '', 1);
      return refuseUpgrade(socket, '403 Forbidden');
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const served = serveSocket(webSocket, {
        context,
        subscriptions,
        config,
        observer,
        metrics,
        log,
      });
      open.add(served);
      metrics.add('connections_opened', '', 1);
      metrics.setConnections(open.size);
      webSocket.on('close', () => {
        open.delete(served);
        metrics.setConnections(open.size);
      });
    });
  });
  const pings = setInterval(() => {
    for (const served of [...open]) served.ping();
  }, config.pingIntervalMs);
  pings.unref();

  await app.listen({ host: config.host, port: config.port });
  const { address, port, family } = app.server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `http://${host}:${port}`,
    async close() {
      clearInterval(pings);
      context.feed.close();
      subscriptions.close();
      for (const served of [...open]) served.close(CLOSE_CODE.shuttingDown, 'the node stops');
      await app.close();
    },
  };
}
