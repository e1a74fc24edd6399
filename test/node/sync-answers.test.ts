/** Answers to the requests of peers. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { BlockStore } from '../../node/storage/block-store.ts';
import { idKey } from '../../node/storage/keys.ts';
import { answerRequest } from '../../node/sync/answer-requests.ts';
import { blocksOfAnswer } from '../../node/sync/block-bytes.ts';
import { planRanges } from '../../node/sync/plan-ranges.ts';
import {
  BlocksAnswerCodec,
  BlocksRequestCodec,
  CertificatesAnswerCodec,
  CertificatesRequestCodec,
  MAX_ANSWER_BLOCKS,
  MAX_ANSWER_BYTES,
  PayloadsAnswerCodec,
  PayloadsRequestCodec,
  StatusCodec,
} from '../../p2p/messages.ts';
import { REQUEST_METHODS, type RequestMethod } from '../../p2p/network.ts';
import { wireId } from '../../runtime/block.ts';
import { toHex, ZERO_32 } from '../../runtime/core/bytes.ts';
import { epoch, height, view } from '../../runtime/core/units.ts';
import { finalChain, sourcesOf, storeOf } from './sync-fixture.ts';

const CHAIN = finalChain({ length: 150, epochBlocks: 50, finalizedEvery: 7 });
let store: BlockStore;

beforeAll(async () => {
  store = await storeOf(CHAIN);
});

async function ask(method: RequestMethod, bytes: Uint8Array): Promise<Uint8Array> {
  const answer = await answerRequest(sourcesOf(store, 150), method, bytes);
  if (!answer.ok) throw new Error(answer.error);
  return answer.value;
}

/** First and last height of an answer, and of what its finalization proves. */
async function blocksFrom(from: number, count: number): Promise<(number | undefined)[]> {
  const bytes = await ask('blocks', BlocksRequestCodec.encode({ from: height(from), count }));
  const answer = BlocksAnswerCodec.decode(bytes);
  if (!answer.ok) throw new Error(answer.error.detail);
  const { blocks, finalization } = answer.value;
  expect(blocksOfAnswer(bytes).map(toHex)).toEqual(
    blocks.map(({ header }) => toHex(CHAIN.blockAt(header.height).bytes)),
  );
  const subject = finalization[0]?.subject.value;
  const payload = subject && 'payload' in subject ? toHex(subject.payload) : undefined;
  const proven = CHAIN.blocks.find(({ hash }) => toHex(hash) === payload);
  return [blocks[0]?.header.height, blocks.at(-1)?.header.height, proven?.block.header.height];
}

describe('blocks', () => {
  it('end with a block that has a finalization of its own', async () => {
    expect(await blocksFrom(1, 20)).toEqual([1, 21, 21]);
    expect(await blocksFrom(8, 14)).toEqual([8, 21, 21]);
    expect(await blocksFrom(57, 1)).toEqual([57, 63, 63]);
  });

  it('never go beyond the end of an epoch', async () => {
    expect(await blocksFrom(20, MAX_ANSWER_BLOCKS)).toEqual([20, 50, 50]);
    expect(await blocksFrom(50, MAX_ANSWER_BLOCKS)).toEqual([50, 50, 50]);
    expect(await blocksFrom(51, 60)).toEqual([51, 100, 100]);
  });

  it('are at most as many as an answer holds, however many are asked for', async () => {
    const chain = finalChain({ length: 200, epochBlocks: 1_000, finalizedEvery: 5 });
    const long = await storeOf(chain);
    const request = BlocksRequestCodec.encode({ from: height(1), count: 60_000 });
    const answer = await answerRequest(sourcesOf(long, 200), 'blocks', request);
    if (!answer.ok) throw new Error(answer.error);
    const decoded = BlocksAnswerCodec.decode(answer.value);
    expect(decoded.ok && decoded.value.blocks.length).toBe(60);
  });

  it('stay within the bytes of an answer', async () => {
    const large = { payloads: 64, payloadBytes: 60_000 };
    const chain = finalChain({ length: 6, epochBlocks: 1_000, finalizedEvery: 2, ...large });
    const request = BlocksRequestCodec.encode({ from: height(1), count: 6 });
    const answer = await answerRequest(sourcesOf(await storeOf(chain), 6), 'blocks', request);
    if (!answer.ok) throw new Error(answer.error);
    expect(answer.value.length).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
    const decoded = BlocksAnswerCodec.decode(answer.value);
    // Four would fit; the fourth is the last that is proven.
    expect(decoded.ok && decoded.value.blocks.length).toBe(4);
    expect(decoded.ok && decoded.value.finalization.length).toBe(1);
  });

  it('that are not held are an empty answer', async () => {
    expect(await blocksFrom(151, 10)).toEqual([undefined, undefined, undefined]);
    expect(await blocksFrom(1_000_000, 10)).toEqual([undefined, undefined, undefined]);
  });
});

