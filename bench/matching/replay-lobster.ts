/**
 * NASDAQ order by order: AAPL, 2012-06-21, 09:30–10:30 (LOBSTER sample), through our book.
 *
 * Adds, partial cancels and deletes are taken as they are. Each visible execution is first put to our
 * book as an incoming immediate-or-cancel order of its size at its price from the other side: does it
 * name the maker that the exchange named? Then the exchange's word is applied, so that one difference
 * makes no other. Best quotes after each event are compared with the recorded ones (a file of the
 * whole day, not aligned by row): how many of ours occur in theirs in order.
 *
 * Columns: time, type (1 add, 2 partial cancel, 3 delete, 4 execution, 5 hidden execution), order,
 * shares, price in USD × 10,000, side of the resting order (1 buy, −1 sell).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { bestLevel } from '../../runtime/matching/price-levels.ts';
import { commonInOrder } from './longest-common.ts';
import {
  otherSide,
  type RecordedBook,
  recordedBook,
  rest,
  take,
  wouldFill,
} from './recorded-book.ts';

const FOLDER = 'l3_lobster';
const MESSAGES = 'AAPL_2012-06-21_34200000_37800000_message_50.csv.gz';
const QUOTES = 'AAPL_2012-06-21_34200000_57600000_orderbook_1.csv.gz';
const TYPE = { add: 1, partialCancel: 2, delete: 3, execution: 4, hidden: 5 } as const;

export type Message = {
  readonly time: string;
  readonly type: number;
  readonly number: number;
  readonly lots: number;
  readonly price: number;
  readonly isBuy: boolean;
};

/** One difference, for people. */
export type Difference = { readonly time: string; readonly what: string };

export type LobsterReplay = {
  readonly events: number;
  readonly ms: number;
  /** Visible executions whose maker we have, and those of them where our book chooses it. */
  readonly executions: number;
  readonly sameMaker: number;
  /** Events that name an order of which no add was recorded. */
  readonly unknown: number;
  /** Best quotes, each change once, and those of them that occur in the recorded ones in order. */
  readonly quotes: number;
  readonly quotesInOrder: number;
  readonly differences: readonly Difference[];
};

export function linesOf(path: string): string[] {
  return gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n');
}

function messageOf(line: string): Message {
  const [time = '', type, number, lots, price, side] = line.split(',');
  return {
    time,
    type: Number(type),
    number: Number(number),
    lots: Number(lots),
    price: Number(price),
    isBuy: Number(side) === 1,
  };
}

/** Best ask, its size, best bid, its size, as the recorded file has them; empty on one side. */
function quotesOf({ book }: RecordedBook): string {
  const ask = bestLevel(book.asks);
  const bid = bestLevel(book.bids);
  if (ask === undefined || bid === undefined) return '';
  return `${ask.price},${ask.lots},${bid.price},${bid.lots}`;
}

/** What is wrong with the maker that our book chooses, or `undefined`. */
function makerProblem(recorded: RecordedBook, message: Message): string | undefined {
  const { number, lots, price, isBuy } = message;
  const named = recorded.byNumber.get(number);
  const side = isBuy ? SIDE.buy : SIDE.sell;
  const fills = wouldFill(recorded, { side: otherSide(side), price, lots });
  const maker = fills[0]?.maker;
  if (maker === named && fills[0]?.lots === lots) return undefined;
  if (maker === undefined) return `order ${number} executed at ${price}: nothing rests there`;
  const ours = recorded.numbers.get(maker.id) ?? 0;
  if (maker === named) return `order ${number} executed for ${lots}, it has ${maker.remaining}`;
  if (maker.price !== price) {
    return `order ${number} executed at ${price}, order ${ours} rests at the better ${maker.price}`;
  }
  // Numbers ascend in time: a lower one named late is older than its add in the recording.
  const age = number < ours ? 'older by number, added later' : 'added later';
  return `order ${number} (${age}) executed, order ${ours} is before it at ${price}`;
}

/**
 * The messages with an add for every order that is named without one: orders from before the
 * recording, and from outside its 50 levels. How many lots they had follows from what they lose, and
 * when they came from their numbers.
 */
export function withUnrecordedAdds(messages: readonly Message[]): Message[] {
  const added = new Set<number>();
  const missing = new Map<number, Message>();
  for (const message of messages) {
    const { type, number, lots } = message;
    if (type === TYPE.add) added.add(number);
    else if (type !== TYPE.hidden && !added.has(number)) {
      const before = missing.get(number)?.lots ?? 0;
      missing.set(number, { ...message, type: TYPE.add, lots: before + lots });
    }
  }
  const waiting = [...missing.values()].toSorted((a, b) => a.number - b.number);
  const all: Message[] = [];
  for (const message of messages) {
    while (message.type === TYPE.add && (waiting[0]?.number ?? Infinity) < message.number) {
      const next = waiting.shift();
      if (next !== undefined) all.push({ ...next, time: message.time });
    }
    all.push(message);
  }
  return all;
}

/** Both files of the sample, below the folder of data sets. */
export function readLobster(data: string): { messages: Message[]; quotes: string[] } {
  return {
    messages: linesOf(join(data, FOLDER, MESSAGES)).map(messageOf),
    quotes: linesOf(join(data, FOLDER, QUOTES)).map((line) => line.trim()),
  };
}

/** Replays messages from an empty book and compares with the recorded best quotes. */
export function replayLobster(
  messages: readonly Message[],
  theirs: readonly string[],
): LobsterReplay {
  const recorded = recordedBook();
  const differences: Difference[] = [];
  const ours: string[] = [];
  const times: string[] = [];
  let executions = 0;
  let sameMaker = 0;
  let unknown = 0;
  const startedAt = performance.now();
  for (const message of messages) {
    const { type, number, lots, price, isBuy, time } = message;
    if (type === TYPE.hidden) continue;
    if (type === TYPE.add) {
      rest(recorded, { number, lots, price, side: isBuy ? SIDE.buy : SIDE.sell });
    } else {
      const row = recorded.byNumber.get(number);
      if (row === undefined) {
        unknown += 1;
        continue;
      }
      if (type === TYPE.execution) {
        executions += 1;
        const problem = makerProblem(recorded, message);
        if (problem === undefined) sameMaker += 1;
        else differences.push({ time, what: problem });
      }
      take(recorded, number, row, type === TYPE.delete ? row.remaining : lots);
    }
    const quotes = quotesOf(recorded);
    if (quotes !== '' && quotes !== ours.at(-1)) {
      ours.push(quotes);
      times.push(time);
    }
  }
  const ms = performance.now() - startedAt;
  const { length, isCommon } = commonInOrder(ours, theirs);
  const known = new Set(theirs);
  for (const [i, quotes] of ours.entries()) {
    if (isCommon[i] === true) continue;
    const what = known.has(quotes) ? 'recorded in another place' : 'never recorded';
    differences.push({ time: times[i] ?? '', what: `quotes ${quotes}: ${what}` });
  }
  return {
    events: messages.length,
    ms,
    executions,
    sameMaker,
    unknown,
    quotes: ours.length,
    quotesInOrder: length,
    differences,
  };
}
