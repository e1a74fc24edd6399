/**
 * Whether changes of several series at once may stand: the multi-series form of `accept-trade.ts`.
 *
 * Source: design/exchange.md §2–3. Combos, accepted quotes and negotiated blocks change positions
 * and orders of one portfolio in several series and expiries, against one sum of cash. The rules
 * are those of a single trade: premium and fees must not take cash below what bids reserve; then
 * the initial requirement is met, or neither the initial nor the maintenance excess falls.
 *
 * The requirement after the changes is what the index will say once they are written: tests compare
 * it with one made afresh. Units: micro-USD and lots.
 */

import { SIDE } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import {
  type InstrumentId,
  type PortfolioId,
  portfolioAccount,
  underlyingId,
} from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { MAX_POSITIONS_PER_PORTFOLIO } from '../limits.ts';
import { linearTerms } from '../linear/contract-terms.ts';
import {
  type LinearMove,
  linearMargin,
  linearMarginAfter,
  linearShortfall,
  NO_MOVE,
} from '../linear/linear-margin.ts';
import type { Underlying } from '../options/underlying.ts';
import { accountLimitRefusal, positionLimitRefusal } from '../rules/position-limits.ts';
import { expiryKey, type State } from '../state/state.ts';
import {
  EXACT_LIMIT,
  type ExpiryHolding,
  emptyExpiryHolding,
  expiryRequirement,
  expiryRequirementAfterAll,
  isolatedAfter,
  isolatedRequirement,
  magnitudeWithAll,
  refreshExpiry,
} from './expiry-holding.ts';
import { modeRefusal } from './mode/accept-mode.ts';
import { isPortfolioMode } from './mode/margin-mode.ts';
import { expiryOf } from './portfolio-index.ts';
import {
  bidReserve,
  confidenceCharge,
  confidenceChargeBps,
  expiriesOf,
  expiryCharge,
} from './requirements.ts';
import {
  emptySeriesHolding,
  type OrderTerm,
  type RiskChange,
  type SeriesHolding,
} from './series-holding.ts';
import { bidCost, seriesRisk } from './series-risk.ts';
import type { Requirement } from './worst-payoff.ts';

/** What changes in one series. */
export type SeriesChange = {
  readonly instrument: InstrumentId;
  /** Lots bought, negative when sold. */
  readonly position: number;
  /** Orders that will rest, and those that no longer will (negative lots). */
  readonly orders: readonly OrderTerm[];
};

/** Changes of one portfolio, planned whole. */
export type PlannedChanges = {
  readonly portfolio: PortfolioId;
  /** No series twice; each has a mark. */
  readonly changes: readonly SeriesChange[];
  /** Micro-USD received, negative when paid: premiums and fees. */
  readonly cash: bigint;
};

/** A change beside what is held of its series: an empty holding, not indexed, where nothing is. */
type PlacedChange = { readonly holding: SeriesHolding; readonly change: RiskChange };

/** The changes of one expiry, with sums at the marks in force. */
type ChangedExpiry = {
  readonly expiry: ExpiryHolding;
  readonly placed: readonly PlacedChange[];
  readonly isolated: Requirement;
};

/** Requirements of an expiry before and after, the confidence charge in the initial ones. */
type ExpiryMove = { readonly before: Requirement; readonly after: Requirement };

function placeChanges(state: State, planned: PlannedChanges): ChangedExpiry[] {
  const portfolio = state.derived.portfolios.byPortfolio.get(planned.portfolio);
  const byExpiry = new Map<number, SeriesChange[]>();
  for (const change of planned.changes) {
    const key = expiryOf(state, change.instrument);
    const others = byExpiry.get(key);
    if (others === undefined) byExpiry.set(key, [change]);
    else others.push(change);
  }
  return [...byExpiry].map(([key, changes]) => {
    const expiry = portfolio?.expiries.get(key) ?? emptyExpiryHolding(key);
    refreshExpiry(state, expiry);
    let isolated = isolatedRequirement(expiry);
    const placed = changes.map(({ instrument, position, orders }) => {
      const risk = seriesRisk(state, instrument);
      const holding = expiry.series.get(instrument) ?? emptySeriesHolding(instrument, risk);
      const change = { risk, position, orders };
      isolated = isolatedAfter(isolated, holding, change);
      return { holding, change };
    });
    return { expiry, placed, isolated };
  });
}

/** How the confidence charge of an expiry moves. */
function chargeChange(state: State, { expiry, placed }: ChangedExpiry): number {
  const chargeBps = confidenceChargeBps(state, expiry.key);
  if (chargeBps === 0) return 0;
  let moved = 0;
  for (const { holding, change } of placed) {
    const after = { ...holding, position: holding.position + change.position };
    for (const { side, lots } of change.orders) if (side === SIDE.sell) after.askLots += lots;
    moved += confidenceCharge(after, chargeBps) - confidenceCharge(holding, chargeBps);
  }
  return moved;
}

