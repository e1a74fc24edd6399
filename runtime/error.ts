/**
 * Why a transaction or an action was refused: one table of names and wire numbers.
 *
 * Numbers are wire format, append-only and never reused. Within a group they stand in order of
 * precedence: a handler checks in this order and reports the first that applies. `field` is the
 * input at fault; a receipt carries the number, what was given and what is allowed (a bound or a
 * holding, in the field's own unit; 0 where neither applies).
 */
import { type Codec, container, i128, u16 } from './core/ssz.ts';

export type ErrorEntry = { readonly number: number; readonly field: string; readonly text: string };

/** Every refusal, in order of precedence within its group. */
export const RUNTIME_ERRORS = {
  // Transactions, first pass: an `invalid` receipt, no nonce used.
  expired: { number: 1, field: 'expiresAt', text: 'the block is later than the expiry' },
  unknown_account: { number: 2, field: 'account', text: 'no such account: credit it first' },
  unknown_key: { number: 3, field: 'signers', text: 'the key is not one of the account' },
  removed_key: { number: 4, field: 'signers', text: 'the key was removed from the account' },
  role_forbids: { number: 5, field: 'actions', text: "the key's role does not allow the action" },
  nonce_too_old: { number: 6, field: 'nonce', text: 'below the window of accepted nonces' },
  nonce_too_new: { number: 7, field: 'nonce', text: 'more than a day ahead of the block' },
  nonce_used: { number: 8, field: 'nonce', text: 'this nonce was used before' },
  too_many_from_key: { number: 9, field: 'account', text: 'too many of this key in one block' },
  unsupported_scheme: { number: 10, field: 'signers', text: 'the scheme is not enabled' },

  // Transfers.
  zero_amount: { number: 100, field: 'amount', text: 'must be above 0' },
  unknown_denomination: { number: 101, field: 'denomination', text: 'must be 0 (USD) or 1 (MIL)' },
  same_portfolio: { number: 102, field: 'to', text: 'source and destination are the same' },
  module_account: { number: 103, field: 'to', text: 'module accounts take no transfers' },
  insufficient_balance: { number: 104, field: 'amount', text: 'exceeds what may leave' },

  // Orders.
  unknown_instrument: { number: 200, field: 'instrument', text: 'no such instrument' },
  instrument_not_open: { number: 201, field: 'instrument', text: 'the instrument is not open' },
  bad_side: { number: 202, field: 'side', text: 'must be 0 (buy) or 1 (sell)' },
  bad_time_in_force: { number: 203, field: 'timeInForce', text: 'must be 0 (GTC) or 1 (IOC)' },
  bad_price: { number: 204, field: 'price', text: 'out of range' },
  bad_size: { number: 205, field: 'size', text: 'out of range' },
  post_only_ioc: { number: 206, field: 'postOnly', text: 'an IOC order cannot be post-only' },
  no_mark: { number: 207, field: 'instrument', text: 'no fresh mark: only cancels' },
  price_band: { number: 208, field: 'price', text: 'outside the price band' },
  duplicate_client_id: { number: 209, field: 'clientOrderId', text: 'already open' },
  too_many_orders: { number: 210, field: 'subAccount', text: 'too many open orders' },
  too_many_positions: { number: 211, field: 'subAccount', text: 'too many series' },
  position_limit: { number: 212, field: 'size', text: 'the position could grow too large' },
  would_take: { number: 213, field: 'price', text: 'post-only order would take' },
  too_many_fills: { number: 214, field: 'size', text: 'crosses too many orders' },
  insufficient_cash: { number: 215, field: 'size', text: 'premium and fee exceed the cash' },
  insufficient_margin: { number: 216, field: 'size', text: 'initial margin is not met' },

  // Cancels.
  order_not_found: { number: 300, field: 'orderId', text: 'no such open order' },
  not_owner: { number: 301, field: 'orderId', text: 'the order belongs to another account' },
} as const;

export type RuntimeErrorCode = keyof typeof RUNTIME_ERRORS;

/** The entry of a code, as the common type. */
export function errorEntry(code: RuntimeErrorCode): ErrorEntry {
  return RUNTIME_ERRORS[code];
}

/** A refusal with its facts, as handlers return it. */
export type Refusal = {
  readonly code: RuntimeErrorCode;
  readonly given: bigint;
  readonly allowed: bigint;
};

/** A refusal as receipts carry it. */
export type RefusalRecord = {
  readonly number: number;
  readonly given: bigint;
  readonly allowed: bigint;
};

export const RefusalRecordCodec: Codec<RefusalRecord> = container<RefusalRecord>('RefusalRecord', {
  number: u16(),
  given: i128(),
  allowed: i128(),
});

/** Builds a refusal; facts default to 0. */
export function refusal(
  code: RuntimeErrorCode,
  facts: { given?: bigint | number; allowed?: bigint | number } = {},
): Refusal {
  return { code, given: BigInt(facts.given ?? 0), allowed: BigInt(facts.allowed ?? 0) };
}

export function refusalRecord({ code, given, allowed }: Refusal): RefusalRecord {
  return { number: RUNTIME_ERRORS[code].number, given, allowed };
}

const CODE_OF_NUMBER: ReadonlyMap<number, RuntimeErrorCode> = new Map(
  (Object.keys(RUNTIME_ERRORS) as RuntimeErrorCode[]).map((code) => [
    RUNTIME_ERRORS[code].number,
    code,
  ]),
);

/** Name of a wire number, or `undefined` when this release does not know it. */
export function runtimeErrorCode(number: number): RuntimeErrorCode | undefined {
  return CODE_OF_NUMBER.get(number);
}
