/** How much an action orders: what budgets of trading keys are counted in. */

import { ACTION, type Action } from '../action.ts';
import type { OrderReference } from '../actions/orders.ts';
import { mulDivCeil } from '../core/math.ts';
import { type AccountId, type InstrumentId, portfolioId } from '../core/units.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import { withClientId } from '../matching/client-order-id.ts';
import type { State } from '../state/state.ts';

/** Micro-USD of lots at the last index, rounded up; 0 where there is no instrument or index. */
function notionalOf(state: State, instrument: InstrumentId, lots: number): bigint {
  const row = state.instruments.get(instrument);
  if (row === undefined) return 0n;
  const index = state.indexPrices.get(row.underlying)?.index ?? 0;
  const { optionLotsPerCoin } = contractTerms(state.underlyings.must(row.underlying), row.kind);
  return mulDivCeil(BigInt(lots), BigInt(index), BigInt(optionLotsPerCoin));
}

/** The series of an open order of the account, if it names one. */
function seriesOf(
  state: State,
  account: AccountId,
  { subAccount, orderId, clientOrderId }: OrderReference,
): InstrumentId | undefined {
  const portfolio = portfolioId(account, subAccount);
  const id = orderId !== 0 ? orderId : withClientId(state, portfolio, clientOrderId);
  return id === undefined ? undefined : state.orders.get(id)?.instrument;
}

/**
 * Micro-USD of notional that an action orders, whole size at the last index; `undefined` where that
 * is not known before it is carried out. O(1), of a mass quote O(quotes).
 */
export function actionNotional(
  state: State,
  account: AccountId,
  action: Action,
): bigint | undefined {
  switch (action.selector) {
    case ACTION.placeOrder:
      return notionalOf(state, action.value.instrument, action.value.size);
    case ACTION.replaceOrder:
    case ACTION.placeTrigger: {
      const { instrument, size } = action.value.order;
      return notionalOf(state, instrument, size);
    }
    case ACTION.amendOrder: {
      const series = seriesOf(state, account, action.value.order);
      return series === undefined ? 0n : notionalOf(state, series, action.value.size);
    }
    case ACTION.massQuote:
      return action.value.quotes.reduce(
        (sum, { instrument, bidSize, askSize }) =>
          sum + notionalOf(state, instrument, bidSize + askSize),
        0n,
      );
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
    case ACTION.cancelOrders:
    case ACTION.reduceOrder:
    case ACTION.linkOrders:
    case ACTION.setProtection:
    case ACTION.resetProtection:
    case ACTION.cancelAfter:
      return 0n;
  }
  return undefined;
}
