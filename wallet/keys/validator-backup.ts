/**
 * Backup of a validator's home: its keys, encrypted, and its configuration; never the record of what
 * it signed, which is out of date the moment it is copied.
 *
 * Source: design/staking-and-keys.md §4; the incident is Persistence, November 2022
 * (reference/interfaces.md §1.4): validators restored without their signing state signed twice. So a
 * restore begins a record with a low-water mark, the epoch after the highest final one, below which the
 * restored key signs nothing.
 *
 * Each key is a keystore of its own type (`keystore.ts`); the document around them is checked by form.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import { type Keystore, keystoreErrorText, parseKeystore, VALIDATOR_KEY_TYPE } from './keystore.ts';

export const BACKUP_TYPE = 'miletus/validator-backup';
export const BACKUP_VERSION = 1;
export const CONFIG_FILES = ['config.toml', 'signer.toml'] as const;
export type ConfigFile = (typeof CONFIG_FILES)[number];

export type ValidatorBackup = {
  readonly version: typeof BACKUP_VERSION;
  readonly type: typeof BACKUP_TYPE;
  /** Last epoch that the home's key had signed in; null: none, or the home was running. */
  readonly signedEpoch: number | null;
  readonly config: { readonly file: ConfigFile; readonly text: string };
  /** By the names of their files in `keys/`. */
  readonly keys: readonly { readonly file: string; readonly keystore: Keystore }[];
};

const MAX_CONFIG_CHARS = 65_536;
const MAX_KEYS = 32;
const FileName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,60}\.key$/);

const BackupSchema = z.strictObject({
  version: z.literal(BACKUP_VERSION),
  type: z.literal(BACKUP_TYPE),
  signedEpoch: z.int().min(0).nullable(),
  config: z.strictObject({
    file: z.enum(CONFIG_FILES),
    text: z.string().max(MAX_CONFIG_CHARS),
  }),
  keys: z
    .array(z.strictObject({ file: FileName, keystore: z.unknown() }))
    .min(1)
    .max(MAX_KEYS),
});

/** Checks the text of a backup, without the password. The error is one line and holds no secret. */
export function parseBackup(text: string): Result<ValidatorBackup, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err('not JSON: the file is cut or is something else');
  }
  const parsed = BackupSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err(`${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'malformed'}`);
  }
  const keys: { file: string; keystore: Keystore }[] = [];
  for (const { file, keystore } of parsed.data.keys) {
    const checked = parseKeystore(JSON.stringify(keystore), VALIDATOR_KEY_TYPE);
    if (!checked.ok) return err(`keys ${file}: ${keystoreErrorText(checked.error)}`);
    keys.push({ file, keystore: checked.value });
  }
  return ok({ ...parsed.data, keys });
}
