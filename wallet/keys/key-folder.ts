/**
 * The folder of key files: `NAME.json`, one key each. The folder has mode 700, a file 600; a file is
 * written beside, synced and then renamed, so it is either whole or not there.
 */

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import { type Keystore, keystoreErrorText, parseKeystore } from './keystore.ts';

/** A key's name is also its file's. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/;
const MAX_FILE_BYTES = 16 * 1024;
const SUFFIX = '.json';

export type KeyFolderError = {
  readonly code: 'bad_name' | 'exists' | 'not_found' | 'unreadable';
  readonly given: string;
  readonly allowed: string;
};

const fail = <T>(
  code: KeyFolderError['code'],
  given: string,
  allowed: string,
): Result<T, KeyFolderError> => err({ code, given, allowed });

function checkName(name: string): Result<string, KeyFolderError> {
  return NAME.test(name)
    ? ok(name)
    : fail('bad_name', name, '1 to 32 of a–z, 0–9, - and _, starting with a letter or digit');
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Writes a new key file. Errors: bad_name, exists, unreadable. */
export function writeKey(
  folder: string,
  name: string,
  keystore: Keystore,
): Result<string, KeyFolderError> {
  const checked = checkName(name);
  if (!checked.ok) return checked;
  const path = join(folder, name + SUFFIX);
  const draft = join(folder, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, `${JSON.stringify(keystore, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // A link, not a rename: it fails where a key of that name exists, so none is ever overwritten.
    linkSync(draft, path);
    return ok(path);
  } catch (cause) {
    return existsSync(path)
      ? fail('exists', name, 'a name that is not in use')
      : fail('unreadable', folder, `a folder that can be written: ${reason(cause)}`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Reads a key file. Errors: bad_name, not_found, unreadable. */
export function readKey(folder: string, name: string): Result<Keystore, KeyFolderError> {
  const checked = checkName(name);
  if (!checked.ok) return checked;
  const path = join(folder, name + SUFFIX);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    const names = listKeys(folder).map((entry) => entry.name);
    return fail('not_found', name, names.length === 0 ? `no keys in ${folder}` : names.join(', '));
  }
  if (text.length > MAX_FILE_BYTES) {
    return fail('unreadable', path, `a key file of at most ${MAX_FILE_BYTES} bytes`);
  }
  const parsed = parseKeystore(text);
  return parsed.ok ? parsed : fail('unreadable', path, keystoreErrorText(parsed.error));
}

/** A key of the folder; `keystore` is missing where the file cannot be read, and `problem` says why. */
export type ListedKey = {
  readonly name: string;
  readonly keystore: Keystore | undefined;
  readonly problem: string | undefined;
};

/** Keys by name; none where there is no folder. */
export function listKeys(folder: string): ListedKey[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX) && NAME.test(file.slice(0, -SUFFIX.length)))
    .sort()
    .map((file) => {
      const name = file.slice(0, -SUFFIX.length);
      const parsed = parseKeystore(readFileSync(join(folder, file), 'utf8'));
      return parsed.ok
        ? { name, keystore: parsed.value, problem: undefined }
        : { name, keystore: undefined, problem: keystoreErrorText(parsed.error) };
    });
}
