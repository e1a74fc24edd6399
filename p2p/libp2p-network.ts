/**
 * The network of a process: libp2p behind the `Network` interface. Wires the parts; each part's
 * rules stand in its own file.
 *
 * Robustness: handlers of the node are called through one guard. They must not throw; if one does,
 * the invariant it broke is reported through `onHandlerFailure`, and the network goes on.
 */

import type { Connection, Stream } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { Log } from '../node/ports.ts';
import { toHex } from '../runtime/core/bytes.ts';
import { assert, err, type Result } from '../runtime/core/result.ts';
import type { EpochConfig } from '../runtime/epoch-config.ts';
import { ConsensusStreams, type ValidatorTarget } from './consensus-streams.ts';
import { Dialer } from './dialer.ts';
import { Gossip, topicName } from './gossip.ts';
import {
  answerHandshake,
  encodeHandshake,
  HANDSHAKE_PROTOCOL,
  initiateHandshake,
  judgeHandshake,
  type RemoteIdentity,
  type VerifyEd25519,
} from './handshake.ts';
import { createHost, type Host } from './host.ts';
import { MAX_BOOTSTRAP_ADDRESSES } from './limits.ts';
import type { CountEvent } from './metrics.ts';
import {
  type GossipVerdict,
  type Network,
  type NetworkHandlers,
  type PeerId,
  type PeerInfo,
  type RequestError,
  type RequestMethod,
  TOPICS,
  type Topic,
} from './network.ts';
import { peerIdOfKey, peerIdOfSeed, privateKeyOfSeed } from './peer-identity.ts';
import { type ConnectedPeer, Peers } from './peers.ts';
import { RequestResponse } from './request-response.ts';
import { isRefused, penalise, type Scores, scoreOf } from './scores.ts';
import { abortConnection, abortStream, closeConnection, describeError } from './streams.ts';

export type Libp2pNetworkOptions = {
  /** 32 bytes. */
  readonly chainId: Uint8Array;
  /** Seed of the ed25519 peer key, 32 bytes. */
  readonly peerSeed: Uint8Array;
  /** The consensus key (32 bytes) and its signature over `bindingDigest`; none without a vote. */
  readonly binding:
    | { readonly consensusKey: Uint8Array; readonly signature: Uint8Array }
    | undefined;
  /** Multiaddrs, e.g. `/ip4/127.0.0.1/tcp/0`. None: the node dials only. */
  readonly listen: readonly string[];
  /** Multiaddrs, with or without `/p2p/`. */
  readonly bootstrap: readonly string[];
  /** Whether a 64-byte ed25519 signature is good; lengths are checked before. */
  readonly verifyEd25519: VerifyEd25519;
  /** Version of Node.js in ASCII. */
  readonly nodeVersion: string;
  readonly log: Log;
  readonly count?: CountEvent;
  /** A handler of the node threw: what it guards is no longer certain. Default: an error in the log. */
  readonly onHandlerFailure?: (error: unknown) => void;
};

/** `Network`, and what only a process has. */
export interface Libp2pNetwork extends Network {
  readonly peerId: PeerId;
  /** Addresses that others can dial, with `/p2p/`; empty before `start`. */
  addresses(): readonly string[];
  /**
   * After a rotation of the consensus key: shows another one in handshakes. Open connections end,
   * and are made anew at once, since a handshake is what proves a key.
   */
  rebind(binding: { readonly consensusKey: Uint8Array; readonly signature: Uint8Array }): void;
  /** Consensus messages that wait for slow validators, and open streams to validators. */
  consensusUsage(): { readonly queuedBytes: number; readonly openStreams: number };
}

/** Between repairs of gossip streams and of libp2p's address book. */
const MAINTENANCE_INTERVAL_MS = 5_000;
/** Patience with peers that do not take part in a graceful close. */
const GRACEFUL_CLOSE_MS = 250;

/** The running parts. */
type Parts = {
  readonly host: Host;
  readonly peers: Peers;
  readonly consensus: ConsensusStreams;
  readonly requests: RequestResponse;
  readonly gossip: Gossip;
  readonly dialer: Dialer;
  readonly maintenance: NodeJS.Timeout;
};

/** Creates the network, not started. Throws on a malformed bootstrap address. */
export function createLibp2pNetwork(options: Libp2pNetworkOptions): Libp2pNetwork {
  return new Libp2pNetworkHost(options);
}

