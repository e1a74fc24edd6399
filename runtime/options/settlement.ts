/**
 * Settlement rows: the index samples of a window, the delivery price, and the payment cursor.
 *
 * Source: design/exchange.md §5. One sample per slot, the first block's index at or after it; a
 * missing slot carries the last; over 10 % missing, the window extends.
 */
import { type Codec, container, list, u8, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, PortfolioId, TimestampMs, UnderlyingId } from '../core/units.ts';

/** Slots of a window: 1,800 seconds on mainnet; extensions may double it. */
export const MAX_SETTLEMENT_SLOTS = 3_600;

export type SettlementWindow = {
  readonly underlying: UnderlyingId;
  readonly expiry: TimestampMs;
  /** Start of slot 0. */
  readonly opensAt: TimestampMs;
  readonly slotMs: number;
  /** Slots of the window; grows when it is extended. */
  slots: number;
  /** Index of each slot in micro-USD; 0 where no block of that slot had a fresh index. */
  samples: number[];
  /** Delivery price in micro-USD per coin, 0 until fixed. */
  deliveryPrice: number;
  /** Payment cursor: positions of lower (instrument, portfolio) are paid. */
  cursorInstrument: InstrumentId;
  cursorPortfolio: PortfolioId;
};

export const SettlementWindowCodec: Codec<SettlementWindow> = container<SettlementWindow>(
  'SettlementWindow',
  {
    underlying: u8<UnderlyingId>(),
    expiry: u64<TimestampMs>(),
    opensAt: u64<TimestampMs>(),
    slotMs: u32(),
    slots: u32(),
    samples: list(u64(), MAX_SETTLEMENT_SLOTS),
    deliveryPrice: u64(),
    cursorInstrument: u32<InstrumentId>(),
    cursorPortfolio: u64<PortfolioId>(),
  },
);
