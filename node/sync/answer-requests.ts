/**
 * Answers to the requests of peers. The network has applied its quotas; here every answer is
 * bounded in items and bytes. A refusal is text that tells the peer why.
 *
 * Source: p2p/messages.ts. Blocks are served as they are stored, without decoding them.
 */
import { type Certificate, CertificateCodec } from '../../consensus/messages.ts';
import {
  BlocksRequestCodec,
  CertificatesAnswerCodec,
  CertificatesRequestCodec,
  MAX_ANSWER_BLOCKS,
  MAX_ANSWER_BYTES,
  MAX_ANSWER_CERTIFICATES,
  type PayloadsRequest,
  PayloadsRequestCodec,
  type Status,
  StatusCodec,
} from '../../p2p/messages.ts';
import type { RequestMethod } from '../../p2p/network.ts';
import { wireId } from '../../runtime/block.ts';
import { err, ok, type Result, unreachable } from '../../runtime/core/result.ts';
import { type Epoch, type Height, height, type View } from '../../runtime/core/units.ts';
import type { BlockStore } from '../storage/block-store.ts';
import { idKey } from '../storage/keys.ts';
import { framingBytes, headerAt, joinTwoLists } from './block-bytes.ts';

/** What answers are taken from. */
export type AnswerSources = {
  readonly blocks: BlockStore;
  readonly status: () => Status;
  /** Certificates of an epoch's views, and the latest finalization; as far as held. */
  readonly certificates: (epoch: Epoch, from: View, to: View) => Promise<Certificate[]>;
  /** SSZ of a payload that waits in the mempool, by `idKey` of its wire id. */
  readonly payload: (key: string) => Uint8Array | undefined;
};

/** Bodies read at once: four largest blocks are as much as an answer holds. */
const READ_AHEAD_BLOCKS = 4;
/** What is left for blocks beside a certificate of all validators and the offsets. */
const MAX_BODIES_BYTES: number =
  MAX_ANSWER_BYTES - CertificateCodec.maxBytes - framingBytes(MAX_ANSWER_BLOCKS + 1);

/** Bodies of final blocks from `from` to `to`, as many as fit, up to the first that is not stored. */
async function readBodies(blocks: BlockStore, from: number, to: number): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = [];
  let room = MAX_BODIES_BYTES;
  const read = async (at: number): Promise<Uint8Array | undefined> => {
    const hash = await blocks.finalHash(height(at));
    return hash && (await blocks.body(hash));
  };
  for (let at = from; at <= to; at += READ_AHEAD_BLOCKS) {
    const count = Math.min(READ_AHEAD_BLOCKS, to - at + 1);
    const group = await Promise.all(Array.from({ length: count }, (_, index) => read(at + index)));
    for (const body of group) {
      if (!body || body.length > room) return bodies;
      room -= body.length;
      bodies.push(body);
    }
  }
  return bodies;
}

/**
 * Highest height of an answer from `from` on: that of the first finalization at or above the last
 * block asked for, if an answer can hold so many, so that who asks for ranges gets them whole; else
 * of the last below. Never beyond the epoch's end. Below `from` when the first is not stored.
 */
async function lastOfAnswer(
  { blocks, status }: AnswerSources,
  from: Height,
  count: number,
): Promise<number> {
  const hash = await blocks.finalHash(from);
  const body = hash && (await blocks.body(hash));
  const header = body && headerAt(body, 0);
  if (!header) return from - 1;
  const tip = status().finalizedHeight;
  const bound = Math.min(tip, (await blocks.epochEnd(header.epoch)) ?? tip);
  const last = Math.min(bound, from + count - 1);
  const most = Math.min(bound, from + MAX_ANSWER_BLOCKS - 1);
  const next = await blocks.finalization(height(last));
  if (next && next.height <= most) return next.height;
  return (await blocks.lastFinalization(from, height(last)))?.height ?? most;
}

