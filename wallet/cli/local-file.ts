/** Small files of this wallet under `~/.miletus`: for this person alone, replaced whole. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `~/.miletus/NAME`, or what the environment's `variable` says. */
export function localPath(name: string, variable: string): string {
  return process.env[variable] ?? join(homedir(), '.miletus', name);
}

/** Its text; `undefined` when there is no such file. */
export function readLocal(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Written beside and renamed, so that a reader sees the old or the new one; mode 600. */
export function writeLocal(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, content, { mode: 0o600 });
  renameSync(beside, path);
}
