/**
 * The delivery price: the mean of a settlement window's slots.
 *
 * Source: design/exchange.md §5. A missing slot carries the last sample, those before the first
 * sample carry that one. The mean is rounded half up to a grid of `optionLotsPerCoin` micro-USD;
 * strikes lie on it too, so every payoff per lot is a whole number of micro-USD. Shared with
 * clients, who recompute it from proved samples.
 */
import { mulDivFloor } from '../core/math.ts';
import { assert } from '../core/result.ts';
import type { SettlementWindow } from './settlement.ts';

/** What of a window its price is made of. */
export type WindowSums = Pick<
  SettlementWindow,
  'slots' | 'decided' | 'sampled' | 'sum' | 'lastSample'
>;

/** The sums of samples in micro-USD by slot, 0 where one is missing. O(samples). */
export function windowSums(samples: readonly number[], slots: number): WindowSums {
  let lastSample = samples.find((sample) => sample !== 0) ?? 0;
  let [sum, carried, decided, sampled] = [0n, 0n, 0, 0];
  for (const [slot, sample] of samples.entries()) {
    if (sample === 0) {
      carried += BigInt(lastSample);
      continue;
    }
    lastSample = sample;
    sum += carried + BigInt(sample);
    carried = 0n;
    decided = slot + 1;
    sampled += 1;
  }
  return { slots, decided, sampled, sum, lastSample };
}

/**
 * The delivery price to expect, in micro-USD: slots so far, and `forward` for those still open. O(1).
 */
export function expectedDelivery(window: WindowSums, forward: number): number {
  const open = BigInt(window.slots - window.decided);
  const sum = window.sum + open * BigInt(forward);
  return Math.max(1, Number(mulDivFloor(sum, 1n, BigInt(window.slots))));
}

/**
 * The delivery price of a window with at least one sample, in micro-USD: a multiple of
 * `gridMicroUsd`, at least that. O(1).
 */
export function deliveryPrice(window: WindowSums, gridMicroUsd: number): number {
  const { sum, decided, lastSample, slots } = window;
  assert(window.sampled > 0, 'a settlement window without a sample has no delivery price');
  const total = sum + BigInt(slots - decided) * BigInt(lastSample);
  const grid = BigInt(gridMicroUsd);
  const steps = mulDivFloor(2n * total + BigInt(slots) * grid, 1n, 2n * BigInt(slots) * grid);
  return Number(steps > 0n ? steps : 1n) * gridMicroUsd;
}