/**
 * Final blocks from the height asked for, as many as asked and some more, ending with one that the finalization beside it
 * certifies, and never beyond the end of an epoch. Empty when this node does not hold the first.
 * Without a finalization when no block that fits has one of its own: the asker goes on above.
 */
async function answerBlocks(
  sources: AnswerSources,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  const request = BlocksRequestCodec.decode(bytes);
  if (!request.ok) return err(`blocks: ${request.error.detail}`);
  const { from, count } = request.value;
  if (count === 0 || from === 0) return err(`blocks: ${count} from ${from}, allowed 1 from 1 up`);
  const { finalizedHeight, lowestHeight } = sources.status();
  if (from > finalizedHeight || from < lowestHeight) return ok(joinTwoLists([], []));
  const last = await lastOfAnswer(sources, from, Math.min(count, MAX_ANSWER_BLOCKS));
  const bodies = await readBodies(sources.blocks, from, last);
  if (bodies.length === 0) return ok(joinTwoLists([], []));
  const proven = await sources.blocks.lastFinalization(from, height(from + bodies.length - 1));
  if (!proven) return ok(joinTwoLists(bodies, []));
  const certificate = CertificateCodec.encode(proven.certificate);
  return ok(joinTwoLists(bodies.slice(0, proven.height - from + 1), [certificate]));
}

async function answerCertificates(
  { certificates }: AnswerSources,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  const request = CertificatesRequestCodec.decode(bytes);
  if (!request.ok) return err(`certificates: ${request.error.detail}`);
  const { epoch, from, to } = request.value;
  if (to < from) return err(`certificates: views ${from} to ${to}`);
  const found = await certificates(epoch, from, to);
  return ok(CertificatesAnswerCodec.encode(found.slice(0, MAX_ANSWER_CERTIFICATES)));
}

/** Payloads that wait here, else those of the block asked for, each once, as many as fit. */
async function findPayloads(
  { blocks, payload }: AnswerSources,
  { block, wireIds }: PayloadsRequest,
): Promise<Uint8Array[]> {
  const keys = [...new Set(wireIds.map(idKey))];
  const inBlock = new Map<string, Uint8Array>();
  if (keys.some((key) => payload(key) === undefined)) {
    const stored = await blocks.block(block);
    for (const bytes of stored?.block.payloads ?? []) inBlock.set(idKey(wireId(bytes)), bytes);
  }
  const found: Uint8Array[] = [];
  let room = MAX_ANSWER_BYTES - framingBytes(keys.length);
  for (const key of keys) {
    const bytes = payload(key) ?? inBlock.get(key);
    if (!bytes) continue;
    room -= bytes.length;
    if (room < 0) break;
    found.push(bytes);
  }
  return found;
}

async function answerPayloads(
  sources: AnswerSources,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  const request = PayloadsRequestCodec.decode(bytes);
  if (!request.ok) return err(`payloads: ${request.error.detail}`);
  if (request.value.wireIds.length === 0) {
    const body = await sources.blocks.body(request.value.block);
    return ok(joinTwoLists(body ? [body] : [], []));
  }
  return ok(joinTwoLists([], await findPayloads(sources, request.value)));
}

/**
 * The answer to a request. Rejects only when a store fails. Errors are for a request that no
 * correct node sends; what this node does not hold is an empty answer.
 */
export async function answerRequest(
  sources: AnswerSources,
  method: RequestMethod,
  bytes: Uint8Array,
): Promise<Result<Uint8Array, string>> {
  switch (method) {
    case 'status':
      if (bytes.length > 0) return err(`status: ${bytes.length} bytes, allowed 0`);
      return ok(StatusCodec.encode(sources.status()));
    case 'blocks':
      return await answerBlocks(sources, bytes);
    case 'certificates':
      return await answerCertificates(sources, bytes);
    case 'payloads':
      return await answerPayloads(sources, bytes);
    default:
      return unreachable(method);
  }
}
