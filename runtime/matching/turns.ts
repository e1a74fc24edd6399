/**
 * How many resting orders an incoming one may meet: what its weight pays for (`runtime/weights.ts`).
 *
 * Each turn of a resting order is a fill of a lot or more, or closes an order that cannot trade (its
 * owner's, one whose time is over, one without capacity). So an order needs no more turns than it has
 * lots, and some to spare for those that close. Where the turns end, so does the order: what is open
 * of it does not rest, and a FOK order is refused.
 */
import { POST_ONLY, TIME_IN_FORCE } from '../actions/order-terms.ts';
import type { PlaceOrder } from '../actions/orders.ts';
import { MAX_FILLS_OF_RESTING_ORDER, MAX_FILLS_PER_ORDER, SPARE_TURNS } from '../limits.ts';

/** Whether what is left of an order rests. */
export function canRest({ timeInForce }: Pick<PlaceOrder, 'timeInForce'>): boolean {
  return timeInForce !== TIME_IN_FORCE.ioc && timeInForce !== TIME_IN_FORCE.fok;
}

/** An order that takes nobody looks at one order that is not the one it replaces. */
const POST_ONLY_TURNS = 2;

/** Turns that an order may meet: a function of its terms alone, so that its weight is one too. */
export function mostTurns(order: Pick<PlaceOrder, 'timeInForce' | 'postOnly' | 'size'>): number {
  if (order.postOnly !== POST_ONLY.none) return POST_ONLY_TURNS;
  const cap = canRest(order) ? MAX_FILLS_OF_RESTING_ORDER : MAX_FILLS_PER_ORDER;
  const needed = order.size + SPARE_TURNS;
  return needed < cap ? needed : cap;
}

/** An order that meets nobody, and each resting order that it meets. */
const ORDER_WEIGHT = 20;
const TURN_WEIGHT = 2;

/** Weight of an order that enters: placed, amended, replaced, fired. One unit is about 1 µs. */
export function orderWeight(order: Parameters<typeof mostTurns>[0]): number {
  return ORDER_WEIGHT + TURN_WEIGHT * mostTurns(order);
}
