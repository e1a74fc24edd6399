/**
 * Which orders for futures and perpetuals add no risk: an account's lots without orders, to which those
 * are added that do not raise what it must maintain.
 *
 * Source: design/exchange.md §3: below maintenance with orders, every risk-increasing order is
 * cancelled. Orders come in the order in which they are to be judged; one that reduces is kept, and the
 * next is judged beside it. One whose fill would lose against the mark adds risk; its fee does not count.
 */
import { SIDE } from '../actions/order-terms.ts';
import type { UnderlyingId } from '../core/units.ts';
import type { Portfolio } from '../margin/portfolio-index.ts';
import { seriesRisk } from '../margin/series-risk.ts';
import type { RestingOrder } from '../matching/order.ts';
import type { State } from '../state/state.ts';
import {
  addLinearChange,
  groupRequirement,
  type LinearGroup,
  linearGroup,
} from './linear-margin.ts';

/** By underlying: positions and the orders kept so far, and what the positions alone need. */
export type LinearTrial = ReadonlyMap<
  UnderlyingId,
  { readonly group: LinearGroup; readonly bare: bigint }
>;

/** The positions of a portfolio without orders. O(instruments). */
export function linearTrial(state: State, { linear }: Portfolio): LinearTrial {
  const trial = new Map<UnderlyingId, { group: LinearGroup; bare: bigint }>();
  for (const [underlying, holdings] of linear ?? []) {
    const group = linearGroup(state, holdings, 'positions');
    trial.set(underlying, {
      group,
      bare: groupRequirement(state, underlying, group).maintenance,
    });
  }
  return trial;
}

/** Whether an order adds no risk beside those kept; it is then kept too. O(instruments). */
export function tryLinearOrder(
  state: State,
  trial: LinearTrial,
  { instrument, side, price, remaining }: RestingOrder,
): boolean {
  const { underlying } = state.instruments.must(instrument);
  const own = trial.get(underlying);
  const { tickValue, baseline } = seriesRisk(state, instrument);
  const above = price * tickValue - baseline;
  if (own === undefined || (side === SIDE.buy ? above > 0 : above < 0)) return false;
  const change = (lots: number) => ({ instrument, position: 0, orders: [{ side, price, lots }] });
  addLinearChange(state, own.group, change(remaining));
  if (groupRequirement(state, underlying, own.group).maintenance <= own.bare) return true;
  addLinearChange(state, own.group, change(-remaining));
  return false;
}
