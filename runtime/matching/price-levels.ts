/**
 * The prices of one side of a book in order, with the queue of orders at each.
 *
 * Levels stand in short sorted runs, best price last: the best is read in O(1), a price near it is
 * inserted or removed in the last run, and a price anywhere costs a binary search and the shift of
 * at most `RUN_LEVELS` references, however many prices there are. A price is found by a `Map`.
 * A level that empties is kept for the next price: no level is allocated in the steady state.
 *
 * Invariants: ranks ascend through all runs; no run is empty; no level is empty.
 */
import { assert } from '../core/result.ts';
import type { PriceTicks } from '../core/units.ts';
import type { RestingOrder } from './order.ts';

/** One price: its queue, first come first served. */
export type PriceLevel = {
  price: PriceTicks;
  /** Greater is better: the price of a bid, the negated price of an ask. */
  rank: number;
  head: RestingOrder | undefined;
  tail: RestingOrder | undefined;
  /** Sum of the open lots. */
  lots: number;
  orders: number;
};

export type PriceLevels = {
  readonly byPrice: Map<PriceTicks, PriceLevel>;
  readonly runs: PriceLevel[][];
  /** Levels without a price, to be used again: at most as many as ever stood at one time. */
  readonly spare: PriceLevel[];
};

/** A full run of 64 is split: 512 bytes of references, moved in a few tens of ns. */
const RUN_LEVELS = 64;

export function priceLevels(): PriceLevels {
  return { byPrice: new Map(), runs: [], spare: [] };
}

/** The level that trades first, or `undefined` when the side is empty. O(1). */
export function bestLevel(levels: PriceLevels): PriceLevel | undefined {
  const run = levels.runs[levels.runs.length - 1];
  return run === undefined ? undefined : run[run.length - 1];
}

/** The next worse level than `level`. O(log levels). */
export function worseLevel(levels: PriceLevels, level: PriceLevel): PriceLevel | undefined {
  const { runs } = levels;
  const at = runIndex(runs, level.rank);
  const run = runs[at];
  assert(run !== undefined, 'a level stands in a run');
  const position = positionIn(run, level.rank);
  if (position > 0) return run[position - 1];
  const worse = runs[at - 1];
  return worse === undefined ? undefined : worse[worse.length - 1];
}

/** Index of the last run whose first rank is at most `rank`; 0 when there is none. */
function runIndex(runs: readonly PriceLevel[][], rank: number): number {
  const last = runs.length - 1;
  const first = runs[last]?.[0];
  // Most changes are near the best price.
  if (first === undefined || first.rank <= rank) return last < 0 ? 0 : last;
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const head = runs[middle]?.[0];
    if (head !== undefined && head.rank <= rank) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Number of levels of `run` below `rank`. */
function positionIn(run: readonly PriceLevel[], rank: number): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const level = run[middle];
    if (level !== undefined && level.rank < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}

function freshLevel(levels: PriceLevels, price: PriceTicks, rank: number): PriceLevel {
  const level = levels.spare.pop();
  if (level === undefined) {
    return { price, rank, head: undefined, tail: undefined, lots: 0, orders: 0 };
  }
  level.price = price;
  level.rank = rank;
  return level;
}

/** The level of `price`, made when there is none. */
export function levelAt(levels: PriceLevels, price: PriceTicks, rank: number): PriceLevel {
  const existing = levels.byPrice.get(price);
  if (existing !== undefined) return existing;
  const level = freshLevel(levels, price, rank);
  levels.byPrice.set(price, level);
  const { runs } = levels;
  const at = runIndex(runs, rank);
  const run = runs[at];
  if (run === undefined) {
    runs.push([level]);
    return level;
  }
  run.push(level);
  for (let i = run.length - 1; i > 0; i--) {
    const before = run[i - 1];
    if (before === undefined || before.rank < rank) break;
    run[i] = before;
    run[i - 1] = level;
  }
  if (run.length === RUN_LEVELS) runs.splice(at + 1, 0, run.splice(RUN_LEVELS / 2));
  return level;
}

/** Takes a level without orders out; the caller forgets it. */
export function dropLevel(levels: PriceLevels, level: PriceLevel): void {
  levels.byPrice.delete(level.price);
  const { runs } = levels;
  const at = runIndex(runs, level.rank);
  const run = runs[at];
  assert(run !== undefined, 'a level stands in a run');
  const position = positionIn(run, level.rank);
  assert(run[position] === level, 'a level stands at its rank');
  run.copyWithin(position, position + 1);
  run.pop();
  if (run.length === 0) runs.splice(at, 1);
  levels.spare.push(level);
}

/** Every level, best first. O(levels). */
export function* levelsFromBest(levels: PriceLevels): IterableIterator<PriceLevel> {
  for (let i = levels.runs.length - 1; i >= 0; i--) {
    const run = levels.runs[i] ?? [];
    for (let j = run.length - 1; j >= 0; j--) {
      const level = run[j];
      if (level !== undefined) yield level;
    }
  }
}
