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
import type { State } from '../state/state.ts';
import {
  bareMaintenance,
  type ExpiryHolding,
  emptyExpiryHolding,
  receivable,
  refreshExpiry,
} from './expiry-holding.ts';
import { expiryOf } from './portfolio-index.ts';
import { expiriesOf } from './requirements.ts';
import { emptySeriesHolding } from './series-holding.ts';
import { seriesRisk } from './series-risk.ts';

/** Positions and cash of one portfolio to come; no instrument twice. */
export type PositionChanges = {
  readonly portfolio: PortfolioId;
  /** Signed lots that are added. */
  readonly changes: readonly { readonly instrument: InstrumentId; readonly lots: number }[];
  /** Received, negative when paid. */
  readonly cash: bigint;
};

/** An expiry with other positions, to be looked at and thrown away. */
function changedExpiry(
  state: State,
  expiry: ExpiryHolding,
  changes: PositionChanges['changes'],
): ExpiryHolding {
  const series = new Map(expiry.series);
  for (const { instrument, lots } of changes) {
    const holding =
      series.get(instrument) ?? emptySeriesHolding(instrument, seriesRisk(state, instrument));
    series.set(instrument, { ...holding, position: holding.position + lots });
  }
  return { ...expiry, series };
}

/** Excess over the maintenance requirement of the positions alone. O(positions × settlements). */
export function bareExcessAfter(
  state: State,
  { portfolio, changes, cash }: PositionChanges,
): bigint {
  const byExpiry = new Map<number, { instrument: InstrumentId; lots: number }[]>();
  for (const change of changes) {
    const key = expiryOf(state, change.instrument);
    const others = byExpiry.get(key);
    if (others === undefined) byExpiry.set(key, [change]);
    else others.push(change);
  }
  const expiries = expiriesOf(state, portfolio);
  let excess = balanceOf(state, portfolio, DENOMINATION.usd) + cash;
  for (const expiry of expiries.values()) {
    refreshExpiry(state, expiry);
    const changed = byExpiry.get(expiry.key);
    const after = changed === undefined ? expiry : changedExpiry(state, expiry, changed);
    excess += BigInt(receivable(after)) - BigInt(bareMaintenance(after));
    byExpiry.delete(expiry.key);
  }
  for (const [key, changed] of byExpiry) {
    const after = changedExpiry(state, emptyExpiryHolding(key), changed);
    excess += BigInt(receivable(after)) - BigInt(bareMaintenance(after));
  }
  return excess;
}
