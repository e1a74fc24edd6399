/**
 * Malformed requests: each gets its error, with the field at fault, changes nothing, and leaves the
 * server answering. The same table runs over HTTP and over WebSocket.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { DEFAULT_RPC_CONFIG } from '../../node/rpc/config.ts';
import { NO_METRICS } from '../../node/rpc/metrics.ts';
import { type RunningServer, startRpcInline } from '../../node/rpc/start.ts';
import { ACTION } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { concatBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { subAccount, timestampMs } from '../../runtime/core/units.ts';
import { SCHEME, type TransactionBody, TransactionCodec } from '../../runtime/transaction.ts';
import { accountOfPublicKey, ed25519Signer, signTransaction } from '../../wallet/client/sign.ts';
import { START } from '../fixtures/state.ts';
import { type FakeNode, fakeNode } from './fake-node.ts';
import { quietLog } from './quiet-log.ts';

const CONFIG = { ...DEFAULT_RPC_CONFIG, port: 0, maxRequestBytes: 150_000, maxBatch: 5 };
const signer = ed25519Signer(new Uint8Array(32).fill(5));

let node: FakeNode;
let server: RunningServer;
const log = quietLog();

beforeAll(async () => {
  node = fakeNode();
  server = await startRpcInline(node.api, CONFIG, log, NO_METRICS);
});
afterAll(() => server.close());
afterEach(() => {
  node.refusal = undefined;
});

const body = (change: Partial<TransactionBody> = {}): TransactionBody => ({
  account: accountOfPublicKey(signer.publicKey),
  nonce: START,
  expiresAt: timestampMs(START + 60_000),
  signers: [{ scheme: SCHEME.ed25519, publicKey: signer.publicKey }],
  actions: [{ selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) }],
  ...change,
});
const signedFor = (chain: number, change: Partial<TransactionBody> = {}): string =>
  signTransaction(new Uint8Array(32).fill(chain), body(change), [signer]).hex;
/** Well-formed and signed for the fake node's chain. */
const GOOD = signedFor(1);
const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

const call = (method: unknown, params?: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, ...(params === undefined ? {} : { params }) });
const submit = (transaction: unknown, more: object = {}): string =>
  call('submit_transaction', { transaction, ...more });

/** SSZ offsets of GOOD made to point elsewhere: the same values in another encoding. */
function nonCanonical(): string {
  const bytes = bytesOf(GOOD).slice();
  bytes[4] = (bytes[4] ?? 0) + 1;
  return toHex(bytes);
}

/** A u64 of 2⁵³ where the chain holds numbers. */
function hugeNonce(): string {
  const bytes = bytesOf(GOOD).slice();
  const bodyStart = 8;
  bytes.set([0, 0, 0, 0, 0, 0, 32, 0], bodyStart + 20);
  return toHex(bytes);
}

function withSignatures(signatures: Uint8Array[]): string {
  return toHex(TransactionCodec.encode({ body: body(), signatures }));
}

type Row = readonly [name: string, request: string, code: number, field: string];

