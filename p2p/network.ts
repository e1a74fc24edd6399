/**
 * What a node needs of a network. The libp2p host implements it for processes, the simulator for
 * virtual time.
 *
 * Every queue behind these calls is bounded: a call never waits for a peer, and what does not fit
 * is dropped (oldest superseded view first on consensus streams). Handlers run in the order of
 * arrival per peer and must not throw.
 */
import type { Result } from '../runtime/core/result.ts';
import type { EpochConfig } from '../runtime/epoch-config.ts';

/** libp2p peer id in its text form. */
export type PeerId = string;

export const TOPICS = ['payloads', 'blocks'] as const;
/** `payloads`: batches of transactions and oracle votes. `blocks`: finalized blocks with certificate. */
export type Topic = (typeof TOPICS)[number];

/** What gossip does with a message: pass it on; drop it; drop it and lower the sender's score. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject';

export const REQUEST_METHODS = ['status', 'blocks', 'certificates', 'payloads'] as const;
export type RequestMethod = (typeof REQUEST_METHODS)[number];

export type RequestError = {
  readonly code: 'no_peer' | 'timeout' | 'refused' | 'too_large' | 'closed';
  readonly detail: string;
};

export type PeerInfo = {
  readonly peer: PeerId;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  /** ed25519 consensus key (hex) that the peer proved, if it is a validator. */
  readonly consensusKey: string | undefined;
  readonly nodeVersion: string;
  readonly score: number;
};

export interface NetworkHandlers {
  /** Bytes of a `ConsensusMessage` from the peer bound to this consensus key (hex). */
  onConsensus(consensusKey: string, bytes: Uint8Array, peer: PeerId): void;
  onGossip(topic: Topic, bytes: Uint8Array, peer: PeerId): GossipVerdict;
  /** Answer to a request, or why it is refused. Quotas are already applied. */
  onRequest(
    method: RequestMethod,
    bytes: Uint8Array,
    peer: PeerId,
  ): Promise<Result<Uint8Array, string>>;
  onPeerConnected(peer: PeerInfo): void;
  onPeerDisconnected(peer: PeerId): void;
}

export interface Network {
  start(handlers: NetworkHandlers): Promise<void>;
  /** Resolves when everything is closed, at the latest after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
  /** Validators of the epochs in force: whom to keep a consensus stream to, and who may open one. */
  setValidators(configs: readonly EpochConfig[]): void;
  /**
   * Queues a consensus message for one validator. `view` orders supersession: when the queue is full,
   * messages of the lowest view go first.
   */
  sendConsensus(consensusKey: string, message: { bytes: Uint8Array; view: number }): void;
  /** `sendConsensus` to every other validator. */
  broadcastConsensus(message: { bytes: Uint8Array; view: number }): void;
  publish(topic: Topic, bytes: Uint8Array): void;
  request(
    peer: PeerId,
    method: RequestMethod,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Result<Uint8Array, RequestError>>;
  peers(): readonly PeerInfo[];
  /** Lowers a peer's score; at −100 it is disconnected and refused for a while. */
  penalise(peer: PeerId, points: number, reason: string): void;
}
