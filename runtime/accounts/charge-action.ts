/**
 * Whether an account, and the trading key that signs for it, may ask for an action now: rate credits
 * and budgets of agents.
 *
 * Source: design/chain.md §6. A cancel that names the signer's own open order or waiting trigger,
 * and in each block the first cancel of many orders of the account, cost nothing and are never
 * refused here; every other action costs credits, whether it succeeds or not.
 *
 * Invariant: a refused action costs nothing. Cost: O(1) an action; one field test while credits are
 * off and the key has no budget.
 */

import { ACTION, type Action } from '../action.ts';
import type { BlockContext } from '../block-context.ts';
import { type AccountId, portfolioAccount, portfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import type { Parameters } from '../governance/parameters.ts';
import { withClientId } from '../matching/client-order-id.ts';
import { nonceKey, type State } from '../state/state.ts';
import type { Account } from './account.ts';
import { actionNotional } from './action-notional.ts';
import { type AgentBudget, DAY_MS, MINUTE_MS } from './agent-budget.ts';
import { newCredits, type RateCredits, refilled } from './rate-credits.ts';

/** Who acts: the account, and those of its signing keys that have a budget, as `nonceKey`s. */
export type Spender = { readonly account: AccountId; readonly budgets: readonly number[] };

const NO_BUDGETS: readonly number[] = [];

/** The budgets that a transaction of these key positions is counted in. O(signers). */
export function budgetsOf(
  state: State,
  account: Account,
  positions: readonly { readonly position: number }[],
): readonly number[] {
  if (state.agentBudgets.size === 0) return NO_BUDGETS;
  const keys = positions.map(({ position }) => nonceKey.pack(account.id, position));
  return [...new Set(keys)].filter((key) => state.agentBudgets.has(key));
}

function isOwnOrder(state: State, account: AccountId, action: Action): boolean {
  if (action.selector === ACTION.cancelOrder) {
    const { orderId } = action.value;
    const open = state.orders.get(orderId) ?? state.triggers.get(orderId);
    return open !== undefined && portfolioAccount(open.portfolio) === account;
  }
  if (action.selector === ACTION.cancelByClientId) {
    const { subAccount, clientOrderId } = action.value;
    return withClientId(state, portfolioId(account, subAccount), clientOrderId) !== undefined;
  }
  return false;
}

/** Credits of an action that is not free. */
function costOf(action: Action, parameters: Parameters): number {
  switch (action.selector) {
    case ACTION.placeOrder:
    case ACTION.amendOrder:
    case ACTION.reduceOrder:
    case ACTION.replaceOrder:
    case ACTION.placeTrigger:
      return parameters.creditOrderCost;
    case ACTION.massQuote: {
      const { creditQuotesPerCredit } = parameters;
      const quotes = action.value.quotes.length;
      return Math.floor((quotes + creditQuotesPerCredit - 1) / creditQuotesPerCredit);
    }
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
    case ACTION.cancelOrders:
      return parameters.creditCancelCost;
  }
  return parameters.creditOtherCost;
}

/** Whether the account's one free cancel of many orders in this block is still there. */
function hasFreeCancel(row: RateCredits | undefined, { height }: BlockContext): boolean {
  return row === undefined || row.freeCancelAt !== height;
}

function isCancel({ selector }: Action): boolean {
  return (
    selector === ACTION.cancelOrder ||
    selector === ACTION.cancelByClientId ||
    selector === ACTION.cancelOrders
  );
}

/** The counters of a budget in the minute and day of `context`. */
function countersNow(
  row: AgentBudget,
  { timestamp }: BlockContext,
): Pick<AgentBudget, 'minute' | 'actions' | 'day' | 'notional'> {
  const minute = Math.floor(timestamp / MINUTE_MS);
  const day = Math.floor(timestamp / DAY_MS);
  return {
    minute,
    actions: row.minute === minute ? row.actions : 0,
    day,
    notional: row.day === day ? row.notional : 0n,
  };
}

/** Why a budget does not cover an action of this notional. */
function budgetRefusal(
  row: AgentBudget,
  context: BlockContext,
  notional: bigint | undefined,
): Refusal | undefined {
  const { actionsPerMinute, notionalPerDayUsd } = row;
  const used = countersNow(row, context);
  if (actionsPerMinute !== 0 && used.actions >= actionsPerMinute) {
    return refusal('agent_budget', { given: used.actions + 1, allowed: actionsPerMinute });
  }
  if (notionalPerDayUsd === 0) return undefined;
  const allowed = BigInt(notionalPerDayUsd) * 1_000_000n;
  // An action whose size is not known before it is carried out is beyond any budget.
  if (notional === undefined) return refusal('agent_budget', { allowed });
  const given = used.notional + notional;
  return given > allowed ? refusal('agent_budget', { given, allowed }) : undefined;
}

function creditRefusal(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: Action,
): Refusal | undefined {
  const { parameters, timestamp } = context;
  if (parameters.creditStart === 0) return undefined;
  const row = state.rateCredits.get(account);
  if (action.selector === ACTION.cancelOrders && hasFreeCancel(row, context)) return undefined;
  const cost = costOf(action, parameters);
  const credits =
    row === undefined ? parameters.creditStart : refilled(row, parameters, timestamp).credits;
  if (credits >= cost || isOwnOrder(state, account, action)) return undefined;
  return refusal('rate_limited', { given: cost, allowed: credits });
}

/**
 * Why an action is refused now, before it is looked at. Errors in order: rate_limited (given: its
 * cost, allowed: the account's credits), agent_budget (given: actions of the minute, or micro-USD of
 * the day, with it; allowed: the budget). Changes nothing.
 */
export function paceRefusal(
  state: State,
  context: BlockContext,
  { account, budgets }: Spender,
  action: Action,
): Refusal | undefined {
  const limited = creditRefusal(state, context, account, action);
  if (limited !== undefined || budgets.length === 0 || isCancel(action)) return limited;
  const notional = actionNotional(state, account, action);
  for (const key of budgets) {
    // A row may be gone since the transaction was admitted: an action before took it away.
    const row = state.agentBudgets.get(key);
    const refused = row === undefined ? undefined : budgetRefusal(row, context, notional);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** The account's row with its refill, made when there is none. */
function creditsNow(state: State, context: BlockContext, account: AccountId): RateCredits {
  const { parameters, timestamp } = context;
  const known = state.rateCredits.get(account);
  if (known === undefined) {
    const row = newCredits(account, parameters, timestamp);
    state.rateCredits.set(account, row);
    return row;
  }
  const { credits, refilledAt } = refilled(known, parameters, timestamp);
  known.credits = credits;
  known.refilledAt = refilledAt;
  state.rateCredits.touch(account);
  return known;
}

/**
 * Takes what an action costs, or refuses it. Errors: those of `paceRefusal`. To be called right
 * before the action is carried out, whatever becomes of it.
 */
export function chargeAction(
  state: State,
  context: BlockContext,
  spender: Spender,
  action: Action,
): Refusal | undefined {
  const { account, budgets } = spender;
  const { parameters, height } = context;
  if (parameters.creditStart === 0 && budgets.length === 0) return undefined;
  const refused = paceRefusal(state, context, spender, action);
  if (refused !== undefined) return refused;

  // From here it must succeed.
  if (parameters.creditStart !== 0 && !isOwnOrder(state, account, action)) {
    const row = creditsNow(state, context, account);
    if (action.selector === ACTION.cancelOrders && hasFreeCancel(row, context)) {
      row.freeCancelAt = height;
    } else row.credits -= costOf(action, parameters);
  }
  if (budgets.length === 0 || isCancel(action)) return undefined;
  const notional = actionNotional(state, account, action) ?? 0n;
  for (const key of budgets) {
    const row = state.agentBudgets.get(key);
    if (row === undefined) continue;
    const used = countersNow(row, context);
    row.minute = used.minute;
    row.day = used.day;
    // Counted where it is bounded; without a bound it could grow beyond the row.
    row.actions = row.actionsPerMinute === 0 ? 0 : used.actions + 1;
    row.notional = row.notionalPerDayUsd === 0 ? 0n : used.notional + notional;
    state.agentBudgets.touch(key);
  }
  return undefined;
}

/**
 * Why a transaction of these actions is not worth a block: every one of them would be refused now.
 * Its first action's refusal; `undefined` when one at least would be carried out. A cancel of many
 * orders always counts as such: what was free in the block that is known is free again in the next.
 * O(actions).
 */
export function paceOfAll(
  state: State,
  context: BlockContext,
  spender: Spender,
  actions: readonly Action[],
): Refusal | undefined {
  if (context.parameters.creditStart === 0 && spender.budgets.length === 0) return undefined;
  let first: Refusal | undefined;
  for (const action of actions) {
    if (action.selector === ACTION.cancelOrders) return undefined;
    const refused = paceRefusal(state, context, spender, action);
    if (refused === undefined) return undefined;
    first ??= refused;
  }
  return first;
}
