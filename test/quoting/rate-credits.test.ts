import { describe, expect, test } from 'vitest';
import { chargeAction, paceOfAll, type Spender } from '../../runtime/accounts/charge-action.ts';
import { earnCredits } from '../../runtime/accounts/earn-credits.ts';
import { newCredits, refilled } from '../../runtime/accounts/rate-credits.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import {
  accountId,
  instrumentId,
  type OrderId,
  orderId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { runtimeErrorCode } from '../../runtime/error.ts';
import type { Parameters } from '../../runtime/governance/parameters.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { ACTION_RESULT, RECEIPT_STATUS } from '../../runtime/receipt.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { runBlock, startChain, transactionOf } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';
import { START, TEST_PARAMETERS } from '../fixtures/state.ts';
import { accountOf, advance, orderOf, place } from '../matching/market.ts';
import { quotingMarket, take } from './quoting-market.ts';

const RULES: Partial<Parameters> = {
  creditStart: 100,
  creditCap: 1_000,
  creditRefillPerSecond: 10,
  creditUsdPerCredit: 1_000,
  creditOrderCost: 3,
  creditQuotesPerCredit: 10,
  creditCancelCost: 2,
  creditOtherCost: 5,
};

/** A market of which the maker's account has so many credits, and no refill. */
function setUp(credits: number, rules: Partial<Parameters> = {}) {
  const setting = quotingMarket();
  const { market, maker } = setting;
  const parameters = { ...market.context.parameters, ...RULES, creditRefillPerSecond: 0, ...rules };
  market.state.parameters.set(SINGLETON_KEY, parameters);
  market.context = { ...market.context, parameters };
  const account = accountOf(maker);
  market.state.rateCredits.set(account, {
    ...newCredits(account, parameters, market.context.timestamp),
    credits,
  });
  const spender: Spender = { account, budgets: [] };
  const charge = (action: Action): string => {
    const refused = chargeAction(market.state, market.context, spender, action);
    return refused === undefined ? 'ok' : `${refused.code} ${refused.given}/${refused.allowed}`;
  };
  const left = (): number => market.state.rateCredits.must(account).credits;
  return { ...setting, spender, charge, left };
}

const cancel = (id: OrderId): Action => ({
  selector: ACTION.cancelOrder,
  value: { orderId: id },
});
const CANCEL_ALL: Action = { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) };
const RENEWAL: Action = {
  selector: ACTION.cancelAfter,
  value: { scope: 0, subAccount: subAccount(0), timeoutMs: 10_000 },
};

function quotesOf(count: number): Action {
  const quote = {
    instrument: instrumentId(1),
    bidPrice: priceTicks(1),
    bidSize: sizeLots(1),
    askPrice: priceTicks(2),
    askSize: sizeLots(1),
  };
  const quotes = Array.from({ length: count }, () => quote);
  return { selector: ACTION.massQuote, value: { subAccount: subAccount(0), quotes } };
}

describe('what an action costs', () => {
  const order = ({ maker, call, callMark }: ReturnType<typeof setUp>): Action => ({
    selector: ACTION.placeOrder,
    value: orderOf(maker, { instrument: call, side: 'buy', price: callMark, lots: 1 }),
  });
  const rows: readonly [string, (setting: ReturnType<typeof setUp>) => Action, number][] = [
    ['an order', order, 3],
    ['one quote', () => quotesOf(1), 1],
    ['ten quotes', () => quotesOf(10), 1],
    ['eleven quotes', () => quotesOf(11), 2],
    ['a hundred quotes', () => quotesOf(100), 10],
    ['a cancel of no order', () => cancel(orderId(999)), 2],
    ['a renewal', () => RENEWAL, 5],
  ];
  test.each(rows)('%s', (_name, actionOf, cost) => {
    const rich = setUp(50);
    expect(rich.charge(actionOf(rich))).toBe('ok');
    expect(rich.left()).toBe(50 - cost);
    const exact = setUp(cost);
    expect(exact.charge(actionOf(exact))).toBe('ok');
    expect(exact.left()).toBe(0);
    const poor = setUp(cost - 1);
    expect(poor.charge(actionOf(poor))).toBe(`rate_limited ${cost}/${cost - 1}`);
    expect(poor.left()).toBe(cost - 1);
  });

  test('nothing while credits are off', () => {
    const { market, charge } = setUp(0, { creditStart: 0 });
    expect(charge(RENEWAL)).toBe('ok');
    expect(market.state.rateCredits.size).toBe(1);
  });
});

