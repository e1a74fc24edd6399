/** What handlers of methods work with, and their form. */

import type { Ask } from './ask.ts';
import type { RpcBackend } from './backend.ts';
import type { RpcConfig } from './config.ts';
import type { Feed } from './feed.ts';
import type { MethodName, ParamsOf, ResultOf } from './schemas/methods.ts';

/** One WebSocket as handlers see it. */
export interface Connection {
  /** Subscribes to channels, resuming after `fromHeight` where that is remembered. */
  subscribe(channels: readonly string[], fromHeight: number | undefined): Promise<string[]>;
  /** Ends subscriptions; the channels that were there. */
  unsubscribe(channels: readonly string[]): string[];
}

export type RpcContext = {
  readonly backend: RpcBackend;
  readonly ask: Ask;
  readonly feed: Feed;
  readonly config: RpcConfig;
  /** Genesis hash, 32 bytes. */
  readonly chainId: () => Promise<Uint8Array>;
  readonly now: () => number;
};

/** `connection` is missing over HTTP. Throws `RpcFailure` for what the caller is told. */
export type Handler<M extends MethodName> = (
  params: ParamsOf<M>,
  context: RpcContext,
  connection: Connection | undefined,
) => Promise<ResultOf<M>> | ResultOf<M>;

export type Handlers<M extends MethodName> = { readonly [N in M]: Handler<N> };
