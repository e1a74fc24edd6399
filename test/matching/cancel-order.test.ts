import { describe, expect, test } from 'vitest';
import { type CancelOrders, cancelAllOf } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import {
  orderId,
  type PortfolioId,
  portfolioId,
  priceTicks,
  subAccount,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { MAX_OPEN_ORDERS_PER_SERIES } from '../../runtime/limits.ts';
import {
  cancelByClientId,
  cancelOrder,
  cancelOrders,
} from '../../runtime/matching/cancel-order.ts';
import { enterBook } from '../../runtime/matching/rest-order.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { fundedPortfolio, nextBlock } from '../fixtures/state.ts';
import {
  accountOf,
  booksImage,
  codeOf,
  type Market,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
  testMarket,
} from './market.ts';
import { orderIn } from './resting.ts';

/** Alice has orders 1 (client id 7) and 2, Bob has order 3. */
function setUp(): { market: Market; alice: PortfolioId; bob: PortfolioId } {
  const market = testMarket();
  const alice = fundedPortfolio(market.state, 0, 1_000_000n);
  const bob = fundedPortfolio(market.state, 1, 1_000_000n);
  const instrument = seriesNamed(market, 'near100000C');
  const order = { instrument, side: 'buy', price: 5_000, lots: 10 } as const;
  for (const result of [
    place(market, alice, { ...order, clientOrderId: 7 }),
    place(market, alice, order),
    place(market, bob, { ...order, clientOrderId: 7 }),
  ]) {
    expect(codeOf(result)).toBe('ok');
  }
  // A day later: no mark is fresh any more, cancels work all the same.
  market.context = nextBlock(market.state, 24 * 3_600_000);
  return { market, alice, bob };
}

const SUB = subAccount(0);
const ONE = { selector: ACTION_RESULT.cancelled, value: { cancelled: 1 } };

describe('refusals in precedence order', () => {
  test('order_not_found, then not_owner, change nothing', () => {
    const { market, alice } = setUp();
    const { state, context } = market;
    const account = accountOf(alice);
    const before = tablesImage(state);
    expect(codeOf(cancelOrder(state, context, account, { orderId: orderId(99) }))).toBe(
      'order_not_found',
    );
    expect(codeOf(cancelOrder(state, context, account, { orderId: orderId(3) }))).toBe('not_owner');
    const unknown = { subAccount: SUB, clientOrderId: 8 };
    expect(codeOf(cancelByClientId(state, context, account, unknown))).toBe('order_not_found');
    const otherSub = { subAccount: subAccount(1), clientOrderId: 7 };
    expect(codeOf(cancelByClientId(state, context, account, otherSub))).toBe('order_not_found');
    expect(tablesImage(state)).toBe(before);
    expect(context.events).toEqual([]);
  });
});

test('by number: the order leaves table, book and portfolio', () => {
  const { market, alice } = setUp();
  const { state, context } = market;
  const result = cancelOrder(state, context, accountOf(alice), { orderId: orderId(2) });
  expect(result).toEqual({ ok: true, value: ONE });
  expect(context.events).toEqual([
    { selector: EVENT.orderClosed, value: { orderId: 2, reason: CLOSE_REASON.cancelled } },
  ]);
  expect(state.orders.sortedKeys()).toEqual([1, 3]);
  expect(problemsOf(state)).toEqual([]);
});

test("by client order id: the account's own, and the id is free again", () => {
  const { market, alice } = setUp();
  const { state, context } = market;
  const action = { subAccount: SUB, clientOrderId: 7 };
  expect(cancelByClientId(state, context, accountOf(alice), action)).toEqual({
    ok: true,
    value: ONE,
  });
  expect(state.orders.sortedKeys()).toEqual([2, 3]);
  expect(codeOf(cancelByClientId(state, context, accountOf(alice), action))).toBe(
    'order_not_found',
  );
});

test('all: by ascending number, and none is no error', () => {
  const { market, alice } = setUp();
  const { state, context } = market;
  const account = accountOf(alice);
  cancelOrders(state, context, account, cancelAllOf(SUB));
  expect(context.events.map((event) => event.value)).toEqual([
    { orderId: 1, reason: CLOSE_REASON.cancelled },
    { orderId: 2, reason: CLOSE_REASON.cancelled },
  ]);
  expect(cancelOrders(state, context, account, cancelAllOf(SUB))).toEqual({
    ok: true,
    value: { selector: ACTION_RESULT.cancelled, value: { cancelled: 0 } },
  });
  expect(Object.values(booksImage(state)).flatMap(({ bids }) => bids)).toHaveLength(1);
  expect(problemsOf(state)).toEqual([]);
});

test('over all sub-accounts none further is looked at after 20,000 orders: named, it is', () => {
  const market = testMarket();
  const { state, context } = market;
  const alice = fundedPortfolio(state, 0, 1_000_000n);
  const account = accountOf(alice);
  const series = state.instruments.sortedKeys().slice(0, 10);
  const fill = (sub: number, label: number): void => {
    const portfolio = portfolioId(account, subAccount(sub));
    if (sub > 0) mint(state, portfolio, DENOMINATION.usd, 1_000_000_000_000n);
    for (const instrument of series) {
      const mark = state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
      const price = Math.max(1, Math.floor(mark / 1_000_000));
      // As rows: an account may not have so many, but each order of a combo is seen in every leg.
      for (let i = 0; i < MAX_OPEN_ORDERS_PER_SERIES; i++) {
        const meta = metaOf(state);
        const id = meta.nextOrderId;
        meta.nextOrderId = orderId(id + 1);
        const terms = { id, portfolio, instrument, price: priceTicks(price), label };
        enterBook(state, orderIn({ ...terms, side: 'buy' }));
      }
    }
  };
  for (let sub = 0; sub < 10; sub++) fill(sub, sub === 9 ? 5 : 0);
  fill(10, 5);
  const labelled = { ...cancelAllOf(subAccount(10)), label: 5 };
  const cancelledBy = (action: CancelOrders) => {
    const result = cancelOrders(state, context, account, action);
    return result.ok && result.value.value;
  };
  const everywhere = { ...labelled, allSubAccounts: true };
  expect(cancelledBy(everywhere)).toEqual({ cancelled: 2_000 });
  expect(state.orders.size).toBe(20_000);
  // Those are gone, so the last is reached now.
  expect(cancelledBy(everywhere)).toEqual({ cancelled: 2_000 });
  fill(9, 0);
  fill(10, 5);
  expect(cancelledBy(everywhere)).toEqual({ cancelled: 0 });
  expect(cancelledBy(labelled)).toEqual({ cancelled: 2_000 });
  expect(problemsOf(state)).toEqual([]);
});
