/**
 * SHA-256 written into memory of the caller.
 *
 * `digest` of `@chainsafe/as-sha256` allocates each result, which costs a third of the time for
 * short messages. This is the same WebAssembly (an instance of our own), without the allocation.
 */
import { digest } from '@chainsafe/as-sha256';
import { newInstance } from '@chainsafe/as-sha256/lib/wasm.js';

const wasm = newInstance();
const input = new Uint8Array(wasm.memory.buffer, wasm.input.value, wasm.INPUT_LENGTH);
const output = new Uint8Array(wasm.memory.buffer, wasm.output.value, 32);

/** Writes SHA-256 of `data` to `target` from `offset`. About 0.3 µs for 8 bytes, 0.8 for 100. */
export function sha256Into(data: Uint8Array, target: Uint8Array, offset: number): void {
  if (data.length > input.length) {
    target.set(digest(data), offset);
    return;
  }
  input.set(data);
  wasm.digest(data.length);
  target.set(output, offset);
}
