/** Runs the command line on a terminal of its own (`script` of util-linux makes one), as a person does. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const LAUNCHER: string = fileURLToPath(new URL('../../bin/miletus.js', import.meta.url));

export type Person = {
  /** Waits until the terminal shows this after what was waited for before; types an answer. */
  answer(shown: RegExp, typed: string): Promise<void>;
  /** Everything that the terminal showed, and the status, once the command has ended. */
  ended(): Promise<{ readonly screen: string; readonly code: number | null }>;
};

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Starts `miletus` with these arguments. */
export function atTerminal(
  argv: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Person {
  const command = [process.execPath, LAUNCHER, ...argv].map(quoted).join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: options.cwd,
    env: {
      ...{ PATH: process.env['PATH'] ?? '', HOME: options.cwd, SHELL: '/bin/sh', TERM: 'dumb' },
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let screen = '';
  let seen = 0;
  child.stdout.on('data', (chunk) => {
    screen += String(chunk);
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    async answer(shown, typed) {
      await vi.waitFor(
        () => {
          const found = shown.exec(screen.slice(seen));
          if (found === null) throw new Error(`${shown} is not shown:\n${screen.slice(seen)}`);
          seen += found.index + found[0].length;
        },
        { timeout: 30_000, interval: 50 },
      );
      child.stdin.write(`${typed}\r`);
    },
    async ended() {
      const code = await exit;
      return { screen: screen.replaceAll('\r\n', '\n'), code };
    },
  };
}
