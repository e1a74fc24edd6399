/** The transaction builder: human units to the chain's, exactly or not at all; signatures; proofs. */

import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTION } from '../../runtime/action.ts';
import { POST_ONLY } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { TransactionCodec, transactionId } from '../../runtime/transaction.ts';
import { formatDecimal, parseDecimal } from '../../wallet/client/amounts.ts';
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
