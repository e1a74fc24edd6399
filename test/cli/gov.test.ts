/**
 * Governance from the command line, against a node of its own: a chain of one validator with epochs and
 * votes of seconds. A parameter is proposed, simulated, voted on, locked, and changed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type {
  ParameterSetsInfo,
  ProposalsInfo,
  SimulationInfo,
  VotesInfo,
} from '../../node/rpc/schemas/governance.ts';
import { DEFAULT_GOVERNANCE_PARAMETERS } from '../../runtime/governance/governance-parameters.ts';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { createClient } from '../../wallet/client/client.ts';
import { type Output, runMany } from './run-cli.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'miletus.js');
const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const EPOCH_MS = 5_000;

let home = '';
let node: ChildProcess | undefined;
let url = '';
/** Alice delegates and guards; bob operates the only validator. */
let alice = '';

const many = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  runMany(commands, {
    cwd: home,
    env: {
      MILETUS_NODE: url,
      MILETUS_KEYS: join(home, 'keys'),
      MILETUS_PASSWORD_FILE: join(home, 'password'),
    },
  });

/** One command that succeeds: its JSON. */
async function done<T>(...argv: string[]): Promise<T> {
  const [run] = await many([...argv, '--json']);
  expect(run, argv.join(' ')).toMatchObject({ code: EXIT.ok, stderr: '' });
  return JSON.parse(run?.stdout ?? '') as T;
}
const sent = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  many(...commands.map((argv) => [...argv, '--yes']));
/** Waits by a client of its own: starting a process for each look would take longer than a vote. */
async function reaches(status: string): Promise<void> {
  const client = createClient({ url });
  try {
    await vi.waitFor(
      async () =>
        expect((await client.call('get_proposal', { proposal_id: 1 })).status).toBe(status),
      { timeout: 60_000, interval: 100 },
    );
  } finally {
    client.close();
  }
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-gov-'));
  writeFileSync(join(home, 'password'), 'correct horse\n');
  writeFileSync(join(home, 'mnemonic'), MNEMONIC);
  const imports = await many(
    ...['alice', 'bob'].map((name, index) => [
      ...['keys', 'import', name, '--mnemonic-file', 'mnemonic'],
      ...['--account-index', String(index), '--json'],
    ]),
  );
  const found = imports.map(({ stdout }) => (JSON.parse(stdout) as { address: string }).address);
  alice = found[0] ?? '';
  await many(
    ['node', 'init', '--home', 'n0', '--operator', found[1] ?? ''],
    [
      ...['genesis', 'init', 'n0/genesis.json', '--validator', 'n0/validator.json'],
      ...found.flatMap((address) => ['--fund', `${address}=1000,50000`]),
    ],
  );
  const file = join(home, 'n0', 'genesis.json');
  const genesis = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
  Object.assign(genesis['parameters'] ?? {}, { epochMs: EPOCH_MS });
  const short = { depositMs: 120_000, votingMs: 20_000, expeditedVotingMs: 2_000 };
  const locks = { timelockMs: 2_000, timelockFloorMs: 1_000, minDepositMil: 1_000 };
  genesis['governance'] = {
    ...DEFAULT_GOVERNANCE_PARAMETERS,
    ...short,
    ...locks,
    guardian: alice,
  };
  writeFileSync(file, JSON.stringify(genesis));
  const config = join(home, 'n0', 'config.toml');
  const text = readFileSync(config, 'utf8').replaceAll('tcp/26656', 'tcp/0');
  writeFileSync(config, text.replaceAll(/^port = \d+$/gm, 'port = 0'));
  const child = spawn(process.execPath, [LAUNCHER, 'node', 'start', '--home', 'n0'], {
    cwd: home,
    stdio: 'pipe',
  });
  node = child;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  url = await vi.waitFor(
    () => {
      const started = /"rpc":"(http:[^"]+)"/.exec(output)?.[1];
      if (started === undefined) throw new Error(output);
      return started;
    },
    { timeout: 60_000, interval: 100 },
  );
}, 90_000);

