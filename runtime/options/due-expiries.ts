/** Expiries that have reached a point in time and are not yet settled, in the order of settlement. */
import type { TimestampMs, UnderlyingId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import { liveExpiries } from './series-index.ts';

export type ExpiryPlace = { readonly underlying: UnderlyingId; readonly expiry: TimestampMs };

/**
 * Unsettled expiries at or before `until`, by expiry and then underlying: when a block is late,
 * several are handled in the order in which they fell due. O(expiries).
 */
export function dueExpiries(state: State, until: TimestampMs): ExpiryPlace[] {
  const due: ExpiryPlace[] = [];
  for (const underlying of state.underlyings.sortedKeys()) {
    for (const expiry of liveExpiries(state, underlying)) {
      if (expiry > until) break;
      due.push({ underlying, expiry });
    }
  }
  return due.sort((a, b) => a.expiry - b.expiry || a.underlying - b.underlying);
}
