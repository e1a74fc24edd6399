/**
 * What limits are held against: lots of each account in each underlying, and the open interest of each
 * underlying. An index over the tables `positions`, `orders` and `instruments`.
 *
 * Invariants: an account's lots are Σ |position| + Σ open lots of its orders, over its portfolios and
 * all series of the underlying; an entry of 0 says no more than none. Futures and perpetuals, whose
 * lots are others, are not counted. Open interest is the sum of the instruments'. Each
 * holding of an expiry keeps its account's counter, so that a change costs one addition.
 */
import type { AccountId, UnderlyingId } from '../core/units.ts';
import { isLinearKind } from '../options/instrument.ts';
import type { State } from '../state/state.ts';

/** Lots of one account in one underlying, held or ordered. */
export type AccountExposure = { lots: number };

export type Exposures = {
  /** By `exposureKey`. */
  readonly accounts: Map<number, AccountExposure>;
  readonly openInterest: Map<UnderlyingId, number>;
};

export function exposures(): Exposures {
  return { accounts: new Map(), openInterest: new Map() };
}

/** Account numbers are below 2²⁴ × 256, underlyings below 256: a safe integer. */
function exposureKey(account: AccountId, underlying: UnderlyingId): number {
  return account * 256 + underlying;
}

/** The counter of an account, made when there is none. */
export function exposureOf(
  state: State,
  account: AccountId,
  underlying: UnderlyingId,
): AccountExposure {
  const { accounts } = state.derived.exposures;
  const key = exposureKey(account, underlying);
  let exposure = accounts.get(key);
  if (exposure === undefined) {
    exposure = { lots: 0 };
    accounts.set(key, exposure);
  }
  return exposure;
}

/** Lots of an account in an underlying, held or ordered. */
export function accountLots(state: State, account: AccountId, underlying: UnderlyingId): number {
  return state.derived.exposures.accounts.get(exposureKey(account, underlying))?.lots ?? 0;
}

/** Open interest of all series of an underlying, in lots. */
export function underlyingOpenInterest(state: State, underlying: UnderlyingId): number {
  return state.derived.exposures.openInterest.get(underlying) ?? 0;
}

/** Notes that open interest of a series rose by `lots`, or fell when negative. */
export function noteOpenInterest(state: State, underlying: UnderlyingId, lots: number): void {
  const { openInterest } = state.derived.exposures;
  openInterest.set(underlying, (openInterest.get(underlying) ?? 0) + lots);
}

/** Sums up open interest from the table. O(instruments). */
export function rebuildOpenInterest(state: State): void {
  state.derived.exposures.openInterest.clear();
  for (const [, instrument] of state.instruments.unorderedEntries()) {
    if (instrument.openInterest > 0 && !isLinearKind(instrument.kind)) {
      noteOpenInterest(state, instrument.underlying, instrument.openInterest);
    }
  }
}
