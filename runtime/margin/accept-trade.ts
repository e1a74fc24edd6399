/**
 * Whether a planned trade and the order left of it may stand: cash, then initial margin.
 *
 * Source: design/exchange.md §3. An order is accepted when the account's initial margin, with this
 * and every other open order filled or not as is worst, is met after the trade. Below that, a trade
 * is accepted only if neither the initial nor the maintenance excess falls.
 *
 * Once accepted, fills of resting orders need no further check at these marks: no set of them can
 * take the excess below 0, nor cash below 0 by premium (proof in docs/spec/margin.md).
 */

import { SIDE, type Side } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { PortfolioId, PriceTicks } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { balanceOf } from '../ledger/ledger.ts';
import {
  type LinearMove,
  linearMargin,
  linearMarginAfter,
  linearShortfall,
  NO_MOVE,
} from '../linear/linear-margin.ts';
import type { State } from '../state/state.ts';
import {
  type ExpiryHolding,
  expiryRequirement,
  expiryRequirementAfter,
  isolatedAfter,
  isolatedRequirement,
  refreshCoarseTotal,
  refreshExpiry,
  refreshTotal,
} from './expiry-holding.ts';
import { isModeCovered, modeRefusal } from './mode/accept-mode.ts';
import { isPortfolioMode } from './mode/margin-mode.ts';
import type { Portfolio } from './portfolio-index.ts';
import {
  bidReserve,
  confidenceCharge,
  confidenceChargeBps,
  expiriesOf,
  expiryCharge,
} from './requirements.ts';
import {
  coarseChange,
  isolatedInitial,
  isolatedInitialAfter,
  type OrderTerm,
  type RiskChange,
  type SeriesHolding,
} from './series-holding.ts';
import { bidCost } from './series-risk.ts';
import { CONFIDENCE_FLOOR_BPS } from './standard-margin.ts';
import type { Requirement } from './worst-payoff.ts';

/** What a planned order changes for the account that places it. */
export type PlannedTrade = {
  readonly portfolio: PortfolioId;
  /** Holding of the series, empty when there is none yet, and its expiry, if any. */
  readonly holding: SeriesHolding;
  readonly expiry: ExpiryHolding;
  /** Lots bought, negative when sold. */
  readonly position: number;
  /** The order left to rest, and own orders cancelled (negative lots). */
  readonly orders: readonly OrderTerm[];
  /**
   * Micro-USD received, negative when paid: premiums and fees. Of a future or a perpetual as well, as
   * though its price were a premium: what is not paid of it is added back by `cashFlow`.
   */
  readonly cash: bigint;
};

/**
 * What a trade does to cash and variation together: of a future or a perpetual its lots gain the mark
 * for the price.
 */
function cashFlow({ holding, position, cash }: PlannedTrade): bigint {
  const { risk } = holding;
  return risk.isLinear ? cash + BigInt(position) * BigInt(risk.baseline) : cash;
}

/** Linear margin of the portfolio and as it would be; `undefined` where it has and gets none. */
function linearMove(
  state: State,
  { portfolio, holding, position, orders }: PlannedTrade,
): LinearMove | undefined {
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  if (held?.linear === undefined && !holding.risk.isLinear) return undefined;
  const before = linearMargin(state, held);
  if (!holding.risk.isLinear) return { before, after: before };
  const changes = [{ instrument: holding.instrument, position, orders }];
  return { before, after: linearMarginAfter(state, held, changes) };
}

function chargeChange(state: State, trade: PlannedTrade): number {
  const chargeBps = confidenceChargeBps(state, trade.expiry.key);
  if (chargeBps === 0) return 0;
  const { holding } = trade;
  const after = { ...holding, position: holding.position + trade.position };
  for (const { side, lots } of trade.orders) if (side === SIDE.sell) after.askLots += lots;
  return confidenceCharge(after, chargeBps) - confidenceCharge(holding, chargeBps);
}

/**
 * Sum of the first bound over all expiries after the trade: a bound above the requirement, found
 * without looking at settlements. May be inexact above 2⁵³, far above any cash.
 */
function quickBound(state: State, trade: PlannedTrade, after: Requirement): number {
  const { expiry } = trade;
  let bound = after.initial + expiryCharge(state, expiry) + chargeChange(state, trade);
  for (const other of expiriesOf(state, trade.portfolio).values()) {
    if (other === expiry) continue;
    refreshExpiry(state, other);
    bound += isolatedRequirement(other).initial + expiryCharge(state, other);
  }
  return bound;
}

/**
 * Whether the charge for low confidence applies to an expiry, or to any underlying: whoever holds
 * something of another is judged exactly then. O(underlyings), with one O(1).
 */
function isAnyCharged(state: State, { key }: ExpiryHolding): boolean {
  if (confidenceChargeBps(state, key) !== 0) return true;
  if (state.indexPrices.size < 2) return false;
  for (const [, { confidenceBps }] of state.indexPrices.unorderedEntries()) {
    if (confidenceBps < CONFIDENCE_FLOOR_BPS) return true;
  }
  return false;
}

/**
 * Whether a trade that takes no order away fits the cash by the coarse bound, or by the first: what
 * `tradeRefusal` asks first, without an object. False tells nothing: sums that are not exact and charges
 * for low confidence are left to it. `place` is at the marks in force. O(1), after a mark O(series), and
 * O(orders) where the coarse bound does not fit.
 */
