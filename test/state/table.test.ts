import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, toHex } from '../../runtime/core/bytes.ts';
import {
  hexKey,
  type Key,
  type KeyCodec,
  pairKey,
  u32Key,
  u64Key,
} from '../../runtime/state/key-codec.ts';
import { table, tableStore } from '../../runtime/state/table.ts';
import { type Entry, entryCodec } from './history.ts';

const entries = table<number, Entry>({ id: 1, name: 'entries', key: u32Key(), value: entryCodec });
const store = () => tableStore(entries);
const entry = (amount: number): Entry => ({ amount, sequence: 0 });
const changesOf = (live: ReturnType<typeof store>) =>
  live.takeChanges().rows.map(({ key, value }) => `${toHex(key)}=${value ? value[0] : 'deleted'}`);

describe('a store', () => {
  test('reports what was set, touched and deleted since the last checkpoint, once', () => {
    const live = store();
    live.set(1, entry(1));
    live.set(2, entry(2));
    live.set(3, entry(3));
    expect(changesOf(live)).toEqual(['00000001=1', '00000002=2', '00000003=3']);
    expect(live.dirtyCount).toBe(0);
    live.must(1).amount = 9;
    live.touch(1);
    live.set(2, entry(8));
    live.delete(3);
    expect(changesOf(live)).toEqual(['00000001=9', '00000002=8', '00000003=deleted']);
    expect(changesOf(live)).toEqual([]);
  });

  test('never reports a row born and gone in between, and reports one gone and back', () => {
    const live = store();
    live.set(1, entry(1));
    live.delete(1);
    expect(changesOf(live)).toEqual([]);
    live.set(2, entry(2));
    live.takeChanges();
    live.delete(2);
    live.set(2, entry(5));
    expect(changesOf(live)).toEqual(['00000002=5']);
    live.set(3, entry(3));
    live.delete(3);
    live.set(3, entry(4));
    expect(changesOf(live)).toEqual(['00000003=4']);
  });

  test('answers for missing rows', () => {
    const live = store();
    expect(live.get(1)).toBeUndefined();
    expect(live.delete(1)).toBe(false);
    expect(live.dirtyCount).toBe(0);
    expect(() => live.must(1)).toThrow('table entries has no row 1');
    expect(() => live.touch(1)).toThrow('table entries has no row 1');
  });

  test('gives keys and encoded rows in the order of their bytes', () => {
    const live = store();
    for (const key of [300, 2, 70_000, 0]) live.set(key, entry(key));
    expect(live.sortedKeys()).toEqual([0, 2, 300, 70_000]);
    expect([...live.encodedRows()].map(([key]) => toHex(key))).toEqual([
      '00000000',
      '00000002',
      '0000012c',
      '00011170',
    ]);
    expect(live.size).toBe(4);
  });

  test('refuses to write a key or value that its codecs cannot hold', () => {
    const live = store();
    live.set(2 ** 32, entry(1));
    expect(() => live.takeChanges()).toThrow('u32 key: given 4294967296');
    const other = store();
    other.set(1, entry(0.5));
    expect(() => other.takeChanges()).toThrow('Entry.amount');
  });

  test('a table id is 0 to 127', () => {
    for (const id of [-1, 128, 0.5]) {
      expect(() => table({ ...entries, id })).toThrow('allowed 0 to 127');
    }
  });
});

/** What every key codec promises, over keys of its range and over bytes of its length. */
function promises<K extends Key>(codec: KeyCodec<K>, keys: fc.Arbitrary<K>): void {
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      expect(codec.decode(codec.encode(a))).toEqual({ ok: true, value: a });
      expect(Math.sign(codec.compare(a, b))).toBe(
        Math.sign(compareBytes(codec.encode(a), codec.encode(b))),
      );
    }),
  );
  const { byteLength } = codec;
  const low = fc.tuple(
    fc.constant(0),
    fc.uint8Array({ minLength: byteLength - 1, maxLength: byteLength - 1 }),
  );
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: byteLength, maxLength: byteLength }),
    low.map(([first, rest]) => Uint8Array.of(first, ...rest)),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const key = codec.decode(given);
      if (key.ok) expect(codec.encode(key.value)).toEqual(given);
    }),
  );
  for (const length of [0, byteLength - 1, byteLength + 1]) {
    expect(codec.decode(new Uint8Array(length)).ok).toBe(false);
  }
}

describe('key codecs', () => {
  test('u32', () => promises(u32Key(), fc.nat({ max: 2 ** 32 - 1 })));
  test('u64', () => promises(u64Key(), fc.maxSafeNat()));
  test('pair', () => {
    const codec = pairKey({ highBits: 20, lowBits: 13 });
    promises(codec, fc.nat({ max: 2 ** 33 - 1 }));
    const key = codec.pack(2 ** 20 - 1, 5);
    expect([codec.high(key), codec.low(key)]).toEqual([2 ** 20 - 1, 5]);
    expect(key).toBe((2 ** 20 - 1) * 8192 + 5);
    expect(() => codec.pack(2 ** 20, 0)).toThrow('high part');
    expect(() => codec.pack(0, 8192)).toThrow('low part');
    expect(() => codec.pack(-1, 0)).toThrow('high part');
    expect(() => codec.pack(0, 0.5)).toThrow('low part');
    expect(codec.decode(Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 0)).ok).toBe(false);
    expect(() => pairKey({ highBits: 32, lowBits: 22 })).toThrow('53 bits');
  });
  test('hex', () => {
    const hex = fc.uint8Array({ minLength: 3, maxLength: 3 }).map(toHex);
    promises(hexKey(3), hex);
    for (const wrong of ['00ff0', '00ff0G', '00FF00', '00ff0000', '']) {
      expect(() => hexKey(3).encode(wrong)).toThrow('6 lower-case hex characters');
    }
  });

  test('write big-endian', () => {
    expect(toHex(u32Key().encode(0xff000001))).toBe('ff000001');
    expect(toHex(u64Key().encode(2 ** 32 + 5))).toBe('0000000100000005');
    expect(toHex(u64Key().encode(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff');
    expect(u64Key().decode(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)).ok).toBe(false);
    expect(u64Key().decode(new Uint8Array(8).fill(0xff)).ok).toBe(false);
    for (const wrong of [-1, 2 ** 53, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => u64Key().encode(wrong)).toThrow('u64 key');
    }
  });
});
