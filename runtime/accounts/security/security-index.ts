/**
 * What is due next of the security of accounts, and what belongs together: all of it follows from
 * tables 80 to 84.
 *
 * Invariant: nothing here is iterated in an order that could show; sets are sorted where they are used.
 */
import { DENOMINATION } from '../../actions/transfer.ts';
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../../core/due-queue.ts';
import type { AccountId, OrderId, PortfolioId } from '../../core/units.ts';
import { nonceKey, type State } from '../../state/state.ts';
import type { OrderKey, PendingChange, PendingWithdrawal } from './rows.ts';

export type SecurityIndex = {
  /** Changes and withdrawals that wait, by number. */
  readonly pending: DueQueue;
  readonly pendingByAccount: Map<AccountId, Set<OrderId>>;
  /** Micro-USD set aside for withdrawals. */
  readonly pendingUsd: Map<PortfolioId, bigint>;
  /** Agents by their expiry; keys are `nonceKey`s. */
  readonly agents: DueQueue;
  /** Accounts by the time of their recovery, and at 0 those with keys whose orders are being closed. */
  readonly recoveries: DueQueue;
  readonly closing: DueQueue;
  /** Open orders and triggers by the key that placed them. */
  readonly ordersByKey: Map<number, Set<OrderId>>;
};

export function securityIndex(): SecurityIndex {
  return {
    pending: dueQueue(),
    pendingByAccount: new Map(),
    pendingUsd: new Map(),
    agents: dueQueue(),
    recoveries: dueQueue(),
    closing: dueQueue(),
    ordersByKey: new Map(),
  };
}

function addTo<K>(sets: Map<K, Set<OrderId>>, key: K, id: OrderId): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([id]));
  else known.add(id);
}

function takeFrom<K>(sets: Map<K, Set<OrderId>>, key: K, id: OrderId): void {
  const known = sets.get(key);
  if (known === undefined) return;
  known.delete(id);
  if (known.size === 0) sets.delete(key);
}

function addPendingUsd(state: State, row: PendingWithdrawal, sign: 1n | -1n): void {
  if (row.denomination !== DENOMINATION.usd) return;
  const { pendingUsd } = state.derived.security;
  const sum = (pendingUsd.get(row.portfolio) ?? 0n) + sign * row.amount;
  if (sum === 0n) pendingUsd.delete(row.portfolio);
  else pendingUsd.set(row.portfolio, sum);
}

function indexPending(state: State, row: PendingChange | PendingWithdrawal): void {
  const { pending, pendingByAccount } = state.derived.security;
  setDue(pending, row.id, row.maturesAt);
  addTo(pendingByAccount, row.account, row.id);
}

function unindexPending(state: State, row: PendingChange | PendingWithdrawal): void {
  const { pending, pendingByAccount } = state.derived.security;
  clearDue(pending, row.id);
  takeFrom(pendingByAccount, row.account, row.id);
}

/** Writes a change that waits. */
export function putChange(state: State, row: PendingChange): void {
  state.pendingChanges.set(row.id, row);
  indexPending(state, row);
}

/** Forgets a change that waits no more. */
export function dropChange(state: State, row: PendingChange): void {
  state.pendingChanges.delete(row.id);
  unindexPending(state, row);
}

/** Writes a withdrawal whose funds are set aside. */
export function putWithdrawal(state: State, row: PendingWithdrawal): void {
  state.pendingWithdrawals.set(row.id, row);
  indexPending(state, row);
  addPendingUsd(state, row, 1n);
}

/** Forgets a withdrawal that waits no more. */
export function dropWithdrawal(state: State, row: PendingWithdrawal): void {
  state.pendingWithdrawals.delete(row.id);
  unindexPending(state, row);
  addPendingUsd(state, row, -1n);
}

/** Numbers of what waits of an account, ascending. */
export function pendingOf(state: State, account: AccountId): readonly OrderId[] {
  const ids = state.derived.security.pendingByAccount.get(account);
  return ids === undefined ? [] : [...ids].sort((a, b) => a - b);
}

/** Micro-USD of a portfolio that are set aside: towards maintenance, not towards new risk. O(1). */
export function pendingUsdOf(state: State, portfolio: PortfolioId): bigint {
  const { pendingUsd } = state.derived.security;
  return pendingUsd.size === 0 ? 0n : (pendingUsd.get(portfolio) ?? 0n);
}

/** Writes which key an open order is of. */
export function putOrderKey(state: State, id: OrderId, row: OrderKey): void {
  state.orderKeys.set(id, row);
  addTo(state.derived.security.ordersByKey, nonceKey.pack(row.account, row.position), id);
}

/** Forgets an order that is open no more. */
export function dropOrderKey(state: State, id: OrderId, row: OrderKey): void {
  state.orderKeys.delete(id);
  takeFrom(state.derived.security.ordersByKey, nonceKey.pack(row.account, row.position), id);
}

/** Has what an account's row says of its recovery and its closing keys in the queues. */
export function indexSecurity(state: State, account: AccountId): void {
  const { recoveries, closing } = state.derived.security;
  const row = state.accountSecurity.must(account);
  const [running] = row.recovery;
  if (running === undefined) clearDue(recoveries, account);
  else setDue(recoveries, account, running.executesAt);
  if (row.closing.length === 0) clearDue(closing, account);
  else setDue(closing, account, 0);
}

/** Fills the index from the tables. */
export function rebuildSecurity(state: State): void {
  const { security } = state.derived;
  resetDue(security.pending);
  resetDue(security.agents);
  resetDue(security.recoveries);
  resetDue(security.closing);
  security.pendingByAccount.clear();
  security.pendingUsd.clear();
  security.ordersByKey.clear();
  for (const [account] of state.accountSecurity.unorderedEntries()) indexSecurity(state, account);
  for (const [, row] of state.pendingChanges.unorderedEntries()) indexPending(state, row);
  for (const [, row] of state.pendingWithdrawals.unorderedEntries()) {
    indexPending(state, row);
    addPendingUsd(state, row, 1n);
  }
  for (const [id, row] of state.orderKeys.unorderedEntries()) {
    addTo(security.ordersByKey, nonceKey.pack(row.account, row.position), id);
  }
  for (const [key, { account, position, scope }] of state.agents.unorderedEntries()) {
    const owner = state.derived.accounts.addressById.get(account);
    const isRemoved = owner === undefined || state.accounts.must(owner).keys[position]?.removed;
    if (isRemoved !== true) setDue(security.agents, key, scope.expiresAt);
  }
}
