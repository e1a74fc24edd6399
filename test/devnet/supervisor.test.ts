import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ChildEvent, createSupervisor } from '../../devnet/supervisor.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miletus-supervisor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const sleeper = (name: string, stopOrder = 0) => ({
  name,
  script: join(PROGRAMS, 'sleep.ts'),
  arguments: [],
  nodeOptions: [],
  logPath: join(folder, `${name}.log`),
  stopOrder,
});

/** Awaits the child's own first line: its program runs then. */
const awake = (name: string, times = 1) =>
  vi.waitFor(
    () => {
      const log = readFileSync(join(folder, `${name}.log`), 'utf8');
      expect(log.split('awake').length - 1).toBe(times);
    },
    { timeout: 10_000, interval: 20 },
  );

describe('supervisor', () => {
  test('restarts a child that was killed, says so, and ends all of them in order', async () => {
    const events: ChildEvent[] = [];
    const supervisor = createSupervisor((event) => events.push(event));
    supervisor.start(sleeper('a', 1));
    supervisor.start(sleeper('b', 0));
    await awake('a');
    const first = supervisor.pid('a') ?? 0;
    expect(supervisor.signal('a', 'SIGKILL')).toBe(true);
    await awake('a', 2);
    const second = supervisor.pid('a') ?? 0;
    expect(second).not.toBe(first);
    expect(events).toContainEqual({
      kind: 'died',
      name: 'a',
      cause: 'SIGKILL',
      restartInMs: 250,
      logPath: join(folder, 'a.log'),
    });
    const other = supervisor.pid('b') ?? 0;
    expect(isAlive(other)).toBe(true);
    await supervisor.stopAll();
    expect([first, second, other].map(isAlive)).toEqual([false, false, false]);
    expect(events.filter((event) => event.kind === 'died')).toHaveLength(1);
    expect(supervisor.signal('a', 'SIGTERM')).toBe(false);
  });

  test('children end when the supervising process is killed', async () => {
    const parent = spawn(process.execPath, [join(PROGRAMS, 'supervise.ts'), folder]);
    let output = '';
    parent.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await awake('sleeper');
    const child = Number(output.trim());
    expect(isAlive(child)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 10_000, interval: 20 });
  });
});
