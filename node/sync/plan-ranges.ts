/**
 * Which heights to ask for next, from what is here and what is under way. Pure: called whenever
 * something changed, so a request that failed is simply planned again.
 */

/** Heights `from` to `to`, both included. */
export type Range = { readonly from: number; readonly to: number };

export type Plan = {
  /** Lowest height that is not delivered. */
  readonly next: number;
  /** Highest height worth asking for. */
  readonly target: number;
  /** What is here or under way; in any order, may overlap. */
  readonly taken: readonly Range[];
  /** Heights above `next` that may be asked for or kept: the memory that prefetching may use. */
  readonly windowBlocks: number;
  /** Blocks of one request. */
  readonly maxBlocks: number;
};

/** The gaps of the window, ascending, in pieces of at most `maxBlocks`. */
export function planRanges(plan: Plan): Range[] {
  const { next, target, windowBlocks, maxBlocks } = plan;
  const last = Math.min(target, next + windowBlocks - 1);
  const taken = [...plan.taken].sort((a, b) => a.from - b.from);
  const ranges: Range[] = [];
  const fill = (from: number, to: number): void => {
    for (let at = from; at <= to; at += maxBlocks) {
      ranges.push({ from: at, to: Math.min(to, at + maxBlocks - 1) });
    }
  };
  let cursor = next;
  for (const { from, to } of taken) {
    fill(cursor, Math.min(last, from - 1));
    cursor = Math.max(cursor, to + 1);
  }
  fill(cursor, last);
  return ranges;
}
