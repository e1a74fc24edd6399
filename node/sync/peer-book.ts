/**
 * What block sync knows of its peers: what they claim to hold, what is asked of them, and how long
 * to leave them alone after a failure. Data and functions; time is a parameter.
 *
 * A claim is never trusted, only tried: a peer that does not give what it claims loses the claim and
 * is left alone for a time that doubles, so a lie costs one request.
 */
import { type Bucket, fullBucket, type Rate, refill, take } from '../../p2p/limits.ts';
import type { Status } from '../../p2p/messages.ts';
import type { PeerId } from '../../p2p/network.ts';

/** How a request to a peer ended, other than well. */
export const SYNC_FAILURES = [
  /** A quota, of the peer or of this node. */
  'refused',
  'unreachable',
  'timeout',
  /** It claims to hold the range, and gave nothing. */
  'empty',
  'too_large',
  /** It sent what no honest node sends. */
  'wrong',
] as const;
export type SyncFailure = (typeof SYNC_FAILURES)[number];

/** Pause after the first failure of a kind, doubled with each, and points for each. */
const CONSEQUENCES: Readonly<
  Record<SyncFailure, { readonly pauseMs: number; readonly points: number }>
> = {
  refused: { pauseMs: 250, points: 0 },
  unreachable: { pauseMs: 1_000, points: 0 },
  timeout: { pauseMs: 2_000, points: 5 },
  empty: { pauseMs: 2_000, points: 10 },
  too_large: { pauseMs: 10_000, points: 25 },
  wrong: { pauseMs: 10_000, points: 50 },
};
const MAX_PAUSE_MS: Readonly<Record<SyncFailure, number>> = {
  refused: 4_000,
  unreachable: 30_000,
  timeout: 60_000,
  empty: 60_000,
  too_large: 600_000,
  wrong: 600_000,
};

/**
 * Requests for blocks to one peer: below its quota (`REQUEST_RATES`), since going on past that costs
 * score.
 */
const BLOCKS_RATE: Rate = { burst: 12, perSecond: 7 };
/** Until a peer takes the next request when its share is used up. */
export const PACE_MS: number = Math.ceil(1_000 / BLOCKS_RATE.perSecond);

export type PeerRecord = {
  readonly peer: PeerId;
  /** Highest and lowest height it says it holds; undefined until it answered. */
  claim: { height: number; readonly lowest: number } | undefined;
  /** Requests for blocks that may still be sent. */
  requests: Bucket;
  /** Requests for blocks under way. */
  inFlight: number;
  /** Failures since the last good answer. */
  strikes: number;
  /** Not to be asked before. */
  retryAt: number;
  /** When its status was asked for last; 0: never. */
  statusAskedAt: number;
  /** Order of the last request, so that equals take turns. */
  lastUse: number;
};

export type PeerBook = Map<PeerId, PeerRecord>;

/** The record of a peer, made if it is new. */
export function recordOf(book: PeerBook, peer: PeerId, now: number): PeerRecord {
  const known = book.get(peer);
  if (known) return known;
  const record: PeerRecord = {
    peer,
    claim: undefined,
    requests: fullBucket(BLOCKS_RATE, now),
    inFlight: 0,
    strikes: 0,
    retryAt: 0,
    statusAskedAt: 0,
    lastUse: 0,
  };
  book.set(peer, record);
  return record;
}

export function noteStatus(record: PeerRecord, status: Status): void {
  record.claim = { height: status.finalizedHeight, lowest: status.lowestHeight };
}

/** Counts a request for blocks that is being sent. `use` orders requests. */
export function noteRequest(record: PeerRecord, now: number, use: number): void {
  record.requests = take(record.requests, BLOCKS_RATE, 1, now).bucket;
  record.inFlight += 1;
  record.lastUse = use;
}

/** A proven answer: what was held against the peer is forgotten. */
export function noteSuccess(record: PeerRecord): void {
  record.strikes = 0;
  record.retryAt = 0;
}

/**
 * A failed request for blocks from `from` on, or for a status (`from` undefined). Returns the
 * points that the peer deserves.
 */
export function noteFailure(
  record: PeerRecord,
  failure: SyncFailure,
  options: { readonly from: number | undefined; readonly now: number },
): number {
  const { from, now } = options;
  const { pauseMs, points } = CONSEQUENCES[failure];
  const pause = Math.min(MAX_PAUSE_MS[failure], pauseMs * 2 ** Math.min(record.strikes, 16));
  record.strikes += 1;
  record.retryAt = now + pause;
  const keepsClaim = failure === 'refused' || from === undefined;
  if (record.claim && !keepsClaim) record.claim.height = Math.min(record.claim.height, from - 1);
  return points;
}

/** Highest height that a peer claims which is not left alone now; undefined without any. */
export function bestClaim(book: PeerBook, now: number): number | undefined {
  let best: number | undefined;
  for (const { claim, retryAt } of book.values()) {
    if (claim && retryAt <= now) best = Math.max(best ?? 0, claim.height);
  }
  return best;
}

/** Whom to ask for blocks from `from` on: the idlest, then the one least lately asked. */
export function pickPeer(
  book: PeerBook,
  options: {
    readonly from: number;
    readonly now: number;
    readonly maxPerPeer: number;
    readonly except: ReadonlySet<PeerId>;
  },
): PeerRecord | undefined {
  const { from, now, maxPerPeer, except } = options;
  let best: PeerRecord | undefined;
  for (const record of book.values()) {
    const { claim, inFlight, retryAt, peer } = record;
    if (!claim || claim.height < from || claim.lowest > from) continue;
    if (retryAt > now || inFlight >= maxPerPeer || except.has(peer)) continue;
    if (refill(record.requests, BLOCKS_RATE, now).tokens < 1) continue;
    const isBetter =
      !best ||
      inFlight < best.inFlight ||
      (inFlight === best.inFlight && record.lastUse < best.lastUse);
    if (isBetter) best = record;
  }
  return best;
}

/** When a peer that claims `from` may be asked again, after `now`; undefined when none claims it. */
export function nextChance(book: PeerBook, from: number, now: number): number | undefined {
  let soonest: number | undefined;
  for (const { claim, retryAt } of book.values()) {
    if (!claim || claim.height < from || claim.lowest > from) continue;
    soonest = Math.min(soonest ?? Number.POSITIVE_INFINITY, Math.max(retryAt, now + PACE_MS));
  }
  return soonest;
}
