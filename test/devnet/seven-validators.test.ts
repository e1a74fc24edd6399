/**
 * Seven validators, each of its own folder, launch a chain by the genesis ceremony; then, while blocks
 * go on: one joins, one leaves, one rotates its key (held by a signer process), one is jailed for
 * downtime and returns, and one is slashed for a double signature that a second process made. No fork,
 * no halt, and every micro-MIL accounted for.
 *
 * MILETUS_KEEP=1 leaves the folders.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../devnet/network.ts';
import type { BlockData, ValidatorInfo } from '../../node/rpc/schemas/chain.ts';
import type { StakedValidatorInfo } from '../../node/rpc/schemas/staking.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { mulDivCeil } from '../../runtime/core/math.ts';
import { MICRO, PHI_ONE } from '../../staking/fraction.ts';
import { provenKey } from '../../wallet/cli/validator-key.ts';
import { accountOfPublicKey, ed25519Signer } from '../../wallet/client/sign.ts';
import { type ActionInput, buildAction } from '../../wallet/client/transaction-builder.ts';
import { deriveEd25519Seed } from '../../wallet/keys/derive.ts';
import { runMany } from '../cli/run-cli.ts';
import {
  addressOf,
  BONDED_MIL,
  type CeremonyNetwork,
  FUNDED_MIL,
  GENESIS_VALIDATORS,
  holdCeremony,
  JOINER,
  REMOTE,
  REPORTER,
  type Seat,
} from './support/ceremony-network.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const LEAVER = 1;
const ABSENT = 3;
const GUILTY = 4;
/**
 * Longer between two blocks is a halt. A dead leader costs a second; eight processes that start on two
 * busy cores cost views until timeouts have grown: 25 s were seen at a load of 30.
 */
const HALT_MS = 60_000;
const LONG_MS = 180_000;

let network: CeremonyNetwork;
const blocks: BlockData[] = [];
/** Validators of each epoch in the order of its config, asked for while the nodes know it. */
const committees = new Map<number, Promise<readonly ValidatorInfo[]>>();

const seat = (index: number): Seat => {
  const found = network.seats[index];
  if (found === undefined) throw new RangeError(`no seat ${index}`);
  return found;
};

/** The value once `attempt` gives one; fails naming `what` it was waited for. */
async function until<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  const found = await eventually(attempt, LONG_MS, 300);
  if (found === undefined) {
    const tails = network.seats.map(({ index, output }) => `v${index}: ${output.slice(-600)}`);
    throw new Error(`${what}: not in time\n${tails.join('\n')}`);
  }
  return found;
}

const validatorOf = (index: number): Promise<StakedValidatorInfo> =>
  seat(0).client.call('get_validator', { validator: seat(index).address });

