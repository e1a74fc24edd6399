/** Mnemonics. Source: BIP-39, English list. */
import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { err, ok, type Result } from '../../runtime/core/result.ts';

export type MnemonicError = { readonly code: 'bad_mnemonic'; readonly detail: string };

/** Words that may be counted: 128 to 256 bits of entropy. */
const WORD_COUNTS = [12, 15, 18, 21, 24];

/** 24 words of 32 random bytes. */
export function createMnemonic(entropy: Uint8Array): string {
  return entropyToMnemonic(entropy, wordlist);
}

/**
 * Words in lower case with single spaces. The error says which word is unknown by its position,
 * never the words themselves: they are a secret.
 */
export function checkMnemonic(text: string): Result<string, MnemonicError> {
  const words = text.trim().toLowerCase().normalize('NFKD').split(/\s+/);
  if (!WORD_COUNTS.includes(words.length)) {
    const detail = `${words.length} words, allowed ${WORD_COUNTS.join(', ')}`;
    return err({ code: 'bad_mnemonic', detail });
  }
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) {
    return err({ code: 'bad_mnemonic', detail: `word ${unknown + 1} is not in the BIP-39 list` });
  }
  const mnemonic = words.join(' ');
  return validateMnemonic(mnemonic, wordlist)
    ? ok(mnemonic)
    : err({ code: 'bad_mnemonic', detail: 'the checksum is wrong: a word is wrong or misplaced' });
}

/** The 64-byte seed of a checked mnemonic. PBKDF2 with 2,048 rounds: about 10 ms. */
export function seedOfMnemonic(mnemonic: string, passphrase = ''): Uint8Array {
  return mnemonicToSeedSync(mnemonic, passphrase);
}
