/**
 * Transactions of a load, built and signed before it runs: orders around the marks of all listed
 * series, from many accounts. Nine in ten rest, one in ten takes. In the form `rest` no order is ever
 * cancelled, so the book only grows; in the form `requote` each transaction first cancels what its
 * account still has in the book, as a market maker does.
 */

import sodium from 'sodium-native';
import type { FundedAccount } from '../../devnet/genesis.ts';
import { mix32, uniforms } from '../../feeder/simulate/random.ts';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf, PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import {
  address,
  instrumentId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { SCHEME, TransactionCodec, transactionId } from '../../runtime/transaction.ts';
import type { Client } from '../../wallet/client/client.ts';
import { accountOfPublicKey } from '../../wallet/client/sign.ts';

/** Accounts of the load: none comes near its limits of open orders or of transactions a block. */
const ACCOUNTS = 200;
/** Share of orders that take. */
const TAKING = 0.1;
/** Void when not in a block by then. */
const TTL_MS = 30_000;

export type LoadAccount = {
  readonly account: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly secretKey: Buffer;
  nonce: number;
};

/** The accounts, the same in every run. */
export function loadAccounts(): LoadAccount[] {
  return Array.from({ length: ACCOUNTS }, (_, i) => {
    const publicKey = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
    const secretKey = Buffer.alloc(sodium.crypto_sign_SECRETKEYBYTES);
    const seed = Buffer.from(sha256(new Uint8Array([98, i % 256, i >> 8])));
    sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
    const key = new Uint8Array(publicKey);
    return { account: accountOfPublicKey(key), publicKey: key, secretKey, nonce: 0 };
  });
}

/** What genesis must fund for them. */
export function loadFunds(accounts: readonly LoadAccount[]): FundedAccount[] {
  return accounts.map(({ account }) => ({
    address: formatAddress(address(toHex(account))),
    usd: '10000000',
    mil: '0',
  }));
}

/** A series to trade and its mark in ticks. */
export type LoadSeries = { readonly instrument: number; readonly markTicks: number };

/** Open series whose mark leaves room for prices below it. */
export async function loadSeries(client: Client, minTimeToExpiryMs: number): Promise<LoadSeries[]> {
  const listed = await client.call('public/get_instruments', { kind: 'option' });
  const soonest = Date.now() + minTimeToExpiryMs;
  const series: LoadSeries[] = [];
  for (const one of listed) {
    if (!one.is_active || one.expiration_timestamp < soonest) continue;
    const name = { instrument_name: one.instrument_name };
    const { mark_price: mark } = await client.call('public/ticker', name);
    const markTicks = Math.round((mark ?? 0) / one.tick_size);
    if (markTicks >= 10) series.push({ instrument: one.instrument_id, markTicks });
  }
  return series;
}

function order(series: readonly LoadSeries[], uniform: () => number): Action {
  const { instrument, markTicks } = series[Math.floor(uniform() * series.length)] ?? {
    instrument: 0,
    markTicks: 1,
  };
  const isBuy = uniform() < 0.5;
  const takes = uniform() < TAKING;
  // Resting orders stand 5 to 30 % on their side of the mark, taking ones reach 10 % across.
  const distance = takes ? -0.1 : 0.05 + 0.25 * uniform();
  const price = markTicks * (isBuy ? 1 - distance : 1 + distance);
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument: instrumentId(instrument),
      side: isBuy ? SIDE.buy : SIDE.sell,
      timeInForce: takes ? TIME_IN_FORCE.ioc : TIME_IN_FORCE.gtc,
      price: priceTicks(Math.max(1, Math.round(price))),
      size: sizeLots(1 + Math.floor(uniform() * 3)),
    },
  };
}

/** Whether the orders of a transaction replace those that its account has in the book. */
export const LOAD_FORMS = ['rest', 'requote'] as const;
export type LoadForm = (typeof LOAD_FORMS)[number];

const CANCEL_ALL: Action = {
  selector: ACTION.cancelOrders,
  value: cancelAllOf(subAccount(0)),
};

export type LoadOptions = {
  readonly chainId: Uint8Array;
  readonly accounts: readonly LoadAccount[];
  readonly series: readonly LoadSeries[];
  readonly transactions: number;
  readonly ordersEach: number;
  readonly form: LoadForm;
  readonly seed: number;
};

/** Hex of signed transactions, accounts in turn. About 60 µs a transaction of one order. */
export function signLoad(options: LoadOptions): string[] {
  const { chainId, accounts, series, transactions, ordersEach, form } = options;
  const uniform = uniforms(mix32(options.seed, 0));
  const signature = Buffer.alloc(sodium.crypto_sign_BYTES);
  const expiresAt = timestampMs(Date.now() + TTL_MS);
  return Array.from({ length: transactions }, (_, i) => {
    const from = accounts[i % accounts.length];
    if (!from) throw new RangeError('a load needs accounts');
    from.nonce = Math.max(Date.now(), from.nonce + 1);
    const body = {
      account: from.account,
      nonce: from.nonce,
      expiresAt,
      signers: [{ scheme: SCHEME.ed25519, publicKey: from.publicKey }],
      actions: [
        ...(form === 'requote' ? [CANCEL_ALL] : []),
        ...Array.from({ length: ordersEach }, () => order(series, uniform)),
      ],
    };
    const digest = Buffer.from(transactionId(chainId, body));
    sodium.crypto_sign_detached(signature, digest, from.secretKey);
    return toHex(TransactionCodec.encode({ body, signatures: [new Uint8Array(signature)] }));
  });
}