describe('cancels that are never refused', () => {
  test("of the signer's own open order, by number and by client order id", () => {
    const { market, maker, call, callMark, charge, left } = setUp(0);
    place(market, maker, {
      instrument: call,
      side: 'buy',
      price: callMark,
      lots: 1,
      clientOrderId: 7,
    });
    const [order] = openOrdersOf(market.state, maker);
    expect(charge(cancel(order?.id ?? orderId(0)))).toBe('ok');
    const value = { subAccount: subAccount(0), clientOrderId: 7 };
    expect(charge({ selector: ACTION.cancelByClientId, value })).toBe('ok');
    const unknown = { subAccount: subAccount(0), clientOrderId: 8 };
    expect(charge({ selector: ACTION.cancelByClientId, value: unknown })).toBe('rate_limited 2/0');
    expect(left()).toBe(0);
  });

  test("not of another account's order", () => {
    const { market, taker, call, callMark, charge } = setUp(0);
    place(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 1 });
    const [order] = openOrdersOf(market.state, taker);
    expect(charge(cancel(order?.id ?? orderId(0)))).toBe('rate_limited 2/0');
  });

  test('one cancel of many an account and block', () => {
    const { market, charge } = setUp(3);
    expect(charge(CANCEL_ALL)).toBe('ok');
    expect(charge(CANCEL_ALL)).toBe('ok');
    expect(charge(CANCEL_ALL)).toBe('rate_limited 2/1');
    advance(market);
    expect(charge(CANCEL_ALL)).toBe('ok');
  });

  test('also of an account that has no row yet', () => {
    const { market, spender, charge, left } = setUp(0);
    market.state.rateCredits.delete(spender.account);
    expect(charge(CANCEL_ALL)).toBe('ok');
    expect(left()).toBe(100);
  });
});

describe('refill', () => {
  const parameters = { ...TEST_PARAMETERS, ...RULES };
  const row = (credits: number) => ({
    ...newCredits(accountId(2_000), parameters, timestampMs(START)),
    credits,
  });
  const at = (ms: number) => timestampMs(START + ms);
  const rows: readonly [name: string, credits: number, ms: number, after: number, at: number][] = [
    ['nothing yet', 50, 99, 50, 0],
    ['one credit, the rest of the time is kept', 50, 199, 51, 100],
    ['one second', 50, 1_000, 60, 1_000],
    ['up to the start', 50, 5_000, 100, 5_000],
    ['not above it', 50, 60_000, 100, 60_000],
    ['not what trading brought above it', 500, 60_000, 500, 60_000],
    ['years are no more than exact', 0, 10 ** 12, 100, 10 ** 12],
  ];
  test.each(rows)('%s', (_name, credits, ms, after, refilledAt) => {
    expect(refilled(row(credits), parameters, at(ms))).toEqual({
      credits: after,
      refilledAt: at(refilledAt),
    });
  });

  test('many looks give no more than one', () => {
    const often = row(0);
    const odd = { ...parameters, creditRefillPerSecond: 7 };
    for (let ms = 1; ms <= 10_000; ms += 13) Object.assign(often, refilled(often, odd, at(ms)));
    const last = 1 + 13 * Math.floor(9_999 / 13);
    const once = refilled(row(0), odd, at(last)).credits;
    expect(often.credits).toBeLessThanOrEqual(once);
    expect(often.credits).toBeGreaterThan(once * 0.9);
  });
});

