/**
 * A chain of four nodes upgrades matching, and then staking, at epoch boundaries. One validator's release
 * lacks each: it stops at the final block before with a message that names what to install, comes back with
 * it, and no block is lost.
 */
import { afterEach, expect, test } from 'vitest';
import type { Action } from '../../runtime/action.ts';
import { GOVERNANCE_ACTION } from '../../runtime/actions/governance.ts';
import { asciiBytes } from '../../runtime/core/bytes.ts';
import { epoch } from '../../runtime/core/units.ts';
import { EVENT, EventsCodec } from '../../runtime/event.ts';
import { NO_BALLOT, proposalId } from '../../runtime/governance/ballot.ts';
import { CONTENT } from '../../runtime/governance/content.ts';
import { DEFAULT_GOVERNANCE_PARAMETERS } from '../../runtime/governance/governance-parameters.ts';
import { moduleVersion, RUNTIME_MODULE } from '../../runtime/upgrade/modules.ts';
import { UPGRADE_CHANGE } from '../../runtime/upgrade/upgrade.ts';
import { payloadOf, signedTransaction } from '../fixtures/block.ts';
import { type TestKey, testKey, validatorKeys } from '../fixtures/genesis.ts';
import { type Cluster, createCluster, hashesOf, type Member, until } from './cluster.ts';

let cluster: Cluster;
const running: Member[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ node }) => node.stop(100)));
  cluster.remove();
});

const CODE = new Uint8Array(32).fill(7);
const matching2 = { module: RUNTIME_MODULE.matching, version: 2 };
const staking2 = { module: RUNTIME_MODULE.staking, version: 2 };
/** Governance in a hurry: a vote of three seconds, a lock of one. */
const GOVERNANCE = {
  ...DEFAULT_GOVERNANCE_PARAMETERS,
  minDepositMil: 100,
  votingMs: 3_000,
  expeditedVotingMs: 1_000,
  timelockMs: 1_000,
  timelockFloorMs: 1_000,
  guardian: null,
};

let nonce = Date.now();
async function submit(key: TestKey, actions: Action[]): Promise<void> {
  const expiresAt = Date.now() + 60_000;
  const signed = signedTransaction(cluster.chainId, key, { nonce: nonce++, expiresAt, actions });
  const submitted = await running[0]?.node.api.submit(payloadOf(signed));
  if (!submitted?.ok) throw new Error(JSON.stringify(submitted));
  const { transactionId } = submitted.value;
  await until(
    'a transaction is final',
    async () => (await running[0]?.node.api.transaction(transactionId))?.kind === 'final',
    running,
    60_000,
  );
}
const everyOperator = (actions: Action[]): Promise<unknown> =>
  Promise.all([0, 1, 2, 3].map((index) => submit(validatorKeys(index).operator, actions)));

/** Whether a change of an upgrade was in the events of a node. */
function saw({ notices }: Member, module: number, change: number): boolean {
  return notices.some(({ events }) => {
    const decoded = EventsCodec.decode(events);
    return (
      decoded.ok &&
      decoded.value.some(
        ({ selector, value }) =>
          selector === EVENT.upgradeChanged && value.module === module && value.change === change,
      )
    );
  });
}

/** Proposes a version, votes, waits for the plan, and has every operator say that it is ready. */
async function upgrade(id: number, version: typeof matching2 | typeof staking2): Promise<void> {
  const [one] = running;
  if (one === undefined) throw new Error('a node');
  const proposal = proposalId(id);
  await submit(testKey('alice'), [
    {
      selector: GOVERNANCE_ACTION.submitProposal,
      value: {
        title: asciiBytes('Upgrade'),
        summary: new Uint8Array(0),
        content: {
          selector: CONTENT.upgrade,
          value: { ...version, epoch: epoch(0), codeHash: CODE },
        },
        expedited: false,
        deposit: 100_000_000n,
      },
    },
  ]);
  const { voting } = { voting: 1 };
  const isVoting = (): boolean =>
    one.notices.some(({ events }) => {
      const decoded = EventsCodec.decode(events);
      return (
        decoded.ok &&
        decoded.value.some(
          ({ selector, value }) =>
            selector === EVENT.proposalChanged && value.proposal === id && value.status === voting,
        )
      );
    });
  await until('the vote begins', isVoting, running, 60_000);
  const ballot = { ...NO_BALLOT, yes: 10_000 };
  await everyOperator([
    { selector: GOVERNANCE_ACTION.castValidatorVote, value: { proposal, ballot } },
  ]);
  const { planned } = UPGRADE_CHANGE;
  await until('it is planned', () => saw(one, version.module, planned), running, 60_000);
  await everyOperator([
    { selector: GOVERNANCE_ACTION.signalReady, value: { ...version, codeHash: CODE } },
  ]);
}

/** The late one stops before the epoch, the others go on, and it comes back with the release. */
async function lateComesBack(late: number, name: string): Promise<void> {
  const behind = running[late];
  const ahead = running[late === 3 ? 2 : 3];
  if (behind === undefined || ahead === undefined) throw new Error('a node');
  await until('the late one stops', () => behind.halts.length > 0, running, 60_000);
  expect(behind.halts[0]).toMatchObject({ reason: 'upgrade_needed' });
  expect(behind.halts[0]?.detail).toMatch(
    new RegExp(`epoch [0-9]+ needs ${name}.*install a release with ${name}`),
  );
  const stoppedAt = behind.node.api.status().executedHeight;
  await until(
    'the others go on',
    () => ahead.node.api.status().executedHeight > stoppedAt + 10,
    running,
    60_000,
  );
  // It executed the last block of the epoch before, and none after it.
  expect(behind.node.api.status().executedHeight).toBe(stoppedAt);
  await behind.node.stop(100);
  const back = await cluster.start(late);
  running[late] = back;
  const target = ahead.node.api.status().finalizedHeight;
  await until(
    'it is back and votes',
    () => back.node.api.status().executedHeight >= target + 3,
    running,
    60_000,
  );
  expect(back.halts).toEqual([]);
}

test('matching, then staking, with a late validator each: none is lost, all agree', {
  timeout: 240_000,
}, async () => {
  cluster = createCluster({ validators: 4, governance: GOVERNANCE });
  const without = [[], [], [staking2], [matching2]] as const;
  for (let index = 0; index < 4; index++) {
    const release = { without: without[index] ?? [], overrides: [] };
    running.push(await cluster.start(index, { release }));
  }
  await upgrade(1, matching2);
  await lateComesBack(3, 'matching 2');
  await upgrade(2, staking2);
  await lateComesBack(2, 'staking 2');

  const [one, two] = running;
  if (one === undefined || two === undefined) return;
  // Off the chain nobody noticed: every height is there once, on those that never stopped.
  const heights = one.notices.map(({ height }) => height);
  expect(heights).toEqual(heights.map((_, index) => index + 1));
  const known = hashesOf(one);
  for (const member of running) {
    for (const [at, hash] of hashesOf(member)) expect(known.get(at) ?? hash).toBe(hash);
  }
  const { epoch: now } = one.node.api.status();
  const config = one.node.api.configs().find((each) => each.epoch === now);
  if (config === undefined) throw new Error('the config of now');
  expect(moduleVersion(config, RUNTIME_MODULE.matching)).toBe(2);
  expect(moduleVersion(config, RUNTIME_MODULE.staking)).toBe(2);
  expect(saw(one, RUNTIME_MODULE.staking, UPGRADE_CHANGE.migrated)).toBe(true);
});
