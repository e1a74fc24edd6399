/** What the command line compiled is kept where its installation is, or where the environment says. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, '..', '..', 'bin', 'miletus.js');

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'miletus-cache-'));
  folders.push(folder);
  return folder;
}

async function version(cache: string): Promise<string> {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, NODE_DISABLE_COMPILE_CACHE: undefined };
  const { stdout } = await run(process.execPath, [MAIN, '--version'], { env });
  return stdout.trim();
}

test('a command leaves compiled modules, and runs by them', async () => {
  const cache = temporary();
  const first = await version(cache);
  expect(readdirSync(cache, { recursive: true }).length).toBeGreaterThan(10);
  expect(await version(cache)).toBe(first);
});

test('a folder that cannot be written is no hindrance', async () => {
  const file = join(temporary(), 'file');
  writeFileSync(file, '');
  expect(await version(join(file, 'under'))).toMatch(/^\d+\.\d+\.\d+/);
});
