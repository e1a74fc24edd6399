/**
 * Key codecs: the primitive a row is looked up by, and the bytes it is stored and hashed under.
 *
 * Keys are fixed-width and big-endian, so byte order in LevelDB is numeric order here, and `compare`
 * is both. Invariants: `decode(encode(k))` equals k; `encode(decode(b))` equals b or decode is an
 * error; `compare(a, b)` has the sign of `compareBytes(encode(a), encode(b))`.
 */
import { fromHex, toHex } from '../core/bytes.ts';
import { err, InvariantViolation, ok, type Result } from '../core/result.ts';

/** What a row can be looked up by: a `Map` compares these by value. */
export type Key = number | string | bigint;

/** Bytes that are not the encoding of any key of the codec `key`. */
export type KeyError = {
  readonly code: 'malformed_key';
  readonly key: string;
  readonly detail: string;
};

/** Encoder and strict decoder of the keys of one table. */
export interface KeyCodec<K extends Key> {
  readonly name: string;
  /** What keys are in memory. */
  readonly kind: 'number' | 'text';
  /** Length of every encoded key. */
  readonly byteLength: number;
  /** Throws `InvariantViolation` when the key is outside the codec's range. */
  encode(key: K): Uint8Array;
  /** Writes what `encode` gives from `offset`, and throws as it does. No allocation of a number. */
  write(bytes: Uint8Array, offset: number, key: K): void;
  decode(bytes: Uint8Array): Result<K, KeyError>;
  /** Order of the encoded bytes, without encoding. */
  compare(a: K, b: K): number;
}

/** A key codec over two numbers packed into one safe integer. */
export interface PairKeyCodec<K extends number> extends KeyCodec<K> {
  /** Throws `InvariantViolation` when a part is outside its bits. No allocation. */
  pack(high: number, low: number): K;
  high(key: K): number;
  low(key: K): number;
}

const U32 = 2 ** 32;

function malformed<T>(key: string, detail: string): Result<T, KeyError> {
  return err({ code: 'malformed_key', key, detail });
}

function wrongLength<T>(key: string, given: number, allowed: number): Result<T, KeyError> {
  return malformed(key, `${given} bytes, allowed ${allowed}`);
}

function outOfRange(key: string, given: Key, allowed: string): never {
  throw new InvariantViolation(`${key} key: given ${given}, allowed ${allowed}`);
}

/** Writes an integer from 0 to 2³²−1, big-endian. */
function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

function readU32(bytes: Uint8Array, offset: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = (value << 8) | (bytes[offset + i] ?? 0);
  return value >>> 0;
}

function unsignedKey<K extends number>(name: string, byteLength: 4 | 8, max: number): KeyCodec<K> {
  const write = (bytes: Uint8Array, offset: number, key: K): void => {
    // −0 and 0 are one `Map` key and one encoding, so −0 needs no refusal.
    if (!Number.isSafeInteger(key) || key < 0 || key > max) {
      outOfRange(name, key, `integer 0 to ${max}`);
    }
    if (byteLength === 8) writeU32(bytes, offset, Math.floor(key / U32));
    writeU32(bytes, offset + byteLength - 4, key % U32);
  };
  return {
    name,
    kind: 'number',
    byteLength,
    encode(key) {
      const bytes = new Uint8Array(byteLength);
      write(bytes, 0, key);
      return bytes;
    },
    write,
    decode(bytes) {
      if (bytes.length !== byteLength) return wrongLength(name, bytes.length, byteLength);
      const high = byteLength === 8 ? readU32(bytes, 0) : 0;
      // Below 2²¹ the sum is exact; at or above it the key is no safe integer.
      const key = high * U32 + readU32(bytes, byteLength - 4);
      return key <= max ? ok(key as K) : malformed(name, `${key}, allowed 0 to ${max}`);
    },
    compare: (a, b) => a - b,
  };
}

/** An integer from 0 to 2³²−1: 4 bytes. */
export const u32Key = <K extends number = number>(): KeyCodec<K> =>
  unsignedKey<K>('u32', 4, U32 - 1);

/** A safe integer from 0 to 2⁵³−1: 8 bytes. */
export const u64Key = <K extends number = number>(): KeyCodec<K> =>
  unsignedKey<K>('u64', 8, Number.MAX_SAFE_INTEGER);

/**
 * Two unsigned integers of `highBits` and `lowBits` bits, together at most 53, as one number: rows
 * sort by the high part, then by the low. 8 bytes.
 */
export function pairKey<K extends number = number>(bits: {
  readonly highBits: number;
  readonly lowBits: number;
}): PairKeyCodec<K> {
  const { highBits, lowBits } = bits;
  const name = `pair${highBits}+${lowBits}`;
  if (highBits < 1 || lowBits < 1 || highBits + lowBits > 53) {
    throw new InvariantViolation(`${name} key does not fit 53 bits`);
  }
  const highSpan = Number(2n ** BigInt(highBits));
  const lowSpan = Number(2n ** BigInt(lowBits));
  return {
    ...unsignedKey<K>(name, 8, highSpan * lowSpan - 1),
    pack(high, low) {
      if (!(Number.isInteger(high) && high >= 0 && high < highSpan)) {
        outOfRange(name, high, `high part 0 to ${highSpan - 1}`);
      }
      if (!(Number.isInteger(low) && low >= 0 && low < lowSpan)) {
        outOfRange(name, low, `low part 0 to ${lowSpan - 1}`);
      }
      return (high * lowSpan + low) as K;
    },
    high: (key) => Math.floor(key / lowSpan),
    low: (key) => key % lowSpan,
  };
}

/** `byteLength` bytes as lower-case hex: addresses, hashes. */
export function hexKey<K extends string = string>(byteLength: number): KeyCodec<K> {
  const name = `hex${byteLength}`;
  const pattern = new RegExp(`^[0-9a-f]{${2 * byteLength}}$`);
  const encode = (key: K): Uint8Array => {
    const bytes = pattern.test(key) ? fromHex(key) : undefined;
    return bytes ?? outOfRange(name, key, `${2 * byteLength} lower-case hex characters`);
  };
  return {
    name,
    kind: 'text',
    byteLength,
    encode,
    write: (bytes, offset, key) => bytes.set(encode(key), offset),
    decode(bytes) {
      if (bytes.length !== byteLength) return wrongLength(name, bytes.length, byteLength);
      return ok(toHex(bytes) as K);
    },
    // The digits sort before the letters in ASCII, so hex text sorts as its bytes do.
    compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  };
}

/** The key of a table with one row. */
export const SINGLETON_KEY = 0;
