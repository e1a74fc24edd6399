/** Block sync: honest peers, lying peers, limits. Virtual time. */
import { describe, expect, it } from 'vitest';
import { KIND } from '../../consensus/messages.ts';
import {
  type BlocksAnswer,
  BlocksAnswerCodec,
  BlocksRequestCodec,
  MAX_ANSWER_BYTES,
} from '../../p2p/messages.ts';
import type { RequestMethod } from '../../p2p/network.ts';
import { transactionsRoot, wireId } from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { err, ok } from '../../runtime/core/result.ts';
import { height } from '../../runtime/core/units.ts';
import {
  type Answer,
  certify,
  createFollower,
  type FinalChain,
  type Follower,
  finalChain,
  finalize,
  honestPeer,
  type PeerBehaviour,
  statusAnswer,
} from './sync-fixture.ts';

const CHAIN: FinalChain = finalChain({ length: 200, epochBlocks: 37 });

/** What was delivered is the chain, block by block, in order. */
function expectChain(follower: Follower, chain: FinalChain, upTo: number): void {
  const blocks = follower.delivered.flatMap((segment) => segment.blocks);
  expect(blocks.map(({ block }) => block.header.height)).toEqual(
    Array.from({ length: upTo }, (_, index) => index + 1),
  );
  for (const { hash, bytes, wireIds, block } of blocks) {
    const original = chain.blockAt(block.header.height);
    expect(toHex(hash)).toBe(toHex(original.hash));
    expect(toHex(bytes)).toBe(toHex(original.bytes));
    expect(wireIds.map(toHex)).toEqual(original.block.payloads.map((one) => toHex(wireId(one))));
  }
  expect(follower.failures).toEqual([]);
}

/** An honest peer whose answers to `blocks` are changed. */
async function lyingPeer(
  change: (answer: BlocksAnswer, from: number) => Answer | Promise<Answer>,
  options: { readonly chain?: FinalChain; readonly claim?: number } = {},
): Promise<PeerBehaviour> {
  const { chain = CHAIN, claim = chain.blocks.length } = options;
  const honest = await honestPeer(chain);
  return async (method: RequestMethod, bytes) => {
    if (method === 'status') return statusAnswer({ finalizedHeight: height(claim) });
    const answer = await honest(method, bytes);
    const request = BlocksRequestCodec.decode(bytes);
    if (!answer.ok || !request.ok) return answer;
    const decoded = BlocksAnswerCodec.decode(answer.value);
    if (!decoded.ok) throw new Error(decoded.error.detail);
    return change(decoded.value, request.value.from);
  };
}

const encoded = (answer: BlocksAnswer): Answer => ok(BlocksAnswerCodec.encode(answer));

