/**
 * The outcome of an auction over a book, planned before anything is written: price, fills, trades.
 *
 * Source: design/exchange.md §2. A pure function of the two sides, so the indicative price of a
 * running auction and its clearing are one computation.
 *
 * Self-trade: where a bid of an owner (any sub-account) meets an ask of the same, one of the two does
 * not take part and is closed at the clearing: in batch mode the older, as the resting one in continuous
 * trading; in a call auction the newer, else an order against oneself would be a cancel when there
 * are none. So no two orders of an owner stand on the two sides of one price, whatever the price, and pairing
 * needs no exception.
 *
 * Orders with limits of their own, since all fills of an auction happen at once: a reduce-only order
 * takes part with what closes the position even if every other order of the portfolio on its side
 * fills; a quote with what its protection leaves for one fill; of two linked orders that both could
 * trade only the one of earlier priority takes part.
 *
 * After the clearing no bid meets an ask at a valid tick inside the band: otherwise the price between
 * the two would have traded more. What still crosses, because the band moved away from both orders or
 * because an order could not take part with all of its lots, is closed (`leftCrossing`).
 */
import { SIDE } from '../actions/order-terms.ts';
import { type AccountId, type PortfolioId, portfolioAccount } from '../core/units.ts';
import { type Book, bestPrice } from '../matching/book.ts';
import type { Order, RestingOrder } from '../matching/order.ts';
import { isOverdue } from '../matching/overdue.ts';
import { bestLevel, levelsFromBest, type PriceLevels } from '../matching/price-levels.ts';
import {
  type AuctionLevel,
  type Clearing,
  clearedLots,
  clearingPrice,
  type PriceRules,
} from './clearing-price.ts';
import { type AuctionKind, fillSide, type OrderLots } from './fill-side.ts';
import { type AuctionTrade, pairTrades } from './pair-trades.ts';

export type AuctionPlan = {
  /** `undefined` when nothing trades. */
  readonly clearing: Clearing | undefined;
  readonly trades: readonly AuctionTrade[];
  /** Orders of owners who would meet themselves, by priority. */
  readonly selfCrossed: readonly RestingOrder[];
  /** Orders whose time is over, bids first: they take no part. */
  readonly overdue: readonly RestingOrder[];
};

/** What a plan needs to know beyond the book. */
export type AuctionFacts = {
  readonly rules: PriceRules;
  readonly kind: AuctionKind;
  /** Time of the block. */
  readonly now: number;
  /** Signed lots of a portfolio in the instrument. */
  readonly positionOf: (portfolio: PortfolioId) => number;
  /** Lots that a quote may trade in one fill, at most those it has left. */
  readonly quoteCapacity: (quote: Order) => number;
};

/** Orders of a side that meet the best of the other, in the order in which they trade. */
function crossing(levels: PriceLevels, meets: (price: number) => boolean): RestingOrder[] {
  const orders: RestingOrder[] = [];
  for (const level of levelsFromBest(levels)) {
    if (!meets(level.price)) break;
    for (let order = level.head; order !== undefined; order = order.next) orders.push(order);
  }
  return orders;
}

const byPriority = (a: Order, b: Order): number => a.priority - b.priority;

type OwnOrders = { readonly bids: RestingOrder[]; readonly asks: RestingOrder[] };

/** Orders of each owner who stands on both sides. */
function ownersOfBoth(
  bids: readonly RestingOrder[],
  asks: readonly RestingOrder[],
): Map<AccountId, OwnOrders> {
  const owners = new Map<AccountId, OwnOrders>();
  const asking = new Set(asks.map((order) => portfolioAccount(order.portfolio)));
  for (const order of bids) {
    const owner = portfolioAccount(order.portfolio);
    if (!asking.has(owner)) continue;
    const own = owners.get(owner);
    if (own === undefined) owners.set(owner, { bids: [order], asks: [] });
    else own.bids.push(order);
  }
  if (owners.size === 0) return owners;
  for (const order of asks) owners.get(portfolioAccount(order.portfolio))?.asks.push(order);
  return owners;
}

/** The order that gives way of every own pair that meets, best prices first. */
function selfCrossing(
  bids: readonly RestingOrder[],
  asks: readonly RestingOrder[],
  kind: AuctionKind,
): Set<RestingOrder> {
  const removed = new Set<RestingOrder>();
  for (const own of ownersOfBoth(bids, asks).values()) {
    let bidAt = 0;
    let askAt = 0;
    for (;;) {
      const bid = own.bids[bidAt];
      const ask = own.asks[askAt];
      if (bid === undefined || ask === undefined || bid.price < ask.price) break;
      const bidIsOlder = bid.priority < ask.priority;
      if (bidIsOlder === (kind === 'batch')) {
        removed.add(bid);
        bidAt += 1;
      } else {
        removed.add(ask);
        askAt += 1;
      }
    }
  }
  return removed;
}

/** Whether what an order may trade can be less than its lots. */
function isLimited(order: Order): boolean {
  return order.reduceOnly || order.isQuote || order.cancelsOther !== 0;
}

/** Linked orders that stand back for the other half, which came before them. */
function standingBack(orders: readonly Order[]): Set<Order> {
  const linked = orders.filter(({ cancelsOther }) => cancelsOther !== 0);
  const byId = new Map(linked.map((order) => [order.id, order]));
  const back = linked.filter(({ cancelsOther, priority }) => {
    const other = byId.get(cancelsOther);
    return other !== undefined && other.priority < priority;
  });
  return new Set(back);
}

