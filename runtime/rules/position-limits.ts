/**
 * How much one portfolio and one account may come to hold.
 *
 * Source: the issue of matching ("open-interest and position limits"). Judged at entry against the
 * worst case of open orders, so no fill of resting orders can break them. Lots that close are always
 * allowed, also when a limit was lowered below what is held.
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import type { AccountId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { MAX_ORDER_LOTS } from '../limits.ts';
import type { SeriesHolding } from '../margin/series-holding.ts';
import type { Underlying } from '../options/underlying.ts';
import type { State } from '../state/state.ts';
import { accountLots } from './exposure.ts';

/** The position, counted in the side's direction, that its open orders and `size` more could reach. */
export function positionReach(holding: SeriesHolding, side: Side, size: number): number {
  const { position, bidLots, askLots } = holding;
  return size + (side === SIDE.buy ? position + bidLots : askLots - position);
}

/** `position_limit`; given: `positionReach`, allowed: the limit of the underlying or the chain. */
export function positionLimitRefusal(
  { maxPositionLots }: Underlying,
  given: number,
): Refusal | undefined {
  const allowed =
    maxPositionLots === 0 ? MAX_ORDER_LOTS : Math.min(MAX_ORDER_LOTS, maxPositionLots);
  return given > allowed ? refusal('position_limit', { given, allowed }) : undefined;
}

/** `account_limit`; `opening`: lots of an order that could open, those freed by it taken off. O(1). */
export function accountLimitRefusal(
  state: State,
  { id, maxAccountLots }: Underlying,
  account: AccountId,
  opening: number,
): Refusal | undefined {
  if (maxAccountLots === 0 || opening <= 0) return undefined;
  const given = accountLots(state, account, id) + opening;
  return given > maxAccountLots
    ? refusal('account_limit', { given, allowed: maxAccountLots })
    : undefined;
}
