/**
 * Where trading stands: of one series, and of all series of an underlying.
 *
 * Three layers, each an `InstrumentState`: the instrument's own, what happened to its underlying
 * (`automatic`: oracle outage, restart), and what governance ordered for it (`governed`). An action
 * must be allowed by all three. So an outage writes one row, however many series there are.
 *
 * Invariants: an underlying without a row is open in both layers, and a row that is open in both is
 * deleted; an instrument has a phase row exactly while it is pending or its own state ends by time.
 */
import { bool, type Codec, container, u8, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, TimestampMs, UnderlyingId } from '../core/units.ts';
import { INSTRUMENT_STATE, type Instrument, type InstrumentState } from '../options/instrument.ts';
import { MATCHING } from '../options/underlying.ts';
import type { State } from '../state/state.ts';
import type { AuctionKind } from './fill-side.ts';

/** A row of the `tradingStatus` table. */
export type TradingStatus = {
  readonly underlying: UnderlyingId;
  /** `open`, `postOnly`, `reduceOnly`, `halted` or `auction`. */
  automatic: InstrumentState;
  /** `open`, `postOnly`, `reduceOnly` or `halted`. */
  governed: InstrumentState;
  /** When the restart auction, then the post-only time, ends; 0: neither is due. */
  until: TimestampMs;
};

/** A row of the `phases` table: the timed part of an instrument's own state. */
export type InstrumentPhase = {
  readonly instrument: InstrumentId;
  /** When it ends; 0: pending, until its first mark. */
  until: TimestampMs;
  /** The first auction of a series, not a restart: its cancels are frozen before the end. */
  readonly isOpening: boolean;
  /** The one extension was used. */
  extended: boolean;
};

export const TradingStatusCodec: Codec<TradingStatus> = container<TradingStatus>('TradingStatus', {
  underlying: u8<UnderlyingId>(),
  automatic: u8<InstrumentState>(),
  governed: u8<InstrumentState>(),
  until: u64<TimestampMs>(),
});

export const InstrumentPhaseCodec: Codec<InstrumentPhase> = container<InstrumentPhase>(
  'InstrumentPhase',
  {
    instrument: u32<InstrumentId>(),
    until: u64<TimestampMs>(),
    isOpening: bool(),
    extended: bool(),
  },
);

/** A row of the `indicatives` table. */
export type Indicative = {
  readonly instrument: InstrumentId;
  /** The series publishes nothing before this. */
  nextAt: TimestampMs;
  /** The book changed since it published. */
  isChanged: boolean;
};

export const IndicativeCodec: Codec<Indicative> = container<Indicative>('Indicative', {
  instrument: u32<InstrumentId>(),
  nextAt: u64<TimestampMs>(),
  isChanged: bool(),
});

/** Most restrictive first. */
const BY_SEVERITY: readonly InstrumentState[] = [
  INSTRUMENT_STATE.settled,
  INSTRUMENT_STATE.expired,
  INSTRUMENT_STATE.halted,
  INSTRUMENT_STATE.pending,
  INSTRUMENT_STATE.auction,
  INSTRUMENT_STATE.reduceOnly,
  INSTRUMENT_STATE.postOnly,
];

/** The layers of an instrument: its own, its underlying's automatic and governed ones. */
export function layersOf(state: State, instrument: Instrument): readonly InstrumentState[] {
  const status = state.tradingStatus.get(instrument.underlying);
  if (status === undefined) return [instrument.state];
  return [instrument.state, status.automatic, status.governed];
}

/** The most restrictive of the layers: what a trader is shown. O(1). */
export function effectiveState(state: State, instrument: Instrument): InstrumentState {
  if (state.tradingStatus.size === 0) return instrument.state;
  const layers = layersOf(state, instrument);
  return BY_SEVERITY.find((one) => layers.includes(one)) ?? INSTRUMENT_STATE.open;
}

/**
 * How the orders of an instrument meet: in a call auction that runs now, in an auction every block,
 * or (`undefined`) one by one as they come. O(1).
 */
export function auctionKind(state: State, instrument: Instrument): AuctionKind | undefined {
  if (
    (instrument.state !== INSTRUMENT_STATE.open || state.tradingStatus.size > 0) &&
    effectiveState(state, instrument) === INSTRUMENT_STATE.auction
  ) {
    return 'call';
  }
  const { matching } = state.underlyings.must(instrument.underlying);
  return matching === MATCHING.batch ? 'batch' : undefined;
}
