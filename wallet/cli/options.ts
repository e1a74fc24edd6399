/**
 * Options that commands share, and readers of their values. Everything comes as text and is parsed
 * here, because yargs would read `0x10` as 16.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { type Client, createClient } from '../client/client.ts';
import { usageError } from './cli-error.ts';
import { noteUntrusted, stateVerification } from './output.ts';

/** Parsed arguments as yargs gives them. */
export type Arguments = { readonly [name: string]: unknown };

export const DEFAULT_NODE_URL = 'http://127.0.0.1:8545';

/** `--json`, which every command takes. */
export function withJson<T>(yargs: Argv<T>): Argv<T> {
  return yargs.option('json', {
    type: 'boolean',
    describe: 'One JSON document on stdout',
  }) as unknown as Argv<T>;
}

/** `--node`, `--json`, and what answers are verified against. */
export function withNode<T>(yargs: Argv<T>): Argv<T> {
  return withJson(yargs)
    .option('node', {
      type: 'string',
      describe: `Address of a node (MILETUS_NODE, else ${DEFAULT_NODE_URL})`,
    })
    .option('verify', {
      type: 'boolean',
      describe: 'Verify answers by proofs (the default once `miletus trust` knows a chain)',
    })
    .option('checkpoint', {
      type: 'string',
      describe: 'EPOCH:HASH that is trusted for this command',
    }) as unknown as Argv<T>;
}

/** `--keys`: where the key files are. */
export function withKeys<T>(yargs: Argv<T>): Argv<T> {
  return yargs.option('keys', {
    type: 'string',
    describe: 'Folder of key files (MILETUS_KEYS, else ~/.miletus/keys)',
  }) as unknown as Argv<T>;
}

/** `--password-file`. */
export function withPassword<T>(yargs: Argv<T>): Argv<T> {
  return yargs.option('password-file', {
    type: 'string',
    describe:
      'File whose first line is the password (MILETUS_PASSWORD_FILE, MILETUS_PASSWORD_COMMAND); else it is asked',
  }) as unknown as Argv<T>;
}

/** `--yes` and `--dry-run`, which every writing command takes. */
export function withConfirmation<T>(yargs: Argv<T>): Argv<T> {
  return yargs
    .option('yes', { type: 'boolean', describe: 'Do it without asking' })
    .option('dry-run', {
      type: 'boolean',
      describe: 'Show what would be done, do nothing',
    }) as unknown as Argv<T>;
}

/** Everything a command that signs and sends takes. */
export function withSending<T>(yargs: Argv<T>): Argv<T> {
  return withConfirmation(withPassword(withKeys(withNode(yargs))))
    .option('from', { type: 'string', describe: 'Name of the key that signs' })
    .option('account', {
      type: 'string',
      describe: "Account to act for, where the key is one of its own (the key's implicit account)",
    })
    .option('with', {
      type: 'string',
      describe:
        'Another key that signs beside (more than once), where the account asks for several',
    })
    .option('sub-account', { type: 'string', describe: 'Sub-account 0 to 255 (0)' })
    .option('generate', {
      type: 'string',
      describe: 'Write an unsigned file for `miletus tx sign` instead of sending',
    })
    .option('signer', {
      type: 'string',
      describe: 'With --generate: public key that will sign, where no key file of it is here',
    })
    .option('ttl', {
      type: 'string',
      describe: 'Milliseconds until it is void (60000; a day with --generate)',
    })
    .option('timeout', {
      type: 'string',
      describe: 'Milliseconds to wait until it is final (10000)',
    }) as unknown as Argv<T>;
}

export function flag(argv: Arguments, name: string): boolean {
  const value = argv[name];
  if (Array.isArray(value)) throw usageError(`--${name}`, 'twice', 'once');
  return value === true;
}

/** Text of an option or positional, or `undefined`. */
export function text(argv: Arguments, name: string): string | undefined {
  const value = argv[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value)) throw usageError(`--${name}`, 'twice', 'once');
  const given = String(value);
  if (given === '') throw usageError(`--${name}`, 'nothing', 'a value');
  return given;
}

export function mustText(argv: Arguments, name: string, allowed: string): string {
  const given = text(argv, name);
  if (given === undefined) throw usageError(name, 'nothing', allowed);
  return given;
}

/** Texts of an option that may come several times. */
export function texts(argv: Arguments, name: string): string[] {
  const value = argv[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** Plain decimal digits only; no sign, exponent, `0x` or separator. */
export function integer(
  argv: Arguments,
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  const given = text(argv, name);
  if (given === undefined) return undefined;
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(given) ? Number(given) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  throw usageError(name, given, `an integer ${bounds.min} to ${bounds.max}`);
}

export function choice<T extends string>(
  argv: Arguments,
  name: string,
  allowed: readonly T[],
): T | undefined {
  const given = text(argv, name);
  if (given === undefined) return undefined;
  const found = allowed.find((option) => option === given.toLowerCase());
  if (found === undefined) throw usageError(name, given, allowed.join(', '));
  return found;
}

export function subAccountOf(argv: Arguments): number {
  return integer(argv, 'sub-account', { min: 0, max: 255 }) ?? 0;
}

export function keysFolder(argv: Arguments): string {
  return text(argv, 'keys') ?? process.env['MILETUS_KEYS'] ?? join(homedir(), '.miletus', 'keys');
}

/** `as-configured` verifies where something is trusted; `unverified`: the command does it itself. */
export type Verifying = 'as-configured' | 'unverified';

/** The client that a command works with: one that verifies where something is trusted. */
async function openClient(
  argv: Arguments,
  raw: Client,
): Promise<{ readonly client: Client; readonly done: () => void }> {
  const wanted = argv['verify'];
  if (wanted === false) {
    stateVerification(() => ({ verified: false, reason: '--no-verify' }));
    return { client: raw, done: () => {} };
  }
  const { anchorOf } = await import('./trust-file.ts');
  const anchor = anchorOf(argv);
  if (anchor === undefined) {
    if (wanted === true) {
      const allowed = '--checkpoint EPOCH:HASH, or `miletus trust genesis HASH` before';
      throw usageError('--verify', 'with nothing that is trusted', allowed);
    }
    noteUntrusted();
    return { client: raw, done: () => {} };
  }
  const { keepWalk, openVerifying } = await import('./verify.ts');
  const { client, statement } = openVerifying(raw, anchor);
  stateVerification(statement);
  return { client, done: () => keepWalk(argv, client) };
}

/** Calls `work` with a client of the node the arguments name, and closes it. */
export async function withClient<T>(
  argv: Arguments,
  work: (client: Client) => Promise<T>,
  verifying: Verifying = 'as-configured',
): Promise<T> {
  const url = text(argv, 'node') ?? process.env['MILETUS_NODE'] ?? DEFAULT_NODE_URL;
  if (!/^(?:https?|wss?):\/\/[^\s/]+/.test(url)) {
    throw usageError('--node', url, 'an address such as http://127.0.0.1:8545');
  }
  const raw = createClient({ url });
  try {
    if (verifying === 'unverified') return await work(raw);
    const { client, done } = await openClient(argv, raw);
    const result = await work(client);
    done();
    return result;
  } finally {
    stateVerification(undefined);
    raw.close();
  }
}