const ROWS: readonly Row[] = [
  // Not JSON-RPC.
  ['nothing', '', -32700, 'request'],
  ['cut JSON', '{"jsonrpc":"2.0","id":1,"meth', -32700, 'request'],
  ['two documents', '{}{}', -32700, 'request'],
  ['a bare word', 'get_status', -32700, 'request'],
  ['trailing comma', '{"jsonrpc":"2.0","id":1,}', -32700, 'request'],
  ['NaN', '{"jsonrpc":"2.0","id":NaN}', -32700, 'request'],
  ['null', 'null', -32600, 'request'],
  ['a number', '42', -32600, 'request'],
  ['a string', '"get_status"', -32600, 'request'],
  ['an empty object', '{}', -32600, 'jsonrpc'],
  ['version 1', '{"jsonrpc":"1.0","id":1,"method":"get_status"}', -32600, 'jsonrpc'],
  ['version as a number', '{"jsonrpc":2.0,"id":1,"method":"get_status"}', -32600, 'jsonrpc'],
  ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"get_status"}', -32600, 'id'],
  ['an array as id', '{"jsonrpc":"2.0","id":[1],"method":"get_status"}', -32600, 'id'],
  ['a boolean id', '{"jsonrpc":"2.0","id":true,"method":"get_status"}', -32600, 'id'],
  ['an id too long', `{"jsonrpc":"2.0","id":"${'x'.repeat(65)}","method":"a"}`, -32600, 'id'],
  ['no method', '{"jsonrpc":"2.0","id":1}', -32600, 'method'],
  ['a number as method', call(7), -32600, 'method'],
  ['null as method', call(null), -32600, 'method'],
  ['an empty batch', '[]', -32600, 'batch'],
  ['a batch too large', `[${Array.from({ length: 6 }, () => '1').join()}]`, -32600, 'batch'],
  ['deep nesting', '['.repeat(60_000), -32700, 'request'],

  // Methods.
  ['an unknown method', call('get_statu'), -32601, 'method'],
  ['another case', call('Get_Status'), -32601, 'method'],
  ['a method of Object', call('constructor'), -32601, 'method'],
  ['__proto__', call('__proto__'), -32601, 'method'],
  ['an empty method', call(''), -32601, 'method'],

  // Parameters.
  ['positional parameters', call('get_block', [1]), -32602, 'params'],
  ['no positional parameters', call('get_block', []), -32602, 'params'],
  ['a string as parameters', call('get_block', 'height=1'), -32602, 'params'],
  ['null as parameters', call('get_block', null), -32602, 'params'],
  ['an unknown parameter', call('get_status', { verbose: true }), -32602, 'verbose'],
  ['a misspelt parameter', call('get_block', { hieght: 1 }), -32602, 'hieght'],
  [
    '__proto__ as parameter',
    `{"jsonrpc":"2.0","id":1,"method":"get_status","params":{"__proto__":1}}`,
    -32602,
    '__proto__',
  ],
  ['a string as height', call('get_block', { height: '1' }), -32602, 'height'],
  ['height 0', call('get_block', { height: 0 }), -32602, 'height'],
  ['a negative height', call('get_block', { height: -1 }), -32602, 'height'],
  ['a fractional height', call('get_block', { height: 1.5 }), -32602, 'height'],
  ['a height above 2⁵³', call('get_block', { height: 2 ** 53 }), -32602, 'height'],
  [
    'a height that is infinite',
    `{"jsonrpc":"2.0","id":1,"method":"get_block","params":{"height":1e999}}`,
    -32602,
    'height',
  ],
  ['a height not there', call('get_block', { height: 999 }), 20006, 'height'],
  ['no start of blocks', call('get_blocks', {}), -32602, 'from'],
  ['too many blocks', call('get_blocks', { from: 1, count: 101 }), -32602, 'count'],
  ['an epoch not known', call('get_epoch', { epoch: 77 }), 20007, 'epoch'],
  ['no instrument', call('public/ticker', {}), -32602, 'instrument_name'],
  [
    'an instrument not there',
    call('public/ticker', { instrument_name: 'BTC-1JAN30-1-C' }),
    10020,
    'instrument_name',
  ],
  [
    'no name of an instrument',
    call('public/ticker', { instrument_name: 'btc; drop' }),
    -32602,
    'instrument_name',
  ],
  [
    'a depth too great',
    call('public/get_order_book', { instrument_name: 'BTC-1JAN30-1-C', depth: 1_001 }),
    -32602,
    'depth',
  ],
  [
    'an unknown detail',
    call('public/get_order_book', { instrument_name: 'BTC-1JAN30-1-C', detail: 'l4' }),
    -32602,
    'detail',
  ],
  [
    'an underlying not there',
    call('public/get_index_price', { index_name: 'doge_usd' }),
    20010,
    'index_name',
  ],
  ['an address cut', call('get_account', { account: 'mil1qqqq' }), -32602, 'account'],
  [
    'an address of another chain',
    call('get_account', { account: 'cosmos1qqqqqqqqqq' }),
    -32602,
    'account',
  ],
  ['hex of 21 bytes', call('get_account', { account: '00'.repeat(21) }), -32602, 'account'],
  [
    'a sub-account too high',
    call('private/get_positions', { account: '00'.repeat(20), sub_account: 256 }),
    -32602,
    'sub_account',
  ],
  ['an order not there', call('private/get_order_state', { order_id: 5 }), 10004, 'order_id'],
  [
    'an id in upper case',
    call('get_transaction', { transaction_id: 'AB'.repeat(32) }),
    -32602,
    'transaction_id',
  ],
  ['an id too short', call('get_transaction', { transaction_id: 'ab' }), -32602, 'transaction_id'],
  ['a table not there', call('get_proof', { table: 'nope', key: '00' }), 20008, 'table'],
  ['a table id not there', call('get_proof', { table: 99, key: '00' }), 20008, 'table'],
  ['a key of the wrong length', call('get_proof', { table: 'meta', key: '00' }), -32602, 'key'],
  ['a key far too long', call('get_proof', { table: 'meta', key: '00'.repeat(65) }), -32602, 'key'],

  // Trading.
  ['no account of triggers', call('private/get_trigger_orders', {}), -32602, 'account'],
  [
    'a sub-account in text',
    call('private/get_mmp_config', { account: '00'.repeat(20), sub_account: '1' }),
    -32602,
    'sub_account',
  ],
  ['a cut account', call('private/get_cancel_after', { account: 'mil1q' }), -32602, 'account'],
  ['a number as account', call('private/get_account_limits', { account: 7 }), -32602, 'account'],
  [
    'a negative sub-account',
    call('private/get_rfqs', { account: '00'.repeat(20), sub_account: -1 }),
    -32602,
    'sub_account',
  ],
  [
    'an underlying in lower case',
    call('public/get_combos', { currency: 'btc' }),
    -32602,
    'currency',
  ],
  ['combos of nothing known', call('public/get_combos', { currency: 'DOGE' }), 20010, 'currency'],
  ['no combo', call('public/get_combo_details', {}), -32602, 'combo_id'],
  [
    'a combo not there',
    call('public/get_combo_details', { combo_id: 'BTC-CS-1JAN30-1_2' }),
    10020,
    'combo_id',
  ],
  ['request 0', call('public/get_rfqs', { request_id: 0 }), -32602, 'request_id'],
  ['a request not there', call('public/get_rfqs', { request_id: 7 }), 20017, 'request_id'],
  ['a parameter of currencies', call('public/get_currencies', { kind: 'option' }), -32602, 'kind'],
  ['no instrument of an auction', call('public/get_auction', {}), -32602, 'instrument_name'],
  [
    'an auction of nothing known',
    call('public/get_auction', { instrument_name: 'BTC-1JAN30-1-C' }),
    10020,
    'instrument_name',
  ],
  ['makers of nothing known', call('get_maker_statistics', { currency: 'X' }), 20010, 'currency'],
  ['no blocks', call('get_proposer_statistics', { blocks: 0 }), -32602, 'blocks'],
  [
    'too many blocks of a kind',
    call('get_proposer_statistics', { blocks: 2_001 }),
    -32602,
    'blocks',
  ],
  ['a kind not listed', call('public/get_instruments', { kind: 'combo' }), -32602, 'kind'],

  // Transactions.
  ['no transaction', call('submit_transaction', {}), -32602, 'transaction'],
  ['a number as transaction', submit(7), -32602, 'transaction'],
  ['an empty transaction', submit(''), -32602, 'transaction'],
  ['hex with a prefix', submit(`0x${GOOD}`), -32602, 'transaction'],
  ['half a byte', submit(GOOD.slice(1)), -32602, 'transaction'],
  ['no hex', submit('zz'), -32602, 'transaction'],
  ['an unknown wait', submit(GOOD, { wait: 'forever' }), -32602, 'wait'],
  ['no time to wait', submit(GOOD, { wait: 'final', timeout_ms: 0 }), -32602, 'timeout_ms'],
  ['too long a wait', submit(GOOD, { wait: 'final', timeout_ms: 60_001 }), -32602, 'timeout_ms'],
  ['one byte', submit('00'), 20001, 'transaction'],
  ['a signature cut by a byte', submit(GOOD.slice(0, -2)), 13009, 'signatures[0]'],
  ['only its first half', submit(GOOD.slice(0, 200)), 20001, 'transaction'],
  ['a surplus byte in front', submit(`00${GOOD}`), 20001, 'transaction'],
  ['another encoding of it', submit(nonCanonical()), 20001, 'transaction'],
  ['a nonce of 2⁵³', submit(hugeNonce()), 20001, 'transaction'],
  ['random bytes', submit('5a'.repeat(300)), 20001, 'transaction'],
  ['too large a transaction', submit('00'.repeat(65_536)), 20002, 'transaction'],
  ['a signature of 63 bytes', submit(withSignatures([new Uint8Array(63)])), 13009, 'signatures[0]'],
  ['a signature of zeros', submit(withSignatures([new Uint8Array(64)])), 13009, 'signatures[0]'],
  [
    'a signature of 65 bytes',
    submit(withSignatures([concatBytes(bytesOf(GOOD).slice(-64), new Uint8Array(1))])),
    13009,
    'signatures[0]',
  ],
  [
    'one signature too many',
    submit(withSignatures([new Uint8Array(64), new Uint8Array(64)])),
    20003,
    'signatures',
  ],
  ['signed for another chain', submit(signedFor(2)), 13009, 'signatures[0]'],
  ['expired', submit(signedFor(1, { expiresAt: timestampMs(START - 1) })), 13888, 'expiresAt'],
  ['a vote cut', call('submit_oracle_vote', { vote: '0000' }), 20001, 'vote'],
  ['a transaction as vote', call('submit_oracle_vote', { vote: GOOD }), 20001, 'vote'],
];

