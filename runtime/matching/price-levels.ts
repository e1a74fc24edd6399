/**
 * The prices of one side of a book in order, with the queue of orders at each.
 *
 * Levels stand in short sorted runs, best price last, their ranks beside them as plain numbers: the
 * best is read in O(1), a price near it is found, inserted or removed at the end of the last run, and
 * a price anywhere costs a binary search over runs and a scan and shift of at most `RUN_LEVELS`
 * numbers, however many prices there are. A scan from the end is faster there than a search by halves:
 * the processor predicts it. A level that empties is kept for the next price: no level is allocated in
 * the steady state.
 *
 * Invariants: ranks ascend through all runs; `ranks[i]` is the rank of `levels[i]`; no run is empty
 * but the only one of an empty side; no level is empty; `best` is the last level of the last run.
 */
import { assert } from '../core/result.ts';
import type { PriceTicks } from '../core/units.ts';
import type { RestingOrder } from './order.ts';

/** One price: its queue, first come first served. */
export type PriceLevel = {
  price: PriceTicks;
  /** Greater is better: the price of a bid, the negated price of an ask. */
  rank: number;
  /** The side of a book that it is of, for good. */
  readonly among: PriceLevels;
  head: RestingOrder | undefined;
  tail: RestingOrder | undefined;
  /** Sum of the open lots. */
  lots: number;
  orders: number;
};

type Run = { readonly ranks: number[]; readonly levels: PriceLevel[] };

export type PriceLevels = {
  best: PriceLevel | undefined;
  readonly runs: Run[];
  /** Levels without a price, to be used again: at most as many as ever stood at one time. */
  readonly spare: PriceLevel[];
};

/** A full run of 64 is split: 512 bytes of ranks, scanned in a few tens of ns. */
const RUN_LEVELS = 64;

export function priceLevels(): PriceLevels {
  return { best: undefined, runs: [{ ranks: [], levels: [] }], spare: [] };
}

/** The level that trades first, or `undefined` when the side is empty. O(1). */
export function bestLevel({ best }: PriceLevels): PriceLevel | undefined {
  return best;
}

/** The next worse level than `level`. O(1) for the best, else O(log levels). */
export function worseLevel(level: PriceLevel): PriceLevel | undefined {
  const { runs } = level.among;
  const at = runIndex(runs, level.rank);
  const run = runAt(runs, at);
  const position = positionIn(run, level.rank);
  return position > 0 ? run.levels[position - 1] : runs[at - 1]?.levels.at(-1);
}

function runAt(runs: readonly Run[], at: number): Run {
  const run = runs[at];
  assert(run !== undefined, 'a level stands in a run');
  return run;
}

/** The last level of the last run. */
function lastLevel(runs: readonly Run[]): PriceLevel | undefined {
  const last = runs[runs.length - 1];
  return last === undefined ? undefined : last.levels[last.levels.length - 1];
}

/** Index of the last run whose first rank is at most `rank`; 0 when there is none. */
function runIndex(runs: readonly Run[], rank: number): number {
  const last = runs.length - 1;
  // Most changes are near the best price.
  if (last === 0 || firstRank(runs, last) <= rank) return last;
  let low = 0;
  let high = last - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firstRank(runs, middle) <= rank) low = middle;
    else high = middle - 1;
  }
  return low;
}

function firstRank(runs: readonly Run[], at: number): number {
  return runs[at]?.ranks[0] ?? -Infinity;
}

/** Number of levels of a run below `rank`. */
function positionIn({ ranks }: Run, rank: number): number {
  let position = ranks.length;
  while (position > 0 && (ranks[position - 1] ?? rank) >= rank) position -= 1;
  return position;
}

function freshLevel(levels: PriceLevels, price: PriceTicks, rank: number): PriceLevel {
  const level = levels.spare.pop();
  if (level === undefined) {
    return { price, rank, among: levels, head: undefined, tail: undefined, lots: 0, orders: 0 };
  }
  level.price = price;
  level.rank = rank;
  return level;
}

/** Puts a level at a position of a run; those from there on move up by one. */
function insertAt({ ranks, levels }: Run, position: number, level: PriceLevel): void {
  ranks.push(level.rank);
  levels.push(level);
  for (let i = levels.length - 1; i > position; i--) {
    ranks[i] = ranks[i - 1] ?? level.rank;
    levels[i] = levels[i - 1] ?? level;
  }
  ranks[position] = level.rank;
  levels[position] = level;
}

/** Takes out the level at a position of a run; those behind it move down by one. */
function removeAt({ ranks, levels }: Run, position: number): void {
  for (let i = position + 1; i < levels.length; i++) {
    const level = levels[i];
    if (level === undefined) break;
    ranks[i - 1] = ranks[i] ?? level.rank;
    levels[i - 1] = level;
  }
  ranks.pop();
  levels.pop();
}

/** The best level that is at `price` or worse. O(log levels). */
export function levelNotBetter(levels: PriceLevels, price: PriceTicks): PriceLevel | undefined {
  const { best, runs } = levels;
  if (best === undefined) return undefined;
  const rank = best.rank === best.price ? price : -price;
  const at = runIndex(runs, rank);
  const run = runAt(runs, at);
  const position = positionIn(run, rank);
  const existing = run.levels[position];
  if (existing?.rank === rank) return existing;
  return position > 0 ? run.levels[position - 1] : runs[at - 1]?.levels.at(-1);
}

/** The level of `price`, made when there is none. */
export function levelAt(levels: PriceLevels, price: PriceTicks, rank: number): PriceLevel {
  const { best, runs } = levels;
  if (best !== undefined && best.rank === rank) return best;
  const at = runIndex(runs, rank);
  const run = runAt(runs, at);
  const position = positionIn(run, rank);
  const existing = run.levels[position];
  if (existing !== undefined && existing.rank === rank) return existing;
  const level = freshLevel(levels, price, rank);
  insertAt(run, position, level);
  if (best === undefined || rank > best.rank) levels.best = level;
  if (run.levels.length === RUN_LEVELS) {
    const half = RUN_LEVELS / 2;
    runs.splice(at + 1, 0, { ranks: run.ranks.splice(half), levels: run.levels.splice(half) });
  }
  return level;
}

/** Takes a level without orders out; the caller forgets it. */
export function dropLevel(level: PriceLevel): void {
  const { among: levels } = level;
  const { runs } = levels;
  const at = runIndex(runs, level.rank);
  const run = runAt(runs, at);
  const position = positionIn(run, level.rank);
  assert(run.levels[position] === level, 'a level stands at its rank');
  removeAt(run, position);
  if (run.levels.length === 0 && runs.length > 1) runs.splice(at, 1);
  if (levels.best === level) levels.best = lastLevel(runs);
  levels.spare.push(level);
}

/** Every level, best first. O(levels). */
export function* levelsFromBest({ runs }: PriceLevels): IterableIterator<PriceLevel> {
  for (let i = runs.length - 1; i >= 0; i--) {
    const { levels } = runAt(runs, i);
    for (let j = levels.length - 1; j >= 0; j--) {
      const level = levels[j];
      if (level !== undefined) yield level;
    }
  }
}
