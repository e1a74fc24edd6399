/**
 * Names of instruments, as traders know them: `BTC-25DEC26-100000-C`, `BTC-25DEC26`, `BTC-PERPETUAL`.
 *
 * Source: design/parameters.md; Deribit for dates (day without a leading zero) and for `d` as the
 * decimal point of a strike (`XRP-25DEC26-0d625-P`). An expiry that is not at 08:00 UTC carries its
 * time: `BTC-25DEC26-1430-100000-C`, with seconds `143020` when they are not 0, and milliseconds
 * `143020500` when these are not 0.
 *
 * Invariant: one series has one name; `parse` accepts exactly what `format` makes.
 */
import { type TimestampMs, timestampMs } from '../core/units.ts';
import { civilFromDays, DAY_MS, daysFromCivil } from './calendar.ts';
import { EXPIRY_TIME_MS } from './expiry-schedule.ts';

/** What a name says. `underlying` is the name of the underlying; `strike` in micro-USD per coin. */
export type SeriesName = {
  readonly underlying: string;
  readonly expiry: TimestampMs;
  readonly strike: number;
  readonly kind: 'call' | 'put';
};

const MONTHS = 'JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC';
const CENTURY = 2000;
const MICRO = 1_000_000;
const NAME =
  /^([A-Z0-9]{1,8})-([1-9]|[12]\d|3[01])([A-Z]{3})(\d\d)(?:-(\d{4}|\d{6}|\d{9}))?-(\d{1,10})(?:d(\d{1,6}))?-([CP])$/;

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** `143020500` cut to what is not 0. */
function formatTime(timeMs: number): string {
  const hours = Math.floor(timeMs / 3_600_000);
  const minutes = Math.floor(timeMs / 60_000) % 60;
  const seconds = Math.floor(timeMs / 1_000) % 60;
  const milliseconds = timeMs % 1_000;
  const head = digits(hours, 2) + digits(minutes, 2);
  if (milliseconds > 0) return head + digits(seconds, 2) + digits(milliseconds, 3);
  return seconds > 0 ? head + digits(seconds, 2) : head;
}

function formatStrike(strike: number): string {
  const fraction = strike % MICRO;
  const whole = String((strike - fraction) / MICRO);
  return fraction === 0 ? whole : `${whole}d${digits(fraction, 6).replace(/0+$/, '')}`;
}

/** `25DEC26`, with a time that is not 08:00 UTC `25DEC26-1430`. */
function formatExpiry(expiry: TimestampMs): string {
  const days = Math.floor(expiry / DAY_MS);
  const timeMs = expiry - days * DAY_MS;
  const { year, month, day } = civilFromDays(days);
  const date = `${day}${MONTHS.slice(3 * month - 3, 3 * month)}${digits(year - CENTURY, 2)}`;
  return timeMs === EXPIRY_TIME_MS ? date : `${date}-${formatTime(timeMs)}`;
}

/** The name of a series. Expiry in the years 2000 to 2099. */
export function formatInstrumentName({ underlying, expiry, strike, kind }: SeriesName): string {
  const side = kind === 'call' ? 'C' : 'P';
  return `${underlying}-${formatExpiry(expiry)}-${formatStrike(strike)}-${side}`;
}

/** The name of a dated future. Expiry as of a series. */
export function formatFutureName(underlying: string, expiry: TimestampMs): string {
  return `${underlying}-${formatExpiry(expiry)}`;
}

/** The name of an underlying's perpetual. */
export function formatPerpetualName(underlying: string): string {
  return `${underlying}-PERPETUAL`;
}

/** Milliseconds into the day, or `undefined` for a time that no clock shows. */
function parseTime(text: string): number | undefined {
  const hours = Number(text.slice(0, 2));
  const minutes = Number(text.slice(2, 4));
  const seconds = Number(text.slice(4, 6));
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + Number(text.slice(6));
}

/** The series of a name; `undefined` when no series has this name. */
export function parseInstrumentName(name: string): SeriesName | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, underlying = '', day, monthName = '', year, time, whole, fraction = '', side] = match;
  const month = MONTHS.indexOf(monthName) / 3 + 1;
  const timeMs = time === undefined ? EXPIRY_TIME_MS : parseTime(time);
  if (!Number.isInteger(month) || month < 1 || timeMs === undefined) return undefined;
  const days = daysFromCivil({ year: CENTURY + Number(year), month, day: Number(day) });
  const strike = Number(whole) * MICRO + Number(fraction.padEnd(6, '0'));
  if (!Number.isSafeInteger(strike)) return undefined;
  const series: SeriesName = {
    underlying,
    expiry: timestampMs(days * DAY_MS + timeMs),
    strike,
    kind: side === 'C' ? 'call' : 'put',
  };
  // Leading zeros, 30FEB, a time of 0800 or a fraction of 0 name no series: one series, one name.
  return formatInstrumentName(series) === name ? series : undefined;
}
