/** `miletus trade`: orders, cancels, books, positions. */
import type { Argv } from 'yargs';
import type { BookLevel } from '../../node/rpc/schemas/market.ts';
import { accountOf, withAccount } from './account.ts';
import { usageError } from './cli-error.ts';
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
import { fields, print, table, time } from './output.ts';
import { sendActions } from './send-actions.ts';

const NAME = 'a name such as BTC-25DEC26-100000-C';
const show = (value: number | null): string => (value === null ? '-' : String(value));

async function order(argv: Arguments): Promise<void> {
  const side = choice(argv, 'side', ['buy', 'sell']) ?? 'buy';
  const name = mustText(argv, 'instrument', NAME);
  const amount = mustText(argv, 'amount', 'coins, e.g. 0.1');
  const price = mustText(argv, 'price', 'USD per coin, e.g. 1250');
  const timeInForce = choice(argv, 'time-in-force', ['gtc', 'ioc']) ?? 'gtc';
  const clientOrderId =
    integer(argv, 'client-order-id', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 0;
  const postOnly = flag(argv, 'post-only');
  const subAccount = subAccountOf(argv);
  await withClient(argv, async (client) => {
    const instrument = await client.call('public/get_instrument', { instrument_name: name });
    const kind = `${timeInForce}${postOnly ? ', post-only' : ''}`;
    await sendActions(
      argv,
      client,
      [
        {
          type: 'order',
          instrument,
          side,
          price,
          amount,
          timeInForce,
          postOnly,
          clientOrderId,
          subAccount,
        },
      ],
      `${side} ${amount} ${name} at ${price} USD (${kind})`,
    );
  });
}

async function cancel(argv: Arguments): Promise<void> {
  const highest = { min: 1, max: Number.MAX_SAFE_INTEGER };
  const orderId = integer(argv, 'order', highest);
  const clientOrderId = integer(argv, 'client-order-id', highest);
  if ((orderId === undefined) === (clientOrderId === undefined)) {
    throw usageError('order', orderId === undefined ? '' : 'both', 'ORDER or --client-order-id');
  }
  const subAccount = subAccountOf(argv);
  await withClient(argv, (client) =>
    orderId !== undefined
      ? sendActions(argv, client, [{ type: 'cancel', orderId }], `cancel order ${orderId}`)
      : sendActions(
          argv,
          client,
          [{ type: 'cancelByClientId', clientOrderId: clientOrderId ?? 0, subAccount }],
          `cancel the order with client id ${clientOrderId}`,
        ),
  );
}

async function cancelAll(argv: Arguments): Promise<void> {
  const subAccount = subAccountOf(argv);
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'cancelAll', subAccount }],
      `cancel every open order of sub-account ${subAccount}`,
    ),
  );
}

async function book(argv: Arguments): Promise<void> {
  const instrument_name = mustText(argv, 'instrument', NAME);
  const depth = integer(argv, 'depth', { min: 1, max: 1_000 }) ?? 10;
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_order_book', { instrument_name, depth });
    const row = (side: string, [price, amount]: BookLevel): string[] => [
      side,
      String(price),
      String(amount),
    ];
    print(flag(argv, 'json'), found, [
      ...fields({
        instrument: found.instrument_name,
        height: found.height,
        mark: show(found.mark_price),
        'mark iv %': show(found.mark_iv),
        index: show(found.index_price),
        'open interest': found.open_interest,
      }),
      '',
      ...table([
        ['side', 'price', 'amount'],
        ...[...found.asks].reverse().map((level) => row('ask', level)),
        ...found.bids.map((level) => row('bid', level)),
      ]),
    ]);
  });
}

async function positions(argv: Arguments): Promise<void> {
  const params = { account: accountOf(argv), sub_account: subAccountOf(argv) };
  await withClient(argv, async (client) => {
    const found = await client.call('private/get_positions', params);
    print(
      flag(argv, 'json'),
      found,
      table([
        ['instrument', 'size', 'mark', 'value', 'delta'],
        ...found.map((position) => [
          position.instrument_name,
          String(position.size),
          show(position.mark_price),
          show(position.value),
          show(position.delta),
        ]),
      ]),
    );
  });
}

