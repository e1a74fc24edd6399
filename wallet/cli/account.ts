/** `miletus account`: an account's keys and balances. */
import type { Argv } from 'yargs';
import { accountOf, withAccount } from './account-options.ts';
import { withMarginCommands } from './margin.ts';
import { type Arguments, flag, subAccountOf, withClient } from './options.ts';
import { fields, print, table } from './output.ts';
import { withSecurityCommands } from './security.ts';

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
  return withSecurityCommands(withMarginCommands(yargs))
    .command('$0 [account]', false, withAccount, show)
    .example('$0 account mil1…', 'keys, balances and margin of an account')
    .example('$0 account --from alice', 'the same for the key alice');
}
