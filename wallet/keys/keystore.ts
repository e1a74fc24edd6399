/**
 * The keystore: one encrypted private key as JSON.
 *
 * Source: EIP-2335 (envelope, password rules) with an AEAD instead of cipher and checksum
 * (design/staking-and-keys.md §4): scrypt, 2¹⁷ ≤ N ≤ 2²⁰, then xchacha20-poly1305. The additional
 * data is every other field of the document in canonical JSON, so no field can be changed without
 * the password. Browser-safe; the caller hands in scrypt and randomness.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import * as z from 'zod';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';

/** What the file is for; another type than the one wanted is refused. */
export const KEYSTORE_TYPE = 'miletus/account-key';
/** A key of a validator's home, in a backup: never to be taken for an account's. */
export const VALIDATOR_KEY_TYPE = 'miletus/validator-key';
export type KeystoreType = typeof KEYSTORE_TYPE | typeof VALIDATOR_KEY_TYPE;
export const KEYSTORE_VERSION = 1;

/** Bounds of scrypt's cost: below is too weak, above a file could stall the reader. */
export const MIN_SCRYPT_N: number = 2 ** 17;
export const MAX_SCRYPT_N: number = 2 ** 20;
/** EIP-2335's own: 0.7 s and 256 MB. */
export const DEFAULT_SCRYPT_N: number = 2 ** 18;

/** The document. `path` is empty for a key that came from no mnemonic. */
export type Keystore = {
  version: typeof KEYSTORE_VERSION;
  type: KeystoreType;
  uuid: string;
  name: string;
  scheme: 'ed25519';
  path: string;
  /** Hex. */
  pubkey: string;
  /** `mil1…` of the key's implicit account; empty for a validator's key. */
  address: string;
  crypto: {
    kdf: {
      function: 'scrypt';
      params: { dklen: 32; n: number; r: 8; p: 1; salt: string };
    };
    cipher: { function: 'xchacha20-poly1305'; params: { nonce: string }; message: string };
  };
};

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));

const KeystoreSchema: z.ZodType<Keystore> = z.strictObject({
  version: z.literal(KEYSTORE_VERSION),
  type: z.enum([KEYSTORE_TYPE, VALIDATOR_KEY_TYPE]),
  uuid: z.uuid(),
  name: z.string().max(64),
  scheme: z.literal('ed25519'),
  path: z.string().max(64),
  pubkey: hex(32),
  address: z.string().max(90),
  crypto: z.strictObject({
    kdf: z.strictObject({
      function: z.literal('scrypt'),
      params: z.strictObject({
        dklen: z.literal(32),
        n: z.int(),
        r: z.literal(8),
        p: z.literal(1),
        salt: hex(32),
      }),
    }),
    cipher: z.strictObject({
      function: z.literal('xchacha20-poly1305'),
      params: z.strictObject({ nonce: hex(24) }),
      message: hex(32 + 16),
    }),
  }),
});

/** Why a keystore cannot be used, in the order of the checks. */
export type KeystoreError =
  | { readonly code: 'malformed_keystore'; readonly field: string; readonly detail: string }
  | { readonly code: 'kdf_out_of_range'; readonly given: number }
  | { readonly code: 'wrong_password' };

/** One line for people; never a secret. */
export function keystoreErrorText(error: KeystoreError): string {
  switch (error.code) {
    case 'malformed_keystore':
      return `not a key file: ${error.field === '' ? '' : `${error.field}: `}${error.detail}`;
    case 'kdf_out_of_range':
      return `crypto.kdf.params.n: given ${error.given}, allowed a power of two from 2^17 to 2^20`;
    case 'wrong_password':
      return 'the password is wrong, or the file was changed';
  }
}

export type Scrypt = (
  password: Uint8Array,
  salt: Uint8Array,
  cost: { readonly n: number; readonly r: 8; readonly p: 1; readonly dklen: 32 },
) => Promise<Uint8Array>;

/** NFKD without control characters, in UTF-8: EIP-2335's password rule. */
function passwordBytes(password: string): Uint8Array {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to strip.
  const stripped = password.normalize('NFKD').replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
  return new TextEncoder().encode(stripped);
}