describe('with honest peers', () => {
  it('brings 200 blocks over six epochs in order, and says that it is synced', async () => {
    const follower = createFollower(CHAIN);
    for (const name of ['a', 'b', 'c']) follower.peers.set(name, await honestPeer(CHAIN));
    expect(follower.sync.syncing).toBe(true);
    follower.sync.start();
    await follower.reach(200);
    await follower.runMs(2_000);
    expectChain(follower, CHAIN, 200);
    expect(follower.sync.syncing).toBe(false);
    expect(follower.sync.target).toBe(200);
    expect(follower.penalties).toEqual([]);
    expect(follower.mostUnderWay()).toBe(1);
    // Each of the three did a part.
    const asked = follower.requests.filter(({ method }) => method === 'blocks');
    expect(new Set(asked.map(({ peer }) => peer)).size).toBe(3);
  });

  it('goes on when the chain grows, after a silence', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('a', await honestPeer(CHAIN, 60));
    follower.sync.start();
    await follower.reach(60);
    follower.peers.set('a', await honestPeer(CHAIN, 90));
    await follower.reach(90, 10_000);
    expectChain(follower, CHAIN, 90);
  });

  it('is silent but for a status now and then while nothing is to be had', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('a', await honestPeer(CHAIN, 60));
    follower.sync.start();
    await follower.reach(60);
    await follower.runMs(3_000);
    const before = follower.requests.length;
    await follower.runMs(30_000);
    const later = follower.requests.slice(before);
    expect(new Set(later.map(({ method }) => method))).toEqual(new Set(['status']));
    expect(later.length).toBeGreaterThan(4);
    expect(later.length).toBeLessThanOrEqual(11);
  });

  it('waits for the executor: what is fetched ahead is bounded by the window', async () => {
    const chain = finalChain({ length: 900, epochBlocks: 2_000 });
    const follower = createFollower(chain, { executionMs: 60_000 });
    follower.peers.set('a', await honestPeer(chain));
    follower.peers.set('b', await honestPeer(chain));
    follower.sync.start();
    await follower.runMs(50_000);
    const asked = follower.requests.filter(({ method }) => method === 'blocks');
    expect(follower.mostUnderWay()).toBe(1);
    // The window's four ranges, however long it takes.
    expect(asked.length).toBe(4);
  });

  it('asks one peer no faster than its quota', async () => {
    const chain = finalChain({ length: 1_800, epochBlocks: 20 });
    const follower = createFollower(chain, { executionMs: 0 });
    follower.peers.set('a', await honestPeer(chain));
    follower.sync.start();
    await follower.reach(1_800);
    expectChain(follower, chain, 1_800);
    const times = follower.requests
      .filter(({ method }) => method === 'blocks')
      .map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThanOrEqual(90);
    for (const [index, at] of times.entries()) {
      // The quota: 16 at once, 8 a second.
      const since = times.slice(0, index + 1).filter((time) => time > at - 5_000).length;
      expect(since).toBeLessThanOrEqual(16 + 8 * 5);
    }
  });

  it('backs off from a peer that refuses, and uses another', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('a', await honestPeer(CHAIN, 30));
    follower.peers.set('busy', (method) =>
      Promise.resolve(
        method === 'status'
          ? statusAnswer({ finalizedHeight: height(200) })
          : err({ code: 'refused', detail: 'quota' }),
      ),
    );
    follower.sync.start();
    await follower.reach(30);
    await follower.runMs(20_000);
    const refused = follower.requests.filter(
      (one) => one.peer === 'busy' && one.method === 'blocks',
    );
    expect(refused.length).toBeLessThan(16);
    expect(follower.penalties).toEqual([]);
    follower.peers.set('b', await honestPeer(CHAIN));
    follower.sync.noteAhead('b');
    await follower.reach(200, 5_000);
    expectChain(follower, CHAIN, 200);
  });

  it('fetches a run of blocks without finalizations of their own, longer than an answer', async () => {
    const chain = finalChain({ length: 300, epochBlocks: 1_000, finalizedEvery: 290 });
    const follower = createFollower(chain);
    follower.peers.set('a', await honestPeer(chain));
    follower.peers.set('b', await honestPeer(chain));
    follower.sync.start();
    await follower.reach(300, 20_000);
    expectChain(follower, chain, 300);
    expect(follower.penalties).toEqual([]);
  });

  it('fetches blocks so large that few fit an answer', async () => {
    const large = { payloads: 64, payloadBytes: 60_000 };
    const chain = finalChain({ length: 6, epochBlocks: 1_000, finalizedEvery: 6, ...large });
    expect(chain.blockAt(1).bytes.length * 5).toBeGreaterThan(MAX_ANSWER_BYTES);
    const follower = createFollower(chain);
    follower.peers.set('a', await honestPeer(chain));
    follower.sync.start();
    await follower.reach(6, 20_000);
    expect(follower.tip()).toBe(6);
    expect(follower.penalties).toEqual([]);
    // Two answers, proven together.
    expect(follower.delivered.length).toBe(1);
  });
});