async function byHttp(text: string): Promise<{ status: number; answer: never }> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: text,
  });
  return { status: response.status, answer: (await response.json()) as never };
}

let socket: WebSocket;
const waiting: ((text: string) => void)[] = [];
beforeAll(async () => {
  socket = new WebSocket(server.url.replace('http', 'ws'));
  socket.on('message', (data) => waiting.shift()?.(String(data)));
  await new Promise((resolve) => socket.once('open', resolve));
});
afterAll(() => socket.close());
const bySocket = (text: string): Promise<never> =>
  new Promise((resolve) => {
    waiting.push((answer) => resolve(JSON.parse(answer) as never));
    socket.send(text);
  });

test('the table has no two rows alike, and more than sixty', () => {
  expect(new Set(ROWS.map(([, request]) => request)).size).toBe(ROWS.length);
  expect(ROWS.length).toBeGreaterThan(60);
});

describe.each(ROWS)('%s', (_name, request, code, field) => {
  test('over HTTP and WebSocket', async () => {
    const { status, answer } = await byHttp(request);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ jsonrpc: '2.0', error: { code, data: { field } } });
    expect(answer).not.toHaveProperty('result');
    expect((answer as { error: { data: { code: string } } }).error.data.code).toMatch(/^[a-z_]+$/);
    expect(await bySocket(request)).toEqual(answer);
    expect(node.pending).toEqual([]);
  });
});

