/** Begins the auction of an account, or turns it into the other kind. */
import type { BlockContext } from '../block-context.ts';
import { maxBigint } from '../core/math.ts';
import { timestampMs } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { excessOf, markValueOf } from '../margin/excess.ts';
import { openOrdersOf } from '../margin/portfolio-index.ts';
import { closeOrder } from '../matching/close-order.ts';
import { takeOrderId } from '../matching/order-number.ts';
import type { State } from '../state/state.ts';
import { LIQUIDATION_KIND, type Liquidation, type LiquidationKind } from './liquidation.ts';

/** Gives a row the kind that the account's value asks for; the price begins anew. */
function setKind(state: State, context: BlockContext, row: Liquidation, value: bigint): void {
  const { derived } = state;
  const kind: LiquidationKind = value < 0n ? LIQUIDATION_KIND.insolvent : LIQUIDATION_KIND.solvent;
  if (row.kind === LIQUIDATION_KIND.insolvent) derived.liquidations.insolvent -= 1;
  if (kind === LIQUIDATION_KIND.insolvent) derived.liquidations.insolvent += 1;
  row.kind = kind;
  row.startedAt = context.timestamp;
  // What takers of a solvent account paid in is owed to its creditors once it is insolvent.
  if (kind === LIQUIDATION_KIND.insolvent) row.reserved = 0n;
  state.liquidations.touch(row.portfolio);
  const { portfolio, auction } = row;
  const { bare } = excessOf(state, portfolio);
  const event = { portfolio, auction, kind, value, bare };
  context.events.push({ selector: EVENT.liquidationStarted, value: event });
}

/**
 * Closes every order of the account and begins its auction. The initial margin of its positions at
 * this moment is the most that insurance will pay. O(n log n) of its orders.
 */
export function startLiquidation(state: State, context: BlockContext, row: Liquidation): void {
  for (const order of openOrdersOf(state, row.portfolio)) {
    closeOrder(state, context, order, CLOSE_REASON.margin);
  }
  const value = markValueOf(state, row.portfolio);
  row.auction = takeOrderId(state);
  row.initialMargin = maxBigint(0n, value - excessOf(state, row.portfolio).initial);
  row.pausedAt = timestampMs(0);
  setKind(state, context, row, value);
}

/** Turns a solvent auction into an insolvent one and back, when the value has changed its sign. */
export function followValue(state: State, context: BlockContext, row: Liquidation): void {
  const value = markValueOf(state, row.portfolio);
  const isInsolvent = row.kind === LIQUIDATION_KIND.insolvent;
  if (isInsolvent !== value < 0n) setKind(state, context, row, value);
}
