/** The committed reference values of `test/vectors/pricing.json`, as numbers. */
import { readFileSync } from 'node:fs';

type Row<K extends string> = { readonly [key in K]: string };
type Vectors = {
  readonly haug: readonly (Row<'K' | 'S' | 'q' | 'r' | 't' | 'v' | 'exact'> & {
    readonly cp: 1 | -1;
  })[];
  readonly normalisedBlack: readonly Row<'x' | 's' | 'beta'>[];
  readonly black76: readonly Row<'forward' | 'strike' | 'deviation' | 'call' | 'put' | 'delta'>[];
  readonly essvi: readonly Row<'theta' | 'u' | 'l' | 'k' | 'w'>[];
  readonly normalTail: readonly Row<'x' | 'value'>[];
};

export const VECTORS: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/pricing.json', import.meta.url), 'utf8'),
);

/** |given − wanted| ÷ |wanted|. */
export function relativeError(given: number, wanted: number): number {
  return Math.abs(given - wanted) / Math.abs(wanted);
}
