/** `miletus maker`: mass quotes, protection, dead-man switch, budgets of trading keys, rate credits. */
import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import type { Client } from '../client/client.ts';
import type { QuoteInput, QuoteSideInput } from '../client/quoting-input.ts';
import { accountOf, withAccount } from './account-options.ts';
import { CliError, usageError } from './cli-error.ts';
import { currencyOf } from './currency.ts';
import { EXIT } from './exit-codes.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  subAccountOf,
  text,
  withClient,
  withSending,
} from './options.ts';
import { instrumentOf } from './order-options.ts';
import { fields, print, table, time } from './output.ts';
import { sendActions } from './send-actions.ts';

const MILLIS = { min: 0, max: 2 ** 32 - 1 } as const;
const COUNTS = { min: 0, max: 2 ** 32 - 1 } as const;

/** What a file of quotes holds, besides that a bare list will do. */
const QUOTES_FORM =
  '{"quotes":[{"instrument":"BTC-25DEC26-100000-C","bid":{"price":"1200","amount":"0.1"},"ask":{…}}]}';

function badFile(file: string, allowed: string): CliError {
  return new CliError(EXIT.badData, { field: 'file', given: file, allowed });
}

/** Refuses a field that is not known: a side with its name misspelt would be withdrawn. */
function checkNames(file: string, at: string, value: object, known: readonly string[]): void {
  const foreign = Object.keys(value).find((name) => !known.includes(name));
  if (foreign !== undefined) throw badFile(file, `${at}: no "${foreign}", but ${known.join(', ')}`);
}

function sideOf(file: string, at: string, value: unknown): QuoteSideInput | undefined {
  if (value === undefined || value === null) return undefined;
  checkNames(file, at, value, ['price', 'amount']);
  const { price, amount } = value as { price?: unknown; amount?: unknown };
  const isText = (one: unknown): boolean => typeof one === 'string' || typeof one === 'number';
  if (!isText(price) || !isText(amount)) {
    throw badFile(file, `${at}: a price and an amount, as ${QUOTES_FORM}`);
  }
  return { price: String(price), amount: String(amount) };
}

/** Reads quotes and asks the node for the grid of each instrument. */
async function readQuotes(client: Client, file: string): Promise<QuoteInput[]> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') {
      throw new CliError(EXIT.noInput, {
        field: 'file',
        given: file,
        allowed: 'a file that is there',
      });
    }
    throw badFile(file, `JSON: ${QUOTES_FORM}`);
  }
  const listed = Array.isArray(content)
    ? content
    : (content as { quotes?: unknown } | null)?.quotes;
  if (!Array.isArray(listed)) throw badFile(file, QUOTES_FORM);
  return Promise.all(
    listed.map(async (one: unknown, at): Promise<QuoteInput> => {
      const { instrument, bid, ask } = (one ?? {}) as Record<string, unknown>;
      checkNames(file, `quotes[${at}]`, one ?? {}, ['instrument', 'bid', 'ask']);
      if (typeof instrument !== 'string') {
        throw badFile(file, `quotes[${at}].instrument: the name of an instrument`);
      }
      const bought = sideOf(file, `quotes[${at}].bid`, bid);
      const sold = sideOf(file, `quotes[${at}].ask`, ask);
      return {
        instrument: await instrumentOf(client, instrument),
        ...(bought === undefined ? {} : { bid: bought }),
        ...(sold === undefined ? {} : { ask: sold }),
      };
    }),
  );
}

async function quote(argv: Arguments): Promise<void> {
  const file = mustText(argv, 'file', 'a JSON file of quotes');
  const subAccount = subAccountOf(argv);
  await withClient(argv, async (client) => {
    const quotes = await readQuotes(client, file);
    await sendActions(
      argv,
      client,
      [{ type: 'massQuote', quotes, subAccount }],
      `quote ${quotes.length} instruments`,
    );
  });
}

async function protect(argv: Arguments): Promise<void> {
  const name = mustText(argv, 'currency', 'an underlying: BTC, ETH');
  const windowMs = integer(argv, 'window', MILLIS);
  if (windowMs === undefined) throw usageError('--window', '', 'ms; 0 takes the protection away');
  const limits = {
    windowMs,
    frozenMs: integer(argv, 'frozen', MILLIS) ?? 0,
    quantityLimit: text(argv, 'quantity') ?? '0',
    deltaLimit: text(argv, 'delta') ?? '0',
    vegaLimit: text(argv, 'vega') ?? '0',
    fillsLimit: integer(argv, 'fills', COUNTS) ?? 0,
  };
  const subAccount = subAccountOf(argv);
  await withClient(argv, async (client) => {
    const underlying = await currencyOf(client, name);
    await sendActions(
      argv,
      client,
      [{ type: 'setProtection', underlying, subAccount, ...limits }],
      windowMs === 0
        ? `take the protection of ${underlying.currency} quotes away`
        : `protect ${underlying.currency} quotes in windows of ${windowMs} ms`,
    );
  });
}

async function reset(argv: Arguments): Promise<void> {
  const name = mustText(argv, 'currency', 'an underlying: BTC, ETH');
  const subAccount = subAccountOf(argv);
  await withClient(argv, async (client) => {
    const underlying = await currencyOf(client, name);
    await sendActions(
      argv,
      client,
      [{ type: 'resetProtection', underlying, subAccount }],
      `reset the protection of ${underlying.currency} quotes`,
    );
  });
}

async function deadMan(argv: Arguments): Promise<void> {
  const timeoutMs = integer(argv, 'timeout-ms', MILLIS) ?? 0;
  const scope = flag(argv, 'all-sub-accounts') ? 'account' : 'subAccount';
  const subAccount = subAccountOf(argv);
  const whose = scope === 'account' ? 'the account' : `sub-account ${subAccount}`;
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'cancelAfter', scope, subAccount, timeoutMs }],
      timeoutMs === 0
        ? `disarm the dead-man switch of ${whose}`
        : `cancel every order of ${whose} unless renewed within ${timeoutMs} ms`,
    ),
  );
}

