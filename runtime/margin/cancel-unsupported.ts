/**
 * Cancels orders that margin no longer supports, after marks and settlements, before matching.
 *
 * Source: design/exchange.md §3: maintenance margin with orders above cash (and what delivered series
 * are to pay), or bids above cash, cancel every risk-increasing order. An order is risk-increasing
 * when, beside the orders kept before it, it raises the maintenance requirement above that of the
 * positions alone, or when cash does not cover its cost. Orders are judged by ascending number,
 * portfolios too.
 *
 * Looked at are portfolios with a holding in an expiry marked in this block, and those paid or
 * charged by a settlement in it: nothing else lowers an excess outside of the account's own actions.
 */

import { recallWithdrawals } from '../accounts/security/end-pending.ts';
import { SIDE } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { maxBigint } from '../core/math.ts';
import type { PortfolioId } from '../core/units.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { linearMargin } from '../linear/linear-margin.ts';
import { type LinearTrial, linearTrial, tryLinearOrder } from '../linear/linear-trial.ts';
import { closeOrder } from '../matching/close-order.ts';
import type { RestingOrder } from '../matching/order.ts';
import type { State } from '../state/state.ts';
import {
  applyChange,
  type ExpiryHolding,
  emptyExpiryHolding,
  expiryRequirement,
  expiryRequirementAfter,
  isolatedAfter,
  isolatedRequirement,
  refreshCoarseTotal,
  refreshExpiry,
} from './expiry-holding.ts';
import { isModeSupported, supportedModeOrders } from './mode/cancel-mode.ts';
import { openOrdersOf, type Portfolio } from './portfolio-index.ts';
import { accountMargin, bidReserve } from './requirements.ts';
import { emptySeriesHolding } from './series-holding.ts';
import { bidCost } from './series-risk.ts';

/** Portfolios with orders whose excess may have fallen in this block, ascending. */
function touchedPortfolios(state: State, context: BlockContext): PortfolioId[] {
  const touched = new Set<PortfolioId>();
  const { byPortfolio } = state.derived.portfolios;
  for (const [expiry, holders] of state.derived.portfolios.byExpiry) {
    if (state.markInputs.get(expiry)?.markedAt !== context.timestamp) continue;
    for (const id of holders) if (byPortfolio.get(id)?.openOrders !== 0) touched.add(id);
  }
  for (const event of context.events) {
    if (event.selector === EVENT.settled) touched.add(event.value.portfolio);
  }
  return [...touched].sort((a, b) => a - b);
}

/** What futures and perpetuals need of cash by maintenance. */
function linearBound(state: State, portfolio: Portfolio): number {
  const { maintenance, variation } = linearMargin(state, portfolio);
  return Number(maxBigint(0n, maintenance - variation));
}

/** Whether the account may keep its orders; the cheap bounds first. */
function isSupported(state: State, portfolio: Portfolio): boolean {
  if (portfolio.sums !== undefined) return isModeSupported(state, portfolio);
  const cash = balanceOf(state, portfolio.id, DENOMINATION.usd);
  const linear = portfolio.linear === undefined ? 0 : linearBound(state, portfolio);
  const { total, expiries } = portfolio;
  if (refreshCoarseTotal(state, total, expiries) && cash >= total.coarseInitial + linear)
    return true;
  let bound = linear;
  for (const expiry of expiries.values()) {
    refreshExpiry(state, expiry);
    bound += isolatedRequirement(expiry).maintenance;
  }
  // The requirement is never below the cost of the bids, so this covers the cash too.
  if (cash >= bound) return true;
  const margin = accountMargin(state, portfolio.id);
  if (cash < bidReserve(state, portfolio.id)) return false;
  return cash + margin.receivable + margin.variation >= margin.maintenance;
}

