import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteCursor } from '../../runtime/core/byte-cursor.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import {
  bool,
  byteList,
  bytes,
  type Codec,
  container,
  i64,
  i128,
  list,
  u8,
  u16,
  u32,
  u64,
  u64big,
  u128,
  u256,
  union,
  type Variant,
} from '../../runtime/core/ssz.ts';

const int = fc.maxSafeInteger();
const nat = fc.maxSafeNat();
const big = (bits: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
const blob = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });

type Leg = { series: number; ratio: number };
const legCodec: Codec<Leg> = container<Leg>('Leg', { series: u32(), ratio: i64() });
const leg: fc.Arbitrary<Leg> = fc.record({ series: fc.nat({ max: 2 ** 32 - 1 }), ratio: int });

type Choice =
  | Variant<0, { id: number; live: boolean }>
  | Variant<1, { note: Uint8Array; legs: Leg[] }>
  | Variant<2, { at: number }>;
const choiceCodec: Codec<Choice> = union<Choice>('Choice', {
  0: container<{ id: number; live: boolean }>('Cancel', { id: u64(), live: bool() }),
  1: container<{ note: Uint8Array; legs: Leg[] }>('Combo', {
    note: byteList(5),
    legs: list(legCodec, 3, 1),
  }),
  2: container<{ at: number }>('At', { at: u8() }),
});
/** Selector 1 is reserved. */
const gappedCodec = union<Variant<0, number> | Variant<2, number>>('Gapped', { 0: u8(), 2: u8() });
const choice: fc.Arbitrary<Choice> = fc.oneof(
  fc.record({
    selector: fc.constant(0 as const),
    value: fc.record({ id: nat, live: fc.boolean() }),
  }),
  fc.record({
    selector: fc.constant(1 as const),
    value: fc.record({ note: blob(0, 5), legs: fc.array(leg, { minLength: 1, maxLength: 3 }) }),
  }),
  fc.record({
    selector: fc.constant(2 as const),
    value: fc.record({ at: fc.nat({ max: 255 }) }),
  }),
);

type Everything = {
  flag: boolean;
  names: Uint8Array[];
  digest: Uint8Array;
  balance: bigint;
  choices: Choice[];
  prices: number[];
  flags: boolean[];
};
const everythingCodec: Codec<Everything> = container<Everything>('Everything', {
  flag: bool(),
  names: list(byteList(4), 4),
  digest: bytes(3),
  balance: i128(),
  choices: list(choiceCodec, 4),
  prices: list(u64(), 4),
  flags: list(bool(), 4),
});
const everything: fc.Arbitrary<Everything> = fc.record({
  flag: fc.boolean(),
  names: fc.array(blob(0, 4), { maxLength: 4 }),
  digest: blob(3, 3),
  balance: fc.bigInt({ min: -(1n << 127n), max: (1n << 127n) - 1n }),
  choices: fc.array(choice, { maxLength: 4 }),
  prices: fc.array(nat, { maxLength: 4 }),
  flags: fc.array(fc.boolean(), { maxLength: 4 }),
});

/** Bytes near an encoding: one changed, cut, doubled, inserted or swapped. */
function mutate(given: Uint8Array, how: number, at: number, byte: number): Uint8Array {
  const i = given.length === 0 ? 0 : at % given.length;
  switch (how) {
    case 0:
      return given.map((old, j) => (j === i ? byte : old));
    case 1:
      return given.slice(0, i);
    case 2:
      return Uint8Array.of(...given.slice(0, i), byte, ...given.slice(i));
    case 3:
      return Uint8Array.of(...given.slice(0, i), ...given.slice(i + 1));
    default:
      return given.map((old, j) => (j === i ? (old + (byte % 9) - 4) & 255 : old));
  }
}

/** decode∘encode is the identity; whatever decodes encodes to the bytes it came from. */
function isStrict<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  const reencodes = (given: Uint8Array) => {
    const decoded = codec.decode(given);
    if (decoded.ok) expect(toHex(codec.encode(decoded.value))).toBe(toHex(given));
  };
  fc.assert(
    fc.property(values, (value) => {
      const encoded = codec.encode(value);
      expect(codec.decode(encoded)).toEqual({ ok: true, value });
      // Not only as judged by the library, which is slow.
      expect(codec.layout.read(byteCursor(encoded), encoded.length)).toEqual(value);
      expect(encoded.length).toBeGreaterThanOrEqual(codec.minBytes);
      expect(encoded.length).toBeLessThanOrEqual(codec.maxBytes);
    }),
    { numRuns: 200 },
  );
  fc.assert(fc.property(blob(0, Math.min(codec.maxBytes + 2, 120)), reencodes), { numRuns: 300 });
  fc.assert(
    fc.property(
      values,
      fc.nat({ max: 4 }),
      fc.nat({ max: 4_096 }),
      fc.nat({ max: 255 }),
      (value, how, at, byte) => reencodes(mutate(codec.encode(value), how, at, byte)),
    ),
    { numRuns: 1_500 },
  );
}

