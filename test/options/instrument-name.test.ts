/** Names and the calendar under them, both ways. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timestampMs } from '../../runtime/core/units.ts';
import {
  civilFromDays,
  daysFromCivil,
  lastFriday,
  weekdayOf,
} from '../../runtime/options/calendar.ts';
import {
  formatInstrumentName,
  parseInstrumentName,
} from '../../runtime/options/instrument-name.ts';

const MICRO = 1_000_000;

/** The platform's calendar: the tests may ask it, the chain may not. */
function utc(text: string): number {
  return new Date(`${text}Z`).getTime();
}

describe('calendar', () => {
  test('agrees with the platform on every day of 130 years', () => {
    for (let days = 0; days < 47_482; days++) {
      const date = new Date(days * 86_400_000);
      const civil = {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
      };
      if (daysFromCivil(civil) !== days || weekdayOf(days) !== date.getUTCDay()) {
        expect([days, daysFromCivil(civil), weekdayOf(days)]).toEqual([
          days,
          days,
          date.getUTCDay(),
        ]);
      }
      expect(civilFromDays(days)).toEqual(civil);
    }
  });

  test.each([
    [2026, 1, '2026-01-30'],
    [2026, 2, '2026-02-27'],
    [2026, 12, '2026-12-25'],
    [2026, 13, '2027-01-29'],
    [2027, 12, '2027-12-31'],
  ])('last Friday of %i-%i', (year, month, date) => {
    expect(lastFriday(year, month) * 86_400_000).toBe(utc(`${date}T00:00:00`));
  });
});

describe('names', () => {
  test.each([
    ['BTC-25DEC26-100000-C', 'BTC', '2026-12-25T08:00:00', 100_000, 'call'],
    ['ETH-1JAN27-3250-P', 'ETH', '2027-01-01T08:00:00', 3_250, 'put'],
    ['BTC-25DEC26-1430-100000-C', 'BTC', '2026-12-25T14:30:00', 100_000, 'call'],
    ['BTC-25DEC26-0000-100000-C', 'BTC', '2026-12-25T00:00:00', 100_000, 'call'],
    ['BTC-25DEC26-143020-100000-P', 'BTC', '2026-12-25T14:30:20', 100_000, 'put'],
    ['BTC-25DEC26-080020-100000-P', 'BTC', '2026-12-25T08:00:20', 100_000, 'put'],
    ['BTC-25DEC26-143020500-5-P', 'BTC', '2026-12-25T14:30:20.500', 5, 'put'],
    ['XRP-29FEB28-0d625-C', 'XRP', '2028-02-29T08:00:00', 0.625, 'call'],
    ['XRP-28FEB28-12d000001-C', 'XRP', '2028-02-28T08:00:00', 12.000001, 'call'],
  ] as const)('%s', (name, underlying, time, dollars, kind) => {
    const strike = Math.round(dollars * MICRO);
    const series = { underlying, expiry: timestampMs(utc(time)), strike, kind };
    expect(formatInstrumentName(series)).toBe(name);
    expect(parseInstrumentName(name)).toEqual(series);
  });

  test.each([
    'BTC-25DEC26-100000',
    'BTC-25DEC26-100000-X',
    'btc-25DEC26-100000-C',
    'BTC-05DEC26-100000-C',
    'BTC-30FEB26-100000-C',
    'BTC-29FEB27-100000-C',
    'BTC-32DEC26-100000-C',
    'BTC-25ANF26-100000-C',
    'BTC-25DEC26-0800-100000-C',
    'BTC-25DEC26-143000-100000-C',
    'BTC-25DEC26-2430-100000-C',
    'BTC-25DEC26-1460-100000-C',
    'BTC-25DEC26-0100000-C',
    'BTC-25DEC26-1d50-C',
    'BTC-25DEC26-1d-C',
    'BTC-25DEC26-100000-C ',
    'BTC-PERP',
    '',
  ])('%j names no series', (name) => {
    expect(parseInstrumentName(name)).toBeUndefined();
  });

  test('every series has one name, and the name gives the series', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('BTC', 'ETH', '1INCH'),
        fc.integer({ min: utc('2000-01-01T00:00:00'), max: utc('2099-12-31T23:59:59') }),
        fc.oneof(
          fc.integer({ min: 1, max: 10 ** 15 }),
          fc.integer({ min: 1, max: 10 ** 6 }).map((d) => d * MICRO),
        ),
        fc.constantFrom('call', 'put'),
        (underlying, expiry, strike, kind) => {
          const series = { underlying, expiry: timestampMs(expiry), strike, kind };
          expect(parseInstrumentName(formatInstrumentName(series))).toEqual(series);
        },
      ),
      { numRuns: 500 },
    );
  });
});
