/**
 * What futures and perpetuals add to the requirement of a portfolio under standard margin.
 *
 * Source: design/exchange.md §3. A future stands in the expiry holding of its expiry, a perpetual in
 * that at expiry 0, as what pays nothing at any settlement: there its orders add what their fills would
 * lose at once. What the lots themselves need is added here, for each underlying over all expiries
 * (`pair-expiries.ts`, `standard-requirement.ts`), beside their variation.
 *
 * Delivered futures need nothing any more: their variation is final. While confidence of the index is
 * low the unpaired lots are charged as short options are. Units: micro-USD.
 */
import { SIDE } from '../actions/order-terms.ts';
import { maxBigint } from '../core/math.ts';
import type { InstrumentId, UnderlyingId } from '../core/units.ts';
import type { Portfolio } from '../margin/portfolio-index.ts';
import { confidenceChargeBps } from '../margin/requirements.ts';
import type { OrderTerm, SeriesHolding } from '../margin/series-holding.ts';
import { type SeriesRisk, seriesRisk } from '../margin/series-risk.ts';
import { divideUp } from '../margin/standard-margin.ts';
import { FULL_CONFIDENCE_BPS } from '../oracle/vote.ts';
import { expiryKey, type State } from '../state/state.ts';
import { type LinearRange, worstLots } from './pair-expiries.ts';
import { heldLinear } from './positions-of.ts';
import { type LinearRequirement, linearRequirement } from './standard-requirement.ts';

/** What the lots need, and what their positions have gained and not realised. */
export type LinearMargin = LinearRequirement & {
  /** Maintenance of the positions alone. */
  readonly bare: bigint;
  /** Funding owed is taken off. */
  readonly variation: bigint;
};

/** A change of one future or perpetual: lots of the position, and of orders. */
export type LinearChange = {
  readonly instrument: InstrumentId;
  readonly position: number;
  readonly orders: readonly OrderTerm[];
};

export const NO_LINEAR: LinearMargin = { initial: 0n, maintenance: 0n, bare: 0n, variation: 0n };

/** A portfolio's linear margin before and after a change. */
export type LinearMove = { readonly before: LinearMargin; readonly after: LinearMargin };

export const NO_MOVE: LinearMove = { before: NO_LINEAR, after: NO_LINEAR };

/** What it needs of cash: gains count only as far as they cover it. May be inexact above 2⁵³. */
export function linearShortfall({ initial, variation }: LinearMargin): number {
  return Number(maxBigint(0n, initial - variation));
}

const NO_HOLDINGS: ReadonlySet<SeriesHolding> = new Set();

/** A range that changes can be added to. */
type MutableRange = { -readonly [K in keyof LinearRange]: LinearRange[K] };

/** Lots of one underlying by instrument, delivered ones left out, and the index of a lot. */
export type LinearGroup = {
  readonly ranges: Map<InstrumentId, MutableRange>;
  /** Risk of any of them: index and charge are those of the underlying. */
  risk: SeriesRisk | undefined;
};

function rangeIn(state: State, group: LinearGroup, id: InstrumentId): MutableRange | undefined {
  const known = group.ranges.get(id);
  if (known !== undefined) return known;
  const risk = seriesRisk(state, id);
  if (risk.delivery !== undefined) return undefined;
  group.risk = risk;
  const range = { position: 0, bidLots: 0, askLots: 0 };
  group.ranges.set(id, range);
  return range;
}

/** The lots of a portfolio in an underlying, with or without its open orders. */
export function linearGroup(
  state: State,
  holdings: Iterable<SeriesHolding>,
  orders: 'orders' | 'positions',
): LinearGroup {
  const group: LinearGroup = { ranges: new Map(), risk: undefined };
  for (const { instrument, position, bidLots, askLots } of holdings) {
    const range = rangeIn(state, group, instrument);
    if (range === undefined) continue;
    range.position = position;
    if (orders === 'positions') continue;
    range.bidLots = bidLots;
    range.askLots = askLots;
  }
  return group;
}

