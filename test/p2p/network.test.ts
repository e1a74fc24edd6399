import { afterEach, describe, expect, test } from 'vitest';
import { MAX_CONSENSUS_FRAME_BYTES } from '../../p2p/limits.ts';
import { err, ok } from '../../runtime/core/result.ts';
import {
  addressesOfNode,
  epochOf,
  identityOf,
  patternBytes,
  startNode,
  stopAll,
  type TestNode,
  until,
} from './support.ts';

afterEach(stopAll);

/** Validators in one epoch, each with an open stream to each other one. */
async function connectedValidators(...names: string[]): Promise<TestNode[]> {
  const nodes = await Promise.all(names.map((name) => startNode(name)));
  const epoch = epochOf(
    nodes.map((node) => ({ identity: node.identity, addresses: addressesOfNode(node) })),
  );
  for (const { network } of nodes) network.setValidators([epoch]);
  await until('all consensus streams open', () =>
    nodes.every(({ network }) => network.consensusUsage().openStreams === nodes.length - 1),
  );
  return nodes;
}

describe('consensus streams', () => {
  test('carry messages between validators, whole and in order, up to the largest', async () => {
    const [a, b, c] = await connectedValidators('a', 'b', 'c');
    if (!a || !b || !c) throw new Error('three nodes');
    const sizes = [1, 200, MAX_CONSENSUS_FRAME_BYTES, 70_000, 5];
    sizes.forEach((size, view) => {
      a.network.broadcastConsensus({ bytes: patternBytes(size), view });
    });
    b.network.sendConsensus(c.identity.consensusHex, { bytes: patternBytes(9), view: 1 });
    const from = (node: TestNode, sender: TestNode) =>
      node.consensus
        .filter((message) => message.from === sender.identity.consensusHex)
        .map(({ bytes }) => bytes);
    await until('b has all', () => from(b, a).length === sizes.length);
    await until('c has all', () => from(c, a).length === sizes.length && from(c, b).length === 1);
    expect(from(b, a)).toEqual(sizes.map(patternBytes));
    expect(from(c, a)).toEqual(sizes.map(patternBytes));
    expect(from(b, c)).toEqual([]);
    expect(a.consensus).toEqual([]);
  });

  test('come back by themselves after a validator restarts', async () => {
    const [a, b] = await connectedValidators('a', 'b');
    if (!a || !b) throw new Error('two nodes');
    const listen = addressesOfNode(b).map((address) => address.replace(/\/p2p\/.*/, ''));
    await b.network.stop(2_000);
    await until('a lost b', () => a.network.consensusUsage().openStreams === 0);
    a.network.broadcastConsensus({ bytes: patternBytes(11), view: 1 });
    const again = await startNode('b', { listen });
    // Only a dials: b does not know the validators yet, and needs to, to let a's stream in.
    again.network.setValidators([epochOf([{ identity: a.identity, addresses: [] }])]);
    await until('message that waited arrives', () => again.consensus.length === 1);
    expect(again.consensus[0]?.bytes).toEqual(patternBytes(11));
  });

  test('end when a validator leaves the set', async () => {
    const [a, b] = await connectedValidators('a', 'b');
    if (!a || !b) throw new Error('two nodes');
    const without = [epochOf([{ identity: a.identity, addresses: addressesOfNode(a) }])];
    a.network.setValidators(without);
    await until('a closed its stream', () => a.network.consensusUsage().openStreams === 0);
    a.network.broadcastConsensus({ bytes: patternBytes(1), view: 1 });
    b.network.broadcastConsensus({ bytes: patternBytes(2), view: 1 });
    b.network.setValidators(without);
    await until('b closed its stream', () => b.network.consensusUsage().openStreams === 0);
    expect([a.consensus, b.consensus]).toEqual([[], []]);
    expect(a.network.peers().map(({ peer }) => peer)).toEqual([b.identity.peer]);
  });
});

