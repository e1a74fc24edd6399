/**
 * Starts the devnet's processes, restarts those that end by themselves, and ends all of them.
 *
 * Each child runs in a process group of its own, so that Ctrl-C reaches only the devnet, which then
 * ends its children in order; the leash ends them when the devnet itself is killed. Output of a
 * child goes to its log file by its own descriptor: nothing passes through this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Pause before a restart: doubles from the first to the last, forgotten after a quiet minute. */
const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 10_000;
const QUIET_MS = 60_000;
/** Time a child has to end by itself. */
const STOP_GRACE_MS = 8_000;
/** A log that is longer when its process starts is put aside, one generation deep. */
const MAX_LOG_BYTES = 32 * 1024 * 1024;

const LEASH = join(import.meta.dirname, 'leash.ts');

export type ChildSpec = {
  /** Unique, e.g. `validator-2`. */
  readonly name: string;
  /** The program: a path that Node can run. */
  readonly script: string;
  readonly arguments: readonly string[];
  /** Options of Node itself, e.g. `--cpu-prof`. */
  readonly nodeOptions: readonly string[];
  readonly logPath: string;
  /** The order of ending: lower first, equal ones together. */
  readonly stopOrder: number;
  /** Exit codes after which starting again would only fail again. */
  readonly finalExitCodes?: readonly number[];
};

export type ChildEvent =
  | { readonly kind: 'started'; readonly name: string; readonly pid: number }
  | {
      readonly kind: 'died';
      readonly name: string;
      /** Exit code or signal, for people. */
      readonly cause: string;
      /** Undefined: it is not started again. */
      readonly restartInMs: number | undefined;
      readonly logPath: string;
    };

export interface Supervisor {
  start(spec: ChildSpec): void;
  /** Sends a signal; false when no such child is running. It restarts like one that crashed. */
  signal(name: string, signal: NodeJS.Signals): boolean;
  /** Process id, or undefined while it is not running. */
  pid(name: string): number | undefined;
  /** Ends every child, by stop order, and forgets them. No child is left when it resolves. */
  stopAll(): Promise<void>;
  /** Ends one child for good. */
  stop(name: string): Promise<void>;
}

type Child = {
  readonly spec: ChildSpec;
  process: ChildProcess | undefined;
  backoffMs: number;
  startedAt: number;
  restart: NodeJS.Timeout | undefined;
  wanted: boolean;
};

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

/** Resolves when `child` has ended, or after `withinMs`; says whether it has. */
function ended(child: ChildProcess, withinMs: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** A supervisor without children; `onEvent` hears of every start and unexpected end. */
export function createSupervisor(onEvent: (event: ChildEvent) => void): Supervisor {
  const children = new Map<string, Child>();

  const launch = (child: Child): void => {
    const { spec } = child;
    const log = openLog(spec.logPath);
    let launched: ChildProcess;
    child.startedAt = Date.now();
    try {
      launched = spawn(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          '--import',
          LEASH,
          ...spec.nodeOptions,
          spec.script,
          ...spec.arguments,
        ],
        { stdio: ['ignore', log, log, 'ipc'], detached: true },
      );
    } catch (cause) {
      // The system cannot start it now, e.g. while the program's file is replaced.
      onEnd(child, cause instanceof Error ? cause.message : String(cause));
      return;
    } finally {
      closeSync(log);
    }
    child.process = launched;
    // A child that never started has no exit.
    launched.once('error', (cause) => {
      if (launched.pid === undefined) onEnd(child, cause.message);
    });
    launched.once('exit', (code, signal) => {
      onEnd(child, signal ?? `exit code ${code}`, code ?? undefined);
    });
    if (launched.pid !== undefined)
      onEvent({ kind: 'started', name: spec.name, pid: launched.pid });
  };

  const onEnd = (child: Child, cause: string, code?: number): void => {
    child.process = undefined;
    if (!child.wanted) return;
    const { name, logPath, finalExitCodes = [] } = child.spec;
    if (code !== undefined && finalExitCodes.includes(code)) {
      onEvent({ kind: 'died', name, cause, restartInMs: undefined, logPath });
      return;
    }
    if (Date.now() - child.startedAt > QUIET_MS) child.backoffMs = FIRST_BACKOFF_MS;
    const restartInMs = child.backoffMs;
    child.backoffMs = Math.min(LAST_BACKOFF_MS, 2 * child.backoffMs);
    child.restart = setTimeout(() => launch(child), restartInMs);
    onEvent({ kind: 'died', name, cause, restartInMs, logPath });
  };

  const end = async (child: Child): Promise<void> => {
    child.wanted = false;
    clearTimeout(child.restart);
    const running = child.process;
    if (running) {
      running.kill('SIGTERM');
      if (!(await ended(running, STOP_GRACE_MS))) {
        running.kill('SIGKILL');
        await ended(running, STOP_GRACE_MS);
      }
    }
    children.delete(child.spec.name);
  };

  return {
    start: (spec) => {
      if (children.has(spec.name)) throw new Error(`${spec.name} is already supervised`);
      const child: Child = {
        spec,
        process: undefined,
        backoffMs: FIRST_BACKOFF_MS,
        startedAt: 0,
        restart: undefined,
        wanted: true,
      };
      children.set(spec.name, child);
      launch(child);
    },
    signal: (name, signal) => children.get(name)?.process?.kill(signal) ?? false,
    pid: (name) => children.get(name)?.process?.pid,
    stop: async (name) => {
      const child = children.get(name);
      if (child) await end(child);
    },
    stopAll: async () => {
      const all = [...children.values()];
      // No restart may slip in while the first ones are ending.
      for (const child of all) {
        child.wanted = false;
        clearTimeout(child.restart);
      }
      const orders = [...new Set(all.map(({ spec }) => spec.stopOrder))].sort((a, b) => a - b);
      for (const order of orders) {
        await Promise.all(all.filter(({ spec }) => spec.stopOrder === order).map(end));
      }
    },
  };
}
