import { describe, expect, test } from 'vitest';
import { TRIGGER_CONDITION, TRIGGER_SOURCE } from '../../runtime/actions/order-terms.ts';
import { type CancelAfter, SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { type PortfolioId, portfolioId, subAccount } from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT } from '../../runtime/event.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import {
  MAX_OPEN_ORDERS_PER_SERIES,
  MAX_SWITCH_CLOSES,
  MAX_SWITCH_TIMEOUT_MS,
  MIN_SWITCH_TIMEOUT_MS,
} from '../../runtime/limits.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { placeTrigger } from '../../runtime/matching/place-trigger.ts';
import { cancelAfter } from '../../runtime/quoting/cancel-after.ts';
import { fireDeadManSwitches } from '../../runtime/quoting/fire-dead-man-switches.ts';
import { fundedPortfolio, MICRO, nextBlock, reloaded } from '../fixtures/state.ts';
import {
  accountOf,
  codeOf,
  type Market,
  orderOf,
  place,
  problemsOf,
  seriesNamed,
  tablesImage,
  testMarket,
} from '../matching/market.ts';
import { closings, markOf, quote } from './quoting-market.ts';

function arm(market: Market, owner: PortfolioId, changes: Partial<CancelAfter> = {}) {
  return cancelAfter(market.state, market.context, accountOf(owner), {
    scope: SWITCH_SCOPE.subAccount,
    subAccount: subAccount(0),
    timeoutMs: 10_000,
    ...changes,
  });
}

/** The next block, in which switches have been fired. */
function later(market: Market, elapsedMs: number): void {
  market.context = nextBlock(market.state, elapsedMs);
  fireDeadManSwitches(market.state, market.context);
}

function rest(market: Market, owner: PortfolioId, name = 'near100000C'): void {
  const instrument = seriesNamed(market, name);
  const price = markOf(market, instrument);
  const placed = place(market, owner, { instrument, side: 'buy', price, lots: 1 });
  if (!placed.ok) throw new Error(placed.error.code);
}

function setUp() {
  const market = testMarket();
  const alice = fundedPortfolio(market.state, 0, 10_000_000n);
  const bob = fundedPortfolio(market.state, 1, 10_000_000n);
  return { market, alice, bob, second: portfolioId(accountOf(alice), subAccount(1)) };
}

