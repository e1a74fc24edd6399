/**
 * Final blocks from gossip: cheap refusals first, then the body, then the quorum's signatures.
 *
 * Source: p2p/messages.ts `FinalizedBlock`. A finalization may certify a descendant of its block;
 * such a block is held until one that is proven names it as an ancestor, since alone it shows
 * nothing.
 */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { type FinalizedBlock, FinalizedBlockCodec } from '../../p2p/messages.ts';
import type { GossipVerdict, PeerId } from '../../p2p/network.ts';
import { blockHash, type Header } from '../../runtime/block.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';
import type { Epoch } from '../../runtime/core/units.ts';
import { createRecentSet } from '../crypto/recent-set.ts';
import { idKey } from '../storage/keys.ts';
import { blockOfFinalized, FINALIZED_BLOCK_HEADER_AT, headerAt } from './block-bytes.ts';
import {
  checkBlockOfSegment,
  checkFinalization,
  type EpochCheck,
  type FinalSegment,
  type SyncedBlock,
} from './segment.ts';

/** Hashes of blocks that were taken: at 25 blocks a second the last 20 s. */
const SEEN_BLOCKS = 512;
/** Blocks held without a proof of their own. */
const MAX_HELD_BLOCKS = 16;
const MAX_HELD_BYTES: number = 16 * 1024 * 1024;

export type GossipBlocks = {
  take(bytes: Uint8Array, peer: PeerId): GossipVerdict;
};

export type GossipBlocksOptions = {
  readonly chainId: Uint8Array;
  readonly verifyNow: VerifySignature;
  readonly checkOf: (epoch: Epoch) => EpochCheck | undefined;
  readonly tipHeight: () => number;
  /** Blocks above the tip that may be kept. */
  readonly windowBlocks: number;
  /** A proven block, with those below that it proves. */
  readonly onProven: (segment: FinalSegment, peer: PeerId) => void;
  /** The chain is ahead of what can be checked or kept here, or a block has no proof of its own. */
  readonly onAhead: (peer: PeerId) => void;
};

export function createGossipBlocks(options: GossipBlocksOptions): GossipBlocks {
  const { checkOf, tipHeight, windowBlocks } = options;
  const seen = createRecentSet(SEEN_BLOCKS);
  const held = new Map<string, SyncedBlock>();
  let heldBytes = 0;

  const release = (key: string): void => {
    const found = held.get(key);
    if (!found) return;
    held.delete(key);
    heldBytes -= found.bytes.length;
  };

  const hold = (synced: SyncedBlock): void => {
    for (const [key, { block }] of [...held]) {
      if (block.header.height <= tipHeight()) release(key);
    }
    if (held.size >= MAX_HELD_BLOCKS || heldBytes + synced.bytes.length > MAX_HELD_BYTES) return;
    held.set(idKey(synced.hash), synced);
    heldBytes += synced.bytes.length;
  };

  /** Held blocks below `block`, ascending, then the block itself. */
  const withAncestors = (synced: SyncedBlock): SyncedBlock[] => {
    const path = [synced];
    for (;;) {
      const { header } = (path[0] ?? synced).block;
      const key = idKey(header.parent);
      const below = held.get(key);
      if (below?.block.header.height !== header.height - 1) return path;
      // An epoch's last block has a finalization of its own.
      if (below.block.header.epoch !== header.epoch) return path;
      path.unshift(below);
      release(key);
      seen.add(key);
    }
  };

  const takeNew = (
    { block, finalization }: FinalizedBlock,
    header: Header,
    context: {
      readonly bytes: Uint8Array;
      readonly hash: Uint8Array;
      readonly check: EpochCheck;
      readonly peer: PeerId;
    },
  ): GossipVerdict => {
    const { bytes, hash, check, peer } = context;
    const given = { block, bytes: blockOfFinalized(bytes) };
    const place = { at: header.height, check, below: undefined };
    const subject = finalization.subject.value;
    const isOwn = 'payload' in subject && equalBytes(subject.payload, hash);
    const checked = checkBlockOfSegment(given, place);
    if (!checked.ok) return 'reject';
    if (!isOwn) {
      hold(checked.value);
      options.onAhead(peer);
      return 'ignore';
    }
    if (!checkFinalization(finalization, hash, { ...options, check }).ok) return 'reject';
    seen.add(idKey(hash));
    if (header.height > tipHeight() + windowBlocks) options.onAhead(peer);
    else options.onProven({ blocks: withAncestors(checked.value), finalization }, peer);
    return 'accept';
  };

  return {
    take(bytes, peer) {
      const header = headerAt(bytes, FINALIZED_BLOCK_HEADER_AT);
      if (!header) return 'reject';
      if (header.height <= tipHeight()) return 'ignore';
      const hash = blockHash(header);
      const key = idKey(hash);
      if (seen.has(key) || held.has(key)) return 'ignore';
      const check = checkOf(header.epoch);
      if (!check) {
        options.onAhead(peer);
        return 'ignore';
      }
      const decoded = FinalizedBlockCodec.decode(bytes);
      if (!decoded.ok) return 'reject';
      return takeNew(decoded.value, header, { bytes, hash, check, peer });
    },
  };
}
