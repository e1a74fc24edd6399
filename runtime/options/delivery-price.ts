/**
 * The delivery price: the mean of a settlement window's slots.
 *
 * Source: design/exchange.md §5. A missing slot carries the last sample, those before the first
 * sample carry that one. The mean is rounded half up to a grid of `optionLotsPerCoin` micro-USD;
 * strikes lie on it too, so every payoff per lot is a whole number of micro-USD.
 */
import { mulDivFloor } from '../core/math.ts';
import { assert } from '../core/result.ts';
import type { SettlementWindow } from './settlement.ts';

/** Slots that hold a sample of their own. O(slots). */
export function sampledSlots(window: SettlementWindow): number {
  return window.samples.reduce((count, sample) => (sample === 0 ? count : count + 1), 0);
}

/** Sum of slots 0 to `samples.length − 1`, the missing ones carried. O(slots). */
function carriedSum(samples: readonly number[]): bigint {
  let last = samples.find((sample) => sample !== 0) ?? 0;
  let sum = 0n;
  for (const sample of samples) {
    if (sample !== 0) last = sample;
    sum += BigInt(last);
  }
  return sum;
}

/**
 * The delivery price to expect, in micro-USD: slots so far, and `forward` for those still open.
 * O(slots).
 */
export function expectedDelivery(window: SettlementWindow, forward: number): number {
  const open = BigInt(window.slots - window.samples.length);
  const sum = carriedSum(window.samples) + open * BigInt(forward);
  return Math.max(1, Number(mulDivFloor(sum, 1n, BigInt(window.slots))));
}

/**
 * The delivery price of a window with at least one sample, in micro-USD: a multiple of
 * `gridMicroUsd`, at least that. O(slots).
 */
export function deliveryPrice(window: SettlementWindow, gridMicroUsd: number): number {
  const { samples, slots } = window;
  const last = samples.at(-1);
  assert(last !== undefined, 'a settlement window without a sample has no delivery price');
  const sum = carriedSum(samples) + BigInt(slots - samples.length) * BigInt(last);
  const grid = BigInt(gridMicroUsd);
  const steps = mulDivFloor(2n * sum + BigInt(slots) * grid, 1n, 2n * BigInt(slots) * grid);
  return Number(steps > 0n ? steps : 1n) * gridMicroUsd;
}
