/** Fires the dead-man switches that are due: a step of every block, before transactions. */

import { SWITCH_SCOPE } from '../actions/quoting.ts';
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

/** What a portfolio has that a clearing switch is to close: open orders, then waiting triggers. */
function closersOf(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  clearsUpTo: OrderId,
): (() => void)[] {
  const orders = openOrdersOf(state, portfolio)
    .filter(({ id }) => id <= clearsUpTo)
    .map((order) => () => closeOrder(state, context, order, CLOSE_REASON.deadMan));
  const ids = [...(state.derived.triggers.byPortfolio.get(portfolio)?.ids ?? [])];
  const triggers = ids
    .filter((id) => id <= clearsUpTo)
    .sort((a, b) => a - b)
    .map((id) => () => {
      const trigger = state.triggers.must(id);
      closeTrigger(state, context, trigger, { reason: TRIGGER_END.cancelled });
    });
  return [...orders, ...triggers];
}

/** Closes at most `allowance` of what a clearing switch is to close; how many they were. */
function clear(
  state: State,
  context: BlockContext,
  row: DeadManSwitch,
  allowance: number,
): { readonly closed: number; readonly isDone: boolean } {
  let closed = 0;
  for (const portfolio of portfoliosOf(row)) {
    for (const close of closersOf(state, context, portfolio, row.clearsUpTo)) {
      if (closed === allowance) return { closed, isDone: false };
      close();
      closed += 1;
    }
  }
  return { closed, isDone: true };
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
 * these, and a sort of each portfolio's.
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
