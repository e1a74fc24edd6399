/**
 * Addresses as people see them: bech32m with the prefix `mil` (BIP-350).
 */
import { bech32m } from '@scure/base';
import { fromHex, toHex } from '../core/bytes.ts';
import { assert, err, ok, type Result } from '../core/result.ts';
import { type Address, address } from '../core/units.ts';

export const ADDRESS_PREFIX = 'mil';

export type AddressTextError = { readonly code: 'bad_address'; readonly detail: string };

/** `mil1…` of an address. */
export function formatAddress(value: Address): string {
  const raw = fromHex(value);
  assert(raw !== undefined, `address ${value} is not hex`);
  return bech32m.encode(ADDRESS_PREFIX, bech32m.toWords(raw));
}

/** The address of a `mil1…` text: right prefix, checksum and length, lower or upper case. */
export function parseAddress(text: string): Result<Address, AddressTextError> {
  const decoded = bech32m.decodeUnsafe(text, 90);
  if (decoded === undefined) {
    return err({
      code: 'bad_address',
      detail: 'not bech32m: a character or the checksum is wrong',
    });
  }
  if (decoded.prefix !== ADDRESS_PREFIX) {
    return err({
      code: 'bad_address',
      detail: `prefix ${decoded.prefix}, allowed ${ADDRESS_PREFIX}`,
    });
  }
  const raw = bech32m.fromWordsUnsafe(decoded.words);
  if (!(raw instanceof Uint8Array) || raw.length !== 20) {
    return err({ code: 'bad_address', detail: 'not 20 bytes' });
  }
  return ok(address(toHex(raw)));
}
