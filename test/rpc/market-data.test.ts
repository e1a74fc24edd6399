/**
 * A client that knows only a snapshot and what followed has the node's book, level by level and order
 * by order, whenever it began to listen and whatever happened.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { answerQuestion } from '../../node/query/answer-query.ts';
import type { Ask } from '../../node/rpc/ask.ts';
import type { MarketChanges } from '../../node/rpc/mirror/apply-block.ts';
import { type StartedMirror, startMirror } from '../../node/rpc/mirror/start-mirror.ts';
import { bookData, bookSnapshot, level3Data, level3Snapshot } from '../../node/rpc/present-book.ts';
import { levelsChecksumText } from '../../node/rpc/schemas/book-checksum.ts';
import type { BookData, Level3Data } from '../../node/rpc/schemas/subscription.ts';
import { HeaderCodec } from '../../runtime/block.ts';
import type { InstrumentId } from '../../runtime/core/units.ts';
import { height } from '../../runtime/core/units.ts';
import { EventsCodec } from '../../runtime/event.ts';
import { ordersFromBest } from '../../runtime/matching/book.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import type { Client } from '../../wallet/client/client.ts';
import { crc32 } from '../../wallet/client/crc32.ts';
import { followBook } from '../../wallet/client/follow-book.ts';
import {
  applyBookData,
  applyLevel3Data,
  type LevelBook,
  levelBook,
  type OrderBookCopy,
  orderBook,
  sortedLevels,
  sortedOrders,
} from '../../wallet/client/market-book.ts';
import { runs } from '../fixtures/runs.ts';
import type { Market } from '../matching/market.ts';
import { beginBlock, endBlock, newWorld, type Step, steps, take } from './random-market.ts';

const asker =
  (state: State): Ask =>
  async (question) =>
    answerQuestion({ state } as never, question as never).value as never;

/** The block under way as a notice: its place and its events. */
function noticeOf({ state, context }: Market) {
  const { timestamp } = context;
  const zero = new Uint8Array(32);
  const header = HeaderCodec.encode({
    height: context.height,
    view: 1 as never,
    epoch: 0 as never,
    parent: zero,
    timestamp,
    proposer: context.proposer,
    transactionsRoot: zero,
    executed: { height: height(0), stateRoot: zero, receiptsRoot: zero },
    config: zero,
    nextConfig: zero,
  });
  expect(metaOf(state).height).toBe(context.height);
  return {
    height: context.height,
    hash: zero,
    block: header,
    receipts: new Uint8Array(),
    events: EventsCodec.encode([...context.events]),
    finalizedAt: timestamp,
  };
}

type Copies = Map<InstrumentId, { levels: LevelBook; orders: OrderBookCopy }>;

/** Snapshots of every instrument, as a client gets them. */
function subscribe({ mirror }: StartedMirror): Copies {
  const copies: Copies = new Map();
  for (const [id, instrument] of mirror.instruments) {
    const place = { change_id: mirror.height, prev_change_id: null };
    const copy = { levels: levelBook(), orders: orderBook() };
    expect(applyBookData(copy.levels, { ...bookSnapshot(mirror, instrument), ...place }).ok).toBe(
      true,
    );
    const single = { ...level3Snapshot(mirror, instrument), ...place };
    expect(applyLevel3Data(copy.orders, single).ok).toBe(true);
    copies.set(id, copy);
  }
  return copies;
}

/** What a block brings to the subscribers of `copies`. */
function notify({ mirror }: StartedMirror, changes: MarketChanges, copies: Copies): void {
  for (const [id, change] of changes.books) {
    const instrument = mirror.instruments.get(id);
    const copy = copies.get(id);
    if (instrument === undefined || copy === undefined) throw new Error(`no instrument ${id}`);
    const levels = bookData(mirror, instrument, change, changes.timestamp);
    const orders = level3Data(mirror, instrument, change, changes.timestamp);
    const place = (changeId: number | undefined) => ({
      change_id: changes.height,
      prev_change_id: changeId ?? null,
    });
    if (levels !== undefined) {
      const data: BookData = { ...levels, ...place(copy.levels.changeId) };
      expect(applyBookData(copy.levels, data)).toEqual({ ok: true, value: undefined });
    }
    if (orders !== undefined) {
      const data: Level3Data = { ...orders, ...place(copy.orders.changeId) };
      expect(applyLevel3Data(copy.orders, data)).toEqual({ ok: true, value: undefined });
    }
  }
}

/** The node's own books: shown lots by price, and order by order. */
function booksOf(state: State): object {
  const image: Record<number, object> = {};
  for (const [id, book] of state.derived.books.byInstrument) {
    const sides = (['bids', 'asks'] as const).map((side) => {
      const orders = [...ordersFromBest(book[side])];
      const levels = new Map<number, number>();
      for (const { price, shown } of orders) levels.set(price, (levels.get(price) ?? 0) + shown);
      return {
        levels: [...levels],
        orders: orders.map((one) => [one.id, one.price, one.shown]),
      };
    });
    if (sides.some(({ orders }) => orders.length > 0)) image[id] = sides;
  }
  return image;
}

