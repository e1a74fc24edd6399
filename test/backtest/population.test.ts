/** The accounts of a back-test: who holds what against whom. */
import { expect, test } from 'vitest';
import { newStage } from '../../backtest/manipulate/stage.ts';
import { type DrawnAccount, drawAccounts } from '../../backtest/population.ts';
import type { InstrumentId } from '../../runtime/core/units.ts';

const { listing } = newStage(0);
const accounts = drawAccounts([listing], 500, 7);
const deltas = new Map<InstrumentId, number>(
  listing.expiries.flatMap(({ series }) => series.map(({ id, delta }) => [id, delta] as const)),
);
deltas.set(listing.perpetual, 1 / listing.perpetualLots);

function deltaOf({ holding }: DrawnAccount, withPerpetual: boolean): number {
  let sum = 0;
  for (const [id, lots] of holding) {
    if (withPerpetual || id !== listing.perpetual) sum += lots * (deltas.get(id) ?? 0);
  }
  return sum;
}

test('lots of every instrument sum to zero', () => {
  const sums = new Map<InstrumentId, number>();
  for (const { holding } of accounts) {
    for (const [id, lots] of holding) sums.set(id, (sums.get(id) ?? 0) + lots);
  }
  expect(sums.size).toBeGreaterThan(50);
  expect([...sums.values()].filter((sum) => sum !== 0)).toEqual([]);
});

test('kinds hold what their names say, at 50 to 100 % of their collateral', () => {
  for (const { kind, holding, use } of accounts) {
    expect(use).toBeGreaterThanOrEqual(0.5);
    expect(use).toBeLessThanOrEqual(1);
    if (kind === 'naked') for (const lots of holding.values()) expect(lots).toBeLessThan(0);
    if (kind === 'hedger') expect(holding.get(listing.perpetual)).toBeGreaterThan(0);
  }
});

test('makers hedge most of the delta of their options', () => {
  const makers = accounts.filter(({ kind }) => kind === 'maker');
  const size = (withPerpetual: boolean): number =>
    makers.reduce((sum, maker) => sum + Math.abs(deltaOf(maker, withPerpetual)), 0);
  expect(makers.length).toBe(40);
  expect(size(true)).toBeLessThan(0.3 * size(false));
});

test('the same seed draws the same accounts, another draws others', () => {
  const again = drawAccounts([listing], 500, 7);
  expect(again.map(({ holding }) => [...holding])).toEqual(
    accounts.map(({ holding }) => [...holding]),
  );
  const others = drawAccounts([listing], 500, 8);
  expect(others.map(({ use }) => use)).not.toEqual(accounts.map(({ use }) => use));
});