describe('with a peer that lies', () => {
  const other = finalChain({ length: 200, epochBlocks: 37, fork: 'other' });
  const lies: readonly (readonly [string, () => Promise<PeerBehaviour>, number])[] = [
    [
      'blocks that nobody finalized',
      () =>
        lyingPeer(({ blocks, finalization }, from) =>
          encoded({
            blocks: blocks.map((_, index) => other.blockAt(from + index).block),
            finalization,
          }),
        ),
      50,
    ],
    [
      'a certificate of another block',
      () =>
        lyingPeer(({ blocks }) => {
          const first = CHAIN.blockAt(3);
          return encoded({ blocks, finalization: first.finalization ? [first.finalization] : [] });
        }),
      50,
    ],
    [
      'a certificate of too few',
      () =>
        lyingPeer(({ blocks }, from) => {
          const { block, hash } = CHAIN.blockAt(from + blocks.length - 1);
          return encoded({ blocks, finalization: [finalize(block, hash, [0, 1])] });
        }),
      50,
    ],
    [
      'a notarization for a finalization',
      () =>
        lyingPeer(({ blocks, finalization }) => {
          const subject = finalization[0]?.subject;
          if (subject?.selector !== KIND.finalize) throw new Error('no finalization');
          const vote = { selector: KIND.notarize, value: subject.value } as const;
          return encoded({ blocks, finalization: [certify(vote, [0, 1, 2])] });
        }),
      50,
    ],
    [
      'a forged signature',
      () =>
        lyingPeer(({ blocks, finalization }) => {
          const [certificate] = finalization;
          if (!certificate) throw new Error('no finalization');
          const signatures = certificate.signatures.map((one) => one.slice());
          signatures[1]?.fill(1, 0, 4);
          return encoded({ blocks, finalization: [{ ...certificate, signatures }] });
        }),
      50,
    ],
    [
      'other payloads under the right headers',
      () =>
        lyingPeer(({ blocks, finalization }) =>
          encoded({
            blocks: blocks.map(({ header }) => ({ header, payloads: [new Uint8Array([1, 2])] })),
            finalization,
          }),
        ),
      50,
    ],
    [
      'blocks in another order',
      () =>
        lyingPeer(({ blocks, finalization }) =>
          encoded({ blocks: [...blocks].reverse(), finalization }),
        ),
      50,
    ],
    [
      'blocks of other heights',
      () =>
        lyingPeer((_answer, from) => {
          // Proven, of the right epoch, and not what was asked for.
          const at = from === 6 ? 9 : 6;
          const { block, finalization } = CHAIN.blockAt(at);
          return encoded({ blocks: [block], finalization: finalization ? [finalization] : [] });
        }),
      50,
    ],
    [
      'blocks of which the first was exchanged',
      () =>
        lyingPeer(({ blocks, finalization }, from) =>
          encoded({ blocks: [other.blockAt(from).block, ...blocks.slice(1)], finalization }),
        ),
      50,
    ],
    [
      'a changed header at the end',
      () =>
        lyingPeer(({ blocks, finalization }) => {
          const last = blocks.at(-1);
          if (!last) throw new Error('no block');
          const payloads: Uint8Array[] = [];
          const header = { ...last.header, transactionsRoot: transactionsRoot([]) };
          return encoded({ blocks: [...blocks.slice(0, -1), { header, payloads }], finalization });
        }),
      50,
    ],
    ['bytes that are no answer', () => lyingPeer(() => ok(new Uint8Array([8, 0, 0, 0, 9]))), 50],
    ['nothing', () => lyingPeer(() => encoded({ blocks: [], finalization: [] })), 10],
    [
      'blocks without an end to them',
      () => lyingPeer(({ blocks }) => encoded({ blocks, finalization: [] })),
      50,
    ],
    [
      'more than an answer may hold',
      () => lyingPeer(() => err({ code: 'too_large', detail: '' })),
      25,
    ],
    ['silence', () => lyingPeer(() => new Promise<Answer>(() => undefined)), 5],
  ];

  it.each(lies)(
    'sends %s: it is penalised, and an honest one is asked',
    async (_lie, liar, points) => {
      const follower = createFollower(CHAIN);
      follower.peers.set('liar', await liar());
      follower.sync.start();
      await follower.runMs(9_000);
      expect(follower.delivered).toEqual([]);
      expect(follower.penalties.length).toBeGreaterThan(0);
      expect(follower.penalties.every(({ peer }) => peer === 'liar')).toBe(true);
      expect(Math.max(...follower.penalties.map((one) => one.points))).toBe(points);
      follower.peers.set('honest', await honestPeer(CHAIN));
      follower.sync.noteAhead('honest');
      await follower.reach(200, 30_000);
      expectChain(follower, CHAIN, 200);
      expect(follower.penalties.every(({ peer }) => peer === 'liar')).toBe(true);
    },
  );

  it('about its height: each lie costs one request, and the node ends synced', async () => {
    const follower = createFollower(CHAIN);
    const claim = 1_000_000_000;
    follower.peers.set('liar', await lyingPeer(encoded, { claim }));
    follower.peers.set('honest', await honestPeer(CHAIN));
    follower.sync.start();
    await follower.reach(200, 30_000);
    expectChain(follower, CHAIN, 200);
    await follower.runMs(120_000);
    expect(follower.failures).toEqual([]);
    expect(follower.penalties.length).toBeGreaterThan(0);
    expect(follower.penalties.length).toBeLessThanOrEqual(10);
    expect(follower.penalties.every(({ peer }) => peer === 'liar')).toBe(true);
    expect(follower.sync.syncing).toBe(false);
    expect(follower.sync.target).toBe(200);
  });

  it('to make the next epoch look unknown: costs itself, not the sync', async () => {
    const far = finalChain({ length: 200, epochBlocks: 2, fork: 'far' });
    const follower = createFollower(CHAIN);
    follower.peers.set(
      'liar',
      await lyingPeer((_answer, from) =>
        encoded({ blocks: [far.blockAt(from).block], finalization: [] }),
      ),
    );
    follower.peers.set('honest', await honestPeer(CHAIN));
    follower.sync.start();
    await follower.reach(200, 60_000);
    expectChain(follower, CHAIN, 200);
  });
});

