/** The address book: names of this wallet for addresses, written `@name` wherever an address is taken. */
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { localPath, readLocal, writeLocal } from './local-file.ts';

export type Contacts = Readonly<Record<string, string>>;
const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/;

export const contactsPath = (): string => localPath('contacts.json', 'MILETUS_CONTACTS');

export function readContacts(): Contacts {
  const content = readLocal(contactsPath());
  if (content === undefined) return {};
  try {
    const found = JSON.parse(content) as Contacts;
    const isBook =
      typeof found === 'object' &&
      found !== null &&
      Object.entries(found).every(([name, to]) => NAME.test(name) && typeof to === 'string');
    if (isBook) return found;
  } catch {
    // Said below: whatever is wrong with it, the file cannot be used.
  }
  const allowed = 'a JSON object of names and addresses';
  throw new CliError(EXIT.badData, { field: 'contacts', given: contactsPath(), allowed });
}

export function writeContacts(contacts: Contacts): void {
  const sorted = Object.fromEntries(
    Object.entries(contacts).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
  writeLocal(contactsPath(), `${JSON.stringify(sorted, null, 2)}\n`);
}

/** A name that a contact may have. Throws a usage error. */
export function contactName(given: string): string {
  const name = given.toLowerCase().replace(/^@/, '');
  if (NAME.test(name)) return name;
  throw usageError('name', given, 'letters, digits, dot, dash and underscore, at most 32');
}

/** The arguments with each `@name` replaced by the address that it is the name of. */
export function withContacts(argv: readonly string[]): readonly string[] {
  if (!argv.some((word) => /^(?:--[a-z-]+=)?@/.test(word))) return argv;
  // The book is edited by the names themselves.
  if (argv[0] === 'contacts') return argv;
  const contacts = readContacts();
  return argv.map((word) => {
    const [, option = '', name] = /^(--[a-z-]+=)?@(.*)$/s.exec(word) ?? [];
    if (name === undefined) return word;
    const found = contacts[name.toLowerCase()];
    if (found !== undefined) return `${option}${found}`;
    const names = Object.keys(contacts).map((one) => `@${one}`);
    const allowed = names.length === 0 ? '`miletus contacts add` makes one' : names.join(', ');
    throw usageError('contact', `@${name}`, allowed);
  });
}
