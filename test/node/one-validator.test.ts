/** A chain of one: blocks, transfers, results, a restart. */
import { afterEach, expect, test } from 'vitest';
import { height } from '../../runtime/core/units.ts';
import { RECEIPT_STATUS, ReceiptCodec } from '../../runtime/receipt.ts';
import { type Cluster, createCluster, type Member, until } from './cluster.ts';

let cluster: Cluster;
const running: Member[] = [];

afterEach(async () => {
  for (const { node } of running.splice(0)) await node.stop(100);
  cluster.remove();
});

test('a validator alone makes blocks, and a transfer becomes final with its result', async () => {
  cluster = createCluster({ validators: 1 });
  const member = await cluster.start(0);
  running.push(member);
  const { api } = member.node;
  const submitted = await api.submit(cluster.transfer(Date.now()));
  expect(submitted.ok).toBe(true);
  if (!submitted.ok) return;
  const { transactionId } = submitted.value;
  const isFinal = async (): Promise<boolean> =>
    (await api.transaction(transactionId)).kind === 'final';
  await until('the transfer is final', isFinal, running);
  const status = await api.transaction(transactionId);
  if (status.kind !== 'final') throw new Error(status.kind);
  const receipt = ReceiptCodec.decode(status.receipt);
  expect(receipt.ok && receipt.value.status).toBe(RECEIPT_STATUS.applied);
  expect(member.halts).toEqual([]);
});

test('what was final before a stop is final after it, and the chain goes on', async () => {
  cluster = createCluster({ validators: 1 });
  const first = await cluster.start(0);
  for (let i = 0; i < 30; i++) {
    const submitted = await first.node.api.submit(cluster.transfer(Date.now() + i));
    expect(submitted.ok).toBe(true);
    const before = first.node.api.status().finalizedHeight;
    await until('a block', () => first.node.api.status().finalizedHeight > before, [first]);
  }
  await first.node.stop(100);
  const { finalizedHeight } = first.node.api.status();
  const last = first.notices.at(-1);

  const second = await cluster.start(0);
  running.push(second);
  expect(second.node.api.status().finalizedHeight).toBeGreaterThanOrEqual(finalizedHeight);
  const { height: at = height(0), hash } = last ?? {};
  const results = await second.node.api.results(at);
  expect(results?.receipts).toEqual(last?.receipts);
  expect(await second.node.api.block(at)).toEqual(await second.node.api.block(at));
  expect(hash).toBeDefined();
  await until(
    'the chain goes on',
    () => second.node.api.status().executedHeight > finalizedHeight + 2,
    running,
  );
  expect(second.halts).toEqual([]);
});