describe('epochs', () => {
  it('stops where configs are not known, and goes on when they are', async () => {
    const chain = finalChain({ length: 40, epochBlocks: 10 });
    // Only the first epoch's config is known at the start; nothing else comes from execution.
    const follower = createFollower(
      { ...chain, configs: chain.configs.slice(0, 2) },
      {
        knownEpochs: 1,
      },
    );
    follower.peers.set('a', await honestPeer(chain));
    follower.sync.start();
    await follower.reach(11, 20_000);
    expect(follower.tip()).toBe(10);
    expect(follower.penalties).toEqual([]);
    // It does not ask on and on for what it cannot check.
    const before = follower.requests.filter(({ method }) => method === 'blocks').length;
    await follower.runMs(10_000);
    const after = follower.requests.filter(({ method }) => method === 'blocks').length;
    expect(after - before).toBeLessThanOrEqual(1);
    const whole = createFollower(chain);
    whole.peers.set('a', await honestPeer(chain));
    whole.sync.start();
    await whole.reach(40);
    expectChain(whole, chain, 40);
    // No segment spans an epoch's end.
    for (const { blocks } of whole.delivered) {
      expect(new Set(blocks.map(({ block }) => block.header.epoch)).size).toBe(1);
    }
  });
});

describe('prefetching', () => {
  it('does not ask again for epochs whose configs are not known yet', async () => {
    const chain = finalChain({ length: 400, epochBlocks: 10 });
    const follower = createFollower(chain, { executionMs: 5_000 });
    follower.peers.set('a', await honestPeer(chain));
    follower.sync.start();
    await follower.runMs(22_000);
    expect(follower.tip()).toBe(40);
    const asked = follower.requests.filter(({ method }) => method === 'blocks').length;
    // Four epochs were executed: each may have cost a window of requests.
    expect(asked).toBeLessThanOrEqual(4 * 5);
  });

  it('asks a second peer for the next blocks when the first is slow', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('slow', await lyingPeer(() => new Promise<Answer>(() => undefined)));
    follower.peers.set('fast', await honestPeer(CHAIN));
    follower.sync.start();
    // Well before the slow one's deadline of six seconds.
    await follower.reach(37, 4_500);
    expect(follower.tip()).toBeGreaterThanOrEqual(37);
    await follower.reach(200, 30_000);
    expectChain(follower, CHAIN, 200);
  });
});

describe('beside consensus', () => {
  it('leaves out what consensus made final while a segment was on its way', async () => {
    const follower = createFollower(CHAIN, { executionMs: 50 });
    follower.peers.set('a', await honestPeer(CHAIN));
    follower.sync.start();
    // The first segment, blocks 1 to 37, is being delivered.
    await follower.runMs(30);
    follower.finalizeTo(5);
    await follower.reach(200);
    expect(follower.failures).toEqual([]);
    const heights = follower.delivered.flatMap(({ blocks }) =>
      blocks.map((one) => one.block.header.height),
    );
    expect(heights).toEqual(Array.from({ length: 195 }, (_, index) => index + 6));
    // Its rest was kept: nothing was asked for from the middle of it.
    const asked = follower.requests
      .filter(({ method }) => method === 'blocks')
      .map(({ bytes }) => BlocksRequestCodec.decode(bytes));
    expect(asked.map((one) => one.ok && one.value.from)).not.toContain(6);
  });

  it('is not made to look behind by a claim while blocks come in', async () => {
    const follower = createFollower(CHAIN);
    follower.peers.set('honest', await honestPeer(CHAIN, 1));
    follower.sync.start();
    await follower.runMs(3_000);
    expect(follower.sync.syncing).toBe(false);
    follower.peers.set(
      'liar',
      await lyingPeer(() => new Promise<Answer>(() => undefined), { claim: 1e9 }),
    );
    follower.finalizeTo(2);
    for (let at = 3; at <= 100; at++) {
      follower.finalizeTo(at);
      follower.sync.noteAhead('liar');
      await follower.runMs(100);
      expect(follower.sync.syncing).toBe(false);
    }
  });
});

describe('stopping', () => {
  it('delivers nothing after stop', async () => {
    const follower = createFollower(CHAIN, { executionMs: 50 });
    follower.peers.set('a', await honestPeer(CHAIN));
    follower.sync.start();
    await follower.reach(37);
    let stopped = false;
    void follower.sync.stop().then(() => {
      stopped = true;
    });
    await follower.runMs(1_000);
    expect(stopped).toBe(true);
    const { length } = follower.delivered;
    await follower.runMs(10_000);
    expect(follower.delivered.length).toBe(length);
    expect(follower.tip()).toBeLessThan(200);
  });
});
