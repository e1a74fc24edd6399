/**
 * What the core reaches in packages: nothing that differs between engines either. The core's own files
 * are scanned by `npm run check` (scripts/check/core-purity.ts); here their imports are followed into
 * node_modules, file by file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { CORE_FOLDERS } from '../../scripts/check/core-purity.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Members of Math that are exact everywhere. */
const EXACT = /^(abs|floor|ceil|trunc|min|max|sign|imul|clz32|sqrt|round|fround)$/;
/**
 * Trees of SSZ take the depth of 2ⁿ leaves as a logarithm, and 2ⁿ as a power: both of small integers, at
 * most 2⁴⁰, rounded up; none comes near a price.
 */
const DEPTHS = /^node_modules\/@chainsafe\/(ssz|persistent-merkle-tree)\/.*: Math\.(log2|pow)$/;
const IMPORTS = /(?:\bfrom\s*|\brequire\(\s*|\bimport\s*)['"]([^'"]+)['"]/g;

/** Code without comments. */
function codeOf(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Packages that the core names, with the file that does. */
function packagesOfCore(): [name: string, from: string][] {
  const named: [string, string][] = [];
  for (const folder of CORE_FOLDERS) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const path = join(ROOT, folder, file);
      for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(IMPORTS)) {
        if (!name.startsWith('.')) named.push([name, path]);
      }
    }
  }
  return named;
}

/** The file that a name stands for, by the rules of `import` or else of `require`. */
function resolved(name: string, from: string): string | undefined {
  if (name.startsWith('node:')) return undefined;
  try {
    return createRequire(from).resolve(name);
  } catch {
    try {
      return new URL(import.meta.resolve(name, pathToFileURL(from).href)).pathname;
    } catch {
      // Named in a comment, or optional and not there.
      return undefined;
    }
  }
}

/** Every file of a package that is reached from the core. */
function reachedFiles(): string[] {
  const reached = new Set<string>();
  const todo = packagesOfCore();
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const path = resolved(...next);
    if (path === undefined || reached.has(path) || !/\.[cm]?js$/.test(path)) continue;
    reached.add(path);
    for (const [, name = ''] of codeOf(path).matchAll(IMPORTS)) {
      todo.push([name, path]);
    }
  }
  return [...reached].sort();
}

const files = reachedFiles();

test('the functions of pricing are reached, to their last helper', () => {
  const packages = new Set(files.map((file) => relative(join(ROOT, 'node_modules'), file)));
  for (const name of ['exp', 'ln', 'erfc', 'erfcx', 'ldexp']) {
    const isReached = [...packages].some((file) => file.includes(`/math-base-special-${name}/`));
    expect([name, isReached]).toEqual([name, true]);
  }
  expect(files.length).toBeGreaterThan(100);
});

test('no package that prices or hashes for the core calls what differs between engines', () => {
  const findings: string[] = [];
  for (const file of files) {
    for (const [, member = ''] of codeOf(file).matchAll(/\bMath\.(\w+)/g)) {
      const found = `${relative(ROOT, file)}: Math.${member}`;
      if (!EXACT.test(member) && !DEPTHS.test(found)) findings.push(found);
    }
  }
  expect(findings).toEqual([]);
});
