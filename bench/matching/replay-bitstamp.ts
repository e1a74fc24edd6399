/**
 * Bitstamp order by order: BTC/USD, 2015-05-01, five hours, through our book.
 *
 * Adds and cancels are taken as they are. An order that comes at a price at which our book trades is
 * matched at once; the exchange tells of the same trade by lowering orders of both sides a moment
 * later, by `changed`, or by `deleted` with nothing left. So each lowering of an order is compared
 * with our fills: did our book trade that order, for those lots? The exchange's word is applied
 * either way.
 *
 * Columns: id, timestamp, exchange.timestamp, price in USD, volume left in satoshi, action, side. A
 * tick is a cent, a lot a satoshi.
 */
import { join } from 'node:path';
import { SIDE, type Side } from '../../runtime/actions/order-terms.ts';
import { recordedBook, rest, take, wouldFill } from './recorded-book.ts';
import { type Difference, linesOf } from './replay-lobster.ts';

const FILE = join('l3_bitstamp_2015-05-01', 'orders.csv.gz');
/** The exchange rounds each side of a trade by itself, a satoshi up or down, trade after trade. */
const ROUNDING_LOTS = 4;

type Event = {
  readonly time: string;
  readonly number: number;
  readonly price: number;
  readonly lots: number;
  readonly action: string;
  readonly side: Side;
};

export type BitstampReplay = {
  readonly events: number;
  readonly adds: number;
  /** Deletes with lots left, and those of them whose order rests in our book with those lots. */
  readonly cancels: number;
  readonly cancelsFound: number;
  /** Events of orders from before the recording, and adds told of twice. */
  readonly unknown: number;
  /** Trades of an order of either side, and those of them that our book made too. */
  readonly trades: number;
  readonly sameTrades: number;
  readonly differences: readonly Difference[];
};

function eventOf(line: string): Event {
  const [number, time = '', , price, volume, action = '', side] = line.split(',');
  return {
    time,
    number: Number(number),
    price: Math.round(Number(price) * 100),
    lots: Number(volume),
    action,
    side: side === 'bid' ? SIDE.buy : SIDE.sell,
  };
}

export function replayBitstamp(data: string): BitstampReplay {
  const lines = linesOf(join(data, FILE)).slice(1);
  const recorded = recordedBook();
  /** What an order is by the exchange's word, by number. */
  const told = new Map<number, { readonly lots: number; readonly price: number }>();
  /** Lots that our book traded of an order and the exchange has not told of yet. */
  const traded = new Map<number, number>();
  const differences: Difference[] = [];
  const counts = { adds: 0, cancels: 0, cancelsFound: 0, unknown: 0, trades: 0, sameTrades: 0 };

  const trade = (number: number, lots: number): void => {
    traded.set(number, (traded.get(number) ?? 0) + lots);
  };
  const enter = ({ number, side, price, lots }: Event): void => {
    let left = lots;
    for (const { maker, lots: filled } of wouldFill(recorded, { side, price, lots })) {
      const makerNumber = recorded.numbers.get(maker.id) ?? 0;
      trade(makerNumber, filled);
      trade(number, filled);
      take(recorded, makerNumber, maker, filled);
      left -= filled;
    }
    if (left > 0) rest(recorded, { number, side, price, lots: left });
  };
  /** Our book has at most as many lots of the order as the exchange says. */
  const follow = ({ number, lots }: Event): void => {
    const row = recorded.byNumber.get(number);
    if (row !== undefined && row.remaining > lots) {
      take(recorded, number, row, row.remaining - lots);
    }
  };
  const judgeCancel = ({ number, lots, time }: Event, before: number): void => {
    const remaining = recorded.byNumber.get(number)?.remaining ?? 0;
    counts.cancels += 1;
    if (Math.abs(remaining - before) <= ROUNDING_LOTS) {
      counts.cancelsFound += 1;
      return;
    }
    const what = `order ${number} cancelled with ${lots} lots, we have ${remaining}`;
    differences.push({ time, what });
  };
  const judgeTrade = ({ number, time }: Event, theirs: number): void => {
    const ours = traded.get(number) ?? 0;
    counts.trades += 1;
    if (ours >= theirs - ROUNDING_LOTS) counts.sameTrades += 1;
    else differences.push({ time, what: `order ${number} traded ${theirs} lots, ours ${ours}` });
    traded.set(number, Math.max(0, ours - theirs));
  };

  for (const line of lines) {
    const event = eventOf(line);
    const { number, lots, price, action } = event;
    const before = told.get(number);
    const isAdd = action === 'created';
    if (isAdd !== (before === undefined)) {
      counts.unknown += 1;
      continue;
    }
    if (before === undefined) {
      counts.adds += 1;
      told.set(number, { lots, price });
      if (lots > 0) enter(event);
      continue;
    }
    if (action === 'changed' && price !== before.price) {
      // Its owner moved it: it leaves, and comes at the new price.
      follow({ ...event, lots: 0 });
      enter({ ...event, lots: before.lots });
    }
    const isCancel = action === 'deleted' && lots > 0;
    if (isCancel) judgeCancel(event, before.lots);
    else if (lots < before.lots) judgeTrade(event, before.lots - lots);
    follow({ ...event, lots: isCancel ? 0 : lots });
    if (action === 'deleted') told.delete(number);
    else told.set(number, { lots, price });
  }
  return { events: lines.length, ...counts, differences };
}
