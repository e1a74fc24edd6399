/**
 * Builds transactions from human units: prices in USD, amounts in coins, addresses as text.
 *
 * Every value is checked against the instrument's grid before anything is signed, and an error names
 * the field, what was given and what is allowed. Nothing is rounded.
 */

import type { InstrumentInfo } from '../../node/rpc/schemas/market.ts';
import { parseAddress } from '../../runtime/accounts/address-text.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { POST_ONLY, SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import {
  instrumentId,
  orderId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { MAX_ACTIONS, MAX_ORDER_LOTS, MAX_PRICE_TICKS } from '../../runtime/limits.ts';
import { SCHEME, type TransactionBody } from '../../runtime/transaction.ts';
import { type InputError, inputError, parseDecimal, parseMoney } from './amounts.ts';

/** What of an instrument the builder needs. */
export type OrderGrid = Pick<
  InstrumentInfo,
  'instrument_id' | 'instrument_name' | 'tick_micro_usd' | 'lots_per_coin'
>;

/** An action in human units. `price` in USD per coin, order `amount` in coins. */
export type ActionInput =
  | {
      readonly type: 'transfer';
      readonly to: string;
      readonly amount: string;
      readonly currency: 'USD' | 'MIL';
      readonly fromSubAccount?: number;
      readonly toSubAccount?: number;
    }
  | {
      readonly type: 'order';
      readonly instrument: OrderGrid;
      readonly side: 'buy' | 'sell';
      readonly price: string;
      readonly amount: string;
      readonly timeInForce?: 'gtc' | 'ioc';
      readonly postOnly?: boolean;
      readonly clientOrderId?: number;
      readonly subAccount?: number;
    }
  | { readonly type: 'cancel'; readonly orderId: number }
  | {
      readonly type: 'cancelByClientId';
      readonly clientOrderId: number;
      readonly subAccount?: number;
    }
  | { readonly type: 'cancelAll'; readonly subAccount?: number };

/** The 20 bytes of an address given as `mil1…` or as 40 hex characters. */
export function addressOfText(field: string, text: string): Result<Uint8Array, InputError> {
  if (/^[0-9a-fA-F]{40}$/.test(text)) return ok(fromHex(text) ?? new Uint8Array(20));
  const parsed = parseAddress(text);
  if (!parsed.ok)
    return inputError(field, text, `mil1… or 40 hex characters: ${parsed.error.detail}`);
  return ok(fromHex(parsed.value) ?? new Uint8Array(20));
}

/** USD per coin to ticks: must be on the grid and within its bounds. */
export function ticksOfPrice(grid: OrderGrid, price: string): Result<number, InputError> {
  const micro = parseDecimal('price', price, 6);
  if (!micro.ok) return micro;
  const tick = BigInt(grid.tick_micro_usd);
  if (micro.value <= 0n || micro.value % tick !== 0n) {
    return inputError('price', price, `a multiple of ${Number(tick) / 1e6} USD above 0`);
  }
  const ticks = micro.value / tick;
  return ticks <= MAX_PRICE_TICKS
    ? ok(Number(ticks))
    : inputError('price', price, `at most ${MAX_PRICE_TICKS} ticks`);
}

/** Coins to lots: must be whole lots and within the bound. */
export function lotsOfAmount(grid: OrderGrid, amount: string): Result<number, InputError> {
  const scaled = parseDecimal('amount', amount, 12);
  if (!scaled.ok) return scaled;
  const product = scaled.value * BigInt(grid.lots_per_coin);
  const scale = 10n ** 12n;
  if (product <= 0n || product % scale !== 0n) {
    return inputError('amount', amount, `a multiple of ${1 / grid.lots_per_coin} coins above 0`);
  }
  const lots = product / scale;
  return lots <= MAX_ORDER_LOTS
    ? ok(Number(lots))
    : inputError('amount', amount, `at most ${MAX_ORDER_LOTS} lots`);
}

function checkedSubAccount(field: string, value: number | undefined): Result<number, InputError> {
  const given = value ?? 0;
  return Number.isInteger(given) && given >= 0 && given <= 255
    ? ok(given)
    : inputError(field, String(given), 'an integer 0 to 255');
}

function checkedId(field: string, value: number, least: number): Result<number, InputError> {
  return Number.isSafeInteger(value) && value >= least
    ? ok(value)
    : inputError(field, String(value), `an integer from ${least}`);
}

