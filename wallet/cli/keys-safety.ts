/** `miletus keys doctor|backup|restore`: keys at rest, checked, saved and brought back. */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseConfig, readConfig } from '../../node/config.ts';
import { denyCoreDumps } from '../../node/core-dumps.ts';
import { FatalError } from '../../node/exit-codes.ts';
import { readKeyFile, writeKeyFile } from '../../node/keys.ts';
import {
  parseSignerConfig,
  readSignerConfig,
  SIGNER_CONFIG_FILE,
} from '../../node/signer/signer-config.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { epoch, view } from '../../runtime/core/units.ts';
import { ed25519Signer } from '../client/sign.ts';
import { examineKeys, type KeyHome } from '../keys/doctor.ts';
import {
  decryptKeystore,
  encryptKeystore,
  type Keystore,
  keystoreErrorText,
  VALIDATOR_KEY_TYPE,
} from '../keys/keystore.ts';
import {
  BACKUP_TYPE,
  BACKUP_VERSION,
  type ConfigFile,
  parseBackup,
  type ValidatorBackup,
} from '../keys/validator-backup.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import {
  type Arguments,
  flag,
  integer,
  keysFolder,
  mustText,
  text,
  texts,
  withClient,
} from './options.ts';
import { fields, print, table } from './output.ts';
import { confirm, readPassword } from './prompt.ts';

const NODE_CONFIG_FILE = 'config.toml';
const MAX_BACKUP_BYTES = 256 * 1024;

/** What a home is and where its data are. */
type Home = KeyHome & { readonly config: ConfigFile; readonly data: string };

/** Says what is wrong with a home in one line that names it. */
function guarded<T>(field: string, given: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof FatalError)) throw cause;
    throw new CliError(EXIT.badData, { field, given, allowed: cause.message.replace(/\s+/g, ' ') });
  }
}

/** The home of a node or of a signer. */
function homeOf(given: string): Home {
  const path = resolve(given);
  return guarded('--home', given, () => {
    if (existsSync(join(path, SIGNER_CONFIG_FILE))) {
      const { keys, linkKey, data } = readSignerConfig(path);
      const keyFiles = [...keys, linkKey];
      return { path, keyFiles, hasSigner: false, config: SIGNER_CONFIG_FILE, data };
    }
    if (!existsSync(join(path, NODE_CONFIG_FILE))) {
      throw usageError('--home', given, 'a folder that `node init` or `signer init` made');
    }
    const { keys, signer, data } = readConfig(path);
    return {
      path,
      keyFiles: [...keys.consensus, keys.peer, ...(signer ? [signer.key] : [])],
      hasSigner: signer !== undefined,
      config: NODE_CONFIG_FILE,
      data,
    };
  });
}

export function doctor(argv: Arguments): void {
  const homes = texts(argv, 'home').map(homeOf);
  const folder = keysFolder(argv);
  const { checked, findings } = examineKeys({
    keysFolder: folder,
    homes,
    coreDumps: denyCoreDumps(),
  });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const rows = findings.map(({ severity, code, path, detail }) => [severity, code, path, detail]);
  print(
    flag(argv, 'json'),
    { keys: folder, homes: homes.map(({ path }) => path), checked, errors, findings },
    findings.length === 0
      ? [`${checked} key files: nothing to mend`]
      : [...table(rows), '', `${checked} key files, ${errors} errors`],
  );
  if (errors > 0) process.exitCode = EXIT.findings;
}

/** The last epoch signed in; undefined while the home's process runs and holds its record. */
async function signedEpochOf({ data }: Home): Promise<number | null> {
  const { lastSignedEpoch } = await import('../../node/signer/low-water.ts');
  try {
    return (await lastSignedEpoch(data)) ?? null;
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'locked') return null;
    throw cause;
  }
}

export async function backup(argv: Arguments): Promise<void> {
  const out = mustText(argv, 'out', 'a file to write');
  const home = homeOf(mustText(argv, 'home', 'a folder of a node or signer'));
  const folder = join(home.path, 'keys');
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.key'))
    .sort();
  const seeds = files.map((file) =>
    guarded('--home', home.path, () => readKeyFile(join(folder, file))),
  );
  if (existsSync(out)) {
    const facts = { field: 'out', given: out, allowed: 'a file that is not there yet' };
    throw new CliError(EXIT.cannotCreate, facts);
  }
  const signedEpoch = await signedEpochOf(home);
  const result = { home: home.path, file: resolve(out), keys: files, signed_epoch: signedEpoch };
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...result }, fields(result));
    return;
  }
  const password = await readPassword(argv, 'new');
  const { nodeScrypt, scryptOnce } = await import('../keys/scrypt.ts');
  const scrypt = scryptOnce(nodeScrypt);
  const salt = new Uint8Array(randomBytes(32));
  const keys: { file: string; keystore: Keystore }[] = [];
  for (const [at, secret] of seeds.entries()) {
    const keystore = await encryptKeystore(
      {
        secret,
        password,
        type: VALIDATOR_KEY_TYPE,
        name: files[at] ?? '',
        path: '',
        publicKey: ed25519Signer(secret).publicKey,
        address: '',
        uuid: randomUUID(),
        salt,
        nonce: new Uint8Array(randomBytes(24)),
      },
      scrypt,
    );
    keys.push({ file: files[at] ?? '', keystore });
  }
  const config = readFileSync(join(home.path, home.config), 'utf8');
  const document: ValidatorBackup = {
    version: BACKUP_VERSION,
    type: BACKUP_TYPE,
    signedEpoch,
    config: { file: home.config, text: config },
    keys,
  };
  writeFileSync(out, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  print(flag(argv, 'json'), result, fields(result));
}