/** Adds a change to a group. */
export function addLinearChange(state: State, group: LinearGroup, change: LinearChange): void {
  const range = rangeIn(state, group, change.instrument);
  if (range === undefined) return;
  range.position += change.position;
  for (const { side, lots } of change.orders) {
    if (side === SIDE.buy) range.bidLots += lots;
    else range.askLots += lots;
  }
}

/** What a group needs with the worst fill of its orders. O(instruments). */
export function groupRequirement(
  state: State,
  underlying: UnderlyingId,
  { ranges, risk }: LinearGroup,
): LinearRequirement {
  if (risk === undefined) return NO_LINEAR;
  const lots = worstLots(ranges.values());
  const { initial, maintenance } = linearRequirement(lots, risk.index);
  const chargeBps = confidenceChargeBps(state, expiryKey.pack(underlying, 0));
  if (chargeBps === 0) return { initial, maintenance };
  const perLot = divideUp(risk.index * chargeBps, FULL_CONFIDENCE_BPS);
  return { initial: initial + BigInt(lots.net) * BigInt(perLot), maintenance };
}

function variationOf(state: State, { id }: Portfolio, holdings: Iterable<SeriesHolding>): bigint {
  let variation = 0n;
  for (const { instrument, position } of holdings) {
    if (position !== 0) variation += heldLinear(state, id, instrument, position).variation;
  }
  return variation;
}

/**
 * The linear margin of a portfolio at the marks in force, after `changes`: theirs is the requirement,
 * while the variation stays that of now (what a fill gains against the mark is the caller's cash).
 * O(instruments).
 */
export function linearMarginAfter(
  state: State,
  portfolio: Portfolio | undefined,
  changes: readonly LinearChange[],
): LinearMargin {
  const held = portfolio?.linear;
  const underlyings = new Set(held?.keys() ?? []);
  const changed = new Map<UnderlyingId, LinearChange[]>();
  for (const change of changes) {
    const { underlying } = state.instruments.must(change.instrument);
    underlyings.add(underlying);
    const others = changed.get(underlying);
    if (others === undefined) changed.set(underlying, [change]);
    else others.push(change);
  }
  let { initial, maintenance, bare, variation } = NO_LINEAR;
  for (const underlying of underlyings) {
    const holdings = held?.get(underlying) ?? NO_HOLDINGS;
    const ordered = linearGroup(state, holdings, 'orders');
    const positions = linearGroup(state, holdings, 'positions');
    for (const change of changed.get(underlying) ?? []) {
      addLinearChange(state, ordered, change);
      addLinearChange(state, positions, { ...change, orders: [] });
    }
    const needed = groupRequirement(state, underlying, ordered);
    initial += needed.initial;
    maintenance += needed.maintenance;
    bare += groupRequirement(state, underlying, positions).maintenance;
    if (portfolio !== undefined) variation += variationOf(state, portfolio, holdings);
  }
  return { initial, maintenance, bare, variation };
}

/** The linear margin of a portfolio; nothing, and a field test, where it holds no such instrument. */
export function linearMargin(state: State, portfolio: Portfolio | undefined): LinearMargin {
  return portfolio?.linear === undefined ? NO_LINEAR : linearMarginAfter(state, portfolio, []);
}

/** Maintenance of the positions alone and their variation: `bare` and `variation` of `linearMargin`. */
export function bareLinear(
  state: State,
  portfolio: Portfolio,
): { readonly maintenance: bigint; readonly variation: bigint } {
  if (portfolio.linear === undefined) return NO_LINEAR;
  let maintenance = 0n;
  let variation = 0n;
  for (const [underlying, holdings] of portfolio.linear) {
    const positions = linearGroup(state, holdings, 'positions');
    maintenance += groupRequirement(state, underlying, positions).maintenance;
    variation += variationOf(state, portfolio, holdings);
  }
  return { maintenance, variation };
}

/** Variation below 0, underlying by underlying: what is above counts for no withdrawal. */
export function adverseVariation(state: State, portfolio: Portfolio | undefined): bigint {
  let adverse = 0n;
  if (portfolio?.linear === undefined) return adverse;
  for (const holdings of portfolio.linear.values()) {
    const variation = variationOf(state, portfolio, holdings);
    if (variation < 0n) adverse += variation;
  }
  return adverse;
}
