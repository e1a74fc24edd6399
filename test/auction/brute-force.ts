/** The clearing of an auction by its definition: every tick of the range is judged on its own. */
import type { AuctionLevel, Clearing, PriceRules } from '../../runtime/auction/clearing-price.ts';

export function bruteForce(
  bids: readonly AuctionLevel[],
  asks: readonly AuctionLevel[],
  given: PriceRules,
  isValid: (price: number) => boolean,
): Clearing | undefined {
  const limits = [...bids, ...asks].map(({ price }) => price);
  const crossing = limits.filter(
    (price) => asks.some((ask) => ask.price <= price) && bids.some((bid) => bid.price >= price),
  );
  if (crossing.length === 0) return undefined;
  const candidates: (Clearing & { readonly keys: readonly number[] })[] = [];
  for (let price = Math.min(...crossing); price <= Math.max(...crossing); price++) {
    if (!isValid(price) || price < given.low || price > given.high) continue;
    const sum = (side: readonly AuctionLevel[], meets: (limit: number) => boolean): number =>
      side.filter((level) => meets(level.price)).reduce((lots, level) => lots + level.lots, 0);
    const demand = sum(bids, (limit) => limit >= price);
    const supply = sum(asks, (limit) => limit <= price);
    const away = Math.abs(price * given.tickMicroUsd - given.reference);
    const keys = [-Math.min(demand, supply), Math.abs(demand - supply), away, price];
    candidates.push({ price, demand, supply, keys });
  }
  candidates.sort((a, b) => {
    for (const [i, key] of a.keys.entries()) {
      const difference = key - (b.keys[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  const best = candidates[0];
  if (best === undefined) return undefined;
  return { price: best.price, demand: best.demand, supply: best.supply };
}
