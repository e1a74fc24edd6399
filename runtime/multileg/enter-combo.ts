/**
 * How an order of a combo enters: its own book, then all outright books at once, then it rests.
 *
 * Source: design/exchange.md §2. A combo order is a limit order, GTC, IOC or FOK. The match is planned
 * whole (`plan-combo-book.ts`, `plan-implied-in.ts`), checked (limits, open interest, cash and margin
 * of the taker with everything traded and the rest resting), then written: all legs or none.
 */
import {
  ORDER_TYPE,
  POST_ONLY,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
} from '../actions/order-terms.ts';
import type { PlaceOrder } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type InstrumentId, type PortfolioId, priceTicks, sizeLots } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { comboFees } from '../fees/combo-fee.ts';
import { feeTerms, makerFillFee, takerFillFee } from '../fees/fill-fees.ts';
import { exactProduct } from '../fees/trade-fee.ts';
import { notionalCents } from '../fees/trading-volume.ts';
import {
  MAX_COMBO_FILLS,
  MAX_MULTILEG_WORK_PER_BLOCK,
  MAX_OPEN_ORDERS_PER_PORTFOLIO,
  MAX_OPEN_ORDERS_PER_SERIES,
} from '../limits.ts';
import {
  applyMatches,
  matchMoney,
  type PricedFill,
  type PricedMatch,
} from '../matching/apply-match.ts';
import { bookOf } from '../matching/books.ts';
import { accountCountRefusal, fieldRefusal } from '../matching/check-order.ts';
import { withClientId } from '../matching/client-order-id.ts';
import { closeOrder } from '../matching/close-order.ts';
import { PLAIN_ORDER } from '../matching/order.ts';
import { takeOrderId } from '../matching/order-number.ts';
import { restOrder } from '../matching/rest-order.ts';
import { microUsdPerTickLot, type Underlying } from '../options/underlying.ts';
import type { OrderResult } from '../receipt.ts';
import { openInterestRefusal, type PositionChange } from '../rules/open-interest.ts';
import type { State } from '../state/state.ts';
import {
  addPosition,
  addTerms,
  type ChangeSheet,
  changeSheet,
  sheetRefusal,
} from './change-sheet.ts';
import { netBandRefusal, seriesRefusal, type ValuedLegs, valueLegs } from './check-legs.ts';
import { COMBO_ZERO_TICKS, type Combo } from './combo.ts';
import { comboTerms } from './combo-terms.ts';
import { applyComboTrade, enterTaker } from './combo-trade.ts';
import { type ComboBookPlan, planComboBook } from './plan-combo-book.ts';
import { type ImpliedInPlan, planImpliedIn } from './plan-implied-in.ts';
import { hasWorkLeft, spendWork } from './work-budget.ts';

/** The greatest price: a net of as many ticks as an outright price may have. */
const MAX_COMBO_PRICE: number = 2 * COMBO_ZERO_TICKS;

/** Fields, and the legs as they are now: the legs' instrument_not_open, fields, bad_combo_terms. */
function termsRefusal(
  state: State,
  context: BlockContext,
  combo: Combo,
  order: PlaceOrder,
): Refusal | undefined {
  for (const { instrument } of combo.legs) {
    const closed = seriesRefusal(state, context, instrument);
    if (closed !== undefined) return closed;
  }
  const { price, type, timeInForce, postOnly, reduceOnly, displaySize } = order;
  const badField = fieldRefusal(context, { ...order, price: priceTicks(1) });
  if (badField !== undefined) return badField;
  const isTimed =
    timeInForce === TIME_IN_FORCE.gtc ||
    timeInForce === TIME_IN_FORCE.ioc ||
    timeInForce === TIME_IN_FORCE.fok;
  const isPlain = type === ORDER_TYPE.limit && postOnly === POST_ONLY.none && !reduceOnly;
  const gives = order.selfTradePrevention !== SELF_TRADE_PREVENTION.decrementBoth;
  if (!isTimed || !isPlain || displaySize !== 0 || !gives) {
    return refusal('bad_combo_terms', { given: timeInForce, allowed: TIME_IN_FORCE.fok });
  }
  if (price < 1 || price > MAX_COMBO_PRICE) {
    return refusal('bad_price', { given: price, allowed: price < 1 ? 1 : MAX_COMBO_PRICE });
  }
  return undefined;
}

