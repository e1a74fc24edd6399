/**
 * SSZ codecs: canonical bytes for everything that is hashed, signed, stored or sent.
 *
 * Source: Ethereum consensus-specs, ssz/simple-serialize.md. Values are written and read here, each
 * checked on the way; what does not fit is judged a second time by `@chainsafe/ssz` and `problem`,
 * which find the field and word the error. Hash tree roots are the library's. (The library alone
 * checks nothing when it encodes, rounds a u64 above 2⁵³ when it decodes, and takes 5 times as long.)
 *
 * Invariants: `decode(encode(v))` equals v; `encode(decode(b))` equals b or decode is an error;
 * every list has a named maximum; a `number` on either side is a safe integer.
 */
import {
  BooleanType,
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  type Type,
  UintBigintType,
  UintNumberType,
  UnionType,
} from '@chainsafe/ssz';
import {
  type ByteCursor,
  byteCursor,
  MISFIT,
  readBool,
  readI64,
  readI128,
  readUnsignedBig,
  writeBool,
  writeI64,
  writeI128,
  writeUnsignedBig,
} from './byte-cursor.ts';
import { assert, err, InvariantViolation, ok, type Result } from './result.ts';
import {
  containerLayout,
  fixedLayout,
  type Layout,
  listLayout,
  NUMBER_LAYOUT,
  readBytes,
  unionLayout,
  writeBytes,
  written,
} from './ssz-layout.ts';

/** Bytes that are not the canonical encoding of any value of `type`. */
export type DecodeError = {
  readonly code: 'malformed_bytes';
  readonly type: string;
  readonly detail: string;
};

/** A value outside what a codec can hold: `path` is empty for the value itself. */
export type ValueProblem = {
  readonly path: string;
  readonly given: string;
  readonly allowed: string;
};

/** Encoder and strict decoder of one type. */
export interface Codec<T> {
  readonly name: string;
  readonly layout: Layout<T>;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** The library's type behind this codec, for composition. */
  readonly ssz: Type<unknown>;
  /** What is wrong with `value`, or `undefined`. */
  problem(value: T): ValueProblem | undefined;
  /** Canonical bytes. Throws `InvariantViolation` naming the field when `problem` finds one. */
  encode(value: T): Uint8Array;
  /** The value whose encoding these bytes are. */
  decode(bytes: Uint8Array): Result<T, DecodeError>;
  /** SSZ `hash_tree_root`. Slow (tens of µs): headers and lists of hashes only. */
  hashTreeRoot(value: T): Uint8Array;
}

type Check<T> = (value: T) => ValueProblem | undefined;

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `${value.length} items`;
  return typeof value === 'bigint' ? `${value}` : String(value);
}

function makeCodec<T>(
  name: string,
  ssz: Type<unknown>,
  layout: Layout<T>,
  problem: Check<T>,
): Codec<T> {
  const refuse = (detail: string): Result<T, DecodeError> =>
    err({ code: 'malformed_bytes', type: name, detail });

  /** What is wrong with bytes that could not be read. */
  const judge = (bytes: Uint8Array): Result<T, DecodeError> => {
    if (bytes.length < ssz.minSize || bytes.length > ssz.maxSize) {
      return refuse(`${bytes.length} bytes, allowed ${ssz.minSize} to ${ssz.maxSize}`);
    }
    let value: T;
    try {
      value = ssz.deserialize(bytes) as T;
    } catch (cause) {
      return refuse(cause instanceof Error ? cause.message : String(cause));
    }
    const found = problem(value);
    if (found === undefined) return ok(value);
    return refuse(`${found.path.replace(/^\./, '')} ${found.given}, allowed ${found.allowed}`);
  };

  return {
    name,
    layout,
    minBytes: ssz.minSize,
    maxBytes: ssz.maxSize,
    ssz,
    problem,
    encode(value) {
      try {
        return written(layout, value);
      } catch (cause) {
        const found = problem(value);
        if (found === undefined) throw cause;
        const { path, given, allowed } = found;
        throw new InvariantViolation(`${name}${path}: given ${given}, allowed ${allowed}`);
      }
    },
    decode(bytes) {
      try {
        if (layout.fixedBytes !== 0 && bytes.length !== layout.fixedBytes) return judge(bytes);
        return ok(layout.read(byteCursor(bytes), bytes.length));
      } catch {
        // Not swallowed: `judge` says what is wrong with these bytes.
        return judge(bytes);
      }
    },
    hashTreeRoot(value) {
      return ssz.hashTreeRoot(value);
    },
  };
}

