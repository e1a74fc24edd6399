/** The rules of futures and perpetuals one by one, by numbers that a person can check. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timestampMs } from '../../runtime/core/units.ts';
import { deliveryGrid } from '../../runtime/linear/contract-terms.ts';
import { changeCost } from '../../runtime/linear/cost.ts';
import {
  accrueFunding,
  FUNDING_PERIOD_MS,
  fundingDivisor,
  fundingOwed,
  fundingRate,
  premiumOf,
} from '../../runtime/linear/funding.ts';
import { impactPrice, MAX_IMPACT_ORDERS } from '../../runtime/linear/impact-price.ts';
import { futureExpiries } from '../../runtime/linear/list-linear.ts';
import { BASIS_SCALE, basisOf, nextAverage, perpetualMark } from '../../runtime/linear/mark.ts';
import { type LinearRange, worstLots } from '../../runtime/linear/pair-expiries.ts';
import { linearRequirement, unpairedCharge } from '../../runtime/linear/standard-requirement.ts';
import { formatFutureName, formatPerpetualName } from '../../runtime/options/instrument-name.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, ETH, MICRO, START } from '../fixtures/state.ts';

const usd = (dollars: number): bigint => BigInt(Math.round(dollars * MICRO));

describe('cost', () => {
  test.each([
    // lots and cost before; lots traded and price; cost and cash after
    ['opens long', 0, 0n, 5, 100n, 500n, 0n],
    ['adds to a long', 5, 500n, 5, 120n, 1_100n, 0n],
    ['opens short', 0, 0n, -5, 100n, -500n, 0n],
    ['closes half of a long at a gain', 10, 1_000n, -5, 130n, 500n, 150n],
    ['closes half of a short at a loss', -10, -1_000n, 5, 130n, -500n, -150n],
    ['closes all', 3, 301n, -3, 100n, 0n, -1n],
    // A third of 100 is 33⅓: 34 leaves the cost, against the holder, and 66 stays.
    ['rounds the share against a long', 3, 100n, -1, 33n, 66n, -1n],
    // A third of −100 is −33⅓: −33 leaves it.
    ['rounds the share against a short', -3, -100n, 1, 33n, -67n, 0n],
    ['turns a long into a short', 2, 200n, -5, 90n, -270n, -20n],
    ['turns a short into a long', -2, -200n, 5, 90n, 270n, 20n],
  ])('%s', (_, lots, cost, traded, price, costAfter, realised) => {
    expect(changeCost({ lots, cost }, traded, price)).toEqual({
      lots: lots + traded,
      cost: costAfter,
      realised,
    });
  });

  test('what it realises and what it costs are the price paid, whatever the rounding', () => {
    const trades = fc.array(
      fc.record({
        lots: fc.integer({ min: -50, max: 50 }).filter((lots) => lots !== 0),
        price: fc.bigInt({ min: 1n, max: 10_000_000n }),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(trades, (list) => {
        let position = { lots: 0, cost: 0n };
        let paid = 0n;
        let realised = 0n;
        for (const { lots, price } of list) {
          const after = changeCost(position, lots, price);
          paid += BigInt(lots) * price;
          realised += after.realised;
          position = after;
          expect(position.cost).toBe(paid + realised);
          if (position.lots === 0) expect(position.cost).toBe(0n);
          else expect(position.cost < 0n).toBe(position.lots < 0);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('funding', () => {
  test.each([
    // premium in 10⁻⁹, rate
    ['none within 0.025 %', 250_000, 0],
    ['none within −0.025 %', -250_000, 0],
    ['what is above', 1_250_000, 1_000_000],
    ['what is below', -1_250_000, -1_000_000],
    ['at most 0.5 %', 9_000_000, 5_000_000],
    ['at least −0.5 %', -9_000_000, -5_000_000],
  ])('%s', (_, premium, rate) => {
    expect(fundingRate(premium)).toBe(rate);
  });

  test.each([
    ['bids above the index', { bid: 101_000, ask: 102_000 }, 10_000_000],
    ['asks below it', { bid: 98_000, ask: 99_000 }, -10_000_000],
    ['a book around it', { bid: 99_000, ask: 101_000 }, 0],
    ['a crossed market: both count', { bid: 101_000, ask: 99_000 }, 0],
    ['an empty side counts 0', { bid: 101_000, ask: undefined }, 10_000_000],
    ['an empty book', { bid: undefined, ask: undefined }, 0],
  ])('premium of %s', (_, prices, premium) => {
    expect(premiumOf(prices, 100_000)).toBe(premium);
  });

  test('worked example: 0.1 % in 8 hours on $100,000, lots of 0.001 BTC', () => {
    // A lot is worth $100, so a long lot pays $0.10 in 8 hours: 100,000 micro-USD.
    const step = { rate: 1_000_000, index: 100_000 * MICRO, lotsPerCoin: 1_000 };
    const start = { cumulative: 0, remainder: 0n };
    expect(accrueFunding(start, { ...step, elapsedMs: FUNDING_PERIOD_MS })).toEqual({
      cumulative: 100_000,
      remainder: 0n,
    });
    // In one second 3.4722… micro-USD: 3, and 0.4722 carried: 17 of 36.
    const second = accrueFunding(start, { ...step, elapsedMs: 1_000 });
    expect(second.cumulative).toBe(3);
    expect(second.remainder * 36n).toBe(17n * fundingDivisor(1_000));
    // 36 such seconds are 125 micro-USD, without a remainder.
    let index = start as { cumulative: number; remainder: bigint };
    for (let i = 0; i < 36; i++) index = accrueFunding(index, { ...step, elapsedMs: 1_000 });
    expect(index).toEqual({ cumulative: 125, remainder: 0n });
    // One coin long, 1,000 lots, pays 125,000 micro-USD for it, one coin short receives as much.
    expect(fundingOwed(1_000, 0, 125)).toBe(125_000n);
    expect(fundingOwed(-1_000, 0, 125)).toBe(-125_000n);
  });

  test('steps of any length and sign carry what they do not fill', () => {
    const steps = fc.array(
      fc.record({
        rate: fc.integer({ min: -5_000_000, max: 5_000_000 }),
        elapsedMs: fc.integer({ min: 0, max: 10_000 }),
        index: fc.integer({ min: 1, max: 200_000 * MICRO }),
      }),
    );
    fc.assert(
      fc.property(steps, (list) => {
        const divisor = fundingDivisor(1_000);
        let at = { cumulative: 0, remainder: 0n };
        let exact = 0n;
        for (const step of list) {
          at = accrueFunding(at, { ...step, lotsPerCoin: 1_000 });
          exact += BigInt(step.rate) * BigInt(step.index) * BigInt(step.elapsedMs);
          expect(BigInt(at.cumulative) * divisor + at.remainder).toBe(exact);
          expect(at.remainder >= 0n && at.remainder < divisor).toBe(true);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('impact price', () => {
  /** Ticks of $0.5 and lots of 0.001: at $100,000 a lot is $100. */
  const question = {
    notional: usd(50_000),
    placedBy: timestampMs(10_000),
    tickValue: 500,
    tickMicroUsd: MICRO / 2,
  };
  const order = (dollars: number, shown: number, placedAt: number = 0) =>
    ({ price: dollars * 2, shown, placedAt }) as never;

  test('one order deep enough: its price', () => {
    expect(impactPrice([order(100_000, 500)], question)).toBe(100_000 * MICRO);
  });

  test('two levels: the average of what $50,000 buys', () => {
    // $25,000 at $100,000 are 250 lots, the rest at $125,000 are 200: $50,000 ÷ 0.45 BTC.
    const book = [order(100_000, 250), order(125_000, 1_000)];
    expect(impactPrice(book, question)).toBe(Math.floor((50_000 / 0.45) * MICRO));
  });

  test.each([
    ['a side with less', [order(100_000, 499)]],
    ['orders younger than two seconds', [order(100_000, 1_000, 10_001)]],
    ['no orders', []],
    ['crumbs without end', Array.from({ length: MAX_IMPACT_ORDERS + 1 }, () => order(100, 1))],
  ])('%s has none', (_, book) => {
    expect(impactPrice(book, question)).toBeUndefined();
  });
});

