/**
 * `miletus devnet up` as a person runs it: it starts, trades, stops at Ctrl-C without a process
 * left, and goes on from there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'miletus.js');
let home = '';
let running: ChildProcess | undefined;

beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), 'miletus-up-')), 'devnet');
});
afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    running.kill('SIGINT');
    await new Promise((resolve) => running?.once('exit', resolve));
  }
  rmSync(join(home, '..'), { recursive: true, force: true });
});

type Line = {
  readonly type: string;
  readonly kind?: string;
  readonly pid?: number;
  readonly name?: string;
  readonly text?: string;
  readonly height?: number;
  readonly resumed?: boolean;
  readonly accounts?: readonly string[];
  readonly rpc?: readonly string[];
  readonly faucet?: string;
};

function start(...options: readonly string[]): {
  lines: Line[];
  stderr: () => string;
  exit: Promise<number | null>;
} {
  const child = spawn(
    process.execPath,
    [LAUNCHER, 'devnet', 'up', '--home', home, '--json', ...options],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running = child;
  const lines: Line[] = [];
  let stderr = '';
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { lines, stderr: () => stderr, exit };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const until = (condition: () => void, timeout: number) =>
  vi.waitFor(condition, { timeout, interval: 50 });
const pids = (lines: readonly Line[]): number[] =>
  lines.flatMap(({ kind, pid }) => (kind === 'started' && pid !== undefined ? [pid] : []));
const statusHeight = (lines: readonly Line[]): number =>
  Math.max(0, ...lines.map(({ type, height }) => (type === 'status' ? (height ?? 0) : 0)));

describe('devnet up', () => {
  test('starts, trades, leaves no process at Ctrl-C, and goes on where it stopped', async () => {
    const first = start();
    await until(
      () => expect(first.lines.some(({ text }) => text?.startsWith('first trade'))).toBe(true),
      60_000,
    );
    const [banner] = first.lines;
    expect(banner).toMatchObject({ type: 'banner', home, resumed: false });
    expect(banner?.accounts).toHaveLength(10);
    const answer = await fetch(banner?.faucet ?? '', {
      method: 'POST',
      body: JSON.stringify({ address: banner?.accounts?.[3] }),
    });
    expect(await answer.json()).toMatchObject({ usd: '10000', mil: '100' });
    // Four validators, four feeders, the bots.
    const started = pids(first.lines);
    expect(started).toHaveLength(9);
    await until(() => expect(statusHeight(first.lines)).toBeGreaterThan(0), 15_000);
    const heightBefore = statusHeight(first.lines);
    running?.kill('SIGINT');
    expect(await first.exit).toBe(0);
    expect(started.filter(isAlive)).toEqual([]);

    const second = start('--no-bots');
    await until(() => expect(statusHeight(second.lines)).toBeGreaterThan(heightBefore), 30_000);
    expect(second.lines[0]).toMatchObject({ type: 'banner', resumed: true });
    const again = pids(second.lines);
    running?.kill('SIGKILL');
    await second.exit;
    // Nobody tells them: they notice.
    await until(() => expect(again.filter(isAlive)).toEqual([]), 15_000);
  }, 150_000);

  test.each([
    [
      'too many validators',
      ['--validators', '99'],
      64,
      '--validators: given 99; allowed is 1 to 16',
    ],
    ['a seed in hex', ['--seed', '0x10'], 64, '--seed: given 0x10'],
    [
      'recordings that are not there',
      ['--replay', '/nowhere'],
      1,
      '/nowhere/prices cannot be read',
    ],
  ])(
    'refuses %s',
    async (_, options, code, message) => {
      const run = start(...options);
      expect(await run.exit).toBe(code);
      expect(run.stderr()).toContain(message);
    },
    20_000,
  );
});
