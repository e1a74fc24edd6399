/**
 * Real processes, killed with SIGKILL at random instants: the others go on, the killed one comes
 * back, and nothing that was final is ever lost.
 *
 * MILETUS_LONG=1 raises the count; MILETUS_SEED repeats the instants of a run that failed;
 * MILETUS_KEEP=1 leaves the folder with the logs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, heightReached, validatorName } from '../../devnet/network.ts';
import { mix32 } from '../../feeder/simulate/random.ts';
import type { BlockData } from '../../node/rpc/schemas/chain.ts';
import {
  type CrashNetwork,
  deadViewsMs,
  evidenceCount,
  startCrashNetwork,
  VALIDATORS,
} from './support/crash-network.ts';

const isLong = process.env['MILETUS_LONG'] === '1';
const KILLS = isLong ? 50 : 10;
const seed = Number(process.env['MILETUS_SEED'] ?? Date.now() % 1_000_000);
/** Beyond the dead leader's own views. */
const SLACK_MS = 500;
const CATCH_UP_MS = 30_000;
const PER_KILL_MS = 12_000;

let cluster: CrashNetwork;

beforeAll(async () => {
  console.log(`crash test: seed ${seed} (MILETUS_SEED=${seed} repeats it), ${KILLS} kills`);
  cluster = await startCrashNetwork();
}, 60_000);
afterAll(() => cluster?.close(), 30_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const highest = (blocks: ReadonlyMap<number, BlockData>): number => Math.max(0, ...blocks.keys());

/**
 * Waits until the validator has restarted, executed what was final when it was asked, and leads
 * again: it is silent while it looks back for votes of its own key.
 */
async function isBack(victim: number, reference: number): Promise<void> {
  const client = cluster.network.clients[victim];
  const others = cluster.network.clients[reference];
  if (!client || !others) throw new RangeError('four validators');
  const { height } = await others.call('get_status', {});
  expect(
    await heightReached(client, height, CATCH_UP_MS),
    `validator ${victim} catches up to ${height}`,
  ).toBeDefined();
  const seen = cluster.blocks[reference] ?? new Map<number, BlockData>();
  const leads = eventually(async () => {
    for (const block of seen.values()) {
      if (block.height > height && (await cluster.proposer(block)) === victim) return true;
    }
    return undefined;
  }, CATCH_UP_MS);
  expect(await leads, `validator ${victim} leads again`).toBe(true);
}

/** Every pause between consecutive final blocks of a node is that of the victim's own views. */
async function expectNoLongPause(of: number, victim: number, from: number): Promise<void> {
  const blocks = cluster.blocks[of];
  const lagMs = cluster.worstLagMs();
  for (let height = from; height < highest(blocks ?? new Map()); height++) {
    const [before, after] = [blocks?.get(height), blocks?.get(height + 1)];
    if (!before || !after) continue;
    const leaders: number[] = [];
    const first = after.epoch === before.epoch ? before.view + 1 : 1;
    // Its last view counts too: a block proposed just before its death may take the whole timer to be
    // notarized, and is then final with the next one only.
    for (let view = first; view <= after.view; view++) {
      leaders.push(await cluster.leader(after.epoch, view));
    }
    const deadViews = leaders.filter((leader) => leader === victim).length;
    const pauseMs = after.received_at - before.received_at;
    const allowedMs = deadViewsMs(deadViews) + SLACK_MS + lagMs;
    expect(
      pauseMs,
      `pause of validator ${of} before height ${height + 1}, epoch ${after.epoch}, view ${first} on, ` +
        `leaders ${leaders.join(' ')}, dead is ${victim}`,
    ).toBeLessThanOrEqual(allowedMs);
  }
}

/** All nodes named the same hash at each height that more than one of them showed. */
function expectAgreement(): void {
  const hashes = new Map<number, string>();
  for (const blocks of cluster.blocks) {
    for (const [height, { hash }] of blocks) {
      expect(hash, `hash at height ${height}`).toBe(hashes.get(height) ?? hash);
      hashes.set(height, hash);
    }
  }
}

describe('killed processes', () => {
  test(
    `any one validator, ${KILLS} times: the others go on, it comes back`,
    async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        const victim = mix32(seed, 2 * kill) % VALIDATORS;
        const instantMs = mix32(seed, 2 * kill + 1) % 1_500;
        await pause(instantMs);
        const survivors = [0, 1, 2, 3].filter((one) => one !== victim);
        const from = Math.min(...survivors.map((one) => highest(cluster.blocks[one] ?? new Map())));
        cluster.worstLagMs();
        expect(cluster.network.supervisor.signal(validatorName(victim), 'SIGKILL')).toBe(true);
        const [reference = 0] = survivors;
        // A few views must pass without it before it counts as absent.
        const onward = cluster.network.clients[reference];
        expect(onward && (await heightReached(onward, from + 8, CATCH_UP_MS))).toBeDefined();
        await isBack(victim, reference);
        for (const survivor of survivors) await expectNoLongPause(survivor, victim, from);
      }
      expectAgreement();
    },
    20_000 + KILLS * PER_KILL_MS,
  );

  test('all four at once: the chain goes on from the last final height and nothing final is lost', async () => {
    await pause(mix32(seed, 1_000) % 1_000);
    for (let i = 0; i < VALIDATORS; i++) {
      cluster.network.supervisor.signal(validatorName(i), 'SIGKILL');
    }
    const finalBefore = cluster.blocks.map((blocks) => new Map(blocks));
    const last = Math.max(...finalBefore.map(highest));
    for (const [i, client] of cluster.network.clients.entries()) {
      const height = await heightReached(client, last + 3, CATCH_UP_MS);
      expect(height, `validator ${i} goes on after ${last}`).toBeDefined();
      // The newest of what each node had pushed as final is still what it was.
      for (let back = 0; back < 5; back++) {
        const known = finalBefore[i]?.get(last - back);
        if (!known) continue;
        const block = await client.call('get_block', { height: known.height });
        expect(block.hash, `block ${known.height} of validator ${i}`).toBe(known.hash);
      }
    }
    expectAgreement();
  }, 60_000);

  test('no validator signed twice', async () => {
    for (const { metricsPort } of cluster.network.manifest.validators) {
      const count = await eventually(() => evidenceCount(metricsPort), 5_000);
      expect(count).toBe(0);
    }
  });
});
