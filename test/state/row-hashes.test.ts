import { expect, test } from 'vitest';
import { choosePairHasher } from '../../node/pair-hasher.ts';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import { list, u8 } from '../../runtime/core/ssz.ts';
import { makeCheckpoint } from '../../runtime/state/checkpoint.ts';
import { commitChanges, createCommitment } from '../../runtime/state/commitment.ts';
import { hexKey } from '../../runtime/state/key-codec.ts';
import { bytesRoot } from '../../runtime/state/merkle-format.ts';
import { table, tableStore } from '../../runtime/state/table.ts';
import { h, naiveBytesRoot, naiveStateRoot } from './naive-root.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** Bytes of a length, no two alike next to each other. */
const message = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);

/** Every length around the first chunks and pairs, and lengths whose trees have odd levels. */
const LENGTHS = [...Array(330).keys(), 1_000, 4_097, 70_000];
const keyOf = (i: number) => Uint8Array.of(i >> 8, i & 255);

test('bytesRoot is the definition at every length', () => {
  for (const length of LENGTHS) {
    expect(hex(bytesRoot(message(length)))).toBe(hex(naiveBytesRoot(message(length))));
  }
});

test.each([
  ['native', choosePairHasher().hashPairs],
  ['portable', portablePairHasher],
] as const)('rows of every length hash so in batches: %s', (_, hashPairs) => {
  const rows = LENGTHS.map((length, i) => ({ key: keyOf(i), value: message(length) }));
  const deleted = { key: keyOf(999), value: undefined };
  const turned = rows.slice(0, 130).map(({ key, value }) => ({ key: value, value: key }));
  const changes = [
    { tableId: 3, rows: [...rows.slice(0, 100), deleted, ...rows.slice(100)] },
    { tableId: 9, rows: turned },
  ];
  const expected = new Map([
    [3, rows],
    [9, turned],
  ]);
  const commitment = createCommitment(hashPairs);
  expect(hex(commitChanges(commitment, changes))).toBe(hex(naiveStateRoot(expected)));
});

test('the length keeps messages apart whose chunks or hashes are alike', () => {
  const short = Uint8Array.of(1);
  const padded = Uint8Array.of(1, 0);
  const pair = message(64);
  // 32 bytes that are the hash of a pair have its top, but not its length.
  const top = new Uint8Array(h(pair));
  // 64 bytes that are a message's last pair hash to its root; as a message they are hashed again.
  const length = new Uint8Array(32);
  length[0] = 1;
  const last = Buffer.concat([short, new Uint8Array(31), length]);
  const roots = [short, padded, new Uint8Array(0), new Uint8Array(1), pair, top, last];
  expect(new Set(roots.map((bytes) => hex(bytesRoot(bytes)))).size).toBe(roots.length);
});

test('rows side by side in a table’s spans hash as they do alone, whatever their lengths', () => {
  // Keys of three bytes and values of any length: neither fills the words that both are read in.
  const store = tableStore(
    table<string, number[]>({ id: 4, name: 'spans', key: hexKey(3), value: list(u8(), 200) }),
  );
  const rows = Array.from({ length: 140 }, (_, length) => ({
    key: Uint8Array.of(255, 255, length),
    value: message(length).map((byte) => byte | 1),
  }));
  for (const { key, value } of rows) store.set(hex(key), [...value]);
  const { hashPairs } = choosePairHasher();
  const { stateRoot } = makeCheckpoint([store], createCommitment(hashPairs));
  expect(hex(stateRoot)).toBe(hex(naiveStateRoot(new Map([[4, rows]]))));
});