test('after all of them the server answers, and logged no failure', async () => {
  const { answer } = await byHttp(call('get_status', {}));
  expect(answer).toMatchObject({ id: 1, result: { height: 0 } });
  expect(log.errors).toEqual([]);
});

test('a replayed transaction is refused the second time', async () => {
  expect((await byHttp(submit(GOOD))).answer).toMatchObject({ result: { status: 'accepted' } });
  expect((await byHttp(submit(GOOD))).answer).toMatchObject({
    error: { code: 20004, data: { code: 'duplicate_transaction' } },
  });
  node.pending.length = 0;
});

test('a bad signature says which digest the node computed and which key it tried', async () => {
  const { answer } = await byHttp(submit(signedFor(2)));
  const here = signTransaction(new Uint8Array(32).fill(1), body(), [signer]).transactionId;
  expect(answer).toMatchObject({
    error: { data: { digest: here, keys: [toHex(signer.publicKey)] } },
  });
});

test.each([
  ['unknown_key', 21_003, 'signers'],
  ['nonce_used', 21_008, 'nonce'],
  ['insufficient_margin', 10_009, 'size'],
  ['would_take', 11_054, 'price'],
  ['quota_exceeded', 20_005, ''],
  ['mempool_full', 10_047, ''],
  ['not_ready', 11_051, ''],
] as const)('a refusal %s keeps its name', async (refusal, code, field) => {
  node.refusal = refusal;
  const name = refusal === 'not_ready' ? 'node_not_ready' : refusal;
  expect((await byHttp(submit(GOOD))).answer).toMatchObject({
    error: { code, data: { code: name, field } },
  });
});

test('a batch answers each in order, bad ones too, and leaves out notifications', async () => {
  const batch = `[${call('public/get_time')},1,{"jsonrpc":"2.0","method":"public/test"},${call('nope')}]`;
  const { answer } = await byHttp(batch);
  expect(answer).toMatchObject([
    { result: expect.any(Number) },
    { error: { code: -32600 } },
    { error: { code: -32601 } },
  ]);
});

