/** A made-up crash day on the chain, with few accounts. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ParameterSet } from '../../backtest/exchange.ts';
import { PARAMETER_SETS } from '../../backtest/parameter-sets.ts';
import { type DayResult, playDay } from '../../backtest/play-day.ts';
import { splitLots } from '../../backtest/population.ts';
import type { Replay } from '../../backtest/replay.ts';
import { dayProblems } from '../../backtest/report.ts';
import { tablesOf } from '../../backtest/tables.ts';

const START = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE;
const STEPS = 8;

/** Falls by so much in eight steps of a minute, while volatility rises from 60 to 120 %. */
function fallBy(share: number): Replay {
  const progress = (atMs: number): number =>
    Math.min(1, Math.max(0, (atMs - START) / (STEPS * MINUTE)));
  return {
    name: 'made up',
    fromMs: START,
    toMs: START + STEPS * MINUTE,
    underlyings: ['BTC', 'ETH'],
    times: Array.from({ length: STEPS + 1 }, (_, n) => START + n * MINUTE),
    at: (name, atMs, expiriesMs) => {
      const index = (name === 'BTC' ? 60_000 : 3_000) * (1 - share * progress(atMs));
      const volatility = 0.6 * (1 + progress(atMs));
      const slices = expiriesMs.map((expiryMs) => {
        const theta = (volatility ** 2 * (expiryMs - atMs)) / YEAR_MS;
        const wing = 0.4 * Math.sqrt(theta);
        return { expiryMs, forward: index, theta, u: wing, l: wing };
      });
      return { index, slices };
    },
  };
}

function setNamed(name: string): ParameterSet {
  const found = PARAMETER_SETS.find((set) => set.name === name);
  if (found === undefined) throw new Error(`no set ${name}`);
  return found;
}

function play(set: string, share: number, insuranceUsd = 500_000): DayResult {
  const options = { accounts: 60, seed: 3, insuranceUsd, progress: () => undefined };
  return playDay(fallBy(share), setNamed(set), options);
}

describe('a day', () => {
  let calm: DayResult;
  let crash: DayResult;

  beforeAll(() => {
    calm = play('default', 0.001);
    crash = play('default', 0.3);
  }, 60_000);

  test('on which nothing happens costs nobody anything', () => {
    expect(calm.accounts).toBe(60);
    expect(calm.bad_debt_usd).toBe(0);
    expect(calm.insurance_used_usd).toBe(0);
    expect(calm.deleveraged_usd).toBe(0);
  });

  test('gives every kind its accounts, and collateral above the margin they hold', () => {
    const { maker, hedger, naked, punter } = calm.kinds;
    const counts = [maker, hedger, naked, punter].map(({ accounts }) => accounts);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
    for (const count of counts) expect(count).toBeGreaterThan(3);
    expect(calm.equity_usd).toBeGreaterThan(calm.maintenance_usd);
    expect(calm.portfolio_mode_accounts).toBeGreaterThan(0);
  });

  test('of a crash is counted: liquidated accounts, slices taken, debts and who bore them', () => {
    expect(crash.index_fall).toEqual({ BTC: -0.3, ETH: -0.3 });
    expect(crash.liquidated_accounts).toBeGreaterThan(10);
    expect(crash.taken_usd).toBeGreaterThan(0);
    expect(crash.insurance_fees_usd).toBeGreaterThan(0);
    const { bad_debt_usd: debt, insurance_used_usd: insured } = crash;
    const borne = insured + crash.deleverage_loss_usd + crash.socialised_usd;
    expect(Math.abs(debt - borne)).toBeLessThanOrEqual(2);
    expect(crash.insurance_used_share_of_mm).toBeCloseTo(insured / crash.maintenance_usd, 5);
    // Sellers of naked options pay for it.
    expect(crash.kinds.naked.equity_after_usd).toBeLessThan(crash.kinds.naked.equity_before_usd);
  });

  test('is the same twice', () => {
    expect({ ...play('default', 0.001), seconds: 0 }).toEqual({ ...calm, seconds: 0 });
  });

  test('without liquidators has none taken; under standard margin nobody is in portfolio mode', () => {
    expect(play('no-liquidators', 0.15).taken_usd).toBe(0);
    expect(play('standard', 0.001).portfolio_mode_accounts).toBe(0);
  });

  test('and a strategy stand in tables, a row each', () => {
    const outcome = {
      strategy: 'bluff',
      case: 'a million',
      means: { stake: 0, usd: 1e6 },
      gainUsd: 1_234,
      costUsd: 5_678,
      note: 'none',
    };
    const text = tablesOf({ results: [calm, crash, outcome] });
    expect(text).toContain(`| made up | default | 60 | ${(-30).toFixed(1)} % |`);
    expect(text).toContain('| bluff | a million | 1,234 | 5,678 | none |');
    expect(text.split('\n').filter((line) => line.startsWith('| made up'))).toHaveLength(4);
  });

  test('that breaks its promise under default parameters is reported', () => {
    expect(dayProblems(calm)).toEqual([]);
    const broken = { ...calm, socialised_usd: 5, insurance_used_share_of_mm: 0.06 };
    expect(dayProblems(broken)).toHaveLength(2);
    expect(dayProblems({ ...broken, set: 'standard' })).toEqual([]);
  });
}, 60_000);

test('lots split by weights sum to what was split', () => {
  expect(splitLots(-10, [1, 1, 2])).toEqual([-3, -2, -5]);
  for (const lots of [1, 7, 1_000, -13]) {
    const parts = splitLots(lots, [0.3, 5, 0.01, 2]);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(lots);
  }
});
