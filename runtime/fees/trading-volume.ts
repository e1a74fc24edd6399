/**
 * What an account traded in the last 30 days, and the fee tier that follows.
 *
 * A day is a UTC day. The tier of a day is that of the volume of the 30 days before it, so it is
 * looked up once a day and account, and nobody can trade into a tier and out of its price within one
 * block. Volume is notional at the mark's index in whole cents, rounded down per trade.
 *
 * Invariants: `windowCents` is the sum of `days`; `days[d % 30]` is the volume of day d for the 30
 * days before `day`; sums stay safe integers (a day saturates at 2⁴⁸ cents, $2.8 × 10¹²).
 */
import type { BlockContext } from '../block-context.ts';
import { mulDivFloor } from '../core/math.ts';
import { type Codec, container, list, u8, u32, u64 } from '../core/ssz.ts';
import type { AccountId, TimestampMs } from '../core/units.ts';
import { DAY_MS } from '../options/calendar.ts';
import type { Underlying } from '../options/underlying.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import type { State } from '../state/state.ts';
import { type FeeTier, tierOfVolume } from './fee-tiers.ts';

/** Days that count towards a tier. */
export const VOLUME_DAYS = 30;
const CENTS_PER_USD = 100;
const MICRO_PER_CENT = 10_000;
const MAX_DAY_CENTS: number = 2 ** 48;

export type TradingVolume = {
  /** The UTC day of `todayCents`, counted from 1970-01-01. */
  day: number;
  todayCents: number;
  /** The 30 days before, by day number modulo 30. */
  readonly days: number[];
  windowCents: number;
  /** Tier on `day`; 0: base. */
  tier: number;
};

export const TradingVolumeCodec: Codec<TradingVolume> = container<TradingVolume>('TradingVolume', {
  day: u32(),
  todayCents: u64(),
  days: list(u64(), VOLUME_DAYS, VOLUME_DAYS),
  windowCents: u64(),
  tier: u8(),
});

const NO_TIERS: readonly FeeTier[] = [];

/** The tiers in force; none where the chain has no schedule. */
export function feeTiersOf(state: State): readonly FeeTier[] {
  return state.feeSchedule.get(SINGLETON_KEY)?.tiers ?? NO_TIERS;
}

/** UTC day of a time. */
export function dayOf(timestamp: TimestampMs): number {
  return Math.floor(timestamp / DAY_MS);
}

/** An account that never traded. */
export function emptyVolume(day: number): TradingVolume {
  return {
    day,
    todayCents: 0,
    days: Array.from({ length: VOLUME_DAYS }, () => 0),
    windowCents: 0,
    tier: 0,
  };
}

function setDay(row: TradingVolume, day: number, cents: number): void {
  const slot = day % VOLUME_DAYS;
  row.windowCents += cents - (row.days[slot] ?? 0);
  row.days[slot] = cents;
}

/** Moves a row on to `day`, in place. O(30) on a new day, else O(1). */
export function rollVolume(row: TradingVolume, day: number, tiers: readonly FeeTier[]): void {
  if (day <= row.day) return;
  setDay(row, row.day, row.todayCents);
  const firstIdle = Math.max(row.day + 1, day - VOLUME_DAYS);
  for (let idle = firstIdle; idle < day; idle++) setDay(row, idle, 0);
  row.day = day;
  row.todayCents = 0;
  row.tier = tierOfVolume(tiers, Math.floor(row.windowCents / CENTS_PER_USD));
}

/** The tier of an account at a time; changes nothing. O(1), O(30) before its first trade of a day. */
export function tierOf(state: State, account: AccountId, timestamp: TimestampMs): number {
  const row = state.tradingVolumes.get(account);
  if (row === undefined) return 0;
  const day = dayOf(timestamp);
  if (row.day === day) return row.tier;
  const rolled = { ...row, days: [...row.days] };
  rollVolume(rolled, day, feeTiersOf(state));
  return rolled.tier;
}

/** Notional of lots at an index (micro-USD per coin), in whole cents, rounded down. */
export function notionalCents(underlying: Underlying, lots: number, index: number): number {
  const divisor = underlying.optionLotsPerCoin * MICRO_PER_CENT;
  const product = lots * index;
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / divisor);
  return Number(mulDivFloor(BigInt(lots), BigInt(index), BigInt(divisor)));
}

/** Adds a trade to an account's volume. O(1). */
export function addVolume(
  state: State,
  context: BlockContext,
  account: AccountId,
  cents: number,
): void {
  const day = dayOf(context.timestamp);
  let row = state.tradingVolumes.edit(account);
  if (row === undefined) {
    row = emptyVolume(day);
    state.tradingVolumes.set(account, row);
  } else if (day > row.day) rollVolume(row, day, feeTiersOf(state));
  row.todayCents = Math.min(MAX_DAY_CENTS, row.todayCents + cents);
}

/** Volume of the last 30 days and of this one so far, in cents: for queries. */
export function recentVolumeCents(
  state: State,
  account: AccountId,
  timestamp: TimestampMs,
): number {
  const row = state.tradingVolumes.get(account);
  if (row === undefined) return 0;
  const rolled = { ...row, days: [...row.days] };
  rollVolume(rolled, dayOf(timestamp), feeTiersOf(state));
  return rolled.windowCents + rolled.todayCents;
}
