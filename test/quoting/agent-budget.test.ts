import { describe, expect, test } from 'vitest';
import { ROLE } from '../../runtime/accounts/account.ts';
import { type BlockUsage, judgeAdmission } from '../../runtime/accounts/admit.ts';
import { chargeAction } from '../../runtime/accounts/charge-action.ts';
import { setAgentBudget } from '../../runtime/accounts/set-agent-budget.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { cancelAllOf, PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import type { SetAgentBudget } from '../../runtime/actions/quoting.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import {
  orderId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { MAX_NOTIONAL_BUDGET_USD } from '../../runtime/limits.ts';
import { nonceKey, type State } from '../../runtime/state/state.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import { accountOf as addressOf } from '../fixtures/block.ts';
import { runBlock, startChain } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';
import { nextBlock } from '../fixtures/state.ts';

const alice = testKey('alice');
const agent = testKey('agent');
const DAY_MS = 24 * 3_600_000;

/** Alice's account with an owner key, a trading key at position 1, and a marked market. */
function setUp() {
  const chain = startChain({ epochMs: 120_000, expiryIntervalMs: 300_000 });
  for (let i = 0; i < 6; i++) runBlock(chain);
  const { state } = chain;
  const account = state.accounts.must(alice.address);
  const keyOf = (publicKey: Uint8Array, role: typeof ROLE.owner | typeof ROLE.trade) => ({
    scheme: SCHEME.ed25519,
    publicKey,
    role,
    factorGroup: 0,
    addedAt: timestampMs(chain.now),
    removed: false,
  });
  account.keys.push(keyOf(alice.publicKey, ROLE.owner), keyOf(agent.publicKey, ROLE.trade));
  const [instrument] = state.instruments.sortedKeys();
  if (instrument === undefined) throw new Error('no series');
  const context = nextBlock(state);
  /** An order of `lots` of 0.01 coin at $100,000: $1,000 of notional each. */
  const order = (lots: number): Action => ({
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument,
      side: 0,
      price: priceTicks(1),
      size: sizeLots(lots),
    },
  });
  return { state, context, account, order, instrument };
}

function budget(
  { state, context, account }: ReturnType<typeof setUp>,
  changes: Partial<SetAgentBudget> = {},
): string {
  const action = { keyPosition: 1, actionsPerMinute: 0, notionalPerDayUsd: 0, ...changes };
  const result = setAgentBudget(state, context, account.id, action);
  return result.ok ? 'ok' : result.error.code;
}

function charge(
  { state, account }: ReturnType<typeof setUp>,
  context: BlockContext,
  action: Action,
): string {
  const spender = { account: account.id, budgets: [nonceKey.pack(account.id, 1)] };
  const refused = chargeAction(state, context, spender, action);
  return refused === undefined ? 'ok' : `${refused.code} ${refused.given}/${refused.allowed}`;
}

const CANCEL_ALL: Action = { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) };

describe('setAgentBudget: one row per refusal, in order of precedence', () => {
  const tooMuch = MAX_NOTIONAL_BUDGET_USD + 1;
  const rows: readonly [code: string, changes: Partial<SetAgentBudget>, prepare?: 'removed'][] = [
    ['bad_key_position', { keyPosition: 2, notionalPerDayUsd: tooMuch }],
    ['bad_key_position', { keyPosition: 0, notionalPerDayUsd: tooMuch }],
    ['bad_key_position', { notionalPerDayUsd: tooMuch }, 'removed'],
    ['bad_budget', { notionalPerDayUsd: tooMuch }],
    ['ok', { notionalPerDayUsd: MAX_NOTIONAL_BUDGET_USD }],
  ];
  test.each(rows)('%s %o', (code, changes, prepare) => {
    const setting = setUp();
    const key = setting.account.keys[1];
    if (key !== undefined && prepare === 'removed') key.removed = true;
    expect(budget(setting, changes)).toBe(code);
    expect(setting.state.agentBudgets.size).toBe(code === 'ok' ? 1 : 0);
  });

  test('both 0 take it away', () => {
    const setting = setUp();
    budget(setting, { actionsPerMinute: 5 });
    expect(setting.state.agentBudgets.size).toBe(1);
    budget(setting);
    expect(setting.state.agentBudgets.size).toBe(0);
  });
});

