/**
 * Block sync: brings final blocks from peers, in order, to a node that is behind or only follows.
 *
 * Source: design/chain.md §6, §7; reference/consensus.md §5 (block sync). Segments are asked of
 * several peers at once, up to a window above the last delivered height, and proven one by one by
 * their finalizations; a claimed height is tried, never trusted. Gossip brings the newest blocks
 * the same way. A segment whose epoch's config is not known yet waits until execution has made it.
 *
 * Invariants: segments are delivered in order of height, one at a time, each above the last; what
 * is delivered is proven; memory is bounded by the window in blocks and bytes.
 */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { MAX_ANSWER_BLOCKS } from '../../p2p/messages.ts';
import type { GossipVerdict, Network, PeerId } from '../../p2p/network.ts';
import type { Header } from '../../runtime/block.ts';
import { assert, unreachable } from '../../runtime/core/result.ts';
import { type Epoch, type Height, height } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock, Log, TimerHandle } from '../ports.ts';
import { type FetchError, fetchSegment } from './fetch-segment.ts';
import { createGossipBlocks } from './gossip-blocks.ts';
import {
  bestClaim,
  nextChance,
  noteFailure,
  noteRequest,
  noteSuccess,
  type PeerBook,
  type PeerRecord,
  pickPeer,
} from './peer-book.ts';
import { planRanges, type Range } from './plan-ranges.ts';
import { createReadySegments } from './ready-segments.ts';
import {
  checkAbove,
  type EpochCheck,
  epochAbove,
  epochCheck,
  type FinalSegment,
  segmentAbove,
} from './segment.ts';
import { createStatusPoll } from './status-poll.ts';

/** Requests for blocks under way: with the window, the memory of prefetching. */
const MAX_REQUESTS = 4;
const MAX_REQUESTS_PER_PEER = 2;
/**
 * Blocks of one request: eight fewer than an answer may hold, so that it can end with the next
 * block that has a finalization of its own.
 */
const RANGE_BLOCKS: number = MAX_ANSWER_BLOCKS - 8;
const WINDOW_BLOCKS: number = MAX_REQUESTS * RANGE_BLOCKS;
/** Proven bytes that wait: when so much does, only the next segment is asked for. */
const MAX_READY_BYTES: number = 48 * 1024 * 1024;
/** The next segment is asked of a second peer when the first takes this long. */
const HEDGE_MS = 2_000;
const TICK_MS = 1_000;
/** Nothing final for this long: peers are asked whether there is something. */
const QUIET_MS = 3_000;
/** While behind, claims older than this are asked for anew. */
const CLAIM_AGE_MS = 2_000;
/** Gossip overtakes itself by less than this; later a gap is fetched. */
const GOSSIP_GAP_MS = 150;
/** A node that lags by no more counts as synced: a second of blocks at full pace. */
const SYNCED_LAG_BLOCKS = 25;
/** Checks of epochs that are kept: the last, the current and the next are in use. */
const KEPT_CHECKS = 4;

/** A final block's hash and header; of genesis at height 0. */
export type FinalTip = { readonly hash: Uint8Array; readonly header: Header };

export type BlockSyncOptions = {
  readonly network: Pick<Network, 'peers' | 'request' | 'penalise'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly chainId: Uint8Array;
  readonly verifyNow: VerifySignature;
  /** The last block that is final here, whoever made it so. */
  readonly tip: () => FinalTip;
  /** Config of an epoch, if known here. That of the tip's epoch always is. */
  readonly configOf: (epoch: Epoch) => EpochConfig | undefined;
  /**
   * Takes the next proven blocks; they follow the tip unless it has moved meanwhile. Resolves when
   * more may come, by when the tip is at or above the last of them. A rejection ends the sync.
   */
  readonly deliver: (segment: FinalSegment) => Promise<void>;
  /** `deliver` rejected, or proven blocks contradict the tip. Sync has stopped. */
  readonly onFailure: (error: unknown) => void;
};

