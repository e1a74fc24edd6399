/**
 * Staking from the command line, against a node of its own: a chain of one validator with epochs of
 * seconds. What is refused says the field, what was given and what is allowed in people's units.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { KIND, type Subject, VoteCodec, voteDigest } from '../../consensus/messages.ts';
import type { DelegationsInfo, StakedValidatorInfo } from '../../node/rpc/schemas/staking.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { EXIT } from '../../wallet/cli/exit-codes.ts';
import { ed25519Signer } from '../../wallet/client/sign.ts';
import { type OwnNode, startOwnNode } from './own-node.ts';
import { type Output, runMany } from './run-cli.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
/** The least that a chain may have. */
const EPOCH_MS = 5_000;

let home = '';
let node: OwnNode | undefined;
let url = '';
/** Alice delegates, bob operates the validator of the genesis, carol makes one of her own. */
let addresses: Readonly<Record<'alice' | 'bob' | 'carol', string>>;

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

/** Commands that write, one after the other; what each printed. */
const sent = (...commands: readonly (readonly string[])[]): Promise<Output[]> =>
  many(...commands.map((argv) => [...argv, '--yes']));

const shown = (name: 'alice' | 'bob' | 'carol'): Promise<DelegationsInfo> =>
  done('stake', 'show', '--from', name);
const validator = (name: string): Promise<StakedValidatorInfo> =>
  done('stake', 'show-validator', name);

async function epochNow(): Promise<number> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'get_status', params: {} }),
  });
  const { result } = (await answer.json()) as { result: { epoch: number } };
  return result.epoch;
}

/** Waits for the next epoch: what must happen in one then has all of it. */
async function epochBegins(): Promise<void> {
  const before = await epochNow();
  const wait = { timeout: 6 * EPOCH_MS, interval: 50 };
  await vi.waitFor(async () => expect(await epochNow()).toBeGreaterThan(before), wait);
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-stake-'));
  writeFileSync(join(home, 'password'), 'correct horse\n');
  writeFileSync(join(home, 'mnemonic'), MNEMONIC);
  const names = ['alice', 'bob', 'carol'] as const;
  const imports = await many(
    ...names.map((name, index) => [
      ...['keys', 'import', name, '--mnemonic-file', 'mnemonic'],
      ...['--account-index', String(index), '--json'],
    ]),
  );
  const found = imports.map(({ stdout }) => (JSON.parse(stdout) as { address: string }).address);
  addresses = { alice: found[0] ?? '', bob: found[1] ?? '', carol: found[2] ?? '' };
  const made = await many(
    ['node', 'init', '--home', 'n0', '--operator', addresses.bob],
    ['node', 'init', '--home', 'n1'],
    [
      ...['genesis', 'init', 'n0/genesis.json', '--validator', 'n0/validator.json'],
      ...found.flatMap((address) => ['--fund', `${address}=1000,50000`]),
    ],
  );
  expect(made.map(({ stderr }) => stderr).join('')).toBe('');
  const file = join(home, 'n0', 'genesis.json');
  const genesis = JSON.parse(readFileSync(file, 'utf8')) as {
    parameters: { epochMs: number };
    staking: Record<string, number>;
  };
  genesis.parameters.epochMs = EPOCH_MS;
  Object.assign(genesis.staking, {
    ...{ unbondingMs: 3_000, unbondingEpochs: 3, evidenceMs: 2_000, evidenceEpochs: 2 },
    ...{ trustMs: 1_000, trustEpochs: 1, minSelfBondMil: 10_000 },
    // Carol's validator has no node: the chain goes on without its 1 %.
    powerCapBps: 10_000,
  });
  writeFileSync(file, JSON.stringify(genesis));
  node = await startOwnNode(home);
  url = node.url;
}, 90_000);

afterAll(async () => {
  await node?.stop();
  rmSync(home, { recursive: true, force: true });
}, 30_000);

