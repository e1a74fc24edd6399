/** A person at a terminal is guided to the whole command and shown its line; a script never is. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { oneLine } from '../../wallet/cli/guide.ts';
import { ALICE, BOB, type LightNode, startLightNode } from '../wallet/light-node.ts';
import { atTerminal, type Person } from './pty.ts';
import { runCli, runMany } from './run-cli.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const PASSWORD = 'correct horse';

let node: LightNode;
let home = '';

const person = (...argv: string[]): Person =>
  atTerminal(argv, {
    cwd: home,
    env: { MILETUS_NODE: node.url, MILETUS_KEYS: join(home, 'keys') },
  });

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-guide-'));
  writeFileSync(join(home, 'password'), `${PASSWORD}\n`);
  writeFileSync(join(home, 'words'), MNEMONIC);
  node = await startLightNode();
  const [made] = await runMany(
    [
      ...[['keys', 'import', 'cold', '--mnemonic-file', 'words', '--password-file', 'password']],
      ...[['keys', 'show', 'cold', '--json']],
    ],
    { cwd: home, env: { MILETUS_KEYS: join(home, 'keys') } },
  );
  expect(made?.stderr).toBe('');
  const { address: to } = JSON.parse(readFileSync(join(home, 'keys', 'cold.json'), 'utf8'));
  const amounts = { amount: '100', fromSubAccount: 0, toSubAccount: 0 } as const;
  await node.act({ type: 'transfer', to, currency: 'MIL', ...amounts });
}, 60_000);
afterAll(async () => {
  await node.close();
  rmSync(home, { recursive: true, force: true });
}, 30_000);

test('from nothing to a final delegation, by questions; the line shown does the same', async () => {
  const alone = person();
  await alone.answer(/what would you like to do\?[\s\S]*number or name: /, 'stake');
  await alone.answer(/stake: what\?[\s\S]*number or name: /, 'mine');
  await alone.answer(/given mine; allowed: 1 to \d+, or a name; nothing leaves/, 'delegate');
  await alone.answer(/validator: Number, operator address or moniker[^\n]*\s+> /, '');
  await alone.answer(/validator: given nothing; allowed: [\s\S]*> /, '1');
  await alone.answer(/amount: MIL\s+> /, '5');
  await alone.answer(/options \(--account VALUE, [^\n]*\s+> /, '');
  const line = /the same in one line:\s+miletus stake delegate 1 5 --from cold\s[\s\S]*\[y\/N\] /;
  await alone.answer(line, 'y');
  await alone.answer(/Password: /, PASSWORD);
  const { screen, code } = await alone.ended();
  expect(code, screen).toBe(EXIT.ok);
  expect(screen).toMatch(/final at height \d+\n5 MIL staked/);
  expect(screen).not.toContain(PASSWORD);
});

test('a command that was typed is asked for what it lacks alone', async () => {
  const typed = person('contacts', 'add', 'bob');
  await typed.answer(/address: mil1[^\n]*\s+> /, BOB);
  await typed.answer(/miletus contacts add bob mil1\w+\s[\s\S]*\[y\/N\] /, 'n');
  expect((await typed.ended()).code).toBe(EXIT.declined);
  const whole = person('contacts', 'list');
  const { screen, code } = await whole.ended();
  expect({ screen, code }).toEqual({ screen: 'no contacts: `miletus contacts add`\n', code: 0 });
});

test('who leaves, by nothing or Ctrl-C, has done nothing', async () => {
  const nothing = person('stake');
  await nothing.answer(/number or name: /, '');
  expect((await nothing.ended()).code).toBe(EXIT.declined);
  const stopped = person();
  await stopped.answer(/number or name: /, '\u0003');
  const { code, screen } = await stopped.ended();
  expect(code, screen).not.toBe(EXIT.ok);
});

test('without a terminal a bare command shows its help and says what is missing', async () => {
  for (const argv of [[], ['stake']]) {
    const run = await runCli(argv, { cwd: home });
    expect(run.code).toBe(EXIT.usage);
    expect(run.stdout).toContain('Commands:');
    expect(run.stderr).toMatch(/^miletus: which\? /);
    const json = await runCli([...argv, '--json'], { cwd: home });
    expect(json).toMatchObject({ code: EXIT.usage, stdout: '' });
  }
});

test('the line is one that a shell reads back', () => {
  expect(oneLine(['send', ALICE, '1.5', '--label', "it's 5 o'clock"])).toBe(
    `miletus send ${ALICE} 1.5 --label 'it'\\''s 5 o'\\''clock'`,
  );
});