describe('mark of a perpetual', () => {
  test('the basis is the impact mid less the index, within 0.5 %, 0 without both sides', () => {
    expect(basisOf({ bid: 100_100, ask: 100_200 }, 100_000)).toBe(150);
    expect(basisOf({ bid: 110_000, ask: 120_000 }, 100_000)).toBe(500);
    expect(basisOf({ bid: 80_000, ask: 90_000 }, 100_000)).toBe(-500);
    expect(basisOf({ bid: 110_000, ask: undefined }, 100_000)).toBe(0);
  });

  test('half of the way in 30 s, and never beyond', () => {
    expect(nextAverage(0, 300, 30_000)).toBe(150 * BASIS_SCALE);
    expect(nextAverage(0, 300, 0)).toBe(0);
    let average = 0;
    for (let i = 0; i < 1_000; i++) average = nextAverage(average, -300, 1_000);
    expect(Math.abs(average + 300 * BASIS_SCALE)).toBeLessThanOrEqual(BASIS_SCALE);
  });

  test('on the grid of a lot, within 0.5 %', () => {
    expect(perpetualMark(100_000_999, 0, 1_000)).toBe(100_000_000);
    expect(perpetualMark(100_000_000, 9_000_000 * BASIS_SCALE, 1_000)).toBe(100_500_000);
    expect(perpetualMark(1, 0, 1_000)).toBe(1_000);
  });
});