function buildTransfer(
  input: Extract<ActionInput, { type: 'transfer' }>,
): Result<Action, InputError> {
  const to = addressOfText('to', input.to);
  if (!to.ok) return to;
  const amount = parseMoney('amount', input.amount);
  if (!amount.ok) return amount;
  const from = checkedSubAccount('fromSubAccount', input.fromSubAccount);
  if (!from.ok) return from;
  const target = checkedSubAccount('toSubAccount', input.toSubAccount);
  if (!target.ok) return target;
  return ok({
    selector: ACTION.transfer,
    value: {
      fromSubAccount: subAccount(from.value),
      to: to.value,
      toSubAccount: subAccount(target.value),
      denomination: input.currency === 'USD' ? DENOMINATION.usd : DENOMINATION.mil,
      amount: amount.value,
    },
  });
}

function buildOrder(input: Extract<ActionInput, { type: 'order' }>): Result<Action, InputError> {
  const ticks = ticksOfPrice(input.instrument, input.price);
  if (!ticks.ok) return ticks;
  const lots = lotsOfAmount(input.instrument, input.amount);
  if (!lots.ok) return lots;
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const clientOrderId = checkedId('clientOrderId', input.clientOrderId ?? 0, 0);
  if (!clientOrderId.ok) return clientOrderId;
  const postOnly = input.postOnly ?? false;
  if (postOnly && input.timeInForce === 'ioc') {
    return inputError('postOnly', 'true with ioc', 'post-only orders are gtc');
  }
  return ok({
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccount(sub.value),
      instrument: instrumentId(input.instrument.instrument_id),
      side: SIDE[input.side],
      timeInForce: TIME_IN_FORCE[input.timeInForce ?? 'gtc'],
      postOnly: postOnly ? POST_ONLY.reject : POST_ONLY.none,
      price: priceTicks(ticks.value),
      size: sizeLots(lots.value),
      clientOrderId: clientOrderId.value,
    },
  });
}

/** One action, checked. The first error found, in the order of the fields. */
export function buildAction(input: ActionInput): Result<Action, InputError> {
  switch (input.type) {
    case 'transfer':
      return buildTransfer(input);
    case 'order':
      return buildOrder(input);
    case 'cancel': {
      const id = checkedId('orderId', input.orderId, 1);
      return id.ok
        ? ok({ selector: ACTION.cancelOrder, value: { orderId: orderId(id.value) } })
        : id;
    }
    case 'cancelByClientId': {
      const sub = checkedSubAccount('subAccount', input.subAccount);
      if (!sub.ok) return sub;
      const id = checkedId('clientOrderId', input.clientOrderId, 1);
      if (!id.ok) return id;
      const value = { subAccount: subAccount(sub.value), clientOrderId: id.value };
      return ok({ selector: ACTION.cancelByClientId, value });
    }
    case 'cancelAll': {
      const sub = checkedSubAccount('subAccount', input.subAccount);
      if (!sub.ok) return sub;
      return ok({ selector: ACTION.cancelAll, value: { subAccount: subAccount(sub.value) } });
    }
  }
}

/** Gives nonces: the clock in ms, or one more than the last when that is not later. */
export type NonceClock = () => number;

/** A nonce clock for one key in one process. `now` is the wall clock in ms. */
export function createNonceClock(now: () => number): NonceClock {
  let last = 0;
  return () => {
    last = Math.max(now(), last + 1);
    return last;
  };
}

/** How long a transaction may wait for a block unless told. */
export const DEFAULT_TTL_MS = 60_000;

export type BodyInput = {
  /** 20 address bytes. */
  readonly account: Uint8Array;
  /** ed25519 public keys that will sign, in order. */
  readonly publicKeys: readonly Uint8Array[];
  readonly actions: readonly Action[];
  readonly nonce: number;
  /** Block time after which it is void. */
  readonly expiresAt: number;
};

/** The body of a transaction: 1 to 64 actions. */
export function buildBody(input: BodyInput): Result<TransactionBody, InputError> {
  const { account, publicKeys, actions, nonce, expiresAt } = input;
  if (actions.length < 1 || actions.length > MAX_ACTIONS) {
    return inputError('actions', `${actions.length}`, `1 to ${MAX_ACTIONS}`);
  }
  return ok({
    account,
    nonce,
    expiresAt: timestampMs(expiresAt),
    signers: publicKeys.map((publicKey) => ({ scheme: SCHEME.ed25519, publicKey })),
    actions: [...actions],
  });
}
