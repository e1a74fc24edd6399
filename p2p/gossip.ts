/**
 * Gossip: batches of payloads and final blocks, to everyone.
 *
 * Gossipsub carries it, as `host.ts` sets it up: own messages reach every peer in one hop, others'
 * go on when the node's verdict is `accept`. What a peer sends above its rate is ignored and costs
 * score, so that what is kept for repetition stays bounded.
 */
import type { GossipsubMessage } from '@libp2p/gossipsub';
import type { Connection } from '@libp2p/interface';
import type { Log } from '../node/ports.ts';
import { toHex } from '../runtime/core/bytes.ts';
import type { Host } from './host.ts';
import {
  type Bucket,
  fullBucket,
  GOSSIP_PEER_BYTES_RATE,
  GOSSIP_PEER_MESSAGES_RATE,
  GOSSIP_TOTAL_BYTES_RATE,
  HANDSHAKE_DEADLINE_MS,
  take,
} from './limits.ts';
import { MAX_GOSSIP_BYTES } from './messages.ts';
import type { CountEvent } from './metrics.ts';
import { type GossipVerdict, type PeerId, TOPICS, type Topic } from './network.ts';
import type { Peers } from './peers.ts';
import { describeError } from './streams.ts';

/** Name of a topic on the wire: chains do not meet even if their nodes do. */
export function topicName(chainId: Uint8Array, topic: Topic): string {
  return `/miletus/${toHex(chainId.subarray(0, 4))}/${topic}/1`;
}

const GOSSIP_PROTOCOL_PREFIX = '/meshsub/';

export type GossipOptions = {
  readonly host: Host;
  readonly chainId: Uint8Array;
  readonly peers: Peers;
  readonly log: Log;
  readonly count: CountEvent;
  readonly onGossip: (topic: Topic, bytes: Uint8Array, peer: PeerId) => GossipVerdict;
  readonly penalise: (peer: PeerId, points: number, reason: string) => void;
  /** Whether what this peer sends has reached everyone already, so that passing it on is in vain. */
  readonly heardByAll: (peer: PeerId) => boolean;
};

type Account = { bytes: Bucket; messages: Bucket };

export class Gossip {
  readonly #options: GossipOptions;
  readonly #topics: ReadonlyMap<string, Topic>;
  readonly #accounts: Map<PeerId, Account> = new Map();
  readonly #identifying: Set<PeerId> = new Set();
  #total: Bucket = fullBucket(GOSSIP_TOTAL_BYTES_RATE, performance.now());

  constructor(options: GossipOptions) {
    this.#options = options;
    this.#topics = new Map(TOPICS.map((topic) => [topicName(options.chainId, topic), topic]));
  }

  /** Subscribes. The host has started. */
  start(): void {
    const { gossip } = this.#options.host.services;
    gossip.addEventListener('gossipsub:message', ({ detail }) => this.#onMessage(detail));
    for (const name of this.#topics.keys()) gossip.subscribe(name);
  }

  /** See `Network.publish`. A message above `MAX_GOSSIP_BYTES` would be cut off by every peer. */
  publish(topic: Topic, bytes: Uint8Array): void {
    const { host, chainId, log, count } = this.#options;
    if (bytes.length > MAX_GOSSIP_BYTES) {
      log.error({ topic, bytes: bytes.length }, 'gossip message too large, not published');
      return;
    }
    count('gossip_published');
    host.services.gossip.publish(topicName(chainId, topic), bytes).catch((error: unknown) => {
      log.warn({ topic, error: describeError(error) }, 'gossip message not published');
    });
  }

  /**
   * Makes gossipsub open its stream to a peer that has shaken hands. Called again for every peer
   * from time to time: gossipsub does not reopen a stream that broke while the connection lives.
   */
  ensureStream(peer: PeerId): void {
    const connected = this.#options.peers.get(peer);
    if (connected === undefined || this.#identifying.has(peer)) return;
    const connections = connected.sessions.map(({ connection }) => connection);
    if (connections.some(hasGossipStream)) return;
    this.#identifying.add(peer);
    this.#options.host.services.identify
      .identify(connected.connection, { signal: AbortSignal.timeout(HANDSHAKE_DEADLINE_MS) })
      .catch((error: unknown) => {
        const facts = { peer, error: describeError(error) };
        this.#options.log.debug(facts, 'identify failed, will be tried again');
      })
      .finally(() => this.#identifying.delete(peer));
  }

  onDisconnected(peer: PeerId): void {
    this.#accounts.delete(peer);
  }

  #onMessage({ msgId, msg, propagationSource }: GossipsubMessage): void {
    const peer = propagationSource.toString();
    const judged = this.#judge(msg.topic, msg.data, peer);
    const verdict = judged === 'accept' && this.#options.heardByAll(peer) ? 'ignore' : judged;
    if (verdict === 'accept') this.#options.count('gossip_forwarded');
    try {
      this.#options.host.services.gossip.reportMessageValidationResult(msgId, peer, verdict);
    } catch (error) {
      this.#options.log.warn({ peer, error: describeError(error) }, 'gossip message not passed on');
    }
  }

  #judge(topicText: string, data: Uint8Array, peer: PeerId): GossipVerdict {
    const { count, penalise, onGossip } = this.#options;
    const topic = this.#topics.get(topicText);
    if (topic === undefined) return 'ignore';
    count('gossip_received');
    if (!this.#charge(peer, data.length)) {
      count('gossip_refused');
      penalise(peer, 2, 'gossip above its rate');
      return 'ignore';
    }
    // A copy: `data` may be a Buffer, whose `slice` is a view, and views hold the whole RPC.
    const verdict = onGossip(topic, new Uint8Array(data), peer);
    if (verdict === 'reject') {
      count('gossip_refused');
      penalise(peer, 10, `rejected message on ${topic}`);
    }
    return verdict;
  }

  #charge(peer: PeerId, bytes: number): boolean {
    const nowMs = performance.now();
    const account = this.#accounts.get(peer) ?? {
      bytes: fullBucket(GOSSIP_PEER_BYTES_RATE, nowMs),
      messages: fullBucket(GOSSIP_PEER_MESSAGES_RATE, nowMs),
    };
    const ofBytes = take(account.bytes, GOSSIP_PEER_BYTES_RATE, bytes, nowMs);
    const ofMessages = take(account.messages, GOSSIP_PEER_MESSAGES_RATE, 1, nowMs);
    this.#accounts.set(peer, { bytes: ofBytes.bucket, messages: ofMessages.bucket });
    if (!ofBytes.taken || !ofMessages.taken) return false;
    const total = take(this.#total, GOSSIP_TOTAL_BYTES_RATE, bytes, nowMs);
    this.#total = total.bucket;
    return total.taken;
  }
}

function hasGossipStream({ status, streams }: Connection): boolean {
  return (
    status === 'open' &&
    streams.some(
      (stream) =>
        stream.direction === 'outbound' && stream.protocol.startsWith(GOSSIP_PROTOCOL_PREFIX),
    )
  );
}