/** Client order id and open orders: duplicate_client_id, too_many_orders, too_many_account_orders. */
function countRefusal(
  state: State,
  portfolio: PortfolioId,
  combo: Combo,
  order: PlaceOrder,
): Refusal | undefined {
  const { clientOrderId, timeInForce } = order;
  if (clientOrderId !== 0 && withClientId(state, portfolio, clientOrderId) !== undefined) {
    return refusal('duplicate_client_id', { given: clientOrderId });
  }
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  if (timeInForce !== TIME_IN_FORCE.gtc) return undefined;
  if (held === undefined) return accountCountRefusal(state, portfolio, 0);
  for (const { instrument } of combo.legs) {
    const given = held.places.get(instrument)?.holding.orders.length ?? 0;
    if (given >= MAX_OPEN_ORDERS_PER_SERIES) {
      return refusal('too_many_orders', { given, allowed: MAX_OPEN_ORDERS_PER_SERIES });
    }
  }
  const { openOrders: given } = held;
  return given >= MAX_OPEN_ORDERS_PER_PORTFOLIO
    ? refusal('too_many_orders', { given, allowed: MAX_OPEN_ORDERS_PER_PORTFOLIO })
    : accountCountRefusal(state, portfolio, 0);
}

/** The legs of a lot as its buyer trades them, valued, with the limit inside their bands. */
function judgePrice(
  state: State,
  context: BlockContext,
  combo: Combo,
  { price, size }: PlaceOrder,
): Result<ValuedLegs, Refusal> {
  const legs = combo.legs.map(({ ratio, ...leg }) => ({ ...leg, lots: sizeLots(ratio) }));
  const valued = valueLegs(state, context, legs, size);
  if (!valued.ok) return valued;
  const tick = microUsdPerTickLot(valued.value.underlying);
  const net = exactProduct((price - COMBO_ZERO_TICKS) * tick, size);
  const outside = netBandRefusal(valued.value.legs, net);
  return outside === undefined ? valued : err(outside);
}

/** What is planned of an order, with its money. */
type Plan = {
  readonly book: ComboBookPlan;
  readonly implied: ImpliedInPlan;
  readonly matches: readonly Omit<PricedMatch, 'taker'>[];
  readonly filledLots: number;
  readonly restingLots: number;
};

/** Both fees of the fills in the legs' books: the taker's discounted as a combo's. */
function priceImplied(
  state: State,
  context: BlockContext,
  taker: PortfolioId,
  underlying: Underlying,
  { legs }: ImpliedInPlan,
): Omit<PricedMatch, 'taker'>[] {
  const tick = microUsdPerTickLot(underlying);
  const rows = legs.flatMap(({ instrument, side, plan }) => {
    const { kind } = state.instruments.must(instrument);
    const index = state.derived.marks.byInstrument.get(instrument)?.index ?? 0;
    const terms = feeTerms(state, context, { underlying, kind, index }, taker);
    return plan.fills.map(({ maker, lots }) => {
      const premium = exactProduct(maker.price * tick, lots);
      const fee = takerFillFee(terms, lots, premium);
      return { terms, side, plan, maker, lots, premium, fee, index };
    });
  });
  const fees = comboFees(rows, context.parameters.comboDiscountBps);
  const priced = rows.map((row, i): PricedFill & { plan: typeof row.plan } => {
    const { terms, maker, lots, premium, index, plan } = row;
    const takerFee = fees[i] ?? 0n;
    const makerFee = makerFillFee(terms, maker.portfolio, { lots, premium, takerFee });
    const volumeCents = notionalCents(underlying, lots, index);
    return { maker, lots, premium, makerFee, takerFee, volumeCents, plan };
  });
  return legs.map(({ plan }) => {
    const fills = priced.filter((fill) => fill.plan === plan);
    return { plan, fills, money: matchMoney(fills), isLinear: false };
  });
}

