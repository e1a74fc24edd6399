/** How far the books have pulled the surface of an expiry, as rows have it: written by `book-pull.ts`. */
import { type Codec, container, i64, u8, u64 } from '../core/ssz.ts';
import type { TimestampMs, UnderlyingId } from '../core/units.ts';

/** A row of the `surfaceOffsets` table, while its expiry is traded and the pull is on. */
export type SurfaceOffset = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  /** 10⁻⁶ of annual volatility, added to the voted one at the money. */
  offset: number;
  /** Block time at which the books were looked at last. */
  pulledAt: TimestampMs;
};

export const SurfaceOffsetCodec: Codec<SurfaceOffset> = container<SurfaceOffset>('SurfaceOffset', {
  underlying: u8<UnderlyingId>(),
  expiry: u64<TimestampMs>(),
  offset: i64(),
  pulledAt: u64<TimestampMs>(),
});
