/**
 * How values of each kind of SSZ type lie in bytes: the hot half of `ssz.ts`.
 *
 * Source: Ethereum consensus-specs, ssz/simple-serialize.md. A fixed part holds what is of one size
 * and, for the rest, offsets from the start of the value; what is of variable size follows in order.
 *
 * Invariants: what is read is canonical (offsets begin right behind the fixed part and ascend, no
 * byte is left over); every value is checked in both directions, by a throw of `MISFIT`.
 */
import {
  type ByteCursor,
  byteCursor,
  MISFIT,
  readU8,
  readU16,
  readU32,
  readU64,
  writeU8,
  writeU16,
  writeU32,
  writeU64,
} from './byte-cursor.ts';
import { assert } from './result.ts';

/** How values of one type lie in a span that holds others too. */
export interface Layout<T> {
  /** Bytes of every value; 0 when they differ. */
  readonly fixedBytes: number;
  /** Bytes of this value. */
  byteLength(value: T): number;
  /** Writes at the cursor and leaves it behind the value. Throws when the value does not fit. */
  write(to: ByteCursor, value: T): void;
  /** Reads a value that ends at `end`, which is in the span. Throws when the bytes are none. */
  read(from: ByteCursor, end: number): T;
}

/** Values up to this long are written to memory of our own and copied: an array is made once. */
const SCRATCH_BYTES = 16_384;
const scratch: ByteCursor = byteCursor(new Uint8Array(SCRATCH_BYTES));

/** The bytes of a value. */
export function written<T>({ fixedBytes, byteLength, write }: Layout<T>, value: T): Uint8Array {
  const length = fixedBytes === 0 ? byteLength(value) : fixedBytes;
  const to = length <= SCRATCH_BYTES ? scratch : byteCursor(new Uint8Array(length));
  to.at = 0;
  write(to, value);
  assert(to.at === length, 'a value is as long as it was measured');
  return to === scratch ? to.bytes.slice(0, length) : to.bytes;
}

/** The layout of a type whose values all have so many bytes. */
export function fixedLayout<T>(
  fixedBytes: number,
  read: (from: ByteCursor) => T,
  write: (to: ByteCursor, value: T) => void,
): Layout<T> {
  return { fixedBytes, byteLength: () => fixedBytes, read, write };
}

/** Bytes of a value of either kind of type. */
function lengthOf<T>({ fixedBytes, byteLength }: Layout<T>, value: T): number {
  return fixedBytes === 0 ? byteLength(value) : fixedBytes;
}

/** Unsigned integers that are safe numbers. */
export const NUMBER_LAYOUT: { readonly [bytes in 1 | 2 | 4 | 8]: Layout<number> } = {
  1: fixedLayout(1, readU8, writeU8),
  2: fixedLayout(2, readU16, writeU16),
  4: fixedLayout(4, readU32, writeU32),
  8: fixedLayout(8, readU64, writeU64),
};

/** Copies the bytes up to `end`. */
export function readBytes(from: ByteCursor, end: number): Uint8Array {
  const value = from.bytes.slice(from.at, end);
  from.at = end;
  return value;
}

export function writeBytes(to: ByteCursor, value: Uint8Array): void {
  to.bytes.set(value, to.at);
  to.at += value.length;
}

const OFFSET_BYTES = 4;

/** Reads an offset at `at`: where a value of variable size begins in what began at `start`. */
function readOffset(from: ByteCursor, at: number, start: number): number {
  return start + from.view.getUint32(at, true);
}

/** Reads a value that must fill the bytes up to `end`. */
function readWhole<T>(layout: Layout<T>, from: ByteCursor, end: number): T {
  if (layout.fixedBytes !== 0 && end - from.at !== layout.fixedBytes) throw MISFIT;
  return layout.read(from, end);
}

/** Items of one size stand side by side; others behind their offsets. */
export function listLayout<T>(item: Layout<T>, min: number, max: number): Layout<T[]> {
  const { fixedBytes } = item;
  const check = (count: number): void => {
    if (!(Number.isInteger(count) && count >= min && count <= max)) throw MISFIT;
  };
  const readFixed = (from: ByteCursor, end: number): T[] => {
    const count = (end - from.at) / fixedBytes;
    check(count);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(item.read(from, from.at + fixedBytes));
    return items;
  };
  const readVariable = (from: ByteCursor, end: number): T[] => {
    const start = from.at;
    if (end === start) {
      check(0);
      return [];
    }
    if (end - start < OFFSET_BYTES) throw MISFIT;
    const first = readOffset(from, start, start);
    const count = (first - start) / OFFSET_BYTES;
    check(count);
    if (count === 0 || first > end) throw MISFIT;
    const items: T[] = [];
    from.at = first;
    for (let i = 1; i <= count; i++) {
      const to = i < count ? readOffset(from, start + i * OFFSET_BYTES, start) : end;
      if (to < from.at || to > end) throw MISFIT;
      items.push(readWhole(item, from, to));
    }
    return items;
  };
  return {
    fixedBytes: 0,
    byteLength(items) {
      if (fixedBytes !== 0) return items.length * fixedBytes;
      let length = items.length * OFFSET_BYTES;
      for (let i = 0; i < items.length; i++) length += item.byteLength(items[i] as T);
      return length;
    },
    write(to, items) {
      if (!Array.isArray(items)) throw MISFIT;
      check(items.length);
      const start = to.at;
      if (fixedBytes === 0) to.at += items.length * OFFSET_BYTES;
      for (let i = 0; i < items.length; i++) {
        if (fixedBytes === 0) to.view.setUint32(start + i * OFFSET_BYTES, to.at - start, true);
        item.write(to, items[i] as T);
      }
    },
    read: fixedBytes === 0 ? readVariable : readFixed,
  };
}

