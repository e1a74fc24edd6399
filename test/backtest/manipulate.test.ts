/** Strategies of manipulation: each is priced, and less than a third of the stake does not pay. */
import { describe, expect, test } from 'vitest';
import { dodgerLoss } from '../../backtest/manipulate/deleveraging-dodge.ts';
import { paidByFund } from '../../backtest/manipulate/insolvent-pair.ts';
import { medianShift } from '../../backtest/manipulate/median-shift.ts';
import { allOutcomes } from '../../backtest/manipulate/outcomes.ts';
import { SAFE_STAKE, STAKES, strategyProblems } from '../../backtest/manipulate/strategy.ts';

const STRATEGIES = [
  'mark pump plus portfolio credit',
  'funding pump',
  'time-weighted push',
  'vote omission',
  'trigger ladder',
  'self-made insolvency',
  'deleveraging dodge',
  'batch size inflation',
];

describe('strategies', () => {
  const outcomes = allOutcomes();

  test('are all priced, at every share of the stake', () => {
    expect([...new Set(outcomes.map(({ strategy }) => strategy))]).toEqual(STRATEGIES);
    for (const name of STRATEGIES) {
      const stakes = outcomes
        .filter(({ strategy, means }) => strategy === name && means.stake > 0)
        .map(({ means }) => means.stake);
      expect(stakes).toEqual(STAKES);
    }
  });

  test('gain less than they cost below a third of the stake', () => {
    expect(strategyProblems(outcomes)).toEqual([]);
    for (const { gainUsd, costUsd, means } of outcomes) {
      expect(gainUsd).toBeGreaterThanOrEqual(0);
      expect(costUsd).toBeGreaterThan(0);
      if (means.stake > 0) expect(means.stake).toBeLessThan(SAFE_STAKE);
    }
  });

  test('that would pay are named', () => {
    const [one] = outcomes;
    if (one === undefined) throw new Error('nothing is priced');
    const paying = { ...one, means: { stake: 0.3, usd: 0 }, gainUsd: 10, costUsd: 10 };
    expect(strategyProblems([paying])).toHaveLength(1);
    expect(strategyProblems([{ ...paying, means: { stake: 0.4, usd: 0 } }])).toEqual([]);
  });
}, 60_000);

describe('what the figures rest on', () => {
  test('a median stays among honest votes until half of the weight lies', () => {
    const shifts = [...STAKES, 0.45].map(medianShift);
    for (const [i, shift] of shifts.entries()) {
      if (i > 0) expect(shift).toBeGreaterThan(shifts[i - 1] ?? 0);
      expect(shift).toBeLessThan(2);
    }
    expect(medianShift(0.51)).toBeGreaterThan(100);
  });

  test('the fund pays for a hole only when the index jumps past the margin at once', () => {
    expect(paidByFund(0.093, 'standard')).toBe(0);
    expect(paidByFund(0.093, 'portfolio')).toBe(0);
    // A tenth of the fund in an hour, and no more.
    expect(paidByFund(0.4, 'standard')).toBe(1_000_000);
  });

  test('deleveraging costs the dodger something, and as much when its account is split', () => {
    const plain = dodgerLoss('none');
    expect(plain).toBeGreaterThan(1_000);
    expect(Math.abs(dodgerLoss('split') / plain - 1)).toBeLessThan(0.01);
    // Rank goes by leverage: less of it is what it asks for.
    expect(dodgerLoss('collateral')).toBeLessThan(plain / 2);
  });
}, 60_000);
