/**
 * Who trades with whom: the match of an incoming order, planned before anything is written.
 *
 * Source: design/exchange.md §2. Price–time priority; each fill at the resting order's price. At a
 * price an iceberg trades its shown lots in its turn; those it shows next come after every other
 * order there. An owner's orders never trade with each other, whatever their sub-accounts: the
 * incoming order's mode says which of them gives way. What limits a resting order beside its lots
 * (`maker-cap.ts`) counts exactly, fills of the same plan included.
 *
 * A plan is a list of fills and a list of drops, each drop with the number of fills before it. Only
 * orders that are met with their owner's other orders, or that can no longer trade, are dropped: the
 * plain path makes no drop and looks at no term but by a field test.
 */

import {
  SELF_TRADE_PREVENTION,
  type SelfTradePrevention,
  type Side,
} from '../actions/order-terms.ts';
import type { OrderId, PortfolioId, PriceTicks } from '../core/units.ts';
import { CLOSE_REASON, type CloseReason } from '../event.ts';
import { metaOf, type State } from '../state/state.ts';
import { type Book, crosses, oppositeSide } from './book.ts';
import {
  countFills,
  type FillTally,
  fillTally,
  type MakerCap,
  OVERDUE,
  quoteCap,
  reduceOnlyCap,
  UNLIMITED,
} from './maker-cap.ts';
import type { RestingOrder } from './order.ts';
import { isOverdue } from './overdue.ts';
import { bestLevel, type PriceLevel, worseLevel } from './price-levels.ts';

/** The incoming order as the match sees it. */
export type Taker = {
  readonly portfolio: PortfolioId;
  readonly side: Side;
  /** The worst price at which it trades. */
  readonly price: PriceTicks;
  readonly size: number;
  /** Resting orders that it may meet. */
  readonly turns: number;
  readonly selfTradePrevention: SelfTradePrevention;
  /** An order that is gone before the match, which is still in the book; 0: none. */
  readonly replaced: OrderId;
};

export type PlannedFill = { readonly maker: RestingOrder; readonly lots: number };

/** An order closed, or one that loses lots, without a trade. */
export type PlannedDrop = {
  readonly order: RestingOrder;
  /** Lots that it loses; all that are left: it is closed. */
  readonly lots: number;
  readonly reason: CloseReason;
  /** Number of fills that come before it. */
  readonly after: number;
};

export type MatchPlan = {
  /** In the order in which they trade. */
  readonly fills: readonly PlannedFill[];
  readonly drops: readonly PlannedDrop[];
  readonly filledLots: number;
  /** Lots neither filled nor lost against an order of the same owner. */
  readonly openLots: number;
  /** True when the next order in the book would trade too, but the bound was met. */
  readonly truncated: boolean;
  /** True when the order met one of its owner's and gives way: what is open of it does not rest. */
  readonly stopped: boolean;
};

const NONE: readonly never[] = [];

/** The plan of an order that meets nobody. */
export function emptyPlan(size: number): MatchPlan {
  return {
    fills: NONE,
    drops: NONE,
    filledLots: 0,
    openLots: size,
    truncated: false,
    stopped: false,
  };
}

/** Lots of an iceberg that are hidden behind what this plan takes of it. */
type Hidden = { readonly order: RestingOrder; readonly lots: number };

/** The plan in the making: handed out as it is, since nothing is written to it after. */
type Draft = {
  readonly taker: Taker;
  /** Portfolios of the taker's owner. */
  readonly firstOwn: number;
  readonly lastOwn: number;
  fills: PlannedFill[];
  drops: PlannedDrop[];
  filledLots: number;
  openLots: number;
  /** Orders met: each turn of an iceberg counts. */
  met: number;
  truncated: boolean;
  stopped: boolean;
  /** Made when an order with a limit first asks for it. */
  tally: FillTally | undefined;
};

/** Stand for lists without items; never pushed to. */
const NO_FILLS: PlannedFill[] = [];
const NO_DROPS: PlannedDrop[] = [];

/** Most takers meet one maker: a list of one is a fifth of what `push` makes of an empty one. */
function addFill(draft: Draft, fill: PlannedFill): void {
  if (draft.fills === NO_FILLS) draft.fills = [fill];
  else draft.fills.push(fill);
}

function addDrop(draft: Draft, drop: PlannedDrop): void {
  if (draft.drops === NO_DROPS) draft.drops = [drop];
  else draft.drops.push(drop);
}

/** An order of the same owner is in the way. */
function meetOwn(state: State, draft: Draft, order: RestingOrder): void {
  const { taker } = draft;
  if (order.id === taker.replaced) return;
  if (isOverdue(order, metaOf(state).timestamp)) {
    dropCapped(state, draft, order);
    return;
  }
  const mode = taker.selfTradePrevention;
  const after = draft.fills.length;
  const reason = CLOSE_REASON.selfTrade;
  if (mode === SELF_TRADE_PREVENTION.decrementBoth) {
    const lots = Math.min(draft.openLots, order.remaining);
    addDrop(draft, { order, lots, reason, after });
    draft.openLots -= lots;
    return;
  }
  if (mode !== SELF_TRADE_PREVENTION.cancelTaker) {
    addDrop(draft, { order, lots: order.remaining, reason, after });
  }
  if (mode !== SELF_TRADE_PREVENTION.cancelMaker) draft.stopped = true;
}