function numberCodec<T extends number>(name: string, bytes: 1 | 2 | 4 | 8): Codec<T> {
  const max = bytes === 8 ? Number.MAX_SAFE_INTEGER : Number((1n << BigInt(8 * bytes)) - 1n);
  return makeCodec<T>(
    name,
    new UintNumberType(bytes),
    NUMBER_LAYOUT[bytes] as Layout<T>,
    (value) =>
      Number.isSafeInteger(value) && value >= 0 && value <= max && !Object.is(value, -0)
        ? undefined
        : { path: '', given: show(value), allowed: `integer 0 to ${max}` },
  );
}

export const u8 = <T extends number = number>(): Codec<T> => numberCodec<T>('u8', 1);
export const u16 = <T extends number = number>(): Codec<T> => numberCodec<T>('u16', 2);
export const u32 = <T extends number = number>(): Codec<T> => numberCodec<T>('u32', 4);
/** A u64 held as a safe integer: 2⁵³ and above is an error in both directions. */
export const u64 = <T extends number = number>(): Codec<T> => numberCodec<T>('u64', 8);

function bigintCodec<T extends bigint>(name: string, bytes: 8 | 16 | 32): Codec<T> {
  const max = (1n << BigInt(8 * bytes)) - 1n;
  const layout = fixedLayout<T>(
    bytes,
    (from) => readUnsignedBig(from, bytes),
    (to, value) => writeUnsignedBig(to, value, bytes),
  );
  return makeCodec<T>(name, new UintBigintType(bytes), layout, (value) =>
    typeof value === 'bigint' && value >= 0n && value <= max
      ? undefined
      : { path: '', given: show(value), allowed: `integer 0 to ${max}` },
  );
}

/** A u64 held as a bigint: the whole range. */
export const u64big = <T extends bigint = bigint>(): Codec<T> => bigintCodec<T>('u64big', 8);
export const u128 = <T extends bigint = bigint>(): Codec<T> => bigintCodec<T>('u128', 16);
export const u256 = <T extends bigint = bigint>(): Codec<T> => bigintCodec<T>('u256', 32);

/** Two's complement over the library's unsigned 8 bytes. */
class SignedNumberType extends UintNumberType {
  override value_serializeToBytes(
    output: { uint8Array: Uint8Array; dataView: DataView },
    offset: number,
    value: number,
  ): number {
    const high = Math.floor(value / 2 ** 32);
    output.dataView.setUint32(offset, value - high * 2 ** 32, true);
    output.dataView.setInt32(offset + 4, high, true);
    return offset + 8;
  }
  override value_deserializeFromBytes(
    data: { uint8Array: Uint8Array; dataView: DataView },
    start: number,
    end: number,
  ): number {
    this.assertValidSize(end - start);
    return data.dataView.getInt32(start + 4, true) * 2 ** 32 + data.dataView.getUint32(start, true);
  }
}