describe('standard margin', () => {
  test.each([
    // 5 % up to $6M, where 2 % + 0.5 % × 6 is as much; then the notional raises the rate.
    [1_000_000, 50_000],
    [6_000_000, 300_000],
    [10_000_000, 700_000],
    [100_000_000, 52_000_000],
  ])('$%d of unpaired notional need $%d', (notional, charge) => {
    expect(unpairedCharge(usd(notional))).toBe(usd(charge));
  });

  test('a pair needs 2 %, what is not paired 5 %, and 0.6 of it to maintain', () => {
    // Long 3 coins, short 2, at $100 a lot: 2 coins paired ($200,000), 1 not.
    const lots = worstLots([
      { position: 3_000, bidLots: 0, askLots: 0 },
      { position: -2_000, bidLots: 0, askLots: 0 },
    ]);
    expect(lots).toEqual({ net: 1_000, gross: 5_000 });
    expect(linearRequirement(lots, 100 * MICRO)).toEqual({
      initial: usd(4_000 + 5_000),
      maintenance: usd(5_400),
    });
  });

  const range: fc.Arbitrary<LinearRange> = fc.record({
    position: fc.integer({ min: -2_000, max: 2_000 }),
    bidLots: fc.integer({ min: 0, max: 2_000 }),
    askLots: fc.integer({ min: 0, max: 2_000 }),
  });
  const held = (lots: readonly number[]): LinearRange[] =>
    lots.map((position) => ({ position, bidLots: 0, askLots: 0 }));

  test('the worst fill is a bound on every fill, and exact for one instrument', () => {
    const fills = fc
      .array(range, { minLength: 1, maxLength: 5 })
      .chain((ranges) =>
        fc.tuple(
          fc.constant(ranges),
          fc.tuple(
            ...ranges.map(({ position, bidLots, askLots }) =>
              fc.integer({ min: position - askLots, max: position + bidLots }),
            ),
          ),
        ),
      );
    fc.assert(
      fc.property(fills, ([ranges, filled]) => {
        const worst = linearRequirement(worstLots(ranges), 100 * MICRO);
        const one = linearRequirement(worstLots(held(filled)), 100 * MICRO);
        expect(one.initial <= worst.initial).toBe(true);
        expect(one.maintenance <= worst.maintenance).toBe(true);
        const [only] = ranges;
        if (ranges.length > 1 || only === undefined) return;
        const ends = [only.position + only.bidLots, only.position - only.askLots].map(
          (lots) => linearRequirement(worstLots(held([lots])), 100 * MICRO).initial,
        );
        expect(worst.initial).toBe(ends.reduce((a, b) => (a > b ? a : b)));
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('listing and names', () => {
  const calendar = { ...BTC, futureLotsPerCoin: 1_000, expiryIntervalMs: 0, futuresListed: 8 };
  const day = (text: string) => timestampMs(Date.parse(`${text}T08:00:00Z`));

  test('with a calendar on Fridays: weeks, months, quarters', () => {
    // 1 December 2025 is a Monday; its last Friday is the 26th.
    expect(futureExpiries(calendar, START)).toEqual([
      day('2025-12-05'),
      day('2025-12-12'),
      day('2025-12-19'),
      day('2025-12-26'),
      day('2026-01-30'),
      day('2026-02-27'),
      day('2026-03-27'),
      day('2026-06-26'),
    ]);
  });

  test('with an interval on each of the nearest', () => {
    const underlying = { ...calendar, expiryIntervalMs: 300_000, futuresListed: 2 };
    expect(futureExpiries(underlying, START)).toEqual([START + 300_000, START + 600_000]);
    expect(futureExpiries({ ...underlying, futuresListed: 0 }, START)).toEqual([]);
  });

  test('names', () => {
    expect(formatFutureName('BTC', day('2026-12-25'))).toBe('BTC-25DEC26');
    expect(formatFutureName('ETH', timestampMs(day('2026-12-25') + 390 * 60_000))).toBe(
      'ETH-25DEC26-1430',
    );
    expect(formatPerpetualName('BTC')).toBe('BTC-PERPETUAL');
  });

  test('delivery prices suit the lots of both', () => {
    expect(deliveryGrid(BTC)).toBe(100);
    expect(deliveryGrid({ ...BTC, futureLotsPerCoin: 1_000 })).toBe(1_000);
    expect(deliveryGrid({ ...ETH, futureLotsPerCoin: 25 })).toBe(50);
  });
});
