/**
 * Keeps a copy of a book over a client's connection, and starts it afresh from a snapshot when a
 * notification was missed or the copy differs from the node's book. Browser-safe.
 */
import type { BookData, Level3Data, Notification } from '../../node/rpc/schemas/subscription.ts';
import type { Client, Subscription } from './client.ts';
import {
  applyBookData,
  applyLevel3Data,
  type BookProblem,
  type LevelBook,
  levelBook,
  type OrderBookCopy,
  orderBook,
} from './market-book.ts';

export type FollowOptions<B> = {
  /** After every change: the book, equal to the node's at `book.changeId`. Not to be changed. */
  readonly onChange: (book: B) => void;
  /** The copy was given up; a new snapshot is under way. */
  readonly onProblem?: (problem: BookProblem) => void;
  /** Subscribing anew was refused: nothing follows. */
  readonly onError?: (error: Error) => void;
};

/** What differs between levels and orders. */
type Kind<B, D> = {
  readonly channel: string;
  readonly empty: () => B;
  readonly apply: (book: B, data: D) => ReturnType<typeof applyBookData>;
};

async function follow<B, D>(
  client: Client,
  kind: Kind<B, D>,
  { onChange, onProblem, onError }: FollowOptions<B>,
): Promise<Subscription> {
  const { channel } = kind;
  let book = kind.empty();
  let current: Subscription | undefined;
  let isEnded = false;
  /** While a copy is given up, what still arrives belongs to it. */
  let isRestarting = false;

  const start = async (): Promise<void> => {
    book = kind.empty();
    current = await client.subscribe(channel, onNotification as never, {
      ...(onError === undefined ? {} : { onError }),
    });
  };
  const restart = async (): Promise<void> => {
    isRestarting = true;
    try {
      await current?.unsubscribe();
      isRestarting = false;
      if (!isEnded) await start();
    } catch (cause) {
      onError?.(cause instanceof Error ? cause : new Error(String(cause)));
    }
  };
  const onNotification = ({ data }: Notification<D>): void => {
    if (isRestarting || isEnded) return;
    const applied = kind.apply(book, data);
    if (applied.ok) {
      onChange(book);
      return;
    }
    onProblem?.(applied.error);
    void restart();
  };

  await start();
  return {
    channel,
    async unsubscribe() {
      isEnded = true;
      await current?.unsubscribe();
    },
  };
}

/** Follows the price levels of an instrument. Rejects as `client.subscribe` does. */
export function followBook(
  client: Client,
  instrument: string,
  options: FollowOptions<LevelBook>,
): Promise<Subscription> {
  const kind: Kind<LevelBook, BookData> = {
    channel: `book.${instrument}.raw`,
    empty: levelBook,
    apply: applyBookData,
  };
  return follow(client, kind, options);
}

/** Follows the single orders of an instrument. Rejects as `client.subscribe` does. */
export function followOrders(
  client: Client,
  instrument: string,
  options: FollowOptions<OrderBookCopy>,
): Promise<Subscription> {
  const kind: Kind<OrderBookCopy, Level3Data> = {
    channel: `level3.${instrument}`,
    empty: orderBook,
    apply: applyLevel3Data,
  };
  return follow(client, kind, options);
}