/** JSON with sorted keys and no spaces. */
function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** Everything but the ciphertext, as the cipher's additional data. */
function additionalData(keystore: Keystore): Uint8Array {
  const { message: _ciphertext, ...cipher } = keystore.crypto.cipher;
  const rest = { ...keystore, crypto: { kdf: keystore.crypto.kdf, cipher } };
  return new TextEncoder().encode(canonicalJson(rest));
}

function isCostInRange(n: number): boolean {
  return n >= MIN_SCRYPT_N && n <= MAX_SCRYPT_N && Number.isInteger(Math.log2(n));
}

export type KeystoreInput = {
  /** 32-byte ed25519 seed. */
  readonly secret: Uint8Array;
  readonly password: string;
  readonly name: string;
  readonly path: string;
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly uuid: string;
  /** 32 and 24 random bytes. */
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly n?: number;
  /** `KEYSTORE_TYPE` where nothing is said. */
  readonly type?: KeystoreType;
};

/** Encrypts a key. Throws `RangeError` when N is out of range. */
export async function encryptKeystore(input: KeystoreInput, scrypt: Scrypt): Promise<Keystore> {
  const n = input.n ?? DEFAULT_SCRYPT_N;
  if (!isCostInRange(n)) throw new RangeError(`scrypt N ${n} is not a power of two 2^17 to 2^20`);
  const keystore: Keystore = {
    version: KEYSTORE_VERSION,
    type: input.type ?? KEYSTORE_TYPE,
    uuid: input.uuid,
    name: input.name,
    scheme: 'ed25519',
    path: input.path,
    pubkey: toHex(input.publicKey),
    address: input.address,
    crypto: {
      kdf: { function: 'scrypt', params: { dklen: 32, n, r: 8, p: 1, salt: toHex(input.salt) } },
      cipher: {
        function: 'xchacha20-poly1305',
        params: { nonce: toHex(input.nonce) },
        message: '',
      },
    },
  };
  const cost = { n, r: 8, p: 1, dklen: 32 } as const;
  const key = await scrypt(passwordBytes(input.password), input.salt, cost);
  const cipher = xchacha20poly1305(key, input.nonce, additionalData(keystore));
  keystore.crypto.cipher.message = toHex(cipher.encrypt(input.secret));
  return keystore;
}

/** Checks the form of a key file's text and that it is of the type wanted, without the password. */
export function parseKeystore(
  text: string,
  wanted: KeystoreType = KEYSTORE_TYPE,
): Result<Keystore, KeystoreError> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const detail = 'not JSON: the file is cut or is something else';
    return err({ code: 'malformed_keystore', field: '', detail });
  }
  const type = (json as { type?: unknown } | null)?.type;
  if (typeof type === 'string' && type !== wanted) {
    const detail = `given ${type.slice(0, 64)}, allowed ${wanted}`;
    return err({ code: 'malformed_keystore', field: 'type', detail });
  }
  const parsed = KeystoreSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue?.path.join('.') ?? '';
    return err({ code: 'malformed_keystore', field, detail: issue?.message ?? 'malformed' });
  }
  const { n } = parsed.data.crypto.kdf.params;
  if (!isCostInRange(n)) return err({ code: 'kdf_out_of_range', given: n });
  return ok(parsed.data);
}

/** The 32-byte secret of a checked keystore. */
export async function decryptKeystore(
  keystore: Keystore,
  password: string,
  scrypt: Scrypt,
): Promise<Result<Uint8Array, KeystoreError>> {
  const { kdf, cipher } = keystore.crypto;
  const salt = fromHex(kdf.params.salt) ?? new Uint8Array(0);
  const nonce = fromHex(cipher.params.nonce) ?? new Uint8Array(0);
  const message = fromHex(cipher.message) ?? new Uint8Array(0);
  const key = await scrypt(passwordBytes(password), salt, kdf.params);
  try {
    return ok(xchacha20poly1305(key, nonce, additionalData(keystore)).decrypt(message));
  } catch {
    // The tag does not fit: one answer for a wrong password and for a changed file.
    return err({ code: 'wrong_password' });
  }
}
