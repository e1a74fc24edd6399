/** The server through the client, as bots and wallets use it: every method, subscriptions, resume. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_RPC_CONFIG, type RpcConfig } from '../../node/rpc/config.ts';
import { NO_METRICS } from '../../node/rpc/metrics.ts';
import { METHOD_NAMES, METHODS, type MethodName } from '../../node/rpc/schemas/methods.ts';
import {
  CHANNEL_DATA,
  type ChannelKind,
  type Notification,
} from '../../node/rpc/schemas/subscription.ts';
import { type RunningServer, startRpc, startRpcInline } from '../../node/rpc/start.ts';
import { ACTION } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { subAccount, timestampMs } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import { type Client, createClient } from '../../wallet/client/client.ts';
import { followBook, followOrders } from '../../wallet/client/follow-book.ts';
import { sortedLevels, sortedOrders } from '../../wallet/client/market-book.ts';
import { accountOfPublicKey, ed25519Signer, signTransaction } from '../../wallet/client/sign.ts';
import { verifyProofAnswer } from '../../wallet/client/verify-proof.ts';
import { seedProposal } from '../fixtures/governance.ts';
import { BTC, START, seedTestStaking } from '../fixtures/state.ts';
import { type FakeNode, fakeNode } from './fake-node.ts';
import {
  COMBO,
  MAKER,
  MAKER_PORTFOLIO,
  openMarket,
  PERPETUAL,
  SERIES,
  TAKER,
  type TestMarket,
} from './market.ts';
import { quietLog } from './quiet-log.ts';

const signer = ed25519Signer(new Uint8Array(32).fill(5));
const closers: (() => unknown)[] = [];
let node: FakeNode;
let market: TestMarket;
let server: RunningServer;
let client: Client;
let log: ReturnType<typeof quietLog>;

async function serve(
  config: Partial<RpcConfig> = {},
  start: typeof startRpc = startRpcInline,
): Promise<RunningServer> {
  const running = await start(
    node.api,
    { ...DEFAULT_RPC_CONFIG, port: 0, ...config },
    log,
    NO_METRICS,
  );
  closers.push(() => running.close());
  return running;
}

function connect(url: string): Client {
  const made = createClient({ url });
  closers.push(() => made.close());
  return made;
}

beforeEach(async () => {
  node = fakeNode();
  market = openMarket(node.state);
  log = quietLog();
  server = await serve();
  client = connect(server.url);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  expect(log.errors).toEqual([]);
});

function transaction(nonce: number = START): string {
  return signTransaction(
    node.state.chainId,
    {
      account: accountOfPublicKey(signer.publicKey),
      nonce,
      expiresAt: timestampMs(START + 60_000),
      signers: [{ scheme: SCHEME.ed25519, publicKey: signer.publicKey }],
      actions: [{ selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) }],
    },
    [signer],
  ).hex;
}

/** Opens, fills and cancels some orders, one block each, and makes a checkpoint. */
function trade(): void {
  const bid = market.open(SIDE.buy, 1_000, 50);
  const ask = market.open(SIDE.sell, 1_100, 30);
  node.finalize([bid, ask]);
  node.finalize(market.fill(bid.value, 20));
  node.finalize(market.fill(ask.value, 30));
  node.checkpoint();
}

/** Collects notifications of a channel. */
async function collect<C extends string>(
  from: Client,
  channel: C,
  fromHeight?: number,
): Promise<Notification<never>[]> {
  const got: Notification<never>[] = [];
  const kind = Object.keys(CHANNEL_DATA).find((name) => channel.startsWith(name)) as ChannelKind;
  await from.subscribe(
    channel,
    (notification) => {
      const parsed = CHANNEL_DATA[kind].safeParse(notification.data);
      expect(parsed.error?.issues).toBeUndefined();
      got.push(notification as Notification<never>);
    },
    fromHeight === undefined ? {} : { fromHeight },
  );
  return got;
}