/** Sends one action of an operator and holds it to have succeeded. */
async function send(index: number, input: ActionInput): Promise<void> {
  const action = buildAction(input);
  if (!action.ok) throw new Error(JSON.stringify(action.error));
  const done = await network.send(seat(index), action.value);
  expect(done, `${input.type} of v${index}`).toMatchObject({ outcome: 'applied' });
  expect(JSON.stringify(done?.results), `${input.type} of v${index}`).not.toMatch(/"error":\{/);
}

/** Addresses of the set of an epoch, by operator. */
async function setNow(): Promise<{ readonly epoch: number; readonly keys: Map<string, string> }> {
  const { epoch, validators } = await seat(0).client.call('get_validators', {});
  const keys = new Map(validators.map((one) => [one.operator, one.consensus_key]));
  return { epoch, keys };
}

/** Waits until a block is proposed by whoever holds the consensus key. */
async function leads(key: string, after: number): Promise<void> {
  await until(`a block proposed with ${key}`, async () => {
    for (const { height, epoch, proposer } of blocks) {
      if (height > after && (await committees.get(epoch))?.[proposer]?.consensus_key === key)
        return true;
    }
    return undefined;
  });
}

const tip = (): number => blocks.at(-1)?.height ?? 0;

beforeAll(async () => {
  network = await holdCeremony();
}, 180_000);
afterAll(() => network?.close(), 60_000);

test('seven folders make one genesis, and seven processes one chain', async () => {
  expect(new Set(network.chainIds).size).toBe(1);
  network.startSigner();
  for (const each of network.seats.slice(0, GENESIS_VALIDATORS)) network.start(each);
  for (const { client, index } of network.seats.slice(0, GENESIS_VALIDATORS)) {
    const status = await until(`blocks of v${index}`, async () => {
      const found = await client.call('get_status', {});
      return found.executed_height >= 2 ? found : undefined;
    });
    expect(status).toMatchObject({ chain_id: network.chainIds[0], halted: null });
    expect(status.validator).toMatch(/^[0-9a-f]{64}$/);
  }
  await seat(0).client.subscribe('blocks', ({ data }) => {
    blocks.push(data);
    const { epoch } = data;
    if (committees.has(epoch)) return;
    const asked = seat(0).client.call('get_validators', { epoch });
    committees.set(
      epoch,
      asked.then(({ validators }) => validators),
    );
  });
  network.startVotes();
  const { validators, registered } = await seat(0).client.call('get_validators', {});
  expect(validators).toHaveLength(GENESIS_VALIDATORS);
  expect(registered.map(({ stake }) => stake)).toEqual(Array(7).fill(String(BONDED_MIL)));
  // The stake came out of the accounts of the draft.
  const { supply } = await seat(0).client.call('get_staking_pools', {});
  expect(supply).toBe(String(FUNDED_MIL * 9n));
}, 240_000);

test('one joins, one leaves, one rotates its key, one is jailed and returns', async () => {
  await network.stop(seat(ABSENT), 'SIGKILL');
  const chainId = fromHex(network.chainIds[0] ?? '') ?? new Uint8Array(32);
  const possession = (index: number) => ({
    chainId,
    operator: accountOfPublicKey(seat(index).operator.publicKey),
  });
  network.start(seat(JOINER));
  const joinerKey = (role: 'consensus' | 'oracle' | 'peer') =>
    provenKey(
      { field: role, path: join(seat(JOINER).home, 'keys', `${role}.key`) },
      role,
      possession(JOINER),
      'prove',
    );
  const nextPath = join(seat(REMOTE).folder, 'signer', 'keys', 'next.key');
  const next = provenKey(
    { field: 'next', path: nextPath },
    'consensus',
    possession(REMOTE),
    'prove',
  );
  await send(JOINER, {
    type: 'createValidator',
    keys: {
      consensus: joinerKey('consensus'),
      oracle: joinerKey('oracle'),
      peer: joinerKey('peer'),
    },
    moniker: 'joiner',
    addresses: [`/ip4/127.0.0.1/tcp/${seat(JOINER).p2pPort}`],
    commission: '5',
    maxCommission: '20',
    maxCommissionStep: '1',
    selfBond: String(BONDED_MIL),
  });
  await send(LEAVER, { type: 'changeStanding', change: 'exit' });
  await send(LEAVER, { type: 'undelegate', validator: (await validatorOf(LEAVER)).validator_id });
  await send(REMOTE, { type: 'rotateKey', role: 'consensus', key: next });

  const nextKey = toHex(next.key);
  await until('the set with the joiner, the new key, and without the leaver', async () => {
    const { keys } = await setNow();
    const isDone =
      keys.has(seat(JOINER).address) &&
      !keys.has(seat(LEAVER).address) &&
      keys.get(seat(REMOTE).address) === nextKey;
    return isDone ? true : undefined;
  });
  const changed = tip();
  await leads(toHex(joinerKey('consensus').key), changed);
  // By the signer that held both keys all along: neither it nor its node was restarted.
  await leads(nextKey, changed);
  expect((await seat(REMOTE).client.call('get_status', {})).validator).toBe(nextKey);

  const jailed = await until('v3 jailed for downtime', async () => {
    const found = await validatorOf(ABSENT);
    return found.status === 'jailed' ? found : undefined;
  });
  // Downtime burns nothing.
  expect(jailed).toMatchObject({ stake: String(BONDED_MIL), slashed: '0', faults: [] });
  network.start(seat(ABSENT));
  await until('v3 out of the set', async () =>
    (await setNow()).keys.has(seat(ABSENT).address) ? undefined : true,
  );
  await until('v3 unjailed', async () => {
    const { status } = await validatorOf(ABSENT);
    if (status !== 'jailed') return true;
    await send(ABSENT, { type: 'changeStanding', change: 'unjail' });
    return true;
  });
  const back = await until('v3 in the set again', async () => {
    const { keys } = await setNow();
    return keys.get(seat(ABSENT).address);
  });
  await leads(back, tip());
}, 420_000);

test('one is slashed for what a second process signed with its key', async () => {
  const reporter = ed25519Signer(deriveEd25519Seed(MNEMONIC, REPORTER));
  const before = await seat(0).client.call('get_staking_pools', {});
  const program = join(import.meta.dirname, 'programs', 'twin.ts');
  const twin = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, seat(GUILTY).home, seat(0).client.url],
    { stdio: ['ignore', 'inherit', 'inherit'], timeout: LONG_MS },
  );
  const code = await new Promise((resolve) => twin.once('exit', resolve));
  expect(code).toBe(0);

  const { consensus_key: key } = await validatorOf(GUILTY);
  const folder = join(network.folder, 'reporter');
  const env = {
    MILETUS_NODE: seat(0).client.url.replace('ws:', 'http:'),
    MILETUS_KEYS: join(folder, 'keys'),
    MILETUS_PASSWORD_FILE: join(seat(0).folder, 'password'),
  };
  mkdirSync(folder);
  writeFileSync(join(folder, 'mnemonic'), MNEMONIC);
  const runs = await runMany(
    [
      ['evidence', 'list', '--json'],
      ['evidence', 'export', 'fault.json', '--key', key, '--json'],
      ['keys', 'import', 'reporter', '--mnemonic-file', 'mnemonic', '--account-index', '8'],
      ['evidence', 'submit', 'fault.json', '--from', 'reporter', '--yes'],
      ['evidence', 'submit', 'fault.json', '--from', 'reporter', '--yes'],
    ],
    { cwd: folder, env },
  );
  expect(
    runs.map((run) => run.code),
    JSON.stringify(runs),
  ).toEqual([0, 0, 0, 0, 3]);
  const exported = JSON.parse(runs[1]?.stdout ?? '') as { epoch: number; fault: string };
  expect(exported.fault).toBe('nullify_finalize');
  expect(runs[4]?.stdout).toMatch(/known_fault/);

  // φ = max(5 %, 3 × the share of the weight); the stake is all its own; the burn is rounded up.
  const validators = (await committees.get(exported.epoch)) ?? [];
  const total = validators.reduce((sum, one) => sum + BigInt(one.weight), 0n);
  const own = BigInt(validators.find((one) => one.consensus_key === key)?.weight ?? '0');
  const phi = 3n * mulDivCeil(own, PHI_ONE, total);
  const burned = mulDivCeil(BONDED_MIL * MICRO, phi, PHI_ONE);
  const reward = 1_000n * MICRO;
  const guilty = await validatorOf(GUILTY);
  expect(guilty.status).toBe('tombstoned');
  expect(micro(guilty.stake)).toBe(BONDED_MIL * MICRO - burned);
  const account = addressOf(reporter);
  const { available } = await seat(0).client.call('get_delegations', { account });
  expect(micro(available)).toBe(FUNDED_MIL * MICRO + reward);
  const after = await seat(0).client.call('get_staking_pools', {});
  expect(micro(after.supply)).toBe(micro(before.supply) - burned + reward);
  await until('the guilty out of the set', async () =>
    (await setNow()).keys.has(seat(GUILTY).address) ? undefined : true,
  );
}, 240_000);

