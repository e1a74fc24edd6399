import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameReader } from '../../p2p/frames.ts';
import { concatBytes } from '../../runtime/core/bytes.ts';

/** All payloads that come out when `bytes` arrive cut at `cuts`. */
function readAll(bytes: Uint8Array, cuts: readonly number[], maxBytes: number) {
  const reader = new FrameReader(maxBytes);
  const payloads: Uint8Array[] = [];
  const bounds = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  const pushed = bounds.slice(1).map((to, i) =>
    reader.push(bytes.subarray(bounds[i], to), (payload) => {
      payloads.push(payload);
      return 'continue';
    }),
  );
  return { payloads, pushed, atBoundary: reader.atBoundary };
}

describe('frames', () => {
  test('come out as they went in, however the stream cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (payloads, cuts) => {
          const read = readAll(concatBytes(...payloads.map(encodeFrame)), cuts, 40);
          expect(read.payloads).toEqual(payloads);
          expect(read.atBoundary).toBe(true);
        },
      ),
    );
  });

  test('a length above the maximum is told before any byte of the payload', () => {
    const reader = new FrameReader(100);
    const length = encodeFrame(new Uint8Array(101)).subarray(0, 4);
    expect(reader.push(length, () => 'continue')).toBe('oversized');
    expect(readAll(encodeFrame(new Uint8Array(100)), [], 100).pushed).toEqual(['ok']);
  });

  test('an end within a length or a payload is no boundary', () => {
    const frame = encodeFrame(new Uint8Array(3));
    for (let length = 1; length < frame.length; length++) {
      expect(readAll(frame.subarray(0, length), [], 100).atBoundary, `${length}`).toBe(false);
    }
  });

  test('a payload does not share memory with the chunk it came in', () => {
    const chunk = encodeFrame(new Uint8Array([7]));
    const { payloads } = readAll(chunk, [], 100);
    chunk.fill(0);
    expect(payloads).toEqual([new Uint8Array([7])]);
  });
});
