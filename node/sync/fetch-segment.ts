/**
 * One segment from one peer: asked for, checked, proven.
 *
 * Mostly one request. Where no block that fits an answer has a finalization of its own, the peer is
 * asked on above until one has, within bounds; until then nothing of it is proven.
 */
import type { VerifySignature } from '../../consensus/certificate.ts';
import { BlocksRequestCodec, MAX_ANSWER_BLOCKS } from '../../p2p/messages.ts';
import type { Network, PeerId, RequestError } from '../../p2p/network.ts';
import { err, ok, type Result, unreachable } from '../../runtime/core/result.ts';
import { type Epoch, height } from '../../runtime/core/units.ts';
import type { Clock } from '../ports.ts';
import { PACE_MS, type SyncFailure } from './peer-book.ts';
import {
  checkBlockOfSegment,
  checkFinalization,
  decodeAnswer,
  type EpochCheck,
  type FinalSegment,
  type SyncedBlock,
} from './segment.ts';

/** A peer has this long for one answer: 16 MiB at 32 Mbit/s are 4 s. */
const REQUEST_TIMEOUT_MS = 6_000;
/** Unproven blocks of one segment: 64 MiB of the largest are 16. */
const MAX_UNPROVEN_BLOCKS: number = 16 * MAX_ANSWER_BLOCKS;
const MAX_UNPROVEN_BYTES: number = 64 * 1024 * 1024;
/** Bytes hashed between two turns of the event loop: 2 ms. */
const BYTES_PER_TURN: number = 512 * 1024;

/** Why there is no segment. */
export type FetchError =
  | { readonly kind: 'failed'; readonly failure: SyncFailure; readonly detail: string }
  /** Blocks of an epoch whose config is not known here yet: to be asked for later. */
  | { readonly kind: 'unknown_epoch'; readonly epoch: Epoch }
  /** The proof is beyond what is fetched ahead: to be asked for when it is next. */
  | { readonly kind: 'unproven' };

export type FetchOptions = {
  readonly network: Pick<Network, 'request'>;
  readonly clock: Clock;
  readonly chainId: Uint8Array;
  readonly verifyNow: VerifySignature;
  /** What an epoch is checked with, if its config is known. */
  readonly checkOf: (epoch: Epoch) => EpochCheck | undefined;
};

export type SegmentRequest = {
  readonly peer: PeerId;
  readonly from: number;
  readonly count: number;
  /** Epochs that the blocks may be of: one when `from` is next, else all from the next one's on. */
  readonly epochs: { readonly from: Epoch; readonly to: Epoch | undefined };
  /** Whether to go on until the blocks are proven, or leave it at one answer. */
  readonly unproven: 'goOn' | 'leave';
};

function failed(failure: SyncFailure, detail: string): Result<never, FetchError> {
  return err({ kind: 'failed', failure, detail });
}

function failureOf({ code }: RequestError): SyncFailure {
  switch (code) {
    case 'refused':
    case 'timeout':
    case 'too_large':
      return code;
    case 'no_peer':
    case 'closed':
      return 'unreachable';
    default:
      return unreachable(code);
  }
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, resolve);
  });
}

/**
 * Blocks from `from` upward with their proof. Errors in the order in which they can be seen.
 * Cost: hashes every body, one quorum of signatures; gives the event loop its turn every 512 KiB.
 */
export async function fetchSegment(
  options: FetchOptions,
  request: SegmentRequest,
): Promise<Result<FinalSegment, FetchError>> {
  const { network, clock, checkOf } = options;
  const { peer, from, epochs } = request;
  const blocks: SyncedBlock[] = [];
  let bytes = 0;
  let untilTurn = BYTES_PER_TURN;
  let check: EpochCheck | undefined;
  for (;;) {
    const at = from + blocks.length;
    const count = Math.min(MAX_ANSWER_BLOCKS, Math.max(1, request.count - blocks.length));
    const asked = BlocksRequestCodec.encode({ from: height(at), count });
    const answer = await network.request(peer, 'blocks', asked, REQUEST_TIMEOUT_MS);
    if (!answer.ok) return failed(failureOf(answer.error), answer.error.detail);
    const decoded = decodeAnswer(answer.value);
    if (!decoded.ok) return failed('wrong', `${decoded.error.code}: ${decoded.error.detail}`);
    const first = decoded.value.blocks[0];
    if (!first) return failed('empty', `nothing from height ${at}`);
    const { epoch } = first.block.header;
    if (epoch < epochs.from || (epochs.to !== undefined && epoch > epochs.to)) {
      return failed('wrong', `wrong_epoch: given ${epoch}, allowed from ${epochs.from}`);
    }
    check ??= checkOf(epoch);
    if (!check) return err({ kind: 'unknown_epoch', epoch });
    for (const given of decoded.value.blocks) {
      const place = { at: height(from + blocks.length), check, below: blocks.at(-1) };
      const checked = checkBlockOfSegment(given, place);
      if (!checked.ok) return failed('wrong', `${checked.error.code}: ${checked.error.detail}`);
      blocks.push(checked.value);
      bytes += given.bytes.length;
      untilTurn -= given.bytes.length;
      if (untilTurn > 0) continue;
      untilTurn = BYTES_PER_TURN;
      await pause(clock, 0);
    }
    const { finalization } = decoded.value;
    const last = blocks.at(-1);
    if (finalization && last) {
      const proven = checkFinalization(finalization, last.hash, { ...options, check });
      if (!proven.ok) return failed('wrong', `${proven.error.code}: ${proven.error.detail}`);
      return ok({ blocks, finalization });
    }
    if (request.unproven === 'leave') return err({ kind: 'unproven' });
    if (blocks.length >= MAX_UNPROVEN_BLOCKS || bytes >= MAX_UNPROVEN_BYTES) {
      return failed('empty', `no finalization in ${blocks.length} blocks from ${from}`);
    }
    await pause(clock, PACE_MS);
  }
}