describe('credits from trading', () => {
  test('both sides earn one for every so many USD of notional, the rest is carried', () => {
    const { market, maker, taker, call, callMark } = setUp(10);
    place(market, maker, { instrument: call, side: 'sell', price: callMark, lots: 20 });
    // A lot of 0.01 BTC at $100,000 is $1,000 of notional: with $1,600 a credit, 1.25 for two.
    const parameters = { ...market.context.parameters, creditUsdPerCredit: 1_600 };
    const buy = (lots: number) => {
      market.context = { ...market.context, parameters, events: [] };
      take(market, taker, { instrument: call, side: 'buy', price: callMark, lots });
      earnCredits(market.state, market.context);
      return market.state.rateCredits.must(accountOf(maker));
    };
    expect(buy(2)).toMatchObject({ credits: 11, carriedMicroUsd: 400_000_000 });
    expect(buy(6)).toMatchObject({ credits: 15, carriedMicroUsd: 0 });
    expect(market.state.rateCredits.must(accountOf(taker)).credits).toBe(105);
  });

  test('up to the cap', () => {
    const { market, maker, taker, call, callMark } = setUp(10, { creditCap: 103 });
    place(market, maker, { instrument: call, side: 'sell', price: callMark, lots: 200 });
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 200 });
    earnCredits(market.state, market.context);
    expect(market.state.rateCredits.must(accountOf(maker)).credits).toBe(103);
    expect(market.state.rateCredits.must(accountOf(taker)).credits).toBe(103);
  });

  test('none while 0 USD bring one', () => {
    const { market, maker, taker, call, callMark, left } = setUp(10, { creditUsdPerCredit: 0 });
    place(market, maker, { instrument: call, side: 'sell', price: callMark, lots: 20 });
    take(market, taker, { instrument: call, side: 'buy', price: callMark, lots: 20 });
    earnCredits(market.state, market.context);
    expect(left()).toBe(10);
  });
});

describe('a transaction without a chance', () => {
  test('is one of which every action would be refused', () => {
    const { market, maker, call, callMark, spender, charge } = setUp(1);
    const pace = (actions: Action[]) =>
      paceOfAll(market.state, market.context, spender, actions)?.code ?? 'ok';
    place(market, maker, { instrument: call, side: 'buy', price: callMark, lots: 1 });
    const own = cancel(openOrdersOf(market.state, maker)[0]?.id ?? orderId(0));
    expect(pace([RENEWAL, cancel(orderId(999))])).toBe('rate_limited');
    expect(pace([RENEWAL, own])).toBe('ok');
    // The next block has a free one again.
    charge(CANCEL_ALL);
    expect(pace([RENEWAL, CANCEL_ALL])).toBe('ok');
    expect(pace([RENEWAL, quotesOf(10)])).toBe('ok');
  });

  test('in a block: orders until the credits are gone, then no nonce is used; cancels go on', () => {
    const alice = testKey('alice');
    const chain = startChain();
    const parameters = chain.state.parameters.must(SINGLETON_KEY);
    chain.state.parameters.set(SINGLETON_KEY, {
      ...parameters,
      ...RULES,
      creditStart: 11,
      creditRefillPerSecond: 0,
    });
    runBlock(chain);
    const { receipts } = runBlock(chain, [
      transactionOf(chain, alice, [RENEWAL, RENEWAL, RENEWAL, CANCEL_ALL]),
      transactionOf(chain, alice, [cancel(orderId(999))]),
    ]);
    const codes = receipts.map(({ results }) =>
      results.map(({ selector, value }) =>
        selector === ACTION_RESULT.refused ? runtimeErrorCode(value.number) : 'done',
      ),
    );
    expect(codes).toEqual([['done', 'done', 'rate_limited', 'done'], ['rate_limited']]);
    const nonces = (): number =>
      [...chain.state.nonces.unorderedEntries()].reduce(
        (sum, [, row]) => sum + row.nonces.length,
        0,
      );
    const before = nonces();
    const later = runBlock(chain, [
      transactionOf(chain, alice, [RENEWAL]),
      transactionOf(chain, alice, [CANCEL_ALL]),
    ]);
    expect(later.receipts.map(({ status }) => status)).toEqual([
      RECEIPT_STATUS.invalid,
      RECEIPT_STATUS.applied,
    ]);
    expect(nonces()).toBe(before + 1);
  });
});
