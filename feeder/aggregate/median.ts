/** Medians of weighted values, as venues and the chain take them. */

export type Weighted = { readonly value: number; readonly weight: number };

/**
 * The weighted median: the least value with at least half of the weight at or below it; where exactly
 * half is, the middle between it and the next, so that two equal sources meet half-way. Undefined
 * without weight. O(n log n).
 */
export function weightedMedian(values: readonly Weighted[]): number | undefined {
  const sorted = values.filter(({ weight }) => weight > 0).toSorted((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  for (const [i, { value, weight }] of sorted.entries()) {
    below += weight;
    if (2 * below > total) return value;
    if (2 * below === total) return (value + (sorted[i + 1]?.value ?? value)) / 2;
  }
  return undefined;
}

/** The median of values that count alike. */
export function median(values: readonly number[]): number | undefined {
  return weightedMedian(values.map((value) => ({ value, weight: 1 })));
}