/** Two's complement over the library's unsigned 16 bytes. */
class SignedBigintType extends UintBigintType {
  override value_serializeToBytes(
    output: { uint8Array: Uint8Array; dataView: DataView },
    offset: number,
    value: bigint,
  ): number {
    output.dataView.setBigUint64(offset, BigInt.asUintN(64, value), true);
    output.dataView.setBigInt64(offset + 8, value >> 64n, true);
    return offset + 16;
  }
  override value_deserializeFromBytes(
    data: { uint8Array: Uint8Array; dataView: DataView },
    start: number,
    end: number,
  ): bigint {
    this.assertValidSize(end - start);
    return (
      (data.dataView.getBigInt64(start + 8, true) << 64n) + data.dataView.getBigUint64(start, true)
    );
  }
}

/** A signed 64-bit two's complement integer held as a safe integer. */
export const i64 = <T extends number = number>(): Codec<T> =>
  makeCodec<T>('i64', new SignedNumberType(8), fixedLayout<T>(8, readI64, writeI64), (value) =>
    Number.isSafeInteger(value) && !Object.is(value, -0)
      ? undefined
      : { path: '', given: show(value), allowed: 'safe integer' },
  );

/** A signed 128-bit two's complement integer. */
export const i128 = <T extends bigint = bigint>(): Codec<T> => {
  const limit = 1n << 127n;
  const layout = fixedLayout<T>(16, readI128, writeI128);
  return makeCodec<T>('i128', new SignedBigintType(16), layout, (value) =>
    typeof value === 'bigint' && value >= -limit && value < limit
      ? undefined
      : { path: '', given: show(value), allowed: 'integer of 128 signed bits' },
  );
};

export const bool = (): Codec<boolean> =>
  makeCodec<boolean>('bool', new BooleanType(), fixedLayout(1, readBool, writeBool), (value) =>
    typeof value === 'boolean'
      ? undefined
      : { path: '', given: show(value), allowed: 'true or false' },
  );

/** Exactly `length` bytes. */
export const bytes = (length: number): Codec<Uint8Array> => {
  const fits = (value: Uint8Array): boolean =>
    value instanceof Uint8Array && value.length === length;
  const layout = fixedLayout(
    length,
    (from) => readBytes(from, from.at + length),
    (to, value: Uint8Array) => {
      if (!fits(value)) throw MISFIT;
      writeBytes(to, value);
    },
  );
  return makeCodec<Uint8Array>(`bytes${length}`, new ByteVectorType(length), layout, (value) =>
    fits(value) ? undefined : { path: '', given: show(value), allowed: `${length} bytes` },
  );
};

/** At most `max` bytes. */
export const byteList = (max: number): Codec<Uint8Array> => {
  const fits = (value: Uint8Array): boolean => value instanceof Uint8Array && value.length <= max;
  const layout: Layout<Uint8Array> = {
    fixedBytes: 0,
    byteLength: (value) => value.length,
    write(to, value) {
      if (!fits(value)) throw MISFIT;
      writeBytes(to, value);
    },
    read(from, end) {
      if (end - from.at > max) throw MISFIT;
      return readBytes(from, end);
    },
  };
  return makeCodec<Uint8Array>(`byteList${max}`, new ByteListType(max), layout, (value) =>
    fits(value) ? undefined : { path: '', given: show(value), allowed: `at most ${max} bytes` },
  );
};

/** At most `max` items; `min` of them at least (0 unless told). */
export function list<T>(item: Codec<T>, max: number, min = 0): Codec<T[]> {
  const isBasic = item.ssz.isBasic;
  const ssz = isBasic
    ? new ListBasicType(item.ssz as never, max)
    : new ListCompositeType(item.ssz as never, max);
  const layout = listLayout(item.layout, min, max);
  return makeCodec<T[]>(`list<${item.name}>`, ssz as unknown as Type<unknown>, layout, (value) => {
    if (!Array.isArray(value) || value.length > max || value.length < min) {
      return { path: '', given: show(value), allowed: `${min} to ${max} items` };
    }
    for (let i = 0; i < value.length; i++) {
      const found = item.problem(value[i] as T);
      if (found) return { ...found, path: `[${i}]${found.path}` };
    }
    return undefined;
  });
}