async function orders(argv: Arguments): Promise<void> {
  const params = { account: accountOf(argv), sub_account: subAccountOf(argv) };
  await withClient(argv, async (client) => {
    const found = await client.call('private/get_open_orders', params);
    print(
      flag(argv, 'json'),
      found,
      table([
        ['order', 'client id', 'instrument', 'side', 'price', 'amount', 'filled lots'],
        ...found.map((one) => [
          String(one.order_id),
          one.client_order_id === 0 ? '-' : String(one.client_order_id),
          one.instrument_name,
          one.direction,
          String(one.price),
          String(one.amount),
          String(one.filled_lots),
        ]),
      ]),
    );
  });
}

async function instruments(argv: Arguments): Promise<void> {
  const currency = text(argv, 'currency')?.toUpperCase();
  const params = {
    ...(currency === undefined ? {} : { currency }),
    expired: flag(argv, 'expired'),
  };
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_instruments', params);
    print(
      flag(argv, 'json'),
      found,
      table([
        ['instrument', 'state', 'expires', 'tick USD', 'lot', 'open interest'],
        ...found.map((one) => [
          one.instrument_name,
          one.state,
          time(one.expiration_timestamp),
          String(one.tick_size),
          String(one.contract_size),
          String(one.open_interest),
        ]),
      ]),
    );
  });
}

const onInstrument = (y: Argv): Argv =>
  y.positional('instrument', { type: 'string', describe: NAME }) as unknown as Argv;

export function buildTrade(yargs: Argv): Argv {
  return yargs
    .command(
      'order <side> <instrument> <amount> <price>',
      'Place a limit order; waits for its result',
      (y) =>
        withSending(onInstrument(y))
          .positional('side', { type: 'string', describe: 'buy or sell' })
          .positional('amount', { type: 'string', describe: 'Coins, whole lots' })
          .positional('price', { type: 'string', describe: 'USD per coin, whole ticks' })
          .option('time-in-force', { type: 'string', describe: 'gtc (default) or ioc' })
          .option('post-only', { type: 'boolean', describe: 'Refuse it rather than take' })
          .option('client-order-id', { type: 'string', describe: 'Your number for the order' })
          .example('$0 trade order buy BTC-25DEC26-100000-C 0.1 1250 --from alice', '0.1 BTC'),
      order,
    )
    .command(
      'cancel [order]',
      'Cancel an order by its number or your own',
      (y) =>
        withSending(y)
          .positional('order', { type: 'string', describe: 'Order number' })
          .option('client-order-id', { type: 'string', describe: 'Your number for the order' })
          .example('$0 trade cancel 4711 --from alice', 'cancels order 4711'),
      cancel,
    )
    .command(
      'cancel-all',
      'Cancel every open order of a sub-account',
      (y) => withSending(y).example('$0 trade cancel-all --from alice --yes', 'without asking'),
      cancelAll,
    )
    .command(
      'book <instrument>',
      'Show a book',
      (y) =>
        withNode(onInstrument(y))
          .option('depth', { type: 'string', describe: 'Levels a side, 1 to 1000 (10)' })
          .example('$0 trade book BTC-25DEC26-100000-C', 'ten levels a side'),
      book,
    )
    .command(
      'positions [account]',
      'Show positions',
      (y) => withAccount(y).example('$0 trade positions --from alice', 'positions of alice'),
      positions,
    )
    .command(
      'orders [account]',
      'Show open orders',
      (y) => withAccount(y).example('$0 trade orders --from alice', 'open orders of alice'),
      orders,
    )
    .command(
      'instruments [currency]',
      'List instruments',
      (y) =>
        withNode(y)
          .positional('currency', { type: 'string', describe: 'BTC, ETH; all unless told' })
          .option('expired', { type: 'boolean', describe: 'Those past their expiry' })
          .example('$0 trade instruments btc', 'open BTC series'),
      instruments,
    );
}
