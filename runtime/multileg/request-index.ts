/**
 * Live requests and quotes by owner, by request and by expiry: an index over their two tables.
 *
 * Invariants: equal to the one rebuilt from the tables; a portfolio has at most one quote on a
 * request. Nothing here is iterated where the order could show: callers sort.
 */
import { clearDue, type DueQueue, dueQueue, resetDue, setDue } from '../core/due-queue.ts';
import { type AccountId, type OrderId, portfolioAccount } from '../core/units.ts';
import type { State } from '../state/state.ts';
import type { LiveQuote, LiveRequest } from './live-quote.ts';

export type RequestIndex = {
  readonly requestsByAccount: Map<AccountId, Set<OrderId>>;
  readonly quotesByAccount: Map<AccountId, Set<OrderId>>;
  readonly quotesByRequest: Map<OrderId, Set<OrderId>>;
  /** Requests and quotes by number, the earliest to expire first. */
  readonly due: DueQueue;
};

const NONE: ReadonlySet<OrderId> = new Set();

export function requestIndex(): RequestIndex {
  return {
    requestsByAccount: new Map(),
    quotesByAccount: new Map(),
    quotesByRequest: new Map(),
    due: dueQueue(),
  };
}

function enter<K>(groups: Map<K, Set<OrderId>>, group: K, id: OrderId): void {
  const known = groups.get(group);
  if (known === undefined) groups.set(group, new Set([id]));
  else known.add(id);
}

function leave<K>(groups: Map<K, Set<OrderId>>, group: K, id: OrderId): void {
  const known = groups.get(group);
  known?.delete(id);
  if (known?.size === 0) groups.delete(group);
}

export function indexRequest(state: State, { id, portfolio, expiresAt }: LiveRequest): void {
  const { requestsByAccount, due } = state.derived.requests;
  enter(requestsByAccount, portfolioAccount(portfolio), id);
  setDue(due, id, expiresAt);
}

export function unindexRequest(state: State, { id, portfolio }: LiveRequest): void {
  const { requestsByAccount, due } = state.derived.requests;
  leave(requestsByAccount, portfolioAccount(portfolio), id);
  clearDue(due, id);
}

export function indexQuote(state: State, { id, request, portfolio, expiresAt }: LiveQuote): void {
  const { quotesByAccount, quotesByRequest, due } = state.derived.requests;
  enter(quotesByAccount, portfolioAccount(portfolio), id);
  enter(quotesByRequest, request, id);
  setDue(due, id, expiresAt);
}

export function unindexQuote(state: State, { id, request, portfolio }: LiveQuote): void {
  const { quotesByAccount, quotesByRequest, due } = state.derived.requests;
  leave(quotesByAccount, portfolioAccount(portfolio), id);
  leave(quotesByRequest, request, id);
  clearDue(due, id);
}

/** Numbers of the live quotes on a request. Not a copy. */
export function quotesOn(state: State, request: OrderId): ReadonlySet<OrderId> {
  return state.derived.requests.quotesByRequest.get(request) ?? NONE;
}

/** Numbers of an account's live quotes. Not a copy. */
export function quotesOfAccount(state: State, account: AccountId): ReadonlySet<OrderId> {
  return state.derived.requests.quotesByAccount.get(account) ?? NONE;
}

/** Numbers of an account's live requests. Not a copy. */
export function requestsOfAccount(state: State, account: AccountId): ReadonlySet<OrderId> {
  return state.derived.requests.requestsByAccount.get(account) ?? NONE;
}

/** Fills the index from the tables. */
export function rebuildRequestIndex(state: State): void {
  const { requestsByAccount, quotesByAccount, quotesByRequest, due } = state.derived.requests;
  requestsByAccount.clear();
  quotesByAccount.clear();
  quotesByRequest.clear();
  resetDue(due);
  for (const [, request] of state.quoteRequests.unorderedEntries()) indexRequest(state, request);
  for (const [, quote] of state.requestQuotes.unorderedEntries()) indexQuote(state, quote);
}