export interface BlockSync {
  start(): void;
  /** Resolves when no delivery is under way. Nothing is delivered afterwards. */
  stop(): Promise<void>;
  /** The chain may be ahead: asks `peer`, else some, how far they are. Also for each new peer. */
  noteAhead(peer?: PeerId): void;
  /** The config of another epoch is known. */
  noteConfig(): void;
  /** Consensus made blocks final: this node is where its peers are. */
  noteFinal(): void;
  onPeerDisconnected(peer: PeerId): void;
  onGossipBlock(bytes: Uint8Array, peer: PeerId): GossipVerdict;
  /** Whether peers are further by more than a second of blocks, or nothing is known of them yet. */
  readonly syncing: boolean;
  /** Highest height that peers claim, or the tip. */
  readonly target: Height;
}

/** A request under way. */
type Fetch = Range & { readonly peer: PeerId; readonly since: number };

export function createBlockSync(options: BlockSyncOptions): BlockSync {
  const { network, clock, log, metrics, configOf, verifyNow, chainId } = options;
  const book: PeerBook = new Map();
  const ready = createReadySegments();
  const fetches = new Set<Fetch>();
  const checks = new Map<Epoch, EpochCheck>();
  let state: 'new' | 'running' | 'stopped' = 'new';
  let behind = true;
  /** Nothing from here on is fetched ahead: its epoch or its proof is not known yet. */
  let ceiling = Number.POSITIVE_INFINITY;
  /** Highest height that a proven block showed. */
  let provenHeight = 0;
  let delivery: Promise<void> | undefined;
  /** Heights that are being delivered. */
  let delivering: Range | undefined;
  /** Runs `request` again when a peer may be asked. */
  let wakeTimer: TimerHandle | undefined;
  let lastProgress = { height: -1, at: 0 };
  let uses = 0;
  let timer: TimerHandle | undefined;
  let gapTimer: TimerHandle | undefined;

  const tipHeight = (): number => options.tip().header.height;

  const checkOf = (epoch: Epoch): EpochCheck | undefined => {
    const known = checks.get(epoch);
    if (known) return known;
    const config = configOf(epoch);
    if (!config) return undefined;
    const check = epochCheck(config);
    checks.set(epoch, check);
    for (const old of [...checks.keys()].sort((a, b) => a - b).slice(0, -KEPT_CHECKS)) {
      checks.delete(old);
    }
    return check;
  };

  /** Epoch of the block above the tip. */
  const nextEpoch = (): Epoch => {
    const { header } = options.tip();
    const config = configOf(header.epoch);
    assert(config !== undefined, `the config of the tip's epoch ${header.epoch} is known`);
    return epochAbove(header, config);
  };

  const target = (): number =>
    Math.max(tipHeight(), provenHeight, bestClaim(book, clock.now()) ?? 0);

  /** Whether nothing became final here for a while. */
  const isQuiet = (): boolean => {
    const now = clock.now();
    if (tipHeight() > lastProgress.height) lastProgress = { height: tipHeight(), at: now };
    return now - lastProgress.at >= QUIET_MS;
  };

  const updateBehind = (): void => {
    const claim = bestClaim(book, clock.now());
    const before = behind;
    // A node to which blocks come in is not made to look behind by what somebody claims.
    const believed = isQuiet() || behind ? target() : provenHeight;
    if (believed - tipHeight() > SYNCED_LAG_BLOCKS) behind = true;
    else if (claim !== undefined) behind = false;
    metrics.set('syncing', behind ? 1 : 0);
    metrics.set('sync_target', target());
    if (behind === before) return;
    log.info({ height: tipHeight(), target: target() }, behind ? 'behind peers' : 'synced');
  };

  const fail = (error: unknown): void => {
    if (state === 'stopped') return;
    halt();
    log.error({ error }, 'block sync stopped');
    options.onFailure(error);
  };

  const deliverReady = async (): Promise<void> => {
    for (;;) {
      const tip = options.tip();
      ready.dropBelow(tip.header.height + 1);
      const taken = state === 'running' ? ready.take(tip.header.height + 1) : undefined;
      const segment = taken && segmentAbove(taken, tip.header.height);
      const first = segment?.blocks[0];
      if (!segment || !first) return;
      const linked = checkAbove(first.block.header, tip, nextEpoch());
      assert(
        linked.ok,
        `proven block ${first.block.header.height} does not follow the final tip: ` +
          `more than a third of the weight is faulty`,
      );
      const { height: from } = first.block.header;
      delivering = { from, to: from + segment.blocks.length - 1 };
      await options.deliver(segment);
      metrics.count('blocks_synced', tipHeight() - tip.header.height);
      assert(tipHeight() > tip.header.height, 'a delivery raises the tip');
      // Consensus moved the tip into the segment, so that it was not taken whole: the rest is left.
      if (tipHeight() < delivering.to) ready.add(segment);
      delivering = undefined;
      if (tipHeight() >= ceiling) ceiling = Number.POSITIVE_INFINITY;
      // Room for the next requests has come up; they go out while the next segment is delivered.
      request();
    }
  };

  const deliver = (): void => {
    if (delivery || state !== 'running') return;
    delivery = deliverReady()
      .catch(fail)
      .finally(() => {
        delivery = undefined;
        updateBehind();
        request();
        // What was claimed is here; by now there is more.
        if (behind && tipHeight() >= target()) poll.askRound(0);
        if (ready.ranges.some(({ from }) => from <= tipHeight() + 1)) deliver();
      });
  };

  const onFetched = (fetch: Fetch, record: PeerRecord, segment: FinalSegment): void => {
    noteSuccess(record);
    const last = segment.blocks.at(-1)?.block.header.height ?? 0;
    provenHeight = Math.max(provenHeight, last);
    log.debug({ peer: fetch.peer, from: fetch.from, to: last }, 'segment proven');
    ready.add(segment);
    deliver();
  };

  const onFetchError = (fetch: Fetch, record: PeerRecord, error: FetchError): void => {
    switch (error.kind) {
      case 'unknown_epoch':
      case 'unproven':
        ceiling = Math.min(ceiling, fetch.from);
        return;
      case 'failed': {
        const { failure, detail } = error;
        const now = clock.now();
        const points = noteFailure(record, failure, { from: fetch.from, now });
        metrics.count('sync_failures', 1, failure);
        log.debug({ peer: fetch.peer, from: fetch.from, failure, detail }, 'no segment');
        if (points > 0) network.penalise(fetch.peer, points, `blocks ${failure}: ${detail}`);
        return;
      }
      default:
        unreachable(error);
    }
  };

  const launch = (range: Range, record: PeerRecord): void => {
    const isNext = range.from === tipHeight() + 1;
    const from = nextEpoch();
    const fetch: Fetch = { ...range, peer: record.peer, since: clock.now() };
    fetches.add(fetch);
    noteRequest(record, fetch.since, ++uses);
    const fetched = fetchSegment(
      { network, clock, chainId, verifyNow, checkOf },
      {
        peer: record.peer,
        from: range.from,
        count: range.to - range.from + 1,
        epochs: { from, to: isNext ? from : undefined },
        unproven: isNext ? 'goOn' : 'leave',
      },
    );
    void fetched
      .then((result) => {
        if (state !== 'running') return;
        if (result.ok) onFetched(fetch, record, result.value);
        else onFetchError(fetch, record, result.error);
      }, fail)
      .finally(() => {
        fetches.delete(fetch);
        record.inFlight -= 1;
        request();
      });
  };

  /** Requests under way that keep their heights from being asked for: not a slow one for the next. */
  const heldFetches = (next: number, now: number): Range[] => {
    const forNext = [...fetches].filter(({ from }) => from === next);
    const isSlow = forNext.length === 1 && forNext.every(({ since }) => now - since >= HEDGE_MS);
    return [...fetches].filter(({ from }) => !(isSlow && from === next));
  };

  /** Asks for what the window lacks, as far as peers and bounds allow. */
  const request = (): void => {
    if (state !== 'running') return;
    const now = clock.now();
    const next = tipHeight() + 1;
    // The next epoch's config comes with execution; `noteConfig` goes on.
    if (!checkOf(nextEpoch())) return;
    const ranges = planRanges({
      next,
      target: target(),
      taken: [...ready.ranges, ...heldFetches(next, now), ...(delivering ? [delivering] : [])],
      windowBlocks: WINDOW_BLOCKS,
      maxBlocks: RANGE_BLOCKS,
    });
    for (const range of ranges) {
      if (fetches.size >= MAX_REQUESTS) return;
      const isAhead = range.from > next;
      if (isAhead && (range.from >= ceiling || ready.bytes >= MAX_READY_BYTES)) return;
      const except = new Set([...fetches].filter(({ from }) => from === range.from).map(peerOf));
      const record = pickPeer(book, {
        from: range.from,
        now,
        maxPerPeer: MAX_REQUESTS_PER_PEER,
        except,
      });
      if (record) launch(range, record);
      else wakeAt(nextChance(book, range.from, now), now);
    }
  };

  const wakeAt = (at: number | undefined, now: number): void => {
    if (at === undefined || wakeTimer) return;
    wakeTimer = clock.setTimer(at - now, () => {
      wakeTimer = undefined;
      request();
    });
  };

  const poll = createStatusPoll({
    network,
    clock,
    book,
    onAnswer: () => {
      if (state !== 'running') return;
      updateBehind();
      request();
    },
  });

  const gossip = createGossipBlocks({
    chainId,
    verifyNow,
    checkOf,
    tipHeight,
    windowBlocks: WINDOW_BLOCKS,
    onProven(segment, peer) {
      const first = segment.blocks[0]?.block.header.height ?? 0;
      const last = first + segment.blocks.length - 1;
      if (ready.bytes < MAX_READY_BYTES) ready.add(segment);
      if (first > tipHeight() + 1) onGap(last, peer);
      else deliver();
    },
    onAhead: (peer) => onGap(0, peer),
  });

  /** Blocks below one from gossip are missing: it may only have overtaken them, so wait a little. */
  const onGap = (proven: number, peer: PeerId): void => {
    if (gapTimer || state !== 'running') return;
    gapTimer = clock.setTimer(GOSSIP_GAP_MS, () => {
      gapTimer = undefined;
      if (proven > 0 && proven <= tipHeight()) return;
      provenHeight = Math.max(provenHeight, proven);
      poll.ask(peer);
      request();
    });
  };

  /** Once a second: progress, claims that are old, requests whose pause is over. */
  const tick = (): void => {
    timer = clock.setTimer(TICK_MS, tick);
    if (target() > tipHeight() || behind) poll.askRound(CLAIM_AGE_MS);
    else if (isQuiet()) poll.askRound(QUIET_MS);
    updateBehind();
    request();
  };

  const halt = (): void => {
    state = 'stopped';
    timer?.cancel();
    gapTimer?.cancel();
    wakeTimer?.cancel();
  };

  return {
    start() {
      assert(state === 'new', 'block sync starts once');
      state = 'running';
      lastProgress = { height: tipHeight(), at: clock.now() };
      timer = clock.setTimer(TICK_MS, tick);
      poll.askRound(0);
    },
    async stop() {
      halt();
      await delivery;
    },
    noteAhead(peer) {
      if (state !== 'running') return;
      if (peer === undefined) poll.askRound(0);
      else poll.ask(peer);
    },
    noteConfig() {
      ceiling = Number.POSITIVE_INFINITY;
      deliver();
      request();
    },
    noteFinal() {
      if (target() - tipHeight() > SYNCED_LAG_BLOCKS) return;
      behind = false;
      metrics.set('syncing', 0);
    },
    onPeerDisconnected(peer) {
      book.delete(peer);
    },
    onGossipBlock: (bytes, peer) => (state === 'running' ? gossip.take(bytes, peer) : 'ignore'),
    get syncing() {
      return behind;
    },
    get target() {
      return height(target());
    },
  };
}

function peerOf({ peer }: Fetch): PeerId {
  return peer;
}
