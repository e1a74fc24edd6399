/**
 * Proven segments that wait for their turn, by height. Bounded by the caller, who asks for no more
 * than the window; gossip is refused when `bytes` is high.
 */
import type { Range } from './plan-ranges.ts';
import type { FinalSegment } from './segment.ts';

export type ReadySegments = {
  add(segment: FinalSegment): void;
  /** The segment that holds `height`, taken out. */
  take(height: number): FinalSegment | undefined;
  /** Forgets what ends below `height`. */
  dropBelow(height: number): void;
  readonly ranges: readonly Range[];
  /** The segment that begins right above the block with this height. */
  startingAt(height: number): FinalSegment | undefined;
  readonly bytes: number;
};

function rangeOf({ blocks }: FinalSegment): Range {
  const from = blocks[0]?.block.header.height ?? 0;
  return { from, to: from + blocks.length - 1 };
}

function bytesOf({ blocks }: FinalSegment): number {
  return blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

export function createReadySegments(): ReadySegments {
  /** By first height; of two with the same the longer stays. */
  const segments = new Map<number, { readonly segment: FinalSegment; readonly range: Range }>();
  let bytes = 0;

  const remove = (from: number): void => {
    const found = segments.get(from);
    if (!found) return;
    segments.delete(from);
    bytes -= bytesOf(found.segment);
  };

  return {
    add(segment) {
      const range = rangeOf(segment);
      const known = segments.get(range.from);
      if (known && known.range.to >= range.to) return;
      remove(range.from);
      segments.set(range.from, { segment, range });
      bytes += bytesOf(segment);
    },
    take(height) {
      for (const { segment, range } of segments.values()) {
        if (range.from > height || range.to < height) continue;
        remove(range.from);
        return segment;
      }
      return undefined;
    },
    dropBelow(height) {
      for (const { range } of [...segments.values()]) if (range.to < height) remove(range.from);
    },
    get ranges() {
      return [...segments.values()].map(({ range }) => range);
    },
    startingAt: (height) => segments.get(height)?.segment,
    get bytes() {
      return bytes;
    },
  };
}
