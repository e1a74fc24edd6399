/**
 * A trade between two orders of one combo: priced leg by leg, entered on both sides' sheets, written.
 *
 * Source: design/exchange.md §2. The net price is the resting order's; each leg trades at its mark
 * and the remainder on the leg of largest vega (`allocate-net.ts`). Fees, tiers and rebates are those
 * of the legs as trades of their own, the cheaper direction discounted for each side.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type PortfolioId, sizeLots } from '../core/units.ts';
import type { Refusal } from '../error.ts';
import { CLOSE_REASON, EVENT } from '../event.ts';
import { comboFees } from '../fees/combo-fee.ts';
import { feeTerms, makerFillFee, takerFillFee } from '../fees/fill-fees.ts';
import { payTradingFee } from '../fees/pay-trading-fee.ts';
import { exactProduct } from '../fees/trade-fee.ts';
import { notionalCents } from '../fees/trading-volume.ts';
import { transfer } from '../ledger/ledger.ts';
import { changePosition, indexReduction } from '../margin/portfolio-index.ts';
import { reduceInBook } from '../matching/book.ts';
import { closeIdleReduceOnly } from '../matching/close-idle.ts';
import { closeOrder } from '../matching/close-order.ts';
import type { RestingOrder } from '../matching/order.ts';
import { microUsdPerTickLot } from '../options/underlying.ts';
import type { State } from '../state/state.ts';
import { allocateNet } from './allocate-net.ts';
import { addPosition, addTerms, type ChangeSheet } from './change-sheet.ts';
import { netBandRefusal, type ValuedLeg, valueLegs } from './check-legs.ts';
import type { Combo } from './combo.ts';
import { comboTerms, netDebit } from './combo-terms.ts';
import { LEG_TRADE } from './events.ts';
import type { TradedLeg } from './leg-trade.ts';

/** A leg of the trade; `side` is the taker's. */
export type ComboTradedLeg = TradedLeg & { readonly volumeCents: number };

/** A planned trade with a resting order of the combo. */
export type ComboTrade = {
  readonly maker: RestingOrder;
  readonly lots: number;
  readonly legs: readonly ComboTradedLeg[];
};

/** Who takes from the combo's book, and on which side. */
export type ComboTaker = { readonly portfolio: PortfolioId; readonly side: Side };

/** The taker's and the maker's fee of each leg. */
function legFees(
  state: State,
  context: BlockContext,
  legs: readonly (ValuedLeg & { readonly premium: bigint })[],
  { taker, maker }: { readonly taker: PortfolioId; readonly maker: PortfolioId },
): { readonly takerFees: bigint[]; readonly makerFees: bigint[] } {
  const { comboDiscountBps } = context.parameters;
  const terms = legs.map(({ instrument, index }) => {
    const { kind, underlying: id } = state.instruments.must(instrument);
    return feeTerms(state, context, { underlying: state.underlyings.must(id), kind, index }, taker);
  });
  const alone = legs.map(({ side, lots, premium }, i) => {
    const own = terms[i];
    return { side, fee: own === undefined ? 0n : takerFillFee(own, lots, premium) };
  });
  const takerFees = comboFees(alone, comboDiscountBps);
  const makers = legs.map(({ side, lots, premium }, i) => {
    const own = terms[i];
    const takerFee = takerFees[i] ?? 0n;
    return {
      side,
      fee: own === undefined ? 0n : makerFillFee(own, maker, { lots, premium, takerFee }),
    };
  });
  // A rebate is not discounted: it is at most what the taker pays for the leg.
  const pays = makers.every(({ fee }) => fee >= 0n);
  const makerFees = pays ? comboFees(makers, comboDiscountBps) : makers.map(({ fee }) => fee);
  return { takerFees, makerFees };
}

