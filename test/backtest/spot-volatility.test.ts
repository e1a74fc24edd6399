/** The rule by which surfaces move with the index, and its fit. */
import { describe, expect, test } from 'vitest';
import {
  beta,
  DAY_MS,
  fitRule,
  MOST_VOLATILITY,
  movedSurface,
  type RecordedSurface,
  type SpotVolatilityRule,
  surfaceByRule,
} from '../../backtest/spot-volatility.ts';

const YEAR_MS = 365 * DAY_MS;
const START = Date.UTC(2026, 0, 5);
const RULE: SpotVolatilityRule = { betaMonth: 1.5, power: 0.4 };
const TERMS = [1, 3, 7, 14, 30, 90, 180];

/** A surface of one volatility per term, `volatility` as a function of the days. */
function surface(
  atMs: number,
  index: number,
  volatility: (days: number) => number,
): RecordedSurface {
  const knots = TERMS.map((days) => {
    const theta = (volatility(days) ** 2 * days * DAY_MS) / YEAR_MS;
    const wing = 0.2 * Math.sqrt(theta);
    return { expiryMs: atMs + days * DAY_MS, forward: index * 1.01, theta, u: wing, l: wing };
  });
  return { atMs, index, knots };
}

function monthVolatility(slices: ReturnType<typeof surfaceByRule>, atMs: number): number {
  const [slice] = slices;
  if (slice === undefined) throw new Error('no slice');
  return Math.sqrt((slice.theta * YEAR_MS) / (slice.expiryMs - atMs));
}

describe('the fit', () => {
  test('finds the rule that made the surfaces', () => {
    const indexes = [80_000, 76_000, 77_000, 70_000, 72_000, 64_000];
    const surfaces = indexes.map((index, i) =>
      surface(
        START + i * 6 * 3_600_000,
        index,
        (days) => 0.5 * (80_000 / index) ** beta(RULE, days * DAY_MS),
      ),
    );
    const { rule, tenors } = fitRule(surfaces);
    expect(rule.betaMonth).toBeCloseTo(RULE.betaMonth, 2);
    expect(rule.power).toBeCloseTo(RULE.power, 2);
    for (const { r2 } of tenors) expect(r2).toBeGreaterThan(0.99);
  });

  test('refuses too few chains, and volatility that falls with prices', () => {
    expect(() => fitRule([])).toThrow('three chains');
    const falling = [80_000, 76_000, 70_000].map((index, i) =>
      surface(START + i * DAY_MS, index, () => 0.5 * (index / 80_000)),
    );
    expect(() => fitRule(falling)).toThrow('does not rise');
  });
});

describe('the rule', () => {
  const before = surface(START, 80_000, () => 0.5);
  const after = surface(START + DAY_MS / 4, 70_000, () => 0.8);
  const at = (atMs: number, index: number): number => {
    const expiriesMs = [atMs + 30 * DAY_MS];
    return monthVolatility(
      surfaceByRule(RULE, { before, after }, { atMs, index, expiriesMs }),
      atMs,
    );
  };

  test('is exact at the chain before and at the one after', () => {
    expect(at(before.atMs, before.index)).toBeCloseTo(0.5, 9);
    expect(at(after.atMs, after.index)).toBeCloseTo(0.8, 9);
  });

  test('bends the path between by β', () => {
    const middle = START + DAY_MS / 8;
    const onLine = Math.sqrt(80_000 * 70_000);
    expect(at(middle, onLine)).toBeCloseTo(Math.sqrt(0.5 * 0.8), 9);
    const fallen = at(middle, onLine * Math.exp(-0.1));
    expect(fallen / Math.sqrt(0.5 * 0.8)).toBeCloseTo(Math.exp(0.1 * RULE.betaMonth), 9);
  });

  test('keeps volatilities bounded, and short ones above long ones in a fall', () => {
    const expiriesMs = [START + DAY_MS, START + 90 * DAY_MS];
    const anchors = { before, after: undefined };
    const fallen = surfaceByRule(RULE, anchors, { atMs: START, index: 50_000, expiriesMs });
    const [short = 0, long = 0] = fallen.map(({ theta, expiryMs }) =>
      Math.sqrt((theta * YEAR_MS) / (expiryMs - START)),
    );
    expect(short).toBeGreaterThan(long);
    expect(long).toBeGreaterThan(0.5);
    const ruined = surfaceByRule(RULE, anchors, { atMs: START, index: 100, expiriesMs });
    expect(monthVolatility(ruined, START)).toBeCloseTo(MOST_VOLATILITY, 9);
  });

  test('a calm chain moved to another day has the level asked for', () => {
    const moved = movedSurface(before, { atMs: 0, index: 5_000, monthVolatility: 0.9 });
    const slices = surfaceByRule(
      RULE,
      { before: moved, after: undefined },
      { atMs: 0, index: 5_000, expiriesMs: [30 * DAY_MS] },
    );
    expect(monthVolatility(slices, 0)).toBeCloseTo(0.9, 6);
    expect(slices[0]?.forward).toBeCloseTo(5_050, 6);
  });
});
