/**
 * The folder of a devnet: what it must remember to go on where it stopped, and a lock so that two
 * devnets never run on one folder.
 *
 *     devnet.json          this manifest
 *     genesis.json         the genesis document
 *     validator-N/         home of a validator: configuration, keys, data
 *     feeders/N.json       what a feeder is started with
 *     bots.json            what the bots are started with
 *     logs/                one file a process
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ProfileName } from './profile.ts';

/** A folder or an option that cannot be used, in words for the person who gave it. */
export class DevnetError extends Error {
  override readonly name = 'DevnetError';
}

const MANIFEST = 'devnet.json';
const LOCK = 'devnet.lock';
const VERSION = 1;

export type ValidatorPorts = {
  readonly p2pPort: number;
  readonly rpcPort: number;
  readonly metricsPort: number;
};

export type Manifest = {
  readonly version: number;
  readonly profile: ProfileName;
  /** Of prices and bots. */
  readonly seed: number;
  /** When the network first started: where prices begin. */
  readonly startedAtMs: number;
  readonly validators: readonly ValidatorPorts[];
  readonly faucetPort: number;
  /** Folder of recordings, or undefined for the simulation. */
  readonly replay?: string | undefined;
};

const port = z.int().min(1).max(65_535);
const ManifestSchema: z.ZodType<Manifest> = z.strictObject({
  version: z.literal(VERSION),
  profile: z.enum(['devnet', 'smoke']),
  seed: z.int().min(0),
  startedAtMs: z.int().min(1),
  validators: z
    .array(z.strictObject({ p2pPort: port, rpcPort: port, metricsPort: port }))
    .min(1)
    .max(16),
  faucetPort: port,
  replay: z.string().min(1).optional(),
});

/** The manifest of `home`, or undefined where there is none. Throws `DevnetError` on a broken one. */
export function readManifest(home: string): Manifest | undefined {
  const path = join(home, MANIFEST);
  if (!existsSync(path)) return undefined;
  const problem = (detail: string): DevnetError =>
    new DevnetError(`${path} cannot be used: ${detail}. \`--reset\` begins a new devnet there.`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw problem(cause instanceof Error ? cause.message : String(cause));
  }
  const parsed = ManifestSchema.safeParse(json);
  if (!parsed.success) throw problem(z.prettifyError(parsed.error));
  return parsed.data;
}

/** Written last when a folder is made: a folder with a manifest is whole. */
export function writeManifest(home: string, manifest: Manifest): void {
  const path = join(home, MANIFEST);
  writeFileSync(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** First version of the manifest. */
export const MANIFEST_VERSION: 1 = VERSION;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // Alive, but not ours.
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Takes the lock of `home`, making the folder if need be; returns how to release it. Throws
 * `DevnetError` naming the process that holds it. The lock of a dead process is taken over.
 */
export function lockFolder(home: string): () => void {
  mkdirSync(home, { recursive: true });
  const path = join(home, LOCK);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 0) throw cause;
    }
    const holder = Number(readFileSync(path, 'utf8'));
    if (Number.isInteger(holder) && holder > 0 && isAlive(holder)) {
      throw new DevnetError(
        `a devnet already runs in ${home} (process ${holder}): stop it, or give another --home`,
      );
    }
    rmSync(path, { force: true });
  }
}

/** Files that only a devnet makes: a folder with anything else is not emptied. */
const OWN = /^(devnet\.(json|lock)|genesis\.json|validator-\d+|feeders|bots\.json|logs)$/;

/** Empties the folder of a devnet, its lock excepted. Throws `DevnetError` on foreign files. */
export function resetFolder(home: string): void {
  if (!existsSync(home)) return;
  const names = readdirSync(home);
  const foreign = names.filter((name) => !OWN.test(name));
  if (foreign.length > 0) {
    throw new DevnetError(
      `${home} holds ${foreign.slice(0, 3).join(', ')}, which no devnet made: it is not reset`,
    );
  }
  for (const name of names) {
    if (name !== LOCK) rmSync(join(home, name), { recursive: true, force: true });
  }
}
