/**
 * Which expiries are listed at a given time.
 *
 * Source: design/parameters.md; reference/options.md §3 for the calendar: at 08:00 UTC the next 3
 * days, 3 Fridays, 3 last Fridays of a month, and 4 last Fridays of a quarter; a date that is in
 * several cycles is one expiry.
 */
import { type TimestampMs, timestampMs } from '../core/units.ts';
import { civilFromDays, DAY_MS, lastFriday, WEEKDAY, weekdayOf } from './calendar.ts';
import type { Underlying } from './underlying.ts';

/** 08:00 UTC. */
export const EXPIRY_TIME_MS: number = 8 * 3_600_000;

const DAILIES = 3;
const WEEKLIES = 3;
const MONTHLIES = 3;
const QUARTERLIES = 4;
/** Most expiries a schedule gives: an interval's count is a u16, bounded here as well. */
export const MAX_EXPIRIES_LISTED = 32;

/** Last Fridays from `first` on, of every month whose number divides by `everyMonths`. */
function lastFridays(first: number, everyMonths: number, count: number): number[] {
  const { year, month } = civilFromDays(first);
  const days: number[] = [];
  for (let ahead = month; days.length < count; ahead++) {
    if (ahead % everyMonths !== 0) continue;
    const friday = lastFriday(year, ahead);
    if (friday >= first) days.push(friday);
  }
  return days;
}

/** Day numbers of the calendar's expiries from day `first` on, ascending. */
function calendarDays(first: number): number[] {
  const days = new Set<number>();
  for (let i = 0; i < DAILIES; i++) days.add(first + i);
  const friday = first + ((WEEKDAY.friday - weekdayOf(first) + 7) % 7);
  for (let i = 0; i < WEEKLIES; i++) days.add(friday + 7 * i);
  for (const day of lastFridays(first, 1, MONTHLIES)) days.add(day);
  for (const day of lastFridays(first, 3, QUARTERLIES)) days.add(day);
  return [...days].sort((a, b) => a - b);
}

/**
 * Expiries later than `after`, ascending: the next `expiriesListed` multiples of the interval, or
 * the calendar's when there is none (7 to 13 of them; `expiriesListed` then has no meaning).
 * O(expiries).
 */
export function scheduledExpiries(underlying: Underlying, after: TimestampMs): TimestampMs[] {
  const { expiryIntervalMs, expiriesListed } = underlying;
  if (expiryIntervalMs > 0) {
    const first = Math.floor(after / expiryIntervalMs) + 1;
    const count = Math.min(expiriesListed, MAX_EXPIRIES_LISTED);
    return Array.from({ length: count }, (_, i) => timestampMs((first + i) * expiryIntervalMs));
  }
  const firstDay = Math.floor((after - EXPIRY_TIME_MS) / DAY_MS) + 1;
  return calendarDays(firstDay).map((day) => timestampMs(day * DAY_MS + EXPIRY_TIME_MS));
}
