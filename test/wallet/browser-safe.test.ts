/** The client, its schemas and the keystore run in a browser: nothing they import is Node's. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENTRIES = [
  ...readdirSync(join(ROOT, 'wallet/client')).map((file) => `wallet/client/${file}`),
  ...readdirSync(join(ROOT, 'wallet/light')).map((file) => `wallet/light/${file}`),
  ...readdirSync(join(ROOT, 'node/rpc/schemas')).map((file) => `node/rpc/schemas/${file}`),
  ...['keystore', 'derive', 'mnemonic'].map((file) => `wallet/keys/${file}.ts`),
];

/** Portable packages: no native module, nothing of Node. */
const PORTABLE =
  /^(?:zod|@scure\/|@noble\/|@chainsafe\/ssz|@chainsafe\/as-sha256|micro-key-producer\/|@stdlib\/math-base-special-)/;

/** Modules that `import type` alone names vanish before anything runs. */
function importsOf(path: string): string[] {
  const source = readFileSync(path, 'utf8').replace(/^import type[^;]*;/gm, '');
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'([^', ]+)'/g)].map(([, name]) => name ?? '');
}

test('their imports, followed to the end, are relative or portable', () => {
  const seen = new Set<string>();
  const foreign: string[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const name of importsOf(path)) {
      if (name.startsWith('.')) visit(resolve(dirname(path), name));
      else if (!PORTABLE.test(name)) foreign.push(`${path.slice(ROOT.length)} imports ${name}`);
    }
  };
  for (const entry of ENTRIES) visit(join(ROOT, entry));
  expect(seen.size).toBeGreaterThan(ENTRIES.length);
  expect(foreign).toEqual([]);
});

test('and use no global of Node', () => {
  for (const entry of ENTRIES) {
    const source = readFileSync(join(ROOT, entry), 'utf8');
    expect(source, entry).not.toMatch(/\b(?:Buffer|process|setImmediate|__dirname)\b[.(]\w/);
  }
});