/**
 * How a container of fixed size is read and written as one piece of code: an object literal of the
 * fields in order, which the compiler knows, where a loop over fields knows none. For what an order's
 * way through a block reads and writes; `test/core/direct-codecs.test.ts` holds it to the fields.
 */
export type Direct<T> = {
  read(from: ByteCursor): T;
  write(to: ByteCursor, value: T): void;
};

/**
 * Named fields in order. A field missing from `fields` fails to compile. With `direct`, which a
 * container of fixed size may have, values are read and written by that.
 */
export function container<T extends object>(
  name: string,
  fields: { readonly [K in keyof T]-?: Codec<T[K]> },
  direct?: Direct<T>,
): Codec<T> {
  const entries = Object.entries(fields) as [keyof T & string, Codec<unknown>][];
  const ssz = new ContainerType(
    Object.fromEntries(entries.map(([key, codec]) => [key, codec.ssz])) as never,
  );
  const byFields = containerLayout<T>(entries.map(([key, codec]) => [key, codec.layout]));
  assert(direct === undefined || byFields.fixedBytes !== 0, `${name} is of fixed size`);
  const layout = direct === undefined ? byFields : { ...byFields, ...direct };
  return makeCodec<T>(name, ssz as unknown as Type<unknown>, layout, (value) => {
    if (typeof value !== 'object' || value === null) {
      return { path: '', given: show(value), allowed: 'an object' };
    }
    for (const [key, codec] of entries) {
      const found = codec.problem(value[key]);
      if (found) return { ...found, path: `.${key}${found.path}` };
    }
    return undefined;
  });
}

/** The format of `codec` for values that hold more than it writes: `make` builds one from what is read. */
export function decodedAs<T extends object, U extends T>(
  codec: Codec<T>,
  make: (value: T) => U,
): Codec<U> {
  const { layout } = codec;
  return {
    ...codec,
    layout: { ...layout, read: (from, end) => make(layout.read(from, end)) },
    decode(bytes) {
      const decoded = codec.decode(bytes);
      return decoded.ok ? ok(make(decoded.value)) : decoded;
    },
  };
}

/** One alternative of a union: `selector` is its number on the wire. */
export type Variant<S extends number, V> = { readonly selector: S; readonly value: V };

/** Where a union has no alternative: neither a value nor bytes of it pass. */
const RESERVED: Codec<unknown> = makeCodec<unknown>(
  'reserved',
  new ByteVectorType(1),
  fixedLayout(1, misfit, misfit),
  (value) => ({ path: '', given: show(value), allowed: 'nothing: the selector is reserved' }),
);

function misfit(): never {
  throw MISFIT;
}

/**
 * A closed union: a selector byte, then the value of that alternative. Selectors are the keys of
 * `codecs`; those left out up to the greatest are reserved.
 */
export function union<T extends Variant<number, unknown>>(
  name: string,
  codecs: { readonly [S in T['selector']]: Codec<Extract<T, Variant<S, unknown>>['value']> },
): Codec<T> {
  const bySelector = new Map(
    Object.entries(codecs).map(([selector, codec]) => [Number(selector), codec as Codec<unknown>]),
  );
  const list = Array.from(
    { length: Math.max(...bySelector.keys()) + 1 },
    (_, selector) => bySelector.get(selector) ?? RESERVED,
  );
  const ssz = new UnionType(list.map((codec) => codec.ssz) as never);
  const layout = unionLayout<T>(
    list.map((codec) => (codec === RESERVED ? undefined : codec.layout)),
  );
  return makeCodec<T>(name, ssz as unknown as Type<unknown>, layout, (value) => {
    const codec = list[value?.selector];
    if (!codec) {
      return {
        path: '.selector',
        given: show(value?.selector),
        allowed: `0 to ${list.length - 1}`,
      };
    }
    const found = codec.problem(value.value);
    return found && { ...found, path: `.value${found.path}` };
  });
}
