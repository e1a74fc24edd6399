/**
 * What a resting combo order could do to its owner's margin: as orders in the series of its legs.
 *
 * Source: design/exchange.md §3, "Open orders". An order of a combo is margined as one order a leg,
 * each filled or not as is worst: the leg's own side and lots, at prices that together are no better
 * than the net price. A net debit stands on the first bought leg, a net credit on the first sold one;
 * every other leg is at 0. So the cash that the order could cost is reserved once, as its net debit,
 * and each sold leg needs what it needs alone.
 *
 * That is a bound: all legs filled together are one of the fills that it is the worst of
 * (docs/spec/margin.md, theorem 1), and cost no more than the legs' terms but for the fees of the
 * legs at their own prices. A maker is therefore checked when its combo order trades.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import { type PriceTicks, priceTicks } from '../core/units.ts';
import type { OrderTerm } from '../margin/series-holding.ts';
import { COMBO_ZERO_TICKS, type Combo, type ComboLeg } from './combo.ts';

/** The term of one leg of an order. */
export type LegTerm = OrderTerm & { readonly instrument: ComboLeg['instrument'] };

/** The side on which an order of `side` trades a leg. */
export function legSide(side: Side, leg: ComboLeg): Side {
  return side === leg.side ? SIDE.buy : SIDE.sell;
}

/** What an order's owner pays for a lot of the combo at this price, in ticks; negative: receives. */
export function netDebit(side: Side, price: PriceTicks): number {
  return side === SIDE.buy ? price - COMBO_ZERO_TICKS : COMBO_ZERO_TICKS - price;
}

/** The terms of an order's lots, a leg each; negative lots for those that it loses. O(legs). */
export function comboTerms(
  { legs }: Combo,
  { side, price, lots }: { readonly side: Side; readonly price: PriceTicks; readonly lots: number },
): LegTerm[] {
  const debit = netDebit(side, price);
  const carries = debit > 0 ? SIDE.buy : SIDE.sell;
  const carrier = legs.findIndex((leg) => legSide(side, leg) === carries);
  return legs.map((leg, position) => {
    // A debit is rounded up and a credit down, against the order's owner.
    const share = debit > 0 ? -Math.floor(-debit / leg.ratio) : Math.floor((0 - debit) / leg.ratio);
    return {
      instrument: leg.instrument,
      side: legSide(side, leg),
      price: priceTicks(position === carrier ? share : 0),
      lots: lots * leg.ratio,
    };
  });
}