test('stake is delegated, taken away, put back and taken again; refusals are in MIL', async () => {
  const refused = await sent(
    ['stake', 'delegate', '1', '0.5', '--from', 'alice'],
    ['stake', 'delegate', '1', '60000', '--from', 'alice'],
    ['stake', 'undelegate', '1', '5', '--from', 'alice'],
    ['stake', 'set-withdraw-address', 'ee'.repeat(20), '--from', 'alice'],
    ['stake', 'undelegate', '1', '1000001', '--from', 'bob'],
  );
  expect(refused.map(({ code }) => code)).toEqual(Array(5).fill(EXIT.refused));
  const said = refused.map(({ stdout }) => stdout);
  expect(said[0]).toMatch(/below_minimum.*field amount; given 0.5 MIL; allowed 1 MIL/);
  expect(said[1]).toMatch(/insufficient_mil.*given 60000 MIL; allowed 50000 MIL/);
  expect(said[2]).toMatch(/unknown_delegation.*field validator; given 1/);
  expect(said[3]).toMatch(/unknown_receiver.*an account that was credited before/);
  expect(said[4]).toMatch(/insufficient_stake.*given 1000001 MIL; allowed 1000000 MIL/);

  // What leaves can be put back until its epoch ends.
  await epochBegins();
  const taken = await sent(
    ['stake', 'undelegate', '1', '5000', '--from', 'bob'],
    ['stake', 'cancel-unbonding', '1', '--from', 'bob'],
    ['stake', 'delegate', '1', '20000', '--from', 'alice'],
    ['stake', 'undelegate', '1', '1000', '--from', 'bob'],
    ['stake', 'set-withdraw-address', addresses.alice, '--from', 'bob'],
    ['stake', 'set-compounding', '1', 'on', '--from', 'bob'],
  );
  expect(
    taken.map(({ code, stderr }) => [code, stderr]),
    JSON.stringify(taken),
  ).toEqual(Array(6).fill([EXIT.ok, '']));
  expect(taken[2]?.stdout).toMatch(/20000 MIL staked, weighs from epoch \d+/);
  const alice = await shown('alice');
  expect(alice).toMatchObject({ available: '30000', staked: '0' });
  expect(alice.delegations[0]?.joins).toMatchObject([{ kind: 'fresh', amount: '20000' }]);
  const bob = await shown('bob');
  expect(bob).toMatchObject({ withdraw_address: addresses.alice, operates: 1 });
  expect(bob.delegations[0]).toMatchObject({ compounding: true, unbondings: [{ amount: '1000' }] });
  const [early] = await sent(['stake', 'withdraw', '--from', 'bob']);
  expect(early).toMatchObject({ code: EXIT.usage });
  expect(early?.stderr).toMatch(/one with stake that has matured: from 20\d\d-/);
}, 90_000);

