/**
 * Prices that resting combo orders make in an outright book: an incoming outright order may trade
 * against a combo order and the best price of its other leg, all at once.
 *
 * Source: design/exchange.md §2. Only orders of combos with two legs 1:1; at most `MAX_IMPLIED_OUT`
 * combos of an outright book are looked at, by ascending number, of each its best order on the side
 * that counts; an implied order makes no other implied order. Outright orders go first at equal
 * price, so an implied fill is always better for the taker than the outright order it goes before.
 *
 * Two pairs of the same two series differ in whether their sides are equal (strangle and risk
 * reversal), so no two orders that a taker can meet want the same side of one other book.
 *
 * The other leg trades with plain orders alone, in their turn: one that could be withdrawn by the same
 * match (a protected quote, half of a pair, a reduce-only order) ends what its level offers.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import {
  type InstrumentId,
  type PortfolioId,
  type PriceTicks,
  portfolioAccount,
  priceTicks,
  sizeLots,
} from '../core/units.ts';
import { comboFees } from '../fees/combo-fee.ts';
import { type FeeTerms, feeTerms, makerFillFee, takerFillFee } from '../fees/fill-fees.ts';
import { exactProduct } from '../fees/trade-fee.ts';
import { notionalCents } from '../fees/trading-volume.ts';
import { MAX_IMPLIED_OUT, MAX_IMPLIED_OUT_FILLS } from '../limits.ts';
import type { PricedFill } from '../matching/apply-match.ts';
import { crosses, oppositeSide } from '../matching/book.ts';
import { bookOf } from '../matching/books.ts';
import type { MatchPlan } from '../matching/match-plan.ts';
import type { RestingOrder } from '../matching/order.ts';
import { isOverdue } from '../matching/overdue.ts';
import { bestLevel } from '../matching/price-levels.ts';
import { PHASE, tradingPhase } from '../matching/trading-phase.ts';
import { microUsdPerTickLot } from '../options/underlying.ts';
import { priceBand } from '../oracle/price-band.ts';
import { protectionOver } from '../quoting/protection.ts';
import { openInterestRefusal } from '../rules/open-interest.ts';
import { bandRefusal } from '../rules/price-band.ts';
import { metaOf, type State } from '../state/state.ts';
import {
  addPosition,
  addTerms,
  type ChangeSheet,
  changeSheet,
  copySheet,
  sheetRefusal,
} from './change-sheet.ts';
import { netBandRefusal, seriesRefusal, valueLegs } from './check-legs.ts';
import type { Combo, ComboLeg } from './combo.ts';
import { comboTerms, legSide, netDebit } from './combo-terms.ts';
import { hasWorkLeft, spendWork } from './work-budget.ts';

/** The incoming outright order. */
export type OutrightTaker = {
  readonly portfolio: PortfolioId;
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly price: PriceTicks;
};

/** A fill against a combo order: one leg with the taker, the other with orders of its book. */
export type ImpliedFill = {
  readonly order: RestingOrder;
  readonly price: PriceTicks;
  readonly lots: number;
  readonly premium: bigint;
  readonly takerFee: bigint;
  /** The combo order's fee on the taker's leg. */
  readonly orderFee: bigint;
  readonly volumeCents: number;
  /** The other leg: the combo order takes, on this side. */
  readonly other: {
    readonly instrument: InstrumentId;
    readonly side: Side;
    readonly fills: readonly PricedFill[];
  };
};

const NONE: readonly ImpliedFill[] = [];

/** A combo order with the price that it makes; `fills` are of its other leg. */
type Candidate = {
  readonly combo: Combo;
  readonly order: RestingOrder;
  readonly other: ComboLeg;
  readonly price: PriceTicks;
};

/** What the plan has used so far. */
type Draft = {
  readonly fills: ImpliedFill[];
  readonly sheets: Map<PortfolioId, ChangeSheet>;
};

const isSameOwner = (a: PortfolioId, b: PortfolioId): boolean =>
  portfolioAccount(a) === portfolioAccount(b);

/** The best combo order that trades `taker`'s leg on the other side, and the price that it makes. */
function candidateOf(
  state: State,
  context: BlockContext,
  taker: OutrightTaker,
  id: InstrumentId,
): Candidate | undefined {
  const combo = state.combos.must(id);
  const own = combo.legs.find(({ instrument }) => instrument === taker.instrument);
  const other = combo.legs.find(({ instrument }) => instrument !== taker.instrument);
  if (own === undefined || other === undefined) return undefined;
  if (seriesRefusal(state, context, other.instrument) !== undefined) return undefined;
  const listed = state.instruments.must(other.instrument);
  if (tradingPhase(state, listed) !== PHASE.continuous) return undefined;
  // The combo side whose orders trade this leg against the taker.
  const resting = taker.side === own.side ? SIDE.sell : SIDE.buy;
  const book = bookOf(state, id);
  const order = bestLevel(resting === SIDE.buy ? book.bids : book.asks)?.head;
  if (order === undefined || isSameOwner(order.portfolio, taker.portfolio)) return undefined;
  if (isOverdue(order, context.timestamp)) return undefined;
  const otherSide = legSide(resting, other);
  const best = bestLevel(oppositeSide(bookOf(state, other.instrument), otherSide))?.price;
  if (best === undefined) return undefined;
  // The order pays its net debit: for this leg, and for the other at its best price.
  const paid = netDebit(resting, order.price) - (otherSide === SIDE.buy ? best : -best);
  const ticks = taker.side === SIDE.buy ? -paid : paid;
  if (ticks < 1) return undefined;
  const price = priceTicks(ticks);
  return crosses(taker.side, taker.price, price) ? { combo, order, other, price } : undefined;
}

