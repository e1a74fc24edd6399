/**
 * The price of a call auction: where the most lots trade.
 *
 * Source: design/exchange.md §2, "Call auction". Candidates are the valid ticks between the lowest
 * crossing ask and the highest crossing bid, inside the price band. With B(p) the lots bid at p or
 * above and S(p) those offered at p or below, the price maximises min(B, S); then has the least
 * |B − S|; then is nearest to the reference; then is the lower.
 *
 * B falls only above a bid's price and S rises only at an ask's, so both are constant between two
 * neighbouring levels: each level and each gap is judged once, and only within a gap does the
 * reference choose. Exact: integers only.
 */

/** A price of one side with the lots that take part at it. */
export type AuctionLevel = { readonly price: number; readonly lots: number };

/** Valid prices of an instrument: the nearest on either side, the price itself when it is valid. */
export type TickRule = {
  readonly atOrBelow: (price: number) => number;
  readonly atOrAbove: (price: number) => number;
};

/** Every whole tick is a price. */
export const EVERY_TICK: TickRule = { atOrBelow: (price) => price, atOrAbove: (price) => price };

/** Where a price may lie, and what draws it. */
export type PriceRules = {
  /** Band in ticks, both ends included. */
  readonly low: number;
  readonly high: number;
  /** The mark, and the value of one tick, both in micro-USD per coin. */
  readonly reference: number;
  readonly tickMicroUsd: number;
  readonly ticks: TickRule;
};

/** A price in ticks, with the lots bid at it or above and offered at it or below. */
export type Clearing = {
  readonly price: number;
  readonly demand: number;
  readonly supply: number;
};

/** Lots that trade: the shorter side's. */
export function clearedLots({ demand, supply }: Clearing): number {
  return Math.min(demand, supply);
}

/** Distance of a price to the reference, in micro-USD. */
function distance(rules: PriceRules, price: number): number {
  const value = price * rules.tickMicroUsd;
  return value < rules.reference ? rules.reference - value : value - rules.reference;
}

/** The valid tick of [from, to] nearest to the reference, the lower of two; `undefined`: none. */
function nearestTick(rules: PriceRules, from: number, to: number): number | undefined {
  const { ticks, reference, tickMicroUsd } = rules;
  const floor = Math.floor(reference / tickMicroUsd);
  const below = Math.min(floor, to) < from ? from - 1 : ticks.atOrBelow(Math.min(floor, to));
  const above =
    Math.max(floor + 1, from) > to ? to + 1 : ticks.atOrAbove(Math.max(floor + 1, from));
  if (below < from) return above > to ? undefined : above;
  if (above > to) return below;
  return distance(rules, below) <= distance(rules, above) ? below : above;
}

/** Whether `a` is the better of two clearings; equal ones are decided for `b`, the lower. */
function isBetter(rules: PriceRules, a: Clearing, b: Clearing): boolean {
  const volume = clearedLots(a) - clearedLots(b);
  if (volume !== 0) return volume > 0;
  const imbalance = Math.abs(a.demand - a.supply) - Math.abs(b.demand - b.supply);
  if (imbalance !== 0) return imbalance < 0;
  return distance(rules, a.price) < distance(rules, b.price);
}

/**
 * The clearing of two sides, best level first and prices distinct, or `undefined` when they do not
 * cross inside the band. Cost: O(levels that cross). ~20 ns each.
 */
export function clearingPrice(
  bids: readonly AuctionLevel[],
  asks: readonly AuctionLevel[],
  rules: PriceRules,
): Clearing | undefined {
  const bestBid = bids[0]?.price;
  const bestAsk = asks[0]?.price;
  if (bestBid === undefined || bestAsk === undefined) return undefined;
  const low = Math.max(bestAsk, rules.low);
  const high = Math.min(bestBid, rules.high);
  if (low > high) return undefined;

  // Bids below `low` are too low at every candidate; those left leave from the last one on.
  let bid = bids.length - 1;
  while (bid >= 0 && (bids[bid]?.price ?? 0) < low) bid -= 1;
  let demand = 0;
  for (let i = 0; i <= bid; i++) demand += bids[i]?.lots ?? 0;
  let ask = 0;
  let supply = 0;

  let best: Clearing | undefined;
  const consider = (from: number, to: number): void => {
    const price = from > to ? undefined : nearestTick(rules, from, to);
    if (price === undefined) return;
    const candidate = { price, demand, supply };
    if (best === undefined || isBetter(rules, candidate, best)) best = candidate;
  };

  let at = low;
  for (;;) {
    for (let level = asks[ask]; level !== undefined && level.price <= at; level = asks[++ask]) {
      supply += level.lots;
    }
    consider(at, at);
    if (at === high) return best;
    for (let level = bids[bid]; level !== undefined && level.price <= at; level = bids[--bid]) {
      demand -= level.lots;
    }
    const next = Math.min(asks[ask]?.price ?? high, bids[bid]?.price ?? high, high);
    consider(at + 1, next - 1);
    at = next;
  }
}
