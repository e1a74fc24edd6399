/**
 * What a person who trusts a genesis sees: answers that are proven and say so; and of a node that lies,
 * through a proxy that alters answers on their way, nothing.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { toHex } from '../../runtime/core/bytes.ts';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { ALICE, BOB, type LightNode, startLightNode } from '../wallet/light-node.ts';
import { type Output, runMany } from './run-cli.ts';

let node: LightNode;
let proxy: Server;
let proxyUrl = '';
let home = '';
/** What the proxy makes of an answer. */
let lie: (method: string, result: never) => unknown = (_, result) => result;

const cli = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  runMany(commands, { cwd: home, env: { MILETUS_NODE: proxyUrl } });
async function one(...argv: string[]): Promise<Output> {
  const [run] = await cli(argv);
  if (run === undefined) throw new Error('one command, one output');
  return run;
}

beforeAll(async () => {
  node = await startLightNode();
  await node.act({ type: 'delegate', validator: 1, amount: '250' });
  await node.act({
    ...{ type: 'transfer', to: BOB, amount: '12.5', currency: 'USD' },
    ...{ fromSubAccount: 0, toSubAccount: 1 },
  });
  let blocks = 0;
  await node.pump(() => ++blocks > 24);
  proxy = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', async () => {
      const { method } = JSON.parse(body) as { method: string };
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(node.url, { method: 'POST', headers, body });
      const parsed = (await answer.json()) as { result?: never };
      if ('result' in parsed)
        Object.assign(parsed, { result: lie(method, parsed.result as never) });
      response.end(JSON.stringify(parsed));
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}, 60_000);
afterAll(async () => {
  proxy.close();
  await node.close();
}, 30_000);
beforeEach(() => {
  if (home !== '') rmSync(home, { recursive: true, force: true });
  home = mkdtempSync(join(tmpdir(), 'miletus-trust-'));
  lie = (_, result) => result;
});

const GENESIS = (): readonly string[] => ['trust', 'genesis', toHex(node.chainId)];

test('with a trusted genesis every answer is proven and says so, and without it none claims to be', async () => {
  const [before] = await cli(['account', BOB]);
  expect(before).toMatchObject({ code: EXIT.ok });
  expect(before?.stdout).not.toContain('verified');
  const [, checked, account, staked, told] = await cli(
    GENESIS(),
    ['trust', 'check', '--json'],
    ['account', BOB],
    ['stake', 'show', ALICE, '--json'],
    ['account', BOB, '--no-verify'],
  );
  expect(JSON.parse(checked?.stdout ?? '')).toMatchObject({ verified: true, signatures: 1 });
  expect(account?.stdout).toContain('12.5');
  expect(account?.stdout).toMatch(/\nverified against epoch \d+, height \d+ \(state of height \d+/);
  expect(account?.stdout).toMatch(/not proven: .*get_account_summary equity/);
  const { staked: amount, verification, delegations } = JSON.parse(staked?.stdout ?? '');
  expect(Number(amount) + Number(delegations[0].joins[0]?.amount ?? 0)).toBeCloseTo(250, 0);
  expect(verification).toMatchObject({ verified: true, not_proven: [], notes: [] });
  expect(told?.stdout).toMatch(/\nunverified: --no-verify\n$/);
});

test('the walk goes on from where it was: the file holds the newest epoch', async () => {
  await cli(GENESIS(), ['account', BOB]);
  const file = JSON.parse(readFileSync(join(home, '.miletus', 'trust.json'), 'utf8'));
  expect(file).toMatchObject({ genesis: toHex(node.chainId) });
  expect(file.walked.checkpoint).toMatch(/^\d+:[0-9a-f]{64}$/);
  const [shown] = await cli(['trust', 'show']);
  expect(shown?.stdout).toContain(`walked to  ${file.walked.checkpoint}`);
  const again = await one('account', BOB, '--checkpoint', file.walked.checkpoint);
  expect(again.stdout).toContain('verified against epoch');
  const [, forgotten] = await cli(['trust', 'forget'], ['trust', 'show', '--json']);
  expect(JSON.parse(forgotten?.stdout ?? '')).toEqual({ path: expect.any(String) });
});

test('a node that lies about a balance is not believed, one that forges its proof is refused', async () => {
  await cli(GENESIS());
  lie = (method, result: { balances?: object }) =>
    method === 'get_account'
      ? { ...result, balances: [{ sub_account: 1, usd: '999999', mil: '7' }] }
      : result;
  const shown = await one('account', BOB);
  expect(shown).toMatchObject({ code: EXIT.ok });
  expect(shown.stdout).toContain('12.5');
  expect(shown.stdout).not.toContain('999999');

  lie = (method, result: { rows?: { value: string | null }[] }) => {
    if (method !== 'get_proofs') return result;
    const rows = result.rows?.map((row) => ({
      ...row,
      value: row.value?.replace(/.$/, '7') ?? '00',
    }));
    return { ...result, rows };
  };
  const forged = await one('account', BOB);
  expect(forged).toMatchObject({ code: EXIT.notVerified, stdout: '' });
  expect(forged.stderr).toMatch(/^miletus: the node's answer is not proven: proof: \w+/);
});

test('a node of another chain gets no signature', async () => {
  writeFileSync(join(home, 'password'), 'correct horse\n');
  writeFileSync(join(home, 'words'), `${'abandon '.repeat(11)}about`);
  const secret = ['--password-file', 'password'];
  const keys = ['--keys', join(home, 'keys')];
  const [, made] = await cli(GENESIS(), [
    ...['keys', 'import', 'a', '--mnemonic-file', 'words', ...secret, ...keys],
  ]);
  expect(made?.stderr).toBe('');
  lie = (method, result: object) =>
    method === 'get_status' ? { ...result, chain_id: '11'.repeat(32) } : result;
  const sent = await one('send', BOB, '1', '--from', 'a', ...secret, ...keys, '--yes');
  expect(sent).toMatchObject({ code: EXIT.notVerified, stdout: '' });
  expect(sent.stderr).toContain('genesis: other_chain');
});

test('what is trusted must be readable, and there', async () => {
  const runs = await cli(
    ['account', BOB, '--verify'],
    ['account', BOB, '--checkpoint', '5'],
    ['account', BOB, '--checkpoint', `0:${'ab'.repeat(32)}`],
    ['trust', 'genesis', 'nowhere.json'],
    ['trust', 'checkpoint', '5:xyz'],
    ['trust', 'check'],
    ['trust', 'genesis', 'ab'.repeat(32)],
    ['account', BOB],
  );
  expect(runs.map(({ code }) => code)).toEqual([
    ...[EXIT.usage, EXIT.usage, EXIT.notVerified, EXIT.noInput, EXIT.usage, EXIT.usage],
    ...[EXIT.ok, EXIT.notVerified],
  ]);
  const said = runs.map(({ stderr }) => stderr);
  expect(said[0]).toMatch(/--verify: given with nothing that is trusted; allowed: --checkpoint/);
  expect(said[1]).toMatch(/--checkpoint: given 5; allowed: EPOCH:HASH/);
  expect(said[2]).toMatch(/not proven: epoch: other_config/);
  expect(said[3]).toMatch(/genesis: given nowhere.json/);
  expect(said[7]).toMatch(/not proven: genesis: other_chain/);
});
