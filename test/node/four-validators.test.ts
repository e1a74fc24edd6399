/** Four validators in one process: equal blocks and roots, over the ends of epochs. */
import { afterEach, expect, test } from 'vitest';
import { toHex } from '../../runtime/core/bytes.ts';
import { height } from '../../runtime/core/units.ts';
import { FinalizedBlockCodec } from '../../p2p/messages.ts';
import { type Cluster, createCluster, hashesOf, type Member, until } from './cluster.ts';

let cluster: Cluster;
const running: Member[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ node }) => node.stop(100)));
  cluster.remove();
});

/** State roots that final headers carry, by the height of the state. */
async function carriedRoots({ node }: Member): Promise<Map<number, string>> {
  const roots = new Map<number, string>();
  for (let at = 1; at <= node.api.status().finalizedHeight; at++) {
    const bytes = await node.api.block(height(at));
    const final = bytes && FinalizedBlockCodec.decode(bytes);
    if (!final?.ok) throw new Error(`block ${at}`);
    const { executed } = final.value.block.header;
    roots.set(executed.height, toHex(executed.stateRoot));
  }
  return roots;
}

function expectEqualChains(members: readonly Member[]): void {
  const [first, ...others] = members.map(hashesOf);
  for (const other of others) {
    for (const [at, hash] of other) {
      const known = first?.get(at);
      if (known !== undefined) expect(hash, `block ${at}`).toBe(known);
    }
  }
}

test('four validators agree on blocks and roots across epochs', async () => {
  cluster = createCluster({ validators: 4, epochMs: 5_000 });
  for (let i = 0; i < 4; i++) running.push(await cluster.start(i));
  const [one] = running;
  if (!one) return;
  const statuses = () => running.map(({ node }) => node.api.status());
  let nonce = Date.now();
  await until(
    'epoch 2',
    async () => {
      const submitted = await one.node.api.submit(cluster.transfer(nonce++));
      expect(submitted.ok).toBe(true);
      return statuses().every(({ epoch, executedHeight }) => epoch >= 2 && executedHeight > 40);
    },
    running,
  );
  expectEqualChains(running);
  const roots = await carriedRoots(one);
  expect(roots.size).toBeGreaterThan(4);
  expect(new Set(roots.values()).size).toBeGreaterThan(2);
  expect(running.flatMap(({ halts }) => halts)).toEqual([]);
  expect(cluster.hub.penalties).toEqual([]);
});

test('a transaction submitted to one node is final on all, with the same receipt', async () => {
  cluster = createCluster({ validators: 4 });
  for (let i = 0; i < 4; i++) running.push(await cluster.start(i));
  const submitted = await running[2]?.node.api.submit(cluster.transfer(Date.now()));
  if (!submitted?.ok) throw new Error(JSON.stringify(submitted));
  const { transactionId } = submitted.value;
  const receipts = new Set<string>();
  for (const { node } of running) {
    await until('final', async () => (await node.api.transaction(transactionId)).kind === 'final');
    const status = await node.api.transaction(transactionId);
    if (status.kind === 'final') receipts.add(toHex(status.receipt));
  }
  expect(receipts.size).toBe(1);
});

test('three of four go on without the fourth, and it catches up', async () => {
  cluster = createCluster({ validators: 4, epochMs: 5_000 });
  for (let i = 0; i < 4; i++) running.push(await cluster.start(i));
  const [one, , , four] = running;
  if (!one || !four) return;
  await until('a block', () => one.node.api.status().finalizedHeight > 3, running);
  cluster.hub.setCut('node-3', true);
  let nonce = Date.now();
  const away = four.node.api.status().epoch;
  await until(
    'two epochs without it',
    async () => {
      await one.node.api.submit(cluster.transfer(nonce++));
      return one.node.api.status().epoch >= away + 2;
    },
    running,
  );
  expect(four.node.api.status().finalizedHeight).toBeLessThan(
    one.node.api.status().finalizedHeight,
  );
  cluster.hub.setCut('node-3', false);
  const target = one.node.api.status().finalizedHeight;
  await until(
    'it has caught up',
    () => four.node.api.status().executedHeight >= target,
    running,
  );
  await until(
    'it votes again',
    () => four.node.api.status().epoch === one.node.api.status().epoch,
    running,
  );
  expectEqualChains(running);
  expect(running.flatMap(({ halts }) => halts)).toEqual([]);
});

test('a node that does not validate follows', async () => {
  cluster = createCluster({ validators: 4, epochMs: 5_000 });
  for (let i = 0; i < 5; i++) running.push(await cluster.start(i));
  const [one, , , , follower] = running;
  if (!one || !follower) return;
  let nonce = Date.now();
  await until(
    'epoch 2',
    async () => {
      await one.node.api.submit(cluster.transfer(nonce++));
      return follower.node.api.status().epoch >= 2;
    },
    running,
  );
  const lag = one.node.api.status().finalizedHeight - follower.node.api.status().finalizedHeight;
  expect(lag).toBeLessThan(10);
  expectEqualChains(running);
  expect(follower.node.api.status().validator).toBeUndefined();
});
