/**
 * Subscriptions: which connection wants which channel, and what each block brings them.
 *
 * Data of a channel is made once per block and written to all its subscribers. Channels with an
 * interval gather changes and send at most once per interval. Sequences: see
 * `schemas/subscription.ts`. Cost per block: the channels that have subscribers, not all there are.
 */
import type { AccountId } from '../../runtime/core/units.ts';
import type { RpcContext } from './context.ts';
import { failure } from './errors.ts';
import { accountIdOf, type FeedBlock } from './feed.ts';
import { addressOf, instrumentOf, underlyingOf } from './lookup.ts';
import { transactionInfo } from './methods/transaction.ts';
import { type BookChanges, bookChanges, mergeBookChanges } from './mirror/book.ts';
import { auctionInfo, indexPriceInfo, ticker } from './present.ts';
import { bookData, bookSnapshot, level3Snapshot } from './present-book.ts';
import { CHANNEL_FORMS, type Channel, INTERVALS, parseChannel } from './schemas/subscription.ts';
import { type ChannelTarget, channelChange } from './subscription-data.ts';

/** Where notifications of one connection go. */
export type Sink = { readonly send: (text: string) => void };

type Subscriber = { readonly sink: Sink; lastSequence: number | undefined };

type OpenChannel = {
  readonly name: string;
  readonly channel: Channel;
  readonly target: ChannelTarget;
  readonly subscribers: Map<Sink, Subscriber>;
  /** Of a channel with an interval: what waits to be sent, and the timer that sends it. */
  pending: BookChanges | 'ticker' | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends a wait for a transaction. */
  cancel: (() => void) | undefined;
};

export interface Subscriptions {
  /** Subscribes a connection; sends snapshots or what was missed. Fails like a method. */
  subscribe(sink: Sink, name: string, fromHeight: number | undefined): Promise<void>;
  /** Whether it was subscribed. */
  unsubscribe(sink: Sink, name: string): boolean;
  /** The connection is gone. */
  drop(sink: Sink): void;
  close(): void;
}

/** How long a subscription to a transaction waits. */
const TRANSACTION_WAIT_MS = 24 * 3_600_000;

function notification(
  name: string,
  subscriber: Subscriber,
  height: number,
  dataJson: string,
): string {
  const previous = subscriber.lastSequence ?? null;
  return (
    `{"jsonrpc":"2.0","method":"subscription","params":{"channel":${JSON.stringify(name)},` +
    `"height":${height},"sequence":${height},"prev_sequence":${previous},"data":${dataJson}}}`
  );
}