afterAll(async () => {
  const child = node;
  if (child?.exitCode === null) {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(home, { recursive: true, force: true });
}, 30_000);

const CHANGE = ['--set', 'chain.communityShareBps=300'];

test('a parameter is simulated, proposed, voted on, and changed after its time lock', {
  timeout: 180_000,
}, async () => {
  const sets = await done<ParameterSetsInfo>('gov', 'parameters', 'chain');
  expect(sets.sets[0]?.parameters['communityShareBps']).toEqual({
    ...{ value: 200, unit: 'bps', min: 0, max: 10_000, fixed: false },
  });
  const simulated = await done<SimulationInfo>('gov', 'simulate', ...CHANGE);
  expect(simulated).toMatchObject({
    possible: true,
    timelock_ms: 2_000,
    changes: [{ set: 'chain', parameter: 'communityShareBps', before: 200, after: 300 }],
  });
  const clash = ['--set', 'chain.insuranceShareBps=9900', '--set', 'chain.communityShareBps=300'];
  const impossible = await done<SimulationInfo>('gov', 'simulate', ...clash);
  expect(impossible).toMatchObject({
    possible: false,
    refusal: { code: 'parameters_conflict' },
    problem: 'insuranceShareBps + communityShareBps are above 10000',
  });

  const wrong = await many(
    ['gov', 'simulate', '--set', 'chain.communityShareBps=10001'],
    ['gov', 'simulate', '--set', 'chain.nothing=1'],
    ['gov', 'simulate', '--set', 'governance.timelockFloorMs=1'],
    ['gov', 'simulate'],
    ['gov', 'show', '9'],
    [...['gov', 'propose', '--title', 'T', '--deposit', '1000', '--expedited'], ...CHANGE],
  );
  expect(wrong.map(({ code }) => code)).toEqual([
    ...[EXIT.usage, EXIT.usage, EXIT.usage, EXIT.usage],
    wrong[4]?.code,
    EXIT.usage,
  ]);
  expect(wrong[0]?.stderr).toMatch(/communityShareBps.*given 10001.*0 to 10000/);
  expect(wrong[4]?.stderr).toMatch(/proposal_id.*9/);
  expect(wrong[5]?.stderr).toMatch(/expedited/);

  const propose = ['gov', 'propose', '--title', 'Community 3 %', ...CHANGE, '--from', 'alice'];
  const [small, made] = await sent(
    ['stake', 'delegate', '1', '1', '--from', 'bob'],
    [...propose, '--deposit', '62'],
  );
  expect(small?.code).toBe(EXIT.ok);
  expect(made?.stdout).toMatch(/deposit_too_small.*given 62 MIL; allowed 62.5 MIL/);
  const stakes = await sent(
    ['stake', 'delegate', '1', '20000', '--from', 'alice'],
    [...propose, '--deposit', '400'],
    ['gov', 'vote', '1', 'yes', '--as-validator', '--from', 'bob'],
    ['gov', 'deposit', '1', '600', '--from', 'bob'],
  );
  expect(stakes.map(({ code }) => code)).toEqual([EXIT.ok, EXIT.ok, EXIT.refused, EXIT.ok]);
  expect(stakes[2]?.stdout).toMatch(/not_voting/);

  await reaches('voting');
  const [asValidator, own] = await sent(
    ['gov', 'vote', '1', 'yes', '--as-validator', '--from', 'bob'],
    ['gov', 'vote', '1', 'yes=60,no=40', '--from', 'bob'],
  );
  expect(asValidator?.stdout).toMatch(/voted with [0-9]+/);
  expect(own?.stdout).toMatch(/voted with 100000[01] MIL/);
  const votes = await done<VotesInfo>('gov', 'votes', '1');
  expect(votes.votes.map(({ ballot }) => ballot)).toEqual([
    { yes: 6_000, no: 4_000, abstain: 0, veto: 0 },
  ]);
  await reaches('executed');
  const after = await done<ParameterSetsInfo>('gov', 'parameters', 'chain');
  expect(after.sets[0]?.parameters['communityShareBps']?.value).toBe(300);
  expect((await done<ProposalsInfo>('gov', 'list', 'executed')).proposals).toHaveLength(1);

  const paused = await sent(
    ['gov', 'pause', '60', 'BTC', '--from', 'bob'],
    ['gov', 'pause', '60', 'BTC', '--from', 'alice'],
    ['gov', 'pause', '60', '--from', 'alice'],
  );
  expect(paused.map(({ code }) => code)).toEqual([EXIT.refused, EXIT.ok, EXIT.refused]);
  const listed = await done<ProposalsInfo>('gov', 'list');
  expect(listed).toMatchObject({
    guardian: { address: alice, armed: false },
    pauses: [{ currency: 'BTC' }],
  });
  const people = await many(
    ['gov', 'list'],
    ['gov', 'show', '1'],
    ['gov', 'votes', '1'],
    ['gov', 'simulate', '--spend', `5:MIL:${alice}`],
    ['gov', 'simulate', '--trading', 'BTC=halted'],
    ['gov', 'simulate', '--guardian', alice, '--armed'],
    ['gov', 'simulate', '--text'],
    [...['gov', 'simulate', '--risk', 'BTC', '--set', 'shortPowerPpm=320000']],
  );
  for (const { stdout, stderr, code } of people) {
    expect(code, stderr).toBe(EXIT.ok);
    expect(stdout).not.toContain('undefined');
  }
  expect(people[3]?.stdout).toMatch(/insufficient_treasury/);
  expect(people[4]?.stdout).toMatch(/possible: it only tightens/);
});