describe('certificates, payloads, status', () => {
  it('gives certificates of the views asked for', async () => {
    const request = { epoch: epoch(1), from: view(5), to: view(13) };
    const bytes = await ask('certificates', CertificatesRequestCodec.encode(request));
    const answer = CertificatesAnswerCodec.decode(bytes);
    // Heights 56 and 63 of epoch 1 are its views 6 and 13.
    expect(answer.ok && answer.value.map(({ subject }) => subject.value.view)).toEqual([6, 13]);
  });

  it('gives a block by its hash, and payloads by id: each once, those held', async () => {
    const { block, hash } = CHAIN.blockAt(9);
    const whole = PayloadsAnswerCodec.decode(
      await ask('payloads', PayloadsRequestCodec.encode({ block: hash, wireIds: [] })),
    );
    expect(whole.ok && whole.value).toEqual({ blocks: [block], payloads: [] });
    const [first, second] = block.payloads.map(wireId);
    if (!first || !second) throw new Error('a block has payloads');
    const waiting = new Uint8Array([1, 2, 3]);
    const waitingId = wireId(waiting);
    const mempool = new Map([[idKey(waitingId), waiting]]);
    const wireIds = [second, waitingId, second, ZERO_32, first];
    const answer = await answerRequest(
      sourcesOf(store, 150, mempool),
      'payloads',
      PayloadsRequestCodec.encode({ block: hash, wireIds }),
    );
    const some = PayloadsAnswerCodec.decode(answer.ok ? answer.value : ZERO_32);
    expect(some.ok && some.value).toEqual({
      blocks: [],
      payloads: [block.payloads[1], waiting, block.payloads[0]],
    });
    const none = PayloadsAnswerCodec.decode(
      await ask('payloads', PayloadsRequestCodec.encode({ block: ZERO_32, wireIds: [] })),
    );
    expect(none.ok && none.value).toEqual({ blocks: [], payloads: [] });
  });

  it('tells how far it is', async () => {
    const status = StatusCodec.decode(await ask('status', new Uint8Array(0)));
    expect(status.ok && status.value.finalizedHeight).toBe(150);
  });

  it('refuses what is malformed, with words', async () => {
    for (const method of REQUEST_METHODS) {
      const answer = await answerRequest(sourcesOf(store, 150), method, new Uint8Array(7));
      expect(answer.ok).toBe(false);
      expect(!answer.ok && answer.error).toContain(method);
    }
    const empty = BlocksRequestCodec.encode({ from: height(1), count: 0 });
    expect((await answerRequest(sourcesOf(store, 150), 'blocks', empty)).ok).toBe(false);
  });
});

describe('planRanges', () => {
  const plan = { next: 11, target: 100, windowBlocks: 40, maxBlocks: 10 };
  it('fills the window in pieces, around what is taken', () => {
    expect(planRanges({ ...plan, taken: [] })).toEqual([
      { from: 11, to: 20 },
      { from: 21, to: 30 },
      { from: 31, to: 40 },
      { from: 41, to: 50 },
    ]);
    const taken = [
      { from: 30, to: 47 },
      { from: 5, to: 13 },
      { from: 40, to: 44 },
    ];
    expect(planRanges({ ...plan, taken })).toEqual([
      { from: 14, to: 23 },
      { from: 24, to: 29 },
      { from: 48, to: 50 },
    ]);
  });
  it('asks for nothing above the target', () => {
    expect(planRanges({ ...plan, target: 10, taken: [] })).toEqual([]);
    expect(planRanges({ ...plan, target: 12, taken: [] })).toEqual([{ from: 11, to: 12 }]);
  });
});
