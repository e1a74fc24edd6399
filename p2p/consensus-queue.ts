/**
 * Messages that wait for one validator, with supersession: when there is no room, those of the
 * lowest view go first, for a peer that is behind gets by on the newest certificates.
 *
 * Invariant: bytes and count stay within `limits.ts`, whatever is pushed.
 */
import { MAX_CONSENSUS_QUEUE_BYTES, MAX_CONSENSUS_QUEUE_MESSAGES } from './limits.ts';

/** A frame as it goes out. A broadcast shares one array among all queues. */
export type QueuedFrame = { readonly frame: Uint8Array; readonly view: number };

/** First in, first out, apart from what is dropped. */
export class ConsensusQueue {
  #frames: QueuedFrame[] = [];
  #bytes = 0;

  get length(): number {
    return this.#frames.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends, after dropping frames of the lowest view, oldest first, until there is room. When all
   * that is queued has higher views, the new frame is dropped instead. Returns how many were dropped. Cost: O(queue) for each one dropped, else O(1).
   */
  push(entry: QueuedFrame): number {
    let dropped = 0;
    while (!this.#hasRoomFor(entry)) {
      const lowest = this.#lowestView();
      if (lowest === undefined || this.#viewAt(lowest) > entry.view) return dropped + 1;
      this.#removeAt(lowest);
      dropped += 1;
    }
    this.#frames.push(entry);
    this.#bytes += entry.frame.length;
    return dropped;
  }

  /** The oldest frame, removed. */
  shift(): QueuedFrame | undefined {
    const entry = this.#frames.shift();
    if (entry !== undefined) this.#bytes -= entry.frame.length;
    return entry;
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }

  #hasRoomFor(entry: QueuedFrame): boolean {
    return (
      this.#frames.length < MAX_CONSENSUS_QUEUE_MESSAGES &&
      this.#bytes + entry.frame.length <= MAX_CONSENSUS_QUEUE_BYTES
    );
  }

  #viewAt(index: number): number {
    return this.#frames[index]?.view ?? Number.POSITIVE_INFINITY;
  }

  #lowestView(): number | undefined {
    let lowest: number | undefined;
    for (let i = 0; i < this.#frames.length; i++) {
      if (lowest === undefined || this.#viewAt(i) < this.#viewAt(lowest)) lowest = i;
    }
    return lowest;
  }

  #removeAt(index: number): void {
    const [removed] = this.#frames.splice(index, 1);
    if (removed !== undefined) this.#bytes -= removed.frame.length;
  }
}
