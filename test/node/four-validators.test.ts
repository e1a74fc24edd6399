/** Four validators in one process: equal blocks and roots, over the ends of epochs. */
import { afterEach, expect, test } from 'vitest';
import { FinalizedBlockCodec } from '../../p2p/messages.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { height } from '../../runtime/core/units.ts';
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

test('four validators and a follower agree across epochs; one that was away catches up', async () => {
  cluster = createCluster({ validators: 4 });
  for (let i = 0; i < 5; i++) running.push(await cluster.start(i));
  const [one, , , four, follower] = running;
  if (!one || !four || !follower) return;
  let nonce = Date.now();
  const feed = async (): Promise<void> => {
    const submitted = await one.node.api.submit(cluster.transfer(nonce++));
    expect(submitted.ok).toBe(true);
  };
  const reaches = async (epoch: number): Promise<boolean> => {
    await feed();
    return running.every((member) => member === four || member.node.api.status().epoch >= epoch);
  };
  await until('some blocks', () => one.node.api.status().finalizedHeight > 3, running);
  cluster.hub.setCut('node-3', true);
  await until('epoch 2 without node 3', () => reaches(2), running);
  const target = one.node.api.status().finalizedHeight;
  expect(four.node.api.status().finalizedHeight).toBeLessThan(target);
  expect(four.node.api.status().epoch).toBeLessThan(2);

  cluster.hub.setCut('node-3', false);
  await until('node 3 is back', () => four.node.api.status().executedHeight >= target, running);
  await until('enough blocks', async () => {
    await feed();
    const least = Math.max(target + 10, 48);
    return running.every(({ node }) => node.api.status().executedHeight > least);
  });
  const lag = one.node.api.status().finalizedHeight - follower.node.api.status().finalizedHeight;
  expect(lag).toBeLessThan(10);
  expect(follower.node.api.status().validator).toBeUndefined();
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