/** Fields in order: those of variable size behind the fixed part, with their offsets in it. */
export function containerLayout<T extends object>(
  entries: readonly (readonly [keyof T & string, Layout<unknown>])[],
): Layout<T> {
  const keys = entries.map(([key]) => key);
  const layouts = entries.map(([, layout]) => layout);
  const count = keys.length;
  const part = (layout: Layout<unknown>): number => layout.fixedBytes || OFFSET_BYTES;
  const headBytes = layouts.reduce((sum, layout) => sum + part(layout), 0);
  const isFixed = layouts.every(({ fixedBytes }) => fixedBytes !== 0);
  const keyAt = (i: number): keyof T & string => keys[i] as keyof T & string;
  const layoutAt = (i: number): Layout<unknown> => layouts[i] as Layout<unknown>;

  /** Where each field of variable size ends: at the next one's offset, the last at `end`. */
  const readEnds = (from: ByteCursor, start: number, end: number): number[] => {
    const ends: number[] = [];
    let at = start;
    let before = -1;
    let begins = start + headBytes;
    for (let i = 0; i < count; i++) {
      const layout = layoutAt(i);
      if (layout.fixedBytes === 0) {
        const offset = readOffset(from, at, start);
        const ascends = before < 0 ? offset === begins : offset >= begins;
        if (!ascends || offset > end) throw MISFIT;
        if (before >= 0) ends[before] = offset;
        before = i;
        begins = offset;
      }
      ends.push(end);
      at += part(layout);
    }
    return ends;
  };

  return {
    fixedBytes: isFixed ? headBytes : 0,
    byteLength(value) {
      if (isFixed) return headBytes;
      let length = headBytes;
      for (let i = 0; i < count; i++) {
        const layout = layoutAt(i);
        if (layout.fixedBytes === 0) length += layout.byteLength(value[keyAt(i)]);
      }
      return length;
    },
    write(to, value) {
      if (typeof value !== 'object' || value === null) throw MISFIT;
      const start = to.at;
      let tail = start + headBytes;
      let at = start;
      for (let i = 0; i < count; i++) {
        const layout = layoutAt(i);
        if (layout.fixedBytes !== 0) {
          to.at = at;
          layout.write(to, value[keyAt(i)]);
        } else {
          to.view.setUint32(at, tail - start, true);
          to.at = tail;
          layout.write(to, value[keyAt(i)]);
          tail = to.at;
        }
        at += part(layout);
      }
      to.at = tail;
    },
    read(from, end) {
      const start = from.at;
      if (end - start < headBytes) throw MISFIT;
      const ends = isFixed ? NO_ENDS : readEnds(from, start, end);
      const value: Record<string, unknown> = {};
      let at = start;
      let tail = start + headBytes;
      for (let i = 0; i < count; i++) {
        const layout = layoutAt(i);
        if (layout.fixedBytes !== 0) {
          from.at = at;
          value[keyAt(i)] = layout.read(from, at + layout.fixedBytes);
        } else {
          from.at = tail;
          tail = ends[i] ?? end;
          value[keyAt(i)] = layout.read(from, tail);
        }
        at += part(layout);
      }
      from.at = tail;
      return value as T;
    },
  };
}

const NO_ENDS: readonly number[] = [];

/** A selector byte, then the value of that variant; `undefined`: the selector is reserved. */
export function unionLayout<T extends { readonly selector: number; readonly value: unknown }>(
  variants: readonly (Layout<unknown> | undefined)[],
): Layout<T> {
  const variant = (selector: number): Layout<unknown> => {
    const layout = variants[selector];
    if (layout === undefined) throw MISFIT;
    return layout;
  };
  return {
    fixedBytes: 0,
    byteLength: ({ selector, value }) => 1 + lengthOf(variant(selector), value),
    write(to, { selector, value }) {
      const layout = variant(selector);
      writeU8(to, selector);
      layout.write(to, value);
    },
    read(from, end) {
      if (end - from.at < 1) throw MISFIT;
      const selector = readU8(from);
      const value = readWhole(variant(selector), from, end);
      return { selector, value } as T;
    },
  };
}
