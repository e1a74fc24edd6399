/** `miletus combo`: lists structures of several series as instruments of their own. */
import type { Argv } from 'yargs';
import { type ComboInfo, STRUCTURE_NAMES } from '../../node/rpc/schemas/trading.ts';
import {
  type Arguments,
  choice,
  flag,
  mustText,
  text,
  texts,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import { instrumentOf } from './order-options.ts';
import { print, table } from './output.ts';
import { sendActions } from './send-actions.ts';

async function create(argv: Arguments): Promise<void> {
  const structure = choice(argv, 'structure', STRUCTURE_NAMES) ?? 'call_spread';
  const names = texts(argv, 'instruments');
  await withClient(argv, async (client) => {
    const legs = await Promise.all(names.map((name) => instrumentOf(client, name)));
    await sendActions(
      argv,
      client,
      [{ type: 'createCombo', structure, instrumentIds: legs.map((leg) => leg.instrument_id) }],
      `list the ${structure} of ${names.join(', ')}`,
    );
  });
}

const rows = (found: readonly ComboInfo[]): string[] =>
  table([
    ['combo', 'structure', 'state', 'legs'],
    ...found.map((one) => [
      one.id,
      one.structure,
      one.state,
      one.legs.map(({ amount, instrument_name: name }) => `${amount} ${name}`).join(', '),
    ]),
  ]);

async function list(argv: Arguments): Promise<void> {
  const currency = text(argv, 'currency')?.toUpperCase();
  await withClient(argv, async (client) => {
    const found = await client.call(
      'public/get_combos',
      currency === undefined ? {} : { currency },
    );
    print(flag(argv, 'json'), found, rows(found));
  });
}

async function show(argv: Arguments): Promise<void> {
  const combo_id = mustText(argv, 'combo', 'a name such as BTC-CS-25DEC26-100000_110000');
  await withClient(argv, async (client) => {
    const found = await client.call('public/get_combo_details', { combo_id });
    print(flag(argv, 'json'), found, rows([found]));
  });
}

export function buildCombo(yargs: Argv): Argv {
  return yargs
    .command(
      'create <structure> <instruments..>',
      'List a combo; the structure says sides and ratios',
      (y) =>
        withSending(y)
          .positional('structure', { type: 'string', describe: STRUCTURE_NAMES.join(', ') })
          .positional('instruments', { type: 'string', array: true, describe: 'Series, 2 to 4' })
          .example(
            '$0 combo create call_spread BTC-25DEC26-100000-C BTC-25DEC26-110000-C --from alice',
            'long the lower strike, short the higher; trade it with `order place`',
          ) as unknown as Argv,
      create,
    )
    .command(
      'list [currency]',
      'Listed combos',
      (y) =>
        withNode(y)
          .positional('currency', { type: 'string', describe: 'BTC, ETH; all unless told' })
          .example('$0 combo list BTC', 'names and legs'),
      list,
    )
    .command(
      'show <combo>',
      'One combo',
      (y) =>
        withNode(y)
          .positional('combo', { type: 'string', describe: 'Its name' })
          .example('$0 combo show BTC-CS-25DEC26-100000_110000', 'its legs'),
      show,
    );
}
