/**
 * Keys from a mnemonic: ed25519 at m/44'/c'/a'/0'/0', every step hardened.
 *
 * Source: SLIP-10, BIP-44; design/staking-and-keys.md §4. c is pinned to 7170412 (`mil` in ASCII),
 * so that no wallet of another chain derives the same keys.
 */
import { HDKey } from 'micro-key-producer/slip10.js';
import { seedOfMnemonic } from './mnemonic.ts';

/** Coin type of MIL in derivation paths. Never changes: it decides which keys a mnemonic stands for. */
export const COIN_TYPE = 7_170_412;

/** Highest account number. */
export const MAX_ACCOUNT_INDEX: number = 2 ** 31 - 1;

/** `m/44'/7170412'/a'/0'/0'`. Throws `RangeError` for another index than 0 to 2³¹ − 1. */
export function derivationPath(accountIndex: number): string {
  if (!Number.isInteger(accountIndex) || accountIndex < 0 || accountIndex > MAX_ACCOUNT_INDEX) {
    throw new RangeError(`account index ${accountIndex}, allowed 0 to ${MAX_ACCOUNT_INDEX}`);
  }
  return `m/44'/${COIN_TYPE}'/${accountIndex}'/0'/0'`;
}

/** The ed25519 seed (32 bytes) of account `accountIndex` of a checked mnemonic. */
export function deriveEd25519Seed(
  mnemonic: string,
  accountIndex: number,
  passphrase = '',
): Uint8Array {
  const master = HDKey.fromMasterSeed(seedOfMnemonic(mnemonic, passphrase));
  return master.derive(derivationPath(accountIndex)).privateKey;
}
