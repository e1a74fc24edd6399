/** `miletus keys`: create, import, list and show keys. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Argv } from 'yargs';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import { derivationPath, deriveEd25519Seed } from '../keys/derive.ts';
import { listKeys, readKey, writeKey } from '../keys/key-folder.ts';
import { encryptKeystore, type Keystore } from '../keys/keystore.ts';
import { checkMnemonic, createMnemonic } from '../keys/mnemonic.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { buildKeysSafety } from './keys-safety-commands.ts';
import {
  type Arguments,
  flag,
  integer,
  keysFolder,
  mustText,
  withConfirmation,
  withJson,
  withKeys,
  withPassword,
} from './options.ts';
import { fields, print, table } from './output.ts';
import { readMnemonic, readPassword } from './prompt.ts';

const NAMES = 'a name of a–z, 0–9, - and _';
const MAX_INDEX = 2 ** 31 - 1;

function folderError(error: { code: string; given: string; allowed: string }): CliError {
  const exitCode =
    error.code === 'exists'
      ? EXIT.cannotCreate
      : error.code === 'not_found'
        ? EXIT.noInput
        : error.code === 'bad_name'
          ? EXIT.usage
          : EXIT.badData;
  return new CliError(exitCode, { field: 'name', given: error.given, allowed: error.allowed });
}

/** Encrypts and stores the key of a mnemonic; with `--dry-run` only says what it would do. */
async function store(argv: Arguments, mnemonic: string): Promise<Record<string, unknown>> {
  const name = mustText(argv, 'name', NAMES);
  const folder = keysFolder(argv);
  const index = integer(argv, 'account-index', { min: 0, max: MAX_INDEX }) ?? 0;
  const secret = deriveEd25519Seed(mnemonic, index);
  // With it come the codecs of every action, which a list of keys need not wait for.
  const { accountOfPublicKey, ed25519Signer } = await import('../client/sign.ts');
  const { publicKey } = ed25519Signer(secret);
  const path = derivationPath(index);
  const text = formatAddress(address(toHex(accountOfPublicKey(publicKey))));
  const facts = { name, address: text, pubkey: toHex(publicKey), path };
  const existing = readKey(folder, name);
  if (existing.ok) {
    throw folderError({ code: 'exists', given: name, allowed: 'a name that is not in use' });
  }
  if (existing.error.code === 'bad_name') throw folderError(existing.error);
  if (flag(argv, 'dry-run')) return { dry_run: true, ...facts, folder };
  const password = await readPassword(argv, 'new');
  const { nodeScrypt } = await import('../keys/scrypt.ts');
  const keystore = await encryptKeystore(
    {
      secret,
      password,
      name,
      path,
      publicKey,
      address: text,
      uuid: randomUUID(),
      salt: new Uint8Array(randomBytes(32)),
      nonce: new Uint8Array(randomBytes(24)),
    },
    nodeScrypt,
  );
  const written = writeKey(folder, name, keystore);
  if (!written.ok) throw folderError(written.error);
  return { ...facts, file: written.value };
}

async function create(argv: Arguments): Promise<void> {
  const mnemonic = createMnemonic(new Uint8Array(randomBytes(32)));
  const stored = await store(argv, mnemonic);
  // A dry run's key is thrown away, so its words must not be kept by anyone.
  const document = flag(argv, 'dry-run') ? stored : { ...stored, mnemonic };
  print(flag(argv, 'json'), document, [
    ...fields(stored),
    ...(flag(argv, 'dry-run')
      ? []
      : [
          '',
          'The mnemonic, shown this once. Write it down: whoever has it has the key.',
          '',
          `  ${mnemonic}`,
        ]),
  ]);
}

async function importKey(argv: Arguments): Promise<void> {
  mustText(argv, 'name', NAMES);
  const mnemonic = checkMnemonic(await readMnemonic(argv));
  if (!mnemonic.ok) throw usageError('mnemonic', 'words', mnemonic.error.detail);
  const stored = await store(argv, mnemonic.value);
  print(flag(argv, 'json'), stored, fields(stored));
}

const shown = (keystore: Keystore): object => {
  const { name, address: text, pubkey, scheme, path, uuid } = keystore;
  return { name, address: text, pubkey, scheme, path, uuid };
};

function list(argv: Arguments): void {
  const folder = keysFolder(argv);
  const keys = listKeys(folder);
  const rows = keys.map(({ name, keystore, problem }) =>
    keystore === undefined ? [name, '', problem ?? ''] : [name, keystore.address, keystore.path],
  );
  print(
    flag(argv, 'json'),
    keys.map(({ name, keystore, problem }) =>
      keystore === undefined ? { name, problem } : { ...shown(keystore), name },
    ),
    keys.length === 0
      ? [`no keys in ${folder}: \`miletus keys create NAME\` makes one`]
      : table([['name', 'address', 'path'], ...rows]),
  );
}

function show(argv: Arguments): void {
  const found = readKey(keysFolder(argv), mustText(argv, 'name', NAMES));
  if (!found.ok) throw folderError(found.error);
  print(flag(argv, 'json'), shown(found.value), fields(shown(found.value)));
}

const named = <T>(yargs: Argv<T>): Argv<T> =>
  yargs.positional('name', {
    type: 'string',
    describe: 'Name of the key',
  }) as unknown as Argv<T>;

const accountIndex = <T>(yargs: Argv<T>): Argv<T> =>
  yargs.option('account-index', {
    type: 'string',
    describe: "Account a of the path m/44'/7170412'/a'/0'/0' (0)",
  }) as unknown as Argv<T>;

/** The subcommands. */
export function buildKeys(yargs: Argv): Argv {
  const storing = (y: Argv): Argv =>
    accountIndex(withConfirmation(withPassword(withKeys(withJson(named(y))))));
  return buildKeysSafety(yargs)
    .command(
      'create <name>',
      'Make a key from a new mnemonic and store it encrypted',
      (y) => storing(y).example('$0 keys create alice', 'asks for a password, shows the mnemonic'),
      create,
    )
    .command(
      'import <name>',
      'Store the key of a mnemonic encrypted',
      (y) =>
        storing(y)
          .option('mnemonic-file', {
            type: 'string',
            describe: 'File whose first line is the mnemonic; else it is asked',
          })
          .example('$0 keys import alice --account-index 1', 'asks for mnemonic and password'),
      importKey,
    )
    .command(
      'list',
      'List the stored keys',
      (y) => withKeys(withJson(y)).example('$0 keys list', 'names and addresses'),
      list,
    )
    .command(
      'show <name>',
      'Show the public side of a key',
      (y) => withKeys(withJson(named(y))).example('$0 keys show alice', 'address and public key'),
      show,
    );
}