/** Lots that an order with a limit of its own takes part with beside `taken` of its portfolio. */
function limitedLots(order: Order, facts: AuctionFacts, taken: number): number {
  const lots = order.isQuote ? facts.quoteCapacity(order) : order.remaining;
  if (!order.reduceOnly) return lots;
  const position = facts.positionOf(order.portfolio);
  const closable = order.side === SIDE.buy ? -position : position;
  return Math.min(lots, Math.max(0, closable - taken));
}

/** The lots with which the orders of a side take part; `back` do not. */
function offersOf(
  orders: readonly RestingOrder[],
  back: ReadonlySet<Order>,
  facts: AuctionFacts,
): OrderLots[] {
  if (!orders.some(isLimited)) return orders.map((order) => ({ order, lots: order.remaining }));
  // What a portfolio's orders without the term could trade counts before its reduce-only ones.
  const taken = new Map<PortfolioId, number>();
  for (const { reduceOnly, portfolio, remaining } of orders) {
    if (!reduceOnly) taken.set(portfolio, (taken.get(portfolio) ?? 0) + remaining);
  }
  const offers: OrderLots[] = [];
  for (const order of orders) {
    if (back.has(order)) continue;
    const { portfolio } = order;
    const before = taken.get(portfolio) ?? 0;
    const lots = limitedLots(order, facts, before);
    if (order.reduceOnly) taken.set(portfolio, before + lots);
    if (lots > 0) offers.push({ order, lots });
  }
  return offers;
}

function levelsOf(offers: readonly OrderLots[]): AuctionLevel[] {
  const levels: { price: number; lots: number }[] = [];
  for (const { order, lots } of offers) {
    const last = levels.at(-1);
    if (last?.price === order.price) last.lots += lots;
    else levels.push({ price: order.price, lots });
  }
  return levels;
}

const NONE: readonly never[] = [];

/** Orders whose price meets the best of the other side. O(levels that cross). */
export function crossingOrders({ bids, asks }: Book): number {
  const bestBid = bestPrice(bids);
  const bestAsk = bestPrice(asks);
  if (bestBid === undefined || bestAsk === undefined) return 0;
  let count = 0;
  for (const level of levelsFromBest(bids)) {
    if (level.price < bestAsk) break;
    count += level.orders;
  }
  for (const level of levelsFromBest(asks)) {
    if (level.price > bestBid) break;
    count += level.orders;
  }
  return count;
}

/** Who takes part in an auction, and where it clears. */
type Offers = {
  readonly bidOffers: readonly OrderLots[];
  readonly askOffers: readonly OrderLots[];
  readonly removed: ReadonlySet<RestingOrder>;
  readonly overdue: readonly RestingOrder[];
  readonly clearing: Clearing | undefined;
};

const NO_OFFERS: Offers = {
  bidOffers: NONE,
  askOffers: NONE,
  removed: new Set(),
  overdue: NONE,
  clearing: undefined,
};

function collectOffers(book: Book, facts: AuctionFacts): Offers {
  const bestBid = bestPrice(book.bids);
  const bestAsk = bestPrice(book.asks);
  if (bestBid === undefined || bestAsk === undefined || bestBid < bestAsk) return NO_OFFERS;
  const overdue: RestingOrder[] = [];
  const isInTime = (order: RestingOrder): boolean => {
    if (!isOverdue(order, facts.now)) return true;
    overdue.push(order);
    return false;
  };
  const bids = crossing(book.bids, (price) => price >= bestAsk).filter(isInTime);
  const asks = crossing(book.asks, (price) => price <= bestBid).filter(isInTime);
  const removed = selfCrossing(bids, asks, facts.kind);
  const back = standingBack([...bids, ...asks]);
  const takesPart = (order: RestingOrder): boolean => !removed.has(order);
  const bidOffers = offersOf(bids.filter(takesPart), back, facts);
  const askOffers = offersOf(asks.filter(takesPart), back, facts);

  const clearing = clearingPrice(levelsOf(bidOffers), levelsOf(askOffers), facts.rules);
  return { bidOffers, askOffers, removed, overdue, clearing };
}

/** Where the auction of a book would clear. Cost: O(orders that cross), without their trades. */
export function planClearing(book: Book, facts: AuctionFacts): Clearing | undefined {
  return collectOffers(book, facts).clearing;
}

/** Plans the auction of a book; changes nothing. Cost: O(orders that cross), a few µs each. */
export function planAuction(book: Book, facts: AuctionFacts): AuctionPlan {
  const { bidOffers, askOffers, removed, overdue, clearing } = collectOffers(book, facts);
  const selfCrossed = [...removed].sort(byPriority);
  if (clearing === undefined) return { clearing, trades: NONE, selfCrossed, overdue };
  const { price, demand, supply } = clearing;
  const lots = clearedLots(clearing);
  const buyers = bidOffers.filter(({ order }) => order.price >= price);
  const sellers = askOffers.filter(({ order }) => order.price <= price);
  const buys = fillSide(buyers, { lots, opposing: supply }, facts.kind);
  const sells = fillSide(sellers, { lots, opposing: demand }, facts.kind);
  return { clearing, trades: pairTrades(buys, sells), selfCrossed, overdue };
}

/**
 * The order to close next while the book still crosses after its clearing, or `undefined` when it
 * does not: one that could not take part with all of its lots; else, where the band lies above both
 * prices, the ask, where it lies below, the bid: the one that would be refused now.
 */
export function leftCrossing(book: Book, band: { readonly low: number }): RestingOrder | undefined {
  const bid = bestLevel(book.bids)?.head;
  const ask = bestLevel(book.asks)?.head;
  if (bid === undefined || ask === undefined || bid.price < ask.price) return undefined;
  if (isLimited(bid) !== isLimited(ask)) return isLimited(bid) ? bid : ask;
  return bid.price < band.low ? ask : bid;
}