/** Lots that a series could come to be held by, on the side that the change adds to. */
function reachOf({ holding, change }: PlacedChange): number {
  let bids = holding.bidLots;
  let asks = holding.askLots;
  let buys = change.position > 0;
  let sells = change.position < 0;
  for (const { side, lots } of change.orders) {
    if (side === SIDE.buy) bids += lots;
    else asks += lots;
    if (lots > 0 && side === SIDE.buy) buys = true;
    if (lots > 0 && side === SIDE.sell) sells = true;
  }
  const position = holding.position + change.position;
  return Math.max(
    buys ? position + bids : Number.MIN_SAFE_INTEGER,
    sells ? asks - position : Number.MIN_SAFE_INTEGER,
  );
}

/** Gross lots and premium that a change adds to the bound on the sums. */
function addedBy({ change }: PlacedChange): {
  risk: RiskChange['risk'];
  lots: number;
  premium: number;
} {
  const { risk, position, orders } = change;
  let lots = Math.abs(position);
  let premium = 0;
  for (const order of orders) {
    if (order.lots <= 0) continue;
    lots += order.lots;
    premium += order.lots * order.price * risk.tickValue;
  }
  return { risk, lots, premium };
}

/** Lots that the account will hold or order more than before. */
function openingLots(placed: readonly PlacedChange[]): number {
  let opening = 0;
  for (const { holding, change } of placed) {
    opening += Math.abs(holding.position + change.position) - Math.abs(holding.position);
    for (const { lots } of change.orders) opening += lots;
  }
  return opening;
}

/**
 * What the account's limits say of the changes. Errors in order: too_many_positions (given: series
 * held after them), position_limit (given: lots that could be held, or the bound on the sums of the
 * margin), account_limit. Cost: O(changes).
 */
export function changesLimitRefusal(state: State, planned: PlannedChanges): Refusal | undefined {
  const portfolio = state.derived.portfolios.byPortfolio.get(planned.portfolio);
  const held = portfolio?.places.size ?? 0;
  let series = held;
  for (const { instrument } of planned.changes) {
    if (portfolio?.places.has(instrument) !== true) series += 1;
  }
  const isNew = series > held;
  if (isNew && series > MAX_POSITIONS_PER_PORTFOLIO) {
    const allowed = MAX_POSITIONS_PER_PORTFOLIO;
    return refusal('too_many_positions', { given: series, allowed });
  }
  const opening = new Map<Underlying, number>();
  for (const { expiry, placed } of placeChanges(state, planned)) {
    const reach = Math.max(...placed.map(reachOf));
    const underlying = state.underlyings.must(underlyingId(expiryKey.high(expiry.key)));
    for (const each of placed) {
      const terms = each.change.risk.isLinear ? linearTerms(underlying) : underlying;
      const tooLarge = positionLimitRefusal(terms, reachOf(each));
      if (tooLarge !== undefined) return tooLarge;
    }
    const options = placed.filter(({ change }) => !change.risk.isLinear);
    opening.set(underlying, (opening.get(underlying) ?? 0) + openingLots(options));
    const sums = magnitudeWithAll(expiry, placed.map(addedBy));
    // As for an order: the marks may double before the sums stop being exact, unless all of it closes.
    const allowed = reach <= 0 ? EXACT_LIMIT : EXACT_LIMIT / 2;
    if (!expiry.isExact || sums >= allowed) {
      return refusal('position_limit', { given: Math.floor(sums), allowed });
    }
  }
  const account = portfolioAccount(planned.portfolio);
  for (const [underlying, lots] of [...opening].sort(([a], [b]) => a.id - b.id)) {
    const tooMuch = accountLimitRefusal(state, underlying, account, lots);
    if (tooMuch !== undefined) return tooMuch;
  }
  return undefined;
}

/** What positions in futures and perpetuals gain at mark for the price counted in `cash`. */
function markFlow(changed: readonly ChangedExpiry[]): bigint {
  let flow = 0n;
  for (const { placed } of changed) {
    for (const { change } of placed) {
      const { risk, position } = change;
      if (risk.isLinear) flow += BigInt(position) * BigInt(risk.baseline);
    }
  }
  return flow;
}

/** Linear margin of the portfolio and as it would be; `undefined` where it has and gets none. */
function linearMove(
  state: State,
  portfolio: PortfolioId,
  changed: readonly ChangedExpiry[],
): LinearMove | undefined {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  const changes = changed.flatMap(({ placed }) =>
    placed
      .filter(({ change }) => change.risk.isLinear)
      .map(({ holding, change }) => ({ ...change, instrument: holding.instrument })),
  );
  if (held?.linear === undefined && changes.length === 0) return undefined;
  const before = linearMargin(state, held);
  const after = changes.length === 0 ? before : linearMarginAfter(state, held, changes);
  return { before, after };
}

