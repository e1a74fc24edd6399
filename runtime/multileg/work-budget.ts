/**
 * What matches of combos may cost one block beyond the weight of their orders: a budget of margin
 * checks and looks at legs' books.
 *
 * Source: design/chain.md §1, "its own budget per block". An order does not say whether its instrument
 * is a combo, nor a book whether combos make prices in it, so no static weight can. What is spent is
 * spent whether the order is accepted or not. Without budget combo orders are refused and outright
 * orders meet outright orders alone.
 *
 * Invariant: a function of the block's own order of execution; nothing is carried from block to block.
 */
import type { BlockContext } from '../block-context.ts';
import { MAX_MULTILEG_WORK_PER_BLOCK } from '../limits.ts';

/** Whether anything is left in this block. O(1). */
export function hasWorkLeft({ multilegWork }: BlockContext): boolean {
  return multilegWork.spent < MAX_MULTILEG_WORK_PER_BLOCK;
}

/** Spends one unit, about 25 µs. O(1). */
export function spendWork({ multilegWork }: BlockContext): void {
  multilegWork.spent += 1;
}