describe('a budget', () => {
  test('of actions is of the minute; cancels are not counted', () => {
    const setting = setUp();
    budget(setting, { actionsPerMinute: 2 });
    const start = Math.ceil(setting.context.timestamp / 60_000) * 60_000;
    const at = (ms: number): BlockContext => ({
      ...setting.context,
      timestamp: timestampMs(start + ms),
    });
    const order = setting.order(1);
    expect(charge(setting, at(0), order)).toBe('ok');
    expect(charge(setting, at(30_000), CANCEL_ALL)).toBe('ok');
    expect(charge(setting, at(30_000), order)).toBe('ok');
    expect(charge(setting, at(59_999), order)).toBe('agent_budget 3/2');
    expect(charge(setting, at(59_999), CANCEL_ALL)).toBe('ok');
    const one: Action = { selector: ACTION.cancelOrder, value: { orderId: orderId(1) } };
    expect(charge(setting, at(59_999), one)).toBe('ok');
    expect(charge(setting, at(60_000), order)).toBe('ok');
  });

  test('of notional is of the day, by the index', () => {
    const setting = setUp();
    budget(setting, { notionalPerDayUsd: 10_000 });
    const start = Math.ceil(setting.context.timestamp / DAY_MS) * DAY_MS;
    const at = (ms: number): BlockContext => ({
      ...setting.context,
      timestamp: timestampMs(start + ms),
    });
    expect(charge(setting, at(0), setting.order(8))).toBe('ok');
    expect(charge(setting, at(1), setting.order(3))).toBe('agent_budget 11000000000/10000000000');
    expect(charge(setting, at(2), setting.order(2))).toBe('ok');
    expect(charge(setting, at(DAY_MS - 1), setting.order(1))).toMatch('agent_budget');
    expect(charge(setting, at(DAY_MS), setting.order(10))).toBe('ok');
  });

  test('of notional counts both sides of quotes, and refuses what it cannot count', () => {
    const setting = setUp();
    budget(setting, { notionalPerDayUsd: 10_000 });
    const { context, instrument } = setting;
    const quotes = (bid: number, ask: number): Action => ({
      selector: ACTION.massQuote,
      value: {
        subAccount: subAccount(0),
        quotes: [
          {
            instrument,
            bidPrice: priceTicks(1),
            bidSize: sizeLots(bid),
            askPrice: priceTicks(2),
            askSize: sizeLots(ask),
          },
        ],
      },
    });
    expect(charge(setting, context, quotes(6, 5))).toBe('agent_budget 11000000000/10000000000');
    expect(charge(setting, context, quotes(5, 5))).toBe('ok');
    const blind: Action = {
      selector: ACTION.setAgentBudget,
      value: { keyPosition: 1, actionsPerMinute: 0, notionalPerDayUsd: 0 },
    };
    expect(charge(setting, context, blind)).toBe('agent_budget 0/10000000000');
  });

  test('that is lowered counts what was used', () => {
    const setting = setUp();
    budget(setting, { actionsPerMinute: 5 });
    for (let i = 0; i < 3; i++) charge(setting, setting.context, setting.order(1));
    budget(setting, { actionsPerMinute: 3 });
    expect(charge(setting, setting.context, setting.order(1))).toBe('agent_budget 4/3');
  });
});

describe('admission', () => {
  function admitted(state: State, context: BlockContext, key: typeof agent, actions: Action[]) {
    const usage: BlockUsage = new Map();
    const body = {
      account: addressOf(alice),
      nonce: context.timestamp,
      expiresAt: timestampMs(context.timestamp + 1_000),
      signers: [{ scheme: SCHEME.ed25519, publicKey: key.publicKey }],
      actions,
    };
    const judged = judgeAdmission(state, context, body, usage);
    return judged.ok ? judged.value.budgets : judged.error.code;
  }

  test('refuses what the key could not do, lets its cancels through, and binds no other key', () => {
    const setting = setUp();
    const { state, context, account, order } = setting;
    budget(setting, { actionsPerMinute: 1 });
    charge(setting, context, order(1));
    expect(admitted(state, context, agent, [order(1)])).toBe('agent_budget');
    expect(admitted(state, context, agent, [order(1), CANCEL_ALL])).toEqual([
      nonceKey.pack(account.id, 1),
    ]);
    expect(admitted(state, context, alice, [order(1)])).toEqual([]);
  });

  test('a trading key may not set budgets', () => {
    const { state, context } = setUp();
    const value = { keyPosition: 1, actionsPerMinute: 0, notionalPerDayUsd: 0 };
    const actions: Action[] = [{ selector: ACTION.setAgentBudget, value }];
    expect(admitted(state, context, agent, actions)).toBe('role_forbids');
    expect(admitted(state, context, alice, actions)).toEqual([]);
  });
});
