/** `miletus account`: an account's keys and balances. */
import type { Argv } from 'yargs';
import {
  type Arguments,
  flag,
  subAccountOf,
  text,
  withClient,
  withKeys,
  withNode,
} from './options.ts';
import { fields, print, table } from './output.ts';
import { selectKey } from './signer.ts';

/** The account that arguments name: `[account]`, else that of the key `--from`. */
export function accountOf(argv: Arguments): string {
  return text(argv, 'account') ?? selectKey(argv).address;
}

/** Adds `[account]`, `--from`, `--sub-account`, `--keys`, `--node`, `--json`. */
export function withAccount<T>(yargs: Argv<T>): Argv<T> {
  return withKeys(withNode(yargs))
    .positional('account', { type: 'string', describe: 'mil1… or 40 hex characters' })
    .option('from', { type: 'string', describe: 'Name of a key, instead of an account' })
    .option('sub-account', {
      type: 'string',
      describe: 'Sub-account 0 to 255 (0)',
    }) as unknown as Argv<T>;
}

async function show(argv: Arguments): Promise<void> {
  const account = accountOf(argv);
  const sub_account = subAccountOf(argv);
  await withClient(argv, async (client) => {
    const [info, summary] = await Promise.all([
      client.call('get_account', { account }),
      client.call('private/get_account_summary', { account, sub_account }),
    ]);
    print(flag(argv, 'json'), { ...info, summary }, [
      `address  ${info.address}`,
      info.exists ? `number   ${info.account_id}` : 'not created yet: credit it first',
      ...info.keys.map((key) => `key      ${key.scheme} ${key.public_key} ${key.role}`),
      '',
      ...table([
        ['sub-account', 'USD', 'MIL'],
        ...info.balances.map(({ sub_account: sub, usd, mil }) => [String(sub), usd, mil]),
      ]),
      '',
      ...fields({
        equity: summary.equity ?? 'unknown',
        withdrawable: summary.available_withdrawal_funds ?? 'unknown',
        ...(summary.margin ?? {}),
        positions: summary.positions,
        open_orders: summary.open_orders,
      }),
    ]);
  });
}

export function buildAccount(yargs: Argv): Argv {
  return withAccount(yargs)
    .command('$0 [account]', false, (y) => y, show)
    .example('$0 account mil1…', 'keys, balances and margin of an account')
    .example('$0 account --from alice', 'the same for the key alice');
}
