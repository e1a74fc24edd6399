/**
 * Key files of a node: the 32-byte ed25519 seeds of its consensus, oracle and peer keys, each in a
 * file of 64 hex characters that nobody but its owner may read.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromHex, toHex } from '../runtime/core/bytes.ts';
import { EXIT, FatalError } from './exit-codes.ts';

/** A new random seed. Consensus keys are random, never derived from a mnemonic. */
export function randomSeed(): Uint8Array {
  return new Uint8Array(randomBytes(32));
}

/** Writes a seed for its owner's eyes only. Refuses to overwrite. */
export function writeKeyFile(path: string, seed: Uint8Array): void {
  if (existsSync(path)) {
    throw new FatalError(EXIT.badData, `key file ${path} exists already; it is not overwritten`);
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${toHex(seed)}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(path, 0o600);
}

/**
 * Reads a seed. `FatalError` `badData`: no such file, readable by others, or not 64 hex characters;
 * the message never holds what the file does.
 */
export function readKeyFile(path: string): Uint8Array {
  if (!existsSync(path)) throw new FatalError(EXIT.badData, `key file ${path} does not exist`);
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new FatalError(
      EXIT.badData,
      `key file ${path} has mode ${mode.toString(8)}: others may read it; allowed is 600`,
    );
  }
  const text = readFileSync(path, 'utf8').trim();
  const seed = text.length === 64 ? fromHex(text) : undefined;
  if (seed === undefined) {
    throw new FatalError(EXIT.badData, `key file ${path} does not hold 64 hex characters`);
  }
  return seed;
}
