/**
 * Governance from the command line, against a node of its own: a chain of one validator with epochs and
 * votes of seconds. A parameter is proposed, simulated, voted on, locked, and changed.
 */
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
import { type OwnNode, startOwnNode } from './own-node.ts';
import { type Output, runMany } from './run-cli.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const EPOCH_MS = 5_000;

let home = '';
let node: OwnNode | undefined;
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
  node = await startOwnNode(home);
  url = node.url;
}, 180_000);

afterAll(async () => {
  await node?.stop();
  rmSync(home, { recursive: true, force: true });
}, 30_000);

const CHANGE = ['--set', 'chain.communityShareBps=300'];

/** What a command printed as JSON. */
const json = <T>(run: Output | undefined): T => {
  expect(run?.stderr).toBe('');
  return JSON.parse(run?.stdout ?? '') as T;
};

test('a parameter is simulated, proposed, voted on, and changed after its time lock', {
  timeout: 180_000,
}, async () => {
  // Few batches: starting a process is what takes time here.
  const clash = ['--set', 'chain.insuranceShareBps=9900', '--set', 'chain.communityShareBps=300'];
  const [sets, simulated, impossible, ...wrong] = await many(
    ['gov', 'parameters', 'chain', '--json'],
    ['gov', 'simulate', ...CHANGE, '--json'],
    ['gov', 'simulate', ...clash, '--json'],
    ['gov', 'simulate', '--set', 'chain.communityShareBps=10001'],
    ['gov', 'simulate', '--set', 'chain.nothing=1'],
    ['gov', 'simulate', '--set', 'governance.timelockFloorMs=1'],
    ['gov', 'simulate'],
    [...['gov', 'propose', '--title', 'T', '--deposit', '1000', '--expedited'], ...CHANGE],
    ['gov', 'show', '9'],
  );
  const values = json<ParameterSetsInfo>(sets).sets[0]?.parameters;
  expect(values?.['communityShareBps']).toEqual({
    ...{ value: 200, unit: 'bps', min: 0, max: 10_000, fixed: false },
  });
  expect(json<SimulationInfo>(simulated)).toMatchObject({
    possible: true,
    timelock_ms: 2_000,
    changes: [{ set: 'chain', parameter: 'communityShareBps', before: 200, after: 300 }],
  });
  expect(json<SimulationInfo>(impossible)).toMatchObject({
    possible: false,
    refusal: { code: 'parameters_conflict' },
    problem: 'insuranceShareBps + communityShareBps are above 10000',
  });
  expect(wrong.slice(0, 5).map(({ code }) => code)).toEqual(Array(5).fill(EXIT.usage));
  expect(wrong[0]?.stderr).toMatch(/communityShareBps.*given 10001.*0 to 10000/);
  expect(wrong[4]?.stderr).toMatch(/expedited/);
  expect(wrong[5]?.stderr).toMatch(/proposal_id.*9/);

  const propose = ['gov', 'propose', '--title', 'Community 3 %', ...CHANGE, '--from', 'alice'];
  const made = await sent(
    [...propose, '--deposit', '62'],
    [...propose, '--deposit', '400'],
    ['gov', 'vote', '1', 'yes', '--as-validator', '--from', 'bob'],
    ['gov', 'deposit', '1', '600', '--from', 'bob'],
  );
  expect(made.map(({ code }) => code)).toEqual([...[EXIT.refused, EXIT.ok, EXIT.refused, EXIT.ok]]);
  expect(made[0]?.stdout).toMatch(/deposit_too_small.*given 62 MIL; allowed 62.5 MIL/);
  expect(made[2]?.stdout).toMatch(/not_voting/);
  await reaches('voting');
  const [asValidator, own, cast] = await many(
    ['gov', 'vote', '1', 'yes', '--as-validator', '--from', 'bob', '--yes'],
    ['gov', 'vote', '1', 'yes=60,no=40', '--from', 'bob', '--yes'],
    ['gov', 'votes', '1', '--json'],
  );
  expect(asValidator?.stdout).toMatch(/voted with 1000000 MIL/);
  expect(own?.stdout).toMatch(/voted with 1000000 MIL/);
  expect(json<VotesInfo>(cast).votes.map(({ ballot }) => ballot)).toEqual([
    { yes: 6_000, no: 4_000, abstain: 0, veto: 0 },
  ]);
  await reaches('executed');
  const [byBob, byAlice, again, after, executed, listed, ...people] = await many(
    ['gov', 'pause', '60', 'BTC', '--from', 'bob', '--yes'],
    ['gov', 'pause', '60', 'BTC', '--from', 'alice', '--yes'],
    ['gov', 'pause', '60', '--from', 'alice', '--yes'],
    ['gov', 'parameters', 'chain', '--json'],
    ['gov', 'list', 'executed', '--json'],
    ['gov', 'list', '--json'],
    ['gov', 'list'],
    ['gov', 'show', '1'],
    ['gov', 'votes', '1'],
    ['gov', 'simulate', '1'],
    ['gov', 'simulate', '--spend', `5:MIL:${alice}`],
    ['gov', 'simulate', '--trading', 'BTC=halted'],
    ['gov', 'simulate', '--guardian', alice, '--armed'],
    ['gov', 'simulate', '--text'],
    ['gov', 'simulate', '--risk', 'BTC', '--set', 'shortPowerPpm=320000'],
    ['gov', 'simulate', '--upgrade', `matching=2@0:${'ab'.repeat(32)}`],
  );
  expect([byBob, byAlice, again].map((run) => run?.code)).toEqual([
    ...[EXIT.refused, EXIT.ok, EXIT.refused],
  ]);
  const changed = json<ParameterSetsInfo>(after).sets[0]?.parameters;
  expect(changed?.['communityShareBps']?.value).toBe(300);
  expect(json<ProposalsInfo>(executed).proposals).toHaveLength(1);
  expect(json<ProposalsInfo>(listed)).toMatchObject({
    guardian: { address: alice, armed: false },
    pauses: [{ currency: 'BTC' }],
    versions: [
      { module: 'runtime', version: 1 },
      { module: 'matching', version: 1 },
      { module: 'staking', version: 1 },
    ],
  });
  for (const { stdout, stderr, code } of people) {
    expect(code, stderr).toBe(EXIT.ok);
    expect(stdout).not.toContain('undefined');
  }
  expect(people[3]?.stdout).toMatch(/refused: parameter_expected/);
  expect(people[4]?.stdout).toMatch(/insufficient_treasury/);
  expect(people[5]?.stdout).toMatch(/possible: it only tightens/);
  expect(people[9]?.stdout).toMatch(/matching to version 2/);
});
