/** Payloads from gossip and from users: what is taken, what is refused and how it is named. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PayloadBatchCodec } from '../../p2p/messages.ts';
import type { Network } from '../../p2p/network.ts';
import { err } from '../../runtime/core/result.ts';
import { MAX_TRANSACTION_BYTES } from '../../runtime/limits.ts';
import { type Cluster, createCluster, type Member, until } from './cluster.ts';

let cluster: Cluster;
let member: Member;
let stranger: Network;

beforeEach(async () => {
  cluster = createCluster({ validators: 1 });
  member = await cluster.start(0);
  stranger = cluster.hub.attach('stranger', undefined);
  await stranger.start({
    onConsensus() {},
    onGossip: () => 'ignore',
    onRequest: () => Promise.resolve(err('nothing here')),
    onPeerConnected() {},
    onPeerDisconnected() {},
  });
});

afterEach(async () => {
  await member.node.stop(100);
  cluster.remove();
});

/** A transfer whose signature is by nobody. */
function forged(nonce: number): Uint8Array {
  const bytes = cluster.transfer(nonce).slice();
  bytes[bytes.length - 1] = ((bytes.at(-1) ?? 0) + 1) % 256;
  return bytes;
}

/** Executed blocks with a transaction. */
function appliedCount(): number {
  return member.notices.reduce((sum, { receipts }) => sum + (receipts.length > 4 ? 1 : 0), 0);
}

test('a batch of a peer reaches a block; rubbish and forgeries are rejected', async () => {
  stranger.publish('payloads', PayloadBatchCodec.encode([cluster.transfer(Date.now())]));
  await until('the transfer is executed', () => appliedCount() === 1, [member]);
  expect(cluster.hub.penalties).toEqual([]);

  stranger.publish('payloads', new Uint8Array([1, 2, 3]));
  stranger.publish('payloads', PayloadBatchCodec.encode([new Uint8Array([9, 9])]));
  stranger.publish('payloads', PayloadBatchCodec.encode([forged(Date.now() + 1)]));
  const rejections = (): number => cluster.hub.penalties.length;
  await until('three rejections', () => rejections() === 3, [member]);
  expect(new Set(cluster.hub.penalties)).toEqual(new Set(['node-0 rejects payloads of stranger']));
  expect(member.node.api.status().mempoolSize).toBe(0);
});

test('a refused submission names field, given and allowed', async () => {
  const { api } = member.node;
  const nonce = Date.now();
  const codes: string[] = [];
  const submit = async (bytes: Uint8Array): Promise<void> => {
    const submitted = await api.submit(bytes);
    if (submitted.ok) {
      codes.push('ok');
      return;
    }
    const { code, field, number } = submitted.error;
    codes.push(`${code} ${field} ${number}`);
  };
  const good = cluster.transfer(nonce);
  await submit(new Uint8Array(MAX_TRANSACTION_BYTES + 1));
  await submit(good.subarray(0, 20));
  await submit(good.subarray(0, good.length - 1));
  await submit(forged(nonce));
  await submit(good);
  await submit(good);
  await until('it is executed', () => appliedCount() === 1, [member]);
  // Another transaction with the nonce that is used now.
  await submit(cluster.transfer(nonce));
  expect(codes).toEqual([
    'too_large bytes 0',
    'malformed_bytes Payload 0',
    'bad_signature signatures[0] 0',
    'bad_signature signatures[0] 0',
    'ok',
    'duplicate wireId 0',
    'refused nonce 8',
  ]);
});
