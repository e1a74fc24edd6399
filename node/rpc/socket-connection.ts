/**
 * One WebSocket: takes requests, sends answers and notifications, and never holds more than its
 * share: requests in flight, bytes unread and subscriptions are bounded.
 */
import type { WebSocket } from 'ws';
import type { Log } from '../ports.ts';
import { CLOSE_CODE, type RpcConfig } from './config.ts';
import type { Connection, RpcContext } from './context.ts';
import { errorObject, failure } from './errors.ts';
import { answerText, type CallObserver, errorText } from './json-rpc.ts';
import type { RpcMetrics } from './metrics.ts';
import type { Sink, Subscriptions } from './subscriptions.ts';

export type SocketParts = {
  readonly context: RpcContext;
  readonly subscriptions: Subscriptions;
  readonly config: RpcConfig;
  readonly observer: CallObserver;
  readonly metrics: RpcMetrics;
  readonly log: Log;
};

/** How long a dropped reader has to take the close frame. */
const CLOSE_GRACE_MS = 1_000;

/** Serves `socket` until it closes; returns how to end it. */
export function serveSocket(
  socket: WebSocket,
  { context, subscriptions, config, observer, metrics, log }: SocketParts,
): { close: (code: number, reason: string) => void; ping: () => void } {
  const channels = new Set<string>();
  let inFlight = 0;
  let isAlive = true;

  const end = (code: number, reason: string): void => {
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
  };

  const send = (text: string): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > config.maxSendBufferBytes) {
      metrics.add('slow_readers_dropped', '', 1);
      log.debug({ bufferedBytes: socket.bufferedAmount }, 'slow reader dropped');
      subscriptions.drop(sink);
      end(CLOSE_CODE.slowReader, 'too slow a reader');
      return;
    }
    socket.send(text);
  };
  const sink: Sink = {
    send(text) {
      metrics.add('notifications', '', 1);
      send(text);
    },
  };

  const connection: Connection = {
    async subscribe(names, fromHeight) {
      const most = config.maxSubscriptionsPerConnection;
      for (const name of names) {
        if (!channels.has(name) && channels.size >= most) {
          const given = channels.size + 1;
          throw failure('too_many_subscriptions', { field: 'channels', given, allowed: `${most}` });
        }
        channels.add(name);
        try {
          await subscriptions.subscribe(sink, name, fromHeight);
        } catch (cause) {
          channels.delete(name);
          throw cause;
        }
      }
      // The socket may have closed while the channels were looked up.
      if (socket.readyState !== socket.OPEN) subscriptions.drop(sink);
      return [...names];
    },
    unsubscribe: (names) =>
      names.filter((name) => channels.delete(name) && subscriptions.unsubscribe(sink, name)),
  };

  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      const facts = { field: 'request', given: 'a binary message', allowed: 'JSON as text' };
      send(errorText(errorObject('parse_error', facts)));
      return;
    }
    if (inFlight >= config.maxInFlightPerConnection) {
      const allowed = `${config.maxInFlightPerConnection} at once`;
      send(errorText(errorObject('too_many_requests', { given: inFlight, allowed })));
      return;
    }
    inFlight++;
    void answerText(String(data), context, connection, observer).then((answer) => {
      inFlight--;
      if (answer !== undefined) send(answer);
    });
  });
  socket.on('pong', () => {
    isAlive = true;
  });
  // `ws` closes the socket itself after an error (1009 for a message that is too large).
  socket.on('error', (cause) => log.debug({ problem: cause.message }, 'socket failed'));
  socket.on('close', () => subscriptions.drop(sink));

  return {
    close: end,
    ping() {
      if (!isAlive) {
        end(CLOSE_CODE.pingTimeout, 'no answer to a ping');
        return;
      }
      isAlive = false;
      socket.ping();
    },
  };
}
