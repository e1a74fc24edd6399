/** The flow for comparison on the npm package `nodejs-order-book`, for the ratio in the same run. */
import { OrderBook, Side } from 'nodejs-order-book';
import type { FlowEnd } from './book-alone.ts';
import type { FlowStep } from './flow.ts';

/** Runs the flow on an empty book of the package; its numbers are text, made beforehand. */
export function runNodejsOrderBook(flow: readonly FlowStep[], numbers: readonly string[]): FlowEnd {
  const book = new OrderBook();
  let fills = 0;
  for (const { cancel, id, isBuy, price, size } of flow) {
    if (cancel !== 0) {
      const number = numbers[cancel] ?? '';
      if (book.order(number) !== undefined) book.cancel(number);
      continue;
    }
    const side = isBuy ? Side.BUY : Side.SELL;
    const { done, partial, err } = book.limit({ id: numbers[id] ?? '', side, size, price });
    if (err !== null) throw err;
    // The taker is among them when it is filled, or open in part.
    fills += done.length + (partial === null ? 0 : 1);
    if (done.some((order) => order.id === numbers[id]) || partial?.id === numbers[id]) fills -= 1;
  }
  const { bids, asks } = book.snapshot();
  const resting = (levels: typeof bids): number =>
    levels.reduce((sum, { orders }) => sum + orders.length, 0);
  return { restingBuys: resting(bids), restingSells: resting(asks), fills };
}
