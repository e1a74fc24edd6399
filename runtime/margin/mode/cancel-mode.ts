/**
 * Which orders of a portfolio in portfolio mode its margin supports: `cancel-unsupported.ts` under
 * portfolio margin.
 *
 * Source: design/exchange.md §3. The account is looked at as a whole: an order is risk-increasing when,
 * beside those kept before it, it takes the maintenance excess below that of the positions alone, or
 * when cash does not cover its cost. Orders are judged by ascending number; one of a combo by all its
 * legs.
 */
import { SIDE } from '../../actions/order-terms.ts';
import { DENOMINATION } from '../../actions/transfer.ts';
import { balanceOf } from '../../ledger/ledger.ts';
import type { RestingOrder } from '../../matching/order.ts';
import { comboTerms } from '../../multileg/combo-terms.ts';
import type { State } from '../../state/state.ts';
import { expiryKey } from '../../state/state.ts';
import type { ExpiryHolding } from '../expiry-holding.ts';
import type { OrderTerm } from '../portfolio/account.ts';
import {
  type AccountSums,
  addOrder,
  removeOrder,
  withoutOrders,
} from '../portfolio/account-sums.ts';
import { expiryOf, type Portfolio } from '../portfolio-index.ts';
import { bidReserve } from '../requirements.ts';
import { bidCost, seriesRisk } from '../series-risk.ts';
import { marginOfGroup, modeMargin, partsOf, variationOf } from './mode-excess.ts';
import { orderTerm, termNumber } from './mode-sums.ts';
import { riskOf, rowOf } from './risk-index.ts';

/** Whether the account may keep its orders. Cost: that of `modeMargin`. */
export function isModeSupported(state: State, portfolio: Portfolio): boolean {
  const cash = balanceOf(state, portfolio.id, DENOMINATION.usd);
  if (cash < bidReserve(state, portfolio.id)) return false;
  const wealth = cash + variationOf(state, portfolio.id);
  return wealth + modeMargin(state, portfolio, 'maintenance').excess >= 0n;
}

/** An order's terms in the series that it is of: more than one for a combo. */
function termsOf(state: State, { instrument, side, price, remaining: lots }: RestingOrder) {
  const combo = state.combos.size === 0 ? undefined : state.combos.get(instrument);
  if (combo === undefined) return [{ instrument, side, price, lots }];
  return comboTerms(combo, { side, price, lots });
}

/** Positions of one underlying without orders, to be filled in a trial. */
type Trial = {
  readonly group: readonly ExpiryHolding[];
  readonly parts: AccountSums[];
  readonly bare: number;
};

function trialOf(
  state: State,
  portfolio: Portfolio,
  group: readonly ExpiryHolding[],
): Trial | undefined {
  // Sums of their own: the trial changes them.
  const apart = { sums: undefined, expiries: portfolio.expiries };
  const parts = partsOf(state, apart, group, 'maintenance')?.map(withoutOrders);
  if (parts === undefined) return undefined;
  return { group, parts, bare: marginOfGroup(state, group, parts).excess };
}

/** Puts an order into the trial unless it takes the excess below that of the positions alone. */
function fits(state: State, trial: Trial, order: RestingOrder): boolean {
  const added: { sums: AccountSums; number: number; term: OrderTerm }[] = [];
  for (const { instrument, side, price, lots } of termsOf(state, order)) {
    const at = trial.group.findIndex(({ key }) => key === expiryOf(state, instrument));
    const sums = trial.parts[at];
    const key = trial.group[at]?.key;
    if (sums === undefined || key === undefined) continue;
    const row = rowOf(riskOf(state, key), instrument);
    const term = orderTerm(sums.arrays, row, seriesRisk(state, instrument), { side, price, lots });
    const number = termNumber(order.id, row);
    addOrder(sums, number, term);
    added.push({ sums, number, term });
  }
  if (marginOfGroup(state, trial.group, trial.parts).excess >= trial.bare) return true;
  for (const { sums, number, term } of added) removeOrder(sums, number, term);
  return false;
}

/** Micro-USD that an order's bids would cost if filled. */
function costOf(state: State, order: RestingOrder): bigint {
  let cost = 0n;
  for (const { instrument, side, price, lots } of termsOf(state, order)) {
    if (side !== SIDE.buy) continue;
    cost += BigInt(lots) * BigInt(bidCost(seriesRisk(state, instrument), price));
  }
  return cost;
}

/**
 * The orders, ascending, that the portfolio may keep; none of an underlying whose sums are not exact.
 * Cost: O(positions × slots), and O(slots + expiries × cells) for each order.
 */
export function supportedModeOrders(
  state: State,
  portfolio: Portfolio,
  orders: readonly RestingOrder[],
): Set<RestingOrder> {
  const trials = new Map<number, Trial | undefined>();
  const groups = new Map<number, ExpiryHolding[]>();
  for (const expiry of portfolio.expiries.values()) {
    const underlying = expiryKey.high(expiry.key);
    groups.set(underlying, [...(groups.get(underlying) ?? []), expiry]);
  }
  for (const [underlying, group] of groups)
    trials.set(underlying, trialOf(state, portfolio, group));
  let cash = balanceOf(state, portfolio.id, DENOMINATION.usd);
  const kept = new Set<RestingOrder>();
  for (const order of orders) {
    const trial = trials.get(state.instruments.must(order.instrument).underlying);
    const cost = costOf(state, order);
    if (trial === undefined || (cost > 0n && cost > cash)) continue;
    if (!fits(state, trial, order)) continue;
    cash -= cost;
    kept.add(order);
  }
  return kept;
}
