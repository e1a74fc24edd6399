/** One bad peer at a time, next to an honest one that must go on being served. */
import { createConnection } from 'node:net';
import type { Connection } from '@libp2p/interface';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONSENSUS_PROTOCOL } from '../../p2p/consensus-streams.ts';
import { encodeFrame } from '../../p2p/frames.ts';
import { topicName } from '../../p2p/gossip.ts';
import { encodeHandshake, HANDSHAKE_PROTOCOL } from '../../p2p/handshake.ts';
import {
  MAX_CONSENSUS_FRAME_BYTES,
  MAX_CONSENSUS_QUEUE_BYTES,
  REQUEST_RATES,
} from '../../p2p/limits.ts';
import { HandshakeCodec, PROTOCOL_VERSION } from '../../p2p/messages.ts';
import { requestProtocol } from '../../p2p/request-response.ts';
import { ok } from '../../runtime/core/result.ts';
import {
  addressesOfNode,
  bindingOf,
  CHAIN_ID,
  connectClient,
  epochOf,
  goodHandshake,
  identityOf,
  patternBytes,
  type RawClient,
  sendHandshake,
  startNode,
  startRawClient,
  stopAll,
  type TestNode,
  until,
} from './support.ts';

let node: TestNode;
let honest: TestNode;
let client: RawClient;

beforeEach(async () => {
  node = await startNode('node');
  honest = await startNode('honest', { bootstrap: addressesOfNode(node) });
  client = await startRawClient('client');
  const epoch = epochOf([
    { identity: node.identity, addresses: addressesOfNode(node) },
    { identity: honest.identity, addresses: addressesOfNode(honest) },
    { identity: client.identity, addresses: [] },
  ]);
  node.network.setValidators([epoch]);
  honest.network.setValidators([epoch]);
  await until('honest validators connected', () =>
    [node, honest].every(({ network }) => network.consensusUsage().openStreams >= 1),
  );
});

afterEach(async () => {
  await expectHonestServed();
  await stopAll();
});

/** The honest peer gets an answer and its consensus messages through. */
async function expectHonestServed(): Promise<void> {
  const question = patternBytes(77);
  const answer = await honest.network.request(node.identity.peer, 'status', question, 5_000);
  expect(answer).toEqual(ok(question));
  const before = honest.consensus.length;
  node.network.broadcastConsensus({ bytes: question, view: 1_000_000 });
  await until('honest hears consensus', () => honest.consensus.length > before);
}

function scoreOfClient(): number | undefined {
  return node.network.peers().find(({ peer }) => peer === client.identity.peer)?.score;
}

function connected(peer: string): boolean {
  return node.network.peers().some((each) => each.peer === peer);
}

function refusals(code: string): object[] {
  return node.log
    .filter(({ level, event }) => level === 'warn' && event === 'handshake refused')
    .map(({ facts }) => facts)
    .filter((facts) => 'code' in facts && facts.code === code);
}

async function expectClosed(connection: Connection): Promise<void> {
  await until('connection closed', () => connection.status !== 'open');
  expect(connected(client.identity.peer)).toBe(false);
}

/** A gossipsub RPC that publishes `data`, with its length in front. All lengths below 128. */
function gossipMessage(data: Uint8Array): Uint8Array {
  const topic = new TextEncoder().encode(topicName(CHAIN_ID, 'payloads'));
  const message = [0x12, data.length, ...data, 0x22, topic.length, ...topic];
  return new Uint8Array([message.length + 2, 0x12, message.length, ...message]);
}

