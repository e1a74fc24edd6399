/**
 * Keys at rest: what the doctor finds, a backup and its restore below whose mark nothing is signed, and
 * no secret in argv, output, logs, error texts or a core dump's reach.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { KIND } from '../../consensus/messages.ts';
import { ed25519Key } from '../../node/crypto/ed25519.ts';
import { readKeyFile } from '../../node/keys.ts';
import { createLocalSigner } from '../../node/signer/local-signer.ts';
import { createJournalStore } from '../../node/storage/journal-store.ts';
import { createLevelDisk } from '../../node/storage/level-disk.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { examineKeys, type Finding } from '../../wallet/keys/doctor.ts';
import { type Output, runMany } from '../cli/run-cli.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'miletus.js');
const CHAIN = new Uint8Array(32).fill(5);
const PASSWORD = 'hunter2hunter2';

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);

const cli = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  runMany(commands, {
    cwd: folder,
    env: { MILETUS_KEYS: at('keys'), MILETUS_PASSWORD_FILE: at('password') },
  });

/** Signs in the home's record, as its node would. */
async function signer(home: string) {
  const journal = createJournalStore(await createLevelDisk(join(home, 'data')).open('journal'));
  const key = ed25519Key(readKeyFile(join(home, 'keys', 'consensus.key')));
  const votes = await createLocalSigner({ keys: [key], chainId: CHAIN, journal });
  const nullify = async (of: number, number: number): Promise<string> => {
    const subject = {
      selector: KIND.nullify,
      value: { epoch: epoch(of), view: view(number) },
    } as const;
    const vote = await votes.vote(subject, { signer: validatorIndex(0), key: key.publicKey });
    return vote.ok ? 'signed' : vote.error.code;
  };
  return { nullify, close: () => journal.close() };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'miletus-safety-'));
  writeFileSync(at('password'), `${PASSWORD}\n`, { mode: 0o600 });
  const made = await cli(
    ['keys', 'create', 'alice', '--json'],
    ['node', 'init', '--home', 'n0'],
    ['node', 'init', '--home', 'n1'],
  );
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Codes and the names of files, of what the doctor finds after `spoil` in a copy of everything. */
async function found(spoil: (copy: string) => void): Promise<[string, string, string][]> {
  const copy = mkdtempSync(join(tmpdir(), 'miletus-doctor-'));
  try {
    for (const name of ['keys', 'n0', 'n1'])
      cpSync(at(name), join(copy, name), { recursive: true });
    spoil(copy);
    const homes = ['n0', 'n1'].map((name) => ({
      path: join(copy, name),
      keyFiles: [join(copy, name, 'keys', 'consensus.key'), join(copy, name, 'keys', 'peer.key')],
      hasSigner: false,
    }));
    const { findings, checked } = examineKeys({
      keysFolder: join(copy, 'keys'),
      homes,
      coreDumps: 'off',
    });
    expect(checked).toBeGreaterThan(5);
    return findings.map(({ severity, code, path }: Finding) => [
      severity,
      code,
      path.slice(copy.length + 1),
    ]);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const keystore = (copy: string) => join(copy, 'keys', 'alice.json');
const rewritten = (path: string, change: (text: string) => string): void =>
  writeFileSync(path, change(readFileSync(path, 'utf8')), { mode: 0o600 });

test.each<[string, (copy: string) => void, [string, string, string][]]>([
  ['nothing', () => {}, []],
  [
    'a key file that the group may read',
    (copy) => chmodSync(keystore(copy), 0o640),
    [['error', 'loose_permissions', 'keys/alice.json']],
  ],
  [
    'a plain key that anyone may read',
    (copy) => chmodSync(join(copy, 'n0/keys/peer.key'), 0o604),
    [['error', 'loose_permissions', 'n0/keys/peer.key']],
  ],
  [
    'a folder that others may list',
    (copy) => chmodSync(join(copy, 'keys'), 0o755),
    [['warning', 'loose_permissions', 'keys']],
  ],
  [
    'a folder that others may write',
    (copy) => chmodSync(join(copy, 'n1/keys'), 0o770),
    [['error', 'loose_permissions', 'n1/keys']],
  ],
  [
    'scrypt at the least that is taken',
    (copy) => rewritten(keystore(copy), (text) => text.replace('262144', '131072')),
    [['warning', 'weak_scrypt', 'keys/alice.json']],
  ],
  [
    'scrypt below what is taken',
    (copy) => rewritten(keystore(copy), (text) => text.replace('262144', '16384')),
    [['error', 'weak_scrypt', 'keys/alice.json']],
  ],
  [
    'a key file cut short',
    (copy) => rewritten(keystore(copy), (text) => text.slice(0, 90)),
    [['error', 'unreadable', 'keys/alice.json']],
  ],
  [
    'a plain key cut short',
    (copy) => rewritten(join(copy, 'n0/keys/oracle.key'), (text) => text.slice(0, 60)),
    [['error', 'unreadable', 'n0/keys/oracle.key']],
  ],
  [
    'one key under two names',
    (copy) => cpSync(keystore(copy), join(copy, 'keys/bob.json')),
    [['error', 'reused_key', 'keys/bob.json']],
  ],
  [
    'one key for two purposes',
    (copy) => cpSync(join(copy, 'n0/keys/consensus.key'), join(copy, 'n0/keys/peer.key')),
    [['error', 'reused_key', 'n0/keys/peer.key']],
  ],
  [
    'one key in two homes',
    (copy) => cpSync(join(copy, 'n0/keys/consensus.key'), join(copy, 'n1/keys/consensus.key')),
    [['error', 'key_in_two_homes', 'n1/keys/consensus.key']],
  ],
  [
    'the copy that an editor left',
    (copy) => cpSync(keystore(copy), join(copy, 'keys/alice.json~')),
    [['warning', 'stray_file', 'keys/alice.json~']],
  ],
])('the doctor on %s', async (_name, spoil, expected) => {
  expect(await found(spoil)).toEqual(expected);
});

test('the doctor as a command: exit status 6 and JSON; a key beside its signer', async () => {
  const [clean] = await cli(['keys', 'doctor', '--home', 'n0', '--home', 'n1', '--json']);
  expect(clean).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(clean?.stdout ?? '')).toMatchObject({ checked: 7, errors: 0, findings: [] });
  cpSync(at('n1'), at('n2'), { recursive: true });
  const chainId = '00'.repeat(32);
  const [made] = await cli([
    'signer',
    'init',
    '--home',
    's2',
    '--node-home',
    'n2',
    '--chain-id',
    chainId,
    '--yes',
  ]);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  cpSync(at('s2', 'keys', 'consensus.key'), at('n2', 'keys', 'consensus.key'));
  const [run] = await cli(['keys', 'doctor', '--home', 'n2', '--home', 's2', '--json']);
  expect(run).toMatchObject({ code: EXIT.findings, stderr: '' });
  const { findings } = JSON.parse(run?.stdout ?? '') as { findings: Finding[] };
  expect(findings.map(({ code, path }) => [code, path.slice(folder.length + 1)])).toEqual([
    ['key_beside_signer', 'n2/keys/consensus.key'],
    ['key_in_two_homes', 's2/keys/consensus.key'],
  ]);
});

test('a key moves to its signer with all that it signed', async () => {
  const node = await signer(at('n1'));
  expect(await node.nullify(3, 7)).toBe('signed');
  await node.close();
  const chainId = '00'.repeat(32);
  const [made] = await cli([
    ...['signer', 'init', '--home', 's1', '--node-home', 'n1', '--chain-id', chainId],
    ...['--yes', '--json'],
  ]);
  expect(JSON.parse(made?.stdout ?? '')).toMatchObject({ votes_carried: 1 });
  const moved = createJournalStore(await createLevelDisk(at('s1', 'data')).open('journal'));
  expect((await moved.votes()).votes).toHaveLength(1);
  await moved.close();
});

test('a restored validator signs nothing up to the highest final epoch', async () => {
  const before = await signer(at('n0'));
  expect(await before.nullify(4, 1)).toBe('signed');
  const [running] = await cli(['keys', 'backup', 'running.json', '--home', 'n0', '--json']);
  expect(JSON.parse(running?.stdout ?? '')).toMatchObject({ signed_epoch: null });
  await before.close();
  const [saved, again] = await cli(
    ['keys', 'backup', 'n0.json', '--home', 'n0', '--json'],
    ['keys', 'backup', 'n0.json', '--home', 'n0'],
  );
  expect(JSON.parse(saved?.stdout ?? '')).toMatchObject({ signed_epoch: 4 });
  expect(again).toMatchObject({ code: EXIT.cannotCreate });
  expect(statSync(at('n0.json')).mode & 0o777).toBe(0o600);
  const text = readFileSync(at('n0.json'), 'utf8');
  for (const name of readdirSync(at('n0', 'keys'))) {
    expect(text).not.toContain(readFileSync(at('n0', 'keys', name), 'utf8').trim());
  }

  writeFileSync(at('wrong'), 'another password\n');
  writeFileSync(at('cut.json'), text.slice(0, 500));
  writeFileSync(at('type.json'), text.replaceAll('miletus/validator-key', 'miletus/account-key'));
  const failed = await cli(
    ['keys', 'restore', 'n0.json', '--home', 'r0', '--yes'],
    ['keys', 'restore', 'n0.json', '--home', 'n0', '--final-epoch', '9', '--yes'],
    [
      ...['keys', 'restore', 'n0.json', '--home', 'r0', '--final-epoch', '9', '--yes'],
      ...['--password-file', 'wrong'],
    ],
    ['keys', 'restore', 'cut.json', '--home', 'r0', '--final-epoch', '9', '--yes'],
    ['keys', 'restore', 'type.json', '--home', 'r0', '--final-epoch', '9', '--yes'],
    ['keys', 'import', 'carol', '--mnemonic-file', 'n0.json'],
  );
  expect(failed.map(({ code, stderr }) => [code, stderr.trim()])).toEqual([
    [EXIT.usage, expect.stringMatching(/--final-epoch: given nothing/)],
    [
      EXIT.cannotCreate,
      expect.stringMatching(/--home: given .*n0; allowed: a folder that is empty/),
    ],
    [EXIT.wrongPassword, expect.stringMatching(/the password is wrong, or the file was changed/)],
    [EXIT.badData, expect.stringMatching(/file: given cut.json; .*not JSON: the file is cut/)],
    [EXIT.badData, expect.stringMatching(/type: given miletus\/account-key, allowed miletus\/va/)],
    [EXIT.usage, expect.stringMatching(/mnemonic: given words/)],
  ]);

  const restored = await cli(
    ['keys', 'restore', 'n0.json', '--home', 'r9', '--final-epoch', '9', '--yes', '--json'],
    ['keys', 'restore', 'n0.json', '--home', 'r4', '--final-epoch', '0', '--yes', '--json'],
  );
  expect(restored.map(({ stdout }) => JSON.parse(stdout))).toMatchObject([
    { signs_from_epoch: 10 },
    // A node that lags says too little; what the key itself signed is known.
    { signs_from_epoch: 5 },
  ]);
  expect(readKeyFile(at('r9', 'keys', 'consensus.key'))).toEqual(
    readKeyFile(at('n0', 'keys', 'consensus.key')),
  );
  const after = await signer(at('r9'));
  expect(await after.nullify(4, 1)).toBe('below_low_water_mark');
  expect(await after.nullify(9, 1_000_000)).toBe('below_low_water_mark');
  expect(await after.nullify(10, 1)).toBe('signed');
  await after.close();
}, 60_000);

test('a password comes from a command too, and what it fails with names no secret', async () => {
  mkdirSync(at('other'));
  writeFileSync(at('helper'), `#!/bin/sh\necho ${PASSWORD}\n`, { mode: 0o700 });
  const env = (command: string) => ({
    cwd: folder,
    env: { MILETUS_KEYS: at('other'), MILETUS_PASSWORD_COMMAND: command },
  });
  const [good] = await runMany([['keys', 'create', 'dave', '--json']], env(at('helper')));
  expect(good).toMatchObject({ code: 0, stderr: '' });
  const [bad] = await runMany([['keys', 'create', 'erin']], env('/bin/false --secret s3cret'));
  expect(bad).toMatchObject({ code: EXIT.noInput, stdout: '' });
  expect(bad?.stderr).toMatch(/MILETUS_PASSWORD_COMMAND: given \/bin\/false; .*ended with 1/);
  expect(bad?.stderr).not.toContain('s3cret');
});

test('no secret of a running node is in its argv, environment, output or reach of a core dump', async () => {
  const operator = JSON.parse(readFileSync(at('keys', 'alice.json'), 'utf8')) as {
    address: string;
  };
  const runs = await cli(
    ['node', 'init', '--home', 'n5', '--operator', operator.address],
    ['genesis', 'init', 'n5/genesis.json', '--validator', 'n5/validator.json'],
  );
  expect(runs.map(({ code }) => code)).toEqual([0, 0]);
  rewritten(at('n5', 'config.toml'), (text) =>
    text.replaceAll('tcp/26656', 'tcp/0').replaceAll(/^port = \d+$/gm, 'port = 0'),
  );
  const child = spawn(process.execPath, [LAUNCHER, 'node', 'start', '--home', at('n5')], {
    stdio: 'pipe',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  try {
    await vi.waitFor(() => expect(output).toMatch(/"rpc":"http/), { timeout: 40_000 });
    const of = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'utf8');
    const seen = `${of('cmdline')}${of('environ')}${output}`;
    for (const name of readdirSync(at('n5', 'keys'))) {
      const secret = readFileSync(at('n5', 'keys', name), 'utf8').trim();
      expect(secret).toHaveLength(64);
      expect(seen).not.toContain(secret);
      expect(seen).not.toContain(Buffer.from(secret, 'hex').toString('base64'));
    }
    expect(Number.parseInt(of('coredump_filter'), 16)).toBe(0);
  } finally {
    const over = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await over;
  }
}, 60_000);
