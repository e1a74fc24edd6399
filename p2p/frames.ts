/**
 * Frames on a byte stream: length as u32 little-endian, then that many bytes. A stream cuts and
 * joins what was sent at will, so frames are put together again here.
 */

const LENGTH_BYTES = 4;

/** Length and payload in one array. Cost: one copy. */
export function encodeFrame(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length, true);
  frame.set(payload, LENGTH_BYTES);
  return frame;
}

/** Puts one fixed number of bytes together from pieces. */
export class BytesReader {
  readonly #bytes: Uint8Array;
  #filled = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
  }

  /** Takes from `chunk` at `offset` what is missing; returns the offset behind what was taken. */
  push(chunk: Uint8Array, offset: number): number {
    const count = Math.min(this.#bytes.length - this.#filled, chunk.length - offset);
    this.#bytes.set(chunk.subarray(offset, offset + count), this.#filled);
    this.#filled += count;
    return offset + count;
  }

  /** The bytes once all are there. */
  get complete(): Uint8Array | undefined {
    return this.#filled === this.#bytes.length ? this.#bytes : undefined;
  }
}

/**
 * Takes frames out of chunks. A payload is a fresh array: chunks are views of large socket
 * buffers, which a message kept for long would hold with it.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #length: BytesReader = new BytesReader(LENGTH_BYTES);
  #payload: BytesReader | undefined;
  #atStart = true;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the stream stands between two frames: an end anywhere else truncates one. */
  get atBoundary(): boolean {
    return this.#payload === undefined && this.#atStart;
  }

  /**
   * Calls `onPayload` for each frame that `chunk` completes, in order, until it returns `stop`.
   * Returns `oversized` at the first length above the maximum; the reader is of no use after.
   * Cost: one copy of the chunk. A length reserves its payload: at most the maximum.
   */
  push(
    chunk: Uint8Array,
    onPayload: (payload: Uint8Array) => 'continue' | 'stop',
  ): 'ok' | 'oversized' {
    let offset = 0;
    while (offset < chunk.length) {
      this.#atStart = false;
      if (this.#payload === undefined) {
        offset = this.#length.push(chunk, offset);
        const length = this.#length.complete;
        if (length === undefined) return 'ok';
        const bytes = new DataView(length.buffer).getUint32(0, true);
        if (bytes > this.#maxBytes) return 'oversized';
        this.#payload = new BytesReader(bytes);
      }
      offset = this.#payload.push(chunk, offset);
      const payload = this.#payload.complete;
      if (payload === undefined) return 'ok';
      this.#payload = undefined;
      this.#length = new BytesReader(LENGTH_BYTES);
      this.#atStart = true;
      if (onPayload(payload) === 'stop') return 'ok';
    }
    return 'ok';
  }
}