class Libp2pNetworkHost implements Libp2pNetwork {
  readonly peerId: PeerId;
  readonly #options: Libp2pNetworkOptions;
  readonly #log: Log;
  readonly #count: CountEvent;
  readonly #bootstrap: readonly Multiaddr[];
  readonly #scores: Scores = new Map();
  #binding: Libp2pNetworkOptions['binding'];
  #inForce: ReadonlySet<string> = new Set();
  #validators: readonly ValidatorTarget[] = [];
  #handlers: NetworkHandlers | undefined;
  #parts: Parts | undefined;
  #stopped = false;

  constructor(options: Libp2pNetworkOptions) {
    assert(options.chainId.length === 32, 'a chain id has 32 bytes');
    assert(
      options.bootstrap.length <= MAX_BOOTSTRAP_ADDRESSES,
      `at most ${MAX_BOOTSTRAP_ADDRESSES} bootstrap addresses`,
    );
    this.#bootstrap = options.bootstrap.map((address) => multiaddr(address));
    this.#options = options;
    this.#log = options.log;
    this.#count = options.count ?? (() => {});
    this.peerId = peerIdOfSeed(options.peerSeed);
    this.#binding = options.binding;
  }

  /** Rejects when a listen address is malformed or taken. */
  async start(handlers: NetworkHandlers): Promise<void> {
    assert(this.#parts === undefined && !this.#stopped, 'a network starts once');
    this.#handlers = handlers;
    const parts = await this.#createParts();
    this.#parts = parts;
    const { host, peers, consensus, requests, gossip, dialer } = parts;
    host.addEventListener('connection:open', ({ detail }) => this.#onOpen(parts, detail));
    host.addEventListener('connection:close', ({ detail }) => peers.close(detail));
    await host.handle(
      HANDSHAKE_PROTOCOL,
      (stream, connection) => this.#onHandshakeStream(parts, stream, connection),
      { maxInboundStreams: 2, maxOutboundStreams: 1 },
    );
    await consensus.start();
    await requests.start();
    await host.start();
    gossip.start();
    dialer.start();
    this.#applyValidators(parts);
    this.#log.info({ peer: this.peerId, addresses: this.addresses() }, 'network started');
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    const parts = this.#parts;
    if (parts === undefined) return;
    this.#parts = undefined;
    const { host, peers, consensus, dialer, maintenance } = parts;
    clearInterval(maintenance);
    dialer.stop();
    consensus.stop();
    const untilMs = performance.now() + deadlineMs;
    const patienceMs = Math.min(GRACEFUL_CLOSE_MS, deadlineMs / 2);
    // libp2p's stop waits for streams that may never drain, so connections go first.
    await Promise.all(peers.connections().map((each) => closeConnection(each, patienceMs)));
    const leftMs = Math.max(0, untilMs - performance.now());
    const outcome = await settleWithin(leftMs, async () => await host.stop());
    for (const connection of host.getConnections()) abortConnection(connection, 'node stops');
    peers.stop();
    if (outcome !== 'done') this.#log.warn({ outcome, deadlineMs }, 'libp2p did not stop cleanly');
  }

  setValidators(configs: readonly EpochConfig[]): void {
    const targets = new Map<string, ValidatorTarget>();
    const inForce = new Set<string>();
    for (const { validators } of configs) {
      for (const { consensusKey, peerKey, addresses } of validators) {
        const key = toHex(consensusKey);
        inForce.add(key);
        const peer = peerIdOfKey(peerKey);
        if (key === this.#ownConsensusKey || peer === this.peerId) continue;
        const texts = addresses.map((address) => new TextDecoder('latin1').decode(address));
        // Of two epochs that both name a validator, the later one has its newest addresses.
        targets.set(key, { consensusKey: key, peer, addresses: texts });
      }
    }
    this.#inForce = inForce;
    this.#validators = [...targets.values()];
    if (this.#parts !== undefined) this.#applyValidators(this.#parts);
  }

  rebind(binding: { readonly consensusKey: Uint8Array; readonly signature: Uint8Array }): void {
    this.#binding = binding;
    const parts = this.#parts;
    if (parts === undefined) return;
    for (const connection of parts.peers.connections()) {
      abortConnection(connection, 'another consensus key');
    }
    this.#applyValidators(parts);
  }

  get #ownConsensusKey(): string | undefined {
    return this.#binding && toHex(this.#binding.consensusKey);
  }

  sendConsensus(consensusKey: string, message: { bytes: Uint8Array; view: number }): void {
    this.#parts?.consensus.send(consensusKey, message);
  }

  broadcastConsensus(message: { bytes: Uint8Array; view: number }): void {
    this.#parts?.consensus.broadcast(message);
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    this.#parts?.gossip.publish(topic, bytes);
  }

  async request(
    peer: PeerId,
    method: RequestMethod,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Result<Uint8Array, RequestError>> {
    const { requests } = this.#parts ?? {};
    if (requests === undefined) return err({ code: 'closed', detail: 'network is not running' });
    return await requests.request(peer, method, bytes, timeoutMs);
  }

  peers(): readonly PeerInfo[] {
    return (this.#parts?.peers.all() ?? []).map((peer) => this.#describe(peer));
  }

  penalise(peer: PeerId, points: number, reason: string): void {
    const outcome = penalise(this.#scores, peer, points, performance.now());
    this.#count('penalty');
    const score = Math.round(scoreOf(this.#scores, peer, performance.now()));
    if (outcome === 'noted') this.#log.debug({ peer, points, score, reason }, 'peer penalised');
    if (outcome === 'warn') this.#log.warn({ peer, points, score, reason }, 'peer misbehaves');
    if (outcome !== 'ban') return;
    this.#count('ban');
    this.#log.warn({ peer, reason }, 'peer banned');
    // Not from within a listener of the connection that is to go.
    queueMicrotask(() => this.#parts?.peers.drop(peer, 'banned'));
  }

  addresses(): readonly string[] {
    return this.#parts?.host.getMultiaddrs().map((address) => address.toString()) ?? [];
  }

  consensusUsage(): { readonly queuedBytes: number; readonly openStreams: number } {
    return this.#parts?.consensus.usage() ?? { queuedBytes: 0, openStreams: 0 };
  }

  async #createParts(): Promise<Parts> {
    const { chainId, listen, peerSeed } = this.#options;
    const log = this.#log;
    const count = this.#count;
    const blame = (peer: PeerId, points: number, reason: string): void =>
      this.penalise(peer, points, reason);
    const peers = new Peers({
      log,
      count,
      inForce: (key) => this.#inForce.has(key),
      onConnected: (peer) => this.#onConnected(peer),
      onDisconnected: (peer) => this.#onDisconnected(peer),
      penalise: blame,
    });
    const host = await createHost({
      privateKey: privateKeyOfSeed(peerSeed),
      listen,
      topics: TOPICS.map((topic) => topicName(chainId, topic)),
      refusesPeer: (peer) => isRefused(this.#scores, peer, performance.now()),
      admitted: (connection) => peers.admitted(connection),
    });
    const dialer = new Dialer({
      host,
      self: this.peerId,
      peers,
      log,
      bootstrap: this.#bootstrap,
      isRefused: (peer) => isRefused(this.#scores, peer, performance.now()),
    });
    const consensus = new ConsensusStreams({
      host,
      self: this.peerId,
      peers,
      log,
      count,
      dial: (peer, addresses) => dialer.dial(peer, addresses),
      onMessage: (key, bytes, peer) => {
        this.#guard(undefined, () => this.#handlers?.onConsensus(key, bytes, peer));
      },
      penalise: blame,
    });
    const requests = new RequestResponse({
      host,
      peers,
      count,
      inForce: (key) => this.#inForce.has(key),
      onRequest: (method, bytes, peer) => this.#onRequest(method, bytes, peer),
      penalise: blame,
    });
    const gossip = new Gossip({
      host,
      chainId,
      peers,
      log,
      count,
      onGossip: (topic, bytes, peer) => this.#onGossip(topic, bytes, peer),
      penalise: blame,
      heardByAll: () => this.#isValidator() && peers.isCircleOf(this.#validators.length),
    });
    const maintenance = setInterval(() => this.#maintain(), MAINTENANCE_INTERVAL_MS);
    return { host, peers, consensus, requests, gossip, dialer, maintenance };
  }

  #isValidator(): boolean {
    return this.#ownConsensusKey !== undefined && this.#inForce.has(this.#ownConsensusKey);
  }

  /** A validator in force holds streams to the others; any other node may use them as peers. */
  #applyValidators({ consensus, dialer }: Parts): void {
    const validates = this.#isValidator();
    consensus.setValidators(validates ? this.#validators : [], this.#inForce);
    dialer.setValidators(validates ? [] : this.#validators);
  }

  #onOpen({ peers }: Parts, connection: Connection): void {
    if (this.#stopped) {
      abortConnection(connection, 'node stops');
      return;
    }
    peers.open(connection);
    if (connection.direction !== 'outbound') return;
    const ours = encodeHandshake({ ...this.#options, binding: this.#binding });
    void initiateHandshake(connection, ours, this.#judge(connection), (outcome) => {
      if (outcome.ok) peers.admit(connection, outcome.value);
      else peers.refuse(connection, outcome.error);
    });
  }

  #onHandshakeStream({ peers }: Parts, stream: Stream, connection: Connection): void {
    // The dialer opens it, once; each one costs a signature.
    if (connection.direction !== 'inbound' || !peers.isPending(connection)) {
      abortStream(stream, 'handshake out of turn');
      this.penalise(connection.remotePeer.toString(), 5, 'handshake out of turn');
      return;
    }
    const ours = encodeHandshake({ ...this.#options, binding: this.#binding });
    answerHandshake(stream, ours, this.#judge(connection), (outcome) => {
      if (outcome.ok) peers.admit(connection, outcome.value);
      else peers.refuse(connection, outcome.error);
    });
  }

  #judge(connection: Connection): (ssz: Uint8Array) => ReturnType<typeof judgeHandshake> {
    const { chainId, verifyEd25519 } = this.#options;
    return (ssz) => {
      const key = connection.remotePeer.publicKey;
      if (key === undefined || key.type !== 'Ed25519') {
        return err({ code: 'malformed', detail: 'peer key is not ed25519', penaltyPoints: 0 });
      }
      return judgeHandshake(ssz, { chainId, peerKey: key.raw, verify: verifyEd25519 });
    };
  }

  #onConnected(peer: ConnectedPeer): void {
    const info = this.#describe(peer);
    this.#log.info(info, 'peer connected');
    this.#guard(undefined, () => this.#handlers?.onPeerConnected(info));
    this.#parts?.gossip.ensureStream(peer.peer);
    this.#parts?.consensus.onConnected(peer.peer);
  }

  #onDisconnected(peer: PeerId): void {
    this.#log.info({ peer }, 'peer disconnected');
    this.#parts?.gossip.onDisconnected(peer);
    this.#parts?.requests.onDisconnected(peer);
    this.#guard(undefined, () => this.#handlers?.onPeerDisconnected(peer));
  }

  #onGossip(topic: Topic, bytes: Uint8Array, peer: PeerId): GossipVerdict {
    const ignore: GossipVerdict = 'ignore';
    return this.#guard(ignore, () => this.#handlers?.onGossip(topic, bytes, peer) ?? ignore);
  }

  async #onRequest(
    method: RequestMethod,
    bytes: Uint8Array,
    peer: PeerId,
  ): Promise<Result<Uint8Array, string>> {
    const none: Result<Uint8Array, string> = err('node cannot answer');
    try {
      return (await this.#handlers?.onRequest(method, bytes, peer)) ?? none;
    } catch (error) {
      this.#handlerFailed(error);
      return none;
    }
  }

  #guard<T>(fallback: T, run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.#handlerFailed(error);
      return fallback;
    }
  }

  #handlerFailed(error: unknown): void {
    this.#log.error({ error: describeError(error) }, 'handler of a network event threw');
    this.#options.onHandlerFailure?.(error);
  }

  #describe({ peer, identity, connection }: ConnectedPeer): PeerInfo {
    const { consensusKey, nodeVersion }: RemoteIdentity = identity;
    return {
      peer,
      address: connection.remoteAddr.toString(),
      direction: connection.direction,
      consensusKey,
      nodeVersion,
      score: scoreOf(this.#scores, peer, performance.now()),
    };
  }

  #maintain(): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    for (const { peer } of parts.peers.all()) parts.gossip.ensureStream(peer);
    this.#forgetStrangers(parts).catch((error: unknown) => {
      this.#log.warn({ error: describeError(error) }, 'address book not pruned');
    });
  }

  /** libp2p remembers every peer for hours; ids are free, so one could fill the memory with them. */
  async #forgetStrangers({ host, peers }: Parts): Promise<void> {
    const connected = new Set(peers.connections().map(({ remotePeer }) => remotePeer.toString()));
    for (const { id } of await host.peerStore.all()) {
      if (id.equals(host.peerId) || connected.has(id.toString())) continue;
      await host.peerStore.delete(id);
    }
  }
}

/** How `run` ended, or that it had not within `ms`. Keeps the process alive until then. */
async function settleWithin(ms: number, run: () => Promise<void>): Promise<string> {
  const expired = Promise.withResolvers<string>();
  const timer = setTimeout(() => expired.resolve('expired'), ms);
  const ended = run().then(() => 'done', describeError);
  const outcome = await Promise.race([ended, expired.promise]);
  clearTimeout(timer);
  return outcome;
}