describe('a dead-man switch', () => {
  test('closes every order of its sub-account when nobody renews it, and nobody else is touched', () => {
    const { market, alice, bob } = setUp();
    rest(market, alice);
    quote(market, alice, { instrument: seriesNamed(market, 'far100000C'), bid: [1_000, 0] });
    rest(market, alice, 'far100000C');
    rest(market, bob);
    arm(market, alice);
    later(market, 9_999);
    expect(openOrdersOf(market.state, alice)).toHaveLength(2);
    later(market, 1);
    expect(openOrdersOf(market.state, alice)).toEqual([]);
    expect(openOrdersOf(market.state, bob)).toHaveLength(1);
    expect(closings(market.context.events)).toEqual([CLOSE_REASON.deadMan, CLOSE_REASON.deadMan]);
    expect(market.context.events.at(-1)).toEqual({
      selector: EVENT.deadManFired,
      value: {
        account: accountOf(alice),
        scope: SWITCH_SCOPE.subAccount,
        subAccount: 0,
        closed: 2,
        isDone: true,
      },
    });
    expect(market.state.deadManSwitches.size).toBe(0);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('closes waiting triggers too', () => {
    const { market, alice } = setUp();
    const instrument = seriesNamed(market, 'near100000C');
    const order = orderOf(alice, {
      instrument,
      side: 'buy',
      price: markOf(market, instrument),
      lots: 1,
    });
    const placed = placeTrigger(market.state, market.context, accountOf(alice), {
      order,
      source: TRIGGER_SOURCE.index,
      condition: TRIGGER_CONDITION.above,
      triggerPrice: 150_000 * MICRO,
    });
    expect(codeOf(placed)).toBe('ok');
    arm(market, alice);
    later(market, 10_000);
    expect(market.state.triggers.size).toBe(0);
  });

  test('a renewal counts from its own block', () => {
    const { market, alice } = setUp();
    rest(market, alice);
    arm(market, alice);
    later(market, 9_000);
    arm(market, alice);
    later(market, 9_999);
    expect(openOrdersOf(market.state, alice)).toHaveLength(1);
    later(market, 1);
    expect(openOrdersOf(market.state, alice)).toEqual([]);
  });

  test('can be disarmed, and is gone once it fired', () => {
    const { market, alice } = setUp();
    rest(market, alice);
    arm(market, alice);
    arm(market, alice, { timeoutMs: 0 });
    later(market, 20_000);
    expect(openOrdersOf(market.state, alice)).toHaveLength(1);
    arm(market, alice);
    later(market, 10_000);
    market.context = nextBlock(market.state);
    // Marks are stale by now; what comes is that no switch fires again.
    later(market, 60_000);
    expect(market.context.events).toEqual([]);
  });

  test('of an account watches every sub-account; both kinds can be armed', () => {
    const { market, alice, second } = setUp();
    rest(market, alice);
    mint(market.state, second, DENOMINATION.usd, 1_000_000n * BigInt(MICRO));
    rest(market, second);
    rest(market, second);
    arm(market, alice, { scope: SWITCH_SCOPE.account, timeoutMs: 20_000 });
    arm(market, alice, { subAccount: subAccount(1), timeoutMs: 5_000 });
    later(market, 5_000);
    expect(openOrdersOf(market.state, alice)).toHaveLength(1);
    expect(openOrdersOf(market.state, second)).toEqual([]);
    later(market, 15_000);
    expect(openOrdersOf(market.state, alice)).toEqual([]);
  });

  test('of an account closes the orders of every sub-account', () => {
    const { market, alice, bob, second } = setUp();
    mint(market.state, second, DENOMINATION.usd, 1_000_000n * BigInt(MICRO));
    for (const owner of [alice, second, bob]) rest(market, owner);
    arm(market, alice, { scope: SWITCH_SCOPE.account });
    later(market, 10_000);
    expect([...market.state.orders.unorderedEntries()].map(([, row]) => row.portfolio)).toEqual([
      bob,
    ]);
  });

  test('with nothing open fires once and says so', () => {
    const { market, alice } = setUp();
    arm(market, alice);
    later(market, 10_000);
    expect(market.context.events).toMatchObject([
      { selector: EVENT.deadManFired, value: { closed: 0, isDone: true } },
    ]);
  });
});

describe('more orders than one block closes', () => {
  /** Accounts with a full series of orders each: more than two blocks' worth. */
  function crowd() {
    const market = testMarket();
    const names = Object.keys(market.series).slice(0, 10);
    const owners: PortfolioId[] = [];
    for (let n = 0; n * names.length * MAX_OPEN_ORDERS_PER_SERIES <= 2 * MAX_SWITCH_CLOSES; n++) {
      const owner = fundedPortfolio(market.state, n, 1_000_000_000n);
      owners.push(owner);
      for (const name of names) {
        for (let i = 0; i < MAX_OPEN_ORDERS_PER_SERIES; i++) rest(market, owner, name);
      }
      arm(market, owner);
    }
    return { market, owners };
  }

  test('go in the next blocks, with what was placed since left alone and renewals of no avail', () => {
    const { market, owners } = crowd();
    const total = market.state.orders.size;
    later(market, 10_000);
    expect(market.state.orders.size).toBe(total - MAX_SWITCH_CLOSES);
    // A node that starts here from disk goes on alike.
    const copy = { ...market, state: reloaded(market.state) };
    const [first] = owners;
    const last = owners.at(-1);
    if (first === undefined || last === undefined) throw new Error('no owners');
    for (const world of [market, copy]) {
      world.context = nextBlock(world.state);
      fireDeadManSwitches(world.state, world.context);
      arm(world, last);
      expect(world.state.orders.size).toBe(total - 2 * MAX_SWITCH_CLOSES);
    }
    expect(tablesImage(copy.state)).toBe(tablesImage(market.state));
    later(market, 500);
    expect(market.state.orders.size).toBe(0);
    expect(market.state.deadManSwitches.size).toBe(1);
  });
});

describe('refusals of cancelAfter, in order of precedence', () => {
  const rows: readonly [code: string, changes: Partial<CancelAfter>][] = [
    ['bad_switch_scope', { scope: 2 as never, timeoutMs: 1 }],
    ['bad_switch_scope', { scope: SWITCH_SCOPE.account, subAccount: subAccount(1), timeoutMs: 1 }],
    ['bad_switch_timeout', { timeoutMs: MIN_SWITCH_TIMEOUT_MS - 1 }],
    ['bad_switch_timeout', { timeoutMs: MAX_SWITCH_TIMEOUT_MS + 1 }],
    ['ok', { timeoutMs: MIN_SWITCH_TIMEOUT_MS }],
    ['ok', { timeoutMs: MAX_SWITCH_TIMEOUT_MS }],
    ['ok', { timeoutMs: 0 }],
  ];
  test.each(rows)('%s', (code, changes) => {
    const { market, alice } = setUp();
    expect(codeOf(arm(market, alice, changes))).toBe(code);
    expect(market.state.deadManSwitches.size).toBe(
      code === 'ok' && changes.timeoutMs !== 0 ? 1 : 0,
    );
  });
});
