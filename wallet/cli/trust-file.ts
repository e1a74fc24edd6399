/**
 * What this person trusts, kept in `~/.miletus/trust.json`: a genesis hash or a checkpoint, and how far
 * the epochs have been walked since, so that each command goes on where the last one ended and trust
 * stays young while the wallet is used.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { type Anchor, parseCheckpoint } from '../light/trust.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type Arguments, text } from './options.ts';

/** As in the file: hashes in hex, checkpoints as `epoch:hash`. */
export type TrustFile = {
  readonly genesis?: string;
  readonly checkpoint?: string;
  /** The newest epoch walked to, and the chain that it is of. */
  readonly walked?: { readonly checkpoint: string; readonly chain_id: string };
};

export function trustPath(): string {
  return process.env['MILETUS_TRUST'] ?? join(homedir(), '.miletus', 'trust.json');
}

/** An empty trust where there is no file. Throws `CliError` on one that cannot be used. */
export function readTrust(): TrustFile {
  let content: string;
  try {
    content = readFileSync(trustPath(), 'utf8');
  } catch {
    return {};
  }
  try {
    const found = JSON.parse(content) as TrustFile;
    const isUsable =
      (found.genesis === undefined || fromHex(found.genesis)?.length === 32) &&
      (found.checkpoint === undefined || parseCheckpoint(found.checkpoint) !== undefined);
    if (isUsable) return found;
  } catch {
    // Said below: whatever is wrong with it, the file cannot be used.
  }
  const allowed = 'what `miletus trust` wrote; `miletus trust forget` removes it';
  throw new CliError(EXIT.badData, { field: 'trust', given: trustPath(), allowed });
}

/** Written beside and renamed: a reader sees the old or the new one. */
export function writeTrust(trust: TrustFile): void {
  const path = trustPath();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, `${JSON.stringify(trust, null, 2)}\n`, { mode: 0o600 });
  renameSync(beside, path);
}

export function forgetTrust(): void {
  rmSync(trustPath(), { force: true });
}

const CHECKPOINT = 'EPOCH:HASH, the hash of 64 hex characters';

export function checkpointOf(
  field: string,
  given: string,
): Extract<Anchor, { kind: 'checkpoint' }> {
  const found = parseCheckpoint(given);
  if (found === undefined) throw usageError(field, given, CHECKPOINT);
  return found;
}

export function genesisHashOf(field: string, given: string): Uint8Array {
  const found = fromHex(given);
  if (found?.length !== 32) throw usageError(field, given, '64 hex characters');
  return found;
}

/**
 * What a command trusts: `--checkpoint`, else the environment, else the file, where it goes on from the
 * newest epoch walked. `undefined` when nothing is configured.
 */
export function anchorOf(argv: Arguments): Anchor | undefined {
  const given = text(argv, 'checkpoint');
  if (given !== undefined) return checkpointOf('--checkpoint', given);
  const { MILETUS_CHECKPOINT: checkpoint, MILETUS_GENESIS: genesis } = process.env;
  if (checkpoint !== undefined) return checkpointOf('MILETUS_CHECKPOINT', checkpoint);
  if (genesis !== undefined) {
    return { kind: 'genesis', chainId: genesisHashOf('MILETUS_GENESIS', genesis) };
  }
  const trust = readTrust();
  const chainId = trust.genesis === undefined ? undefined : genesisHashOf('trust', trust.genesis);
  if (trust.walked !== undefined) {
    const of = genesisHashOf('trust', trust.walked.chain_id);
    return { ...checkpointOf('trust', trust.walked.checkpoint), chainId: of };
  }
  if (trust.checkpoint !== undefined) {
    return { ...checkpointOf('trust', trust.checkpoint), chainId };
  }
  return chainId === undefined ? undefined : { kind: 'genesis', chainId };
}

/** Remembers how far the walk came, where trust is from the file. */
export function noteWalked(
  argv: Arguments,
  walked: { checkpoint: string; chainId: Uint8Array },
): void {
  const isFromFile =
    text(argv, 'checkpoint') === undefined &&
    process.env['MILETUS_CHECKPOINT'] === undefined &&
    process.env['MILETUS_GENESIS'] === undefined;
  if (!isFromFile) return;
  const trust = readTrust();
  if (trust.genesis === undefined && trust.checkpoint === undefined) return;
  if (trust.walked?.checkpoint === walked.checkpoint) return;
  const { checkpoint, chainId } = walked;
  writeTrust({ ...trust, walked: { checkpoint, chain_id: toHex(chainId) } });
}
