/**
 * The bare excess of an account as it would be after changes of its positions and cash: what
 * liquidation and deleveraging judge a planned move by. The state stays.
 *
 * Source: design/exchange.md §3, §6. What `excess.ts` says after the changes are written is the
 * same number, whatever the account's margin mode. Units: micro-USD and lots.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { balanceOf } from '../ledger/ledger.ts';
import { type LinearChange, linearMarginAfter } from '../linear/linear-margin.ts';
import { isLinearKind } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import {
  bareMaintenance,
  type ExpiryHolding,
  emptyExpiryHolding,
  receivable,
  refreshExpiry,
} from './expiry-holding.ts';
import { isPortfolioMode } from './mode/margin-mode.ts';
import { modeMargin } from './mode/mode-excess.ts';
import { expiryOf } from './portfolio-index.ts';
import { expiriesOf } from './requirements.ts';
import { emptySeriesHolding } from './series-holding.ts';
import { seriesRisk } from './series-risk.ts';

/** Positions and cash of one portfolio to come; no instrument twice. */
export type PositionChanges = {
  readonly portfolio: PortfolioId;
  /** Signed lots that are added. */
  readonly changes: readonly { readonly instrument: InstrumentId; readonly lots: number }[];
  /** Received, negative when paid; of futures and perpetuals without what they realise at mark. */
  readonly cash: bigint;
};

/** An expiry with other positions, to be looked at and thrown away. */
function changedExpiry(
  state: State,
  expiry: ExpiryHolding,
  changes: PositionChanges['changes'],
): ExpiryHolding {
  refreshExpiry(state, expiry);
  const series = new Map(expiry.series);
  let added = 0;
  for (const { instrument, lots } of changes) {
    const holding =
      series.get(instrument) ?? emptySeriesHolding(instrument, seriesRisk(state, instrument));
    series.set(instrument, { ...holding, position: holding.position + lots });
    added += Math.abs(lots);
  }
  return { ...expiry, series, lots: expiry.lots + added };
}

/** The expiries of a portfolio as the changes would leave them. */
function expiriesAfter(
  state: State,
  { portfolio, changes }: PositionChanges,
): Map<number, ExpiryHolding> {
  const byExpiry = new Map<number, { instrument: InstrumentId; lots: number }[]>();
  for (const change of changes) {
    const key = expiryOf(state, change.instrument);
    const others = byExpiry.get(key);
    if (others === undefined) byExpiry.set(key, [change]);
    else others.push(change);
  }
  const after = new Map(expiriesOf(state, portfolio));
  for (const [key, changed] of byExpiry) {
    after.set(key, changedExpiry(state, after.get(key) ?? emptyExpiryHolding(key), changed));
  }
  return after;
}

/**
 * Excess over the maintenance requirement of the positions alone. O(positions × settlements), under
 * portfolio margin O(positions × slots).
 */
export function bareExcessAfter(state: State, planned: PositionChanges): bigint {
  const { portfolio, cash } = planned;
  const expiries = expiriesAfter(state, planned);
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  const linear = linearMarginAfter(state, held, linearChanges(state, planned.changes));
  const wealth = balanceOf(state, portfolio, DENOMINATION.usd) + cash + linear.variation;
  if (isPortfolioMode(state, portfolio)) {
    const trial = { sums: undefined, expiries };
    return wealth + modeMargin(state, trial, 'maintenance', 'positions alone').excess;
  }
  let excess = wealth;
  for (const expiry of expiries.values()) {
    refreshExpiry(state, expiry);
    excess += BigInt(receivable(expiry)) - BigInt(bareMaintenance(expiry));
  }
  return excess - linear.bare;
}

/** Those of futures and perpetuals: moved at mark, so their variation stays. */
function linearChanges(state: State, changes: PositionChanges['changes']): LinearChange[] {
  return changes
    .filter(({ instrument }) => isLinearKind(state.instruments.must(instrument).kind))
    .map(({ instrument, lots }) => ({ instrument, position: lots, orders: [] }));
}
