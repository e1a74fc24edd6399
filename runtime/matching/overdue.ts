/**
 * Whether an order's time is over though it still rests: a block closes a bounded number of orders
 * whose `expiresAt` has come, and what is left for the next must not trade in this one.
 */
import type { Order } from './order.ts';

/** True from `expiresAt` on. O(1). */
export function isOverdue({ expiresAt }: Pick<Order, 'expiresAt'>, now: number): boolean {
  return expiresAt !== 0 && expiresAt <= now;
}