/** Prices a trade of `lots` at the resting order's price. Errors: no_mark, net_band. */
export function priceComboTrade(
  state: State,
  context: BlockContext,
  combo: Combo,
  taker: ComboTaker,
  maker: RestingOrder,
  lots: number,
): Result<ComboTrade, Refusal> {
  // Legs as the taker trades them.
  const own = combo.legs.map(({ instrument, side, ratio }) => ({
    instrument,
    side: side === taker.side ? SIDE.buy : SIDE.sell,
    lots: sizeLots(ratio),
  }));
  const valued = valueLegs(state, context, own, lots);
  if (!valued.ok) return valued;
  const { underlying, legs } = valued.value;
  const debit = exactProduct(
    netDebit(taker.side, maker.price) * microUsdPerTickLot(underlying),
    lots,
  );
  const outside = netBandRefusal(legs, debit);
  if (outside !== undefined) return err(outside);
  const premiums = allocateNet(legs, debit);
  const priced = legs.map((leg, i) => ({ ...leg, premium: premiums[i] ?? 0n }));
  const sides = { taker: taker.portfolio, maker: maker.portfolio };
  const { takerFees, makerFees } = legFees(state, context, priced, sides);
  return ok({
    maker,
    lots,
    legs: priced.map(({ instrument, side, lots: legLots, premium, index }, i) => ({
      instrument,
      side,
      lots: legLots,
      premium,
      takerFee: takerFees[i] ?? 0n,
      makerFee: makerFees[i] ?? 0n,
      volumeCents: notionalCents(underlying, legLots, index),
    })),
  });
}

/** Enters the trade on the taker's sheet. */
export function enterTaker(sheet: ChangeSheet, { legs }: ComboTrade): void {
  for (const { instrument, side, lots, premium, takerFee } of legs) {
    addPosition(sheet, instrument, side === SIDE.buy ? lots : -lots);
    sheet.cash += (side === SIDE.buy ? -premium : premium) - takerFee;
  }
}

/** Enters the trade on the maker's sheet: the lots of its order go with it. */
export function enterMaker(
  sheet: ChangeSheet,
  combo: Combo,
  { maker, lots, legs }: ComboTrade,
): void {
  for (const { instrument, side, lots: legLots, premium, makerFee } of legs) {
    addPosition(sheet, instrument, side === SIDE.buy ? -legLots : legLots);
    sheet.cash += (side === SIDE.buy ? premium : -premium) - makerFee;
  }
  const { side, price } = maker;
  addTerms(sheet, comboTerms(combo, { side, price, lots: -lots }));
}

function pay(state: State, from: PortfolioId, to: PortfolioId, amount: bigint): void {
  transfer(state, { from, to, denomination: DENOMINATION.usd, amount, reason: 'premium' });
}

/** The resting order gives up the lots that traded. */
export function fillComboOrder(
  state: State,
  context: BlockContext,
  maker: RestingOrder,
  lots: number,
): void {
  if (lots === maker.remaining) closeOrder(state, context, maker, CLOSE_REASON.filled);
  else {
    indexReduction(state, maker, lots);
    reduceInBook(maker, lots);
    state.orders.touch(maker.id);
    const value = { orderId: maker.id, lots: sizeLots(lots) };
    context.events.push({ selector: EVENT.orderReduced, value });
  }
}

/** Writes a trade that both sides can carry: an event a leg, then the resting order. Cannot fail. */
export function applyComboTrade(
  state: State,
  context: BlockContext,
  combo: Combo,
  taker: PortfolioId,
  { maker: order, lots, legs }: ComboTrade,
): void {
  const { portfolio: maker } = order;
  for (const leg of legs) {
    const { instrument, side, lots: legLots, premium, takerFee, makerFee, volumeCents } = leg;
    const isBuy = side === SIDE.buy;
    if (isBuy) pay(state, taker, maker, premium);
    else pay(state, maker, taker, premium);
    payTradingFee(state, context, { portfolio: maker, fee: makerFee, rebates: 0n, volumeCents });
    const rebates = makerFee < 0n ? -makerFee : 0n;
    payTradingFee(state, context, { portfolio: taker, fee: takerFee, rebates, volumeCents });
    changePosition(state, maker, instrument, isBuy ? -legLots : legLots);
    changePosition(state, taker, instrument, isBuy ? legLots : -legLots);
    context.events.push({
      selector: EVENT.legTrade,
      value: {
        kind: LEG_TRADE.combo,
        reference: combo.instrument,
        instrument,
        lots: legLots,
        side,
        premium,
        maker,
        taker,
        makerFee,
        takerFee,
      },
    });
  }
  fillComboOrder(state, context, order, lots);
  if (state.derived.orders.reduceOnly.size === 0) return;
  for (const { instrument } of legs) {
    closeIdleReduceOnly(state, context, taker, instrument);
    closeIdleReduceOnly(state, context, maker, instrument);
  }
}