const WRONG: readonly (readonly [string, string[], number, RegExp])[] = [
  [
    'a validator not there',
    ['stake', 'delegate', '9', '1'],
    EXIT.refused,
    /validator_not_found.*given 9; allowed: the number/,
  ],
  [
    'surplus decimals',
    ['stake', 'delegate', '1', '0.0000001'],
    EXIT.usage,
    /amount: given 0.0000001; allowed: at most 6 decimals/,
  ],
  [
    'an amount of nothing',
    ['stake', 'delegate', '1', '0'],
    EXIT.usage,
    /amount: given 0; allowed: an amount above 0/,
  ],
  [
    'neither amount nor all',
    ['stake', 'undelegate', '1'],
    EXIT.usage,
    /amount: given nothing; allowed: MIL, or --all/,
  ],
  [
    'amount and all',
    ['stake', 'undelegate', '1', '5', '--all'],
    EXIT.usage,
    /amount: given 5; allowed: MIL, or --all/,
  ],
  [
    'no destination',
    ['stake', 'redelegate', '1', 'nowhere', '5'],
    EXIT.refused,
    /validator_not_found.*given nowhere/,
  ],
  [
    'nothing to claim',
    ['stake', 'claim'],
    EXIT.usage,
    /validator: given nothing; allowed: one with rewards/,
  ],
  [
    'nothing matured',
    ['stake', 'withdraw'],
    EXIT.usage,
    /allowed: one with stake that has matured: stake that unbonds/,
  ],
  [
    'no unbonding',
    ['stake', 'cancel-unbonding', '1'],
    EXIT.usage,
    /epoch: given nothing; allowed: a validator that stake is leaving/,
  ],
  [
    'a setting not there',
    ['stake', 'set-compounding', '1', 'maybe'],
    EXIT.usage,
    /setting: given maybe; allowed: on, off/,
  ],
  [
    'an address cut',
    ['stake', 'set-withdraw-address', 'mil1qq'],
    EXIT.usage,
    /address: given mil1qq/,
  ],
  ['a delegator cut', ['stake', 'poke', '1', '--of', 'mil1qq'], EXIT.usage, /--of: given mil1qq/],
  [
    'no operator',
    ['validator', 'jail'],
    EXIT.usage,
    /--from: given mil1.*; allowed: the operator of a validator/,
  ],
  [
    'no home',
    ['validator', 'create', '--moniker', 'x', '--self-bond', '1'],
    EXIT.usage,
    /home: given nothing/,
  ],
  [
    'no keys',
    ['validator', 'create', '--home', 'n9', '--moniker', 'x', '--self-bond', '1'],
    EXIT.badData,
    /--home: given .*consensus.key; allowed: a key file/,
  ],
  [
    'a commission above its maximum',
    [
      'validator',
      'create',
      '--home',
      'n1',
      '--moniker',
      'x',
      '--self-bond',
      '1',
      '--commission',
      '30',
    ],
    EXIT.usage,
    /commission: given 30; allowed: at most 20 percent/,
  ],
  [
    'an address that is none',
    [
      'validator',
      'create',
      '--home',
      'n1',
      '--moniker',
      'x',
      '--self-bond',
      '1',
      '--address',
      '1.2.3.4',
    ],
    EXIT.usage,
    /--address: given 1.2.3.4; allowed: multiaddrs/,
  ],
  ['nothing to edit', ['validator', 'edit'], EXIT.usage, /--moniker: given nothing/],
  [
    'a role not there',
    ['validator', 'rotate-key', 'owner', '--key-file', 'k'],
    EXIT.usage,
    /role: given owner; allowed: consensus, oracle, peer/,
  ],
  [
    'evidence not there',
    ['validator', 'submit-evidence', 'no.json'],
    EXIT.noInput,
    /file: given no.json/,
  ],
  [
    'evidence that is none',
    ['validator', 'submit-evidence', 'password'],
    EXIT.badData,
    /file: given password; allowed: \{"publicKey"/,
  ],
];

test('wrong arguments are one line that names the field, and send nothing', async () => {
  const runs = await sent(...WRONG.map(([, argv]) => [...argv, '--from', 'alice']));
  for (const [at, [name, , code, said]] of WRONG.entries()) {
    expect(runs[at], name).toMatchObject({ code, stdout: '' });
    expect(runs[at]?.stderr, name).toMatch(said);
    expect(runs[at]?.stderr.trimEnd().split('\n'), name).toHaveLength(1);
  }
  expect((await shown('alice')).available).toBe('30000');
});

test('--dry-run shows what would be done and signs nothing', async () => {
  const of = ['--from', 'carol', '--dry-run', '--json'];
  const dry: readonly (readonly [string[], string])[] = [
    [['stake', 'delegate', '1', '12.5'], 'delegate 12.5 MIL to validator 1'],
    [
      ['stake', 'redelegate', '1', addresses.bob, '--all'],
      'move all from validator 1 to validator 1',
    ],
    [['stake', 'set-compounding', '1', 'off'], 'keep MIL rewards from validator 1 until'],
    [['stake', 'poke', '1', '--of', addresses.alice], `delegation of ${addresses.alice} with`],
    [
      ['validator', 'create', '--home', 'n1', '--moniker', 'north', '--self-bond', '10000'],
      'validator north for good, with 10000 MIL of its own, commission 5 % (never above 20 %',
    ],
  ];
  const runs = await many(...dry.map(([argv]) => [...argv, ...of]));
  for (const [at, [argv, summary]] of dry.entries()) {
    expect(runs[at], argv.join(' ')).toMatchObject({ code: EXIT.ok, stderr: '' });
    expect(JSON.parse(runs[at]?.stdout ?? '')).toMatchObject({
      dry_run: true,
      summary: expect.stringContaining(summary),
    });
  }
});

describe('a life of a validator', () => {
  test('a validator is registered, edited, re-keyed, jailed, and leaves', {
    timeout: 90_000,
  }, async () => {
    const by = ['--from', 'carol'];
    const create = ['validator', 'create', '--home', 'n1', '--moniker', 'north', ...by];
    const made = await sent(
      [...create, '--self-bond', '9999'],
      [...create, '--self-bond', '10000', '--address', '/ip4/127.0.0.1/tcp/26657'],
      [...create, '--self-bond', '10000'],
      ['validator', 'edit', '--moniker', 'south', ...by],
      ['validator', 'commission', '6.5', ...by],
      ['validator', 'commission', '5.5', ...by],
      ['validator', 'rotate-key', 'oracle', '--key-file', 'n1/keys/new.key', '--create', ...by],
      ['validator', 'rotate-key', 'oracle', '--key-file', 'n1/keys/new.key', ...by],
      ['validator', 'jail', ...by],
      ['validator', 'jail', ...by],
    );
    const said = made.map(({ code, stdout, stderr }) => `${code} ${stdout}${stderr}`);
    expect(said[0]).toMatch(/^3 .*self_bond.*given 9999 MIL; allowed 10000 MIL/s);
    expect(said[1]).toMatch(/^0 .*validator 2/s);
    expect(said[2]).toMatch(/^3 .*already_operator/s);
    expect(said[3]).toMatch(/^0 /);
    expect(said[4]).toMatch(/^3 .*commission_step.*given 6.5 %; allowed 6 %/s);
    expect(said[5]).toMatch(/^0 /);
    expect(said[6]).toMatch(/^0 /);
    expect(said[7]).toMatch(/^3 .*key_in_use/s);
    expect(said[8]).toMatch(/^0 /);
    expect(said[9]).toMatch(/^3 .*already_jailed/s);
    expect(statSync(join(home, 'n1', 'keys', 'new.key')).mode & 0o777).toBe(0o600);
    const south = await validator('south');
    expect(south).toMatchObject({
      validator_id: 2,
      operator: addresses.carol,
      status: 'jailed',
      addresses: ['/ip4/127.0.0.1/tcp/26657'],
      commission_bps: 500,
    });
    const seed = fromHex(readFileSync(join(home, 'n1', 'keys', 'new.key'), 'utf8').trim());
    const newKey = toHex(ed25519Signer(seed ?? new Uint8Array(32)).publicKey);
    const keys = [south.oracle_key, ...south.pending_keys.map(({ key }) => key)];
    expect(keys).toContain(newKey);
    const [left] = await sent(['validator', 'exit', ...by]);
    expect(left).toMatchObject({ code: EXIT.ok });
    const [late] = await sent(['stake', 'delegate', 'south', '5', '--from', 'alice']);
    expect(late?.stdout).toMatch(/exited: the validator has left for ever; field validator/);
  });

  test('what a claim will pay is said before, and unbonded stake is paid out', async () => {
    await vi.waitFor(
      async () => {
        const { rewards, staked, delegations } = await shown('bob');
        expect([Number(rewards.mil) > 0, staked]).toEqual([true, '999000']);
        expect(delegations[0]?.unbondings).toMatchObject([{ stage: 'matured', amount: '1000' }]);
      },
      { timeout: 40_000, interval: 500 },
    );
    const before = await shown('bob');
    const [planned, claimed, withdrawn] = await many(
      ['stake', 'claim', '--from', 'bob', '--dry-run', '--json'],
      ['stake', 'claim', '--from', 'bob', '--yes', '--json'],
      ['stake', 'withdraw', '--from', 'bob', '--yes'],
    );
    const { summary } = JSON.parse(planned?.stdout ?? '') as { summary: string };
    expect(summary).toMatch(
      new RegExp(
        `^claim at least 0 USD and [0-9.]+ MIL from validator 1, paid to ${addresses.alice}$`,
      ),
    );
    const promised = Number(/ ([0-9.]+) MIL/.exec(summary)?.[1]);
    // Rewards of a delegator, and the commission of an operator.
    expect(promised).toBeGreaterThan(Number(before.rewards.mil));
    const { receipt } = JSON.parse(claimed?.stdout ?? '') as {
      receipt: { results: { type: string; mil: string }[] };
    };
    expect(receipt.results[0]?.type).toBe('stake_claimed');
    // An epoch may have ended in between.
    expect(Number(receipt.results[0]?.mil)).toBeGreaterThanOrEqual(promised);
    expect(withdrawn?.stdout).toMatch(/paid 0 USD and 1000 MIL/);
    expect((await shown('alice')).staked).toBe('20000');
    const [poked] = await sent(['stake', 'poke', '1', '--of', addresses.alice, '--from', 'carol']);
    expect(poked).toMatchObject({ code: EXIT.ok });
    const [off] = await sent(['stake', 'compound', '1', '--from', 'alice']);
    expect(off?.stdout).toMatch(/compounding_off/);
  }, 90_000);

  test('a double signature that anyone shows is slashed', { timeout: 60_000 }, async () => {
    type Set = { epoch: number; validators: { index: number; operator: string }[] };
    const [{ chain_id: chainId }, { epoch: now, validators }] = await Promise.all([
      done<{ chain_id: string }>('query', 'status'),
      done<Set>('query', 'validators'),
    ]);
    const signer = validators.find(({ operator }) => operator === addresses.bob)?.index ?? 0;
    const seed = fromHex(readFileSync(join(home, 'n0', 'keys', 'consensus.key'), 'utf8').trim());
    const { publicKey, sign } = ed25519Signer(seed ?? new Uint8Array(32));
    const vote = (payload: number): string => {
      const value = { epoch: epoch(now), view: view(9_999), parentView: view(9_998) };
      const subject: Subject = {
        selector: KIND.notarize,
        value: { ...value, payload: new Uint8Array(32).fill(payload) },
      };
      const signature = sign(voteDigest(fromHex(chainId) ?? new Uint8Array(32), subject));
      return toHex(VoteCodec.encode({ subject, signer: validatorIndex(signer), signature }));
    };
    const fault = { publicKey: toHex(publicKey), first: vote(1), second: vote(2) };
    writeFileSync(join(home, 'fault.json'), JSON.stringify(fault));
    const same = { ...fault, second: fault.first };
    writeFileSync(join(home, 'same.json'), JSON.stringify(same));
    const [none, shownFault, again] = await sent(
      ['validator', 'submit-evidence', 'same.json', '--from', 'alice'],
      ['validator', 'submit-evidence', 'fault.json', '--from', 'alice'],
      ['validator', 'submit-evidence', 'fault.json', '--from', 'alice'],
    );
    expect(none?.stdout).toMatch(/no_fault/);
    expect(shownFault?.stdout).toMatch(/[1-9][0-9.]* MIL burned, reward [0-9.]+ MIL/);
    expect(again?.stdout).toMatch(/known_fault.*field epoch/);
    // More than a third of the weight was guilty, so all of its stake is gone.
    expect(await validator(addresses.bob)).toMatchObject({
      status: 'tombstoned',
      stake: '0',
      faults: [{ epoch: now, share: 1 }],
    });
    expect((await shown('alice')).staked).toBe('0');
    const [list] = await many(['stake', 'list-validators']);
    expect(list?.stdout).toMatch(/\n1 +- +tombstoned +5 % +0 .*100 % in epoch/);
  });
});
