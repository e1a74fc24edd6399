/**
 * CRC-32 as zlib, PNG and Ethernet have it: polynomial 0xEDB88320 (reflected), initial and final
 * complement. Source: RFC 1952 §8. Browsers have none; `node:zlib` is Node's.
 */

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** CRC-32 of ASCII text, 0 to 2³² − 1. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
