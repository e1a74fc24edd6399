/**
 * Forgets series long settled, so that the state stays bounded: per underlying the last
 * `SETTLED_EXPIRIES_KEPT` settled expiries keep their instruments and their settlement window with its
 * samples, for queries and proofs; older ones are in the blocks and the indexer.
 */
import type { UnderlyingId } from '../core/units.ts';
import { expiryKey, type State } from '../state/state.ts';
import { dropSamples } from './settlement-samples.ts';

/** Settled expiries kept per underlying: a month of dailies. */
export const SETTLED_EXPIRIES_KEPT = 32;

/** Drops what is older than the kept expiries. O(windows + instruments): once per settled expiry. */
export function pruneSettled(state: State, underlying: UnderlyingId): void {
  const settled = state.settlements
    .sortedKeys()
    .filter((key) => expiryKey.high(key) === underlying && state.settlements.must(key).settled);
  const old = settled.slice(0, Math.max(0, settled.length - SETTLED_EXPIRIES_KEPT));
  if (old.length === 0) return;
  const gone = new Set(old);
  for (const id of state.instruments.sortedKeys()) {
    const instrument = state.instruments.must(id);
    if (gone.has(expiryKey.pack(instrument.underlying, instrument.expiry))) {
      state.instruments.delete(id);
      state.lastTrades.delete(id);
    }
  }
  for (const key of old) {
    const window = state.settlements.must(key);
    dropSamples(state, window, window.slots);
    state.settlements.delete(key);
  }
}