/** Whether an order can trade in the other leg, whatever else the match does. */
function isPlain(state: State, order: RestingOrder): boolean {
  if (order.reduceOnly || order.cancelsOther !== 0) return false;
  if (isOverdue(order, metaOf(state).timestamp)) return false;
  return !order.isQuote || protectionOver(state, order) === undefined;
}

/** Lots of the other leg at its best price, in turn, at most `wanted`, of a bounded number of orders. */
function otherFills(
  state: State,
  { order, other }: Candidate,
  wanted: number,
): { readonly maker: RestingOrder; readonly lots: number }[] {
  const side = legSide(order.side, other);
  const fills: { maker: RestingOrder; lots: number }[] = [];
  let left = wanted;
  const level = bestLevel(oppositeSide(bookOf(state, other.instrument), side));
  for (let maker = level?.head; maker !== undefined && left > 0; maker = maker.next) {
    if (fills.length === MAX_IMPLIED_OUT_FILLS) break;
    if (!isPlain(state, maker) || isSameOwner(maker.portfolio, order.portfolio)) break;
    const lots = Math.min(left, maker.shown);
    fills.push({ maker, lots });
    left -= lots;
    // What an iceberg hides comes after every other order of the price.
    if (maker.shown < maker.remaining) break;
  }
  return fills;
}

/** Fee terms of a leg; the combo order pays a maker's rate on both of its legs. */
function termsOf(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
  taker: PortfolioId,
): FeeTerms {
  const { kind, underlying: id } = state.instruments.must(instrument);
  const underlying = state.underlyings.must(id);
  const index = state.derived.marks.byInstrument.get(instrument)?.index ?? 0;
  return feeTerms(state, context, { underlying, kind, index }, taker);
}

/** A fee that is no rebate: a combo order is never paid for what it makes in other books. */
function ownFee(terms: FeeTerms, portfolio: PortfolioId, lots: number, premium: bigint): bigint {
  const fee = makerFillFee(terms, portfolio, { lots, premium, takerFee: 0n });
  return fee > 0n ? fee : 0n;
}

/** Prices a fill of `lots`, with the fees of everybody in it. */
function priceFill(
  state: State,
  context: BlockContext,
  taker: OutrightTaker,
  { order, other, price }: Candidate,
  makers: readonly { readonly maker: RestingOrder; readonly lots: number }[],
): ImpliedFill {
  const own = termsOf(state, context, taker.instrument, taker.portfolio);
  const far = termsOf(state, context, other.instrument, order.portfolio);
  const tick = microUsdPerTickLot(own.underlying);
  const lots = makers.reduce((sum, fill) => sum + fill.lots, 0);
  const premium = exactProduct(price * tick, lots);
  const ownSide = taker.side === SIDE.buy ? SIDE.sell : SIDE.buy;
  const otherSide = legSide(order.side, other);
  const parts = makers.map((fill) => ({
    ...fill,
    premium: exactProduct(fill.maker.price * tick, fill.lots),
  }));
  const alone = [
    { side: ownSide, fee: ownFee(own, order.portfolio, lots, premium) },
    ...parts.map((part) => ({
      side: otherSide,
      fee: ownFee(far, order.portfolio, part.lots, part.premium),
    })),
  ];
  const [orderFee = 0n, ...otherFees] = comboFees(alone, context.parameters.comboDiscountBps);
  const fills = parts.map((part, i) => {
    const takerFee = otherFees[i] ?? 0n;
    return {
      ...part,
      takerFee,
      makerFee: makerFillFee(far, part.maker.portfolio, { ...part, takerFee }),
      volumeCents: notionalCents(far.underlying, part.lots, far.index),
    };
  });
  return {
    order,
    price,
    lots,
    premium,
    takerFee: takerFillFee(own, lots, premium),
    orderFee,
    volumeCents: notionalCents(own.underlying, lots, own.index),
    other: { instrument: other.instrument, side: otherSide, fills },
  };
}

