/** `miletus contacts`: the address book. */
import type { Argv } from 'yargs';
import { addressArgument } from './address-argument.ts';
import { usageError } from './cli-error.ts';
import { contactName, readContacts, writeContacts } from './contacts-file.ts';
import { type Arguments, flag, mustText, withConfirmation, withJson } from './options.ts';
import { print, table } from './output.ts';
import { confirm } from './prompt.ts';

function list(argv: Arguments): void {
  const contacts = readContacts();
  const rows = Object.entries(contacts).map(([name, to]) => [`@${name}`, to]);
  print(
    flag(argv, 'json'),
    contacts,
    rows.length === 0 ? ['no contacts: `miletus contacts add`'] : table(rows),
  );
}

/** Carries out a change of the book, or shows it. */
async function change(
  argv: Arguments,
  of: { readonly question: string; readonly document: object; readonly write: () => void },
): Promise<void> {
  const isDry = flag(argv, 'dry-run');
  if (!isDry) {
    await confirm(argv, of.question);
    of.write();
  }
  const document = { ...(isDry ? { dry_run: true } : {}), ...of.document };
  print(flag(argv, 'json'), document, [isDry ? 'dry run: nothing is written' : 'done']);
}

async function add(argv: Arguments): Promise<void> {
  const name = contactName(mustText(argv, 'name', 'a name'));
  const given = mustText(argv, 'address', 'mil1… or 40 hex characters');
  const to = addressArgument('address', given);
  const contacts = readContacts();
  const known = contacts[name];
  const question =
    known === undefined || known === to
      ? `@${name} stands for ${to}?`
      : `@${name} stands for ${known} until now; for ${to} from now on?`;
  await change(argv, {
    question,
    document: { name, address: to, ...(known === undefined ? {} : { before: known }) },
    write: () => writeContacts({ ...contacts, [name]: to }),
  });
}

async function remove(argv: Arguments): Promise<void> {
  const name = contactName(mustText(argv, 'name', 'a name'));
  const { [name]: known, ...others } = readContacts();
  if (known === undefined) {
    const names = Object.keys(others).map((one) => `@${one}`);
    throw usageError('name', name, names.length === 0 ? 'no contacts yet' : names.join(', '));
  }
  await change(argv, {
    question: `forget @${name}, which is ${known}?`,
    document: { name, address: known },
    write: () => writeContacts(others),
  });
}

export function buildContacts(yargs: Argv): Argv {
  const withName = (y: Argv): Argv =>
    y.positional('name', { type: 'string', describe: 'Name, without or with @' }) as Argv;
  return yargs
    .command(
      'list',
      'Names and their addresses',
      (y) => withJson(y).example('$0 contacts list', 'then: miletus send @bob 5'),
      list,
    )
    .command(
      'add <name> <address>',
      'Name an address; replaces another one of the name after asking',
      (y) =>
        withConfirmation(withJson(withName(y)))
          .positional('address', { type: 'string', describe: 'mil1… or 40 hex characters' })
          .example('$0 contacts add bob mil1…', '@bob is that address from now on'),
      add,
    )
    .command(
      'remove <name>',
      'Forget a name',
      (y) =>
        withConfirmation(withJson(withName(y))).example('$0 contacts remove bob', 'asks before'),
      remove,
    );
}
