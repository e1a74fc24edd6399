/** What it costs to move marks by quotes, and what can be had for it (backtest/manipulate/surface-pull.ts). */
import { describe, expect, test } from 'vitest';
import {
  PULL_RULES,
  type PullStrategy,
  playPull,
  pullCases,
  vegaPerPoint,
} from '../../backtest/manipulate/surface-pull.ts';

const AT_THE_MONEY: PullStrategy = {
  forwardUsd: 60_000,
  years: 30 / 365,
  volatility: 0.5,
  edgePoints: 2,
  hitAfterMs: 10_000,
  positionCoins: 1,
  durationMs: 600_000,
};

describe('quotes away from fair value', () => {
  const played = pullCases().map((strategy) => ({ strategy, ...playPull(strategy, PULL_RULES) }));

  test('move no mark by more than two points, or half a point a minute', () => {
    for (const { strategy, offsetPoints } of played) {
      expect(Math.abs(offsetPoints)).toBeLessThanOrEqual(
        Math.min(2, Math.abs(strategy.edgePoints)),
      );
      const minute = playPull({ ...strategy, durationMs: 60_000 }, PULL_RULES);
      expect(Math.abs(minute.offsetPoints)).toBeLessThanOrEqual(0.5);
    }
    // The bound is reached by one whom nobody answers, so that the above is no empty truth.
    expect(Math.max(...played.map(({ offsetPoints }) => offsetPoints))).toBe(2);
  });

  test('move nothing where others answer within the time that a quote must rest', () => {
    for (const { strategy, offsetPoints, costUsd } of played) {
      if (strategy.hitAfterMs > PULL_RULES.restMs) continue;
      expect(offsetPoints).toBe(0);
      expect(costUsd).toBeGreaterThan(0);
    }
  });

  test('cost something wherever anybody answers, and nothing can be taken out for it', () => {
    for (const { strategy, hits, costUsd, extractableUsd } of played) {
      expect(extractableUsd).toBe(0);
      if (strategy.hitAfterMs === Infinity) continue;
      expect(hits).toBeGreaterThan(0);
      expect(costUsd).toBeGreaterThan(extractableUsd);
    }
  });

  test('an answer every ten seconds leaves the mark where it was, at a price', () => {
    const { hits, costUsd, breakEvenCoins, offsetPoints } = playPull(AT_THE_MONEY, PULL_RULES);
    // Sixty answers in ten minutes, each at two points of vega (about $68) of 1.67 coins, and $10 of fees.
    expect(hits).toBe(60);
    const perHit = (100_000 / 60_000) * 2 * vegaPerPoint(AT_THE_MONEY) + 10;
    expect(Math.abs(costUsd / (60 * perHit) - 1)).toBeLessThan(0.01);
    // Five seconds of ten it rises, five it decays: it does not get anywhere.
    expect(offsetPoints).toBeLessThan(0.1);
    expect(breakEvenCoins === undefined || breakEvenCoins > 20).toBe(true);
  });

  test('the initial margin of a short is many times what the mark can be moved by', () => {
    for (const years of [1 / 365, 30 / 365, 1, 4]) {
      const vega = vegaPerPoint({ ...AT_THE_MONEY, years });
      expect((0.15 * 60_000) / (2 * vega)).toBeGreaterThan(9);
    }
  });
});
