/** When a node must no longer vote: its results differ, its key signs elsewhere, its disk fails. */
import { afterEach, expect, test } from 'vitest';
import { type ConsensusMessage, ConsensusMessageCodec } from '../../consensus/messages.ts';
import { voteOfMessage } from '../../node/driver/incoming.ts';
import type { Executor } from '../../node/executor/executor.ts';
import type { Disk } from '../../node/ports.ts';
import { height } from '../../runtime/core/units.ts';
import { type Cluster, createCluster, type Member, realClock, until } from './cluster.ts';
import { createMachine } from './crash-disk.ts';

let cluster: Cluster;
const running: Member[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ node }) => node.stop(100)));
  cluster.remove();
});

/** Places in the epoch's list of those whose votes were sent, and for which view. */
function collectVotes(): { onSent: (bytes: Uint8Array) => void; votes: ConsensusMessage[] } {
  const votes: ConsensusMessage[] = [];
  const onSent = (bytes: Uint8Array): void => {
    const message = ConsensusMessageCodec.decode(bytes);
    if (message.ok && voteOfMessage(message.value)) votes.push(message.value);
  };
  return { onSent, votes };
}

async function feedUntil(what: string, holds: () => boolean): Promise<void> {
  let nonce = Date.now();
  await until(
    what,
    async () => {
      await running[0]?.node.api.submit(cluster.transfer(nonce++));
      return holds();
    },
    running,
  );
}

test('a node whose root differs stops voting, says so, and goes on serving', async () => {
  const { onSent, votes } = collectVotes();
  cluster = createCluster({ validators: 4, onSent });
  const wrong = (executor: Executor): Executor => ({
    ...executor,
    async execute(block, hash) {
      const executed = await executor.execute(block, hash);
      const { checkpoint } = executed;
      if (checkpoint?.height !== 8) return executed;
      return { ...executed, checkpoint: { ...checkpoint, stateRoot: new Uint8Array(32) } };
    },
  });
  for (let i = 0; i < 4; i++) {
    running.push(await cluster.start(i, i === 3 ? { wrapExecutor: wrong } : {}));
  }
  const [one, , , faulty] = running;
  if (!one || !faulty) return;
  await feedUntil('it halts', () => faulty.halts.length > 0);
  expect(faulty.halts[0]?.reason).toBe('divergence');
  expect(faulty.halts[0]?.detail).toMatch(/^height 8: own state root 0{64}/);
  expect(faulty.node.api.status().halted).toMatch(/^divergence: /);

  const before = one.node.api.status().finalizedHeight;
  const own = faulty.node.api.status().validator;
  const config = one.node.api.configs()[0];
  const place = config?.validators.findIndex(
    ({ consensusKey }) => Buffer.from(consensusKey).toString('hex') === own,
  );
  const sentBefore = votes.length;
  await feedUntil('the others go on', () => one.node.api.status().finalizedHeight > before + 10);
  const since = votes.slice(sentBefore).map((message) => voteOfMessage(message)?.signer);
  expect(since).not.toContain(place);
  expect(await faulty.node.api.block(height(8))).toBeDefined();
  expect(one.halts).toEqual([]);
});

test('a second process with the key of a running validator never votes', async () => {
  cluster = createCluster({ validators: 4 });
  for (let i = 0; i < 4; i++) running.push(await cluster.start(i));
  const [one] = running;
  await feedUntil('some blocks', () => (one?.node.api.status().finalizedHeight ?? 0) > 3);
  const twin = await cluster.start(0, { name: 'twin', lookBack: 'rule' });
  running.push(twin);
  await feedUntil('the twin halts', () => twin.halts.length > 0);
  expect(twin.halts[0]?.reason).toBe('double_sign_suspected');
  expect(twin.halts[0]?.detail).toMatch(/^another process signs with this key/);
  expect(running.slice(0, 4).flatMap(({ halts }) => halts)).toEqual([]);
});

test('a validator whose journal fails signs nothing more', async () => {
  cluster = createCluster({ validators: 1 });
  const life = createMachine(() => 0).begin();
  let fails = false;
  const disk: Disk = {
    async open(name) {
      const store = await life.disk.open(name);
      if (name !== 'journal') return store;
      return {
        ...store,
        batch: (operations, durability) =>
          fails ? Promise.reject(new Error('disk full')) : store.batch(operations, durability),
      };
    },
  };
  const member = await cluster.start(0, { life: { disk, clock: realClock } });
  running.push(member);
  await feedUntil('a block', () => member.node.api.status().finalizedHeight > 2);
  fails = true;
  await feedUntil('it halts', () => member.halts.length > 0);
  expect(member.halts[0]?.reason).toBe('disk_failed');
  const { finalizedHeight } = member.node.api.status();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(member.node.api.status().finalizedHeight).toBe(finalizedHeight);
});
