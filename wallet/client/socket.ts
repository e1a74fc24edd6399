/**
 * One WebSocket to a node that reconnects by itself while someone needs it. Calls are matched to
 * answers by id; everything else goes to `onMessage`.
 *
 * Bounds: `maxPending` calls wait for answers; each has a deadline. A call in flight when the
 * connection drops fails: it is never sent twice, because the first may have been carried out.
 */
import { rpcErrorOf, TransportError } from './rpc-error.ts';

/** What is used of the WebSocket of browsers, Node and `ws`. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}
export type WebSocketConstructor = new (url: string) => WebSocketLike;

export type SocketOptions = {
  readonly url: string;
  readonly WebSocket: WebSocketConstructor;
  readonly timeoutMs: number;
  readonly maxPending: number;
  /** A message that answers no call. */
  readonly onMessage: (message: { method?: unknown; params?: unknown }) => void;
  /** The connection is open again after it was lost. */
  readonly onReopened: () => void;
};

export interface Socket {
  call(method: string, params: object, timeoutMs?: number): Promise<unknown>;
  /** Reconnect while true. */
  setNeeded(needed: boolean): void;
  close(): void;
}

const RECONNECT_FIRST_MS = 200;
const RECONNECT_MOST_MS = 5_000;

type Pending = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
};

/** Makes the socket; it connects at the first call. */
export function createSocket(options: SocketOptions): Socket {
  const pending = new Map<number, Pending>();
  let socket: WebSocketLike | undefined;
  let opening: Promise<WebSocketLike> | undefined;
  let reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  let nextId = 1;
  let isNeeded = false;
  let isClosed = false;
  let wasOpen = false;
  let delayMs = RECONNECT_FIRST_MS;

  const failAll = (reason: Error): void => {
    for (const { reject, timer } of pending.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    pending.clear();
  };

  const onText = (text: string): void => {
    let message: { id?: unknown; result?: unknown; error?: unknown; method?: unknown };
    try {
      message = JSON.parse(text);
    } catch {
      failAll(new TransportError('bad_answer', 'the node sent what is not JSON'));
      return;
    }
    const waiting = typeof message.id === 'number' ? pending.get(message.id) : undefined;
    if (waiting === undefined) {
      options.onMessage(message);
      return;
    }
    pending.delete(message.id as number);
    clearTimeout(waiting.timer);
    if (message.error !== undefined) waiting.reject(rpcErrorOf(message.error));
    else waiting.resolve(message.result);
  };

  const scheduleReconnect = (): void => {
    if (isClosed || !isNeeded || reconnectTimer !== undefined) return;
    reconnectTimer = setTimeout(() => {
      reconnectTimer = undefined;
      open().catch(() => scheduleReconnect());
    }, delayMs);
    delayMs = Math.min(2 * delayMs, RECONNECT_MOST_MS);
  };

  const open = (): Promise<WebSocketLike> => {
    if (isClosed) return Promise.reject(new TransportError('closed', 'the client is closed'));
    if (socket) return Promise.resolve(socket);
    opening ??= new Promise<WebSocketLike>((resolve, reject) => {
      const candidate = new options.WebSocket(options.url);
      const unreachable = (): TransportError =>
        new TransportError('unreachable', `no node answers at ${options.url}`);
      const deadline = setTimeout(() => {
        opening = undefined;
        reject(unreachable());
        candidate.close();
      }, options.timeoutMs);
      candidate.onopen = () => {
        clearTimeout(deadline);
        opening = undefined;
        socket = candidate;
        delayMs = RECONNECT_FIRST_MS;
        resolve(candidate);
        if (wasOpen) options.onReopened();
        wasOpen = true;
      };
      candidate.onmessage = (event: never) => onText(String((event as { data: unknown }).data));
      candidate.onerror = () => {};
      candidate.onclose = () => {
        clearTimeout(deadline);
        opening = undefined;
        reject(unreachable());
        if (socket !== candidate) return;
        socket = undefined;
        failAll(new TransportError('closed', 'the connection to the node was lost'));
        scheduleReconnect();
      };
    });
    return opening;
  };

  return {
    async call(method, params, timeoutMs = options.timeoutMs) {
      if (pending.size >= options.maxPending) {
        throw new TransportError('too_many_pending', `${pending.size} calls wait for answers`);
      }
      const current = await open();
      const id = nextId++;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          pending.delete(id);
          reject(new TransportError('timeout', `${method}: no answer in ${timeoutMs} ms`));
        }, timeoutMs);
        pending.set(id, { resolve, reject, timer });
        current.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      });
    },
    setNeeded(needed) {
      isNeeded = needed;
    },
    close() {
      isClosed = true;
      clearTimeout(reconnectTimer);
      failAll(new TransportError('closed', 'the client is closed'));
      socket?.close(1000);
      socket = undefined;
    },
  };
}