export function createSubscriptions(context: RpcContext): Subscriptions {
  const { feed, ask } = context;
  const open = new Map<string, OpenChannel>();
  let stopListening: (() => void) | undefined;

  /** Sends data to some subscribers. Books say their own place too, as on Deribit. */
  const deliver = (
    { name, channel }: OpenChannel,
    to: Iterable<Subscriber>,
    height: number,
    data: object,
  ): void => {
    const json = JSON.stringify(data);
    for (const subscriber of to) {
      const withPlace =
        channel.kind === 'book' || channel.kind === 'level3'
          ? `{"change_id":${height},"prev_change_id":${subscriber.lastSequence ?? null},${json.slice(1)}`
          : json;
      const text = notification(name, subscriber, height, withPlace);
      subscriber.lastSequence = height;
      subscriber.sink.send(text);
    }
  };

  const flush = (entry: OpenChannel): void => {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    const { pending, target } = entry;
    entry.pending = undefined;
    const mirror = feed.builtMarket();
    if (pending === undefined || mirror === undefined || target.instrument === undefined) return;
    const instrument = mirror.instruments.get(target.instrument);
    if (instrument === undefined) return;
    const data =
      pending === 'ticker'
        ? ticker(mirror, instrument)
        : bookData(mirror, instrument, pending, mirror.timestamp);
    if (data !== undefined) deliver(entry, entry.subscribers.values(), mirror.height, data);
  };

  const gather = (entry: OpenChannel, block: FeedBlock, intervalMs: number): void => {
    const { channel, target } = entry;
    const { market } = block;
    if (market === undefined || target.instrument === undefined) return;
    if (channel.kind === 'ticker') {
      if (!market.tickers.has(target.instrument)) return;
      entry.pending = 'ticker';
    } else {
      const changes = market.books.get(target.instrument);
      if (changes === undefined) return;
      const gathered =
        entry.pending === undefined || entry.pending === 'ticker' ? bookChanges() : entry.pending;
      mergeBookChanges(gathered, changes);
      entry.pending = gathered;
    }
    entry.timer ??= setTimeout(() => flush(entry), intervalMs);
  };

  const onBlock = (block: FeedBlock): void => {
    const mirror = feed.builtMarket();
    for (const entry of open.values()) {
      const { channel } = entry;
      const intervalMs = 'interval' in channel ? INTERVALS[channel.interval] : 0;
      if (intervalMs > 0) {
        gather(entry, block, intervalMs);
        continue;
      }
      const data = channelChange(channel, entry.target, block, mirror);
      if (data !== undefined) deliver(entry, entry.subscribers.values(), block.height, data);
    }
  };

  /** Resolves what a channel names. Fails as a method does. */
  const targetOf = async (channel: Channel): Promise<ChannelTarget> => {
    switch (channel.kind) {
      case 'blocks':
      case 'transaction':
        return {};
      case 'book':
      case 'level3':
      case 'auction':
      case 'ticker':
        return { instrument: instrumentOf(await feed.market(), channel.instrument).row.id };
      case 'trades': {
        const mirror = await feed.market();
        if (channel.scope === 'all') return {};
        return channel.scope.includes('-')
          ? { instrument: instrumentOf(mirror, channel.scope).row.id }
          : { underlying: underlyingOf(mirror, 'channels', channel.scope).id };
      }
      case 'price_index':
        return { underlying: underlyingOf(await feed.market(), 'channels', channel.currency).id };
      case 'instrument.state':
      case 'rfq':
        if (channel.scope === 'all') return {};
        return { underlying: underlyingOf(await feed.market(), 'channels', channel.scope).id };
      case 'user.orders':
      case 'user.triggers':
      case 'user.trades':
      case 'user.changes': {
        const mirror = await feed.market();
        const address = addressOf('channels', channel.account);
        const account = await accountIdOf(ask, mirror, address.hex);
        return {
          user: { hex: address.hex, text: address.text, account: account as AccountId | undefined },
        };
      }
    }
  };

  /** What a new subscriber is sent at once. */
  const snapshot = (entry: OpenChannel): { height: number; data: object } | undefined => {
    const mirror = feed.builtMarket();
    if (mirror === undefined) return undefined;
    const { channel, target } = entry;
    const instrument =
      target.instrument === undefined ? undefined : mirror.instruments.get(target.instrument);
    const { height } = mirror;
    if (channel.kind === 'book' && instrument) {
      return { height, data: bookSnapshot(mirror, instrument) };
    }
    if (channel.kind === 'level3' && instrument) {
      return { height, data: level3Snapshot(mirror, instrument) };
    }
    if (channel.kind === 'auction' && instrument) {
      const data = auctionInfo(mirror, instrument);
      return data === null ? undefined : { height, data };
    }
    if (channel.kind === 'ticker' && instrument)
      return { height, data: ticker(mirror, instrument) };
    if (channel.kind === 'price_index' && target.underlying !== undefined) {
      const data = indexPriceInfo(mirror, target.underlying, channel.currency);
      return { height, data };
    }
    return undefined;
  };

  /** Sends what came after `fromHeight`; false when that is no longer remembered. */
  const resume = (entry: OpenChannel, subscriber: Subscriber, fromHeight: number): boolean => {
    // Of these only the newest state matters, which the snapshot is.
    if (entry.channel.kind === 'ticker' || entry.channel.kind === 'price_index') return false;
    const missed = feed.since(fromHeight, entry.channel.kind === 'blocks' ? 'blocks' : 'market');
    if (missed === undefined) return false;
    subscriber.lastSequence = fromHeight;
    const mirror = feed.builtMarket();
    const found = missed.flatMap((block) => {
      const data = channelChange(entry.channel, entry.target, block, mirror);
      return data === undefined ? [] : [{ height: block.height, data }];
    });
    for (const [at, { height, data }] of found.entries()) {
      // Checksums are of the book as it is now: only the last of these changes led to it.
      const isOld = 'checksum' in data && at < found.length - 1;
      deliver(entry, [subscriber], height, isOld ? { ...data, checksum: null } : data);
    }
    return true;
  };

  const watchTransaction = async (entry: OpenChannel, id: string): Promise<void> => {
    const wait = feed.waitFinal(id, TRANSACTION_WAIT_MS);
    entry.cancel = wait.cancel;
    void wait.done.then((info) => {
      if (info !== undefined) {
        deliver(entry, entry.subscribers.values(), info.height ?? 0, info);
      }
    });
    const info = await transactionInfo(context, id);
    if (info.status === 'final') wait.cancel();
    deliver(entry, entry.subscribers.values(), info.height ?? 0, info);
  };

  const discard = (entry: OpenChannel): void => {
    clearTimeout(entry.timer);
    entry.cancel?.();
    open.delete(entry.name);
    if (open.size === 0) {
      stopListening?.();
      stopListening = undefined;
    }
  };

  const leave = (entry: OpenChannel, sink: Sink): boolean => {
    const was = entry.subscribers.delete(sink);
    if (was && entry.subscribers.size === 0) discard(entry);
    return was;
  };

  return {
    async subscribe(sink, name, fromHeight) {
      const channel = parseChannel(name);
      if (channel === undefined) {
        const allowed = CHANNEL_FORMS;
        throw failure('invalid_params', { field: 'channels', given: name, allowed });
      }
      // After this no await comes before the subscriber is in place, so no block falls between the
      // snapshot and the first change.
      const target = await targetOf(channel);
      stopListening ??= feed.onBlock(onBlock);
      const known = open.get(name);
      const entry: OpenChannel = known ?? {
        name,
        channel,
        target,
        subscribers: new Map(),
        pending: undefined,
        timer: undefined,
        cancel: undefined,
      };
      open.set(name, entry);
      flush(entry);
      const subscriber: Subscriber = { sink, lastSequence: undefined };
      const isNew = !entry.subscribers.has(sink);
      if (!isNew) return;
      entry.subscribers.set(sink, subscriber);
      if (channel.kind === 'transaction') {
        if (known === undefined) await watchTransaction(entry, channel.transactionId);
        else {
          const info = await transactionInfo(context, channel.transactionId);
          deliver(entry, [subscriber], info.height ?? 0, info);
        }
        return;
      }
      if (fromHeight !== undefined && resume(entry, subscriber, fromHeight)) return;
      const first = snapshot(entry);
      if (first !== undefined) deliver(entry, [subscriber], first.height, first.data);
    },
    unsubscribe(sink, name) {
      const entry = open.get(name);
      return entry !== undefined && leave(entry, sink);
    },
    drop(sink) {
      for (const entry of [...open.values()]) leave(entry, sink);
    },
    close() {
      for (const entry of [...open.values()]) discard(entry);
    },
  };
}
