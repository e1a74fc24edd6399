/** `miletus rfq`: requests for quote, quotes on them, and their acceptance. */
import type { Argv } from 'yargs';
import type { RfqsAnswer } from '../../node/rpc/schemas/trading.ts';
import { usageError } from './cli-error.ts';
import { describeLegs, legsOf, validUntilOf, withLegs, withLife } from './legs.ts';
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
import { NUMBERS } from './order-options.ts';
import { print, table, time } from './output.ts';
import { sendActions } from './send-actions.ts';

const UNITS = { min: 1, max: 2 ** 32 - 1 } as const;

async function request(argv: Arguments): Promise<void> {
  const units = integer(argv, 'units', UNITS) ?? 1;
  const subAccount = subAccountOf(argv);
  const validUntil = validUntilOf(argv);
  await withClient(argv, async (client) => {
    const legs = await legsOf(argv, client);
    if (legs.some(({ price }) => price !== undefined)) {
      throw usageError('--leg', 'a price', 'legs of a request have none');
    }
    await sendActions(
      argv,
      client,
      [{ type: 'requestForQuote', legs, units, validUntil, subAccount }],
      `ask for quotes on ${units} × (${describeLegs(legs)}) until ${time(validUntil)}`,
    );
  });
}

async function quote(argv: Arguments): Promise<void> {
  const number = integer(argv, 'request', NUMBERS) ?? 0;
  const units = integer(argv, 'units', UNITS) ?? 1;
  const bid = text(argv, 'bid');
  const ask = text(argv, 'ask');
  if (bid === undefined && ask === undefined) throw usageError('--bid', '', '--bid, --ask or both');
  const subAccount = subAccountOf(argv);
  const validUntil = validUntilOf(argv);
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [
        {
          type: 'quoteRequest',
          request: number,
          ...(bid === undefined ? {} : { bid }),
          ...(ask === undefined ? {} : { ask }),
          units,
          validUntil,
          subAccount,
        },
      ],
      `quote ${bid ?? '-'} / ${ask ?? '-'} USD a unit on request ${number}, ${units} units`,
    ),
  );
}

async function accept(argv: Arguments): Promise<void> {
  const number = integer(argv, 'request', NUMBERS) ?? 0;
  const side = choice(argv, 'side', ['buy', 'sell']) ?? 'buy';
  const limit = mustText(argv, 'limit', 'USD a unit: most to pay, least to receive');
  const units = integer(argv, 'units', UNITS) ?? 1;
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'acceptQuote', request: number, side, limit, units }],
      `${side} ${units} units of request ${number} at ${limit} USD a unit or better`,
    ),
  );
}

async function cancel(argv: Arguments): Promise<void> {
  const number = integer(argv, 'request', NUMBERS);
  const subAccount = subAccountOf(argv);
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'cancelQuotes', subAccount, ...(number === undefined ? {} : { request: number }) }],
      number === undefined
        ? `withdraw every request and quote of sub-account ${subAccount}`
        : `withdraw request ${number}, or the quote on it`,
    ),
  );
}

function lines({ requests, quotes }: RfqsAnswer): string[] {
  return [
    ...table([
      ['request', 'units', 'until', 'legs'],
      ...requests.map((one) => [
        String(one.request_id),
        String(one.units),
        time(one.expiration_timestamp),
        one.legs.map((leg) => `${leg.direction} ${leg.amount} ${leg.instrument_name}`).join(', '),
      ]),
    ]),
    ...(quotes.length === 0 ? [] : ['']),
    ...(quotes.length === 0
      ? []
      : table([
          ['quote', 'request', 'bid', 'ask', 'units', 'until'],
          ...quotes.map((one) => [
            String(one.quote_id),
            String(one.request_id),
            one.bid ?? '-',
            one.ask ?? '-',
            String(one.units),
            time(one.expiration_timestamp),
          ]),
        ])),
  ];
}

async function list(argv: Arguments): Promise<void> {
  const account = text(argv, 'account');
  await withClient(argv, async (client) => {
    const found =
      account === undefined
        ? await client.call('public/get_rfqs', {})
        : await client.call('private/get_rfqs', { account });
    print(flag(argv, 'json'), found, lines(found));
  });
}

async function show(argv: Arguments): Promise<void> {
  const request_id = integer(argv, 'request', NUMBERS) ?? 0;
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_rfqs', { request_id });
    print(flag(argv, 'json'), found, lines(found));
  });
}

const onRequest = (y: Argv): Argv =>
  y.positional('request', { type: 'string', describe: 'Number of the request' }) as unknown as Argv;
const withUnits = (y: Argv): Argv =>
  y.option('units', { type: 'string', describe: 'Times the legs (1)' }) as unknown as Argv;

export function buildRfq(yargs: Argv): Argv {
  return yargs
    .command(
      'request',
      'Ask makers for quotes on legs, each as you would buy the whole',
      (y) =>
        withUnits(withLife(withLegs(withSending(y)))).example(
          '$0 rfq request --leg "buy 0.1 BTC-25DEC26-100000-C" --leg "sell 0.1 BTC-25DEC26-110000-C"',
          'a call spread',
        ),
      request,
    )
    .command(
      'quote <request>',
      'Quote net prices in USD a unit; replaces your last on the request',
      (y) =>
        withUnits(withLife(withSending(onRequest(y))))
          .option('bid', { type: 'string', describe: 'What you pay for a unit as written' })
          .option('ask', { type: 'string', describe: 'What you want for one' })
          .example('$0 rfq quote 4711 --bid 95 --ask 105 --from bob', 'both ways, one unit'),
      quote,
    )
    .command(
      'accept <request> <side>',
      'Trade your request with the best quote inside a limit',
      (y) =>
        withUnits(withSending(onRequest(y)))
          .positional('side', {
            type: 'string',
            describe: 'buy takes the legs as written, or sell',
          })
          .option('limit', {
            type: 'string',
            describe: 'USD a unit: most to pay, least to receive',
          })
          .example('$0 rfq accept 4711 buy --limit 105 --from alice', 'at 105 or less'),
      accept,
    )
    .command(
      'cancel [request]',
      'Withdraw your request, or your quote on it; all of them unless told',
      (y) => withSending(onRequest(y)).example('$0 rfq cancel --from alice --yes', 'everything'),
      cancel,
    )
    .command(
      'list',
      'Live requests, of all or with --account of one',
      (y) =>
        withNode(y)
          .option('account', { type: 'string', describe: 'mil1… : its requests and quotes' })
          .example('$0 rfq list', 'what is asked for now'),
      list,
    )
    .command(
      'show <request>',
      'One request with the quotes on it',
      (y) => withNode(onRequest(y)).example('$0 rfq show 4711', 'quotes, best to be found'),
      show,
    );
}
