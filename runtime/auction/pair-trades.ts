/**
 * Turns the fills of the two sides of an auction into trades: who trades with whom.
 *
 * At one price it does not matter to anyone's money, so the rule is the plainest that is the same on
 * every node: the best buyer with the best seller, each until full.
 *
 * Invariant: every fill is used up; at most buys + sells − 1 trades.
 */
import { assert } from '../core/result.ts';
import type { RestingOrder } from '../matching/order.ts';
import type { OrderLots } from './fill-side.ts';

export type AuctionTrade = {
  readonly buyer: RestingOrder;
  readonly seller: RestingOrder;
  readonly lots: number;
};

/** Both sides in the order of their fills and of equal lots in sum. O(fills). */
export function pairTrades(
  buys: readonly OrderLots[],
  sells: readonly OrderLots[],
): readonly AuctionTrade[] {
  const trades: AuctionTrade[] = [];
  let buyAt = 0;
  let sellAt = 0;
  let buy = buys[buyAt];
  let sell = sells[sellAt];
  let toBuy = buy?.lots ?? 0;
  let toSell = sell?.lots ?? 0;
  while (buy !== undefined && sell !== undefined) {
    const lots = Math.min(toBuy, toSell);
    trades.push({ buyer: buy.order, seller: sell.order, lots });
    toBuy -= lots;
    toSell -= lots;
    if (toBuy === 0) {
      buy = buys[++buyAt];
      toBuy = buy?.lots ?? 0;
    }
    if (toSell === 0) {
      sell = sells[++sellAt];
      toSell = sell?.lots ?? 0;
    }
  }
  assert(buy === undefined && sell === undefined, 'both sides of an auction fill the same lots');
  return trades;
}