/** The highest final epoch: `--final-epoch`, else as a node says. */
async function finalEpochOf(argv: Arguments): Promise<number> {
  const given = integer(argv, 'final-epoch', { min: 0, max: Number.MAX_SAFE_INTEGER - 1 });
  if (given !== undefined) return given;
  if (text(argv, 'node') === undefined && process.env['MILETUS_NODE'] === undefined) {
    throw usageError('--final-epoch', 'nothing', 'the epoch of the last final block, or --node');
  }
  let found = 0;
  await withClient(argv, async (client) => {
    const { epoch: of, syncing } = await client.call('get_status', {});
    if (syncing) throw usageError('--node', 'one that is syncing', 'a node that is up to date');
    found = of;
  });
  return found;
}

function readBackup(path: string): ValidatorBackup {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    const facts = { field: 'file', given: path, allowed: 'a file that can be read' };
    throw new CliError(EXIT.noInput, facts);
  }
  const parsed = content.length > MAX_BACKUP_BYTES ? undefined : parseBackup(content);
  if (parsed?.ok) return parsed.value;
  const allowed = `a file that \`keys backup\` wrote: ${parsed?.error ?? 'it is too large'}`;
  throw new CliError(EXIT.badData, { field: 'file', given: path, allowed });
}

export async function restore(argv: Arguments): Promise<void> {
  const file = mustText(argv, 'file', 'a file that `keys backup` wrote');
  const home = resolve(mustText(argv, 'home', 'a new folder'));
  const saved = readBackup(file);
  if (existsSync(home) && readdirSync(home).length > 0) {
    const facts = { field: '--home', given: home, allowed: 'a folder that is empty or not there' };
    throw new CliError(EXIT.cannotCreate, facts);
  }
  const finalEpoch = Math.max(await finalEpochOf(argv), saved.signedEpoch ?? 0);
  const mark = { epoch: epoch(finalEpoch + 1), view: view(0) };
  const { file: configFile, text: configText } = saved.config;
  const { data } = guarded('file', file, () =>
    configFile === SIGNER_CONFIG_FILE
      ? parseSignerConfig(configText, home)
      : parseConfig(configText, home),
  );
  const result = { home, keys: saved.keys.map((key) => key.file), signs_from_epoch: mark.epoch };
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...result }, fields(result));
    return;
  }
  await confirm(argv, 'is the old home stopped, and will it never start again?');
  const password = await readPassword(argv, 'existing');
  const { nodeScrypt, scryptOnce } = await import('../keys/scrypt.ts');
  const scrypt = scryptOnce(nodeScrypt);
  const { beginRecord } = await import('../../node/signer/low-water.ts');
  const secrets: { readonly file: string; readonly secret: Uint8Array }[] = [];
  for (const { file: name, keystore } of saved.keys) {
    const secret = await decryptKeystore(keystore, password, scrypt);
    if (!secret.ok) {
      const allowed = keystoreErrorText(secret.error);
      throw new CliError(EXIT.wrongPassword, { field: 'password', given: 'one', allowed });
    }
    if (toHex(ed25519Signer(secret.value).publicKey) !== keystore.pubkey) {
      const facts = { field: `keys ${name}`, given: keystore.pubkey, allowed: "the key's own" };
      throw new CliError(EXIT.badData, facts);
    }
    secrets.push({ file: name, secret: secret.value });
  }
  // The mark comes first: a restore that is cut short leaves no key that could sign without it.
  mkdirSync(data, { recursive: true, mode: 0o700 });
  await beginRecord(data, mark);
  for (const { file: name, secret } of secrets) {
    writeKeyFile(join(home, 'keys', basename(name)), secret);
  }
  writeFileSync(join(home, configFile), configText, { mode: 0o600 });
  print(flag(argv, 'json'), result, [
    ...fields(result),
    '',
    `It signs nothing before epoch ${mark.epoch}. Put the genesis document there, and start it.`,
  ]);
}

/** The subcommands. */
