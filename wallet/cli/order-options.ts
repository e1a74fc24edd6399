/** Terms of orders as options, and orders that arguments name. */
import type { Argv } from 'yargs';
import type { InstrumentInfo } from '../../node/rpc/schemas/market.ts';
import type { Client } from '../client/client.ts';
import type { OrderTermsInput, ReferenceInput } from '../client/order-input.ts';
import { accountOf } from './account-options.ts';
import { usageError } from './cli-error.ts';
import { type Arguments, choice, flag, integer, mustText, subAccountOf, text } from './options.ts';

export const INSTRUMENT = 'a name such as BTC-25DEC26-100000-C';
export const NUMBERS: { readonly min: number; readonly max: number } = {
  min: 1,
  max: Number.MAX_SAFE_INTEGER,
};
const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;

/** Order types by Deribit's names; the last four wait for `--trigger-price`. */
export const ORDER_TYPES = [
  'limit',
  'market',
  'stop_limit',
  'stop_market',
  'take_limit',
  'take_market',
] as const;
export type OrderTypeName = (typeof ORDER_TYPES)[number];

const TIMES_IN_FORCE = ['gtc', 'ioc', 'fok', 'gtt', 'gfa', 'gfn'] as const;
const SELF_TRADES = ['cancel_maker', 'cancel_taker', 'cancel_both', 'decrement_both'] as const;

/** `<side> <instrument> <amount> [price]`. */
export function withOrderPositionals(yargs: Argv): Argv {
  return yargs
    .positional('side', { type: 'string', describe: 'buy or sell' })
    .positional('instrument', { type: 'string', describe: INSTRUMENT })
    .positional('amount', { type: 'string', describe: 'Coins, whole lots' })
    .positional('price', {
      type: 'string',
      describe: 'USD per coin, whole ticks; a market order may go without',
    }) as unknown as Argv;
}

/** Options for every term of an order. */
export function withTerms(yargs: Argv): Argv {
  return yargs
    .option('type', { type: 'string', describe: `${ORDER_TYPES.join(', ')} (limit)` })
    .option('time-in-force', { type: 'string', describe: 'gtc, ioc, fok, gtt, gfa, gfn (gtc)' })
    .option('valid-until', {
      type: 'string',
      describe: 'End of a gtt order: 2026-12-25T08:00:00Z, or ms since 1970',
    })
    .option('post-only', { type: 'boolean', describe: 'Refuse it rather than take' })
    .option('slide', {
      type: 'boolean',
      describe: 'With --post-only: move it to where it does not take',
    })
    .option('reduce-only', { type: 'boolean', describe: 'Only close a position' })
    .option('display', { type: 'string', describe: 'Coins shown at a time (all)' })
    .option('self-trade', {
      type: 'string',
      describe: 'cancel_maker, cancel_taker, cancel_both, decrement_both (cancel_maker)',
    })
    .option('trigger', {
      type: 'string',
      describe: 'What stop and take orders watch: mark, index, last (mark)',
    })
    .option('trigger-price', { type: 'string', describe: 'USD per coin of stop and take orders' })
    .option('client-order-id', { type: 'string', describe: 'Your number for the order' })
    .option('label', { type: 'string', describe: 'Your number for a group of orders' })
    .epilogue(
      'gtt ends at --valid-until; gfa takes part in the next auction only, gfn in none.',
    ) as unknown as Argv;
}

/** A time as `2026-12-25T08:00:00Z` or as ms since 1970. */
export function timeOf(argv: Arguments, name: string): number | undefined {
  const given = text(argv, name);
  if (given === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(given)) return Number(given);
  const isIso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/.test(given);
  const time = isIso ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(time)) {
    throw usageError(`--${name}`, given, 'a time such as 2026-12-25T08:00:00Z, or ms since 1970');
  }
  return time;
}