describe('every method answers in its own schema', () => {
  const PARAMS: { readonly [M in MethodName]?: object } = {
    'public/get_instrument': { instrument_name: SERIES },
    'public/get_order_book': { instrument_name: SERIES, detail: 'orders' },
    'public/ticker': { instrument_name: SERIES },
    'public/get_auction': { instrument_name: SERIES },
    'public/get_settlement_proof': { currency: 'BTC', expiry: START + 300_000 },
    'public/get_combo_details': { combo_id: COMBO },
    'public/get_index_price': { index_name: 'btc_usd' },
    'public/get_last_trades_by_instrument': { instrument_name: SERIES },
    'public/get_funding_rate_history': { instrument_name: PERPETUAL },
    'public/get_delivery_prices': { index_name: 'btc_usd' },
    'public/subscribe': { channels: ['blocks'] },
    'public/unsubscribe': { channels: ['blocks'] },
    'private/get_account_summary': { account: MAKER },
    'private/get_positions': { account: MAKER },
    'private/get_open_orders': { account: MAKER },
    'private/get_order_state': { order_id: 1 },
    'private/get_user_trades': { account: TAKER },
    'private/get_trigger_orders': { account: MAKER },
    'private/get_mmp_config': { account: MAKER },
    'private/get_cancel_after': { account: MAKER },
    'private/get_account_limits': { account: MAKER },
    'private/get_rfqs': { account: MAKER },
    'private/get_margin_detail': { account: MAKER, margin_mode: 'portfolio' },
    'private/simulate_portfolio': { account: MAKER, simulated_positions: {}, cash: '100.5' },
    get_transaction: { transaction_id: '00'.repeat(32) },
    get_block: { height: 1, raw: true },
    get_blocks: { from: 1 },
    get_account: { account: MAKER },
    'private/get_account_security': { account: MAKER },
    get_validator: { validator: 1 },
    get_delegations: { account: MAKER },
    get_proposal: { proposal_id: 1 },
    get_votes: { proposal_id: 1 },
    simulate_proposal: { proposal_id: 1 },
    get_proof: { table: 'supply', key: '00000000' },
    get_proofs: { rows: [{ table: 'supply', key: '00000000' }] },
    get_epoch_proofs: { from: 0 },
  };

  // A receipt is proved once a header carries its root: test/wallet/light.test.ts.
  const asked = METHOD_NAMES.filter(
    (name) => !name.startsWith('submit_') && name !== 'get_receipt_proof',
  );
  test.each(asked)('%s', async (method) => {
    seedTestStaking(node.state);
    seedProposal(node.state);
    const overSocket = connect(server.url.replace('http', 'ws'));
    // The mirror is built before the trades, so that it remembers them.
    await overSocket.call('public/get_instruments', {});
    trade();
    const result = await overSocket.call(method, (PARAMS[method] ?? {}) as never);
    expect(METHODS[method].result.safeParse(result).error?.issues).toBeUndefined();
  });
});

test('the OpenRPC document lists every method with the parameters that are checked', async () => {
  const document = (await client.call('rpc.discover', {})) as {
    openrpc: string;
    info: { title: string; version: string };
    methods: {
      name: string;
      params: { name: string; required: boolean; schema: object }[];
      result: object;
    }[];
  };
  expect(document.openrpc).toMatch(/^1\.\d+\.\d+$/);
  expect(document.info.title).not.toBe('');
  expect(document.methods.map(({ name }) => name)).toEqual(METHOD_NAMES);
  for (const { params, result } of document.methods) {
    expect(result).toHaveProperty('schema');
    for (const param of params) expect(param.schema).toBeTypeOf('object');
  }
  const book = document.methods.find(({ name }) => name === 'public/get_order_book');
  expect(book?.params.map(({ name, required }) => [name, required])).toEqual([
    ['instrument_name', true],
    ['depth', false],
    ['detail', false],
  ]);
});

