/**
 * Rows by a number: an open-addressing table, in place of a `Map`.
 *
 * Keys of positions and balances are above 2³¹, and a `Map` boxes such a number at every call and
 * hashes the box. Here they lie in a `Float64Array`; whether a row changed stands beside it. An
 * update of a row costs one search where it cost three.
 *
 * Source: Knuth, The Art of Computer Programming 3, 6.4, linear probing, algorithm R for removal, so
 * there are no tombstones. Invariants: at most half of the slots are used; keys are safe integers;
 * between a key's first slot and its own none is free.
 */
import { assert } from '../core/result.ts';

export type NumberRows<V> = {
  /** `FREE` where there is no row. */
  keys: Float64Array;
  values: (V | undefined)[];
  /** A number of the owner's for each row. */
  flags: Uint8Array;
  size: number;
};

const FREE = -1;
const LEAST_SLOTS = 16;
const INVERSE_U32: number = 1 / 2 ** 32;

export function numberRows<V>(): NumberRows<V> {
  return {
    keys: new Float64Array(LEAST_SLOTS).fill(FREE),
    values: new Array<V | undefined>(LEAST_SLOTS).fill(undefined),
    flags: new Uint8Array(LEAST_SLOTS),
    size: 0,
  };
}

/** The slot where the search for a key begins: both halves of it, mixed. */
function firstSlot(key: number, mask: number): number {
  const mixed = Math.imul(
    (key >>> 0) ^ Math.imul((key * INVERSE_U32) >>> 0, 0x9e3779b1),
    0x85ebca6b,
  );
  return (mixed ^ (mixed >>> 15)) & mask;
}

/** The slot of a key, or −1. ~10 ns. */
export function slotOf<V>({ keys }: NumberRows<V>, key: number): number {
  const mask = keys.length - 1;
  for (let slot = firstSlot(key, mask); ; slot = (slot + 1) & mask) {
    const found = keys[slot];
    if (found === key) return slot;
    if (found === FREE) return -1;
  }
}

/** Adds a row whose key is not there; returns its slot, good until the next row comes or goes. */
export function addRow<V>(rows: NumberRows<V>, key: number, value: V): number {
  assert(Number.isSafeInteger(key) && key >= 0, 'a key is an unsigned safe integer');
  if (2 * (rows.size + 1) > rows.keys.length) grow(rows);
  const { keys, values, flags } = rows;
  const mask = keys.length - 1;
  let slot = firstSlot(key, mask);
  while (keys[slot] !== FREE) slot = (slot + 1) & mask;
  keys[slot] = key;
  values[slot] = value;
  flags[slot] = 0;
  rows.size += 1;
  return slot;
}

function grow<V>(rows: NumberRows<V>): void {
  const { keys, values, flags } = rows;
  const slots = 2 * keys.length;
  rows.keys = new Float64Array(slots).fill(FREE);
  rows.values = new Array<V | undefined>(slots).fill(undefined);
  rows.flags = new Uint8Array(slots);
  rows.size = 0;
  for (let slot = 0; slot < keys.length; slot++) {
    const value = values[slot];
    if (value === undefined) continue;
    const moved = addRow(rows, keys[slot] ?? FREE, value);
    rows.flags[moved] = flags[slot] ?? 0;
  }
}

/** Removes the row of a slot. Those behind it move up, so that no search ends early. */
export function removeRow<V>(rows: NumberRows<V>, slot: number): void {
  const { keys, values, flags } = rows;
  const mask = keys.length - 1;
  let free = slot;
  for (let next = (slot + 1) & mask; keys[next] !== FREE; next = (next + 1) & mask) {
    const first = firstSlot(keys[next] ?? FREE, mask);
    // It stays when its search begins behind the free slot.
    if (((next - first) & mask) < ((next - free) & mask)) continue;
    keys[free] = keys[next] ?? FREE;
    values[free] = values[next];
    flags[free] = flags[next] ?? 0;
    free = next;
  }
  keys[free] = FREE;
  values[free] = undefined;
  rows.size -= 1;
}