test('no fork, no halt, and all MIL is somewhere', async () => {
  const leaver = await until('what the leaver had bonded matured', async () => {
    const { delegations } = await seat(0).client.call('get_delegations', {
      account: seat(LEAVER).address,
    });
    return delegations[0]?.unbondings[0]?.stage === 'matured' ? delegations[0] : undefined;
  });
  const { validator_id: validator } = await validatorOf(LEAVER);
  expect(leaver.unbondings).toHaveLength(1);
  await send(LEAVER, { type: 'withdrawUnbonded', validator });
  const alive = network.seats.filter((each) => each.process !== undefined);
  expect(alive.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const reached = tip() + 4;
  for (const { client, index } of alive) {
    await until(`v${index} at height ${reached}`, async () =>
      (await client.call('get_status', {})).executed_height >= reached ? true : undefined,
    );
    expect((await client.call('get_status', {})).halted, `v${index}`).toBeNull();
  }
  for (const height of [2, Math.floor(reached / 2), reached]) {
    const hashes = await Promise.all(
      alive.map(async ({ client }) => (await client.call('get_block', { height })).hash),
    );
    expect(new Set(hashes).size, `height ${height}`).toBe(1);
  }
  const gaps = blocks.slice(1).map((block, at) => block.timestamp - (blocks[at]?.timestamp ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(HALT_MS);
  expect(blocks.map(({ height }) => height)).toEqual(
    blocks.map((_, at) => (blocks[0]?.height ?? 0) + at),
  );

  const { client } = seat(0);
  const pools = await client.call('get_staking_pools', {});
  const accounts = await Promise.all(
    [
      ...network.seats.map(({ address }) => address),
      addressOf(ed25519Signer(deriveEd25519Seed(MNEMONIC, REPORTER))),
    ].map((account) => client.call('get_delegations', { account })),
  );
  const available = accounts.map((one) => micro(one.available));
  // Who bonded has a third left; who left has all back; who reported has its reward.
  const left = (FUNDED_MIL - BONDED_MIL) * MICRO;
  const expected = network.seats.map(({ index }) => (index === LEAVER ? FUNDED_MIL * MICRO : left));
  expect(available).toEqual([...expected, (FUNDED_MIL + 1_000n) * MICRO]);
  const { registered } = await client.call('get_validators', {});
  const stakes = registered.reduce((sum, one) => sum + micro(one.stake), 0n);
  expect(micro(pools.bonded)).toBe(stakes);
  expect(micro(pools.unbonding)).toBe(0n);
  const sum = available.reduce((total, one) => total + one, 0n);
  expect(micro(pools.supply)).toBe(
    sum + stakes + micro(pools.owed.mil) + micro(pools.undistributed.mil),
  );
}, 240_000);

/** Micro-units of a decimal text. */
function micro(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * MICRO + BigInt(fraction.padEnd(6, '0') || '0');
}