describe('a perpetual', () => {
  test('has a name, lots and fees of its own, and says what funding is', async () => {
    const [listed] = await client.call('public/get_instruments', { kind: 'future' });
    expect(listed).toMatchObject({
      instrument_name: PERPETUAL,
      kind: 'future',
      settlement_period: 'perpetual',
      expiration_timestamp: 0,
      tick_size: 0.05,
      lots_per_coin: 100,
      contract_size: 0.01,
      taker_commission: 0.00035,
      state: 'open',
    });
    const ticker = await client.call('public/ticker', { instrument_name: PERPETUAL });
    expect(ticker).toMatchObject({ current_funding: 0.001, mark_iv: null });
    const hours = await client.call('public/get_funding_rate_history', {
      instrument_name: PERPETUAL,
    });
    // 50 micro-USD a lot in the hour before, 20 in this one, 100 lots a coin.
    expect(hours.map(({ timestamp, paid_per_coin }) => [timestamp, paid_per_coin])).toEqual([
      [START - 3_600_000, '0.005'],
      [START, '0.002'],
    ]);
  });

  test('only it has funding', async () => {
    const asked = client.call('public/get_funding_rate_history', { instrument_name: SERIES });
    await expect(asked).rejects.toThrow('no such instrument');
  });
});

describe('the market', () => {
  test('a book is levels and orders, exact in ticks and lots', async () => {
    const first = market.open(SIDE.buy, 1_000, 50);
    const second = market.open(SIDE.buy, 1_000, 5);
    const better = market.open(SIDE.buy, 1_010, 7);
    node.finalize([first, second, better, market.open(SIDE.sell, 1_100, 30)]);
    const book = await client.call('public/get_order_book', {
      instrument_name: SERIES,
      detail: 'orders',
    });
    expect(book.bids).toEqual([
      [1_010, 0.07, 1_010, 7],
      [1_000, 0.55, 1_000, 55],
    ]);
    expect(book.asks).toEqual([[1_100, 0.3, 1_100, 30]]);
    expect(book.orders?.map(({ order_id }) => order_id)).toEqual([3, 1, 2, 4]);
    expect(book).toMatchObject({
      best_bid_price: 1_010,
      best_ask_amount: 0.3,
      index_price: 100_000,
    });
  });

  test('a book kept by events is the book of the state', async () => {
    await client.call('public/get_instruments', {});
    const bids = Array.from({ length: 8 }, (_, i) => market.open(SIDE.buy, 990 + (i % 3), 10 + i));
    node.finalize(bids);
    const [a, b, c] = bids.map(({ value }) => value);
    if (!a || !b || !c) throw new Error('three orders');
    node.finalize([...market.fill(a, 4), market.cancel(b), ...market.fill(c, 12)]);
    const kept = await client.call('public/get_order_book', { instrument_name: SERIES });
    // Another server reads the same state as a snapshot.
    const fresh = connect((await serve()).url);
    const read = await fresh.call('public/get_order_book', { instrument_name: SERIES });
    expect(kept.bids).toEqual(read.bids);
    expect(kept.bids.reduce((sum, [, , , lots]) => sum + lots, 0)).toBe(
      [...node.state.orders.unorderedEntries()].reduce(
        (sum, [, { remaining }]) => sum + remaining,
        0,
      ),
    );
  });

  test('blocks that fall between two pages of the snapshot are counted once', async () => {
    const orders = [market.open(SIDE.buy, 1_000, 50), market.open(SIDE.buy, 1_001, 50)];
    node.finalize(orders);
    const { query } = node.api;
    let asked = 0;
    // A block between the market question and the orders, and one after.
    (node.api as { query: typeof query }).query = async (request) => {
      asked++;
      const [first] = orders;
      if (asked === 2 && first) node.finalize(market.fill(first.value, 20));
      const answer = await query(request);
      if (asked === 2) node.finalize([market.open(SIDE.buy, 1_002, 7)]);
      return answer;
    };
    const book = await client.call('public/get_order_book', { instrument_name: SERIES });
    expect(book.bids.map(([, , ticks, lots]) => [ticks, lots])).toEqual([
      [1_002, 7],
      [1_001, 50],
      [1_000, 30],
    ]);
  });

  test('trades and orders of a user, of both sides', async () => {
    await client.call('public/get_instruments', {});
    trade();
    const { trades } = await client.call('public/get_last_trades_by_instrument', {
      instrument_name: SERIES,
    });
    expect(trades.map(({ price, amount, direction }) => [price, amount, direction])).toEqual([
      [1_100, 0.3, 'buy'],
      [1_000, 0.2, 'sell'],
    ]);
    const taken = await client.call('private/get_user_trades', { account: TAKER });
    expect(
      taken.trades.map(({ direction, liquidity, fee }) => [direction, liquidity, fee]),
    ).toEqual([
      ['buy', 'T', '3'],
      ['sell', 'T', '3'],
    ]);
    const made = await client.call('private/get_user_trades', { account: MAKER });
    expect(made.trades.map(({ direction, liquidity, fee }) => [direction, liquidity, fee])).toEqual(
      [
        ['sell', 'M', '1'],
        ['buy', 'M', '1'],
      ],
    );
    expect(await client.call('private/get_order_state', { order_id: 1 })).toMatchObject({
      order_state: 'open',
      filled_lots: 20,
      remaining_lots: 30,
    });
    expect(await client.call('private/get_order_state', { order_id: 2 })).toMatchObject({
      order_state: 'filled',
      reason: 'filled',
      remaining_lots: 0,
    });
  });

  test('a mark event gives price, volatility and greeks', async () => {
    await client.call('public/get_instruments', {});
    const year = 365 * 24 * 3_600_000;
    const timeToExpiryMs = 300_000;
    node.finalize([
      {
        selector: EVENT.marks,
        value: {
          underlying: BTC.id,
          expiry: timestampMs(START + timeToExpiryMs),
          markedAt: START,
          index: 100_000_000_000,
          forward: 100_000_000_000,
          // 50 % volatility over the five minutes.
          theta: Math.round(0.25 * (timeToExpiryMs / year) * 1e12),
          u: 1_000_000,
          l: 1_000_000,
          windowMs: 0,
        },
      },
    ]);
    const ticker = await client.call('public/ticker', { instrument_name: SERIES });
    expect(ticker.mark_iv).toBeCloseTo(50, 0);
    expect(ticker.greeks?.delta).toBeCloseTo(0.5, 2);
    // At the money: 0.3989 × F × σ√τ.
    expect(ticker.mark_price).toBeCloseTo(
      0.3989 * 100_000 * 0.5 * Math.sqrt(timeToExpiryMs / year),
      0,
    );
    expect(ticker.greeks?.gamma).toBeGreaterThan(0);
    expect(ticker.greeks?.theta).toBeLessThan(0);
  });
});

