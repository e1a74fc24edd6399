/**
 * Keys on a machine without a network: a file is made on one, signed on the other, sent from the first.
 * With it the address book, the history, and the schedule of stake.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { BOB, type LightNode, startLightNode } from '../wallet/light-node.ts';
import { type Output, runMany } from './run-cli.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const NOWHERE = 'http://127.0.0.1:9';

let node: LightNode;
let home = '';
let key = { address: '', pubkey: '' };

const at = (url: string, commands: readonly (readonly string[])[]): Promise<Output[]> =>
  runMany(commands, {
    cwd: home,
    env: {
      MILETUS_NODE: url,
      MILETUS_KEYS: join(home, 'keys'),
      MILETUS_PASSWORD_FILE: join(home, 'password'),
    },
  });
const online = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  at(node.url, commands);
const offline = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  at(NOWHERE, commands);
const read = (name: string): Record<string, never> =>
  JSON.parse(readFileSync(join(home, name), 'utf8')) as Record<string, never>;
const write = (name: string, json: object): void =>
  writeFileSync(join(home, name), JSON.stringify(json));

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-offline-'));
  writeFileSync(join(home, 'password'), 'correct horse\n');
  writeFileSync(join(home, 'words'), MNEMONIC);
  node = await startLightNode();
  const made = await offline(
    ['keys', 'import', 'cold', '--mnemonic-file', 'words'],
    ['keys', 'import', 'other', '--mnemonic-file', 'words', '--account-index', '1'],
    ['keys', 'show', 'cold', '--json'],
  );
  key = JSON.parse(made[2]?.stdout ?? '') as typeof key;
  for (const currency of ['USD', 'MIL'] as const) {
    await node.act({
      ...{ type: 'transfer', to: key.address, amount: '100', currency },
      ...{ fromSubAccount: 0, toSubAccount: 0 },
    });
  }
}, 60_000);
afterAll(async () => {
  await node.close();
  rmSync(home, { recursive: true, force: true });
}, 30_000);

test('names stand for addresses, in every place of one; an unknown one is refused', async () => {
  const [added, list, dry, unknown, wrong, removed] = await online(
    ['contacts', 'add', 'bob', BOB, '--yes'],
    ['contacts', 'list', '--json'],
    ['send', '@bob', '1', '--from', 'cold', '--dry-run'],
    ['account', '@alice'],
    ['contacts', 'add', 'x y', BOB, '--yes'],
    ['contacts', 'remove', 'alice', '--yes'],
  );
  expect(added).toMatchObject({ code: EXIT.ok, stdout: 'done\n' });
  expect(JSON.parse(list?.stdout ?? '')).toEqual({ bob: BOB });
  expect(dry?.stdout).toContain(`send 1 USD to ${BOB}`);
  expect(unknown).toMatchObject({ code: EXIT.usage });
  expect(unknown?.stderr).toBe('miletus: contact: given @alice; allowed: @bob\n');
  expect(wrong?.stderr).toMatch(/name: given x y; allowed: letters/);
  expect(removed?.stderr).toMatch(/name: given alice; allowed: @bob/);
  expect(statSync(join(home, '.miletus', 'contacts.json')).mode & 0o777).toBe(0o600);
});

test('a file is made where the network is, signed where it is not, and sent', async () => {
  const [made] = await online(['send', '@bob', '1.5', '--from', 'cold', '--generate', 'tx.json']);
  expect(made).toMatchObject({ code: EXIT.ok, stderr: '' });
  expect(made?.stdout).toContain('then: miletus tx sign tx.json');
  const [shown, dry, signed] = await offline(
    ['tx', 'show', 'tx.json', '--json'],
    ['tx', 'sign', 'tx.json', '--from', 'cold', '--out', 'signed.json', '--dry-run'],
    ['tx', 'sign', 'tx.json', '--from', 'cold', '--out', 'signed.json', '--yes', '--json'],
  );
  expect(JSON.parse(shown?.stdout ?? '')).toMatchObject({
    account: key.address,
    actions: [{ action: 'transfer', fields: { to: BOB, amount: '1500000' } }],
    signers: [{ public_key: key.pubkey, signed: false }],
  });
  expect(dry?.stdout).toContain('dry run: nothing is signed');
  expect(JSON.parse(signed?.stdout ?? '')).toMatchObject({ missing: 0, file: 'signed.json' });
  const [early, sent, again, history] = await online(
    ['tx', 'broadcast', 'tx.json', '--yes'],
    ['tx', 'broadcast', 'signed.json', '--yes'],
    ['tx', 'broadcast', 'signed.json', '--yes'],
    ['history', '--json'],
  );
  expect(early).toMatchObject({ code: EXIT.usage });
  expect(early?.stderr).toMatch(/signatures\[0\]: given nothing; allowed: the signature of/);
  expect(sent).toMatchObject({ code: EXIT.ok });
  expect(sent?.stdout).toMatch(/transaction [0-9a-f]{64}\nfinal at height \d+\ntransferred 1.5\n/);
  expect(again).toMatchObject({ code: EXIT.refused });
  const { transactions } = JSON.parse(history?.stdout ?? '') as { transactions: object[] };
  expect(transactions).toEqual([
    expect.objectContaining({
      ...{ transaction_id: read('signed.json')['transaction_id'], status: 'final' },
      ...{ account: key.address, summary: `send 1.5 USD to ${BOB}`, results: ['transferred 1.5'] },
    }),
  ]);
  const [scan, none] = await online(
    ['history', key.address, '--scan', '200', '--json'],
    ['history', BOB],
  );
  expect(JSON.parse(scan?.stdout ?? '').transactions).toMatchObject([
    { transaction_id: read('signed.json')['transaction_id'], account: key.address },
  ]);
  expect(none?.stdout).toBe('nothing was sent from here\n');
});

test('a key file is not needed where the file is made', async () => {
  const { pubkey: publicKey } = key;
  const [made, alone, short] = await online(
    ['stake', 'delegate', '1', '5', '--signer', publicKey, '--generate', 'stake.json'],
    ['stake', 'delegate', '1', '5', '--signer', publicKey, '--yes'],
    ['stake', 'delegate', '1', '5', '--signer', 'abcd', '--generate', 'other.json'],
  );
  expect(made).toMatchObject({ code: EXIT.ok });
  expect(alone?.stderr).toMatch(/--signer: given \w+; allowed: with --generate/);
  expect(short?.stderr).toMatch(/--signer: given abcd; allowed: 64 hex/);
  const [signed, sent] = [
    ...(await offline(['tx', 'sign', 'stake.json', '--from', 'cold', '--out', 's.json', '--yes'])),
    ...(await online(['tx', 'broadcast', 's.json', '--yes'])),
  ];
  expect(signed).toMatchObject({ code: EXIT.ok });
  expect(sent?.stdout).toMatch(/5 MIL staked, weighs from epoch \d+/);
  const [schedule] = await online(['stake', 'schedule', '--from', 'cold', '--json']);
  const { schedule: dues, epoch } = JSON.parse(schedule?.stdout ?? '') as {
    schedule: { kind: string; amount: string; epoch: number; at: number }[];
    epoch: number;
  };
  expect(dues).toMatchObject([{ kind: 'weighs', amount: '5', validator_id: 1 }]);
  expect(dues[0]?.epoch).toBeGreaterThan(epoch);
  expect(dues[0]?.at).toBeGreaterThan(Date.now() - 10_000);
});

test('a file that was changed on its way is refused, with the field', async () => {
  await online(['send', '@bob', '2', '--from', 'cold', '--generate', 'a.json']);
  await offline(['tx', 'sign', 'a.json', '--from', 'cold', '--out', 'b.json', '--yes']);
  const good = read('b.json') as unknown as { body: string; signatures: string[] };
  write('body.json', {
    ...good,
    body: good.body.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
  });
  write('signature.json', { ...good, signatures: ['11'.repeat(64)] });
  write('chain.json', { ...good, chain_id: '22'.repeat(32) });
  write('type.json', { ...good, type: 'miletus/account-key' });
  write('none.json', { ...good, signatures: [] });
  const runs = await online(
    ['tx', 'broadcast', 'body.json', '--yes'],
    ['tx', 'broadcast', 'signature.json', '--yes'],
    ['tx', 'broadcast', 'chain.json', '--yes'],
    ['tx', 'show', 'type.json'],
    ['tx', 'show', 'none.json'],
    ['tx', 'show', 'password'],
    ['tx', 'show', 'missing.json'],
    ['tx', 'sign', 'a.json', '--from', 'other', '--out', 'c.json', '--yes'],
    ['tx', 'sign', 'a.json', '--from', 'cold', '--out', 'b.json', '--yes'],
  );
  const said = runs.map(({ code, stderr }) => [code, stderr] as const);
  for (const [index, [code, pattern]] of [
    [EXIT.badData, /body.json: (?:body|transaction_id): given/],
    [EXIT.badData, /signature.json: signatures\[0\]: given 1111/],
    [EXIT.badData, /chain.json: transaction_id: given/],
    [EXIT.badData, /type.json: type: given miletus\/account-key 1; allowed: miletus\/transaction/],
    [EXIT.badData, /none.json: signatures: given .*; allowed: a list of 1/],
    [EXIT.badData, /file: given password; allowed: JSON/],
    [EXIT.noInput, /file: given missing.json/],
    [EXIT.usage, /--from: given other, [0-9a-f]{64}; allowed: [0-9a-f]{64}/],
    [EXIT.cannotCreate, /--out: given b.json/],
  ].entries() as unknown as [number, [number, RegExp]][]) {
    expect(said[index]?.[0], String(pattern)).toBe(code);
    expect(said[index]?.[1]).toMatch(pattern);
  }
});
