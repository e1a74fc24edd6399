/** What watches a simulated cluster: an observer, and the violations it has found so far. */
import type { Observer } from '../consensus-node.ts';

export type Checker = { readonly name: string; readonly observer: Observer; violations: string[] };
