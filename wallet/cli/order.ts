/** `miletus order`: place, change and cancel orders, and look at them. */
import type { Argv } from 'yargs';
import type { OrderInfo, TriggerInfo } from '../../node/rpc/schemas/account.ts';
import type { OrderTermsInput } from '../client/order-input.ts';
import type { ActionInput } from '../client/transaction-builder.ts';
import { accountOf, withAccount } from './account-options.ts';
import { usageError } from './cli-error.ts';
import { currencyOf } from './currency.ts';
import {
  type Arguments,
  choice,
  flag,
  integer,
  mustText,
  subAccountOf,
  text,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import {
  checkTerms,
  findOrder,
  INSTRUMENT,
  instrumentOf,
  NUMBERS,
  ORDER_REFERENCE,
  ORDER_TYPES,
  type OrderTypeName,
  referenceIn,
  referenceOf,
  termsOf,
  withOrderPositionals,
  withTerms,
} from './order-options.ts';
import { fields, print, table } from './output.ts';
import { sendActions } from './send-actions.ts';

/** What an order is, in a few words. */
function describe(terms: OrderTermsInput, type: OrderTypeName): string {
  const { side, amount, instrument, price, timeInForce, reduceOnly, displayAmount } = terms;
  const more = [
    type === 'limit' ? '' : type,
    timeInForce ?? '',
    terms.postOnly === false ? '' : terms.postOnly === 'slide' ? 'post-only, slides' : 'post-only',
    reduceOnly ? 'reduce-only' : '',
    displayAmount === undefined ? '' : `shows ${displayAmount}`,
  ].filter((word) => word !== '');
  const at = price === undefined ? '' : ` at ${price} USD`;
  return `${side} ${amount} ${instrument.instrument_name}${at}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

/** The action of terms: an order, or one that waits for a price. */
function actionOf(
  argv: Arguments,
  terms: OrderTermsInput,
  type: OrderTypeName,
): { readonly action: ActionInput; readonly summary: string } {
  const summary = describe(terms, type);
  const isStop = type.startsWith('stop');
  if (!isStop && !type.startsWith('take')) return { action: { ...terms, type: 'order' }, summary };
  const triggerPrice = mustText(argv, 'trigger-price', 'USD per coin');
  const source = choice(argv, 'trigger', ['mark', 'index', 'last']) ?? 'mark';
  // A stop waits where the price would hurt: above for a buy, below for a sell.
  const condition = isStop === (terms.side === 'buy') ? 'above' : 'below';
  return {
    action: { type: 'trigger', order: terms, source, condition, triggerPrice },
    summary: `${summary}, when ${source} is ${condition} ${triggerPrice}`,
  };
}

async function place(argv: Arguments): Promise<void> {
  const name = mustText(argv, 'instrument', INSTRUMENT);
  checkTerms(argv);
  await withClient(argv, async (client) => {
    const { terms, type } = termsOf(argv, await instrumentOf(client, name));
    const { action, summary } = actionOf(argv, terms, type);
    await sendActions(argv, client, [action], summary);
  });
}

const postOnlyOf = (argv: Arguments): 'reject' | 'slide' | false =>
  flag(argv, 'post-only') ? (flag(argv, 'slide') ? 'slide' : 'reject') : false;

async function amend(argv: Arguments): Promise<void> {
  const order = referenceOf(argv);
  await withClient(argv, async (client) => {
    const known = await findOrder(argv, client, order);
    const instrument = await instrumentOf(client, known.instrument_name);
    const price = text(argv, 'price') ?? String(known.price ?? '');
    const amount = text(argv, 'amount') ?? String(known.amount);
    await sendActions(
      argv,
      client,
      [{ type: 'amend', order, instrument, price, amount, postOnly: postOnlyOf(argv) }],
      `amend order ${order.orderId ?? order.clientOrderId} to ${amount} at ${price} USD`,
    );
  });
}

async function reduce(argv: Arguments): Promise<void> {
  const order = referenceOf(argv);
  const amount = mustText(argv, 'amount', 'coins in all, what is filled included');
  await withClient(argv, async (client) => {
    const known = await findOrder(argv, client, order);
    const instrument = await instrumentOf(client, known.instrument_name);
    await sendActions(
      argv,
      client,
      [{ type: 'reduce', order, instrument, amount }],
      `reduce order ${order.orderId ?? order.clientOrderId} to ${amount}`,
    );
  });
}

async function replace(argv: Arguments): Promise<void> {
  const replaced = referenceIn(argv, 'order');
  const name = mustText(argv, 'instrument', INSTRUMENT);
  checkTerms(argv);
  // The chain replaces by an order alone; one that should wait would go out at once.
  const given = choice(argv, 'type', ORDER_TYPES) ?? 'limit';
  if (given !== 'limit' && given !== 'market') throw usageError('--type', given, 'limit, market');
  await withClient(argv, async (client) => {
    const { terms, type } = termsOf(argv, await instrumentOf(client, name));
    await sendActions(
      argv,
      client,
      [{ type: 'replace', replaced, order: terms }],
      `replace order ${text(argv, 'order')} by ${describe(terms, type)}`,
    );
  });
}

async function link(argv: Arguments): Promise<void> {
  const first = referenceIn(argv, 'first');
  const second = referenceIn(argv, 'second');
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'link', first, second }],
      `link orders ${text(argv, 'first')} and ${text(argv, 'second')}: one cancels the other`,
    ),
  );
}

async function cancel(argv: Arguments): Promise<void> {
  const { orderId, clientOrderId = 0, subAccount = 0 } = referenceOf(argv);
  await withClient(argv, (client) =>
    orderId !== undefined
      ? sendActions(argv, client, [{ type: 'cancel', orderId }], `cancel order ${orderId}`)
      : sendActions(
          argv,
          client,
          [{ type: 'cancelByClientId', clientOrderId, subAccount }],
          `cancel the order with client id ${clientOrderId}`,
        ),
  );
}

async function cancelAll(argv: Arguments): Promise<void> {
  const subAccount = subAccountOf(argv);
  const allSubAccounts = flag(argv, 'all-sub-accounts');
  const currency = text(argv, 'currency');
  const name = text(argv, 'instrument');
  const label = integer(argv, 'label', NUMBERS);
  await withClient(argv, async (client) => {
    const underlying = currency === undefined ? undefined : await currencyOf(client, currency);
    const instrument = name === undefined ? undefined : await instrumentOf(client, name);
    const of = [
      instrument === undefined ? '' : ` on ${name}`,
      underlying === undefined ? '' : ` on ${underlying.currency}`,
      label === undefined ? '' : ` with label ${label}`,
    ].join('');
    await sendActions(
      argv,
      client,
      [
        {
          type: 'cancelOrders',
          subAccount,
          allSubAccounts,
          ...(underlying === undefined ? {} : { underlyingId: underlying.underlying_id }),
          ...(instrument === undefined ? {} : { instrumentId: instrument.instrument_id }),
          ...(label === undefined ? {} : { label }),
        },
      ],
      `cancel every open order${of} of ${allSubAccounts ? 'every sub-account' : `sub-account ${subAccount}`}`,
    );
  });
}

const dash = (value: number): string => (value === 0 ? '-' : String(value));

/** Terms beside price and amount, in a few words. */
function marksOf(order: OrderInfo | TriggerInfo): string {
  const words = [
    order.time_in_force === 'good_til_cancelled' ? '' : order.time_in_force,
    order.post_only ? 'post_only' : '',
    order.reduce_only ? 'reduce_only' : '',
    'quote' in order && order.quote ? 'quote' : '',
    order.display_lots === null ? '' : 'iceberg',
    order.oco_ref === null ? '' : `oco ${order.oco_ref}`,
  ].filter((word) => word !== '');
  return words.length === 0 ? '-' : words.join(' ');
}

async function list(argv: Arguments): Promise<void> {
  const params = { account: accountOf(argv), sub_account: subAccountOf(argv) };
  const name = text(argv, 'instrument');
  const filter = name === undefined ? {} : { instrument_name: name };
  await withClient(argv, async (client) => {
    const found = await client.call('private/get_open_orders', { ...params, ...filter });
    print(
      flag(argv, 'json'),
      found,
      table([
        ['order', 'client id', 'label', 'instrument', 'side', 'price', 'amount', 'filled', 'terms'],
        ...found.map((one) => [
          String(one.order_id),
          dash(one.client_order_id),
          dash(one.label),
          one.instrument_name,
          one.direction,
          String(one.price),
          String(one.amount),
          String(one.filled_amount),
          marksOf(one),
        ]),
      ]),
    );
  });
}

async function triggers(argv: Arguments): Promise<void> {
  const params = { account: accountOf(argv), sub_account: subAccountOf(argv) };
  await withClient(argv, async (client) => {
    const found = await client.call('private/get_trigger_orders', params);
    print(
      flag(argv, 'json'),
      found,
      table([
        ['order', 'instrument', 'side', 'type', 'when', 'price', 'amount', 'terms'],
        ...found.map((one) => [
          String(one.order_id),
          one.instrument_name,
          one.direction,
          one.order_type,
          `${one.trigger} ${one.trigger_condition} ${one.trigger_price}`,
          one.price === null ? '-' : String(one.price),
          String(one.amount),
          marksOf(one),
        ]),
      ]),
    );
  });
}

async function show(argv: Arguments): Promise<void> {
  const order_id = integer(argv, 'order', NUMBERS) ?? 0;
  await withClient(argv, async (client) => {
    const found = await client.call('private/get_order_state', { order_id });
    print(flag(argv, 'json'), found, fields(found));
  });
}

const onOrder = (y: Argv): Argv =>
  y.positional('order', { type: 'string', describe: 'Order number' }).option('client-order-id', {
    type: 'string',
    describe: 'Your number for the order',
  }) as unknown as Argv;
const postOnlyOptions = (y: Argv): Argv =>
  y
    .option('post-only', { type: 'boolean', describe: 'Refuse it rather than take' })
    .option('slide', {
      type: 'boolean',
      describe: 'With --post-only: move it to where it does not take',
    }) as unknown as Argv;

export function buildOrder(yargs: Argv): Argv {
  return yargs
    .command(
      'place <side> <instrument> <amount> [price]',
      'Place an order; waits for its result',
      (y) =>
        withTerms(withSending(withOrderPositionals(y)))
          .example('$0 order place buy BTC-25DEC26-100000-C 0.1 1250 --from alice', '0.1 BTC')
          .example(
            '$0 order place sell BTC-25DEC26-100000-C 0.1 --type stop_market --trigger-price 900',
            'sell at the market once the mark is at 900 or below',
          ),
      place,
    )
    .command(
      'amend [order]',
      'Change price or size of an open order; a smaller size keeps its place',
      (y) =>
        postOnlyOptions(withSending(onOrder(y)))
          .option('price', { type: 'string', describe: 'USD per coin (as it is)' })
          .option('amount', {
            type: 'string',
            describe: 'Coins in all, filled included (as it is)',
          })
          .example('$0 order amend 4711 --amount 0.05 --from alice', 'half of it, same place'),
      amend,
    )
    .command(
      'reduce [order]',
      'Make an open order smaller; it keeps its place, and goes before takers as cancels do',
      (y) =>
        withSending(onOrder(y))
          .option('amount', { type: 'string', describe: 'Coins in all, filled included' })
          .example('$0 order reduce 4711 --amount 0.05 --from alice', 'to 0.05 coins in all'),
      reduce,
    )
    .command(
      'replace <order> <side> <instrument> <amount> [price]',
      'Cancel an order and place another in one step, or neither',
      (y) =>
        withTerms(withSending(withOrderPositionals(y)))
          .positional('order', { type: 'string', describe: ORDER_REFERENCE })
          .example('$0 order replace 4711 buy BTC-25DEC26-100000-C 0.1 1260', 'at another price')
          .example(
            '$0 order replace client:7 buy BTC-25DEC26-100000-C 0.1 1260 --client-order-id 7',
            'the order that you number 7, by one of the same number',
          ),
      replace,
    )
    .command(
      'link <first> <second>',
      'Link two orders: when one trades or fires, the other is cancelled',
      (y) =>
        withSending(y)
          .positional('first', { type: 'string', describe: ORDER_REFERENCE })
          .positional('second', { type: 'string', describe: ORDER_REFERENCE })
          .example('$0 order link 4711 4712 --from alice', 'one cancels the other'),
      link,
    )
    .command(
      'cancel [order]',
      'Cancel an order or trigger by its number or your own',
      (y) =>
        withSending(onOrder(y)).example('$0 order cancel 4711 --from alice', 'cancels order 4711'),
      cancel,
    )
    .command(
      'cancel-all',
      'Cancel every open order and trigger, or those that filters name',
      (y) =>
        withSending(y)
          .option('instrument', { type: 'string', describe: 'Only on this instrument' })
          .option('currency', { type: 'string', describe: 'Only on this underlying: BTC, ETH' })
          .option('label', { type: 'string', describe: 'Only with this label' })
          .option('all-sub-accounts', { type: 'boolean', describe: 'Of every sub-account' })
          .example('$0 order cancel-all --currency BTC --from alice --yes', 'without asking'),
      cancelAll,
    )
    .command(
      'list [account]',
      'Show open orders',
      (y) =>
        withAccount(y)
          .option('instrument', { type: 'string', describe: 'Only on this instrument' })
          .example('$0 order list --from alice', 'open orders of alice'),
      list,
    )
    .command(
      'triggers [account]',
      'Show orders that wait for a price',
      (y) => withAccount(y).example('$0 order triggers --from alice', 'stops and takes of alice'),
      triggers,
    )
    .command(
      'show <order>',
      'Show one order: open, or closed lately',
      (y) =>
        withNode(y)
          .positional('order', { type: 'string', describe: 'Order number' })
          .example('$0 order show 4711', 'its state and terms'),
      show,
    );
}
