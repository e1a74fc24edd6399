/**
 * Open orders and waiting triggers by terms that few of them have: when they expire, and whether
 * they only reduce; and the number of each account's open orders. An index over the tables `orders`
 * and `triggers`.
 *
 * Invariant: the index equals the one rebuilt from the tables, so an order without such terms costs
 * a field test each when it rests and when it closes.
 */
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../core/due-queue.ts';
import {
  type AccountId,
  type InstrumentId,
  type OrderId,
  type PortfolioId,
  portfolioAccount,
} from '../core/units.ts';
import { positionKey, type State } from '../state/state.ts';
import type { Order } from './order.ts';

export type OrderIndex = {
  /** Orders and triggers by `expiresAt`; their numbers come from one counter. */
  readonly due: DueQueue;
  /** Reduce-only orders by (portfolio, instrument); keys are `positionKey`s. */
  readonly reduceOnly: Map<number, Set<OrderId>>;
  /** Open orders of an account over its sub-accounts; none has no entry. */
  readonly byAccount: Map<AccountId, number>;
};

export function orderIndex(): OrderIndex {
  return { due: dueQueue(), reduceOnly: new Map(), byAccount: new Map() };
}

/** Counts an order of a portfolio's account that now rests, or rests no more. O(1). */
export function countOpenOrder(state: State, portfolio: PortfolioId, change: 1 | -1): void {
  const { byAccount } = state.derived.orders;
  const account = portfolioAccount(portfolio);
  const count = (byAccount.get(account) ?? 0) + change;
  if (count === 0) byAccount.delete(account);
  else byAccount.set(account, count);
}

/** Open orders of an account over its sub-accounts. O(1). */
export function accountOrders(state: State, account: AccountId): number {
  return state.derived.orders.byAccount.get(account) ?? 0;
}

/** Notes an order that now rests. */
export function indexOrderTerms(state: State, order: Order): void {
  const { due, reduceOnly } = state.derived.orders;
  if (order.expiresAt !== 0) setDue(due, order.id, order.expiresAt);
  if (!order.reduceOnly) return;
  const key = positionKey.pack(order.portfolio, order.instrument);
  const orders = reduceOnly.get(key);
  if (orders === undefined) reduceOnly.set(key, new Set([order.id]));
  else orders.add(order.id);
}

/** Notes that an order rests no more. */
export function unindexOrderTerms(state: State, order: Order): void {
  const { due, reduceOnly } = state.derived.orders;
  if (order.expiresAt !== 0) clearDue(due, order.id);
  if (!order.reduceOnly) return;
  const key = positionKey.pack(order.portfolio, order.instrument);
  const orders = reduceOnly.get(key);
  orders?.delete(order.id);
  if (orders?.size === 0) reduceOnly.delete(key);
}

/** Reduce-only orders of a portfolio in a series, in no order, or `undefined`. O(1). */
export function reduceOnlyOrders(
  state: State,
  portfolio: PortfolioId,
  instrument: InstrumentId,
): ReadonlySet<OrderId> | undefined {
  return state.derived.orders.reduceOnly.get(positionKey.pack(portfolio, instrument));
}

/** Fills the index from the tables. O(n). */
export function rebuildOrderIndex(state: State): void {
  const { due, reduceOnly, byAccount } = state.derived.orders;
  resetDue(due);
  reduceOnly.clear();
  byAccount.clear();
  for (const [, order] of state.orders.unorderedEntries()) {
    countOpenOrder(state, order.portfolio, 1);
    indexOrderTerms(state, order);
  }
  for (const [id, { order }] of state.triggers.unorderedEntries()) {
    if (order.expiresAt !== 0) setDue(due, id, order.expiresAt);
  }
}