describe('transactions', () => {
  test('accepted at once, final with results when waited for, pushed and not polled', async () => {
    const polled = vi.spyOn(node.api, 'transaction');
    const waiting = client.call('submit_transaction', {
      transaction: transaction(),
      wait: 'final',
    });
    await vi.waitUntil(() => node.pending.length === 1);
    node.finalize();
    const result = await waiting;
    expect(result).toMatchObject({ status: 'final', height: 1, receipt: { outcome: 'applied' } });
    expect(result.digest).toBe(result.transaction_id);
    expect(polled).not.toHaveBeenCalled();
    expect(METHODS.submit_transaction.result.safeParse(result).success).toBe(true);
    expect(
      await client.call('get_transaction', { transaction_id: result.transaction_id }),
    ).toMatchObject({ status: 'final', height: 1 });
  });

  test('a wait that ends too soon says where it stands', async () => {
    const result = await client.call('submit_transaction', {
      transaction: transaction(),
      wait: 'final',
      timeout_ms: 20,
    });
    expect(result).toMatchObject({ status: 'accepted', height: null, receipt: null });
  });

  test('a subscription to a transaction says accepted, then final', async () => {
    const { digest } = await client.call('submit_transaction', { transaction: transaction() });
    const got = await collect(client, `transaction.${digest}`);
    await vi.waitUntil(() => got.length === 1);
    node.finalize();
    await vi.waitUntil(() => got.length === 2);
    expect(got.map(({ data }) => (data as { status: string }).status)).toEqual([
      'accepted',
      'final',
    ]);
  });
});