/** What a fill changes for the combo order's owner, added to what the plan changed before. */
function ownerSheet(
  draft: Draft,
  taker: OutrightTaker,
  combo: Combo,
  { order, lots, premium, orderFee, other }: ImpliedFill,
): ChangeSheet {
  const { portfolio, side, price } = order;
  const sheet = copySheet(draft.sheets.get(portfolio) ?? changeSheet(portfolio));
  const sells = taker.side === SIDE.buy;
  addPosition(sheet, taker.instrument, sells ? -lots : lots);
  addPosition(sheet, other.instrument, other.side === SIDE.buy ? lots : -lots);
  sheet.cash += (sells ? premium : -premium) - orderFee;
  for (const fill of other.fills) {
    sheet.cash += (other.side === SIDE.buy ? -fill.premium : fill.premium) - fill.takerFee;
  }
  addTerms(sheet, comboTerms(combo, { side, price, lots: -lots }));
  return sheet;
}

/** Whether both legs and the net price are inside their bands, and open interest has room. */
function isAllowed(
  state: State,
  context: BlockContext,
  taker: OutrightTaker,
  combo: Combo,
  fill: ImpliedFill,
): boolean {
  const { order, lots, other } = fill;
  const band = priceBand(state, context, taker.instrument);
  if (band === undefined || bandRefusal(band, fill.price) !== undefined) return false;
  const legs = combo.legs.map((leg) => ({
    instrument: leg.instrument,
    side: legSide(order.side, leg),
    lots: sizeLots(1),
  }));
  const valued = valueLegs(state, context, legs, lots);
  if (!valued.ok) return false;
  const { underlying } = valued.value;
  const debit = exactProduct(
    netDebit(order.side, order.price) * microUsdPerTickLot(underlying),
    lots,
  );
  if (netBandRefusal(valued.value.legs, debit) !== undefined) return false;
  const listed = state.instruments.must(other.instrument);
  const sign = other.side === SIDE.buy ? 1 : -1;
  const changes = other.fills.flatMap(({ maker, lots: part }) => [
    { portfolio: order.portfolio, lots: sign * part },
    { portfolio: maker.portfolio, lots: -sign * part },
  ]);
  const trade = { lots, changes: () => changes };
  return openInterestRefusal(state, underlying, listed, trade) === undefined;
}

/** Tries one candidate for at most `wanted` lots. */
function meet(
  state: State,
  context: BlockContext,
  taker: OutrightTaker,
  draft: Draft,
  candidate: Candidate,
  wanted: number,
): void {
  const { combo, order } = candidate;
  const makers = otherFills(state, candidate, Math.min(wanted, order.remaining));
  if (makers.length === 0) return;
  const fill = priceFill(state, context, taker, candidate, makers);
  if (!isAllowed(state, context, taker, combo, fill)) return;
  const sheet = ownerSheet(draft, taker, combo, fill);
  if (sheetRefusal(state, sheet) !== undefined) return;
  draft.sheets.set(order.portfolio, sheet);
  draft.fills.push(fill);
}

/** The `most` lowest numbers, ascending. O(numbers) where they come ascending, as those of combos do. */
function firstNumbers(ids: Iterable<InstrumentId>, most: number): InstrumentId[] {
  const first: InstrumentId[] = [];
  for (const id of ids) {
    const last = first.at(-1);
    if (first.length === most && last !== undefined && id > last) continue;
    const at = first.findIndex((known) => known > id);
    first.splice(at < 0 ? first.length : at, 0, id);
    if (first.length > most) first.pop();
  }
  return first;
}

/** Lots that outright orders fill at this price or better for the taker. */
function lotsBefore({ fills }: MatchPlan, side: Side, price: PriceTicks): number {
  let lots = 0;
  for (const fill of fills) {
    if (!crosses(side, price, fill.maker.price)) break;
    lots += fill.lots;
  }
  return lots;
}

/**
 * The fills that go before worse outright orders of `plan`, and those after all of them; none where
 * no order of a pair rests on the book. Changes nothing. Cost: one look-up without any; else O(combos
 * of the book, at most `MAX_IMPLIED_OUT`) with a margin check each.
 */
export function planImpliedOut(
  state: State,
  context: BlockContext,
  taker: OutrightTaker,
  plan: MatchPlan,
): readonly ImpliedFill[] {
  const pairs = state.derived.combos.restingByLeg.get(taker.instrument);
  if (pairs === undefined || plan.stopped || plan.truncated) return NONE;
  const candidates: Candidate[] = [];
  for (const id of firstNumbers(pairs.keys(), MAX_IMPLIED_OUT)) {
    const candidate = candidateOf(state, context, taker, id);
    if (candidate !== undefined) candidates.push(candidate);
  }
  const sign = taker.side === SIDE.buy ? 1 : -1;
  candidates.sort((a, b) => sign * (a.price - b.price) || a.order.priority - b.order.priority);
  const draft: Draft = { fills: [], sheets: new Map() };
  const size = plan.filledLots + plan.openLots;
  let implied = 0;
  for (const candidate of candidates) {
    const wanted = size - implied - lotsBefore(plan, taker.side, candidate.price);
    if (wanted <= 0 || !hasWorkLeft(context)) break;
    spendWork(context);
    meet(state, context, taker, draft, candidate, wanted);
    implied = draft.fills.reduce((sum, { lots }) => sum + lots, 0);
  }
  return draft.fills;
}
