/**
 * EIP-712: hashing of typed structured data, as Ethereum wallets show and sign it.
 *
 * Source: EIP-712 "Definition of hashStruct", "Definition of encodeType", "Definition of encodeData".
 * The types that are used here: string, bool, uintN, address, bytes32, structs, arrays of them.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { asciiBytes, concatBytes } from '../../core/bytes.ts';
import { assert } from '../../core/result.ts';

export type TypedField = { readonly name: string; readonly type: string };
export type TypedValue =
  | string
  | bigint
  | boolean
  | Uint8Array
  | readonly TypedValue[]
  | { readonly [name: string]: TypedValue };
export type TypedStruct = { readonly [name: string]: TypedValue };
export type TypedTypes = { readonly [name: string]: readonly TypedField[] };
export type TypedData = {
  readonly types: TypedTypes;
  readonly primaryType: string;
  readonly domain: TypedStruct;
  readonly message: TypedStruct;
};

function elementType(type: string): string | undefined {
  return type.endsWith('[]') ? type.slice(0, -2) : undefined;
}

/** Structs that a struct refers to, itself not counted unless it does. */
function referred(types: TypedTypes, name: string, found: Set<string>): void {
  for (const { type } of types[name] ?? []) {
    const inner = elementType(type) ?? type;
    if (types[inner] === undefined || found.has(inner)) continue;
    found.add(inner);
    referred(types, inner, found);
  }
}

/** `Name(type field,…)` and after it those of the structs it refers to, by name. */
export function encodeType(types: TypedTypes, name: string): string {
  const others = new Set<string>();
  referred(types, name, others);
  others.delete(name);
  const sorted = [...others].sort((a, b) => (a < b ? -1 : 1));
  const one = (struct: string): string =>
    `${struct}(${(types[struct] ?? []).map((field) => `${field.type} ${field.name}`).join(',')})`;
  return [name, ...sorted].map(one).join('');
}

/** 32 bytes, big-endian. */
function word(value: bigint): Uint8Array {
  const out = new Uint8Array(32);
  let left = value;
  for (let at = 31; at >= 0 && left > 0n; at--) {
    out[at] = Number(left & 255n);
    left >>= 8n;
  }
  return out;
}

/** UTF-8 without the tables of an engine: code points by shifts. */
function utf8(text: string): Uint8Array {
  const out: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) {
      out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    } else {
      const [high, low] = [code >> 18, (code >> 12) & 63];
      out.push(0xf0 | high, 0x80 | low, 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
  }
  return new Uint8Array(out);
}

function encodeField(types: TypedTypes, type: string, value: TypedValue | undefined): Uint8Array {
  const element = elementType(type);
  if (element !== undefined) {
    assert(Array.isArray(value), `${type} is a list`);
    return keccak_256(concatBytes(...value.map((one) => encodeField(types, element, one))));
  }
  if (types[type] !== undefined) {
    assert(typeof value === 'object' && !Array.isArray(value), `${type} is a struct`);
    return hashStruct(types, type, value as TypedStruct);
  }
  if (typeof value === 'string') return keccak_256(utf8(value));
  if (typeof value === 'boolean') return word(value ? 1n : 0n);
  if (typeof value === 'bigint') return word(value);
  assert(value instanceof Uint8Array && value.length <= 32, `${type} is a fixed value`);
  // bytesN stand at the start of their word, an address, a number, at its end.
  const filler = new Uint8Array(32 - value.length);
  return type === 'address' ? concatBytes(filler, value) : concatBytes(value, filler);
}

/** keccak256(typeHash ‖ encodeData(struct)). */
export function hashStruct(types: TypedTypes, name: string, value: TypedStruct): Uint8Array {
  const parts = (types[name] ?? []).map(({ name: field, type }) =>
    encodeField(types, type, value[field]),
  );
  return keccak_256(concatBytes(keccak_256(asciiBytes(encodeType(types, name))), ...parts));
}

/** The 32 bytes that a wallet signs: keccak256(0x19 0x01 ‖ domain separator ‖ hashStruct(message)). */
export function typedDataDigest({ types, primaryType, domain, message }: TypedData): Uint8Array {
  const separator = hashStruct(types, 'EIP712Domain', domain);
  const prefix = new Uint8Array([0x19, 0x01]);
  return keccak_256(concatBytes(prefix, separator, hashStruct(types, primaryType, message)));
}
