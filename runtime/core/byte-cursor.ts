/**
 * Little-endian numbers in a span of bytes, read and written one after the other.
 *
 * What codecs are made of where they are on the hot path: plain functions on one shape, which the
 * compiler inlines into a straight run of loads and stores. Every function checks its value; none
 * checks the span, which is the caller's to have measured.
 *
 * Throws `MISFIT`, one object made beforehand, when bytes or a value are not of the type: the codec
 * that called finds out what is wrong, and says so.
 */
import { InvariantViolation } from './result.ts';

/** A span and the place in it. */
export type ByteCursor = {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
};

export const MISFIT: InvariantViolation = new InvariantViolation('a value or bytes do not fit');

const U32 = 2 ** 32;
/** High word of the greatest safe integer. */
const MAX_SAFE_HIGH = 2 ** 21 - 1;
const U64_MASK = (1n << 64n) - 1n;
const I128_LIMIT = 1n << 127n;

export function byteCursor(bytes: Uint8Array): ByteCursor {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0 };
}

/** An unsigned integer that is a safe number, −0 excluded. */
function isUnsigned(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max && !Object.is(value, -0);
}

export function readU8<T extends number>(from: ByteCursor): T {
  const value = from.view.getUint8(from.at);
  from.at += 1;
  return value as T;
}

export function writeU8(to: ByteCursor, value: number): void {
  if (!isUnsigned(value, 255)) throw MISFIT;
  to.view.setUint8(to.at, value);
  to.at += 1;
}

export function readU16<T extends number>(from: ByteCursor): T {
  const value = from.view.getUint16(from.at, true);
  from.at += 2;
  return value as T;
}

export function writeU16(to: ByteCursor, value: number): void {
  if (!isUnsigned(value, 65_535)) throw MISFIT;
  to.view.setUint16(to.at, value, true);
  to.at += 2;
}

export function readU32<T extends number>(from: ByteCursor): T {
  const value = from.view.getUint32(from.at, true);
  from.at += 4;
  return value as T;
}

export function writeU32(to: ByteCursor, value: number): void {
  if (!isUnsigned(value, U32 - 1)) throw MISFIT;
  to.view.setUint32(to.at, value, true);
  to.at += 4;
}

export function readU64<T extends number>(from: ByteCursor): T {
  const low = from.view.getUint32(from.at, true);
  const high = from.view.getUint32(from.at + 4, true);
  if (high > MAX_SAFE_HIGH) throw MISFIT;
  from.at += 8;
  return (high * U32 + low) as T;
}

export function writeU64(to: ByteCursor, value: number): void {
  if (!isUnsigned(value, Number.MAX_SAFE_INTEGER)) throw MISFIT;
  const high = Math.floor(value / U32);
  to.view.setUint32(to.at, value - high * U32, true);
  to.view.setUint32(to.at + 4, high, true);
  to.at += 8;
}

export function readI64<T extends number>(from: ByteCursor): T {
  const low = from.view.getUint32(from.at, true);
  const high = from.view.getInt32(from.at + 4, true);
  const value = high * U32 + low;
  if (!Number.isSafeInteger(value)) throw MISFIT;
  from.at += 8;
  return value as T;
}

export function writeI64(to: ByteCursor, value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw MISFIT;
  const high = Math.floor(value / U32);
  to.view.setUint32(to.at, value - high * U32, true);
  to.view.setInt32(to.at + 4, high, true);
  to.at += 8;
}

export function readBool(from: ByteCursor): boolean {
  const byte = from.view.getUint8(from.at);
  if (byte > 1) throw MISFIT;
  from.at += 1;
  return byte === 1;
}

export function writeBool(to: ByteCursor, value: boolean): void {
  if (value !== true && value !== false) throw MISFIT;
  to.view.setUint8(to.at, value ? 1 : 0);
  to.at += 1;
}

export function readI128<T extends bigint>(from: ByteCursor): T {
  const low = from.view.getBigUint64(from.at, true);
  const high = from.view.getBigInt64(from.at + 8, true);
  from.at += 16;
  // Nearly every amount fits the low word: no shift, no sum.
  return (high === 0n ? low : (high << 64n) + low) as T;
}

export function writeI128(to: ByteCursor, value: bigint): void {
  if (typeof value !== 'bigint') throw MISFIT;
  const low = BigInt.asIntN(64, value);
  if (low === value) {
    to.view.setBigInt64(to.at, low, true);
    to.view.setBigInt64(to.at + 8, value < 0n ? -1n : 0n, true);
  } else {
    if (value < -I128_LIMIT || value >= I128_LIMIT) throw MISFIT;
    to.view.setBigUint64(to.at, value & U64_MASK, true);
    to.view.setBigInt64(to.at + 8, value >> 64n, true);
  }
  to.at += 16;
}

/** Unsigned bigints of 8, 16 or 32 bytes. */
export function readUnsignedBig<T extends bigint>(from: ByteCursor, bytes: 8 | 16 | 32): T {
  let value = 0n;
  for (let at = bytes - 8; at >= 0; at -= 8) {
    value = (value << 64n) + from.view.getBigUint64(from.at + at, true);
  }
  from.at += bytes;
  return value as T;
}

export function writeUnsignedBig(to: ByteCursor, value: bigint, bytes: 8 | 16 | 32): void {
  if (typeof value !== 'bigint' || value < 0n) throw MISFIT;
  let rest = value;
  for (let at = 0; at < bytes; at += 8) {
    to.view.setBigUint64(to.at + at, rest & U64_MASK, true);
    rest >>= 64n;
  }
  if (rest !== 0n) throw MISFIT;
  to.at += bytes;
}
