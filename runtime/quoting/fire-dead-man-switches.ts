/** Fires the dead-man switches that are due: a step of every block, before transactions. */

import { SWITCH_SCOPE } from '../actions/quoting.ts';
import { cancelRefusal } from '../auction/state-refusal.ts';
import type { BlockContext } from '../block-context.ts';
import { takeDue } from '../core/due-queue.ts';
import {
  type OrderId,
  orderId,
  type PortfolioId,
  portfolioId,
  subAccount,
  timestampMs,
} from '../core/units.ts';
import { CLOSE_REASON, EVENT, TRIGGER_END } from '../event.ts';
import { MAX_SWITCH_CLOSES } from '../limits.ts';
import { openOrdersOf } from '../margin/portfolio-index.ts';
import { closeOrder } from '../matching/close-order.ts';
import { closeTrigger } from '../matching/close-trigger.ts';
import { metaOf, type State } from '../state/state.ts';
import { type DeadManSwitch, putSwitch } from './dead-man-switch.ts';

/** The portfolios that a switch watches, ascending. */
function portfoliosOf({ account, scope, subAccount: only }: DeadManSwitch): PortfolioId[] {
  if (scope === SWITCH_SCOPE.subAccount) return [portfolioId(account, only)];
  return Array.from({ length: 256 }, (_, number) => portfolioId(account, subAccount(number)));
}

/** A clearing in progress: what may still be closed in this block, and what was not. */
type Clearing = {
  readonly state: State;
  readonly context: BlockContext;
  readonly clearsUpTo: OrderId;
  readonly allowance: number;
  closed: number;
  /** Something is left for a later block. */
  isHeld: boolean;
};

/** True when one more may be closed in this block. */
function take(clearing: Clearing): boolean {
  if (clearing.closed === clearing.allowance) {
    clearing.isHeld = true;
    return false;
  }
  clearing.closed += 1;
  return true;
}

/** Open orders by number. Those that an auction holds at its end wait until it is over. */
function clearOrders(clearing: Clearing, portfolio: PortfolioId): void {
  const { state, context, clearsUpTo } = clearing;
  for (const order of openOrdersOf(state, portfolio)) {
    if (order.id > clearsUpTo) return;
    if (cancelRefusal(state, context, order.instrument) !== undefined) clearing.isHeld = true;
    else if (take(clearing)) closeOrder(state, context, order, CLOSE_REASON.deadMan);
    else return;
  }
}

/** Waiting triggers by number. */
function clearTriggers(clearing: Clearing, portfolio: PortfolioId): void {
  const { state, context, clearsUpTo } = clearing;
  const ids = state.derived.triggers.byPortfolio.get(portfolio)?.ids;
  if (ids === undefined) return;
  for (const id of [...ids].sort((a, b) => a - b)) {
    if (id > clearsUpTo || !take(clearing)) return;
    const reason = TRIGGER_END.cancelled;
    closeTrigger(state, context, state.triggers.must(id), { reason });
  }
}

/** Closes at most `allowance` of what a clearing switch is to close. */
function clear(
  state: State,
  context: BlockContext,
  row: DeadManSwitch,
  allowance: number,
): { readonly closed: number; readonly isDone: boolean } {
  if (allowance === 0) return { closed: 0, isDone: false };
  const { clearsUpTo } = row;
  const clearing: Clearing = { state, context, clearsUpTo, allowance, closed: 0, isHeld: false };
  for (const portfolio of portfoliosOf(row)) {
    if (clearing.closed === allowance) {
      // What comes after is not even sorted: a backlog must not cost its whole size in every block.
      clearing.isHeld = true;
      break;
    }
    clearOrders(clearing, portfolio);
    clearTriggers(clearing, portfolio);
  }
  return { closed: clearing.closed, isDone: !clearing.isHeld };
}

/** A switch whose time has come, closing from now on what there is. */
function fired(state: State, context: BlockContext, row: DeadManSwitch): DeadManSwitch {
  if (row.firesAt === 0 || row.firesAt > context.timestamp) return row;
  const clearsUpTo = orderId(metaOf(state).nextOrderId - 1);
  return { ...row, firesAt: timestampMs(0), clearsUpTo };
}

/**
 * Fires every switch that is due, and closes what fired ones still have to close, earliest first.
 * Cost: O(1) with nothing due; else O(due switches + closed orders), at most `MAX_SWITCH_CLOSES` of
 * these, and a sort of the orders of each portfolio that it comes to.
 */
export function fireDeadManSwitches(state: State, context: BlockContext): void {
  let allowance = MAX_SWITCH_CLOSES;
  for (const key of takeDue(state.derived.switches, context.timestamp)) {
    const row = fired(state, context, state.deadManSwitches.must(key));
    const { closed, isDone } = clear(state, context, row, allowance);
    allowance -= closed;
    putSwitch(state, isDone ? { ...row, clearsUpTo: orderId(0) } : row);
    if (closed === 0 && !isDone) continue;
    const { account, scope, subAccount: only } = row;
    const value = { account, scope, subAccount: only, closed, isDone };
    context.events.push({ selector: EVENT.deadManFired, value });
  }
}
