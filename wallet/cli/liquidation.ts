/** `miletus liquidation`: accounts under auction, the insurance fund, and takes. */
import type { Argv } from 'yargs';
import type { LiquidationsAnswer } from '../../node/rpc/schemas/liquidation.ts';
import { usageError } from './cli-error.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  subAccountOf,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import { NUMBERS } from './order-options.ts';
import { fields, print, table, time } from './output.ts';
import { sendActions } from './send-actions.ts';

const SUB_ACCOUNTS = { min: 0, max: 255 } as const;

/** The account that a command is about, as `1030` or `1030/2`. */
function accountMeant(argv: Arguments): { account_id: number; sub_account: number } {
  const given = mustText(
    argv,
    'portfolio',
    'a number as in `liquidation list`, e.g. 1030 or 1030/2',
  );
  const match = /^([0-9]{1,9})(?:\/([0-9]{1,3}))?$/.exec(given);
  const sub = Number(match?.[2] ?? 0);
  if (match === null || sub > SUB_ACCOUNTS.max) {
    throw usageError('portfolio', given, 'a number as in `liquidation list`, e.g. 1030 or 1030/2');
  }
  return { account_id: Number(match[1]), sub_account: sub };
}

function lines({ total, liquidations }: LiquidationsAnswer): string[] {
  if (total === 0) return ['No account is below maintenance margin.'];
  return table([
    ['account', 'state', 'auction', 'value', 'excess', 'price of all', 'at most'],
    ...liquidations.map((one) => [
      `${one.account_id}${one.sub_account === 0 ? '' : `/${one.sub_account}`}`,
      one.state,
      one.auction === null ? '-' : String(one.auction),
      one.value,
      one.excess,
      one.auction === null ? '-' : one.price,
      one.auction === null ? '-' : `${one.max_share_ppm / 10_000} %`,
    ]),
  ]);
}

async function list(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_liquidations', {});
    print(flag(argv, 'json'), found, lines(found));
  });
}

async function show(argv: Arguments): Promise<void> {
  const account = accountMeant(argv);
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_liquidations', account);
    const positions = found.liquidations.flatMap(({ positions: held }) => held);
    print(flag(argv, 'json'), found, [
      ...lines(found),
      ...(positions.length === 0 ? [] : ['']),
      ...table(positions.map(({ instrument_name, lots }) => [instrument_name, `${lots} lots`])),
    ]);
  });
}

async function insurance(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_insurance', {});
    print(flag(argv, 'json'), found, [
      ...fields({
        'fund, USD': found.fund,
        'debt of all, USD': found.shared_debt,
        'kept back of USD that leaves': `${(100 * found.haircut).toFixed(4)} %`,
        'shared since genesis, USD': found.shared_total,
        'paid by haircuts, USD': found.paid_by_haircuts,
        'paid by insurance, USD': found.paid_by_insurance,
      }),
      ...found.uses.map(
        ({ currency, hour, used, fund }) =>
          `${currency ?? 'debts'}: ${used} of ${fund} USD in the hour from ${time(hour)}`,
      ),
    ]);
  });
}

async function take(argv: Arguments): Promise<void> {
  const account = accountMeant(argv);
  const share = mustText(argv, 'share', 'percent, e.g. 25');
  const limit = mustText(argv, 'limit', 'USD for the whole account');
  const subAccount = subAccountOf(argv);
  await withClient(argv, async (client) => {
    const known = integer(argv, 'auction', NUMBERS);
    const found = known ?? (await runningAuction(client, account));
    await sendActions(
      argv,
      client,
      [
        {
          type: 'takeLiquidation',
          accountId: account.account_id,
          liquidatedSubAccount: account.sub_account,
          auction: found,
          share,
          limit,
          subAccount,
        },
      ],
      `take up to ${share} % of account ${account.account_id}/${account.sub_account} in auction ${found}, at ${limit} USD for the whole at most`,
    );
  });
}

/** The number of the auction that runs on an account now. */
async function runningAuction(
  client: Parameters<Parameters<typeof withClient>[1]>[0],
  account: { readonly account_id: number; readonly sub_account: number },
): Promise<number> {
  const { liquidations } = await client.call('public/get_liquidations', account);
  const auction = liquidations[0]?.auction;
  if (auction !== undefined && auction !== null) return auction;
  const given = `${account.account_id}/${account.sub_account}`;
  throw usageError('portfolio', given, 'one under auction: see `liquidation list`');
}

const ofAccount = (y: Argv): Argv =>
  y.positional('portfolio', {
    type: 'string',
    describe: 'Number of the account, with /N for a sub-account',
  }) as unknown as Argv;

export function buildLiquidation(yargs: Argv): Argv {
  return yargs
    .command(
      'list',
      'Accounts below maintenance margin, and what they cost',
      (y) => withNode(y).example('$0 liquidation list', 'prices are for whole accounts'),
      list,
    )
    .command(
      'show <portfolio>',
      'One of them with its positions',
      (y) => withNode(ofAccount(y)).example('$0 liquidation show 1030/2', 'its sub-account 2'),
      show,
    )
    .command(
      'insurance',
      'The insurance fund, its use, and the debt that all bear',
      (y) => withNode(y).example('$0 liquidation insurance --json', 'for a program'),
      insurance,
    )
    .command(
      'take <portfolio>',
      'Take a share of an account under auction, at its price or better',
      (y) =>
        withSending(ofAccount(y))
          .option('share', {
            type: 'string',
            describe: 'Percent of its positions; more than may be taken is cut',
          })
          .option('limit', {
            type: 'string',
            describe: 'USD to pay at most for the whole; negative: to be paid at least',
          })
          .option('auction', { type: 'string', describe: 'Its number (the one that runs)' })
          .option('sub-account', { type: 'string', describe: 'Yours that takes it (0)' })
          .example('$0 liquidation take 1030 --share 25 --limit 95000 --from alice', 'a quarter'),
      take,
    );
}
