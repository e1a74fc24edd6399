import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256Into } from '../../runtime/core/sha256-into.ts';

test('sha256Into is SHA-256 at every length around its blocks and its buffer', () => {
  const target = new Uint8Array(40);
  for (let length = 0; length <= 1_100; length++) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
    sha256Into(data, target, 5);
    const expected = createHash('sha256').update(data).digest();
    expect(Buffer.from(target.subarray(5, 37)).equals(expected), `${length} bytes`).toBe(true);
  }
  expect([...target.subarray(0, 5), ...target.subarray(37)]).toEqual(Array(8).fill(0));
});
