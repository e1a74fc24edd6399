/**
 * The arithmetic that the incremental and the from-scratch kernel share: what an order adds to the
 * slots of its group, and what a group is worth in every measure column.
 *
 * Source: design/exchange.md §3; proofs in docs/spec/portfolio-margin.md. Every slot is a linear
 * function of the fills, so its worst is the positions' value plus Σ min(0, an order's own term). A
 * strike's charge min(low·n, high·n) doubles the slots of the strikes that orders are in.
 *
 * min(0, t) is written ½(t − |t|) and min(a, b) as ½(a + b − |a − b|), which have no branch to
 * mispredict and are exact for integers below 2⁵²; sums stay below 2⁵¹ and are the same in any order.
 */
import type { OrderTerm } from './account.ts';
import type { LotCharge } from './risk-arrays.ts';
import { type RiskLayout, SKEWS, SLOTS_PER_SKEW, type SlotCoefficients } from './risk-layout.ts';

/** What cash and charge add to an order's term: cash·|lots| + charge·lots. */
export function flatTerm({ lots, cash }: OrderTerm, charge: number): number {
  return Math.abs(lots) * cash + charge * lots;
}

/** min(low·n, high·n), low ≤ high, without a branch. */
export function strikeCharge({ low, high }: LotCharge, net: number): number {
  return 0.5 * ((low + high) * net - (high - low) * Math.abs(net));
}

/** Where an order's terms are found. */
export type TermContext = {
  readonly values: Float64Array;
  readonly layout: RiskLayout;
  readonly slots: SlotCoefficients;
};

/** Adds an order to the sums of the slots, with one charge of its strike. ~90 ns. */
export function addOrderTerms(
  sums: Float64Array,
  order: OrderTerm,
  charge: number,
  { values, layout, slots }: TermContext,
): void {
  const { cells } = layout;
  const { gain, share, column } = slots;
  const base = order.row * layout.columns;
  const { lots } = order;
  const flat = flatTerm(order, charge);
  const marked = (values[base + layout.mark] ?? 0) * lots;
  for (let cell = 0; cell < cells; cell++) {
    const value = (values[base + cell] ?? 0) * lots;
    const less = (share[cell] ?? 0) * marked;
    const long = Math.floor((gain[cell] ?? 0) * value - less) + flat;
    const short = Math.floor((gain[cells + cell] ?? 0) * value - less) + flat;
    sums[cell] = (sums[cell] ?? 0) + 0.5 * (long - Math.abs(long));
    sums[cells + cell] = (sums[cells + cell] ?? 0) + 0.5 * (short - Math.abs(short));
  }
  for (let slot = 2 * cells; slot < layout.slots; slot++) {
    const value = (values[base + (column[slot] ?? 0)] ?? 0) * lots;
    const term = Math.floor((gain[slot] ?? 0) * value - (share[slot] ?? 0) * marked) + flat;
    sums[slot] = (sums[slot] ?? 0) + 0.5 * (term - Math.abs(term));
  }
}

/** Sums of one strike's orders by slot, with either charge. */
export type ChargedSums = { readonly low: Float64Array; readonly high: Float64Array };

/**
 * Adds an order, or with sign −1 takes it away, with both charges of its strike: the same terms as
 * `addOrderTerms` with each. ~150 ns.
 */
export function addChargedTerms(
  { low, high }: ChargedSums,
  { order, sign }: { readonly order: OrderTerm; readonly sign: 1 | -1 },
  charge: LotCharge,
  { values, layout, slots }: TermContext,
): void {
  const { gain, share, column } = slots;
  const base = order.row * layout.columns;
  const { lots } = order;
  const half = 0.5 * sign;
  const flatLow = flatTerm(order, charge.low);
  const flatHigh = flatTerm(order, charge.high);
  const marked = (values[base + layout.mark] ?? 0) * lots;
  for (let slot = 0; slot < layout.slots; slot++) {
    const value = (values[base + (column[slot] ?? 0)] ?? 0) * lots;
    const term = Math.floor((gain[slot] ?? 0) * value - (share[slot] ?? 0) * marked);
    const withLow = term + flatLow;
    const withHigh = term + flatHigh;
    low[slot] = (low[slot] ?? 0) + half * (withLow - Math.abs(withLow));
    high[slot] = (high[slot] ?? 0) + half * (withHigh - Math.abs(withHigh));
  }
}

/**
 * Adds (or with −1 takes away) the lesser of a strike's two sums, slot by slot, with the charges of its
 * net lots. ~80 ns.
 */
export function addLesser(
  sums: Float64Array,
  { low, high }: ChargedSums,
  charge: LotCharge,
  { net, sign }: { readonly net: number; readonly sign: 1 | -1 },
): void {
  const lowCharge = charge.low * net;
  const highCharge = charge.high * net;
  const half = 0.5 * sign;
  for (let slot = 0; slot < sums.length; slot++) {
    const a = (low[slot] ?? 0) + lowCharge;
    const b = (high[slot] ?? 0) + highCharge;
    sums[slot] = (sums[slot] ?? 0) + half * (a + b - Math.abs(a - b));
  }
}

/** A group as its measure columns are made of it. */
export type GroupValue = {
  /** Sums of the positions by column. */
  readonly columns: Float64Array;
  /** Sums of the orders by slot, charges of their strikes included. */
  readonly orders: Float64Array;
  /** Charges of the strikes that have no orders. */
  readonly charge: number;
};

/** Adds the group's part of every measure column to `totals`. O(slots), ~100 ns. */
export function addMeasures(
  totals: Float64Array,
  group: GroupValue,
  layout: RiskLayout,
  slots: SlotCoefficients,
): void {
  const { cells } = layout;
  const { columns, orders, charge } = group;
  const { gain, share, column } = slots;
  const mark = columns[layout.mark] ?? 0;
  for (let cell = 0; cell < cells; cell++) {
    const value = columns[cell] ?? 0;
    const less = (share[cell] ?? 0) * mark;
    const long = Math.floor((gain[cell] ?? 0) * value - less) + (orders[cell] ?? 0);
    const short =
      Math.floor((gain[cells + cell] ?? 0) * value - less) + (orders[cells + cell] ?? 0);
    totals[cell] = (totals[cell] ?? 0) + 0.5 * (long + short - Math.abs(long - short)) + charge;
  }
  const worth = (slot: number): number => {
    const value = columns[column[slot] ?? 0] ?? 0;
    return Math.floor((gain[slot] ?? 0) * value - (share[slot] ?? 0) * mark) + (orders[slot] ?? 0);
  };
  for (let skew = 0; skew < SKEWS; skew++) {
    const first = 2 * cells + SLOTS_PER_SKEW * skew;
    const profit = Math.min(worth(first), worth(first + 1));
    const loss = Math.max(worth(first + 2), worth(first + 3));
    const at = cells + skew;
    totals[at] = (totals[at] ?? 0) + Math.min(profit, loss) + charge;
  }
  const forward = 2 * cells + SLOTS_PER_SKEW * SKEWS;
  const least = Math.min(worth(forward), worth(forward + 1), worth(forward + 2));
  totals[cells + SKEWS] = (totals[cells + SKEWS] ?? 0) + least + charge;
}
