/**
 * Fees of a combo's legs: the cheaper direction is discounted.
 *
 * Source: Deribit, "Combo books" (the cheapest direction of a combo has reduced fees). The legs
 * bought and the legs sold are two groups; the group whose fees sum to less pays
 * `comboDiscountBps` less, the other in full. Legs all of one direction (a straddle) have no cheaper
 * direction and pay in full; with equal sums the sold legs are discounted.
 *
 * Each discounted fee is rounded up, so it is never above the fee of the leg alone, nor below 0.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import { mulDivCeil } from '../core/math.ts';

/** A leg's direction and its fee alone (`tradeFee`), in micro-USD, not negative. */
export type LegFee = { readonly side: Side; readonly fee: bigint };

const FULL_BPS = 10_000;

/** The legs' fees, in their order. O(legs). */
export function comboFees(legs: readonly LegFee[], comboDiscountBps: number): bigint[] {
  let bought = 0n;
  let sold = 0n;
  for (const { side, fee } of legs) {
    if (side === SIDE.buy) bought += fee;
    else sold += fee;
  }
  const cheaper = bought < sold ? SIDE.buy : SIDE.sell;
  const keptBps = BigInt(FULL_BPS - comboDiscountBps);
  const oneDirection = legs.every(({ side }) => side === legs[0]?.side);
  return legs.map(({ side, fee }) =>
    oneDirection || side !== cheaper ? fee : mulDivCeil(fee, keptBps, BigInt(FULL_BPS)),
  );
}
