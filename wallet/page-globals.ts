/**
 * What `@chainsafe/ssz` 1.9 takes from Node without saying so: a `Buffer` over memory whose `writeUIntLE`
 * writes a length. A page imports this file before everything else; in Node it does nothing.
 */
type LengthWriter = Uint8Array & {
  writeUIntLE(value: number, offset: number, byteLength: number): void;
};

/** A view of `memory` that writes little-endian integers of up to 6 bytes. */
function lengthWriter(memory: ArrayBuffer, offset: number, length: number): LengthWriter {
  return Object.assign(new Uint8Array(memory, offset, length), {
    writeUIntLE(this: Uint8Array, value: number, at: number, byteLength: number): void {
      for (let i = 0, rest = value; i < byteLength; i++, rest = Math.floor(rest / 256)) {
        this[at + i] = rest % 256;
      }
    },
  });
}

const page = globalThis as { Buffer?: unknown };
page.Buffer ??= { from: lengthWriter };
