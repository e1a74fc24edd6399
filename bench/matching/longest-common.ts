/**
 * How much of one sequence occurs, in order, in another: the longest common subsequence.
 *
 * Source: Hunt and Szymanski 1977, O((n + matches) log n): good where items seldom repeat.
 */

/** Length of the longest, and for each item of `ours` whether it is in the one that was found. */
export function commonInOrder(
  ours: readonly string[],
  theirs: readonly string[],
): { readonly length: number; readonly isCommon: readonly boolean[] } {
  const places = new Map<string, number[]>();
  for (const [i, item] of theirs.entries()) {
    const known = places.get(item);
    if (known === undefined) places.set(item, [i]);
    else known.push(i);
  }
  type Link = { readonly item: number; readonly place: number; readonly before: Link | undefined };
  /** At k: the end of the chain of k + 1 items that ends first. */
  const ends: Link[] = [];
  for (const [item, text] of ours.entries()) {
    const found = places.get(text) ?? [];
    // From the last place to the first, so that an item extends no chain that it just ended.
    for (let i = found.length - 1; i >= 0; i--) {
      const place = found[i] ?? 0;
      let low = 0;
      let high = ends.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((ends[middle]?.place ?? 0) < place) low = middle + 1;
        else high = middle;
      }
      if (ends[low]?.place === place) continue;
      ends[low] = { item, place, before: ends[low - 1] };
    }
  }
  const isCommon = ours.map(() => false);
  for (let link = ends.at(-1); link !== undefined; link = link.before) isCommon[link.item] = true;
  return { length: ends.length, isCommon };
}