describe('gossip', () => {
  test('reaches a full node over two hops if the middle accepts it, once', async () => {
    const left = await startNode('left');
    const middle = await startNode('middle', { bootstrap: addressesOfNode(left) });
    const right = await startNode('right', {
      validates: false,
      bootstrap: addressesOfNode(middle),
    });
    middle.behaviour.verdict = (bytes) => (bytes[0] === 1 ? 'accept' : 'ignore');
    let round = 0;
    // A message published before the meshes have formed goes one hop only: publish until one arrives.
    await until('gossip arrives', () => {
      round += 1;
      if (round % 20 === 0) {
        left.network.publish('payloads', new Uint8Array([2, round & 255, round >> 8]));
        left.network.publish('payloads', new Uint8Array([1, round & 255, round >> 8]));
      }
      return right.gossip.length > 0;
    });
    expect(right.gossip.every(({ bytes }) => bytes[0] === 1)).toBe(true);
    expect(right.gossip[0]).toMatchObject({ topic: 'payloads', peer: middle.identity.peer });
    expect(left.gossip).toEqual([]);
    const texts = middle.gossip.map(({ bytes }) => bytes.join());
    expect(new Set(texts).size).toBe(texts.length);
  });

  test('is not passed on in a circle of validators, who all hear it from its author', async () => {
    const nodes = await connectedValidators('a', 'b', 'c');
    const [author] = nodes;
    if (!author) throw new Error('three nodes');
    const others = nodes.slice(1);
    await until('all connected', () => nodes.every(({ network }) => network.peers().length === 2));
    let round = 0;
    await until('each hears its author', () => {
      round += 1;
      if (round % 20 === 0) author.network.publish('payloads', new Uint8Array([9, round & 255]));
      return others.every(({ gossip }) => gossip.length >= 3);
    });
    const sources = others.flatMap(({ gossip }) => gossip.map(({ peer }) => peer));
    expect(new Set(sources)).toEqual(new Set([author.identity.peer]));
    expect(others.map(({ counts }) => counts.get('gossip_forwarded') ?? 0)).toEqual([0, 0]);

    // A node outside the circle hears it only if one of them passes it on.
    const follower = await startNode('follower', {
      validates: false,
      bootstrap: addressesOfNode(others[0] ?? author),
    });
    await until('the follower hears of it', () => {
      round += 1;
      if (round % 20 === 0) author.network.publish('payloads', new Uint8Array([9, round & 255]));
      return follower.gossip.length > 0;
    });
  });

  test('a rejected message costs its sender the score, an ignored one nothing', async () => {
    const a = await startNode('a');
    const b = await startNode('b', { bootstrap: addressesOfNode(a) });
    b.behaviour.verdict = () => 'ignore';
    const scoreOfA = () => b.network.peers().find(({ peer }) => peer === a.identity.peer)?.score;
    let tick = 0;
    const publish = (topic: 'payloads' | 'blocks') => {
      tick += 1;
      if (tick % 20 === 0) a.network.publish(topic, patternBytes(tick));
    };
    await until('ignored message', () => {
      publish('payloads');
      return b.gossip.length > 0;
    });
    expect(scoreOfA()).toBe(0);
    b.behaviour.verdict = () => 'reject';
    await until('penalty', () => {
      publish('blocks');
      return (scoreOfA() ?? 0) < -9;
    });
  });
});