describe('a handshake', () => {
  const identity = identityOf('client');
  const proper = {
    chainId: CHAIN_ID,
    protocolVersion: PROTOCOL_VERSION,
    nodeVersion: new Uint8Array(0),
    consensusKey: identity.consensusKey,
    binding: bindingOf(identity).signature,
  };

  test.each([
    ['of another chain', { chainId: new Uint8Array(32).fill(1) }, 'wrong_chain'],
    ['of another version', { protocolVersion: 99 }, 'wrong_protocol_version'],
    ['with a forged binding', { binding: new Uint8Array(64).fill(7) }, 'bad_binding'],
    ["with another's key", { consensusKey: identityOf('x').consensusKey }, 'bad_binding'],
  ])('%s is refused, and the log says why', async (_name, change, code) => {
    const connection = await client.dial(node);
    await sendHandshake(connection, HandshakeCodec.encode({ ...proper, ...change }));
    await expectClosed(connection);
    expect(refusals(code)).toMatchObject([{ peer: client.identity.peer }]);
  });

  test('with a forged binding bans: the next connection does not come to a handshake', async () => {
    const forged = HandshakeCodec.encode({ ...proper, binding: new Uint8Array(64) });
    const connection = await client.dial(node);
    await sendHandshake(connection, forged);
    await expectClosed(connection);
    const again = await client.dial(node).catch(() => undefined);
    if (again !== undefined) await until('closed', () => again.status !== 'open');
    expect(refusals('bad_binding')).toHaveLength(1);
    expect(node.counts.get('ban')).toBe(1);
    expect(node.counts.get('handshake_timeout')).toBeUndefined();
  });

  test.each([
    ['garbage', encodeFrame(patternBytes(176))],
    ['a frame too long', encodeFrame(new Uint8Array(177))],
    ['an empty frame', encodeFrame(new Uint8Array(0))],
  ])('of %s is refused', async (_name, bytes) => {
    const connection = await client.dial(node);
    const stream = await connection.newStream(HANDSHAKE_PROTOCOL);
    stream.send(bytes);
    await expectClosed(connection);
    expect(refusals('malformed')).toHaveLength(1);
  });

  test('that never ends, or never begins, is cut off after its deadline', async () => {
    const silent = await client.dial(node);
    const halfOpenClient = await startRawClient('half open');
    const halfOpen = await halfOpenClient.dial(node);
    const stream = await halfOpen.newStream(HANDSHAKE_PROTOCOL);
    stream.send(encodeFrame(goodHandshake(halfOpenClient.identity, 'other')).subarray(0, 20));
    await until('both closed', () => [silent, halfOpen].every(({ status }) => status !== 'open'));
    expect(node.counts.get('handshake_timeout')).toBe(2);
    expect(refusals('timeout')).toHaveLength(2);
  });

  test('is needed before anything else', async () => {
    const connection = await client.dial(node);
    const consensus = await connection.newStream(CONSENSUS_PROTOCOL);
    consensus.send(encodeFrame(patternBytes(10)));
    const request = await connection.newStream(requestProtocol('status'));
    let answered = false;
    request.addEventListener('message', () => {
      answered = true;
    });
    request.send(encodeFrame(patternBytes(10)));
    const gossip = await connection.newStream('/meshsub/1.2.0');
    gossip.send(gossipMessage(patternBytes(30)));
    await expectHonestServed();
    await sendHandshake(connection, HandshakeCodec.encode({ ...proper, protocolVersion: 0 }));
    await expectClosed(connection);
    await until('streams gone', () =>
      [consensus, request, gossip].every(({ status }) => status !== 'open'),
    );
    expect([answered, node.consensus.length, node.gossip.length]).toEqual([false, 0, 0]);
  });
});