/** Refusals of the match itself: too_many_fills, not_filled, self_trade. */
function matchRefusal(order: PlaceOrder, plan: Plan): Refusal | undefined {
  const { timeInForce, size, price } = order;
  const { book, filledLots } = plan;
  if (book.truncated && timeInForce !== TIME_IN_FORCE.ioc) {
    return refusal('too_many_fills', { given: MAX_COMBO_FILLS + 1, allowed: MAX_COMBO_FILLS });
  }
  if (timeInForce === TIME_IN_FORCE.fok && filledLots < size) {
    return refusal('not_filled', { given: size, allowed: filledLots });
  }
  if (book.stopped && filledLots === 0 && book.drops.length === 0) {
    return refusal('self_trade', { given: price });
  }
  return undefined;
}

/** Everything the plan changes for the taker. */
function takerSheet(
  portfolio: PortfolioId,
  combo: Combo,
  order: PlaceOrder,
  plan: Plan,
): ChangeSheet {
  const sheet = changeSheet(portfolio);
  for (const trade of plan.book.trades) enterTaker(sheet, trade);
  for (const { order: dropped } of plan.book.drops) {
    if (dropped.portfolio !== portfolio) continue;
    const { side, price, remaining } = dropped;
    addTerms(sheet, comboTerms(combo, { side, price, lots: -remaining }));
  }
  for (const [i, { instrument, side, plan: match }] of plan.implied.legs.entries()) {
    const sign = side === SIDE.buy ? 1 : -1;
    addPosition(sheet, instrument, sign * match.filledLots);
    for (const { premium, takerFee } of plan.matches[i]?.fills ?? []) {
      sheet.cash += (side === SIDE.buy ? -premium : premium) - takerFee;
    }
    for (const { order: dropped, lots } of match.drops) {
      if (dropped.portfolio !== portfolio) continue;
      addTerms(sheet, [{ instrument, side: dropped.side, price: dropped.price, lots: -lots }]);
    }
  }
  if (plan.restingLots > 0) {
    const { side, price } = order;
    addTerms(sheet, comboTerms(combo, { side, price, lots: plan.restingLots }));
  }
  return sheet;
}

/** Both sides' changes of one leg, trade by trade. */
function* legChanges(
  plan: Plan,
  taker: PortfolioId,
  instrument: InstrumentId,
): Iterable<PositionChange> {
  for (const { maker, legs } of plan.book.trades) {
    for (const leg of legs) {
      if (leg.instrument !== instrument) continue;
      const lots = leg.side === SIDE.buy ? leg.lots : -leg.lots;
      yield { portfolio: taker, lots };
      yield { portfolio: maker.portfolio, lots: -lots };
    }
  }
  for (const { instrument: own, side, plan: match } of plan.implied.legs) {
    if (own !== instrument) continue;
    const sign = side === SIDE.buy ? 1 : -1;
    for (const { maker, lots } of match.fills) {
      yield { portfolio: taker, lots: sign * lots };
      yield { portfolio: maker.portfolio, lots: -sign * lots };
    }
  }
}