describe('requests', () => {
  test('bring answers of 8 MB whole, and several at once', async () => {
    const server = await startNode('server');
    const client = await startNode('client', {
      validates: false,
      bootstrap: addressesOfNode(server),
    });
    await until('connected', () => client.network.peers().length === 1);
    const large = patternBytes(8_000_000);
    server.behaviour.answer = async (method, bytes) =>
      method === 'blocks' ? ok(large) : ok(bytes);
    const ask = (method: 'blocks' | 'status', bytes: Uint8Array) =>
      client.network.request(server.identity.peer, method, bytes, 20_000);
    const [first, second, small] = await Promise.all([
      ask('blocks', patternBytes(3)),
      ask('blocks', patternBytes(4)),
      ask('status', patternBytes(300)),
    ]);
    expect(first.ok && Buffer.compare(first.value, large) === 0).toBe(true);
    expect(second.ok && second.value.length).toBe(large.length);
    expect(small).toEqual(ok(patternBytes(300)));
  });

  test('fail with the reason', async () => {
    const server = await startNode('server');
    const client = await startNode('client', { bootstrap: addressesOfNode(server) });
    await until('connected', () => client.network.peers().length === 1);
    const { peer } = server.identity;
    const ask = (to: string, bytes: Uint8Array, timeoutMs = 5_000) =>
      client.network.request(to, 'status', bytes, timeoutMs);

    server.behaviour.answer = async () => err('not that far yet');
    expect(await ask(peer, new Uint8Array(1))).toEqual(
      err({ code: 'refused', detail: 'not that far yet' }),
    );
    server.behaviour.answer = async () => {
      throw new Error('broken');
    };
    expect(await ask(peer, new Uint8Array(1))).toMatchObject({ error: { code: 'refused' } });
    server.behaviour.answer = () => new Promise(() => {});
    expect(await ask(peer, new Uint8Array(1), 100)).toMatchObject({ error: { code: 'timeout' } });
    expect(await ask(identityOf('nobody').peer, new Uint8Array(1))).toMatchObject({
      error: { code: 'no_peer' },
    });
    expect(await ask(peer, new Uint8Array(1_000_000))).toMatchObject({
      error: { code: 'too_large' },
    });
    const cut = ask(peer, new Uint8Array(1));
    await server.network.stop(1_000);
    expect(await cut).toMatchObject({ error: { code: 'closed' } });
  });
});

describe('peers', () => {
  test('are described by what they proved', async () => {
    const a = await startNode('a');
    const b = await startNode('b', { bootstrap: addressesOfNode(a), nodeVersion: '25.0.0' });
    const c = await startNode('c', { bootstrap: addressesOfNode(a), validates: false });
    await until('both connected', () => a.network.peers().length === 2);
    const described = (node: TestNode) =>
      a.network.peers().find(({ peer }) => peer === node.identity.peer);
    expect(described(b)).toMatchObject({
      direction: 'inbound',
      consensusKey: b.identity.consensusHex,
      nodeVersion: '25.0.0',
      score: 0,
    });
    expect(described(c)).toMatchObject({ consensusKey: undefined });
    expect(a.counts.get('other_node_version')).toBe(1);
    const warnings = a.log.filter(({ event }) => event.includes('another version of Node.js'));
    expect(warnings).toHaveLength(1);
  });

  test('a full node finds its way back to a bootstrap node, and to validators without one', async () => {
    const [a, b] = await connectedValidators('a', 'b');
    if (!a || !b) throw new Error('two nodes');
    const full = await startNode('full', {
      validates: false,
      bootstrap: addressesOfNode(a).map((address) => address.replace(/\/p2p\/.*/, '')),
    });
    await until('connected to bootstrap', () => full.network.peers().length === 1);
    const epoch = epochOf([{ identity: b.identity, addresses: addressesOfNode(b) }]);
    full.network.setValidators([epoch]);
    await until('connected to validator', () => full.network.peers().length === 2);
    expect(full.network.consensusUsage().openStreams).toBe(0);
    const listen = addressesOfNode(a).map((address) => address.replace(/\/p2p\/.*/, ''));
    await a.network.stop(2_000);
    await until('bootstrap lost', () => full.network.peers().length === 1);
    await startNode('a', { listen });
    await until('bootstrap back', () => full.network.peers().length === 2);
  });

  test('a banned peer is disconnected and not let in again', async () => {
    const a = await startNode('a');
    const b = await startNode('b', { bootstrap: addressesOfNode(a) });
    await until('connected', () => a.network.peers().length === 1);
    a.network.penalise(b.identity.peer, 100, 'test');
    await until('disconnected', () => a.network.peers().length === 0);
    const opened = a.counts.get('connection_opened');
    await until('b tried again in vain', () => (b.counts.get('connection_closed') ?? 0) > 1);
    expect(a.network.peers()).toEqual([]);
    expect(a.counts.get('connection_opened')).toBe(opened);
  });
});
