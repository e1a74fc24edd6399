/**
 * Pays the positions of delivered series, a bounded number a block.
 *
 * Source: design/exchange.md §5. Holders receive from and writers pay to `MODULE.clearing`; fees go
 * to `MODULE.fees`; futures close at the delivery price through `MODULE.variation`. Expiries are paid one after another, instruments and portfolios ascending, with
 * the cursor in the settlement row.
 *
 * Invariants: an instrument's positions sum to 0 lots, so once it is paid clearing is at 0 again, to
 * the micro-USD; at most one instrument at a time is part-paid.
 */

import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { assert } from '../core/result.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { changeLinearPosition } from '../linear/move-position.ts';
import { changePosition, positionOf } from '../margin/portfolio-index.ts';
import { hasOrders } from '../matching/close-orders.ts';
import { dropMark } from '../oracle/marks.ts';
import { expiryKey, type State } from '../state/state.ts';
import { moduleVersion, RUNTIME_MODULE } from '../upgrade/modules.ts';
import { dueExpiries } from './due-expiries.ts';
import { INSTRUMENT_STATE, type Instrument, isLinearKind } from './instrument.ts';
import { type PayablePosition, payablePositions } from './payable-positions.ts';
import { pruneSettled } from './prune-settled.ts';
import { seriesOf, unindexExpiry } from './series-index.ts';
import type { SettlementWindow } from './settlement.ts';
import { type SettlementPayment, settlementPayment } from './settlement-payment.ts';

/** Moves the money of one position and removes it. */
function payPosition(
  state: State,
  context: BlockContext,
  window: SettlementWindow,
  position: PayablePosition,
): void {
  const { portfolio } = position;
  const lots = positionOf(state, portfolio, position.instrument);
  const instrument = state.instruments.must(position.instrument);
  const { cash, fee } = isLinearKind(instrument.kind)
    ? payFuture(state, portfolio, instrument, lots)
    : payOption(state, portfolio, instrument, lots);
  window.cursorInstrument = instrument.id;
  window.cursorPortfolio = portfolio;
  window.paidLots += lots;
  const value = { portfolio, instrument: instrument.id, cash, fee };
  context.events.push({ selector: EVENT.settled, value });
}

/**
 * A future closes at the delivery price: what it realises is lots × delivery − cost, through
 * `MODULE.variation`, to which the holders of the other side pay or have paid as much.
 */
function payFuture(
  state: State,
  portfolio: PortfolioId,
  { id: instrument, underlying, deliveryPrice }: Instrument,
  lots: number,
): SettlementPayment {
  const { futureLotsPerCoin } = state.underlyings.must(underlying);
  assert(deliveryPrice % futureLotsPerCoin === 0, 'a lot is worth whole micro-USD at delivery');
  const pricePerLot = BigInt(deliveryPrice / futureLotsPerCoin);
  const trade = { portfolio, instrument, lots: -lots, pricePerLot };
  const { realised } = changeLinearPosition(state, trade);
  return { cash: realised, fee: 0n };
}

/** An option pays or receives its payoff, and is gone. */
function payOption(
  state: State,
  portfolio: PortfolioId,
  instrument: Instrument,
  lots: number,
): SettlementPayment {
  const underlying = state.underlyings.must(instrument.underlying);
  const payment = settlementPayment(underlying, instrument, lots);
  const { cash, fee } = payment;
  const { clearing, fees } = MODULE;
  const denomination = DENOMINATION.usd;
  const reason = 'settlement';
  if (cash < 0n) {
    transfer(state, { from: portfolio, to: clearing, denomination, amount: -cash, reason });
  } else {
    transfer(state, { from: clearing, to: portfolio, denomination, amount: cash, reason });
    const from = portfolio;
    transfer(state, { from, to: fees, denomination, amount: fee, reason: 'settlement_fee' });
  }
  changePosition(state, portfolio, instrument.id, -lots);
  return payment;
}

/** Ends an instrument whose positions are all paid. */
function finishInstrument(
  state: State,
  context: BlockContext,
  window: SettlementWindow,
  id: InstrumentId,
): void {
  assert(window.paidLots === 0, `positions of instrument ${id} do not sum to 0 lots`);
  assert(
    balanceOf(state, MODULE.clearing, DENOMINATION.usd) === 0n,
    `clearing is not at 0 after instrument ${id} was paid`,
  );
  const instrument = state.instruments.must(id);
  assert(instrument.openInterest === 0, `open interest of paid instrument ${id} is not 0`);
  instrument.state = INSTRUMENT_STATE.settled;
  if (moduleVersion(context.config, RUNTIME_MODULE.matching) >= 2) {
    state.lastTrades.delete(instrument.id);
  }
  state.instruments.touch(id);
  dropMark(state, id);
  context.events.push({ selector: EVENT.instrumentSettled, value: { instrument: id } });
}

/** Pays one expiry; returns what is left of `budget`, in positions and finished instruments. */
function payExpiry(
  state: State,
  context: BlockContext,
  window: SettlementWindow,
  budget: number,
): number {
  const payable = payablePositions(state, window);
  for (const id of seriesOf(state, window.underlying, window.expiry)) {
    if (state.instruments.must(id).state === INSTRUMENT_STATE.settled) continue;
    let position = payable.positions[payable.next];
    while (position?.instrument === id) {
      if (budget === 0) return 0;
      payPosition(state, context, window, position);
      payable.next += 1;
      budget -= 1;
      position = payable.positions[payable.next];
    }
    if (budget === 0) return 0;
    finishInstrument(state, context, window, id);
    budget -= 1;
  }
  window.settled = true;
  return budget;
}

/**
 * Pays what is due, oldest expiry first, at most `settlementsPerBlock` positions and finished
 * instruments. Cost: ~2 µs each; at the first block of a delivery one sort of its positions.
 */
export function paySettlements(state: State, context: BlockContext): void {
  let budget = context.parameters.settlementsPerBlock;
  for (const { underlying, expiry } of dueExpiries(state, context.timestamp)) {
    if (budget === 0) return;
    const key = expiryKey.pack(underlying, expiry);
    const window = state.settlements.must(key);
    if (window.deliveryPrice === 0) continue;
    // A position that is paid must not come back: so nothing of the expiry may still be open.
    if (seriesOf(state, underlying, expiry).some((id) => hasOrders(state, id))) continue;
    budget = payExpiry(state, context, window, budget);
    state.settlements.touch(key);
    if (!window.settled) return;
    state.markInputs.delete(key);
    unindexExpiry(state, underlying, expiry);
    pruneSettled(state, underlying);
  }
}
