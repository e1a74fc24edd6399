/** The transaction builder: human units to the chain's, exactly or not at all; signatures; proofs. */

import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTION, ActionCodec } from '../../runtime/action.ts';
import { POST_ONLY } from '../../runtime/actions/order-terms.ts';
import { ANY_UNDERLYING, PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { TransactionCodec, transactionId } from '../../runtime/transaction.ts';
import { formatDecimal, parseDecimal } from '../../wallet/client/amounts.ts';
import { ticksOfPrice } from '../../wallet/client/input-fields.ts';
import { buildBlockOffer, signBlockOffer } from '../../wallet/client/multileg-input.ts';
import { accountOfPublicKey, ed25519Signer, signTransaction } from '../../wallet/client/sign.ts';
import {
  type ActionInput,
  buildAction,
  buildBody,
  createNonceClock,
} from '../../wallet/client/transaction-builder.ts';

/** Tick $0.1, lot 0.1: as ETH. */
const GRID = {
  instrument_id: 7,
  instrument_name: 'ETH-25DEC26-4000-C',
  tick_micro_usd: 100_000,
  lots_per_coin: 10,
};
const TO = '00112233445566778899aabbccddeeff00112233';
const order = (change: object): ActionInput => ({
  type: 'order',
  instrument: GRID,
  side: 'buy',
  price: '12.3',
  amount: '1.5',
  ...change,
});
const send = (change: object): ActionInput => ({
  type: 'transfer',
  to: TO,
  amount: '1',
  currency: 'USD',
  ...change,
});

test('an order in USD and coins becomes ticks and lots', () => {
  expect(buildAction(order({ postOnly: true, clientOrderId: 9, subAccount: 2 }))).toEqual({
    ok: true,
    value: {
      selector: ACTION.placeOrder,
      value: {
        ...PLAIN_TERMS,
        subAccount: 2,
        instrument: 7,
        side: 0,
        postOnly: POST_ONLY.reject,
        price: 123,
        size: 15,
        clientOrderId: 9,
      },
    },
  });
});

test.each([
  ['a price off the tick', order({ price: '12.35' }), 'price'],
  ['a price of zero', order({ price: '0' }), 'price'],
  ['a negative price', order({ price: '-12.3' }), 'price'],
  ['a price with surplus decimals', order({ price: '12.3000001' }), 'price'],
  ['an exponent', order({ price: '1e2' }), 'price'],
  ['hex', order({ price: '0x10' }), 'price'],
  ['a price out of range', order({ price: '1000000000' }), 'price'],
  ['an amount off the lot', order({ amount: '0.15' }), 'amount'],
  ['an amount out of range', order({ amount: '1000000000' }), 'amount'],
  ['a comma', order({ amount: '1,5' }), 'amount'],
  ['a sub-account too high', order({ subAccount: 256 }), 'subAccount'],
  ['a fractional client id', order({ clientOrderId: 1.5 }), 'clientOrderId'],
  ['a post-only ioc', order({ postOnly: true, timeInForce: 'ioc' }), 'postOnly'],
  ['seven decimals of USD', send({ amount: '0.0000001' }), 'amount'],
  ['nothing to send', send({ amount: '0.000000' }), 'amount'],
  ['more than 64 bits', send({ amount: '18446744073709.551616' }), 'amount'],
  ['an address cut short', send({ to: TO.slice(2) }), 'to'],
  ['a cancel of order 0', { type: 'cancel', orderId: 0 } as ActionInput, 'orderId'],
])('refuses %s, naming the field', (_name, input, field) => {
  const built = buildAction(input);
  expect(built).toMatchObject({ ok: false, error: { code: 'invalid_input', field } });
  if (!built.ok) expect(built.error.allowed).not.toBe('');
});

test.each([
  ['a price', order({ price: '100000000.1' }), 'at most 100000000 USD'],
  ['an amount', order({ amount: '100000000.1' }), 'at most 100000000 coins'],
  [
    'a net price',
    order({ instrument: { ...GRID, price_zero_ticks: 1_000_000_000 }, price: '-100000000.1' }),
    '-100000000 to 100000000 USD',
  ],
])('%s too large is told its bound in USD or coins', (_name, input, allowed) => {
  expect(buildAction(input)).toMatchObject({ ok: false, error: { allowed } });
});

const BTC = { underlying_id: 1, lots_per_coin: 100 };
const REFERENCE = { orderId: 5 };
const TERMS = { instrument: GRID, side: 'sell', amount: '1', price: '10' } as const;
const OFFER = signBlockOffer(new Uint8Array(32), offerOf({}), ed25519Signer(new Uint8Array(32)));

/** An input for every action, as a command or a program gives it. */
const INPUTS: { readonly [N in keyof typeof ACTION]: ActionInput } = {
  transfer: send({}),
  placeOrder: order({}),
  cancelOrder: { type: 'cancel', orderId: 5 },
  cancelByClientId: { type: 'cancelByClientId', clientOrderId: 5 },
  cancelOrders: { type: 'cancelOrders', label: 3 },
  amendOrder: { type: 'amend', order: REFERENCE, instrument: GRID, price: '1', amount: '1' },
  reduceOrder: { type: 'reduce', order: { clientOrderId: 9 }, instrument: GRID, amount: '1' },
  replaceOrder: { type: 'replace', replaced: REFERENCE, order: TERMS },
  placeTrigger: {
    type: 'trigger',
    order: TERMS,
    source: 'last',
    condition: 'above',
    triggerPrice: '12.345678',
  },
  linkOrders: { type: 'link', first: REFERENCE, second: { orderId: 6 } },
  massQuote: {
    type: 'massQuote',
    quotes: [{ instrument: GRID, bid: { price: '1', amount: '1' } }],
  },
  setProtection: { type: 'setProtection', underlying: BTC, windowMs: 1, frozenMs: 0 },
  takeLiquidation: {
    type: 'takeLiquidation',
    accountId: 1_030,
    liquidatedSubAccount: 1,
    auction: 7,
    share: '12.5',
    limit: '-100.5',
  },
  resetProtection: { type: 'resetProtection', underlying: BTC },
  cancelAfter: { type: 'cancelAfter', scope: 'account', timeoutMs: 9 },
  setAgentBudget: {
    type: 'setAgentBudget',
    keyPosition: 1,
    actionsPerMinute: 2,
    notionalPerDayUsd: 3,
  },
  createCombo: { type: 'createCombo', structure: 'calendar', instrumentIds: [1, 2] },
  requestForQuote: { type: 'requestForQuote', legs: [TERMS], units: 1, validUntil: 9 },
  quoteRequest: { type: 'quoteRequest', request: 4, ask: '-0.5', units: 1, validUntil: 9 },
  cancelQuotes: { type: 'cancelQuotes' },
  acceptQuote: { type: 'acceptQuote', request: 4, side: 'buy', limit: '-2', units: 1 },
  blockTrade: { type: 'blockTrade', ...OFFER },
  setReferrer: { type: 'setReferrer', referrer: TO },
  setMarginMode: { type: 'setMarginMode', mode: 'portfolio', subAccount: 3 },
};

function offerOf(change: object) {
  const built = buildBlockOffer({
    account: new Uint8Array(20),
    publicKey: new Uint8Array(32),
    nonce: 1,
    validUntil: 2,
    taker: TO,
    legs: [{ instrument: GRID, side: 'sell', amount: '1', price: '10' }],
    ...change,
  });
  if (!built.ok) throw new Error(`${built.error.field}: ${built.error.allowed}`);
  return built.value;
}

test.each(Object.entries(INPUTS))('%s is built, and its bytes are the chain’s', (name, input) => {
  const built = buildAction(input);
  if (!built.ok) throw new Error(`${built.error.field}: ${built.error.allowed}`);
  expect(built.value.selector).toBe(ACTION[name as keyof typeof ACTION]);
  expect(ActionCodec.decode(ActionCodec.encode(built.value))).toEqual(built);
});

test('a filter of cancels that is left out means any, and underlying 0 is one of them', () => {
  expect(buildAction({ type: 'cancelOrders' })).toMatchObject({
    value: { value: { underlying: ANY_UNDERLYING, instrument: 0, label: 0 } },
  });
  expect(buildAction({ type: 'cancelOrders', underlyingId: 0 })).toMatchObject({
    value: { value: { underlying: 0 } },
  });
});

test('coarser ticks hold from their price on, and net prices count from their zero', () => {
  const steps = [
    { above_price: 50, tick_size: 0.5, above_micro_usd: 50_000_000, tick_micro_usd: 500_000 },
  ];
  const coarse = { ...GRID, tick_size_steps: steps };
  expect(ticksOfPrice(coarse, '49.9')).toEqual({ ok: true, value: 499 });
  expect(ticksOfPrice(coarse, '50.5')).toEqual({ ok: true, value: 505 });
  expect(ticksOfPrice(coarse, '50.1')).toMatchObject({ error: { field: 'price' } });
  const combo = { ...GRID, price_zero_ticks: 1_000_000_000 };
  expect(ticksOfPrice(combo, '-12.3')).toEqual({ ok: true, value: 999_999_877 });
  expect(ticksOfPrice(combo, '0')).toEqual({ ok: true, value: 1_000_000_000 });
  expect(ticksOfPrice(GRID, '-12.3')).toMatchObject({ error: { field: 'price' } });
});

test('limits of a protection in coins and USD become the chain’s units', () => {
  const limits = { quantityLimit: '1.5', deltaLimit: '0.25', vegaLimit: '12.5', fillsLimit: 4 };
  const built = buildAction({
    type: 'setProtection',
    underlying: BTC,
    windowMs: 5_000,
    frozenMs: 0,
    ...limits,
  });
  // 1.5 coins are 150 lots; 0.25 coins of delta are 25 lots of 10⁶ parts.
  expect(built).toMatchObject({
    value: {
      value: {
        quantityLimit: 150,
        deltaLimit: 25_000_000,
        vegaLimit: 12_500_000,
        fillsLimit: 4,
      },
    },
  });
});

test('decimal text and integers are inverse to each other', () => {
  fc.assert(
    fc.property(
      fc.bigInt(-(10n ** 24n), 10n ** 24n),
      fc.integer({ min: 0, max: 12 }),
      (value, decimals) => {
        expect(parseDecimal('x', formatDecimal(value, decimals), decimals)).toEqual({
          ok: true,
          value,
        });
      },
    ),
    { numRuns: 300 },
  );
});

test('nonces rise, also within one millisecond and when the clock goes back', () => {
  const clock = [5, 5, 5, 3, 9];
  const next = createNonceClock(() => clock.shift() ?? 0);
  expect([next(), next(), next(), next(), next(), next()]).toEqual([5, 6, 7, 8, 9, 10]);
});

describe('signing', () => {
  const signer = ed25519Signer(new Uint8Array(32).fill(7));
  const chainId = new Uint8Array(32).fill(1);
  const action = buildAction(send({}));
  const body = (count: number) =>
    buildBody({
      account: accountOfPublicKey(signer.publicKey),
      publicKeys: [signer.publicKey],
      actions: action.ok ? Array.from({ length: count }, () => action.value) : [],
      nonce: 1,
      expiresAt: 2,
    });

  test('signs the digest that is the transaction id, always alike', () => {
    const built = body(2);
    if (!built.ok) throw new Error(built.error.allowed);
    const signed = signTransaction(chainId, built.value, [signer]);
    expect(signed).toEqual(signTransaction(chainId, built.value, [signer]));
    const digest = transactionId(chainId, built.value);
    expect(signed.transactionId).toBe(toHex(digest));
    const decoded = TransactionCodec.decode(fromHex(signed.hex) ?? new Uint8Array(0));
    if (!decoded.ok) throw new Error(decoded.error.detail);
    expect(decoded.value.body).toEqual(built.value);
    const [signature = new Uint8Array(64)] = decoded.value.signatures;
    expect(ed25519.verify(signature, digest, signer.publicKey)).toBe(true);
  });

  test('another chain gives another digest', () => {
    const built = body(1);
    if (!built.ok) throw new Error(built.error.allowed);
    const other = signTransaction(new Uint8Array(32).fill(2), built.value, [signer]);
    expect(other.transactionId).not.toBe(
      signTransaction(chainId, built.value, [signer]).transactionId,
    );
  });

  test.each([0, 65])('refuses %i actions', (count) => {
    expect(body(count)).toMatchObject({ ok: false, error: { field: 'actions' } });
  });
});
