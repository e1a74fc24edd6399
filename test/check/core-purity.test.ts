import { describe, expect, it } from 'vitest';
import { corePurityFindings } from '../../scripts/check/core-purity.ts';
import { importDirectionFindings } from '../../scripts/check/import-directions.ts';
import { parseSource } from '../../scripts/check/syntax.ts';

const messagesOf = (path: string, text: string): string[] =>
  corePurityFindings([parseSource(path, text)]).map(({ message }) => message);

describe('purity of the core', () => {
  const banned: readonly [what: string, source: string, replacement: RegExp][] = [
    ['clock', 'export const f = (): number => Date.now();', /time arrives in the input/],
    ['new Date', 'export const f = (): object => new Date();', /time arrives in the input/],
    ['randomness', 'export const f = (): number => Math.random();', /elementary/],
    ['Math.exp', 'export const f = (x: number): number => Math.exp(x);', /elementary/],
    ['Math.log', 'export const f = (x: number): number => Math.log(x);', /elementary/],
    ['Math.pow', 'export const f = (x: number): number => Math.pow(x, 2);', /elementary/],
    ['Math.sin', 'export const f = (x: number): number => Math.sin(x);', /elementary/],
    ['power', 'export const f = (x: number): number => x ** 3;', /multiply, shift/],
    [
      'sqrt outside',
      'export const f = (x: number): number => Math.sqrt(x);',
      /floating point only/,
    ],
    ['fraction outside', 'export const half = 0.5;', /floating point only/],
    ['timer', 'setTimeout(() => undefined, 1);', /armTimer/],
    ['async', 'export async function f(): Promise<void> {}', /synchronous/],
    ['await', 'export const x = await f();', /synchronous/],
    ['console', 'console.log(1);', /observability/],
    ['process', 'export const x = process.env["A"];', /argument/],
    ['locale', 'export const f = (a: string, b: string): number => a.localeCompare(b);', /bytes/],
    ['bare sort', 'export const f = (a: number[]): number[] => a.sort();', /comparator/],
    ['dynamic import', 'export const f = (): unknown => import("./x.ts");', /statically/],
  ];
  it.each(banned)('refuses %s and names a replacement', (_what, source, replacement) => {
    const messages = messagesOf('runtime/core/planted.ts', source);
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.join('\n')).toMatch(replacement);
  });

  it('allows what is exact everywhere', () => {
    const source = `
      export const f = (x: number): number => Math.floor(Math.abs(Math.min(x, 2 ** 32)));
      export const g = (bits: number): bigint => 2n ** BigInt(bits);
      export const h = (fetch: { armed: boolean }): boolean => fetch.armed;
      export const i = (state: { fetch: number }): number => { const { fetch } = state; return fetch; };
    `;
    expect(messagesOf('runtime/core/planted.ts', source)).toEqual([]);
  });

  it('allows square roots and fractions where prices and margins are computed', () => {
    const source = 'export const f = (x: number): number => 0.5 * Math.sqrt(x);';
    expect(messagesOf('runtime/pricing/planted.ts', source)).toEqual([]);
  });
});

describe('import directions', () => {
  const findings = (path: string, source: string): number =>
    importDirectionFindings([parseSource(path, source)]).length;

  it.each([
    ['runtime/a.ts', "import { x } from '../node/b.ts';"],
    ['runtime/a.ts', "import type { X } from '../p2p/b.ts';"],
    ['runtime/a.ts', "export * from '../consensus/b.ts';"],
    ['runtime/a.ts', "import fs from 'node:fs';"],
    ['runtime/a.ts', "type X = import('../node/b.ts').X;"],
    ['consensus/a.ts', "import { x } from '../genesis/b.ts';"],
    ['node/a.ts', "import { x } from '../wallet/b.ts';"],
    ['p2p/a.ts', "import { x } from '../node/node.ts';"],
    ['wallet/a.ts', "import { x } from '../node/driver/driver.ts';"],
  ])('%s may not hold %s', (path, source) => {
    expect(findings(path, source)).toBe(1);
  });

  it.each([
    ['node/a.ts', "import { x } from '../runtime/b.ts';"],
    ['wallet/a.ts', "import { x } from '../runtime/b.ts';"],
    ['p2p/a.ts', "import type { Log } from '../node/ports.ts';"],
    ['node/a.ts', "import fs from 'node:fs';"],
  ])('%s may hold %s', (path, source) => {
    expect(findings(path, source)).toBe(0);
  });
});
