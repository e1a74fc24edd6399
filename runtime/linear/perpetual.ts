/**
 * Rows of table `perpetuals`: what the chain keeps of each underlying's perpetual.
 *
 * Source: design/exchange.md §4. The row changes when the perpetual is marked, and with it the mark:
 * between two marks the cumulative funding index stands still.
 */
import { type Codec, container, i64, i128, list, u8, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, TimestampMs, UnderlyingId } from '../core/units.ts';

/** Hours of funding that are remembered: those of one funding period. */
export const FUNDING_HOURS = 8;

export type Perpetual = {
  readonly underlying: UnderlyingId;
  readonly instrument: InstrumentId;
  /** Block time of the last mark; when it was listed, before the first. */
  markedAt: TimestampMs;
  /** At that mark, in 10⁻⁹; the rate per 8 hours. */
  premium: number;
  rate: number;
  /** Micro-USD per lot that a long position has paid since the start. */
  cumulative: number;
  /** What the next micro-USD has already, in units of `fundingDivisor`. */
  remainder: bigint;
  /** Average of impact mid less index, in 10⁻³ micro-USD per coin. */
  average: number;
  /** UTC hour of `markedAt`, counted from 1970; 0 before the first mark. */
  hour: number;
  /** `cumulative` where each of the last hours began, oldest first, that of `hour` last. */
  hourly: number[];
};

const HOUR_MS = 3_600_000;

/** Notes where the hour began, at its first mark; hours without a mark began where it did. */
export function noteFundingHour(row: Perpetual): void {
  const hour = Math.floor(row.markedAt / HOUR_MS);
  const before = row.hour === 0 ? hour - 1 : Math.max(row.hour, hour - FUNDING_HOURS);
  for (let begun = before; begun < hour; begun++) {
    row.hourly.push(row.cumulative);
    if (row.hourly.length > FUNDING_HOURS) row.hourly.shift();
  }
  row.hour = hour;
}

export const PerpetualCodec: Codec<Perpetual> = container<Perpetual>('Perpetual', {
  underlying: u8<UnderlyingId>(),
  instrument: u32<InstrumentId>(),
  markedAt: u64<TimestampMs>(),
  premium: i64(),
  rate: i64(),
  cumulative: i64(),
  remainder: i128(),
  average: i64(),
  hour: u32(),
  hourly: list(i64(), FUNDING_HOURS),
});