function interestRefusal(
  state: State,
  underlying: Underlying,
  combo: Combo,
  plan: Plan,
  taker: PortfolioId,
): Refusal | undefined {
  for (const { instrument, ratio } of combo.legs) {
    const refused = openInterestRefusal(state, underlying, state.instruments.must(instrument), {
      lots: plan.filledLots * ratio,
      changes: () => legChanges(plan, taker, instrument),
    });
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** Plans the whole way of an order that passed the checks. */
function planOrder(
  state: State,
  context: BlockContext,
  combo: Combo,
  portfolio: PortfolioId,
  order: PlaceOrder,
): Plan {
  const { side, price, size, selfTradePrevention, timeInForce } = order;
  const taker = { portfolio, side, price, size, selfTradePrevention };
  const book = planComboBook(state, context, combo, bookOf(state, combo.instrument), taker);
  const goesOn = book.openLots > 0 && !book.stopped && !book.truncated;
  const implied: ImpliedInPlan = goesOn
    ? planImpliedIn(state, context, combo, taker, book.openLots)
    : { lots: 0, legs: [] };
  const { underlying: id } = state.instruments.must(combo.instrument);
  const matches = priceImplied(state, context, portfolio, state.underlyings.must(id), implied);
  const openLots = book.openLots - implied.lots;
  const rests = timeInForce === TIME_IN_FORCE.gtc && !book.stopped;
  const filledLots = size - openLots;
  return { book, implied, matches, filledLots, restingLots: rests ? openLots : 0 };
}

/** Premiums received less premiums paid, and fees, of the taker. */
function moneyOf({ book, implied, matches }: Plan): {
  readonly cash: bigint;
  readonly fee: bigint;
} {
  let cash = 0n;
  let fee = 0n;
  for (const { legs } of book.trades) {
    for (const { side, premium, takerFee } of legs) {
      cash += side === SIDE.buy ? -premium : premium;
      fee += takerFee;
    }
  }
  for (const [i, { fills }] of matches.entries()) {
    const isBuy = implied.legs[i]?.side === SIDE.buy;
    for (const { premium, takerFee } of fills) {
      cash += isBuy ? -premium : premium;
      fee += takerFee;
    }
  }
  return { cash, fee };
}

/** Writes the plan: the combo's book, the legs' books, the rest. */
function writePlan(
  state: State,
  context: BlockContext,
  combo: Combo,
  portfolio: PortfolioId,
  order: PlaceOrder,
  plan: Plan,
): OrderResult {
  const id = takeOrderId(state);
  for (const { order: dropped, reason } of plan.book.drops) {
    closeOrder(state, context, dropped, reason);
  }
  for (const trade of plan.book.trades) applyComboTrade(state, context, combo, portfolio, trade);
  const matches = plan.matches.map((match, i): PricedMatch => {
    const { instrument = combo.instrument, side = order.side } = plan.implied.legs[i] ?? {};
    return { ...match, taker: { id, portfolio, instrument, side } };
  });
  applyMatches(state, context, matches);
  const { filledLots, restingLots } = plan;
  if (restingLots > 0) {
    restOrder(state, context, {
      ...PLAIN_ORDER,
      id,
      priority: id,
      portfolio,
      instrument: combo.instrument,
      side: order.side,
      price: order.price,
      remaining: sizeLots(restingLots),
      size: order.size,
      shown: sizeLots(restingLots),
      clientOrderId: order.clientOrderId,
      label: order.label,
      placedAt: context.timestamp,
    });
  }
  return { orderId: id, filledLots, restingLots, ...moneyOf(plan) };
}

/**
 * Lets an order of a combo enter. Errors in order: instrument_not_open (given: the leg), those of the
 * fields of an order, bad_combo_terms, bad_price, bad_size (of a leg), no_mark, net_band,
 * duplicate_client_id, too_many_orders, too_many_account_orders, multileg_budget (send it again), too_many_fills, not_filled, self_trade, open_interest_limit,
 * underlying_open_interest_limit, too_many_positions, position_limit, account_limit,
 * insufficient_cash, insufficient_margin.
 *
 * Cost: O(orders met), with a margin check of the legs for each of its own book, at most
 * `MAX_COMBO_FILLS`.
 */
export function enterCombo(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  order: PlaceOrder,
): Result<OrderResult, Refusal> {
  const combo = state.combos.must(order.instrument);
  const badTerms = termsRefusal(state, context, combo, order);
  if (badTerms !== undefined) return err(badTerms);
  const valued = judgePrice(state, context, combo, order);
  if (!valued.ok) return valued;
  const tooMany = countRefusal(state, portfolio, combo, order);
  if (tooMany !== undefined) return err(tooMany);
  if (!hasWorkLeft(context)) {
    return err(refusal('multileg_budget', { allowed: MAX_MULTILEG_WORK_PER_BLOCK }));
  }
  spendWork(context);
  const plan = planOrder(state, context, combo, portfolio, order);
  const refused =
    matchRefusal(order, plan) ??
    interestRefusal(state, valued.value.underlying, combo, plan, portfolio) ??
    sheetRefusal(state, takerSheet(portfolio, combo, order, plan));
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  return ok(writePlan(state, context, combo, portfolio, order, plan));
}
