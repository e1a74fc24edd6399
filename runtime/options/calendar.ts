/**
 * The proleptic Gregorian calendar in integers: no `Date`, no time zones, UTC only.
 *
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil,
 * civil_from_days). Days count from 1970-01-01; years 1970 to 9999.
 */

export const DAY_MS: number = 24 * 3_600_000;

/** `month` 1 to 12, `day` 1 to 31. */
export type CivilDate = { readonly year: number; readonly month: number; readonly day: number };

/** 0 is Sunday. */
export const WEEKDAY = { sunday: 0, thursday: 4, friday: 5 } as const;

const DAYS_PER_ERA = 146_097;
/** Days from 0000-03-01, the era's start, to 1970-01-01. */
const EPOCH_SHIFT = 719_468;

/** Day number of a date. A month's 31st that does not exist runs on into the next month. */
export function daysFromCivil({ year, month, day }: CivilDate): number {
  // Years start in March, so that the leap day is the last.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * DAYS_PER_ERA + yearOfEra * 365 + leapDays + dayOfYear - EPOCH_SHIFT;
}

/** Date of a day number. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + EPOCH_SHIFT;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day };
}

/** Day of the week of a day number from 1970 on, 0 for Sunday. */
export function weekdayOf(days: number): number {
  return (days + WEEKDAY.thursday) % 7;
}

/** Day number of the last Friday of a month. `month` may run past 12 into later years. */
export function lastFriday(year: number, month: number): number {
  const firstOfNext = daysFromCivil({
    year: year + Math.floor(month / 12),
    month: (month % 12) + 1,
    day: 1,
  });
  const last = firstOfNext - 1;
  return last - ((weekdayOf(last) - WEEKDAY.friday + 7) % 7);
}
