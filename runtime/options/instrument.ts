/**
 * Instruments: what is traded in one book. Numbers are given when listed and never reused.
 *
 * Source: design/exchange.md §1. European options, dated futures and perpetuals are kinds of one row;
 * futures and perpetuals (`isLinearKind`) have their costs in table `linearPositions`.
 */
import { type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
import {
  type InstrumentId,
  type TimestampMs,
  timestampMs,
  type UnderlyingId,
} from '../core/units.ts';

/** `combo`: a listed structure; its legs stand in table `combos`, positions in the legs alone. */
export const INSTRUMENT_KIND = { call: 0, put: 1, future: 2, perpetual: 3, combo: 4 } as const;
export type InstrumentKind = (typeof INSTRUMENT_KIND)[keyof typeof INSTRUMENT_KIND];

/** Stands for the expiry of a perpetual, which has none. */
export const PERPETUAL_EXPIRY: TimestampMs = timestampMs(0);

/** Whether a kind is a future or a perpetual: settled by variation, not by premium. */
export function isLinearKind(kind: InstrumentKind): boolean {
  return kind === INSTRUMENT_KIND.future || kind === INSTRUMENT_KIND.perpetual;
}

/**
 * `expired`: no more trading, delivery price may still be open; `settled`: all positions paid;
 * `pending`: listed, waits for its first mark; `auction`: orders are collected, none trades yet;
 * `postOnly` and `reduceOnly`: only such orders are taken; `halted`: none is. Numbers are state
 * format, append-only.
 */
export const INSTRUMENT_STATE = {
  open: 0,
  expired: 1,
  settled: 2,
  pending: 3,
  auction: 4,
  postOnly: 5,
  reduceOnly: 6,
  halted: 7,
} as const;
export type InstrumentState = (typeof INSTRUMENT_STATE)[keyof typeof INSTRUMENT_STATE];

export type Instrument = {
  readonly id: InstrumentId;
  readonly underlying: UnderlyingId;
  readonly kind: InstrumentKind;
  /** 0 of a perpetual. */
  readonly expiry: TimestampMs;
  /** Micro-USD per coin; 0 of a future or a perpetual. */
  readonly strike: number;
  readonly listedAt: TimestampMs;
  state: InstrumentState;
  /** Sum of long positions, in lots. */
  openInterest: number;
  /** Micro-USD per coin from delivery on, else 0. */
  deliveryPrice: number;
};

export const InstrumentCodec: Codec<Instrument> = container<Instrument>('Instrument', {
  id: u32<InstrumentId>(),
  underlying: u8<UnderlyingId>(),
  kind: u8<InstrumentKind>(),
  expiry: u64<TimestampMs>(),
  strike: u64(),
  listedAt: u64<TimestampMs>(),
  state: u8<InstrumentState>(),
  openInterest: u64(),
  deliveryPrice: u64(),
});

/** Whether trading has not ended for good. */
export function isBeforeExpiry({ state }: Instrument): boolean {
  return state !== INSTRUMENT_STATE.expired && state !== INSTRUMENT_STATE.settled;
}

/** Side of the payoff that pricing knows; `undefined` for what is not an option. */
export function optionKind(instrument: Instrument): 'call' | 'put' | undefined {
  switch (instrument.kind) {
    case INSTRUMENT_KIND.call:
      return 'call';
    case INSTRUMENT_KIND.put:
      return 'put';
    case INSTRUMENT_KIND.future:
    case INSTRUMENT_KIND.perpetual:
    case INSTRUMENT_KIND.combo:
      return undefined;
  }
}
