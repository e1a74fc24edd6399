/** Nodes on loopback, and a raw libp2p client that can misbehave, for the tests of `p2p/`. */
import { noise } from '@chainsafe/libp2p-noise';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import sodium from 'sodium-native';
import type { Log } from '../../node/ports.ts';
import { encodeFrame } from '../../p2p/frames.ts';
import { encodeHandshake, HANDSHAKE_PROTOCOL } from '../../p2p/handshake.ts';
import {
  createLibp2pNetwork,
  type Libp2pNetwork,
  type Libp2pNetworkOptions,
} from '../../p2p/libp2p-network.ts';
import type { NetworkEvent } from '../../p2p/metrics.ts';
import type {
  GossipVerdict,
  NetworkHandlers,
  PeerId,
  RequestMethod,
  Topic,
} from '../../p2p/network.ts';
import {
  bindingDigest,
  peerIdOfSeed,
  peerKeyOfSeed,
  privateKeyOfSeed,
} from '../../p2p/peer-identity.ts';
import { asciiBytes, toHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import type { Epoch, TimestampMs, Weight } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';

export const CHAIN_ID: Uint8Array = sha256(asciiBytes('p2p test chain'));

export function verifyEd25519(key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  return sodium.crypto_sign_verify_detached(
    Buffer.from(signature),
    Buffer.from(digest),
    Buffer.from(key),
  );
}

export type TestIdentity = {
  readonly seed: Uint8Array;
  readonly peer: PeerId;
  readonly peerKey: Uint8Array;
  readonly consensusKey: Uint8Array;
  readonly consensusHex: string;
  /** Signs with the consensus key. */
  readonly sign: (digest: Uint8Array) => Uint8Array;
};

/** The identity that a name stands for: same name, same keys. */
export function identityOf(name: string): TestIdentity {
  const seed = sha256(asciiBytes(`peer ${name}`));
  const publicKey = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
  const secretKey = Buffer.alloc(sodium.crypto_sign_SECRETKEYBYTES);
  const consensusSeed = Buffer.from(sha256(asciiBytes(`consensus ${name}`)));
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, consensusSeed);
  return {
    seed,
    peer: peerIdOfSeed(seed),
    peerKey: peerKeyOfSeed(seed),
    consensusKey: new Uint8Array(publicKey),
    consensusHex: toHex(publicKey),
    sign: (digest) => {
      const signature = Buffer.alloc(sodium.crypto_sign_BYTES);
      sodium.crypto_sign_detached(signature, Buffer.from(digest), secretKey);
      return new Uint8Array(signature);
    },
  };
}

export function bindingOf(identity: TestIdentity): {
  consensusKey: Uint8Array;
  signature: Uint8Array;
} {
  const { consensusKey, peerKey } = identity;
  return { consensusKey, signature: identity.sign(bindingDigest(CHAIN_ID, peerKey)) };
}

/** An epoch whose validators are these, each at its addresses. */
export function epochOf(
  validators: readonly { identity: TestIdentity; addresses: readonly string[] }[],
): EpochConfig {
  return {
    epoch: 1 as Epoch,
    endsAt: 0 as TimestampMs,
    validators: validators.map(({ identity, addresses }) => ({
      operator: new Uint8Array(20),
      consensusKey: identity.consensusKey,
      oracleKey: new Uint8Array(32),
      peerKey: identity.peerKey,
      weight: 1n as Weight,
      addresses: addresses.map(asciiBytes),
    })),
    leaderSeed: new Uint8Array(32),
    limits: { maxBytes: 0, maxPayloads: 0, maxWeight: 0 },
    pacing: {
      minBlockIntervalMs: 0,
      idleBlockMs: 0,
      deltaMs: 0,
      timeoutGrowthPercent: 100,
      timeoutCapMs: 0,
    },
    moduleVersions: [],
  };
}

export type LogLine = { readonly level: string; readonly event: string; readonly facts: object };

