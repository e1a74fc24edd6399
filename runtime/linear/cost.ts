/**
 * How the cost of a linear position follows its trades, and what a trade realises.
 *
 * Rule: lots that open add their price to the cost. Of k lots that close a position of n, the share
 * k ÷ n of its cost leaves it, rounded up against the holder; the rounding stays in the cost, and what
 * is left when the last lot goes is all of it. Realised = what the closing lots were sold for less
 * that share.
 *
 * Invariant: Δcost = Δlots × price + realised, exactly. Of the two sides of a trade the first terms
 * cancel, so Σ cost over an instrument is Σ realised: what its clearing has paid out.
 *
 * Units: micro-USD; lots are signed, negative when short.
 */
import { absBigint, mulDivCeil } from '../core/math.ts';

/** A position as its costs see it. */
export type CostedPosition = { readonly lots: number; readonly cost: bigint };

/** The position after a trade, and cash that the holder receives, negative when paid. */
export type CostChange = CostedPosition & { readonly realised: bigint };

/** Buys `lots` (negative: sells) at `pricePerLot`. O(1). */
export function changeCost(
  position: CostedPosition,
  lots: number,
  pricePerLot: bigint,
): CostChange {
  const { lots: before, cost } = position;
  const after = before + lots;
  const isOpening = before === 0 || before > 0 === lots > 0;
  if (isOpening) return { lots: after, cost: cost + BigInt(lots) * pricePerLot, realised: 0n };
  const held = BigInt(Math.abs(before));
  const traded = absBigint(BigInt(lots));
  const closed = traded < held ? traded : held;
  const closedCost = mulDivCeil(cost, closed, held);
  const sign = before > 0 ? 1n : -1n;
  const realised = sign * closed * pricePerLot - closedCost;
  const opened = BigInt(after) * pricePerLot;
  const flipped = before > 0 ? after < 0 : after > 0;
  return { lots: after, cost: flipped ? opened : cost - closedCost, realised };
}

/** Gain of a position at `markPerLot`, not yet realised; negative: a loss. */
export function unrealised({ lots, cost }: CostedPosition, markPerLot: bigint): bigint {
  return BigInt(lots) * markPerLot - cost;
}