test('a row and an absent row prove themselves, and a changed answer does not', async () => {
  trade();
  const present = await client.call('get_proof', { table: 'supply', key: '00000000' });
  const root = fromHex(present.state_root) ?? new Uint8Array(32);
  expect(present.value).not.toBeNull();
  expect(present.row).toEqual({ amount: '2000000000000' });
  expect(verifyProofAnswer(present, root).ok).toBe(true);
  const absent = await client.call('get_proof', { table: 'supply', key: '0000002a' });
  expect(absent.value).toBeNull();
  expect(absent.row).toBeNull();
  expect(verifyProofAnswer(absent, root).ok).toBe(true);
  expect(verifyProofAnswer({ ...present, value: `ff${present.value?.slice(2)}` }, root).ok).toBe(
    false,
  );
  expect(verifyProofAnswer({ ...present, value: null }, root).ok).toBe(false);
  expect(verifyProofAnswer(present, new Uint8Array(32)).ok).toBe(false);
});

describe('subscriptions', () => {
  test('followed books and orders are the node’s', async () => {
    const bid = market.open(SIDE.buy, 1_000, 50);
    node.finalize([bid]);
    const levels: number[][] = [];
    const orders: number[][] = [];
    const problems: string[] = [];
    const followed = await followBook(client, SERIES, {
      onChange: (book) => levels.push(sortedLevels(book, 'bids').map(({ lots }) => lots)),
      onProblem: ({ code }) => problems.push(code),
    });
    await followOrders(client, SERIES, {
      onChange: (book) => orders.push(sortedOrders(book, 'bids').map(({ id }) => id)),
    });
    await vi.waitUntil(() => levels.length === 1 && orders.length === 1);
    const second = market.open(SIDE.buy, 1_000, 5);
    node.finalize([...market.fill(bid.value, 20), second]);
    await vi.waitUntil(() => levels.length === 2 && orders.length === 2);
    expect(levels).toEqual([[50], [35]]);
    expect(orders).toEqual([[1], [1, second.value.id]]);
    expect(problems).toEqual([]);
    await followed.unsubscribe();
  });

  test('a book starts with a snapshot and follows by changes without a gap', async () => {
    const bid = market.open(SIDE.buy, 1_000, 50);
    node.finalize([bid]);
    const got = await collect(client, `book.${SERIES}.raw`);
    await vi.waitUntil(() => got.length === 1);
    node.finalize(market.fill(bid.value, 20));
    node.finalize();
    node.finalize([market.cancel(bid.value), market.open(SIDE.sell, 1_100, 5)]);
    await vi.waitUntil(() => got.length === 3);
    expect(got.map(({ sequence, prev_sequence }) => [prev_sequence, sequence])).toEqual([
      [null, 1],
      [1, 2],
      [2, 4],
    ]);
    expect(got.map(({ data }) => data)).toMatchObject([
      {
        type: 'snapshot',
        bids: [['new', 1_000, 0.5, 1_000, 50]],
        change_id: 1,
        prev_change_id: null,
      },
      { type: 'change', bids: [['change', 1_000, 0.3, 1_000, 30]], prev_change_id: 1 },
      {
        type: 'change',
        bids: [['delete', 1_000, 0, 1_000, 0]],
        asks: [['new', 1_100, 0.05, 1_100, 5]],
      },
    ]);
  });

  test('an interval gathers blocks into one change', async () => {
    await client.call('public/get_instruments', {});
    const got = await collect(client, `book.${SERIES}.100ms`);
    await vi.waitUntil(() => got.length === 1);
    const bid = market.open(SIDE.buy, 1_000, 50);
    node.finalize([bid]);
    node.finalize(market.fill(bid.value, 20));
    await vi.waitUntil(() => got.length === 2);
    expect(got[1]).toMatchObject({
      sequence: 2,
      prev_sequence: 0,
      data: { bids: [['new', 1_000, 0.3, 1_000, 30]] },
    });
  });

  test('users hear of their orders, trades and money, and of nobody else’s', async () => {
    const made = await collect(client, `user.changes.${MAKER}`);
    const taken = await collect(client, `user.orders.${TAKER}`);
    const tickers = await collect(client, `ticker.${SERIES}.raw`);
    const trades = await collect(client, 'trades.BTC');
    const others = await collect(client, 'trades.ETH');
    const bid = market.open(SIDE.buy, 1_000, 50);
    node.finalize([bid]);
    node.finalize([
      ...market.fill(bid.value, 50),
      {
        selector: EVENT.settled,
        value: { portfolio: MAKER_PORTFOLIO, instrument: market.instrument, cash: -5n, fee: 1n },
      },
    ]);
    await vi.waitUntil(() => made.length === 2 && trades.length === 1 && tickers.length === 3);
    expect(made[1]?.data).toMatchObject({
      orders: [{ order_id: 1, order_state: 'filled' }],
      trades: [{ liquidity: 'M', direction: 'buy' }],
      cash: [{ type: 'settlement', amount: '-0.000005', instrument_name: SERIES }],
    });
    expect(taken).toEqual([]);
    expect(others).toEqual([]);
  });

  test('a client resumes after a height, and starts afresh where that is forgotten', async () => {
    const url = (await serve({ backlogBlocks: 3 })).url;
    const one = connect(url);
    await one.call('public/get_instruments', {});
    const orders = [1, 2, 3, 4, 5].map((i) => market.open(SIDE.buy, 1_000 + i, 10));
    for (const order of orders) node.finalize([order]);
    const resumed = await collect(one, `book.${SERIES}.raw`, 3);
    await vi.waitUntil(() => resumed.length === 2);
    expect(resumed.map(({ prev_sequence, sequence }) => [prev_sequence, sequence])).toEqual([
      [3, 4],
      [4, 5],
    ]);
    const forgotten = await collect(connect(url), `book.${SERIES}.raw`, 1);
    await vi.waitUntil(() => forgotten.length === 1);
    expect(forgotten[0]).toMatchObject({ sequence: 5, prev_sequence: null });
    expect((forgotten[0]?.data as { bids: unknown[] } | undefined)?.bids).toHaveLength(5);
  });

  test('the client reconnects by itself and misses no trade', async () => {
    const { port } = new URL(server.url);
    const got = await collect(client, `trades.${SERIES}`);
    const first = market.open(SIDE.buy, 1_000, 50);
    node.finalize([first]);
    node.finalize(market.fill(first.value, 10));
    await vi.waitUntil(() => got.length === 1);
    await server.close();
    server = await serve({ port: Number(port) });
    // The new server builds its mirror and remembers what the client misses.
    await connect(server.url).call('public/get_instruments', {});
    node.finalize(market.fill(first.value, 11));
    await vi.waitUntil(() => got.length === 2, { timeout: 10_000 });
    expect(got.map(({ data }) => (data as { amount_lots: number }[])[0]?.amount_lots)).toEqual([
      10, 11,
    ]);
    expect(got[1]?.prev_sequence).toBe(got[0]?.sequence);
  });

  test('unsubscribing ends it, and a connection has a bound', async () => {
    const bounded = connect((await serve({ maxSubscriptionsPerConnection: 2 })).url);
    const got: unknown[] = [];
    const blocks = await bounded.subscribe('blocks', (notification) => got.push(notification));
    await bounded.subscribe('trades.all', () => {});
    await expect(bounded.subscribe('price_index.BTC', () => {})).rejects.toMatchObject({
      code: 20011,
    });
    node.finalize();
    await vi.waitUntil(() => got.length === 1);
    await blocks.unsubscribe();
    await bounded.subscribe('price_index.BTC', () => {});
    node.finalize();
    await bounded.call('public/test', {});
    expect(got).toHaveLength(1);
  });
});

test('the same over a thread of its own: calls, pushes, finality', async () => {
  const { url } = await serve({}, startRpc);
  const remote = connect(url.replace('http', 'ws'));
  expect((await remote.call('get_status', {})).chain_id).toBe(toHex(node.state.chainId));
  // Nobody asked for blocks yet, so none cross.
  expect(node.listeners.size).toBe(0);
  const got = await collect(remote, `book.${SERIES}.raw`);
  await vi.waitUntil(() => got.length === 1);
  node.finalize([market.open(SIDE.buy, 1_000, 50)]);
  await vi.waitUntil(() => got.length === 2);
  const waiting = remote.call('submit_transaction', { transaction: transaction(), wait: 'final' });
  await vi.waitUntil(() => node.pending.length === 1);
  node.finalize();
  expect(await waiting).toMatchObject({ status: 'final', height: 2 });
});

test('a port in use is an error that says so', async () => {
  const { port } = new URL(server.url);
  await expect(serve({ port: Number(port) }, startRpc)).rejects.toThrow(/EADDRINUSE/);
});
