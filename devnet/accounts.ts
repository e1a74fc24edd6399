/**
 * The accounts of every devnet, derived from a mnemonic that everybody knows. Their keys are public:
 * nothing of worth may ever be sent to them, on any network.
 */

import { formatAddress } from '../runtime/accounts/address-text.ts';
import { toHex } from '../runtime/core/bytes.ts';
import { address } from '../runtime/core/units.ts';
import { accountOfPublicKey, ed25519Signer, type KeySigner } from '../wallet/client/sign.ts';
import { deriveEd25519Seed } from '../wallet/keys/derive.ts';
import type { FundedAccount } from './genesis.ts';

/** The development mnemonic: eleven times the same word, known from other devnets. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk';

/** Accounts for people: 0 to 9. */
export const PEOPLE_ACCOUNTS = 10;
/** Derivation indexes of the devnet's own programs, away from those of people. */
export const FAUCET_ACCOUNT = 100;
export const BOT_ACCOUNTS: {
  readonly makers: readonly number[];
  readonly takers: readonly number[];
  readonly liquidators: readonly number[];
} = { makers: [110, 111], takers: [120, 121, 122], liquidators: [130] };
/** Operator of validator N: this plus N. */
export const FIRST_OPERATOR_ACCOUNT = 200;

/** Derivation takes 40 ms, and the keys are public anyway. */
const derived = new Map<number, KeySigner>();

/** Signs for account `index` of the development mnemonic. */
export function devAccount(index: number): KeySigner {
  const known = derived.get(index);
  if (known) return known;
  const signer = ed25519Signer(deriveEd25519Seed(DEV_MNEMONIC, index));
  derived.set(index, signer);
  return signer;
}

/** `mil1…` of a signer's account. */
export function addressOf(signer: KeySigner): string {
  return formatAddress(address(toHex(accountOfPublicKey(signer.publicKey))));
}

/** Accounts that a devnet's genesis funds. */
export function devnetFunds(): FundedAccount[] {
  const fund = (index: number, usd: string, mil: string): FundedAccount => ({
    address: addressOf(devAccount(index)),
    usd,
    mil,
  });
  return [
    ...Array.from({ length: PEOPLE_ACCOUNTS }, (_, i) => fund(i, '1000000', '1000000')),
    fund(FAUCET_ACCOUNT, '100000000', '10000000'),
    ...BOT_ACCOUNTS.makers.map((index) => fund(index, '5000000', '1000')),
    ...BOT_ACCOUNTS.takers.map((index) => fund(index, '2000000', '1000')),
    ...BOT_ACCOUNTS.liquidators.map((index) => fund(index, '5000000', '1000')),
  ];
}
