/** What accounts ask and trade under, through real actions: read by RPC, pushed to subscribers. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DEFAULT_RPC_CONFIG } from '../../node/rpc/config.ts';
import { NO_METRICS } from '../../node/rpc/metrics.ts';
import { METHODS, type MethodName } from '../../node/rpc/schemas/methods.ts';
import { CHANNEL_DATA, type ChannelKind } from '../../node/rpc/schemas/subscription.ts';
import { type RunningServer, startRpcInline } from '../../node/rpc/start.ts';
import { rebuildAccountIndex } from '../../runtime/accounts/account-index.ts';
import { applyAction } from '../../runtime/apply-action.ts';
import {
  address,
  type PortfolioId,
  portfolioAccount,
  type TimestampMs,
} from '../../runtime/core/units.ts';
import type { RuntimeErrorCode } from '../../runtime/error.ts';
import { type Client, createClient } from '../../wallet/client/client.ts';
import { type ActionInput, buildAction } from '../../wallet/client/transaction-builder.ts';
import { fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { type Market, testMarket } from '../matching/market.ts';
import { type FakeNode, fakeNode } from './fake-node.ts';
import { quietLog } from './quiet-log.ts';

const ALICE = 'aa'.repeat(20);
const BOB = 'bb'.repeat(20);
const CALL = 'BTC-31DEC25-100000-C';
const UPPER = 'BTC-31DEC25-110000-C';
const SPREAD = 'BTC-CS-31DEC25-100000_110000';

let market: Market;
let node: FakeNode;
let server: RunningServer;
let client: Client;
let alice: PortfolioId;
let bob: PortfolioId;
let now: TimestampMs;

beforeEach(async () => {
  market = testMarket();
  const { state } = market;
  alice = fundedPortfolio(state, 0, 1_000_000n);
  bob = fundedPortfolio(state, 1, 1_000_000n);
  for (const [hex, portfolio] of [
    [ALICE, alice],
    [BOB, bob],
  ] as const) {
    const id = portfolioAccount(portfolio);
    state.accounts.set(address(hex), { id, createdAt: market.context.timestamp, keys: [] });
  }
  rebuildAccountIndex(state);
  now = market.context.timestamp;
  node = fakeNode(state);
  server = await startRpcInline(
    node.api,
    { ...DEFAULT_RPC_CONFIG, port: 0 },
    quietLog(),
    NO_METRICS,
  );
  client = createClient({ url: server.url.replace('http', 'ws') });
  // The mirror is there before anything happens.
  await client.call('public/get_instruments', {});
});
afterEach(async () => {
  client.close();
  await server.close();
});

/** Carries out an action of the client library's input, and makes a block of its events. */
function act(portfolio: PortfolioId, input: ActionInput): RuntimeErrorCode | 'ok' {
  const built = buildAction(input);
  if (!built.ok) throw new Error(`${built.error.field}: ${built.error.allowed}`);
  const { state } = market;
  const context = { ...market.context, events: [] };
  const result = applyAction(state, context, portfolioAccount(portfolio), built.value);
  node.finalize(context.events);
  return result.ok ? 'ok' : result.error.code;
}

/** Calls a method and holds its answer against its schema. */
async function call<M extends MethodName>(method: M, params: object): Promise<never> {
  const result = await client.call(method, params as never);
  expect(METHODS[method].result.safeParse(result).error?.issues).toBeUndefined();
  return result as never;
}

async function collect(channel: string): Promise<unknown[]> {
  const got: unknown[] = [];
  const kind = Object.keys(CHANNEL_DATA)
    .filter((name) => channel.startsWith(name))
    .at(-1) as ChannelKind;
  await client.subscribe(channel, ({ data }) => {
    expect(CHANNEL_DATA[kind].safeParse(data).error?.issues).toBeUndefined();
    got.push(data);
  });
  return got;
}

const gridOf = (name: string) => client.call('public/get_instrument', { instrument_name: name });

test('an order shows every term it was placed with', async () => {
  const instrument = await gridOf(CALL);
  const order = { instrument, side: 'buy', amount: '0.2', price: '5000' } as const;
  expect(
    act(alice, {
      type: 'order',
      ...order,
      displayAmount: '0.05',
      validUntil: now + 60_000,
      clientOrderId: 7,
      label: 3,
    }),
  ).toBe('ok');
  const [found] = (await call('private/get_open_orders', { account: ALICE })) as object[];
  expect(found).toMatchObject({
    order_type: 'limit',
    time_in_force: 'good_til_time',
    valid_until: now + 60_000,
    display_amount: 0.05,
    shown_lots: 5,
    remaining_lots: 20,
    post_only: false,
    reduce_only: false,
    quote: false,
    replaced: false,
    oco_ref: null,
    client_order_id: 7,
    label: 3,
  });
  const book = await call('public/get_order_book', { instrument_name: CALL, detail: 'orders' });
  // What an iceberg hides is in no public data.
  expect(book).toMatchObject({ bids: [[5_000, 0.05, 5_000, 5]], orders: [{ amount_lots: 5 }] });
  expect(JSON.stringify(book)).not.toMatch(/20\b.*lots|account/);
});

