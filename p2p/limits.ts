/**
 * Every bound of the network in one place, each with the memory or the rate it stands for.
 *
 * Worst case over all peers, hostile ones included (128 validators, 64 others):
 *
 * | what                        | arithmetic                              | MiB |
 * |-----------------------------|-----------------------------------------|-----|
 * | consensus queues            | 127 × 2 MiB, bytes of a broadcast shared | 254 |
 * | consensus frames coming in  | 127 × 0.76 MiB                          |  97 |
 * | stream and muxer buffers    | of any peer that does not read: 1 MiB window + 1 MiB a stream |  – |
 * | answers being sent          | 24 × 16 MiB                             | 384 |
 * | answers coming in           | 16 × 16 MiB                             | 256 |
 * | gossip kept for repetition  | 32 MiB burst + 3 s × 16 MiB/s           |  80 |
 *
 * A node that is not attacked holds a few MiB: queues are empty while peers read.
 */
import {
  MAX_BITMAP_BYTES,
  MAX_BLOCK_PAYLOADS,
  MAX_PROPOSAL_CERTIFICATES,
  MAX_VALIDATORS,
} from '../runtime/limits.ts';
import type { RequestMethod } from './network.ts';

const KIB = 1_024;
const MIB: number = 1_024 * KIB;

/** A token bucket's size and filling. */
export type Rate = {
  /** Most tokens a bucket holds. */
  readonly burst: number;
  readonly perSecond: number;
};

// Connections and streams.

/** Peers that are no validators in force. A full node takes a slot; a validator never does. */
export const MAX_OTHER_PEERS = 64;
/** Two nodes that dial each other at once hold two connections; a third is closed. */
export const MAX_CONNECTIONS_PER_PEER = 2;
/** 2 × (128 validators + 64 others), and 16 that are being set up: 400 sockets. */
export const MAX_CONNECTIONS: number =
  MAX_CONNECTIONS_PER_PEER * (MAX_VALIDATORS + MAX_OTHER_PEERS) + 16;
/** Connections a second from one address; a devnet has all its nodes on one. */
export const MAX_INBOUND_CONNECTIONS_PER_S = 64;
/** Connections that are being encrypted or multiplexed. */
export const MAX_PENDING_CONNECTIONS = 32;
/** Streams of one connection, each way: 1 handshake, 1 identify, 2 gossip, 2 consensus, 4 × 8 requests. */
export const MAX_STREAMS_PER_CONNECTION = 48;
/** Receive window: bytes a peer may have under way on one stream. Yamux starts at 256 KiB. */
export const MAX_STREAM_WINDOW_BYTES: number = MIB;
/** Unread bytes of one stream before it is reset: a whole window and the frame that fills it. */
export const MAX_STREAM_READ_BUFFER_BYTES: number = 2 * MIB;
/** Unsent bytes of one stream before it is reset; our own writers stop far below. */
export const MAX_STREAM_WRITE_BUFFER_BYTES: number = 4 * MIB;

/** Every connection is probed this often, and aborted when the probe gets no answer. */
export const PING_INTERVAL_MS = 30_000;
export const PING_TIMEOUT_MS = 20_000;

// Handshake.

/** SSZ of a `Handshake`: 32 + 4 + three offsets of 4 + 32 + 32 + 64 = 176. */
export const MAX_HANDSHAKE_BYTES = 176;
export const HANDSHAKE_DEADLINE_MS = 5_000;

// Consensus streams.

/** SSZ of a certificate with every validator in it: 3 offsets, subject 57, bitmap, signatures. */
const MAX_CERTIFICATE_BYTES: number = 12 + 57 + MAX_BITMAP_BYTES + MAX_VALIDATORS * 64;
/**
 * The largest message is a proposal: selector 1, offsets 12, vote 127, header 234 and offset 4,
 * 8,192 × 32 of wire ids, 64 × (offset 4 + certificate 8,277) = 792,506; the KiB holds the rest.
 */
export const MAX_CONSENSUS_FRAME_BYTES: number =
  KIB + MAX_BLOCK_PAYLOADS * 32 + MAX_PROPOSAL_CERTIFICATES * (4 + MAX_CERTIFICATE_BYTES);
/** Queue for one validator: two largest proposals, or 1,024 votes of ~130 bytes and some certificates. */
export const MAX_CONSENSUS_QUEUE_BYTES: number = 2 * MIB;
export const MAX_CONSENSUS_QUEUE_MESSAGES = 1_024;
/**
 * What one validator may send: at 25 views a second it sends 300 messages, and a leader of large
 * blocks 25 × 0.26 MB of wire ids. A validator above seven times that is flooding.
 */
export const CONSENSUS_MESSAGES_RATE: Rate = { burst: 4_096, perSecond: 2_048 };
export const CONSENSUS_BYTES_RATE: Rate = { burst: 64 * MIB, perSecond: 32 * MIB };
/** Bytes handed to a stream before the queue holds the rest: what the stream may lose, too. */
export const CONSENSUS_STREAM_HIGH_WATER_BYTES: number = 256 * KIB;
/** Frames carry an empty payload this often; a validator that does not answer is disconnected. */
export const HEARTBEAT_INTERVAL_MS = 5_000;
/** Four heartbeats: longer than any pause of a loaded node, shorter than TCP's minutes. */
export const HEARTBEAT_DEADLINE_MS = 20_000;
/** Time between attempts to reach a validator. */
export const RECONNECT_MIN_MS = 100;
export const RECONNECT_MAX_MS = 2_000;
/** A node with the higher peer id waits this long, so that two nodes seldom dial each other at once. */
export const DIAL_STAGGER_MS = 250;

