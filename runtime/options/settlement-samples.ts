/**
 * The samples of a settlement window as rows, so that anyone can recompute a delivery price from
 * proofs: `SAMPLES_PER_ROW` slots a row, and a block writes one.
 *
 * Source: design/exchange.md §5. A sample is an index in micro-USD; 0 stands for a slot without one.
 * A row without any sample does not exist, and one ends with its last sample. Rows are forgotten with
 * their window (`prune-settled.ts`).
 */
import { type Codec, container, list, u8, u16, u64 } from '../core/ssz.ts';
import type { TimestampMs, UnderlyingId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import type { ExpiryPlace } from './due-expiries.ts';

/** Slots of one row: 512 bytes, and at most 57 rows a window. */
export const SAMPLES_PER_ROW = 64;

export type SettlementSamples = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  /** A multiple of `SAMPLES_PER_ROW`: the slot of the first item. */
  readonly firstSlot: number;
  /** Micro-USD per coin; 0: missing. The last item is never 0. */
  samples: number[];
};

export const SettlementSamplesCodec: Codec<SettlementSamples> = container<SettlementSamples>(
  'SettlementSamples',
  {
    underlying: u8<UnderlyingId>(),
    expiry: u64<TimestampMs>(),
    firstSlot: u16(),
    samples: list(u64(), SAMPLES_PER_ROW),
  },
);

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** Key of the row that has `slot`: underlying (1 byte), expiry (8), number of the row (1), as hex. */
export function samplesKey({ underlying, expiry }: ExpiryPlace, slot: number): string {
  return hex(underlying, 2) + hex(expiry, 16) + hex(Math.floor(slot / SAMPLES_PER_ROW), 2);
}

/** Stores the sample of a slot later than all that have one. O(1). */
export function storeSample(state: State, place: ExpiryPlace, slot: number, index: number): void {
  const key = samplesKey(place, slot);
  const firstSlot = slot - (slot % SAMPLES_PER_ROW);
  const row = state.settlementSamples.get(key);
  const samples = row?.samples ?? [];
  while (samples.length < slot - firstSlot) samples.push(0);
  samples.push(index);
  if (row !== undefined) state.settlementSamples.touch(key);
  else {
    const { underlying, expiry } = place;
    state.settlementSamples.set(key, { underlying, expiry, firstSlot, samples });
  }
}

/** Slots 0 to `count − 1` of a window, 0 where there is no sample. O(count). */
export function samplesOf(state: State, place: ExpiryPlace, count: number): number[] {
  const samples: number[] = [];
  for (let first = 0; first < count; first += SAMPLES_PER_ROW) {
    const row = state.settlementSamples.get(samplesKey(place, first));
    for (let i = first; i < Math.min(count, first + SAMPLES_PER_ROW); i++) {
      samples.push(row?.samples[i - first] ?? 0);
    }
  }
  return samples;
}

/** Forgets the rows of a window of `slots` slots. O(slots ÷ 64). */
export function dropSamples(state: State, place: ExpiryPlace, slots: number): void {
  for (let first = 0; first < slots; first += SAMPLES_PER_ROW) {
    state.settlementSamples.delete(samplesKey(place, first));
  }
}
