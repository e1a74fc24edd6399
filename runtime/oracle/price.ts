/**
 * What the chain holds to be true of an underlying: index, and per expiry forward and eSSVI slice.
 *
 * Source: design/exchange.md §4. Units as in `vote.ts`.
 */
import { type Codec, container, u8, u16, u32, u64 } from '../core/ssz.ts';
import type { TimestampMs, UnderlyingId } from '../core/units.ts';

export type IndexPrice = {
  readonly underlying: UnderlyingId;
  /** Micro-USD per coin; 0 before the first quorum. */
  index: number;
  confidenceBps: number;
  /** Block time of the last quorum of fresh votes; 0 before the first. */
  updatedAt: TimestampMs;
};

/** One expiry's slice as voted (medians), repaired so that it is free of arbitrage. */
export type SurfaceSlice = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  forward: number;
  theta: number;
  u: number;
  l: number;
  /** Block time of the last quorum of fresh votes; θ is the variance from here to expiry. */
  updatedAt: TimestampMs;
};

/**
 * Inputs of the marks in force: marks are a pure function of these rows and the instruments. From
 * delivery to payment a row holds the delivery price as index and forward, and no variance.
 */
export type MarkInputs = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  /** Block time at which the marks were taken. */
  markedAt: TimestampMs;
  index: number;
  /** Expected delivery: inside the settlement window its sampled part is fixed. */
  forward: number;
  theta: number;
  u: number;
  l: number;
  /** Length of the settlement window, in which variance and delta decay. */
  windowMs: number;
};

export const IndexPriceCodec: Codec<IndexPrice> = container<IndexPrice>('IndexPrice', {
  underlying: u8<UnderlyingId>(),
  index: u64(),
  confidenceBps: u16(),
  updatedAt: u64<TimestampMs>(),
});

export const SurfaceSliceCodec: Codec<SurfaceSlice> = container<SurfaceSlice>('SurfaceSlice', {
  underlying: u8<UnderlyingId>(),
  expiry: u64<TimestampMs>(),
  forward: u64(),
  theta: u64(),
  u: u64(),
  l: u64(),
  updatedAt: u64<TimestampMs>(),
});

export const MarkInputsCodec: Codec<MarkInputs> = container<MarkInputs>('MarkInputs', {
  underlying: u8<UnderlyingId>(),
  expiry: u64<TimestampMs>(),
  markedAt: u64<TimestampMs>(),
  index: u64(),
  forward: u64(),
  theta: u64(),
  u: u64(),
  l: u64(),
  windowMs: u32(),
});
