/** `miletus send`: moves USD or MIL to another account or sub-account. */
import type { Argv } from 'yargs';
import { parseMoney } from '../client/amounts.ts';
import { addressOfText } from '../client/input-fields.ts';
import {
  type Arguments,
  choice,
  integer,
  mustText,
  subAccountOf,
  withClient,
  withSending,
} from './options.ts';
import { must, sendActions } from './send-actions.ts';

async function send(argv: Arguments): Promise<void> {
  const to = mustText(argv, 'to', 'mil1… or 40 hex characters');
  const amount = mustText(argv, 'amount', 'an amount such as 12.5');
  const currency = choice(argv, 'currency', ['usd', 'mil']) === 'mil' ? 'MIL' : 'USD';
  must(addressOfText('to', to));
  must(parseMoney('amount', amount));
  const toSubAccount = integer(argv, 'to-sub-account', { min: 0, max: 255 }) ?? 0;
  const fromSubAccount = subAccountOf(argv);
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'transfer', to, amount, currency, fromSubAccount, toSubAccount }],
      `send ${amount} ${currency} to ${to}${toSubAccount === 0 ? '' : `/${toSubAccount}`}`,
    ),
  );
}

export function buildSend(yargs: Argv): Argv {
  return withSending(yargs)
    .positional('to', { type: 'string', describe: 'mil1… or 40 hex characters' })
    .positional('amount', { type: 'string', describe: 'At most 6 decimals' })
    .positional('currency', { type: 'string', describe: 'usd (default) or mil' })
    .option('to-sub-account', { type: 'string', describe: 'Sub-account that receives (0)' })
    .command('$0 <to> <amount> [currency]', false, (y) => y, send)
    .example('$0 send mil1… 12.5 --from alice', '12.5 USD from the key alice')
    .example('$0 send mil1… 100 mil --dry-run', 'shows the transaction, sends nothing');
}
