/**
 * The rows that prove a delivery price: the underlying, the settlement window, and its samples; and
 * their keys, which a client makes itself to know that none is left out. Browser-safe.
 */
import type { TimestampMs, UnderlyingId } from '../core/units.ts';
import { expiryKey } from '../state/expiry-key.ts';
import { hexKey, u32Key } from '../state/key-codec.ts';
import { SAMPLES_PER_ROW, samplesKey } from './settlement-samples.ts';

/** Ids of the tables, as `docs/spec/state.md` has them. */
export const SETTLEMENT_TABLES = {
  underlyings: 7,
  settlements: 15,
  settlementSamples: 70,
} as const;

export type RowKey = { readonly tableId: number; readonly key: Uint8Array };

/** Keys of the rows of a window of `slots` slots, in this order: underlying, window, samples. */
export function settlementRowKeys(
  place: { readonly underlying: UnderlyingId; readonly expiry: TimestampMs },
  slots: number,
): RowKey[] {
  const { underlying, expiry } = place;
  const { underlyings, settlements, settlementSamples } = SETTLEMENT_TABLES;
  const keys: RowKey[] = [
    { tableId: underlyings, key: u32Key<UnderlyingId>().encode(underlying) },
    { tableId: settlements, key: expiryKey.encode(expiryKey.pack(underlying, expiry)) },
  ];
  for (let first = 0; first < slots; first += SAMPLES_PER_ROW) {
    const key = hexKey(10).encode(samplesKey(place, first));
    keys.push({ tableId: settlementSamples, key });
  }
  return keys;
}
