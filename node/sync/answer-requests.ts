/**
 * Answers to the requests of peers, from the stores. Bounded by the limits of `p2p/messages.ts`;
 * quotas per peer are the network's. A refusal says why.
 */
import { certificatesBetween } from '../../consensus/answer.ts';
import { CertificateCodec } from '../../consensus/messages.ts';
import {
  BlocksRequestCodec,
  CertificatesAnswerCodec,
  CertificatesRequestCodec,
  MAX_ANSWER_BLOCKS,
  MAX_ANSWER_BYTES,
  MAX_ANSWER_CERTIFICATES,
  MAX_ANSWER_PAYLOADS,
  PayloadsAnswerCodec,
  PayloadsRequestCodec,
  StatusCodec,
} from '../../p2p/messages.ts';
import type { RequestMethod } from '../../p2p/network.ts';
import { wireId } from '../../runtime/block.ts';
import { concatBytes } from '../../runtime/core/bytes.ts';
import { err, ok, type Result, unreachable } from '../../runtime/core/result.ts';
import { type Height, height } from '../../runtime/core/units.ts';
import { type Chain, currentEpoch } from '../driver/chain.ts';
import type { ConsensusDriver } from '../driver/consensus-driver.ts';
import { viewOf } from '../driver/engine-runner.ts';
import type { Mempool } from '../mempool/mempool.ts';
import { idKey } from '../storage/keys.ts';

export type AnswerOptions = {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly consensus: Pick<ConsensusDriver, 'current' | 'runner'>;
};

/** Left free of an answer for offsets and the certificate. */
const ANSWER_SLACK_BYTES = 64 * 1024;

/** A uint32 of SSZ. */
function le32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** SSZ of a list of variable-size items that are encoded already. */
function encodedList(items: readonly Uint8Array[]): Uint8Array {
  let at = items.length * 4;
  const offsets = items.map((item) => {
    at += item.length;
    return le32(at - item.length);
  });
  return concatBytes(...offsets, ...items);
}

/** SSZ of a `BlocksAnswer` of blocks as they are stored: nothing is decoded. */
export function encodeBlocksAnswer(
  blocks: readonly Uint8Array[],
  finalization: Uint8Array,
): Uint8Array {
  const list = encodedList(blocks);
  return concatBytes(le32(8), le32(8 + list.length), list, encodedList([finalization]));
}

function answerStatus({ chain, consensus }: AnswerOptions): Result<Uint8Array, string> {
  return ok(
    StatusCodec.encode({
      finalizedHeight: chain.tip.header.height,
      epoch: currentEpoch(chain),
      view: viewOf(consensus.current()),
      lowestHeight: height(Math.min(1, chain.tip.header.height)),
    }),
  );
}

/** Bodies from `from` upward while they fit; stops at the tip. */
async function bodiesFrom(chain: Chain, from: Height, count: number): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = [];
  let room = MAX_ANSWER_BYTES - ANSWER_SLACK_BYTES;
  for (let at = from; bodies.length < count && at <= chain.tip.header.height; at = height(at + 1)) {
    const hash = await chain.store.finalHash(at);
    const body = hash && (await chain.store.body(hash));
    if (!body) break;
    room -= body.length + 4;
    if (room < 0) break;
    bodies.push(body);
  }
  return bodies;
}

/**
 * Blocks from `from` to the end of its epoch. An answer never goes beyond it: the last block of an
 * epoch is finalized itself, and whoever asks may have to execute it to know the next validators.
 */
async function upToEpochEnd(chain: Chain, from: Height): Promise<number> {
  const hash = await chain.store.finalHash(from);
  const first = hash && (await chain.store.block(hash));
  const end = first && (await chain.store.epochEnd(first.block.header.epoch));
  return end === undefined ? MAX_ANSWER_BLOCKS : end - from + 1;
}

async function answerBlocks(
  { chain }: AnswerOptions,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  const request = BlocksRequestCodec.decode(bytes);
  if (!request.ok) return err('malformed request');
  const { from, count } = request.value;
  if (from === 0 || from > chain.tip.header.height) return err(`height ${from} is not final here`);
  const room = await upToEpochEnd(chain, from);
  const bodies = await bodiesFrom(chain, from, Math.min(count, MAX_ANSWER_BLOCKS, room));
  const last = height(from + bodies.length - 1);
  const proof = bodies.length > 0 && (await chain.store.lastFinalization(from, last));
  if (!proof) return err(`no finalization from ${from} to ${last}`);
  const blocks = bodies.slice(0, proof.height - from + 1);
  return ok(encodeBlocksAnswer(blocks, CertificateCodec.encode(proof.certificate)));
}

async function answerCertificates(
  { chain, consensus }: AnswerOptions,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  const request = CertificatesRequestCodec.decode(bytes);
  if (!request.ok) return err('malformed request');
  const { epoch, from, to } = request.value;
  const range = { from, to, limit: MAX_ANSWER_CERTIFICATES };
  const runner = consensus.runner(epoch);
  const recent = runner ? certificatesBetween(runner.state, range) : [];
  const wanted = recent.length > 1 ? [] : await chain.store.certificates(epoch, range);
  return ok(CertificatesAnswerCodec.encode([...recent, ...wanted].slice(0, range.limit)));
}

async function answerPayloads(
  { chain, mempool }: AnswerOptions,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  const request = PayloadsRequestCodec.decode(bytes);
  if (!request.ok) return err('malformed request');
  const { block: hash, wireIds } = request.value;
  if (wireIds.length === 0) {
    const stored = await chain.store.block(hash);
    return ok(PayloadsAnswerCodec.encode({ blocks: stored ? [stored.block] : [], payloads: [] }));
  }
  const found = new Map<string, Uint8Array>();
  const lacking: string[] = [];
  for (const key of wireIds.map(idKey)) {
    const entry = mempool.get(key);
    if (entry) found.set(key, entry.bytes);
    else lacking.push(key);
  }
  const stored = lacking.length > 0 ? await chain.store.block(hash) : undefined;
  if (stored) {
    const wanted = new Set(lacking);
    for (const payload of stored.block.payloads) {
      const key = idKey(wireId(payload));
      if (wanted.has(key)) found.set(key, payload);
    }
  }
  let room = MAX_ANSWER_BYTES - ANSWER_SLACK_BYTES;
  const payloads = [...found.values()].slice(0, MAX_ANSWER_PAYLOADS).filter((payload) => {
    room -= payload.length + 4;
    return room >= 0;
  });
  return ok(PayloadsAnswerCodec.encode({ blocks: [], payloads }));
}

/** The answer to a request, SSZ, or why there is none. */
export async function answerRequest(
  options: AnswerOptions,
  method: RequestMethod,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  switch (method) {
    case 'status':
      return answerStatus(options);
    case 'blocks':
      return answerBlocks(options, bytes);
    case 'certificates':
      return answerCertificates(options, bytes);
    case 'payloads':
      return answerPayloads(options, bytes);
    default:
      return unreachable(method);
  }
}