describe('strict', () => {
  test('u8', () => isStrict(u8(), fc.nat({ max: 255 })));
  test('u16', () => isStrict(u16(), fc.nat({ max: 65_535 })));
  test('u32', () => isStrict(u32(), fc.nat({ max: 2 ** 32 - 1 })));
  test('u64', () => isStrict(u64(), nat));
  test('i64', () => isStrict(i64(), int));
  test('u64big', () => isStrict(u64big(), big(64)));
  test('u128', () => isStrict(u128(), big(128)));
  test('u256', () => isStrict(u256(), big(256)));
  test('i128', () => isStrict(i128(), fc.bigInt({ min: -(1n << 127n), max: (1n << 127n) - 1n })));
  test('bool', () => isStrict(bool(), fc.boolean()));
  test('bytes', () => isStrict(bytes(5), blob(5, 5)));
  test('byteList', () => isStrict(byteList(6), blob(0, 6)));
  test('list of u64', () => isStrict(list(u64(), 5), fc.array(nat, { maxLength: 5 })));
  test('list of bool', () => isStrict(list(bool(), 9), fc.array(fc.boolean(), { maxLength: 9 })));
  test('list of byte lists', () =>
    isStrict(list(byteList(4), 4), fc.array(blob(0, 4), { maxLength: 4 })));
  test('list with a minimum', () =>
    isStrict(list(legCodec, 3, 1), fc.array(leg, { minLength: 1, maxLength: 3 })));
  test('container', () => isStrict(legCodec, leg));
  test('union', () => isStrict(choiceCodec, choice));
  test('all of them, nested', () => isStrict(everythingCodec, everything));
});

describe('decode refuses', () => {
  const code = (codec: Codec<never> | Codec<unknown>, hex: string) => {
    const decoded = (codec as Codec<unknown>).decode(new Uint8Array(Buffer.from(hex, 'hex')));
    return decoded.ok ? 'decoded' : decoded.error.code;
  };
  const anyOf = <T>(codec: Codec<T>) => codec as unknown as Codec<unknown>;

  test.each([
    ['the greatest safe u64', u64(), 'ffffffffffff1f00', 'decoded'],
    ['a u64 of 2⁵³', u64(), '0000000000002000', 'malformed_bytes'],
    [
      'a u64 of all ones, which the library reads as Infinity',
      u64(),
      'ff'.repeat(8),
      'malformed_bytes',
    ],
    ['an i64 of −(2⁵³ − 1)', i64(), '010000000000e0ff', 'decoded'],
    ['an i64 of −2⁵³', i64(), '000000000000e0ff', 'malformed_bytes'],
    ['a bool of 2', bool(), '02', 'malformed_bytes'],
    ['a selector beside a reserved one', gappedCodec, '0207', 'decoded'],
    ['a reserved selector', gappedCodec, '0107', 'malformed_bytes'],
    ['a byte too many', u32(), '0000000000', 'malformed_bytes'],
    ['an unknown selector', choiceCodec, '0301', 'malformed_bytes'],
    ['a selector with the value of another alternative', choiceCodec, '0201ff', 'malformed_bytes'],
    ['an empty list where one item is the least', list(u8(), 3, 1), '', 'malformed_bytes'],
    ['a list of four where three are the most', list(u8(), 3), '00000000', 'malformed_bytes'],
    [
      'a list whose first offset leaves a gap',
      list(byteList(4), 2),
      '0500000000',
      'malformed_bytes',
    ],
    ['a list whose offsets go back', list(byteList(4), 2), '0800000007000000', 'malformed_bytes'],
  ])('%s: %s', (_, codec, hex, expected) => {
    expect(code(anyOf(codec as Codec<unknown>), hex)).toBe(expected);
  });
});

describe('encode refuses, naming the field', () => {
  const base: Everything = {
    flag: true,
    names: [],
    digest: new Uint8Array(3),
    balance: 0n,
    choices: [],
    prices: [],
    flags: [],
  };
  test.each([
    ['Everything.digest: given 2 bytes, allowed 3 bytes', { digest: new Uint8Array(2) }],
    ['Everything.balance', { balance: 1n << 127n }],
    ['Everything.prices[1]: given -1', { prices: [0, -1] }],
    ['Everything.prices[0]: given NaN', { prices: [Number.NaN] }],
    ['Everything.prices[0]', { prices: [2 ** 53] }],
    ['Everything.prices: given 5 items, allowed 0 to 4 items', { prices: [1, 2, 3, 4, 5] }],
    ['Everything.flags[0]', { flags: [1 as unknown as boolean] }],
    ['Everything.flag', { flag: undefined as unknown as boolean }],
    [
      'Everything.choices[0].selector',
      { choices: [{ selector: 9, value: { at: 1 } } as unknown as Choice] },
    ],
    [
      'Everything.choices[0].value.legs[0].series',
      {
        choices: [
          {
            selector: 1,
            value: { note: new Uint8Array(0), legs: [{ series: 2 ** 32, ratio: 0 }] },
          } satisfies Choice,
        ],
      },
    ],
  ] as [string, Partial<Everything>][])('%s', (message, wrong) => {
    expect(() => everythingCodec.encode({ ...base, ...wrong })).toThrow(message);
  });

  test('−0, which would be read back as 0', () => {
    expect(() => u64().encode(-0)).toThrow('u64');
    expect(() => i64().encode(-0)).toThrow('i64');
  });
});

test('signed integers are two’s complement, little-endian', () => {
  expect(toHex(i64().encode(-2))).toBe('feffffffffffffff');
  expect(toHex(i64().encode(Number.MIN_SAFE_INTEGER))).toBe('010000000000e0ff');
  expect(toHex(i128().encode(-1n))).toBe('ff'.repeat(16));
  expect(toHex(i128().encode(-(1n << 127n)))).toBe(`${'00'.repeat(15)}80`);
});
