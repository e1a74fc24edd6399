import { crc32 as nativeCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from '../../node/storage/crc32.ts';

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 255);

test('the check value of the standard', () => {
  expect(crc32(Buffer.from('123456789', 'ascii'))).toBe(0xcbf43926);
});

test('is zlib’s at every length, alone and behind other bytes', () => {
  for (let length = 0; length < 600; length++) {
    expect(crc32(bytes(length))).toBe(nativeCrc32(bytes(length)));
    expect(crc32(bytes(length), 0xdeadbeef)).toBe(nativeCrc32(bytes(length), 0xdeadbeef));
    const joined = Buffer.concat([bytes(length), bytes(9)]);
    expect(crc32(bytes(9), crc32(bytes(length)))).toBe(nativeCrc32(joined));
  }
});
