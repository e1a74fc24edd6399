/** The security of an account from the command line, against a node of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountSecurityInfo } from '../../node/rpc/schemas/security.ts';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { type OwnNode, startOwnNode } from './own-node.ts';
import { type Output, runMany } from './run-cli.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const NAMES = ['alice', 'bob', 'phone', 'bot', 'guardian'] as const;
type Name = (typeof NAMES)[number];

let home = '';
let node: OwnNode | undefined;
let url = '';
let addresses: Readonly<Record<Name, string>>;

const many = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  runMany(commands, {
    cwd: home,
    env: {
      MILETUS_NODE: url,
      MILETUS_KEYS: join(home, 'keys'),
      MILETUS_PASSWORD_FILE: join(home, 'password'),
    },
  });

/** Commands of alice's account that write; what each printed. */
const sent = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  many(...commands.map((argv) => ['account', ...argv, '--yes']));

async function security(): Promise<AccountSecurityInfo> {
  const [shown] = await many(['account', 'security', '--from', 'alice', '--json']);
  return JSON.parse(shown?.stdout ?? '') as AccountSecurityInfo;
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-security-'));
  writeFileSync(join(home, 'password'), 'correct horse\n');
  writeFileSync(join(home, 'mnemonic'), MNEMONIC);
  const imports = await many(
    ...NAMES.map((name, index) => [
      ...['keys', 'import', name, '--mnemonic-file', 'mnemonic'],
      ...['--account-index', String(index), '--json'],
    ]),
  );
  const found = imports.map(({ stdout }) => (JSON.parse(stdout) as { address: string }).address);
  addresses = Object.fromEntries(NAMES.map((name, at) => [name, found[at] ?? ''])) as never;
  await many(
    ['node', 'init', '--home', 'n0', '--operator', addresses.bob],
    [
      ...['genesis', 'init', 'n0/genesis.json', '--validator', 'n0/validator.json'],
      ...found.flatMap((address) => ['--fund', `${address}=1000,50000`]),
    ],
  );
  node = await startOwnNode(home);
  url = node.url;
}, 90_000);

afterAll(async () => {
  await node?.stop();
  rmSync(home, { recursive: true, force: true });
}, 30_000);

test('keys, policy, whitelist, agents, withdrawals, freeze and recovery', async () => {
  const { alice, bob } = addresses;
  const own = ['--from', 'alice'];
  const [proved, ...made] = await sent(
    [
      'keys',
      'prove',
      '--from',
      'guardian',
      '--for',
      alice,
      '--role',
      'guardian',
      '--out',
      'g.json',
    ],
    ['keys', 'add', '--key', 'phone', '--group', '1', ...own],
    ['keys', 'add', '--file', 'g.json', ...own],
    ['agents', 'grant', '--key', 'bot', '--may', 'orders', '--notional', '5000', ...own],
    ['whitelist', 'add', bob, ...own],
    ['policy', 'set', '--mfa', 'on', ...own],
  );
  expect(proved).toMatchObject({ code: EXIT.ok, stderr: '' });
  for (const one of made) expect(one, one.stdout).toMatchObject({ code: EXIT.ok, stderr: '' });
  expect(made[3]?.stdout).toMatch(/waits as \d+/);
  const found = await security();
  expect(found.keys.map(({ role, factor_group }) => [role, factor_group])).toEqual([
    ['owner', 0],
    ['owner', 1],
    ['guardian', 0],
    ['trade', 0],
  ]);
  expect(found.keys[3]?.agent).toMatchObject({ permissions: ['orders'], notional_limit: '5000' });
  expect(found.policy).toMatchObject({ mfa: true, delay_ms: 48 * 3_600_000, outflow_bps: 200 });
  expect(found.pending).toMatchObject([{ type: 'change', changes: [`allow sends to ${bob}`] }]);

  const id = String(found.pending[0]?.id);
  const asGuardian = ['--from', 'guardian', '--account', alice];
  const [veto, send, frozen, rearmed] = await sent(
    ['cancel', id, ...asGuardian],
    ['withdraw', bob, '5', ...own],
    ['freeze', '--for', '1h', ...asGuardian],
    ['rearm', ...own, '--with', 'phone'],
  );
  expect(veto).toMatchObject({ code: EXIT.ok, stderr: '' });
  expect(send?.stdout).toContain('not_whitelisted');
  expect(frozen?.stdout).toContain('frozen until');
  expect(rearmed, rearmed?.stdout).toMatchObject({ code: EXIT.ok });
  const after = await security();
  expect(after.frozen_until).not.toBeNull();
  expect(after.frozen_by).toEqual([]);
  expect(after.pending).toEqual([]);
}, 120_000);

test('names what is wrong, and shows each part', async () => {
  const [policy, may, duration, ...parts] = await many(
    ['account', 'policy', 'set', '--outflow', '1e3', '--from', 'alice', '--yes'],
    ['account', 'agents', 'grant', '--key', 'bot', '--may', 'fly', '--from', 'alice', '--yes'],
    ['account', 'freeze', '--for', '2 days', '--from', 'alice', '--yes'],
    ...['keys', 'policy', 'agents', 'whitelist'].map((part) => [
      ...['account', part, part === 'policy' ? 'show' : 'list'],
      ...['--from', 'alice'],
    ]),
    ['account', 'pending', '--from', 'alice'],
    ['account', 'withdraw', addresses.bob, '1', '--from', 'alice', '--dry-run'],
  );
  expect(policy).toMatchObject({ code: EXIT.usage });
  expect(policy?.stderr).toContain('--outflow');
  expect(may?.stderr).toContain('--may');
  expect(duration?.stderr).toContain('such as 30m');
  for (const part of parts) expect(part, part.stderr).toMatchObject({ code: EXIT.ok, stderr: '' });
}, 60_000);
