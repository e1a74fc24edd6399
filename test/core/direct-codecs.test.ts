import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ActionCodec } from '../../runtime/action.ts';
import {
  CancelByClientIdCodec,
  CancelOrderCodec,
  PlaceOrderCodec,
} from '../../runtime/actions/orders.ts';
import { byteCursor } from '../../runtime/core/byte-cursor.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import type { Codec } from '../../runtime/core/ssz.ts';
import { EventCodec } from '../../runtime/event.ts';
import { PositionCodec } from '../../runtime/margin/position.ts';
import { OrderCodec } from '../../runtime/matching/order.ts';
import { ActionResultCodec, ReceiptCodec } from '../../runtime/receipt.ts';
import { AmountCodec } from '../../runtime/state/state.ts';
import { PayloadCodec } from '../../runtime/transaction.ts';

/** Codecs of one size, or of variants, some of which are read and written as one piece of code. */
const CODECS: readonly Codec<never>[] = [
  ActionCodec,
  ActionResultCodec,
  ReceiptCodec,
  PayloadCodec,
  AmountCodec,
  CancelByClientIdCodec,
  CancelOrderCodec,
  EventCodec,
  OrderCodec,
  PlaceOrderCodec,
  PositionCodec,
] as readonly Codec<unknown>[] as readonly Codec<never>[];

/** A type of the library, as far as values of it are made here. */
type AnyType = {
  readonly isBasic: boolean;
  readonly fixedSize: number | null;
  readonly fields?: Readonly<Record<string, AnyType>>;
  readonly types?: readonly AnyType[];
  readonly elementType?: AnyType;
  readonly maxSize: number;
  deserialize(bytes: Uint8Array): unknown;
};

const blob = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

/** Values of a type; numbers of 8 bytes are near 0, on both sides where they have signs. */
function valuesOf(type: AnyType): fc.Arbitrary<unknown> {
  const { fields, types, elementType } = type;
  if (fields !== undefined) {
    return fc.record(
      Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, valuesOf(field)])),
    );
  }
  if (types !== undefined) {
    const variants = types.map((variant, selector) =>
      fc.record({ selector: fc.constant(selector), value: valuesOf(variant) }),
    );
    return fc.oneof(...variants);
  }
  // A list of bytes has a basic element type too, and an array of numbers is none of its values.
  if (elementType !== undefined && !(type.deserialize(new Uint8Array(0)) instanceof Uint8Array)) {
    return fc.array(valuesOf(elementType), { minLength: 1, maxLength: 3 });
  }
  if (type.isBasic && type.fixedSize === 1) {
    return fc.oneof(fc.constantFrom(0, 1), fc.nat({ max: 255 })).map((byte) => {
      try {
        return type.deserialize(Uint8Array.of(byte));
      } catch {
        return type.deserialize(Uint8Array.of(0));
      }
    });
  }
  if (type.isBasic) {
    const size = type.fixedSize ?? 0;
    const words = fc.tuple(blob(size, size), fc.constantFrom(0, 0, 255));
    return words.map(([bytes, top]) => type.deserialize(bytes.fill(top, size < 8 ? size : 6)));
  }
  const length = type.fixedSize;
  return length === null ? blob(0, Math.min(type.maxSize, 40)) : blob(length, length);
}

test.each(CODECS.map((codec) => [codec.name, codec] as const))(
  '%s: written and read as a whole and field by field by the library, it is the same',
  (_, codec) => {
    const type = codec.ssz as unknown as AnyType;
    let agreed = 0;
    fc.assert(
      fc.property(valuesOf(type), (value) => {
        if (codec.problem(value as never) !== undefined) return;
        const bytes = codec.ssz.serialize(value);
        expect(toHex(codec.encode(value as never))).toBe(toHex(bytes));
        expect(codec.layout.read(byteCursor(bytes), bytes.length)).toEqual(value);
        agreed += 1;
      }),
      { numRuns: 400 },
    );
    expect(agreed).toBeGreaterThan(10);
  },
);
