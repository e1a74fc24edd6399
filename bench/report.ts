/**
 * How benches report: one line a figure, as JSON for programs or aligned for people.
 */

/** One figure. `bench` is the name given to `npm run bench`, `case` what was measured. */
export type Figure = {
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
};

/** `data`: the folder given with `--data`. */
export type BenchOptions = { readonly json: boolean; readonly data: string | undefined };

/** Prints a figure on stdout: counts as they are, other values to four significant digits. */
export function reportFigure(figure: Figure, options: BenchOptions): void {
  const isCount = Number.isInteger(figure.value);
  const value = isCount ? figure.value : Number(figure.value.toPrecision(4));
  if (options.json) {
    console.log(JSON.stringify({ ...figure, value }));
    return;
  }
  const name = `${figure.bench}  ${figure.case}  ${figure.metric}`;
  console.log(`${name.padEnd(60)} ${String(value).padStart(10)} ${figure.unit}`);
}

/** Prints a remark for people: nothing in JSON mode, where stdout holds figures only. */
export function remark(text: string, options: BenchOptions): void {
  if (!options.json) console.log(text);
}

/** The middle value; the mean of the two middle ones when the count is even. Throws on none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value at `share` (0 to 1) of the sorted values, linearly interpolated. Throws on none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('quantile of nothing');
  return below + (above - below) * (position - Math.floor(position));
}

/** Milliseconds that `work` takes. */
export function timeMs(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
