/**
 * Keys of a validator from its key files, with the proof of possession that the chain asks for. The
 * seed is read, signs once and is not kept; nothing of it is printed.
 */
import { resolve } from 'node:path';
import { FatalError } from '../../node/exit-codes.ts';
import { randomSeed, readKeyFile, writeKeyFile } from '../../node/keys.ts';
import { type ProvenKey, possessionDigest } from '../../staking/possession.ts';
import { KEY_ROLE } from '../../staking/validator.ts';
import { ed25519Signer, type KeySigner } from '../client/sign.ts';
import type { KeyRoleName } from '../client/staking-input.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** For whom a key proves itself. */
export type PossessionOf = { readonly chainId: Uint8Array; readonly operator: Uint8Array };

/** What the key file is used for: a dry run reads its public key and signs nothing. */
export type KeyUse = 'prove' | 'show';

/** The signer of a key file. Errors name the option that gave its path, never what the file holds. */
export function keyFileSigner(field: string, path: string): KeySigner {
  try {
    return ed25519Signer(readKeyFile(path));
  } catch (cause) {
    if (!(cause instanceof FatalError)) throw cause;
    const allowed = `a key file that \`node init\` made: ${cause.message}`;
    throw new CliError(EXIT.badData, { field, given: path, allowed });
  }
}

/** The key in `path`, with its proof for `of`. */
export function provenKey(
  file: { readonly field: string; readonly path: string },
  role: KeyRoleName,
  of: PossessionOf,
  use: KeyUse,
): ProvenKey {
  const { publicKey, sign } = keyFileSigner(file.field, resolve(file.path));
  if (use === 'show') return { key: publicKey, proof: new Uint8Array(64) };
  const digest = possessionDigest(of.chainId, {
    operator: of.operator,
    role: KEY_ROLE[role],
    key: publicKey,
  });
  return { key: publicKey, proof: sign(digest) };
}

/** Writes a new random key, for its owner's eyes only. Refuses to overwrite. */
export function createKeyFile(field: string, path: string): void {
  try {
    writeKeyFile(resolve(path), randomSeed());
  } catch (cause) {
    if (!(cause instanceof FatalError)) throw cause;
    const allowed = 'a file that is not there yet';
    throw new CliError(EXIT.cannotCreate, { field, given: path, allowed });
  }
}
