/**
 * Looks at keys at rest for what makes them unsafe: files that others may read, cheap scrypt, a key
 * that stands in two places.
 *
 * Reads the private key files of homes, since only so can two copies of a key be known as one; no
 * secret is in what it returns. Changes nothing.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { ed25519Signer } from '../client/sign.ts';
import { DEFAULT_SCRYPT_N, keystoreErrorText, parseKeystore } from './keystore.ts';

export const FINDING_CODES = [
  'loose_permissions',
  'foreign_owner',
  'unreadable',
  'weak_scrypt',
  'reused_key',
  'key_in_two_homes',
  'key_beside_signer',
  'stray_file',
  'core_dumps',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** What was found and what to do. `error`: a key is, or may come, in other hands, or may sign twice. */
export type Finding = {
  readonly severity: 'error' | 'warning';
  readonly code: FindingCode;
  readonly path: string;
  readonly detail: string;
};

/** The home of a node or signer. */
export type KeyHome = {
  readonly path: string;
  /** Key files that its configuration names. */
  readonly keyFiles: readonly string[];
  /** The consensus key is with a signer process. */
  readonly hasSigner: boolean;
};

export type Examined = { readonly checked: number; readonly findings: readonly Finding[] };

/** A key that was found, by its public side. */
type Held = { readonly publicKey: string; readonly path: string; readonly home: string };

const KEYSTORE_FILE = /^[a-z0-9][a-z0-9_-]{0,31}\.json$/;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

const octal = (mode: number): string => (mode & 0o777).toString(8);

/** Mode and owner of a file or folder that holds secrets. */
function examineAccess(path: string, kind: 'file' | 'folder'): Finding[] {
  const { mode, uid } = statSync(path);
  const findings: Finding[] = [];
  if ((mode & OTHERS) !== 0) {
    // A folder that others may only list gives no key away, one they may write does.
    const isOpen = kind === 'file' || (mode & OTHERS_WRITE) !== 0;
    const allowed = kind === 'file' ? '600' : '700';
    findings.push({
      severity: isOpen ? 'error' : 'warning',
      code: 'loose_permissions',
      path,
      detail: `mode ${octal(mode)}; allowed ${allowed}: chmod ${allowed} ${path}`,
    });
  }
  const own = process.getuid?.();
  if (own !== undefined && uid !== own && uid !== 0) {
    const detail = `belongs to user ${uid}, who may read and change it`;
    findings.push({ severity: 'error', code: 'foreign_owner', path, detail });
  }
  return findings;
}

/** The encrypted keys of `folder`. */
function examineKeystores(folder: string): { findings: Finding[]; held: Held[]; checked: number } {
  if (!existsSync(folder)) return { findings: [], held: [], checked: 0 };
  const findings = examineAccess(folder, 'folder');
  const held: Held[] = [];
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const path = join(folder, name);
    findings.push(...examineAccess(path, 'file'));
    if (!KEYSTORE_FILE.test(name)) {
      const detail = 'no key file by its name: a draft or a copy that nobody will think of';
      findings.push({ severity: 'warning', code: 'stray_file', path, detail });
      continue;
    }
    const parsed = parseKeystore(readFileSync(path, 'utf8'));
    if (!parsed.ok) {
      const code = parsed.error.code === 'kdf_out_of_range' ? 'weak_scrypt' : 'unreadable';
      const detail = keystoreErrorText(parsed.error);
      findings.push({ severity: 'error', code, path, detail });
      continue;
    }
    const { n } = parsed.value.crypto.kdf.params;
    if (n < DEFAULT_SCRYPT_N) {
      const detail = `scrypt n ${n}, usual is ${DEFAULT_SCRYPT_N}: import the key anew`;
      findings.push({ severity: 'warning', code: 'weak_scrypt', path, detail });
    }
    held.push({ publicKey: parsed.value.pubkey, path, home: folder });
  }
  return { findings, held, checked: names.length };
}

/** Key files of a home: those that its configuration names, and whatever else is in `keys/`. */
function keyFilesOf({ path, keyFiles }: KeyHome): string[] {
  const folder = join(path, 'keys');
  const others = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const there = [...keyFiles, ...others].filter((file) => existsSync(file));
  return [...new Set(there.map((file) => realpathSync(file)))].sort();
}

/** The plain keys of a home. */
function examineHome(home: KeyHome): { findings: Finding[]; held: Held[]; checked: number } {
  const findings: Finding[] = [];
  const held: Held[] = [];
  const folder = join(home.path, 'keys');
  if (existsSync(folder)) findings.push(...examineAccess(folder, 'folder'));
  const files = keyFilesOf(home);
  for (const path of files) {
    findings.push(...examineAccess(path, 'file'));
    const text = readFileSync(path, 'utf8').trim();
    const seed = text.length === 64 ? fromHex(text) : undefined;
    if (seed === undefined) {
      const detail = 'does not hold 64 hex characters';
      findings.push({ severity: 'error', code: 'unreadable', path, detail });
      continue;
    }
    held.push({ publicKey: toHex(ed25519Signer(seed).publicKey), path, home: home.path });
    if (home.hasSigner && basename(path) === 'consensus.key') {
      const detail = 'the configuration names a signer, and yet the key is here: remove it';
      findings.push({ severity: 'error', code: 'key_beside_signer', path, detail });
    }
  }
  return { findings, held, checked: files.length };
}

/** Keys that stand in more than one place. */
function examineCopies(held: readonly Held[]): Finding[] {
  const places = new Map<string, Held[]>();
  for (const one of held) {
    places.set(one.publicKey, [...(places.get(one.publicKey) ?? []), one]);
  }
  return [...places].flatMap(([publicKey, [first, ...others]]) =>
    others.map((other): Finding => {
      const isHome = first?.home !== other.home;
      const consequence = isHome
        ? 'two processes with one consensus key sign twice and are slashed'
        : 'a key has one purpose';
      return {
        severity: 'error',
        code: isHome ? 'key_in_two_homes' : 'reused_key',
        path: other.path,
        detail: `key ${publicKey} is also in ${first?.path}: ${consequence}`,
      };
    }),
  );
}

/** Whether a dump of a process with keys could reach a disk. `isDenied`: this one's holds no memory. */
function examineCoreDumps(isDenied: boolean): Finding[] {
  if (isDenied) return [];
  const path = '/proc/self/limits';
  const line = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const soft = /^Max core file size\s+(\S+)/m.exec(line)?.[1];
  if (soft === '0') return [];
  const detail = `core files may hold keys (limit ${soft ?? 'unknown'}): ulimit -c 0, or LimitCORE=0`;
  return [{ severity: 'warning', code: 'core_dumps', path, detail }];
}

/**
 * Examines the folder of encrypted keys and the homes of nodes and signers. Findings by severity, then
 * path. Cost: one public key (0.3 ms) a plain key file.
 */
export function examineKeys(options: {
  readonly keysFolder: string;
  readonly homes: readonly KeyHome[];
  readonly coreDumps: 'off' | 'unknown';
}): Examined {
  const parts = [examineKeystores(options.keysFolder), ...options.homes.map(examineHome)];
  const findings = [
    ...parts.flatMap((part) => part.findings),
    ...examineCopies(parts.flatMap(({ held }) => held)),
    ...examineCoreDumps(options.coreDumps === 'off'),
  ];
  const rank = ({ severity, path }: Finding): string => `${severity === 'error' ? 0 : 1}${path}`;
  findings.sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  return { checked: parts.reduce((sum, { checked }) => sum + checked, 0), findings };
}