test('a stop waits, is read by number, and is told when it is cancelled', async () => {
  const instrument = await gridOf(CALL);
  const told = await collect(`user.triggers.${ALICE}`);
  const order = { instrument, side: 'sell', amount: '0.1', orderType: 'market' } as const;
  const stop = { type: 'trigger', source: 'index', condition: 'below' } as const;
  expect(act(alice, { ...stop, order, triggerPrice: '95000.5' })).toBe('ok');
  const [waiting] = (await call('private/get_trigger_orders', { account: ALICE })) as {
    order_id: number;
  }[];
  expect(waiting).toMatchObject({
    order_state: 'untriggered',
    order_type: 'stop_market',
    trigger: 'index_price',
    trigger_condition: 'below',
    trigger_price: 95_000.5,
    trigger_micro_usd: 95_000.5 * MICRO,
    price: null,
  });
  const order_id = waiting?.order_id ?? 0;
  expect(await call('private/get_order_state', { order_id })).toEqual(waiting);
  expect(act(alice, { type: 'cancel', orderId: order_id })).toBe('ok');
  await vi.waitUntil(() => told.length === 2);
  expect(told).toMatchObject([
    [{ order_state: 'untriggered' }],
    [{ order_state: 'cancelled', reason: 'cancelled' }],
  ]);
  expect(await call('private/get_trigger_orders', { account: ALICE })).toEqual([]);
});

test('mass quotes, protection and dead-man switch', async () => {
  const [btc] = await client.call('public/get_currencies', {});
  if (btc === undefined) throw new Error('no underlying');
  const told = await collect(`user.changes.${ALICE}`);
  const limits = { windowMs: 5_000, frozenMs: 0, quantityLimit: '1.5', vegaLimit: '250' };
  expect(act(alice, { type: 'setProtection', underlying: btc, ...limits, deltaLimit: '0.5' })).toBe(
    'ok',
  );
  expect(await call('private/get_mmp_config', { account: ALICE })).toMatchObject([
    {
      currency: 'BTC',
      interval_ms: 5_000,
      quantity_limit: 1.5,
      delta_limit: 0.5,
      vega_limit: '250',
      fills_limit: null,
      used: { quantity: 0, fills: 0 },
      frozen_until: null,
    },
  ]);
  expect(act(alice, { type: 'cancelAfter', scope: 'subAccount', timeoutMs: 10_000 })).toBe('ok');
  expect(await call('private/get_cancel_after', { account: ALICE })).toMatchObject([
    { sub_account: 0, timeout_ms: 10_000, clearing: false },
  ]);
  const quotes = await Promise.all(
    [CALL, UPPER].map(async (name) => {
      const { mark_price: mark } = await client.call('public/ticker', { instrument_name: name });
      const at = Math.round(mark ?? 2_000);
      return {
        instrument: await gridOf(name),
        bid: { price: String(at - 20), amount: '0.1' },
        ask: { price: String(at + 20), amount: '0.1' },
      };
    }),
  );
  expect(act(alice, { type: 'massQuote', quotes })).toBe('ok');
  const open = (await call('private/get_open_orders', { account: ALICE })) as { quote: boolean }[];
  expect(open.map(({ quote }) => quote)).toEqual([true, true, true, true]);
  await vi.waitUntil(() => told.length === 2);
  expect(told).toMatchObject([
    { notices: [{ type: 'protection_set', currency: 'BTC' }] },
    { orders: [{}, {}, {}, {}], notices: [] },
  ]);
  expect(await call('private/get_account_limits', { account: ALICE })).toMatchObject({
    fee_tier: 0,
    referrer: null,
    volume_30d: '0',
  });
  expect(act(alice, { type: 'setReferrer', referrer: BOB })).toBe('ok');
  expect(await call('private/get_account_limits', { account: ALICE })).toMatchObject({
    referrer: expect.stringMatching(/^mil1/),
  });
});

