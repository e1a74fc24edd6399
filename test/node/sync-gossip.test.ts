/** A full node that follows by gossip. Virtual time. */
import { describe, expect, it } from 'vitest';
import { FinalizedBlockCodec } from '../../p2p/messages.ts';
import {
  createFollower,
  type Follower,
  finalChain,
  finalize,
  honestPeer,
  type TestBlock,
} from './sync-fixture.ts';

const CHAIN = finalChain({ length: 40, epochBlocks: 20, finalizedEvery: 1 });
/** Blocks 1 and 2 are final by the finalization of 3, and so on. */
const SPARSE = finalChain({ length: 12, epochBlocks: 1_000, finalizedEvery: 3 });

/** Gossip of a block with its own finalization. */
function gossipOf({ block, hash, finalization }: TestBlock): Uint8Array {
  return FinalizedBlockCodec.encode({ block, finalization: finalization ?? finalize(block, hash) });
}

function deliveredHeights(follower: Follower): number[] {
  return follower.delivered.flatMap(({ blocks }) => blocks.map(({ block }) => block.header.height));
}

const UP_TO = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('gossip of final blocks', () => {
  it('is followed over an epoch boundary without a single request', async () => {
    const follower = createFollower(CHAIN);
    follower.sync.start();
    for (let at = 1; at <= 40; at++) {
      expect(follower.gossip(gossipOf(CHAIN.blockAt(at)))).toBe('accept');
      await follower.runMs(40);
    }
    expect(deliveredHeights(follower)).toEqual(UP_TO(40));
    expect(follower.requests).toEqual([]);
    expect(follower.failures).toEqual([]);
  });

  it('is taken once: the same block with other signatures is not passed on', async () => {
    const follower = createFollower(CHAIN);
    follower.sync.start();
    const { block, hash } = CHAIN.blockAt(1);
    const again = FinalizedBlockCodec.encode({
      block,
      finalization: finalize(block, hash, [1, 2, 3]),
    });
    expect(follower.gossip(gossipOf(CHAIN.blockAt(1)))).toBe('accept');
    expect(follower.gossip(again)).toBe('ignore');
    await follower.runMs(40);
    expect(follower.gossip(again)).toBe('ignore');
    expect(deliveredHeights(follower)).toEqual([1]);
  });

  it('of what was synced before is dropped', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('a', await honestPeer(CHAIN, 9));
    follower.sync.start();
    await follower.reach(9);
    for (const at of [1, 8, 9]) expect(follower.gossip(gossipOf(CHAIN.blockAt(at)))).toBe('ignore');
  });

  it('may overtake itself without a request', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('a', await honestPeer(CHAIN, 3));
    follower.sync.start();
    await follower.reach(3);
    const before = follower.requests.filter(({ method }) => method === 'blocks').length;
    for (const at of [6, 5, 4]) {
      expect(follower.gossip(gossipOf(CHAIN.blockAt(at)), 'a')).toBe('accept');
    }
    await follower.runMs(1_000);
    expect(deliveredHeights(follower)).toEqual(UP_TO(6));
    expect(follower.requests.filter(({ method }) => method === 'blocks').length).toBe(before);
  });

  it('shows a gap, which is fetched', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('a', await honestPeer(CHAIN, 10));
    follower.sync.start();
    await follower.reach(10);
    follower.peers.set('a', await honestPeer(CHAIN, 15));
    await follower.runMs(1_000);
    expect(follower.gossip(gossipOf(CHAIN.blockAt(15)), 'a')).toBe('accept');
    await follower.reach(15, 1_500);
    expect(deliveredHeights(follower)).toEqual(UP_TO(15));
  });

  it('of an epoch that is not known yet leads to a sync, not to a penalty', async () => {
    const chain = finalChain({ length: 60, epochBlocks: 10, finalizedEvery: 1 });
    const follower = createFollower(chain);
    follower.sync.start();
    await follower.runMs(10);
    follower.peers.set('a', await honestPeer(chain));
    expect(follower.gossip(gossipOf(chain.blockAt(60)), 'a')).toBe('ignore');
    await follower.reach(60, 3_000);
    expect(deliveredHeights(follower)).toEqual(UP_TO(60));
  });

  it('of blocks that a descendant proves is held until that comes', async () => {
    const follower = createFollower(SPARSE);
    follower.sync.start();
    const third = SPARSE.blockAt(3);
    const proof = third.finalization;
    if (!proof) throw new Error('block 3 has a finalization');
    for (const at of [1, 2]) {
      const { block } = SPARSE.blockAt(at);
      const bytes = FinalizedBlockCodec.encode({ block, finalization: proof });
      expect(follower.gossip(bytes)).toBe('ignore');
    }
    await follower.runMs(10);
    expect(follower.delivered).toEqual([]);
    expect(follower.gossip(gossipOf(third))).toBe('accept');
    await follower.runMs(40);
    expect(deliveredHeights(follower)).toEqual([1, 2, 3]);
    expect(follower.requests).toEqual([]);
  });

  it('that is wrong is rejected, and does not keep the right one out', async () => {
    const follower = createFollower(CHAIN);
    follower.sync.start();
    const { block, hash } = CHAIN.blockAt(1);
    const proof = finalize(block, hash);
    const right = gossipOf(CHAIN.blockAt(1));
    const wrong: readonly (readonly [string, Uint8Array])[] = [
      ['cut', right.subarray(0, right.length - 1)],
      ['only a header', right.subarray(0, 242)],
      ['empty', new Uint8Array(0)],
      [
        'other payloads',
        FinalizedBlockCodec.encode({
          block: { ...block, payloads: [new Uint8Array([7])] },
          finalization: proof,
        }),
      ],
      [
        'too few signers',
        FinalizedBlockCodec.encode({ block, finalization: finalize(block, hash, [2, 3]) }),
      ],
      [
        'a signature of another',
        FinalizedBlockCodec.encode({
          block,
          finalization: { ...proof, signatures: [...proof.signatures].reverse() },
        }),
      ],
    ];
    for (const [what, bytes] of wrong) {
      expect([what, follower.gossip(bytes)]).toEqual([what, 'reject']);
    }
    expect(follower.gossip(right)).toBe('accept');
    await follower.runMs(40);
    expect(deliveredHeights(follower)).toEqual([1]);
  });
});
