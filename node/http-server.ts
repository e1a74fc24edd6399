/**
 * HTTP for operators: `/metrics` (Prometheus), `/livez`, `/readyz`. Not the JSON-RPC of `node/rpc`.
 *
 * Live: the process answers and its event loop is not stuck. Ready: it is worth sending users to.
 * Bounded: few connections, small headers, no bodies, short deadlines.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from 'prom-client';

const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 * 1024;
const REQUEST_DEADLINE_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;
/** An event loop that is late by so much once in a window is stuck. */
const STUCK_MS = 5_000;
/** Lateness is looked at over one to two of these. */
const WINDOW_MS = 15_000;

export type HttpServerOptions = {
  /** Port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** Why this node should get no users now, in words; empty when it should. */
  readonly notReady: () => readonly string[];
};

export type HttpServer = {
  /** `http://host:port`. */
  readonly url: string;
  /** Ends open connections; resolves when the port is free. */
  close(): Promise<void>;
};

/** Greatest lateness of the event loop in the last one to two windows. */
function watchLateness(): { readonly latestMs: () => number; readonly stop: () => void } {
  const delay = monitorEventLoopDelay({ resolution: 100 });
  delay.enable();
  let beforeMs = 0;
  const turn = setInterval(() => {
    beforeMs = delay.max / 1e6;
    delay.reset();
  }, WINDOW_MS);
  turn.unref();
  return {
    latestMs: () => Math.max(beforeMs, delay.max / 1e6),
    stop() {
      clearInterval(turn);
      delay.disable();
    },
  };
}

/** Rejects with the system's error when the address is in use or not this machine's. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, registry, notReady } = options;
  const lateness = watchLateness();

  const reply = (response: ServerResponse, status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(body);
  };
  const replyJson = (response: ServerResponse, status: number, body: object): void =>
    reply(response, status, 'application/json', `${JSON.stringify(body)}\n`);

  const route = async (path: string, response: ServerResponse): Promise<void> => {
    switch (path) {
      case '/metrics':
        return reply(response, 200, registry.contentType, await registry.metrics());
      case '/livez': {
        const eventLoopMs = Math.round(lateness.latestMs());
        const live = eventLoopMs < STUCK_MS;
        return replyJson(response, live ? 200 : 503, { live, eventLoopMs });
      }
      case '/readyz': {
        const reasons = notReady();
        const ready = reasons.length === 0;
        return replyJson(response, ready ? 200 : 503, { ready, reasons });
      }
      default:
        return replyJson(response, 404, { error: `no ${path}`, paths: PATHS });
    }
  };

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: REQUEST_DEADLINE_MS,
      headersTimeout: REQUEST_DEADLINE_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        // What it sends is not read.
        response.setHeader('connection', 'close');
        return replyJson(response, 405, { error: `${request.method} is not allowed` });
      }
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      route(path, response).catch((error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error);
        if (response.headersSent) response.destroy();
        else replyJson(response, 500, { error: detail });
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    lateness.stop();
    throw error;
  }
  const bound = server.address() as AddressInfo;
  const shown = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${shown}:${bound.port}`,
    close() {
      lateness.stop();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

const PATHS: readonly string[] = ['/metrics', '/livez', '/readyz'];