describe('a consensus stream', () => {
  test('of a peer that is no validator is reset and costs score', async () => {
    const connection = await connectClient(client, node, 'other');
    // The reset may come before the stream can be written to.
    const stream = await connection.newStream(CONSENSUS_PROTOCOL).catch(() => undefined);
    if (stream?.writeStatus === 'writable') stream.send(encodeFrame(patternBytes(10)));
    await until('penalty', () => (scoreOfClient() ?? 0) < -20);
    await until('stream reset', () => stream?.status !== 'open');
    expect(node.consensus).toEqual([]);
  });

  test('with a frame length above the limit is reset and costs score', async () => {
    const connection = await connectClient(client, node, 'validator');
    const stream = await connection.newStream(CONSENSUS_PROTOCOL);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, MAX_CONSENSUS_FRAME_BYTES + 1, true);
    stream.send(encodeFrame(patternBytes(5)));
    stream.send(length);
    await until('stream reset', () => stream.status === 'reset');
    expect(node.consensus.map(({ bytes }) => bytes)).toEqual([patternBytes(5)]);
    expect(scoreOfClient()).toBeLessThan(-40);
  });

  test('of garbage again and again ends in a ban', async () => {
    const connection = await connectClient(client, node, 'validator');
    await until('banned', () => {
      if (connection.status !== 'open') return true;
      connection
        .newStream(CONSENSUS_PROTOCOL)
        .then((stream) => stream.send(new Uint8Array(64).fill(0xff)))
        .catch(() => {});
      return false;
    });
    expect(node.counts.get('ban')).toBe(1);
    expect(node.consensus).toEqual([]);
  });

  test('that ends within a frame costs little, and nothing of it is heard', async () => {
    const connection = await connectClient(client, node, 'validator');
    const stream = await connection.newStream(CONSENSUS_PROTOCOL);
    stream.send(encodeFrame(patternBytes(100)).subarray(0, 60));
    await stream.close();
    await until('penalty', () => (scoreOfClient() ?? 0) < 0);
    expect(scoreOfClient()).toBeGreaterThan(-6);
    expect(node.consensus).toEqual([]);
  });

  test('that the peer never reads fills a bounded queue, which keeps the newest views', async () => {
    let reads = false;
    const heard: number[] = [];
    await client.libp2p.handle(CONSENSUS_PROTOCOL, (stream) => {
      stream.pause();
      let pending = Buffer.alloc(0);
      stream.addEventListener('message', ({ data }) => {
        pending = Buffer.concat([pending, data.subarray()]);
        while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32LE(0)) {
          const length = pending.readUInt32LE(0);
          if (length > 0) heard.push(pending.readUInt32LE(4));
          pending = pending.subarray(4 + length);
        }
      });
      const timer = setInterval(() => {
        if (!reads) return;
        clearInterval(timer);
        stream.resume();
      }, 5);
    });
    await connectClient(client, node, 'validator');
    await until('streams open', () => node.network.consensusUsage().openStreams === 2);
    const views = 400;
    for (let view = 1; view <= views; view++) {
      const bytes = new Uint8Array(20_000);
      new DataView(bytes.buffer).setUint32(0, view, true);
      node.network.broadcastConsensus({ bytes, view });
      // Give the honest one its turn to read.
      await new Promise((resolve) => setImmediate(resolve));
      expect(node.network.consensusUsage().queuedBytes).toBeLessThanOrEqual(
        2 * MAX_CONSENSUS_QUEUE_BYTES,
      );
    }
    await until('honest heard all', () => honest.consensus.length === views);
    expect(node.log.filter(({ event }) => event.includes('stream to validator ended'))).toEqual([]);
    expect(node.network.consensusUsage().queuedBytes).toBeGreaterThan(
      MAX_CONSENSUS_QUEUE_BYTES / 2,
    );
    expect(node.counts.get('consensus_dropped')).toBeGreaterThan(0);
    reads = true;
    await until('client heard the newest', () => heard.at(-1) === views);
    expect(heard.length).toBeLessThan(views);
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
  });
});