// Requests.

/** A request for 8,192 payloads: 32 + offset 4 + 8,192 × 32. */
export const MAX_REQUEST_BYTES: number = 36 + MAX_BLOCK_PAYLOADS * 32;
/** Why a request was refused, in ASCII. */
export const MAX_REFUSAL_BYTES = 256;
/** Requests that one peer and this node have under way, each way; more streams are reset. */
export const MAX_REQUESTS_PER_PEER = 8;
/**
 * Requests that are being answered: 24 × 16 MiB of answers. The last eight places are kept for
 * validators in force, who need bodies to vote, so that others who do not read cannot starve them.
 */
export const INBOUND_REQUESTS: Readonly<
  Record<'validator' | 'other', { readonly perPeer: number; readonly total: number }>
> = {
  validator: { perPeer: MAX_REQUESTS_PER_PEER, total: 24 },
  other: { perPeer: 4, total: 16 },
};
/** Requests under way: 16 × 16 MiB of answers. */
export const MAX_OUTBOUND_REQUESTS = 16;
/** An answer is written in pieces of this, each when the one before has left. */
export const ANSWER_CHUNK_BYTES: number = 256 * KIB;
/** A peer has this long to send its request, and then to take each piece of the answer. */
export const REQUEST_READ_TIMEOUT_MS = 5_000;
export const ANSWER_STALL_TIMEOUT_MS = 10_000;

/**
 * Requests of one peer. `payloads` serves a node that misses bodies of 25 proposals a second;
 * `blocks` gives 8 × 64 blocks a second to one that catches up, ten times the chain's speed.
 */
export const REQUEST_RATES: Readonly<Record<RequestMethod, Rate>> = {
  status: { burst: 10, perSecond: 2 },
  blocks: { burst: 16, perSecond: 8 },
  certificates: { burst: 16, perSecond: 8 },
  payloads: { burst: 64, perSecond: 32 },
};
/** Bytes of answers to one peer. An answer may overdraw; the next waits until it is paid. */
export const ANSWER_BYTES_RATE: Rate = { burst: 64 * MIB, perSecond: 32 * MIB };

// Gossip.

/** Gossip of one peer: 20,000 orders a second are 0.9 MB/s; a burst holds two largest messages. */
export const GOSSIP_PEER_BYTES_RATE: Rate = { burst: 10 * MIB, perSecond: 4 * MIB };
export const GOSSIP_PEER_MESSAGES_RATE: Rate = { burst: 1_024, perSecond: 512 };
/** Gossip of all peers together; bounds what is kept for repetition. */
export const GOSSIP_TOTAL_BYTES_RATE: Rate = { burst: 32 * MIB, perSecond: 16 * MIB };
/** Unsent gossip for one peer, then its stream is reset: one largest message and 3 MiB. */
export const MAX_GOSSIP_BUFFER_BYTES: number = 8 * MIB;

// Scores.

/** Peers remembered for what they did; 100 bytes each. */
export const MAX_SCORED_PEERS = 1_024;

// Dialing.

export const MAX_BOOTSTRAP_ADDRESSES = 32;
export const BOOTSTRAP_RETRY_MIN_MS = 250;
export const BOOTSTRAP_RETRY_MAX_MS = 30_000;
/** With no peer at all a node tries again this often. */
export const LONELY_RETRY_MAX_MS = 2_000;
export const DIAL_TIMEOUT_MS = 5_000;

/** Tokens at an instant. Time is a parameter: ms of any clock that does not go back. */
export type Bucket = { readonly tokens: number; readonly atMs: number };

/** A full bucket. */
export function fullBucket(rate: Rate, nowMs: number): Bucket {
  return { tokens: rate.burst, atMs: nowMs };
}

/** The bucket at `nowMs`. Cost: O(1). */
export function refill(bucket: Bucket, rate: Rate, nowMs: number): Bucket {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1_000);
  return { tokens, atMs: nowMs };
}

/**
 * Takes `cost` tokens if the bucket holds that many. A refusal takes none, so a peer that goes on
 * asking is served again as soon as its tokens are back.
 */
export function take(
  bucket: Bucket,
  rate: Rate,
  cost: number,
  nowMs: number,
): { readonly taken: boolean; readonly bucket: Bucket } {
  const filled = refill(bucket, rate, nowMs);
  if (filled.tokens < cost) return { taken: false, bucket: filled };
  return { taken: true, bucket: { tokens: filled.tokens - cost, atMs: nowMs } };
}

/** Peers that gossipsub keeps in the mesh of a topic: below this number all of them. */
export const GOSSIP_MESH_PEERS = 4;

/**
 * Messages of this size on are announced to the mesh as not wanted again. A frame costs 0.1 to 0.2 ms
 * at both ends together, about as much as 64 KiB of a duplicate.
 */
export const GOSSIP_IDONTWANT_BYTES: number = 64 * 1_024;
