/**
 * The client of a node: typed calls over HTTP or WebSocket, and subscriptions that survive a lost
 * connection. Browser-safe: needs only `fetch` and `WebSocket`.
 *
 * With an `http` address calls go by HTTP and subscriptions by a WebSocket opened when first needed;
 * with a `ws` address everything goes by the WebSocket, which is faster for many calls.
 */
import type { MethodName, ParamsOf, ResultOf } from '../../node/rpc/schemas/methods.ts';
import type {
  ChannelData,
  ChannelKind,
  Notification,
} from '../../node/rpc/schemas/subscription.ts';
import { rpcErrorOf, TransportError } from './rpc-error.ts';
import { createSocket, type WebSocketConstructor } from './socket.ts';

export type ClientOptions = {
  /** `http://127.0.0.1:8545`, or `ws://…`. */
  readonly url: string;
  readonly fetch?: typeof fetch;
  readonly WebSocket?: WebSocketConstructor;
  /** Longest wait for an answer, 10 s unless told; `submit_transaction` adds its own wait. */
  readonly timeoutMs?: number;
  /** Most calls that wait on the WebSocket, 10,000 unless told. */
  readonly maxPending?: number;
};

export type CallOptions = { readonly timeoutMs?: number };

/** Data of a channel by the start of its name; of a name known only at run time, any of them. */
export type DataOf<C extends string> = string extends C
  ? ChannelData[ChannelKind]
  : {
      [K in ChannelKind]: C extends K | `${K}.${string}` ? ChannelData[K] : never;
    }[ChannelKind];

export type SubscribeOptions = {
  /** Resume after this height. */
  readonly fromHeight?: number;
  /** A re-subscription after a lost connection was refused; tried again at the next one. */
  readonly onError?: (error: Error) => void;
};

export interface Subscription {
  readonly channel: string;
  unsubscribe(): Promise<void>;
}

export interface Client {
  readonly url: string;
  /** Calls a method. Rejects with `RpcError` or `TransportError`. */
  call<M extends MethodName>(
    method: M,
    params: ParamsOf<M>,
    options?: CallOptions,
  ): Promise<ResultOf<M>>;
  /**
   * Subscribes to a channel (`CHANNEL_FORMS`). After a lost connection it resumes from the last
   * height seen; where the node no longer remembers, the channel starts afresh with a snapshot.
   * A second listener of the same channel gets what follows, not the first snapshot again.
   */
  subscribe<C extends string>(
    channel: C,
    onNotification: (notification: Notification<DataOf<C>>) => void,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /** Ends subscriptions and connections; calls in flight reject. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_PENDING = 10_000;

type Subscribed = {
  readonly listeners: Set<(notification: Notification<never>) => void>;
  readonly onError: ((error: Error) => void) | undefined;
  lastSequence: number | undefined;
};

/** How long to wait for an answer: a call that itself waits gets that on top. */
function timeoutOf(params: object, timeoutMs: number): number {
  const { wait, timeout_ms: waitMs } = params as { wait?: unknown; timeout_ms?: unknown };
  return wait === 'final' ? timeoutMs + (typeof waitMs === 'number' ? waitMs : 10_000) : timeoutMs;
}

async function callByHttp(
  send: typeof fetch,
  url: string,
  request: { id: number; method: string; params: object; timeoutMs: number },
): Promise<unknown> {
  const { id, method, params, timeoutMs } = request;
  let answer: unknown;
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    answer = await response.json();
  } catch (cause) {
    const isTimeout = cause instanceof Error && cause.name === 'TimeoutError';
    throw isTimeout
      ? new TransportError('timeout', `${method}: no answer in ${timeoutMs} ms`)
      : new TransportError('unreachable', `no node answers at ${url}`, cause);
  }
  if (typeof answer !== 'object' || answer === null) {
    throw new TransportError('bad_answer', `${method}: the answer is not an object`);
  }
  const { result, error } = answer as { result?: unknown; error?: unknown };
  if (error !== undefined) throw rpcErrorOf(error);
  return result;
}

/** Connects to the node at `options.url`; nothing is sent before the first call. */
export function createClient(options: ClientOptions): Client {
  const { url, timeoutMs = DEFAULT_TIMEOUT_MS, maxPending = DEFAULT_MAX_PENDING } = options;
  const isSocketUrl = /^wss?:/.test(url);
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const subscribed = new Map<string, Subscribed>();
  let nextId = 1;

  const resubscribe = (): void => {
    for (const [channel, entry] of subscribed) {
      const from = entry.lastSequence;
      const params = { channels: [channel], ...(from === undefined ? {} : { from_height: from }) };
      socket.call('public/subscribe', params).catch((error: Error) => entry.onError?.(error));
    }
  };

  const socket = createSocket({
    url: url.replace(/^http/, 'ws'),
    WebSocket: options.WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor),
    timeoutMs,
    maxPending,
    onMessage({ method, params }) {
      if (method !== 'subscription') return;
      const notification = params as Notification<never>;
      const entry = subscribed.get(notification.channel);
      if (entry === undefined) return;
      entry.lastSequence = notification.sequence;
      for (const listener of entry.listeners) listener(notification);
    },
    onReopened: resubscribe,
  });

  return {
    url,
    async call(method, params, callOptions = {}) {
      const limitMs = timeoutOf(params, callOptions.timeoutMs ?? timeoutMs);
      const answer = isSocketUrl
        ? await socket.call(method, params, limitMs)
        : await callByHttp(send, url, { id: nextId++, method, params, timeoutMs: limitMs });
      return answer as ResultOf<typeof method>;
    },
    async subscribe(channel, onNotification, { fromHeight, onError } = {}) {
      const listener = onNotification as (notification: Notification<never>) => void;
      const existing = subscribed.get(channel);
      const entry = existing ?? { listeners: new Set(), onError, lastSequence: fromHeight };
      entry.listeners.add(listener);
      if (existing === undefined) {
        subscribed.set(channel, entry);
        socket.setNeeded(true);
        const from = fromHeight === undefined ? {} : { from_height: fromHeight };
        try {
          await socket.call('public/subscribe', { channels: [channel], ...from });
        } catch (cause) {
          subscribed.delete(channel);
          socket.setNeeded(subscribed.size > 0);
          throw cause;
        }
      }
      return {
        channel,
        async unsubscribe() {
          entry.listeners.delete(listener);
          if (entry.listeners.size > 0 || subscribed.get(channel) !== entry) return;
          subscribed.delete(channel);
          socket.setNeeded(subscribed.size > 0);
          await socket.call('public/unsubscribe', { channels: [channel] });
        },
      };
    },
    close() {
      subscribed.clear();
      socket.close();
    },
  };
}
