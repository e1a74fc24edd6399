/** Configuration and command line of the feeder, as an operator meets them. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleConfig, parseFeederConfig } from '../../feeder/config.ts';
import { VENUE_NAMES } from '../../feeder/sources/venues.ts';
import { writeKeyFile } from '../../node/keys.ts';

const LAUNCHER = resolve('bin/miletus.js');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'feeder-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function miletus(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [LAUNCHER, 'feeder', ...args],
      { cwd: folder },
      (error, out, err) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
      },
    );
  });
}

test('the example is whole: it parses, with every venue', () => {
  const { sources, nodes, oracleKey, intervalMs } = parseFeederConfig(exampleConfig(), '/home');
  expect(sources.map(({ venue }) => venue).sort()).toEqual([...VENUE_NAMES].sort());
  expect(nodes).toEqual(['http://127.0.0.1:8545']);
  expect(oracleKey).toBe('/home/keys/oracle.key');
  expect(intervalMs).toBe(500);
});

describe('a wrong configuration names the key', () => {
  const source = (name: string, url = 'ws://x', coin = 'BTC'): string =>
    `[[sources]]\nname = "${name}"\nvenue = "kraken"\nurl = "${url}"\nmarkets = [{ underlying = "${coin}", symbol = "x" }]\n`;
  test.each([
    ['= x', 'the configuration is not TOML'],
    ['intervalMs = 100', 'intervalMs: '],
    ['interval = 100', 'interval: no such key'],
    ['nodes = ["localhost"]', 'nodes.0: allowed: http(s):// or ws(s)://'],
    [source('a', 'http://x'), 'sources.0.url: allowed: ws:// or wss://'],
    [`underlyings = ["BTC"]\n${source('a')}${source('a')}`, 'the name a comes twice'],
    [`underlyings = ["BTC", "ETH"]\n${source('a')}`, 'underlyings: no source of ETH'],
    [
      `${source('a')}[simulation]\nmodel = "heston"\nprices = { BTC = 1.0 }`,
      'sources: given with simulation',
    ],
  ])('%s', (text, problem) => {
    expect(() => parseFeederConfig(text, '/')).toThrow(problem);
  });
});

test('init writes once, check tells good sources from dead ones', async () => {
  expect(await miletus(['init', 'example.toml'])).toMatchObject({ code: 0 });
  expect(await miletus(['init', 'example.toml'])).toMatchObject({ code: 73 });
  writeFileSync(
    join(folder, 'simulated.toml'),
    '[simulation]\nmodel = "jump_diffusion"\nprices = { BTC = 60000, ETH = 2000 }\n',
  );
  const good = await miletus(['check', '--config', 'simulated.toml', '--seconds', '1', '--json']);
  expect(good.code).toBe(0);
  const report = JSON.parse(good.out);
  expect(report.passed).toBe(true);
  expect(report.underlyings[0]).toMatchObject({ underlying: 'BTC', confidence: 1 });
  expect(Math.abs(report.underlyings[0].index / 60_000 - 1)).toBeLessThan(0.1);
  expect(report.underlyings[0].fits).toHaveLength(6);

  writeFileSync(
    join(folder, 'dead.toml'),
    'underlyings = ["BTC"]\n[[sources]]\nname = "k"\nvenue = "kraken"\nurl = "ws://127.0.0.1:9"\nmarkets = [{ underlying = "BTC", symbol = "BTC/USD" }]\n',
  );
  const dead = await miletus(['check', '--config', 'dead.toml', '--seconds', '1']);
  expect(dead.code).toBe(69);
  expect(dead.out).toContain('ECONNREFUSED');
});

test('run refuses what it cannot start with, by exit status', async () => {
  expect(await miletus(['run', '--config', 'none.toml'])).toMatchObject({ code: 78 });
  const config = join(folder, 'run.toml');
  writeFileSync(
    config,
    'oracleKey = "o.key"\n[simulation]\nmodel = "heston"\nprices = { BTC = 1, ETH = 1 }\n',
  );
  expect(await miletus(['run', '--config', config])).toMatchObject({ code: 65 });
  writeKeyFile(join(folder, 'o.key'), new Uint8Array(32).fill(7));
  chmodSync(join(folder, 'o.key'), 0o644);
  const open = await miletus(['run', '--config', config]);
  expect(open.code).toBe(65);
  expect(open.err).toContain('has mode 644: others may read it; allowed is 600');
  expect(open.err + open.out).not.toContain('0707');
  chmodSync(join(folder, 'o.key'), 0o600);
  const missing = await miletus(['run', '--config', config, '--replay', 'none.csv']);
  expect(missing).toMatchObject({ code: 65 });
  expect(missing.err).toContain('none.csv cannot be read');
  expect(await miletus(['run', '--config', config, '--speed', '2'])).toMatchObject({ code: 64 });
});