/** The cash test: premiums, fees and what bids reserve more than before, of the cash that bids leave. */
function cashRefusal(
  state: State,
  planned: PlannedChanges,
  changed: readonly ChangedExpiry[],
  cash: bigint,
): Refusal | undefined {
  let demand = -planned.cash - markFlow(changed);
  for (const { placed } of changed) {
    for (const { change } of placed) {
      for (const { side, price, lots } of change.orders) {
        // A bid that goes away frees what it reserved; one for a future reserves nothing.
        if (side !== SIDE.buy || change.risk.isLinear) continue;
        demand += BigInt(lots) * BigInt(bidCost(change.risk, price));
      }
    }
  }
  // Who receives on the whole pays for what is bought with what is sold.
  if (demand <= 0n) return undefined;
  const allowed = cash - bidReserve(state, planned.portfolio);
  return demand > allowed ? refusal('insufficient_cash', { given: demand, allowed }) : undefined;
}

/** Requirements of a changed expiry, exactly. O(settlements × changes). */
function moveOf(state: State, changed: ChangedExpiry): ExpiryMove {
  const { expiry, placed, isolated } = changed;
  const before = expiryRequirement(expiry);
  const after = expiryRequirementAfterAll(expiry, isolated, placed);
  const charge = expiryCharge(state, expiry);
  const chargeAfter = charge + chargeChange(state, changed);
  return {
    before: { initial: before.initial + charge, maintenance: before.maintenance },
    after: { initial: after.initial + chargeAfter, maintenance: after.maintenance },
  };
}

/** The expiries that do not change, with sums at the marks in force. */
function otherExpiries(
  state: State,
  portfolio: PortfolioId,
  changed: readonly ChangedExpiry[],
): ExpiryHolding[] {
  const keys = new Set(changed.map(({ expiry }) => expiry.key));
  const others = [...expiriesOf(state, portfolio).values()].filter(({ key }) => !keys.has(key));
  for (const other of others) refreshExpiry(state, other);
  return others;
}

/**
 * Judges planned changes that `changesLimitRefusal` let pass. Errors in order: insufficient_cash
 * (given: micro-USD needed, allowed: not yet reserved), insufficient_margin (given: initial
 * requirement after them, allowed: cash after them).
 *
 * Cost: O(changes + expiries) when isolated requirements fit the cash; else O(settlements × changes)
 * and the sums of the account's expiries once per mark.
 */
export function changesRefusal(state: State, planned: PlannedChanges): Refusal | undefined {
  if (isPortfolioMode(state, planned.portfolio)) return modeRefusal(state, planned);
  const changed = placeChanges(state, planned);
  const others = otherExpiries(state, planned.portfolio, changed);
  const cash = balanceOf(state, planned.portfolio, DENOMINATION.usd);
  const flow = planned.cash + markFlow(changed);
  const cashAfter = cash + flow;
  const linear = linearMove(state, planned.portfolio, changed);
  // Whoever is in debt may only reduce risk, whatever positions have gained (design/exchange.md §3).
  const mayOpen = linear === undefined || cash >= 0n;

  // A bound above the requirement, found without looking at settlements.
  let bound = 0;
  for (const other of others) {
    bound += isolatedRequirement(other).initial + expiryCharge(state, other);
  }
  for (const each of changed) {
    bound += each.isolated.initial + expiryCharge(state, each.expiry) + chargeChange(state, each);
  }
  if (linear !== undefined) bound += linearShortfall(linear.after);
  if (mayOpen && cashAfter >= bound) return undefined;

  const shortOfCash = cashRefusal(state, planned, changed, cash);
  if (shortOfCash !== undefined) return shortOfCash;

  let initial = 0n;
  for (const other of others) {
    initial += BigInt(expiryRequirement(other).initial) + BigInt(expiryCharge(state, other));
  }
  let initialRise = 0n;
  let maintenanceRise = 0n;
  for (const each of changed) {
    const { before, after } = moveOf(state, each);
    initial += BigInt(after.initial);
    initialRise += BigInt(after.initial - before.initial);
    maintenanceRise += BigInt(after.maintenance - before.maintenance);
  }
  const { before: linearBefore, after: linearAfter } = linear ?? NO_MOVE;
  initial += linearAfter.initial;
  const wealthAfter = cashAfter + linearAfter.variation;
  if (mayOpen && wealthAfter >= initial) return undefined;
  initialRise += linearAfter.initial - linearBefore.initial;
  maintenanceRise += linearAfter.maintenance - linearBefore.maintenance;
  if (flow >= initialRise && flow >= maintenanceRise) return undefined;
  return refusal('insufficient_margin', { given: initial, allowed: wealthAfter });
}