/** A log that keeps its lines. */
export function recordingLog(lines: LogLine[]): Log {
  const at = (level: string) => (facts: object, event: string) => {
    lines.push({ level, event, facts });
  };
  const log: Log = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

export type TestNode = {
  readonly identity: TestIdentity;
  readonly network: Libp2pNetwork;
  readonly log: LogLine[];
  readonly consensus: { readonly from: string; readonly bytes: Uint8Array }[];
  readonly gossip: { readonly topic: Topic; readonly bytes: Uint8Array; readonly peer: PeerId }[];
  readonly counts: Map<NetworkEvent, number>;
  /** What the node says to gossip and requests; tests put in their own. */
  readonly behaviour: {
    verdict: (bytes: Uint8Array) => GossipVerdict;
    answer: (method: RequestMethod, bytes: Uint8Array) => Promise<Result<Uint8Array, string>>;
    onConsensus: ((bytes: Uint8Array) => void) | undefined;
  };
};

/** What runs in a test and is to be stopped after it. */
const running: Set<{ stop: () => Promise<unknown> }> = new Set();

/** Stops everything that was started. For `afterEach`. */
export async function stopAll(): Promise<void> {
  const all = [...running];
  running.clear();
  await Promise.all(all.map((each) => each.stop()));
}

/** A node that listens on a free port of loopback, or on `listen`. */
export async function startNode(
  name: string,
  options: Partial<Libp2pNetworkOptions> & { validates?: boolean } = {},
): Promise<TestNode> {
  const { validates = true, ...overrides } = options;
  const identity = identityOf(name);
  const log: LogLine[] = [];
  const counts: Map<NetworkEvent, number> = new Map();
  const network = createLibp2pNetwork({
    chainId: CHAIN_ID,
    peerSeed: identity.seed,
    binding: validates ? bindingOf(identity) : undefined,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    verifyEd25519,
    nodeVersion: process.versions.node,
    log: recordingLog(log),
    count: (event, amount = 1) => counts.set(event, (counts.get(event) ?? 0) + amount),
    ...overrides,
  });
  const node: TestNode = {
    identity,
    network,
    log,
    consensus: [],
    gossip: [],
    counts,
    behaviour: {
      verdict: () => 'accept',
      answer: async (_method, bytes) => ok(bytes),
      onConsensus: undefined,
    },
  };
  const handlers: NetworkHandlers = {
    onConsensus: (from, bytes) => {
      node.consensus.push({ from, bytes });
      node.behaviour.onConsensus?.(bytes);
    },
    onGossip: (topic, bytes, peer) => {
      node.gossip.push({ topic, bytes, peer });
      return node.behaviour.verdict(bytes);
    },
    onRequest: (method, bytes) => node.behaviour.answer(method, bytes),
    onPeerConnected: () => {},
    onPeerDisconnected: () => {},
  };
  await network.start(handlers);
  running.add({ stop: () => network.stop(2_000) });
  return node;
}

/** Addresses of a running node. */
export function addressesOfNode(node: TestNode): readonly string[] {
  return node.network.addresses();
}

/** Resolves when `holds`; rejects, naming `what`, after ten seconds. */
export async function until(what: string, holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A plain libp2p that speaks no protocol of ours by itself. */
export type RawClient = {
  readonly identity: TestIdentity;
  readonly libp2p: Libp2p;
  dial(node: TestNode): Promise<Connection>;
};

export async function startRawClient(name: string): Promise<RawClient> {
  const identity = identityOf(name);
  const libp2p = await createLibp2p({
    privateKey: privateKeyOfSeed(identity.seed),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
  running.add({ stop: async () => await libp2p.stop() });
  return {
    identity,
    libp2p,
    dial: async (node) => {
      const [address] = node.network.addresses();
      if (address === undefined) throw new Error('node does not listen');
      return await libp2p.dial(multiaddr(address));
    },
  };
}

/** SSZ of a good handshake of the client, as validator or without a vote. */
export function goodHandshake(identity: TestIdentity, role: 'validator' | 'other'): Uint8Array {
  return encodeHandshake({
    chainId: CHAIN_ID,
    nodeVersion: process.versions.node,
    binding: role === 'validator' ? bindingOf(identity) : undefined,
  });
}

/** Sends one frame on a new handshake stream. */
export async function sendHandshake(connection: Connection, ssz: Uint8Array): Promise<Stream> {
  const stream = await connection.newStream(HANDSHAKE_PROTOCOL);
  stream.send(encodeFrame(ssz));
  return stream;
}

/** Dials and shakes hands properly. */
export async function connectClient(
  client: RawClient,
  node: TestNode,
  role: 'validator' | 'other',
): Promise<Connection> {
  const connection = await client.dial(node);
  await sendHandshake(connection, goodHandshake(client.identity, role));
  await until('client admitted', () =>
    node.network.peers().some(({ peer }) => peer === client.identity.peer),
  );
  return connection;
}

/** Bytes that differ from place to place. */
export function patternBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8)) & 0xff;
  return bytes;
}