async function budget(argv: Arguments): Promise<void> {
  const keyPosition = integer(argv, 'key', { min: 0, max: 255 }) ?? 0;
  const actionsPerMinute = integer(argv, 'actions-per-minute', COUNTS) ?? 0;
  const most = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const notionalPerDayUsd = integer(argv, 'notional-per-day', most) ?? 0;
  const isNone = actionsPerMinute === 0 && notionalPerDayUsd === 0;
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'setAgentBudget', keyPosition, actionsPerMinute, notionalPerDayUsd }],
      isNone
        ? `take the budget of key ${keyPosition} away`
        : `let key ${keyPosition} do ${actionsPerMinute || 'any number of'} actions a minute and order ${notionalPerDayUsd || 'any number of'} USD a day`,
    ),
  );
}

const orDash = (value: number | string | null): string => (value === null ? '-' : String(value));

async function status(argv: Arguments): Promise<void> {
  const account = accountOf(argv);
  await withClient(argv, async (client) => {
    const [protections, switches, limits] = await Promise.all([
      client.call('private/get_mmp_config', { account }),
      client.call('private/get_cancel_after', { account }),
      client.call('private/get_account_limits', { account }),
    ]);
    print(flag(argv, 'json'), { protections, switches, limits }, [
      ...table([
        ['sub-account', 'currency', 'window', 'quantity', 'delta', 'vega', 'fills', 'frozen until'],
        ...protections.map((one) => [
          String(one.sub_account),
          one.currency,
          `${one.interval_ms} ms`,
          `${one.used.quantity} of ${orDash(one.quantity_limit)}`,
          `${one.used.delta} of ${orDash(one.delta_limit)}`,
          `${one.used.vega} of ${orDash(one.vega_limit)}`,
          `${one.used.fills} of ${orDash(one.fills_limit)}`,
          typeof one.frozen_until === 'number' ? time(one.frozen_until) : orDash(one.frozen_until),
        ]),
      ]),
      '',
      ...table([
        ['dead-man switch', 'fires'],
        ...switches.map((one) => [
          one.sub_account === null ? 'account' : `sub-account ${one.sub_account}`,
          one.fires_at === null ? 'clearing' : time(one.fires_at),
        ]),
      ]),
      '',
      ...fields({
        'rate credits': limits.credits === null ? 'no limit' : limits.credits,
        'volume of 30 days, USD': limits.volume_30d,
        'fee tier': limits.fee_tier,
      }),
      ...limits.agent_budgets.map(
        (one) =>
          `key ${one.key_position}: ${orDash(one.actions_per_minute)} actions a minute, ${orDash(one.notional_per_day)} USD a day`,
      ),
    ]);
  });
}

const onCurrency = (y: Argv): Argv =>
  y.positional('currency', { type: 'string', describe: 'BTC, ETH' }) as unknown as Argv;

export function buildMaker(yargs: Argv): Argv {
  return yargs
    .command(
      'quote <file>',
      'Quote many instruments at once; each quote replaces the last one there',
      (y) =>
        withSending(y)
          .positional('file', { type: 'string', describe: QUOTES_FORM })
          .example('$0 maker quote quotes.json --from alice --yes', 'both sides of each'),
      quote,
    )
    .command(
      'protect <currency>',
      'Limit what your quotes trade in a window; met, they are withdrawn and frozen',
      (y) =>
        withSending(onCurrency(y))
          .option('window', {
            type: 'string',
            describe: 'Length of a window, ms; 0: no protection',
          })
          .option('frozen', { type: 'string', describe: 'Freeze, ms; 0: until reset (0)' })
          .option('quantity', { type: 'string', describe: 'Coins bought and sold' })
          .option('delta', { type: 'string', describe: 'Net delta in coins' })
          .option('vega', { type: 'string', describe: 'Net vega, USD per point of volatility' })
          .option('fills', { type: 'string', describe: 'Number of fills' })
          .example(
            '$0 maker protect BTC --window 5000 --frozen 10000 --quantity 10 --fills 20',
            'frozen for 10 s after 10 BTC or 20 fills within 5 s',
          ),
      protect,
    )
    .command(
      'reset <currency>',
      'End a freeze of the protection',
      (y) => withSending(onCurrency(y)).example('$0 maker reset BTC --from alice', 'quote again'),
      reset,
    )
    .command(
      'dead-man <timeout-ms>',
      'Cancel every order unless this is called again in time; 0 disarms',
      (y) =>
        withSending(y)
          .positional('timeout-ms', { type: 'string', describe: 'Milliseconds; 0 disarms' })
          .option('all-sub-accounts', { type: 'boolean', describe: 'Of the whole account' })
          .example('$0 maker dead-man 10000 --from alice --yes', 'renew within ten seconds'),
      deadMan,
    )
    .command(
      'budget <key>',
      'Limit what a trading key may do; without limits: no budget',
      (y) =>
        withSending(y)
          .positional('key', { type: 'string', describe: 'Position in the account’s list of keys' })
          .option('actions-per-minute', { type: 'string', describe: 'Actions but cancels' })
          .option('notional-per-day', { type: 'string', describe: 'Whole USD of notional ordered' })
          .example('$0 maker budget 1 --actions-per-minute 600', 'ten a second for key 1'),
      budget,
    )
    .command(
      'status [account]',
      'Protections, dead-man switches, rate credits, budgets and fee tier',
      (y) => withAccount(y).example('$0 maker status --from alice', 'what limits alice'),
      status,
    );
}
