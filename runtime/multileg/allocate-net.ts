/**
 * A net price spread over its legs: each at its mark, the remainder on the leg of largest vega.
 *
 * Source: design/exchange.md §2. Invariants: premiums are not negative and their signed sum is the
 * net price, to the micro-USD. Where the remainder would take a leg below 0, that leg trades at 0 and
 * what is left goes to the leg of next largest vega; of equal vega the first leg goes first.
 */
import { SIDE } from '../actions/order-terms.ts';
import { assert } from '../core/result.ts';
import type { ValuedLeg } from './check-legs.ts';

/** Premium of each leg in micro-USD for all its lots, in the order of the legs. */
export function allocateNet(legs: readonly ValuedLeg[], net: bigint): bigint[] {
  const premiums = legs.map(({ markValue }) => markValue);
  let remainder = net;
  for (const { side, markValue } of legs) {
    remainder -= side === SIDE.buy ? markValue : -markValue;
  }
  const byVega = legs
    .map(({ side, vega }, position) => ({ side, vega, position }))
    .sort((a, b) => b.vega - a.vega || a.position - b.position);
  for (const { side, position } of byVega) {
    if (remainder === 0n) break;
    const own = premiums[position] ?? 0n;
    // What the taker of the legs pays more for a bought leg, or receives less for a sold one.
    const shifted = own + (side === SIDE.buy ? remainder : -remainder);
    const premium = shifted < 0n ? 0n : shifted;
    premiums[position] = premium;
    remainder -= side === SIDE.buy ? premium - own : own - premium;
  }
  // Inside the band there is a leg that can carry it: only sold legs have a net below 0, only bought
  // legs one above 0, and with both either direction has a leg that rises without bound.
  assert(remainder === 0n, 'a net price inside the band can be spread over its legs');
  return premiums;
}
