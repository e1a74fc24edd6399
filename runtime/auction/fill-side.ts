/**
 * Which orders of one side share the lots of an auction.
 *
 * Source: design/exchange.md §2, "Call auction" and "Batch mode". Better prices fill whole; at the
 * margin, the level at which the lots run out, the orders of an earlier tier go first, and those of
 * the tier at which they run out share pro rata. In batch mode a tier is the block that gave an order
 * its priority; a call auction is one tier, however many blocks it lasts: waiting longer in it earns
 * nothing. The margin is the clearing price, unless no order of the side stands there.
 *
 * Invariants: fills sum to the lots that trade, or to all that takes part when that is less; no order
 * fills beyond what it takes part with; no order fills while a better-priced one is not full.
 */
import type { RestingOrder } from '../matching/order.ts';
import { orderHash } from './order-hash.ts';
import { proRata } from './pro-rata.ts';

/** An order with the lots it takes part with, or is filled by. */
export type OrderLots = { readonly order: RestingOrder; readonly lots: number };

/** `call`: all at once; `batch`: by the block an order came in. */
export type AuctionKind = 'call' | 'batch';

function sumOf(offers: readonly OrderLots[]): number {
  return offers.reduce((sum, { lots }) => sum + lots, 0);
}

/** Consecutive runs of offers that are alike in `keyOf`: each ends where the next begins. */
function runsOf(
  offers: readonly OrderLots[],
  keyOf: (order: RestingOrder) => number,
): OrderLots[][] {
  const runs: OrderLots[][] = [];
  let key: number | undefined;
  for (const offer of offers) {
    const own = keyOf(offer.order);
    if (own === key) runs.at(-1)?.push(offer);
    else runs.push([offer]);
    key = own;
  }
  return runs;
}

const BY_PRICE = (order: RestingOrder): number => order.price;
const TIERS: { readonly [K in AuctionKind]: (order: RestingOrder) => number } = {
  call: () => 0,
  batch: (order) => order.placedAt,
};

/** Hands `lots` to runs of offers in order: whole while they last, then by `share`. */
function handOut(
  runs: readonly OrderLots[][],
  lots: number,
  share: (run: OrderLots[], left: number) => readonly OrderLots[],
): OrderLots[] {
  const fills: OrderLots[] = [];
  let left = lots;
  for (const run of runs) {
    if (left === 0) break;
    const total = sumOf(run);
    // One by one: a spread of very many is more arguments than a call may have.
    for (const fill of total <= left ? run : share(run, left)) fills.push(fill);
    left -= Math.min(left, total);
  }
  return fills;
}

/**
 * Fills of one side, best first. `offers` stand in the order in which they would trade one by one;
 * `lots` is what trades, `opposing` all that the other side offers at the price.
 * Cost: O(offers), and O(n log n) of the n orders at the margin.
 */
export function fillSide(
  offers: readonly OrderLots[],
  { lots, opposing }: { readonly lots: number; readonly opposing: number },
  kind: AuctionKind,
): readonly OrderLots[] {
  const shareTier = (tier: OrderLots[], left: number): OrderLots[] => {
    const claims = tier.map((offer) => ({
      lots: offer.lots,
      hash: () => orderHash(offer.order),
    }));
    const shares = proRata(left, claims, opposing);
    return tier
      .map(({ order }, index) => ({ order, lots: shares[index] ?? 0 }))
      .filter((fill) => fill.lots > 0);
  };
  return handOut(runsOf(offers, BY_PRICE), lots, (level, left) =>
    handOut(runsOf(level, TIERS[kind]), left, shareTier),
  );
}