/** The expiry as it would be without orders; to be filled in a trial, not indexed. */
function withoutOrders(state: State, expiry: ExpiryHolding): ExpiryHolding {
  const trial = emptyExpiryHolding(expiry.key);
  for (const { instrument, risk, position } of expiry.series.values()) {
    trial.series.set(instrument, { ...emptySeriesHolding(instrument, risk), position });
  }
  trial.isCounted = false;
  refreshExpiry(state, trial);
  return trial;
}

/** The orders of an expiry that do not add to its maintenance requirement, nor outrun the cash. */
function supportedOrders(
  state: State,
  expiry: ExpiryHolding,
  orders: readonly RestingOrder[],
  purse: { cash: bigint },
  linear: LinearTrial,
): RestingOrder[] {
  const kept: RestingOrder[] = [];
  if (!expiry.isExact) return kept;
  const trial = withoutOrders(state, expiry);
  const bare = expiryRequirement(trial).maintenance;
  for (const order of orders) {
    const { side, price, remaining } = order;
    const holding = trial.series.get(order.instrument);
    if (holding === undefined) continue;
    if (holding.risk.isLinear) {
      if (tryLinearOrder(state, linear, order)) kept.push(order);
      continue;
    }
    const cost = side === SIDE.buy ? BigInt(remaining) * BigInt(bidCost(holding.risk, price)) : 0n;
    if (cost > 0n && cost > purse.cash) continue;
    const change = { risk: holding.risk, position: 0, orders: [{ side, price, lots: remaining }] };
    const isolated = isolatedAfter(isolatedRequirement(trial), holding, change);
    if (expiryRequirementAfter(trial, isolated, change).maintenance > bare) continue;
    // Of the trial alone: the order keeps its position in the holding that it is of.
    holding.orders.push(order);
    applyChange(state, { expiry: trial, holding }, change);
    purse.cash -= cost;
    kept.push(order);
  }
  return kept;
}

function cancelRisk(state: State, context: BlockContext, portfolio: Portfolio): void {
  const orders = openOrdersOf(state, portfolio.id);
  const kept = keptOrders(state, portfolio, orders);
  for (const order of orders) {
    if (!kept.has(order)) closeOrder(state, context, order, CLOSE_REASON.margin);
  }
}

/** The orders that margin supports. */
function keptOrders(
  state: State,
  portfolio: Portfolio,
  orders: readonly RestingOrder[],
): Set<RestingOrder> {
  if (portfolio.sums !== undefined) return supportedModeOrders(state, portfolio, orders);
  const purse = { cash: balanceOf(state, portfolio.id, DENOMINATION.usd) };
  const linear = linearTrial(state, portfolio);
  const kept = new Set<RestingOrder>();
  for (const key of [...portfolio.expiries.keys()].sort((a, b) => a - b)) {
    const expiry = portfolio.expiries.get(key);
    if (expiry === undefined) continue;
    for (const order of supportedOrders(state, expiry, orders, purse, linear)) kept.add(order);
  }
  return kept;
}

/**
 * Cancels what margin no longer supports of one portfolio: for whoever moved its positions otherwise
 * than by its own trade. O(1) without orders; where it fails O(orders × settlements).
 */
export function cancelUnsupportedOf(state: State, context: BlockContext, id: PortfolioId): void {
  const portfolio = state.derived.portfolios.byPortfolio.get(id);
  if (portfolio === undefined || portfolio.openOrders === 0) return;
  if (isSupported(state, portfolio)) return;
  // Funds that wait to leave count for maintenance: they come back before any order goes.
  if (recallWithdrawals(state, context, id) && isSupported(state, portfolio)) return;
  cancelRisk(state, context, portfolio);
}

/**
 * Cancels unsupported orders. Cost: O(series held in re-marked expiries); for an account whose
 * cash does not cover the coarse bound, O(its orders), which makes their sums at the new marks; for one that fails, O(orders × settlements) once.
 */
export function cancelUnsupportedOrders(state: State, context: BlockContext): void {
  for (const id of touchedPortfolios(state, context)) cancelUnsupportedOf(state, context, id);
}
