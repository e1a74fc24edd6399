/**
 * Settlement rows: what the samples of a window come to so far, the delivery price, and the payment
 * cursor.
 *
 * Source: design/exchange.md §5. One sample per slot, the first block's index at or after it; a
 * missing slot carries the last; over 10 % missing, the window extends. docs/spec/options.md has the
 * rules in full. The samples themselves are rows of `settlement-samples.ts`: a block that takes one
 * adds to the sums here, whatever the number of slots.
 *
 * Invariant: `decided`, `sampled`, `sum` and `lastSample` are what the sample rows come to.
 */
import { bool, type Codec, container, i64, u8, u32, u64, u128 } from '../core/ssz.ts';
import type { InstrumentId, PortfolioId, TimestampMs, UnderlyingId } from '../core/units.ts';

/** Slots of a window: 1,800 seconds on mainnet; extensions at most double it. */
export const MAX_SETTLEMENT_SLOTS = 3_600;

export type SettlementWindow = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  /** Start of slot 0: the expiry less the window. */
  readonly opensAt: TimestampMs;
  readonly slotMs: number;
  /** Slots up to the expiry. */
  readonly slotsToExpiry: number;
  /** Slots of the window; grows when it is extended. */
  slots: number;
  /** Slots before and with the last that has a sample. */
  decided: number;
  /** Slots that have a sample of their own: where a block had a fresh index. */
  sampled: number;
  /** Micro-USD: sum of the decided slots, the missing ones carried. */
  sum: bigint;
  /** Micro-USD; 0 before the first. */
  lastSample: number;
  /** Delivery price in micro-USD per coin, 0 until fixed. */
  deliveryPrice: number;
  /** Payment cursor, the position paid last: all up to this (instrument, portfolio) are. */
  cursorInstrument: InstrumentId;
  cursorPortfolio: PortfolioId;
  /** Lots of `cursorInstrument` paid so far, signed: with those still open they sum to 0. */
  paidLots: number;
  /** Every series of the expiry is settled. */
  settled: boolean;
};

export const SettlementWindowCodec: Codec<SettlementWindow> = container<SettlementWindow>(
  'SettlementWindow',
  {
    underlying: u8<UnderlyingId>(),
    expiry: u64<TimestampMs>(),
    opensAt: u64<TimestampMs>(),
    slotMs: u32(),
    slotsToExpiry: u32(),
    slots: u32(),
    decided: u32(),
    sampled: u32(),
    sum: u128(),
    lastSample: u64(),
    deliveryPrice: u64(),
    cursorInstrument: u32<InstrumentId>(),
    cursorPortfolio: u64<PortfolioId>(),
    paidLots: i64(),
    settled: bool(),
  },
);
