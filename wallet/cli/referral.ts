/** `miletus referral`: who brought an account, and what it pays in fees. */
import type { Argv } from 'yargs';
import { addressOfText } from '../client/input-fields.ts';
import { accountOf, withAccount } from './account-options.ts';
import { type Arguments, flag, mustText, withClient, withSending } from './options.ts';
import { fields, print, table } from './output.ts';
import { must, sendActions } from './send-actions.ts';

async function set(argv: Arguments): Promise<void> {
  const referrer = mustText(argv, 'referrer', 'mil1… or 40 hex characters');
  must(addressOfText('referrer', referrer));
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'setReferrer', referrer }],
      `name ${referrer} as the one who brought this account, for good`,
    ),
  );
}

const percent = (share: number): string => `${100 * share} %`;

async function show(argv: Arguments): Promise<void> {
  const account = accountOf(argv);
  await withClient(argv, async (client) => {
    const found = await client.call('private/get_account_limits', { account });
    print(flag(argv, 'json'), found, [
      ...fields({
        referrer: found.referrer ?? 'none',
        'paid to it, USD': found.referral_paid,
        'volume of 30 days, USD': found.volume_30d,
        'fee tier': found.fee_tier,
      }),
      '',
      ...table([
        ['tier', 'from USD', 'maker fee', 'taker fee'],
        ...found.fee_tiers.map((one) => [
          String(one.tier),
          String(one.from_volume),
          percent(one.maker_share),
          percent(one.taker_share),
        ]),
      ]),
    ]);
  });
}

export function buildReferral(yargs: Argv): Argv {
  return yargs
    .command(
      'set <referrer>',
      'Name the account that brought yours; once, for good',
      (y) =>
        withSending(y)
          .positional('referrer', { type: 'string', describe: 'mil1… or 40 hex characters' })
          .example('$0 referral set mil1… --from alice', 'it gets a share of your fees'),
      set,
    )
    .command(
      'show [account]',
      'Referrer, volume, fee tier and the tiers there are',
      (y) => withAccount(y).example('$0 referral show --from alice', 'what alice pays'),
      show,
    );
}