test('a combo is listed under a name of its own, with net prices around 0', async () => {
  const legs = await Promise.all([UPPER, CALL].map(gridOf));
  const instrumentIds = legs.map(({ instrument_id: id }) => id);
  expect(act(alice, { type: 'createCombo', structure: 'call_spread', instrumentIds })).toBe('ok');
  expect(await call('public/get_combos', { currency: 'BTC' })).toMatchObject([
    {
      id: SPREAD,
      structure: 'call_spread',
      legs: [
        { instrument_name: CALL, amount: 1 },
        { instrument_name: UPPER, amount: -1 },
      ],
    },
  ]);
  expect(await call('public/get_combos', { currency: 'ETH' })).toEqual([]);
  const combo = await gridOf(SPREAD);
  expect(combo).toMatchObject({ kind: 'option_combo', price_zero_ticks: 1_000_000_000 });
  const place = (side: 'buy' | 'sell', price: string) =>
    act(alice, { type: 'order', instrument: combo, side, amount: '0.1', price });
  expect(place('buy', '3000')).toBe('ok');
  expect(await call('public/ticker', { instrument_name: SPREAD })).toMatchObject({
    best_bid_price: 3_000,
  });
  // A server that starts now reads the name from rows, not from events.
  const again = await startRpcInline(
    node.api,
    { ...DEFAULT_RPC_CONFIG, port: 0 },
    quietLog(),
    NO_METRICS,
  );
  const fresh = createClient({ url: again.url });
  expect(await fresh.call('public/get_combo_details', { combo_id: SPREAD })).toMatchObject({
    id: SPREAD,
  });
  fresh.close();
  await again.close();
});

test('requests for quote and quotes, live and ended', async () => {
  const legs = [
    { instrument: await gridOf(CALL), side: 'buy', amount: '0.1' },
    { instrument: await gridOf(UPPER), side: 'sell', amount: '0.1' },
  ] as const;
  const told = await collect('rfq.BTC');
  const validUntil = now + 5_000;
  expect(act(alice, { type: 'requestForQuote', legs, units: 3, validUntil })).toBe('ok');
  const asked = (await call('public/get_rfqs', {})) as { requests: { request_id: number }[] };
  expect(asked.requests).toMatchObject([
    { units: 3, legs: [{ instrument_name: CALL, direction: 'buy', amount: 0.1 }, {}] },
  ]);
  const request = asked.requests[0]?.request_id ?? 0;
  const quote = { type: 'quoteRequest', request, units: 3, validUntil } as const;
  expect(act(bob, { ...quote, bid: '250', ask: '450' })).toBe('ok');
  expect(await call('public/get_rfqs', { request_id: request })).toMatchObject({
    quotes: [{ bid: '250', ask: '450', units: 3 }],
  });
  expect(await call('private/get_rfqs', { account: BOB })).toMatchObject({
    requests: [],
    quotes: [{ request_id: request }],
  });
  expect(act(bob, { type: 'cancelQuotes', request })).toBe('ok');
  await vi.waitUntil(() => told.length === 3);
  expect(told).toMatchObject([
    [{ type: 'request' }],
    [{ type: 'quote' }],
    [{ type: 'quote_closed', reason: 'withdrawn' }],
  ]);
  await expect(client.call('public/get_rfqs', { request_id: 999 })).rejects.toMatchObject({
    code: 20_017,
  });
});

test('an accepted quote trades its legs: public trades with what they were part of', async () => {
  const legs = [{ instrument: await gridOf(CALL), side: 'buy', amount: '0.1' }] as const;
  const validUntil = now + 5_000;
  expect(act(alice, { type: 'requestForQuote', legs, units: 2, validUntil })).toBe('ok');
  const { requests } = await client.call('public/get_rfqs', {});
  const request = requests[0]?.request_id ?? 0;
  const { mark_price: mark } = await client.call('public/ticker', { instrument_name: CALL });
  const ask = String(Math.round((mark ?? 0) * 0.1) + 1);
  const quote = { type: 'quoteRequest', request, units: 2, validUntil } as const;
  expect(act(bob, { ...quote, ask })).toBe('ok');
  const accept = { type: 'acceptQuote', request, side: 'buy', units: 2 } as const;
  expect(act(alice, { ...accept, limit: ask })).toBe('ok');
  const { trades } = (await call('public/get_last_trades_by_instrument', {
    instrument_name: CALL,
  })) as { trades: object[] };
  expect(trades).toMatchObject([
    {
      kind: 'rfq',
      direction: 'buy',
      amount: 0.2,
      price_ticks: null,
      premium: String(2 * Number(ask)),
      price: (2 * Number(ask)) / 0.2,
    },
  ]);
});
