/** A node of a test's own, as a process: of the home `n0` in a folder, on ports that the system gives. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'miletus.js');

export type OwnNode = {
  /** `http:` of its JSON-RPC. */
  readonly url: string;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
};

/** Starts the node of `folder`/n0. Rejects with its output when it does not listen within a minute. */
export async function startOwnNode(folder: string): Promise<OwnNode> {
  const config = join(folder, 'n0', 'config.toml');
  const text = readFileSync(config, 'utf8').replaceAll('tcp/26656', 'tcp/0');
  writeFileSync(config, text.replaceAll(/^port = \d+$/gm, 'port = 0'));
  const child = spawn(process.execPath, [LAUNCHER, 'node', 'start', '--home', 'n0'], {
    cwd: folder,
    stdio: 'pipe',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  };
  try {
    const url = await vi.waitFor(
      () => {
        const found = /"rpc":"(http:[^"]+)"/.exec(output)?.[1];
        if (found === undefined) throw new Error(output);
        return found;
      },
      { timeout: 60_000, interval: 100 },
    );
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
