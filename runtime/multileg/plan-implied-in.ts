/**
 * The match of an incoming combo order with the outright books: every leg at its best prices at once,
 * all legs or none.
 *
 * Source: design/exchange.md §2: at most `MAX_IMPLIED_IN_EVALUATIONS` looks at the best prices. Each
 * look takes as many lots of the combo as all legs have at their best prices; where one lot needs
 * more of a leg than its best price has, that lot alone. It goes on while the legs' prices together
 * are inside the order's limit.
 *
 * Each leg's fills are planned by the outright match (`match-plan.ts`), so priority, icebergs and
 * self-trade prevention are those of the outright book.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import { type InstrumentId, type OrderId, orderId, sizeLots } from '../core/units.ts';
import { MAX_IMPLIED_IN_EVALUATIONS, MAX_IMPLIED_IN_TURNS, MAX_ORDER_LOTS } from '../limits.ts';
import { bookOf } from '../matching/books.ts';
import { type MatchPlan, type PlannedFill, planMatch } from '../matching/match-plan.ts';
import { PHASE, tradingPhase } from '../matching/trading-phase.ts';
import { priceBand } from '../oracle/price-band.ts';
import {
  greeksOf,
  lotsAllowed,
  type Protection,
  protectionOver,
  useAfter,
  useAt,
  type WindowUse,
} from '../quoting/protection.ts';
import type { State } from '../state/state.ts';
import type { Combo } from './combo.ts';
import { legSide, netDebit } from './combo-terms.ts';
import type { IncomingCombo } from './plan-combo-book.ts';
import { spendWork } from './work-budget.ts';

/** A leg's part of the plan: `side` is the incoming order's. */
export type ImpliedLeg = {
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly ratio: number;
  readonly plan: MatchPlan;
};

export type ImpliedInPlan = {
  /** Lots of the combo. */
  readonly lots: number;
  readonly legs: readonly ImpliedLeg[];
};

const NONE: ImpliedInPlan = { lots: 0, legs: [] };
const NO_ORDER: OrderId = orderId(0);

/** Each leg's own match for `lots` of the combo, inside its band; `undefined` when one cannot trade. */
function planLegs(
  state: State,
  context: BlockContext,
  { legs }: Combo,
  taker: IncomingCombo,
  lots: number,
): ImpliedLeg[] | undefined {
  const planned: ImpliedLeg[] = [];
  spendWork(context);
  for (const leg of legs) {
    const { instrument, ratio } = leg;
    const band = priceBand(state, context, instrument);
    const listed = state.instruments.must(instrument);
    if (band === undefined || tradingPhase(state, listed) !== PHASE.continuous) return undefined;
    const side = legSide(taker.side, leg);
    const plan = planMatch(state, bookOf(state, instrument), {
      portfolio: taker.portfolio,
      side,
      price: side === SIDE.buy ? band.high : band.low,
      size: sizeLots(Math.min(lots * ratio, MAX_ORDER_LOTS)),
      turns: MAX_IMPLIED_IN_TURNS,
      selfTradePrevention: taker.selfTradePrevention,
      replaced: NO_ORDER,
    });
    planned.push({ instrument, side, ratio, plan });
  }
  return planned;
}

/** A place in a leg's fills: `left` lots of the fill at `next` are not taken yet. */
type Cursor = { readonly fills: readonly PlannedFill[]; next: number; left: number };

function cursorOf({ plan }: ImpliedLeg): Cursor {
  return { fills: plan.fills, next: 0, left: plan.fills[0]?.lots ?? 0 };
}

/** Lots of a leg at the price where its cursor stands. */
function lotsAtPrice({ fills, next, left }: Cursor): number {
  const price = fills[next]?.maker.price;
  let lots = left;
  for (let i = next + 1; i < fills.length && fills[i]?.maker.price === price; i++) {
    lots += fills[i]?.lots ?? 0;
  }
  return lots;
}

