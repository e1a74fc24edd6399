/**
 * A bounded set of what was seen lately: two generations, of which the older is dropped when the
 * newer is full. Remembers at least the last `size` keys, at most twice as many.
 */
export type RecentSet = {
  has(key: string): boolean;
  add(key: string): void;
  /** Keys held. */
  readonly size: number;
};

export function createRecentSet(size: number): RecentSet {
  let young = new Set<string>();
  let old = new Set<string>();
  return {
    has: (key) => young.has(key) || old.has(key),
    add(key) {
      if (young.has(key)) return;
      young.add(key);
      if (young.size < size) return;
      old = young;
      young = new Set();
    },
    get size() {
      return young.size + old.size;
    },
  };
}