describe('a request', () => {
  test('flood is refused above the quota, then banned', async () => {
    const connection = await connectClient(client, node, 'other');
    const refusals: string[] = [];
    const answered = new Set<object>();
    await until('banned', () => {
      if (connection.status !== 'open') return true;
      connection
        .newStream(requestProtocol('status'))
        .then((stream) => {
          stream.addEventListener('message', ({ data }) => {
            const bytes = data.subarray();
            if (bytes[0] === 0) answered.add(stream);
            else refusals.push(Buffer.from(bytes.subarray(5)).toString('latin1'));
            stream.close().catch(() => {});
          });
          stream.send(encodeFrame(patternBytes(3)));
        })
        .catch(() => {});
      return false;
    });
    expect(answered.size).toBeGreaterThan(0);
    // Each answer may come in pieces: header, bytes, end marker.
    expect(answered.size).toBeLessThan(REQUEST_RATES.status.burst + 5);
    expect(refusals.some((text) => text.startsWith('quota: 2 status requests a second'))).toBe(
      true,
    );
    expect(node.counts.get('ban')).toBe(1);
  });

  test.each([
    ['longer than any may be', new Uint8Array([0xff, 0xff, 0xff, 0x7f]), -19],
    ['that ends within its frame', encodeFrame(patternBytes(50)).subarray(0, 30), -4],
  ])('%s is dropped and costs score', async (_name, bytes, above) => {
    const asked: Uint8Array[] = [];
    node.behaviour.answer = async (_method, request) => {
      asked.push(request);
      return ok(request);
    };
    const connection = await connectClient(client, node, 'other');
    const stream = await connection.newStream(requestProtocol('blocks'));
    stream.send(bytes);
    await stream.close();
    await until('penalty', () => (scoreOfClient() ?? 0) < above);
    expect(asked).toEqual([]);
  });
});

describe('a connection', () => {
  test('of bytes that are no libp2p harms nobody', async () => {
    const port = Number(/tcp\/(\d+)/.exec(node.network.addresses()[0] ?? '')?.[1]);
    const closed = [0, 1, 2, 3].map(
      (seed) =>
        new Promise<void>((resolve) => {
          const socket = createConnection(port, '127.0.0.1', () => {
            socket.write(patternBytes(50_000).map((byte) => (byte * (seed + 3)) & 0xff));
          });
          socket.on('error', () => {});
          socket.on('close', () => resolve());
        }),
    );
    await Promise.all(closed);
    expect(node.network.peers().map(({ peer }) => peer)).toEqual([honest.identity.peer]);
  });

  test('that is the third of one peer takes the place of the oldest', async () => {
    const first = await connectClient(client, node, 'other');
    const second = await (await startRawClient('client')).dial(node);
    expect(first.status).toBe('open');
    const third = await (await startRawClient('client')).dial(node);
    await until('first closed', () => first.status !== 'open');
    await sendHandshake(third, goodHandshake(client.identity, 'other'));
    await until('third admitted', () => connected(client.identity.peer));
    expect([second.status, third.status]).toEqual(['open', 'open']);
  });

  test('that shakes hands twice costs score', async () => {
    const connection = await connectClient(client, node, 'other');
    await sendHandshake(connection, goodHandshake(client.identity, 'validator')).catch(() => {});
    await until('penalty', () => (scoreOfClient() ?? 0) < 0);
    expect(node.network.peers()).toMatchObject([
      { peer: honest.identity.peer },
      { consensusKey: undefined },
    ]);
  });

  test('with gossip that is no protobuf stays without effect, what is well-formed is heard', async () => {
    const connection = await connectClient(client, node, 'other');
    const stream = await connection.newStream('/meshsub/1.2.0');
    // Length-prefixed by a varint, as gossipsub frames its messages.
    for (let i = 0; i < 20; i++) {
      stream.send(new Uint8Array([100, ...patternBytes(100 + i).subarray(i)]));
    }
    stream.send(gossipMessage(patternBytes(30)));
    // Well-formed, and heard: the rubbish before it cost its own messages only.
    await until('good message heard', () => node.gossip.length === 1);
    expect(node.gossip[0]?.bytes).toEqual(patternBytes(30));
    stream.send(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x7f]));
    await expectHonestServed();
  });

  test('that runs another version of Node.js is let in', async () => {
    const connection = await client.dial(node);
    const handshake = { chainId: CHAIN_ID, nodeVersion: '20.0.0', binding: undefined };
    await sendHandshake(connection, encodeHandshake(handshake));
    await until('admitted', () => connected(client.identity.peer));
    expect(node.counts.get('other_node_version')).toBe(1);
  });
});
