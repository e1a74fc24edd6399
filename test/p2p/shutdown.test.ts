import { spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { addressesOfNode, startNode, startRawClient, stopAll, until } from './support.ts';

afterEach(stopAll);

/** Runs `script` (a module in this folder) with the Node.js that runs the tests. */
function runChild(script: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [new URL(script, import.meta.url).pathname]);
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.on('close', (code) => {
      clearTimeout(killer);
      resolve({ code, output });
    });
  });
}

describe('stop', () => {
  test('leaves nothing behind: a process that stopped its networks ends by itself', async () => {
    const { code, output } = await runChild('./shutdown-child.ts');
    expect({ code, output }).toEqual({ code: 0, output: 'connected\nstopped\n' });
  });

  test('settles by its deadline while dials, requests and a peer that never reads hang', async () => {
    const node = await startNode('node', {
      bootstrap: ['/ip4/127.0.0.1/tcp/1', '/ip4/192.0.2.1/tcp/1'],
    });
    const peer = await startNode('peer', { bootstrap: addressesOfNode(node) });
    await until('connected', () => node.network.peers().length === 1);
    peer.behaviour.answer = () => new Promise(() => {});
    const pending = node.network.request(peer.identity.peer, 'status', new Uint8Array(1), 60_000);
    const client = await startRawClient('client');
    await client.dial(node);
    const beforeMs = performance.now();
    await node.network.stop(1_500);
    expect(performance.now() - beforeMs).toBeLessThan(2_500);
    expect(await pending).toMatchObject({ ok: false, error: { code: 'closed' } });
    expect(node.network.peers()).toEqual([]);
  });

  test('may come twice, and before start', async () => {
    const node = await startNode('node');
    await Promise.all([node.network.stop(1_000), node.network.stop(1_000)]);
    node.network.broadcastConsensus({ bytes: new Uint8Array(1), view: 1 });
    node.network.publish('blocks', new Uint8Array(1));
    const answer = await node.network.request('x', 'status', new Uint8Array(1), 10);
    expect(answer).toMatchObject({ error: { code: 'closed' } });
  });
});
