import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  lockFolder,
  type Manifest,
  readManifest,
  resetFolder,
  writeManifest,
} from '../../devnet/folder.ts';

const manifest: Manifest = {
  version: 1,
  profile: 'devnet',
  seed: 3,
  startedAtMs: 1_800_000_000_000,
  validators: [{ p2pPort: 1_001, rpcPort: 1_002, metricsPort: 1_003 }],
  faucetPort: 1_004,
};
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'miletus-folder-'));
});
afterEach(() => rmSync(home, { recursive: true }));

describe('folder of a devnet', () => {
  test('remembers its network', () => {
    expect(readManifest(home)).toBeUndefined();
    writeManifest(home, manifest);
    expect(readManifest(home)).toEqual(manifest);
  });

  test.each([
    ['cut short', '{"version":1,'],
    ['of another version', JSON.stringify({ ...manifest, version: 2 })],
    ['with a wrong port', JSON.stringify({ ...manifest, faucetPort: 70_000 })],
  ])('says what to do about a manifest %s', (_, text) => {
    writeFileSync(join(home, 'devnet.json'), text);
    expect(() => readManifest(home)).toThrow(/devnet\.json cannot be used: .*--reset/s);
  });

  test('is held by one process at a time; a dead holder does not count', () => {
    const unlock = lockFolder(home);
    expect(() => lockFolder(home)).toThrow(`already runs in ${home} (process ${process.pid})`);
    unlock();
    // No process has this number: it is above the kernel's largest.
    writeFileSync(join(home, 'devnet.lock'), '99999999');
    lockFolder(home)();
    expect(existsSync(join(home, 'devnet.lock'))).toBe(false);
  });

  test('is emptied of a devnet, and of nothing else', () => {
    writeManifest(home, manifest);
    mkdirSync(join(home, 'validator-0'));
    resetFolder(home);
    expect(existsSync(join(home, 'devnet.json'))).toBe(false);
    expect(existsSync(join(home, 'validator-0'))).toBe(false);
    writeManifest(home, manifest);
    writeFileSync(join(home, 'thesis.txt'), 'precious');
    expect(() => resetFolder(home)).toThrow('thesis.txt');
    expect(readManifest(home)).toEqual(manifest);
  });
});