/** The terms that arguments say, for an order on `instrument`. */
export function termsOf(
  argv: Arguments,
  instrument: InstrumentInfo,
): { readonly terms: OrderTermsInput; readonly type: OrderTypeName } {
  const type = choice(argv, 'type', ORDER_TYPES) ?? 'limit';
  const side = choice(argv, 'side', ['buy', 'sell']) ?? 'buy';
  const isPostOnly = flag(argv, 'post-only');
  if (flag(argv, 'slide') && !isPostOnly) throw usageError('--slide', 'alone', 'with --post-only');
  const price = text(argv, 'price');
  const timeInForce = choice(argv, 'time-in-force', TIMES_IN_FORCE);
  const validUntil = timeOf(argv, 'valid-until');
  const displayAmount = text(argv, 'display');
  const selfTrade = choice(argv, 'self-trade', SELF_TRADES);
  const clientOrderId = integer(argv, 'client-order-id', NUMBERS);
  const label = integer(argv, 'label', ANY);
  const terms: OrderTermsInput = {
    instrument,
    side,
    amount: mustText(argv, 'amount', 'coins, e.g. 0.1'),
    ...(price === undefined ? {} : { price }),
    orderType: type.endsWith('market') ? 'market' : 'limit',
    ...(timeInForce === undefined ? {} : { timeInForce }),
    ...(validUntil === undefined ? {} : { validUntil }),
    postOnly: isPostOnly ? (flag(argv, 'slide') ? 'slide' : 'reject') : false,
    reduceOnly: flag(argv, 'reduce-only'),
    ...(displayAmount === undefined ? {} : { displayAmount }),
    ...(selfTrade === undefined ? {} : { selfTrade }),
    ...(clientOrderId === undefined ? {} : { clientOrderId }),
    ...(label === undefined ? {} : { label }),
    subAccount: subAccountOf(argv),
  };
  return { terms, type };
}

/** Checks what needs no node, so that a wrong argument is told at once. */
export function checkTerms(argv: Arguments): void {
  choice(argv, 'side', ['buy', 'sell']);
  const type = choice(argv, 'type', ORDER_TYPES) ?? 'limit';
  const triggerPrice = text(argv, 'trigger-price');
  const isTrigger = type.startsWith('stop') || type.startsWith('take');
  if (isTrigger && triggerPrice === undefined) {
    throw usageError('--trigger-price', '', `USD per coin, for --type ${type}`);
  }
  if (!isTrigger && (triggerPrice ?? text(argv, 'trigger')) !== undefined) {
    const name = triggerPrice === undefined ? '--trigger' : '--trigger-price';
    throw usageError(name, `with --type ${type}`, 'stop and take orders');
  }
}

/** An order by `[order]` or `--client-order-id`, as the builder takes it. */
export function referenceOf(argv: Arguments): ReferenceInput {
  const orderId = integer(argv, 'order', NUMBERS);
  const clientOrderId = integer(argv, 'client-order-id', NUMBERS);
  if ((orderId === undefined) === (clientOrderId === undefined)) {
    throw usageError('order', orderId === undefined ? '' : 'both', 'ORDER or --client-order-id');
  }
  const subAccount = subAccountOf(argv);
  return {
    subAccount,
    ...(orderId === undefined ? {} : { orderId }),
    ...(clientOrderId === undefined ? {} : { clientOrderId }),
  };
}

const REFERENCE_FORM = 'the number of an order, or client:N of your own';

/** Describes a positional that `referenceIn` reads. */
export const ORDER_REFERENCE = 'Order number, or client:N for the one with your number N';

/** An order by a positional: `4711`, or `client:7` for the one with the client's number 7. */
export function referenceIn(argv: Arguments, name: string): ReferenceInput {
  const given = mustText(argv, name, REFERENCE_FORM);
  const [, client, digits = ''] = /^(client:)?([1-9][0-9]{0,15})$/.exec(given) ?? [];
  const number = Number(digits);
  if (digits === '' || !Number.isSafeInteger(number)) {
    throw usageError(name, given, REFERENCE_FORM);
  }
  const subAccount = subAccountOf(argv);
  return client === undefined
    ? { orderId: number, subAccount }
    : { clientOrderId: number, subAccount };
}

/** What of an open order or a waiting trigger a change starts from. */
export type KnownOrder = {
  readonly instrument_name: string;
  readonly price: number | null;
  readonly amount: number;
};

/** The order that a reference names, as the node has it. Throws a usage error when there is none. */
export async function findOrder(
  argv: Arguments,
  client: Client,
  { orderId, clientOrderId, subAccount = 0 }: ReferenceInput,
): Promise<KnownOrder> {
  if (orderId !== undefined) return client.call('private/get_order_state', { order_id: orderId });
  const params = { account: accountOf(argv), sub_account: subAccount };
  const open = await client.call('private/get_open_orders', params);
  const found = open.find((one) => one.client_order_id === clientOrderId);
  if (found === undefined) {
    throw usageError('--client-order-id', String(clientOrderId), 'that of an open order');
  }
  return found;
}

/** The instrument of a name. */
export function instrumentOf(client: Client, name: string): Promise<InstrumentInfo> {
  return client.call('public/get_instrument', { instrument_name: name });
}
