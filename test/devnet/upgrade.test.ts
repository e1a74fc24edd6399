/**
 * Real processes: four validators with feeders upgrade matching, and then staking, at epoch boundaries. One
 * validator is late for each: its process ends with status 86 and says what to install, starts again
 * without that lack, and votes on. Feeders are restarted meanwhile. No block is lost.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { devAccount, FIRST_OPERATOR_ACCOUNT } from '../../devnet/accounts.ts';
import { createTrader } from '../../devnet/bots/trader.ts';
import { eventually, heightReached, type Network, openNetwork } from '../../devnet/network.ts';
import { chainParameters, PROFILES } from '../../devnet/profile.ts';
import { EXIT } from '../../node/exit-codes.ts';
import type { Action } from '../../runtime/action.ts';
import { NO_BALLOT } from '../../runtime/governance/ballot.ts';
import { DEVNET_GOVERNANCE_PARAMETERS } from '../../runtime/governance/governance-parameters.ts';
import type { Client } from '../../wallet/client/client.ts';
import {
  buildGovernanceAction,
  type GovernanceActionInput,
  upgradeContent,
} from '../../wallet/client/governance-input.ts';

const WAIT_MS = 120_000;
const CODE = 'ab'.repeat(32);
let network: Network;
let home = '';
let client: Client;
let chainId = '';
const deaths: string[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'miletus-upgrade-'));
  network = await openNetwork({
    home,
    profile: 'smoke',
    validators: 4,
    seed: 3,
    genesis: {
      parameters: { ...chainParameters(PROFILES.smoke), epochMs: 8_000 },
      governance: {
        ...DEVNET_GOVERNANCE_PARAMETERS,
        ...{ votingMs: 12_000, expeditedVotingMs: 5_000, timelockMs: 1_000, timelockFloorMs: 0 },
        guardian: null,
      },
    },
    onEvent: (event) => {
      if (event.kind === 'died') deaths.push(`${event.name}: ${event.cause}`);
    },
  });
  [client] = network.clients;
  for (let index = 0; index < 4; index++) {
    const without = ['', '', 'staking=2', 'matching=2'][index];
    network.startValidator(index, without ? ['--without', without] : []);
  }
  for (const each of network.clients) {
    if ((await heightReached(each, 1, WAIT_MS)) === undefined) throw new Error(`logs in ${home}`);
  }
  network.startFeeders();
  chainId = (await client.call('get_status', {})).chain_id;
}, 200_000);

afterAll(async () => {
  await network.stop();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

/** Sends until it is final: a slow machine may let it expire. */
async function send(account: number, input: GovernanceActionInput): Promise<void> {
  const action = buildGovernanceAction(input);
  if (!action.ok) throw new Error(action.error.field);
  const trader = createTrader(client, chainId, devAccount(account));
  const done = await eventually(async () => trader.send([action.value as Action]), WAIT_MS);
  expect(done?.results[0]?.type, JSON.stringify(done)).not.toBe('refused');
}
const everyOperator = (input: GovernanceActionInput): Promise<unknown> =>
  Promise.all([0, 1, 2, 3].map((index) => send(FIRST_OPERATOR_ACCOUNT + index, input)));

const must = async <T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> => {
  const found = await eventually(attempt, WAIT_MS);
  if (found === undefined) throw new Error(`timed out: ${what}; logs in ${home}`);
  return found;
};

/** A vote decides on a version, and every operator says to hold it. */
async function decide(proposal: number, module: number, name: string): Promise<void> {
  const content = upgradeContent(`${name}=2@0:${CODE}`);
  if (!content.ok) throw new Error(content.error.field);
  await send(0, {
    ...{ type: 'submitProposal', title: `Upgrade ${name}`, summary: '', content: content.value },
    ...{ expedited: false, deposit: '500' },
  });
  const statusOf = async (): Promise<string> =>
    (await client.call('get_proposal', { proposal_id: proposal })).status;
  await must('the vote', async () => (await statusOf()) === 'voting' || undefined);
  const ballot = { ...NO_BALLOT, yes: 10_000 };
  await everyOperator({ type: 'castValidatorVote', proposal, ballot });
  await must('the plan', async () => (await statusOf()) === 'executed' || undefined);
  await everyOperator({ type: 'signalReady', module, version: 2, codeHash: CODE });
}

/** The late validator's process ends, and takes part again when it has the release. */
async function lateReturns(index: number, version: string): Promise<void> {
  const name = `validator-${index}`;
  await must(
    'the late one ends',
    async () => deaths.includes(`${name}: exit code ${EXIT.upgradeNeeded}`) || undefined,
  );
  const log = readFileSync(join(home, 'logs', `${name}.log`), 'utf8');
  expect(log).toMatch(new RegExp(`needs ${version}, which this release lacks: install a release`));
  const { executed_height: height } = await client.call('get_status', {});
  expect(await heightReached(client, height + 5, WAIT_MS)).toBeDefined();
  await network.supervisor.stop(name);
  network.startValidator(index);
  const target = (await client.call('get_status', {})).executed_height + 5;
  const back = network.clients[index];
  if (back === undefined) throw new Error(name);
  expect(await heightReached(back, target, WAIT_MS)).toBeDefined();
}

test('two modules are upgraded under way, each with one validator late, and no block is lost', {
  timeout: 600_000,
}, async () => {
  await decide(1, 1, 'matching');
  // What lives off the chain comes and goes meanwhile.
  for (let index = 0; index < 4; index++) network.supervisor.signal(`feeder-${index}`, 'SIGKILL');
  await lateReturns(3, 'matching 2');
  await decide(2, 2, 'staking');
  await lateReturns(2, 'staking 2');
  const found = await client.call('get_proposals', {});
  expect(found.versions).toEqual([
    { module: 'runtime', version: 1 },
    { module: 'matching', version: 2 },
    { module: 'staking', version: 2 },
  ]);
  // The same blocks on all four, from the first on.
  const { executed_height: tip } = await client.call('get_status', {});
  const last = tip - 5;
  const hashes = await Promise.all(
    network.clients.map(async (each) => {
      const all: string[] = [];
      for (let height = 1; height <= last; height += 10) {
        all.push((await each.call('get_block', { height })).hash);
      }
      all.push((await each.call('get_block', { height: last })).hash);
      return all.join();
    }),
  );
  expect(new Set(hashes).size).toBe(1);
  expect(deaths.filter((one) => one.startsWith('validator'))).toHaveLength(2);
});
