/** `miletus trade`: what there is to trade, books, trades, positions. Orders: `miletus order`. */
import type { Argv } from 'yargs';
import type { BookLevel } from '../../node/rpc/schemas/market.ts';
import { accountOf, withAccount } from './account-options.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  subAccountOf,
  text,
  withClient,
  withNode,
} from './options.ts';
import { fields, print, table, time } from './output.ts';

const NAME = 'a name such as BTC-25DEC26-100000-C';
const show = (value: number | null): string => (value === null ? '-' : String(value));

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
        ['instrument', 'size', 'average', 'mark', 'value', 'profit', 'delta'],
        ...found.map((position) => [
          position.instrument_name,
          String(position.size),
          show(position.average_price),
          show(position.mark_price),
          show(position.value),
          position.floating_profit_loss ?? '-',
          show(position.delta),
        ]),
      ]),
    );
  });
}

async function currencies(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_currencies', {});
    print(
      flag(argv, 'json'),
      found,
      table([
        ['currency', 'tick USD', 'from USD: tick', 'least', 'most', 'maker fee', 'taker fee'],
        ...found.map((one) => [
          one.currency,
          String(one.tick_size),
          one.tick_size_steps
            .map(({ above_price, tick_size }) => `${above_price}: ${tick_size}`)
            .join(', ') || '-',
          String(one.min_trade_amount),
          String(one.max_trade_amount),
          String(one.maker_commission),
          String(one.taker_commission),
        ]),
      ]),
    );
  });
}

async function trades(argv: Arguments): Promise<void> {
  const instrument_name = mustText(argv, 'instrument', NAME);
  const count = integer(argv, 'count', { min: 1, max: 1_000 }) ?? 10;
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_last_trades_by_instrument', {
      instrument_name,
      count,
    });
    print(
      flag(argv, 'json'),
      found,
      table([
        ['trade', 'time', 'side', 'price', 'amount'],
        ...found.trades.map((one) => [
          one.trade_id,
          time(one.timestamp),
          one.direction,
          String(one.price),
          String(one.amount),
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
          one.expiration_timestamp === 0 ? 'never' : time(one.expiration_timestamp),
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
      'currencies',
      'Underlyings with ticks, sizes and fees',
      (y) => withNode(y).example('$0 trade currencies', 'the rules of each market'),
      currencies,
    )
    .command(
      'trades <instrument>',
      'Last trades of an instrument',
      (y) =>
        withNode(onInstrument(y))
          .option('count', { type: 'string', describe: '1 to 1000 (10)' })
          .example('$0 trade trades BTC-25DEC26-100000-C', 'the last ten'),
      trades,
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
