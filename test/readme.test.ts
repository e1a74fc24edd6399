/**
 * Every command of README.md is executed, in its order, against a devnet that this test starts. What a
 * reader must fill in (an address, a listed series, the ports of the banner) is filled in here.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const LAUNCHER = join(ROOT, 'bin', 'miletus.js');

/** Lines of the README's `sh` blocks, in order. */
const COMMANDS = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line !== '');

type Banner = {
  readonly rpc: readonly string[];
  readonly faucet: string;
  readonly accounts: readonly string[];
};

let folder = '';
let devnet: ChildProcess | undefined;
let banner: Banner = { rpc: [], faucet: '', accounts: [] };
let address = '';
let instrument = '';

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  // Contacts, history and trust of this test, not of who runs it.
  HOME: folder,
  MILETUS_NODE: banner.rpc[0],
  MILETUS_KEYS: join(folder, 'keys'),
  MILETUS_PASSWORD_FILE: join(folder, 'password'),
});

function miletus(args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: environment(), timeout: 60_000 };
    execFile(process.execPath, [LAUNCHER, ...args], options, (error, out, err) => {
      const status = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
      resolve({ status, out, err });
    });
  });
}

/** The command with what a reader fills in. */
const filled = (command: string): string =>
  command
    .replaceAll(
      'mil1...',
      / (?:send|contacts) /.test(command) ? (banner.accounts[0] ?? '') : address,
    )
    .replaceAll('BTC-25DEC26-100000-C', instrument)
    .replaceAll('BTC-25DEC26-100000-P', instrument.replace(/C$/, 'P'))
    .replaceAll('http://127.0.0.1:7401', banner.rpc[0] ?? '')
    .replaceAll('http://127.0.0.1:7400', banner.faucet);

/** Words of a shell line: single quotes group. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

/** Learns what `command` needs filled in: Alice's address, a series that is listed now. */
async function refreshFacts(command: string): Promise<void> {
  if (address === '' && command.includes('mil1...')) {
    const shown = await miletus(['keys', 'show', 'alice', '--json']);
    if (shown.status === 0) address = (JSON.parse(shown.out) as { address: string }).address;
  }
  if (!command.includes('BTC-25DEC26') && !command.includes('quotes.json')) return;
  const listed = await miletus(['trade', 'instruments', 'BTC', '--json']);
  if (listed.status !== 0) return;
  type Listed = { instrument_name: string; option_type: string | null; is_active: boolean };
  const calls = (JSON.parse(listed.out) as Listed[]).filter(
    ({ option_type: type, is_active: isActive }) => type === 'call' && isActive,
  );
  instrument = calls.at(-1)?.instrument_name ?? '';
  const quote = { instrument, bid: { price: '5', amount: '0.01' } };
  writeFileSync(join(folder, 'quotes.json'), JSON.stringify({ quotes: [quote] }));
}

/** Starts the validator of the README, on free ports, until its first blocks are final. */
async function startNode(args: readonly string[]): Promise<void> {
  const config = join(folder, 'n0', 'config.toml');
  const text = readFileSync(config, 'utf8').replaceAll('tcp/26656', 'tcp/0');
  writeFileSync(config, text.replaceAll(/^port = \d+$/gm, 'port = 0'));
  const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd: folder, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const options = { timeout: 60_000, interval: 200 };
  try {
    const url = await vi.waitFor(() => {
      const found = /"rpc":"(http:[^"]+)"/.exec(output)?.[1];
      if (found === undefined) throw new Error(output);
      return found;
    }, options);
    await vi.waitFor(async () => {
      const status = await miletus(['query', 'status', '--node', url, '--json']);
      expect((JSON.parse(status.out) as { height: number }).height).toBeGreaterThan(0);
    }, options);
    child.kill('SIGTERM');
    expect(await exit, output).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'miletus-readme-'));
  writeFileSync(join(folder, 'password'), 'correct horse battery staple\n');
  devnet = spawn(
    process.execPath,
    [LAUNCHER, 'devnet', 'up', '--home', join(folder, 'devnet'), '--json', '--seed', '5'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines: { type: string; text?: string }[] = [];
  if (devnet.stdout) {
    createInterface({ input: devnet.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  }
  await vi.waitFor(
    () => expect(lines.some(({ text }) => text?.startsWith('first trade'))).toBe(true),
    { timeout: 90_000, interval: 100 },
  );
  banner = lines[0] as unknown as Banner;
}, 100_000);

afterAll(async () => {
  const child = devnet;
  if (child?.exitCode === null) {
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

describe('README', () => {
  test('holds commands', () => {
    expect(COMMANDS.length).toBeGreaterThan(20);
  });

  test('each command does what it says', { timeout: 240_000 }, async () => {
    const scripts = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const command of COMMANDS) {
      await refreshFacts(command);
      const [program, ...rest] = wordsOf(filled(command));
      if (program === 'npm') {
        // `npm start` is what beforeAll did; `npm test` runs this file.
        expect(scripts.scripts, command).toHaveProperty(rest[0] ?? '');
      } else if (program === 'export') {
        expect(rest[0]).toBe(`MILETUS_NODE=${banner.rpc[0]}`);
      } else if (program === 'curl') {
        const answer = await fetch(rest[2] ?? '', { method: 'POST', body: rest[1] ?? '' });
        expect(answer.status, command).toBe(200);
      } else if (rest[1] === 'node' && rest[2] === 'start') {
        await startNode(rest.slice(1));
      } else {
        const done = await miletus(rest.slice(1));
        expect(done.status, `${filled(command)}\n${done.out}\n${done.err}`).toBe(0);
        expect(done.out, command).not.toBe('');
      }
    }
  });
});
