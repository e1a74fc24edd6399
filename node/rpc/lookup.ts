/** Finds what parameters name, or fails with what is allowed. */
import { formatAddress, parseAddress } from '../../runtime/accounts/address-text.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { type Address, address, type UnderlyingId } from '../../runtime/core/units.ts';
import { failure } from './errors.ts';
import type { MarketMirror, MirrorInstrument } from './mirror/market.ts';
import { nameOf } from './mirror/market.ts';

/** An address of a parameter: its 20 bytes, their hex, and the text shown for it. */
export type FoundAddress = {
  readonly raw: Uint8Array;
  readonly hex: Address;
  readonly text: string;
};

/** Takes `mil1…` or 40 hex characters. Fails with invalid_params. */
export function addressOf(field: string, given: string): FoundAddress {
  const isHex = /^[0-9a-fA-F]{40}$/.test(given);
  const parsed = isHex ? undefined : parseAddress(given);
  if (parsed !== undefined && !parsed.ok) {
    throw failure('invalid_params', {
      field,
      given,
      allowed: `mil1… or 40 hex characters: ${parsed.error.detail}`,
    });
  }
  const hex = parsed?.ok ? parsed.value : address(given.toLowerCase());
  return { raw: fromHex(hex) ?? new Uint8Array(20), hex, text: formatAddress(hex) };
}

/** The text of 20 address bytes. */
export function addressText(raw: Uint8Array): string {
  return formatAddress(address(toHex(raw)));
}

/** Fails with invalid_instrument. */
export function instrumentOf(
  mirror: MarketMirror,
  name: string,
  field = 'instrument_name',
): MirrorInstrument {
  const id = mirror.instrumentByName.get(name);
  const instrument = id === undefined ? undefined : mirror.instruments.get(id);
  if (instrument === undefined) {
    throw failure('invalid_instrument', {
      field,
      given: name,
      allowed: 'a name that public/get_instruments lists',
    });
  }
  return instrument;
}

/** An underlying by name (`BTC`) or index name (`btc_usd`). Fails with unknown_underlying. */
export function underlyingOf(
  mirror: MarketMirror,
  field: string,
  given: string,
): { readonly id: UnderlyingId; readonly name: string } {
  const wanted = given.toUpperCase().replace(/_USD$/, '');
  const names: string[] = [];
  for (const underlying of mirror.underlyings.values()) {
    const name = nameOf(underlying);
    if (name === wanted) return { id: underlying.id, name };
    names.push(name);
  }
  throw failure('unknown_underlying', { field, given, allowed: names.join(', ') });
}