/** Takes lots of a leg; Σ price × lots in ticks, or `undefined` when there are not so many. */
function advance(cursor: Cursor, lots: number): number | undefined {
  let wanted = lots;
  let value = 0;
  while (wanted > 0) {
    const fill = cursor.fills[cursor.next];
    if (fill === undefined) return undefined;
    const taken = Math.min(wanted, cursor.left);
    value += taken * fill.maker.price;
    wanted -= taken;
    cursor.left -= taken;
    if (cursor.left === 0) {
      cursor.next += 1;
      cursor.left = cursor.fills[cursor.next]?.lots ?? 0;
    }
  }
  return value;
}

/** Lots of the combo that the legs' best prices give inside the limit. */
function lotsInside(legs: readonly ImpliedLeg[], taker: IncomingCombo, size: number): number {
  const limit = netDebit(taker.side, taker.price);
  const cursors = legs.map(cursorOf);
  let lots = 0;
  for (let look = 0; look < MAX_IMPLIED_IN_EVALUATIONS && lots < size; look++) {
    let step = size - lots;
    for (const [i, cursor] of cursors.entries()) {
      const whole = Math.floor(lotsAtPrice(cursor) / (legs[i]?.ratio ?? 1));
      step = Math.min(step, Math.max(1, whole));
    }
    let debit = 0;
    for (const [i, cursor] of cursors.entries()) {
      const leg = legs[i];
      const value = leg === undefined ? undefined : advance(cursor, step * leg.ratio);
      if (value === undefined) return lots;
      debit += leg?.side === SIDE.buy ? value : -value;
    }
    if (debit > limit * step) return lots;
    lots += step;
  }
  return lots;
}

/**
 * Whether orders of one maker in several legs could not all trade: halves of one pair, or quotes that
 * together are more than its protection leaves.
 */
function conflicts(state: State, context: BlockContext, legs: readonly ImpliedLeg[]): boolean {
  const fills = legs.flatMap(({ plan }) => plan.fills);
  const makers = new Set(fills.map(({ maker }) => maker.id));
  if (fills.some(({ maker }) => maker.cancelsOther !== 0 && makers.has(maker.cancelsOther))) {
    return true;
  }
  if (state.protections.size === 0) return false;
  const uses = new Map<Protection, WindowUse>();
  for (const { maker, lots } of fills) {
    const row = maker.isQuote ? protectionOver(state, maker) : undefined;
    if (row === undefined) continue;
    const use = uses.get(row) ?? useAt(row, context.timestamp);
    const greeks = greeksOf(state, maker.instrument);
    const { side } = maker;
    if (lots > lotsAllowed(row.limits, use, greeks, side)) return true;
    uses.set(row, useAfter(row.limits, use, greeks, { side, lots }));
  }
  return false;
}

/** Whether every leg's plan trades what it was asked for. */
function isWhole(legs: readonly ImpliedLeg[], lots: number): boolean {
  return legs.every(({ plan, ratio }) => plan.filledLots === lots * ratio);
}

/**
 * Plans the match of `size` lots; changes nothing. No lots where a leg's book is not in continuous
 * trading. Where makers are in the way of each other, half as many lots are tried until they are not.
 * Cost: two plans a leg, and at most 30 halvings.
 */
export function planImpliedIn(
  state: State,
  context: BlockContext,
  combo: Combo,
  taker: IncomingCombo,
  size: number,
): ImpliedInPlan {
  const wanted = planLegs(state, context, combo, taker, size);
  if (wanted === undefined) return NONE;
  let lots = lotsInside(wanted, taker, size);
  while (lots > 0) {
    const legs = planLegs(state, context, combo, taker, lots);
    if (legs === undefined) return NONE;
    // An order of the same owner that stops the taker in one leg leaves the others to be cut.
    if (isWhole(legs, lots) && !conflicts(state, context, legs)) return { lots, legs };
    lots = Math.floor(lots / 2);
  }
  return NONE;
}
