/**
 * The match of an incoming combo order in its own book, planned before anything is written.
 *
 * Source: design/exchange.md §2. Price–time priority; each trade at the resting order's net price. An
 * owner's orders never trade with each other. A resting order whose price the marks have left outside
 * the legs' bands, or whose maker cannot carry the trade, is closed when it is met: passing it by
 * would leave the book crossed.
 */
import { SELF_TRADE_PREVENTION, type SelfTradePrevention } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import type { PortfolioId, PriceTicks } from '../core/units.ts';
import { CLOSE_REASON, type CloseReason } from '../event.ts';
import { MAX_COMBO_FILLS } from '../limits.ts';
import { type Book, crosses, oppositeSide } from '../matching/book.ts';
import type { RestingOrder } from '../matching/order.ts';
import { isOverdue } from '../matching/overdue.ts';
import { bestLevel, worseLevel } from '../matching/price-levels.ts';
import type { State } from '../state/state.ts';
import { type ChangeSheet, changeSheet, copySheet, sheetRefusal } from './change-sheet.ts';
import type { Combo } from './combo.ts';
import { type ComboTaker, type ComboTrade, enterMaker, priceComboTrade } from './combo-trade.ts';
import { spendWork } from './work-budget.ts';

/** The incoming order as the match sees it. */
export type IncomingCombo = ComboTaker & {
  readonly price: PriceTicks;
  readonly size: number;
  readonly selfTradePrevention: SelfTradePrevention;
};

export type ComboDrop = { readonly order: RestingOrder; readonly reason: CloseReason };

export type ComboBookPlan = {
  readonly trades: readonly ComboTrade[];
  /** Orders closed: none of them trades. */
  readonly drops: readonly ComboDrop[];
  readonly openLots: number;
  /** True when the next order would trade too, but the bound was met. */
  readonly truncated: boolean;
  /** True when the order met one of its owner's and gives way. */
  readonly stopped: boolean;
};

type Draft = {
  readonly trades: ComboTrade[];
  readonly drops: ComboDrop[];
  readonly sheets: Map<PortfolioId, ChangeSheet>;
  openLots: number;
  stopped: boolean;
};

/** An order of the same owner is in the way. */
function meetOwn(draft: Draft, order: RestingOrder, mode: SelfTradePrevention): void {
  if (mode !== SELF_TRADE_PREVENTION.cancelTaker) {
    draft.drops.push({ order, reason: CLOSE_REASON.selfTrade });
  }
  if (mode !== SELF_TRADE_PREVENTION.cancelMaker) draft.stopped = true;
}

/** Plans a trade with one resting order, or its drop. */
function meet(
  state: State,
  context: BlockContext,
  combo: Combo,
  taker: IncomingCombo,
  draft: Draft,
  order: RestingOrder,
): void {
  spendWork(context);
  const lots = Math.min(draft.openLots, order.remaining);
  const trade = priceComboTrade(state, context, combo, taker, order, lots);
  if (!trade.ok) {
    draft.drops.push({ order, reason: CLOSE_REASON.band });
    return;
  }
  const sheet = copySheet(draft.sheets.get(order.portfolio) ?? changeSheet(order.portfolio));
  enterMaker(sheet, combo, trade.value);
  if (sheetRefusal(state, sheet) !== undefined) {
    draft.drops.push({ order, reason: CLOSE_REASON.margin });
    return;
  }
  draft.sheets.set(order.portfolio, sheet);
  draft.trades.push(trade.value);
  draft.openLots -= lots;
}

/**
 * Plans the match; changes nothing. Cost: O(orders met), at most `MAX_COMBO_FILLS`, a margin check of
 * the legs each.
 */
export function planComboBook(
  state: State,
  context: BlockContext,
  combo: Combo,
  book: Book,
  taker: IncomingCombo,
): ComboBookPlan {
  const { portfolio, side, price, size, selfTradePrevention } = taker;
  const firstOwn = portfolio - (portfolio % 256);
  const opposite = oppositeSide(book, side);
  const draft: Draft = { trades: [], drops: [], sheets: new Map(), openLots: size, stopped: false };
  let met = 0;
  let level = bestLevel(opposite);
  while (level !== undefined && crosses(side, price, level.price)) {
    for (let order = level.head; order !== undefined; order = order.next) {
      if (draft.openLots === 0 || draft.stopped) return { ...draft, truncated: false };
      if (met === MAX_COMBO_FILLS) return { ...draft, truncated: true };
      met += 1;
      if (isOverdue(order, context.timestamp)) {
        draft.drops.push({ order, reason: CLOSE_REASON.time });
        continue;
      }
      const isOwn = order.portfolio >= firstOwn && order.portfolio <= firstOwn + 255;
      if (isOwn) meetOwn(draft, order, selfTradePrevention);
      else meet(state, context, combo, taker, draft, order);
    }
    level = worseLevel(level);
  }
  return { ...draft, truncated: false };
}