function tallyOf(draft: Draft): FillTally {
  draft.tally ??= fillTally();
  countFills(draft.tally, draft.fills);
  return draft.tally;
}

/** Whether the plan fills the other half of the pair that an order is of. */
function isOtherFilled(draft: Draft, { cancelsOther }: RestingOrder): boolean {
  return cancelsOther !== 0 && tallyOf(draft).orders.has(cancelsOther);
}

/** Lots that an order can trade yet, and why it is closed when it is asked for more. */
function capOf(state: State, draft: Draft, order: RestingOrder): MakerCap {
  if (isOverdue(order, metaOf(state).timestamp)) return OVERDUE;
  if (order.isQuote) return quoteCap(state, order);
  return order.reduceOnly ? reduceOnlyCap(state, tallyOf(draft), order) : UNLIMITED;
}

/** Lots that an order with a limit of its own trades of those it shows; 0: it does not trade. */
function cappedLots(state: State, draft: Draft, order: RestingOrder, wanted: number): number {
  if (isOtherFilled(draft, order)) return 0;
  const cap = capOf(state, draft, order);
  return cap.lots < wanted ? cap.lots : wanted;
}

/** Drops an order that its own limit keeps from trading what it was asked for. */
function dropCapped(state: State, draft: Draft, order: RestingOrder): void {
  // Its other half closes it when that is filled.
  if (isOtherFilled(draft, order)) return;
  const { reason } = capOf(state, draft, order);
  // What it has left when its planned fills are done.
  addDrop(draft, { order, lots: order.remaining, reason, after: draft.fills.length });
}

function isLimited(order: RestingOrder): boolean {
  const { reduceOnly, isQuote, cancelsOther, expiresAt } = order;
  return reduceOnly || isQuote || cancelsOther !== 0 || expiresAt !== 0;
}

/**
 * Plans one turn of a resting order of which `shown` lots can trade; false when it traded less than
 * it was asked for, and will not trade again.
 */
function meet(state: State, draft: Draft, order: RestingOrder, shown: number): boolean {
  const wanted = shown < draft.openLots ? shown : draft.openLots;
  const lots = isLimited(order) ? cappedLots(state, draft, order, wanted) : wanted;
  if (lots > 0) {
    addFill(draft, { maker: order, lots });
    draft.filledLots += lots;
    draft.openLots -= lots;
  }
  if (lots === wanted) return true;
  dropCapped(state, draft, order);
  return false;
}

/** False when the bound on orders met is reached: the order next in turn is not met. */
function countMet(draft: Draft): boolean {
  if (draft.met === draft.taker.turns) {
    draft.truncated = true;
    return false;
  }
  draft.met += 1;
  return true;
}

/** The turns of icebergs after all orders of their price had theirs, in the order of refreshing. */
function meetHidden(state: State, draft: Draft, hidden: Hidden[]): void {
  for (let turn = 0; turn < hidden.length && draft.openLots > 0; turn++) {
    const next = hidden[turn];
    if (next === undefined || !countMet(draft)) return;
    const { order } = next;
    const shown = Math.min(order.displaySize, next.lots);
    const lots = next.lots - shown;
    if (meet(state, draft, order, shown) && lots > 0) hidden.push({ order, lots });
  }
}

/** Every order of a price in its turn. */
function meetLevel(state: State, draft: Draft, level: PriceLevel): void {
  let hidden: Hidden[] | undefined;
  for (let order = level.head; order !== undefined && draft.openLots > 0; order = order.next) {
    if (!countMet(draft)) return;
    const { portfolio } = order;
    if (portfolio >= draft.firstOwn && portfolio <= draft.lastOwn) {
      meetOwn(state, draft, order);
      if (draft.stopped) return;
      continue;
    }
    const lots = order.remaining - order.shown;
    if (meet(state, draft, order, order.shown) && lots > 0) {
      if (hidden === undefined) hidden = [{ order, lots }];
      else hidden.push({ order, lots });
    }
  }
  if (hidden !== undefined) meetHidden(state, draft, hidden);
}

/**
 * Plans the match; changes nothing. Cost: O(orders met), at most the taker's turns, whatever
 * limits they have of their own.
 */
export function planMatch(state: State, book: Book, taker: Taker): MatchPlan {
  const { portfolio, side, price, size } = taker;
  const opposite = oppositeSide(book, side);
  let level = bestLevel(opposite);
  if (level === undefined || !crosses(side, price, level.price)) return emptyPlan(size);
  const firstOwn = portfolio - (portfolio % 256);
  const draft: Draft = {
    taker,
    firstOwn,
    lastOwn: firstOwn + 255,
    fills: NO_FILLS,
    drops: NO_DROPS,
    filledLots: 0,
    openLots: size,
    met: 0,
    truncated: false,
    stopped: false,
    tally: undefined,
  };
  while (level !== undefined && crosses(side, price, level.price)) {
    meetLevel(state, draft, level);
    if (draft.openLots === 0 || draft.truncated || draft.stopped) break;
    level = worseLevel(level);
  }
  return draft;
}
