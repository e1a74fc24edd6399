/**
 * Settlement rows: the index samples of a window, the delivery price, and the payment cursor.
 *
 * Source: design/exchange.md §5. One sample per slot, the first block's index at or after it; a
 * missing slot carries the last; over 10 % missing, the window extends. docs/spec/options.md has the
 * rules in full.
 */
import { bool, type Codec, container, i64, list, u8, u32, u64 } from '../core/ssz.ts';
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
  /**
   * Index of each slot so far in micro-USD; 0 where no block of that slot had a fresh index. The
   * last item is never 0.
   */
  samples: number[];
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
    samples: list(u64(), MAX_SETTLEMENT_SLOTS),
    deliveryPrice: u64(),
    cursorInstrument: u32<InstrumentId>(),
    cursorPortfolio: u64<PortfolioId>(),
    paidLots: i64(),
    settled: bool(),
  },
);