function booksOfClient(copies: Copies): object {
  const image: Record<number, object> = {};
  for (const [id, { levels, orders }] of copies) {
    const sides = (['bids', 'asks'] as const).map((side) => ({
      levels: sortedLevels(levels, side).map(({ ticks, lots }) => [ticks, lots]),
      orders: sortedOrders(orders, side).map((one) => [one.id, one.ticks, one.lots]),
    }));
    if (sides.some((side) => side.orders.length > 0)) image[id] = sides;
  }
  return image;
}

const OPTIONS = { rememberedTrades: 100, rememberedOrders: 100 };

test('a client that replays from a snapshot has the same book as the node', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(steps, { minLength: 1, maxLength: 8 }),
      fc.array(steps, { minLength: 1, maxLength: 8 }),
      async (before: Step[][], after: Step[][]) => {
        const world = newWorld();
        const { market } = world;
        for (const block of before) {
          beginBlock(world);
          for (const step of block) take(world, step);
          endBlock(world);
        }
        const started = await startMirror(asker(market.state), OPTIONS);
        const copies = subscribe(started);
        expect(booksOfClient(copies)).toEqual(booksOf(market.state));
        for (const block of after) {
          beginBlock(world);
          for (const step of block) take(world, step);
          endBlock(world);
          const changes = started.apply(noticeOf(market));
          if (changes !== undefined) notify(started, changes, copies);
          expect(booksOfClient(copies)).toEqual(booksOf(market.state));
        }
      },
    ),
    { numRuns: runs(500) },
  );
});

describe('the checksum', () => {
  test('is the CRC-32 of zlib', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 2_000 }), (text) => {
        expect(crc32(text)).toBe(zlibCrc32(text));
      }),
    );
  });

  test('is of the text that the specification writes down', () => {
    const level = (ticks: number, lots: number) => ({ ticks, lots });
    expect(levelsChecksumText([level(9, 2)], [level(10, 1)])).toBe('9:2:10:1');
    expect(crc32('9:2:10:1')).toBe(1_226_559_413);
    expect(levelsChecksumText([level(9, 2), level(8, 7)], [level(10, 1)])).toBe('9:2:10:1:8:7');
    expect(levelsChecksumText([], [level(10, 1), level(11, 5)])).toBe('10:1:11:5');
    expect(crc32(levelsChecksumText([], []))).toBe(0);
  });
});

describe('a copy that is no longer the book', () => {
  const snapshot: BookData = {
    type: 'snapshot',
    instrument_name: 'BTC-1DEC25-100000-C',
    timestamp: 0,
    change_id: 5,
    prev_change_id: null,
    checksum: 1_226_559_413,
    bids: [['new', 9, 0.02, 9, 2]],
    asks: [['new', 10, 0.01, 10, 1]],
  };
  const change: BookData = {
    ...snapshot,
    type: 'change',
    change_id: 7,
    prev_change_id: 5,
    checksum: null,
    bids: [['change', 9, 0.03, 9, 3]],
    asks: [],
  };

  test('a missed notification is a gap, and changes nothing', () => {
    const book = levelBook();
    expect(applyBookData(book, change)).toMatchObject({ ok: false, error: { code: 'gap' } });
    expect(applyBookData(book, snapshot).ok).toBe(true);
    expect(applyBookData(book, { ...change, prev_change_id: 6 })).toMatchObject({
      error: { code: 'gap', given: 6, allowed: 5 },
    });
    expect(sortedLevels(book, 'bids')).toMatchObject([{ ticks: 9, lots: 2 }]);
    expect(applyBookData(book, change).ok).toBe(true);
    expect(book.changeId).toBe(7);
  });

  test('a followed book starts afresh: unsubscribes, subscribes, takes the new snapshot', async () => {
    const listeners: ((notification: { data: BookData }) => void)[] = [];
    let unsubscribed = 0;
    const client = {
      subscribe: async (_channel: string, listener: (typeof listeners)[number]) => {
        listeners.push(listener);
        return { unsubscribe: async () => void unsubscribed++ };
      },
    } as unknown as Client;
    const lots: (number | undefined)[] = [];
    const problems: string[] = [];
    const followed = await followBook(client, 'BTC-1DEC25-100000-C', {
      onChange: (book) => lots.push(book.bids.get(9)?.lots),
      onProblem: ({ code }) => problems.push(code),
    });
    listeners[0]?.({ data: snapshot });
    listeners[0]?.({ data: { ...change, prev_change_id: 6 } });
    // What still comes for the copy that was given up is not looked at.
    listeners[0]?.({ data: change });
    await vi.waitUntil(() => listeners.length === 2);
    listeners[1]?.({ data: { ...snapshot, change_id: 8 } });
    listeners[1]?.({ data: { ...change, prev_change_id: 8 } });
    expect(lots).toEqual([2, 2, 3]);
    expect(problems).toEqual(['gap']);
    expect(unsubscribed).toBe(1);
    await followed.unsubscribe();
    listeners[1]?.({ data: { ...change, prev_change_id: 7, change_id: 9 } });
    expect(lots).toHaveLength(3);
  });

  test('a wrong level is told by the checksum', () => {
    const book = levelBook();
    const wrong: BookData = { ...snapshot, bids: [['new', 9, 0.03, 9, 3]] };
    expect(applyBookData(book, wrong)).toMatchObject({
      error: { code: 'checksum', given: 1_226_559_413 },
    });
  });
});
