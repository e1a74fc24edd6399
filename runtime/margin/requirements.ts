/**
 * The three numbers of an account: initial and maintenance margin with orders, and maintenance
 * without.
 *
 * Source: design/exchange.md §3. Excess = cash − requirement: an option position is worth nothing
 * towards it, but for what it takes from the loss of shorts. Units: micro-USD.
 */

import { DENOMINATION } from '../actions/transfer.ts';
import { type PortfolioId, underlyingId } from '../core/units.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { linearMargin } from '../linear/linear-margin.ts';
import { FULL_CONFIDENCE_BPS } from '../oracle/vote.ts';
import { expiryKey, type State } from '../state/state.ts';
import {
  bareMaintenance,
  type ExpiryHolding,
  expiryRequirement,
  receivable,
  refreshExpiry,
} from './expiry-holding.ts';
import { isPortfolioMode } from './mode/margin-mode.ts';
import { modeMargin, modePortfolio } from './mode/mode-excess.ts';
import { type SeriesHolding, shortableLots } from './series-holding.ts';
import { CONFIDENCE_FLOOR_BPS, divideUp } from './standard-margin.ts';

/**
 * What an account has and must have, in micro-USD. Under portfolio margin the value of the options
 * counts, so that a requirement may be negative; what is still to be paid is in it.
 */
export type AccountMargin = {
  readonly cash: bigint;
  /** What delivered series are still to pay, in all: towards maintenance, not towards new risk. */
  readonly receivable: bigint;
  /** Gain of futures and perpetuals at mark, not yet realised: towards every requirement. */
  readonly variation: bigint;
  /** Initial margin with the worst fill of open orders: for new risk. */
  readonly initial: bigint;
  /** Maintenance margin with the worst fill: above cash and receivable, risk-increasing orders are cancelled. */
  readonly maintenance: bigint;
  /** Maintenance margin of the positions alone: above cash and receivable, the account is to be liquidated. */
  readonly bareMaintenance: bigint;
};

const NOTHING: ReadonlyMap<number, ExpiryHolding> = new Map();

/** A portfolio's expiries; none where it holds nothing. */
export function expiriesOf(
  state: State,
  portfolio: PortfolioId,
): ReadonlyMap<number, ExpiryHolding> {
  return state.derived.portfolios.byPortfolio.get(portfolio)?.expiries ?? NOTHING;
}

/**
 * Basis points of the index that a short must hold more initially while confidence is low; 0 above
 * the floor. Of an expiry: by its underlying.
 */
export function confidenceChargeBps(state: State, expiry: number): number {
  const row = state.indexPrices.get(underlyingId(expiryKey.high(expiry)));
  if (row === undefined || row.confidenceBps >= CONFIDENCE_FLOOR_BPS) return 0;
  return FULL_CONFIDENCE_BPS - row.confidenceBps;
}

/** The charge on the lots by which one series can end short. */
export function confidenceCharge(holding: SeriesHolding, chargeBps: number): number {
  const { index, delivery, isLinear } = holding.risk;
  // Futures and perpetuals are charged together, by what is not paired of them.
  if (chargeBps === 0 || delivery !== undefined || isLinear) return 0;
  return shortableLots(holding) * divideUp(index * chargeBps, FULL_CONFIDENCE_BPS);
}

/** The charge on all series of an expiry. O(series) while confidence is low, else O(1). */
export function expiryCharge(state: State, expiry: ExpiryHolding): number {
  const chargeBps = confidenceChargeBps(state, expiry.key);
  if (chargeBps === 0) return 0;
  let charge = 0;
  for (const holding of expiry.series.values()) charge += confidenceCharge(holding, chargeBps);
  return charge;
}

/**
 * The account's three numbers at the marks in force, under the margin that it is in.
 * O(positions × settlements), under portfolio margin O(positions × slots), after a mark.
 */
export function accountMargin(state: State, portfolio: PortfolioId): AccountMargin {
  return isPortfolioMode(state, portfolio)
    ? modeRequirements(state, portfolio)
    : standardMargin(state, portfolio);
}

/** The three numbers under standard margin, whatever the account is in. */
export function standardMargin(state: State, portfolio: PortfolioId): AccountMargin {
  let initial = 0n;
  let maintenance = 0n;
  let bare = 0n;
  let due = 0n;
  for (const expiry of expiriesOf(state, portfolio).values()) {
    refreshExpiry(state, expiry);
    const requirement = expiryRequirement(expiry);
    initial += BigInt(requirement.initial) + BigInt(expiryCharge(state, expiry));
    maintenance += BigInt(requirement.maintenance);
    bare += BigInt(bareMaintenance(expiry));
    due += BigInt(receivable(expiry));
  }
  const cash = balanceOf(state, portfolio, DENOMINATION.usd);
  const linear = linearMargin(state, state.derived.portfolios.byPortfolio.get(portfolio));
  return {
    cash,
    receivable: due,
    variation: linear.variation,
    initial: initial + linear.initial,
    maintenance: maintenance + linear.maintenance,
    bareMaintenance: bare + linear.bare,
  };
}

/** The three numbers under portfolio margin. */
function modeRequirements(state: State, id: PortfolioId): AccountMargin {
  const portfolio = modePortfolio(state, id);
  const initial = -modeMargin(state, portfolio, 'initial').excess;
  const maintenance = -modeMargin(state, portfolio, 'maintenance').excess;
  const bareMaintenance = -modeMargin(state, portfolio, 'maintenance', 'positions alone').excess;
  const cash = balanceOf(state, id, DENOMINATION.usd);
  const held = state.derived.portfolios.byPortfolio.get(id);
  const { variation } = linearMargin(state, held);
  return { cash, receivable: 0n, variation, initial, maintenance, bareMaintenance };
}

/**
 * Micro-USD that the portfolio's bids would cost if all were filled: premiums and fees. Of futures and
 * perpetuals nothing: what their fills cost may take cash below 0.
 */
export function bidReserve(state: State, portfolio: PortfolioId): bigint {
  let reserve = 0n;
  for (const expiry of expiriesOf(state, portfolio).values()) {
    refreshExpiry(state, expiry);
    for (const { risk, bidReserve: cost } of expiry.series.values()) {
      if (!risk.isLinear) reserve += BigInt(cost);
    }
  }
  return reserve;
}
