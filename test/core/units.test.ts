import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as units from '../../runtime/core/units.ts';

const unsigned = [
  units.height,
  units.view,
  units.epoch,
  units.timestampMs,
  units.validatorIndex,
  units.accountId,
  units.underlyingId,
  units.instrumentId,
  units.orderId,
  units.priceTicks,
  units.sizeLots,
];

describe('constructors', () => {
  test('of unsigned units take safe integers from 0 and nothing else', () => {
    for (const unit of unsigned) {
      for (const value of [0, 1, Number.MAX_SAFE_INTEGER]) expect(unit(value)).toBe(value);
      for (const value of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => unit(value)).toThrow('is not an unsigned safe integer');
      }
    }
  });

  test('of signed lots take negative ones', () => {
    expect(units.positionLots(-3)).toBe(-3);
    for (const value of [0.5, 2 ** 53, Number.NaN]) {
      expect(() => units.positionLots(value)).toThrow('is not a safe integer');
    }
  });

  test('of weights refuse negative ones', () => {
    expect(units.weight(0n)).toBe(0n);
    expect(() => units.weight(-1n)).toThrow('is negative');
  });

  test('of addresses take 40 lower-case hex characters', () => {
    expect(units.address('0a'.repeat(20))).toBe('0a'.repeat(20));
    for (const wrong of [
      '0A'.repeat(20),
      '0a'.repeat(19),
      `${'0a'.repeat(20)}\n`,
      'zz'.repeat(20),
    ]) {
      expect(() => units.address(wrong)).toThrow('40 lower-case hex');
    }
  });
});

test('a portfolio id unpacks to its account and sub-account, and no two are alike', () => {
  const pair = fc.tuple(fc.nat({ max: 2 ** 45 - 1 }), fc.nat({ max: 255 }));
  const pack = ([account, sub]: [number, number]) =>
    units.portfolioId(units.accountId(account), units.subAccount(sub));
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      const portfolio = pack(a);
      expect(Number.isSafeInteger(portfolio)).toBe(true);
      expect([
        units.portfolioAccount(portfolio) as number,
        units.portfolioSubAccount(portfolio) as number,
      ]).toEqual(a);
      expect(portfolio === pack(b)).toBe(a[0] === b[0] && a[1] === b[1]);
    }),
  );
  for (const sub of [-1, 256, 0.5]) expect(() => units.subAccount(sub)).toThrow('not in 0..255');
});
