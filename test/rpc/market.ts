/** A market by hand on a fake node: one series, and orders that change rows and events alike. */

import { rebuildAccountIndex } from '../../runtime/accounts/account-index.ts';
import { STRUCTURE } from '../../runtime/actions/multileg.ts';
import { SIDE, type Side } from '../../runtime/actions/order-terms.ts';
import {
  accountId,
  address,
  type InstrumentId,
  orderId,
  type PortfolioId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
  underlyingId,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, type Event } from '../../runtime/event.ts';
import { FIRST_ACCOUNT_ID } from '../../runtime/ledger/module-accounts.ts';
import type { Order } from '../../runtime/matching/order.ts';
import { PLAIN_ORDER, restingOrder } from '../../runtime/matching/order.ts';
import { INSTRUMENT_KIND, PERPETUAL_EXPIRY } from '../../runtime/options/instrument.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { addSeries, BTC, ETH, fundedPortfolio, START } from '../fixtures/state.ts';

/** Name of the series that `openMarket` lists: START is 2025-12-01 08:00 UTC. */
export const SERIES = 'BTC-1DEC25-0805-100000-C';
/** Its longs paid 50 micro-USD a lot in the hour before, and 20 in this one; 100 lots are a coin. */
export const PERPETUAL = 'ETH-PERPETUAL';
/** A call spread of it with the series of the next strike. */
export const COMBO = 'BTC-CS-1DEC25-0805-100000_110000';
export const MAKER: string = '11'.repeat(20);
export const TAKER: string = '22'.repeat(20);
const makerId = accountId(FIRST_ACCOUNT_ID + 1);
const takerId = accountId(FIRST_ACCOUNT_ID + 2);
export const MAKER_PORTFOLIO: PortfolioId = portfolioId(makerId, subAccount(0));
export const TAKER_PORTFOLIO: PortfolioId = portfolioId(takerId, subAccount(0));

export type TestMarket = {
  readonly instrument: InstrumentId;
  /** Opens an order of the maker: the row now, and its event. */
  open(side: Side, ticks: number, lots: number): Event & { value: Order };
  /** A fill of an open order by the taker: trade and what becomes of the order. */
  fill(order: Order, lots: number): Event[];
  cancel(order: Order): Event;
};

/** The perpetual of ETH, which has paid funding for two hours. */
function listPerpetual(state: State): void {
  const underlying = ETH.id;
  state.underlyings.set(underlying, { ...ETH, futureTickMicroUsd: 50_000, futureLotsPerCoin: 100 });
  const instrument = addSeries(state, {
    underlying,
    kind: INSTRUMENT_KIND.perpetual,
    expiry: PERPETUAL_EXPIRY,
    strikeUsd: 0,
  });
  state.perpetuals.set(underlying, {
    underlying,
    instrument,
    markedAt: START,
    premium: 1_250_000,
    rate: 1_000_000,
    cumulative: 70,
    remainder: 0n,
    average: 0,
    hour: START / 3_600_000,
    hourly: [0, 50],
  });
}

export function openMarket(state: State): TestMarket {
  const instrument = addSeries(state, {
    underlying: BTC.id,
    kind: INSTRUMENT_KIND.call,
    expiry: timestampMs(START + 300_000),
    strikeUsd: 100_000,
  });
  const expiry = timestampMs(START + 300_000);
  const upper = addSeries(state, {
    underlying: BTC.id,
    kind: INSTRUMENT_KIND.call,
    expiry,
    strikeUsd: 110_000,
  });
  const combo = addSeries(state, {
    underlying: BTC.id,
    kind: INSTRUMENT_KIND.combo,
    expiry,
    strikeUsd: 0,
  });
  state.combos.set(combo, {
    instrument: combo,
    structure: STRUCTURE.callSpread,
    legs: [
      { instrument, side: SIDE.buy, ratio: 1 },
      { instrument: upper, side: SIDE.sell, ratio: 1 },
    ],
  });
  for (const [hex, id] of [
    [MAKER, makerId],
    [TAKER, takerId],
  ] as const) {
    state.accounts.set(address(hex), { id, createdAt: START, keys: [] });
  }
  listPerpetual(state);
  rebuildAccountIndex(state);
  fundedPortfolio(state, 1, 1_000_000n);
  fundedPortfolio(state, 2, 1_000_000n);
  state.indexPrices.set(underlyingId(1), {
    underlying: underlyingId(1),
    index: 100_000_000_000,
    confidenceBps: 10_000,
    updatedAt: START,
  });
  let next = 1;
  return {
    instrument,
    open(side, ticks, lots) {
      const id = orderId(next++);
      const order: Order = {
        ...PLAIN_ORDER,
        id,
        priority: id,
        shown: sizeLots(lots),
        portfolio: MAKER_PORTFOLIO,
        instrument,
        side,
        price: priceTicks(ticks),
        remaining: sizeLots(lots),
        size: sizeLots(lots),
        placedAt: metaOf(state).timestamp,
      };
      state.orders.set(order.id, restingOrder(order));
      return { selector: EVENT.orderOpened, value: order };
    },
    fill(given, lots) {
      const order = state.orders.must(given.id);
      order.remaining = sizeLots(order.remaining - lots);
      order.shown = order.remaining;
      const trade: Event = {
        selector: EVENT.trade,
        value: {
          instrument,
          price: order.price,
          lots: sizeLots(lots),
          side: order.side === SIDE.buy ? SIDE.sell : SIDE.buy,
          makerOrder: order.id,
          takerOrder: orderId(next++),
          maker: MAKER_PORTFOLIO,
          taker: TAKER_PORTFOLIO,
          makerFee: 1_000_000n,
          takerFee: 3_000_000n,
        },
      };
      const reduced: Event = {
        selector: EVENT.orderReduced,
        value: { orderId: order.id, lots: sizeLots(lots) },
      };
      if (order.remaining > 0) return [trade, reduced];
      state.orders.delete(order.id);
      const closed: Event = {
        selector: EVENT.orderClosed,
        value: { orderId: order.id, reason: CLOSE_REASON.filled },
      };
      return [trade, reduced, closed];
    },
    cancel(order) {
      state.orders.delete(order.id);
      return {
        selector: EVENT.orderClosed,
        value: { orderId: order.id, reason: CLOSE_REASON.cancelled },
      };
    },
  };
}