describe('HTTP', () => {
  const request = (path: string, init: RequestInit) => fetch(`${server.url}${path}`, init);
  const json = { 'content-type': 'application/json' };
  test.each<[string, string, RequestInit, number, string]>([
    ['GET', '/', {}, 405, 'http_method_not_allowed'],
    ['PUT', '/', { method: 'PUT', headers: json, body: '{}' }, 405, 'http_method_not_allowed'],
    ['DELETE', '/', { method: 'DELETE' }, 405, 'http_method_not_allowed'],
    ['another path', '/rpc', { method: 'POST', headers: json, body: '{}' }, 404, 'http_not_found'],
    ['a path upward', '/../etc/passwd', {}, 404, 'http_not_found'],
    [
      'text',
      '/',
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
      'unsupported_media_type',
    ],
    [
      'a form',
      '/',
      { method: 'POST', body: new URLSearchParams({ a: '1' }) },
      415,
      'unsupported_media_type',
    ],
    [
      'too large',
      '/',
      { method: 'POST', headers: json, body: 'x'.repeat(150_001) },
      413,
      'request_too_large',
    ],
  ])('refuses %s', async (_name, path, init, status, code) => {
    const response = await request(path, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { data: { code } } });
    if (status === 405) expect(response.headers.get('allow')).toBe('POST');
  });

  test('a notification alone gets 204', async () => {
    const text = '{"jsonrpc":"2.0","method":"public/test"}';
    const response = await request('/', { method: 'POST', headers: json, body: text });
    expect(response.status).toBe(204);
  });

  test('subscriptions need a WebSocket', async () => {
    const { answer } = await byHttp(call('public/subscribe', { channels: ['blocks'] }));
    expect(answer).toMatchObject({ error: { code: 10030 } });
  });

  test('pages of other origins get no permission', async () => {
    const headers = { ...json, origin: 'http://evil.example' };
    const response = await request('/', { method: 'POST', headers, body: call('public/test') });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await request('/', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(405);
  });
});

describe('WebSocket', () => {
  const opened = (path: string, options: object): Promise<number> =>
    new Promise((resolve) => {
      const attempt = new WebSocket(server.url.replace('http', 'ws') + path, options);
      attempt.on('open', () => {
        attempt.close();
        resolve(101);
      });
      attempt.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        attempt.terminate();
      });
      attempt.on('error', () => {});
    });
  test.each([
    ['the right path', '/', {}, 101],
    ['another path', '/other', {}, 404],
    ['a page of another origin', '/', { origin: 'http://evil.example' }, 403],
  ])('%s', async (_name, path, options, status) => {
    expect(await opened(path, options)).toBe(status);
  });

  test('a binary message is refused, and the socket lives', async () => {
    const answer = new Promise((resolve) => waiting.push((text) => resolve(JSON.parse(text))));
    socket.send(new Uint8Array([1, 2, 3]));
    expect(await answer).toMatchObject({ error: { code: -32700 } });
    expect(await bySocket(call('public/test'))).toMatchObject({ result: {} });
  });

  test('a message too large closes the socket with 1009', async () => {
    const one = new WebSocket(server.url.replace('http', 'ws'));
    const closed = new Promise((resolve) => one.on('close', resolve));
    one.on('open', () => one.send('x'.repeat(150_001)));
    expect(await closed).toBe(1009);
  });

  test.each([
    ['an unknown channel', 'weather.BTC', -32602],
    ['an interval that is not offered', 'book.BTC-1JAN30-1-C.5ms', -32602],
    ['an instrument not there', 'book.BTC-1JAN30-1-C.raw', 10020],
    ['orders of nothing listed', 'level3.BTC-1JAN30-1-C', 10020],
    ['an interval where there is none', 'level3.BTC-1JAN30-1-C.raw', -32602],
    ['an auction of nothing listed', 'auction.BTC-1JAN30-1-C', 10020],
    ['states of an instrument', 'instrument.state.BTC-1JAN30-1-C', -32602],
    ['states of nothing known', 'instrument.state.DOGE', 20010],
    ['requests on nothing known', 'rfq.DOGE', 20010],
    ['triggers of a cut account', 'user.triggers.mil1qqqq', -32602],
    ['an underlying not there', 'trades.DOGE', 20010],
    ['a bad address', 'user.orders.mil1qqqq', -32602],
    ['a cut id', 'transaction.abcd', -32602],
  ])('refuses to subscribe to %s', async (_name, channel, code) => {
    const answer = await bySocket(call('public/subscribe', { channels: [channel] }));
    expect(answer).toMatchObject({ error: { code } });
  });
});
