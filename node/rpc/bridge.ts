/**
 * Carries `RpcBackend` across threads: small objects and copied bytes, transferred.
 *
 * Bytes of the main thread are copied once before they are transferred, because others there still
 * read them. Blocks are forwarded only from when the server first asks for them: a validator that
 * nobody calls pays nothing. Order is kept both ways, which `RpcBackend.onBlock` relies on.
 *
 * Messages of one turn cross together: a crossing wakes the other thread, which costs more than the
 * message, and calls come in batches, as do the mempool's answers.
 */
import { epoch, type Height } from '../../runtime/core/units.ts';
import type { BlockNotice, NodeApi } from '../api.ts';
import type { RpcBackend } from './backend.ts';

/** Calls of the backend that take bytes, a height, or nothing. */
type Operation =
  | 'submit'
  | 'status'
  | 'peers'
  | 'configs'
  | 'genesis'
  | 'epoch'
  | 'block'
  | 'results'
  | 'transaction'
  | 'evidence'
  | 'query';

type BridgeCall = {
  readonly id: number;
  readonly operation: Operation;
  readonly bytes?: Uint8Array;
  /** A height, or the number of an epoch. */
  readonly height?: number;
};
type MessageToMain =
  | { readonly kind: 'call'; readonly call: BridgeCall }
  | { readonly kind: 'watchBlocks' };
type MessageFromMain =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'block'; readonly notice: BlockNotice };

/** Messages of one turn, in order. */
type Batch<M> = { readonly kind: 'bridge'; readonly messages: readonly M[] };
export type ToMain = Batch<MessageToMain>;
export type FromMain = Batch<MessageFromMain>;

/** Gathers messages, and posts them when the current callback is over. */
function createOutbox<M>(
  post: (batch: Batch<M>, transfer: ArrayBuffer[]) => void,
): (message: M, transfer?: readonly ArrayBuffer[]) => void {
  let messages: M[] = [];
  let buffers: ArrayBuffer[] = [];
  const flush = (): void => {
    const batch: Batch<M> = { kind: 'bridge', messages };
    const transfer = buffers;
    messages = [];
    buffers = [];
    post(batch, transfer);
  };
  return (message, transfer = []) => {
    if (messages.length === 0) process.nextTick(flush);
    messages.push(message);
    buffers.push(...transfer);
  };
}

/** What is used of a `Worker` or a `MessagePort`. */
type Port = { readonly postMessage: (message: FromMain, transfer: ArrayBuffer[]) => void };

/** Copies the bytes of a shallow object, and lists the copies' buffers to be transferred. */
function copyBytes<T>(value: T, buffers: ArrayBuffer[]): T {
  if (value instanceof Uint8Array) {
    const copy = value.slice();
    buffers.push(copy.buffer);
    return copy as T;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      item instanceof Uint8Array ? copyBytes(item, buffers) : item,
    ]),
  ) as T;
}

function carryOut(api: NodeApi, { operation, bytes, height }: BridgeCall): unknown {
  const given = bytes ?? new Uint8Array(0);
  const at = (height ?? 0) as Height;
  switch (operation) {
    case 'submit':
      return api.submit(given);
    case 'status':
      return api.status();
    case 'peers':
      return api.peers();
    case 'configs':
      return api.configs();
    case 'genesis':
      return api.genesis();
    case 'epoch':
      return api.epoch(epoch(height ?? 0));
    case 'block':
      return api.block(at);
    case 'results':
      return api.results(at);
    case 'transaction':
      return api.transaction(given);
    case 'evidence':
      return api.evidence();
    case 'query':
      return api.query(given);
  }
}

/** Main thread: serves calls that come through `port`. Returns what takes messages, and the end. */
export function serveBridge(
  api: NodeApi,
  port: Port,
): { onMessage: (message: ToMain) => void; close: () => void } {
  let stopWatching: (() => void) | undefined;
  const send = createOutbox<MessageFromMain>((batch, transfer) =>
    port.postMessage(batch, transfer),
  );
  const answer = async (call: BridgeCall): Promise<void> => {
    try {
      const buffers: ArrayBuffer[] = [];
      const value = copyBytes(await carryOut(api, call), buffers);
      send({ kind: 'answer', id: call.id, value }, buffers);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      send({ kind: 'failed', id: call.id, reason });
    }
  };
  const take = (message: MessageToMain): void => {
    switch (message.kind) {
      case 'call':
        void answer(message.call);
        return;
      case 'watchBlocks':
        stopWatching ??= api.onBlock((notice) => {
          const buffers: ArrayBuffer[] = [];
          send({ kind: 'block', notice: copyBytes(notice, buffers) }, buffers);
        });
        return;
    }
  };
  return {
    onMessage({ messages }) {
      for (const message of messages) take(message);
    },
    close() {
      stopWatching?.();
    },
  };
}

/** Server thread: the backend over `post`, and what takes the main thread's messages. */
export function bridgeBackend(post: (message: ToMain) => void): {
  backend: RpcBackend;
  onMessage: (message: FromMain) => void;
} {
  type Waiting = { resolve: (value: never) => void; reject: (reason: Error) => void };
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(notice: BlockNotice) => void>();
  let nextId = 1;
  let isWatching = false;
  const send = createOutbox<MessageToMain>((batch) => post(batch));

  const call = <T>(
    operation: Operation,
    input: { bytes?: Uint8Array; height?: number } = {},
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      send({ kind: 'call', call: { id, operation, ...input } });
    });

  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    return found;
  };

  const take = (message: MessageFromMain): void => {
    switch (message.kind) {
      case 'answer':
        settle(message.id)?.resolve(message.value as never);
        return;
      case 'failed':
        settle(message.id)?.reject(new Error(message.reason));
        return;
      case 'block':
        for (const listener of listeners) listener(message.notice);
        return;
    }
  };

  return {
    backend: {
      submit: (bytes) => call('submit', { bytes }),
      status: () => call('status'),
      peers: () => call('peers'),
      configs: () => call('configs'),
      genesis: () => call('genesis'),
      epoch: (number) => call('epoch', { height: number }),
      block: (height) => call('block', { height }),
      results: (height) => call('results', { height }),
      transaction: (bytes) => call('transaction', { bytes }),
      evidence: () => call('evidence'),
      query: (bytes) => call('query', { bytes }),
      onBlock(listener) {
        listeners.add(listener);
        if (!isWatching) send({ kind: 'watchBlocks' });
        isWatching = true;
        return () => listeners.delete(listener);
      },
    },
    onMessage({ messages }) {
      for (const message of messages) take(message);
    },
  };
}
