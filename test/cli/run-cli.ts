/** Runs the command line as a process of its own, as a user does. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LAUNCHER: string = fileURLToPath(new URL('../../bin/miletus.js', import.meta.url));
const MANY: string = fileURLToPath(new URL('./many-main.ts', import.meta.url));

/** What a command printed, and its status. */
export type Output = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};
export type CliRun = Output & { readonly elapsedMs: number };

export type CliOptions = { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string };

/** Runs a script in a process without a terminal; resolves when it has ended. */
function run(script: string, argv: readonly string[], options: CliOptions): Promise<CliRun> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [script, ...argv], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: options.cwd ?? '/nonexistent', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout, stderr, elapsedMs: performance.now() - startedAt }),
    );
  });
}

/** One command in a process of its own. */
export function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return run(LAUNCHER, argv, options);
}

/** Many commands, one after the other, in one process: starting each would take most of the time. */
export async function runMany(
  commands: readonly (readonly string[])[],
  options: CliOptions = {},
): Promise<Output[]> {
  const { stdout, stderr } = await run(MANY, [JSON.stringify(commands)], options);
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as Output[];
}