export function isCovered(
  state: State,
  portfolio: PortfolioId,
  place: {
    /** Where it holds something; `undefined`: nothing yet. */
    readonly portfolio: Portfolio | undefined;
    readonly holding: SeriesHolding;
    readonly expiry: ExpiryHolding;
    readonly price: PriceTicks;
  },
  trade: {
    readonly side: Side;
    /** Lots bought, negative when sold. */
    readonly position: number;
    readonly restingLots: number;
    /** Micro-USD received, negative when paid. */
    readonly cash: bigint;
  },
): boolean {
  const { portfolio: held, holding, expiry, price } = place;
  const { side, position, restingLots, cash } = trade;
  if (held === undefined ? isPortfolioMode(state, portfolio) : held.sums !== undefined) {
    return isModeCovered(state, portfolio, place, trade);
  }
  if (!expiry.isExact || holding.risk.isLinear || isAnyCharged(state, expiry)) return false;
  const balance = balanceOf(state, portfolio, DENOMINATION.usd);
  const cashAfter = cash === 0n ? balance : balance + cash;
  const linear = held?.linear === undefined ? 0 : linearShortfall(linearMargin(state, held));
  if (held === undefined || refreshCoarseTotal(state, held.total, held.expiries)) {
    const before = held === undefined ? 0 : held.total.coarseInitial;
    const change = coarseChange(holding, position, side, price, restingLots);
    if (cashAfter >= before + linear + change) return true;
  }
  let before = linear;
  if (held !== undefined) {
    if (!refreshTotal(state, held.total, held.expiries)) return false;
    before += held.total.isolatedInitial;
  }
  const after = isolatedInitialAfter(holding, position, side, price, restingLots);
  const bound = before - isolatedInitial(holding) + after;
  return cashAfter >= bound;
}

/** What all other expiries need, exactly. */
function othersInitial(state: State, { portfolio, expiry }: PlannedTrade): bigint {
  let total = 0n;
  for (const other of expiriesOf(state, portfolio).values()) {
    if (other === expiry) continue;
    total += BigInt(expiryRequirement(other).initial) + BigInt(expiryCharge(state, other));
  }
  return total;
}

/**
 * The cash test: premiums, fees and what bids reserve, of cash. Only who buys can fail it, and not with
 * futures and perpetuals: what they cost is variation.
 */
function cashRefusal(state: State, trade: PlannedTrade, cash: bigint): Refusal | undefined {
  if (trade.holding.risk.isLinear) return undefined;
  let demand = -trade.cash;
  let buys = trade.position > 0;
  for (const { side, price, lots } of trade.orders) {
    if (side !== SIDE.buy) continue;
    // A bid that goes away frees what it reserved.
    if (lots > 0) buys = true;
    demand += BigInt(lots) * BigInt(bidCost(trade.holding.risk, price));
  }
  if (!buys) return undefined;
  const allowed = cash - bidReserve(state, trade.portfolio);
  return demand > allowed ? refusal('insufficient_cash', { given: demand, allowed }) : undefined;
}

/**
 * Judges a planned trade. Errors in order: insufficient_cash (given: micro-USD needed, allowed: not
 * yet reserved), insufficient_margin (given: initial requirement after it, allowed: cash after it).
 * Cost: O(1) for the series and O(expiries) when isolated requirements fit the cash; else
 * O(settlements) for the expiry, and its sums once per mark.
 */
export function tradeRefusal(state: State, trade: PlannedTrade): Refusal | undefined {
  const { expiry, holding } = trade;
  if (isPortfolioMode(state, trade.portfolio)) {
    const { portfolio, position, orders, cash } = trade;
    const changes = [{ instrument: holding.instrument, position, orders }];
    return modeRefusal(state, { portfolio, changes, cash });
  }
  refreshExpiry(state, expiry);
  const change: RiskChange = { risk: holding.risk, position: trade.position, orders: trade.orders };
  const cash = balanceOf(state, trade.portfolio, DENOMINATION.usd);
  const flow = cashFlow(trade);
  const cashAfter = cash + flow;
  const linear = linearMove(state, trade);
  // Whoever is in debt may only reduce risk, whatever positions have gained (design/exchange.md §3).
  const mayOpen = linear === undefined || cash >= 0n;

  const isolated = isolatedAfter(isolatedRequirement(expiry), holding, change);
  const linearBound = linear === undefined ? 0 : linearShortfall(linear.after);
  if (mayOpen && cashAfter >= quickBound(state, trade, isolated) + linearBound) return undefined;

  const shortOfCash = cashRefusal(state, trade, cash);
  if (shortOfCash !== undefined) return shortOfCash;

  const after = expiryRequirementAfter(expiry, isolated, change);
  const charge = chargeChange(state, trade);
  const { before: linearBefore, after: linearAfter } = linear ?? NO_MOVE;
  const initial =
    othersInitial(state, trade) +
    BigInt(after.initial) +
    BigInt(expiryCharge(state, expiry)) +
    BigInt(charge) +
    linearAfter.initial;
  const wealthAfter = cashAfter + linearAfter.variation;
  if (mayOpen && wealthAfter >= initial) return undefined;

  const before = expiryRequirement(expiry);
  const initialRise =
    BigInt(after.initial - before.initial + charge) + linearAfter.initial - linearBefore.initial;
  const maintenanceRise =
    BigInt(after.maintenance - before.maintenance) +
    linearAfter.maintenance -
    linearBefore.maintenance;
  if (flow >= initialRise && flow >= maintenanceRise) return undefined;
  return refusal('insufficient_margin', { given: initial, allowed: wealthAfter });
}
