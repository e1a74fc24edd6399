/**
 * Consecutive final blocks and their proof, as peers send them: decoded, chained, proven.
 *
 * Source: p2p/messages.ts `BlocksAnswer`; design/chain.md §2, §3. The finalization certifies the
 * last block directly; the parents' hashes prove the others. So a segment is proven by itself,
 * wherever it stands: what a quorum made final was checked by honest validators, which is why the
 * signatures of transactions, carried roots and leaders are not checked again.
 *
 * Invariants of a `FinalSegment`: not empty, heights without gap, one epoch, bodies match headers.
 */
import { type VerifySignature, verifyCertificate } from '../../consensus/certificate.ts';
import { type Committee, committeeOf } from '../../consensus/committee.ts';
import { type Certificate, KIND } from '../../consensus/messages.ts';
import { BlocksAnswerCodec } from '../../p2p/messages.ts';
import {
  type Block,
  blockHash,
  type Header,
  isEpochLast,
  transactionsRoot,
  wireId,
} from '../../runtime/block.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import { type Epoch, epoch, type Height } from '../../runtime/core/units.ts';
import { type EpochConfig, epochConfigHash } from '../../runtime/epoch-config.ts';
import { blocksOfAnswer } from './block-bytes.ts';

/** A block whose body matches its header. */
export type SyncedBlock = {
  readonly hash: Uint8Array;
  readonly block: Block;
  /** SSZ of the block; may be a view of a larger buffer. */
  readonly bytes: Uint8Array;
  readonly wireIds: readonly Uint8Array[];
};

/** Blocks, ascending, the last certified by `finalization`. */
export type FinalSegment = {
  readonly blocks: readonly SyncedBlock[];
  readonly finalization: Certificate;
};

/** Why what a peer sent is wrong, in order of precedence. Every one is the sender's fault. */
export const SEGMENT_ERRORS = [
  'malformed_answer',
  'wrong_epoch',
  'wrong_height',
  'wrong_parent',
  'timestamp_not_above_parent',
  'wrong_config',
  'wrong_transactions_root',
  'wrong_finalization',
  'bad_certificate',
] as const;
export type SegmentError = {
  readonly code: (typeof SEGMENT_ERRORS)[number];
  readonly detail: string;
};

/** What certificates and headers of an epoch are checked with. */
export type EpochCheck = {
  readonly config: EpochConfig;
  readonly hash: Uint8Array;
  readonly committee: Committee;
};

/** Cost: one leader schedule and one hash; make it once for each epoch. */
export function epochCheck(config: EpochConfig): EpochCheck {
  return { config, hash: epochConfigHash(config), committee: committeeOf(config) };
}

function wrong(code: SegmentError['code'], detail: string): Result<never, SegmentError> {
  return err({ code, detail });
}

/** A `BlocksAnswer` taken apart; `finalization` may be missing when its blocks alone fill it. */
export type DecodedAnswer = {
  readonly blocks: readonly { readonly block: Block; readonly bytes: Uint8Array }[];
  readonly finalization: Certificate | undefined;
};

/** Errors: `malformed_answer`. Cost: O(bytes). */
export function decodeAnswer(bytes: Uint8Array): Result<DecodedAnswer, SegmentError> {
  const decoded = BlocksAnswerCodec.decode(bytes);
  if (!decoded.ok) return wrong('malformed_answer', decoded.error.detail);
  const slices = blocksOfAnswer(bytes);
  const blocks = decoded.value.blocks.map((block, index) => ({
    block,
    bytes: slices[index] ?? new Uint8Array(0),
  }));
  return ok({ blocks, finalization: decoded.value.finalization[0] });
}

/** Epoch of the block above `header`. */
export function epochAbove(header: Header, config: EpochConfig): Epoch {
  const over = header.height > 0 && isEpochLast(header, config);
  return over ? epoch(header.epoch + 1) : header.epoch;
}

/**
 * Whether `header` can stand right above `parent`. `of`: the epoch that it must be of.
 * Errors: `wrong_epoch`, `wrong_height`, `wrong_parent`, `timestamp_not_above_parent`.
 */
export function checkAbove(
  header: Header,
  parent: { readonly hash: Uint8Array; readonly header: Header },
  of: Epoch,
): Result<void, SegmentError> {
  if (header.epoch !== of) return wrong('wrong_epoch', `given ${header.epoch}, allowed ${of}`);
  if (header.height !== parent.header.height + 1) {
    return wrong('wrong_height', `given ${header.height}, allowed ${parent.header.height + 1}`);
  }
  if (!equalBytes(header.parent, parent.hash)) {
    return wrong('wrong_parent', `at height ${header.height}`);
  }
  if (header.timestamp <= parent.header.timestamp) {
    const detail = `given ${header.timestamp}, allowed above ${parent.header.timestamp}`;
    return wrong('timestamp_not_above_parent', detail);
  }
  return ok(undefined);
}

/**
 * The block with its hash and ids, if it can be at `at` in the epoch of `check`, above `below`.
 * Errors: those of `checkAbove`, `wrong_config`, `wrong_transactions_root`.
 * Cost: hashes the body.
 */
export function checkBlockOfSegment(
  given: { readonly block: Block; readonly bytes: Uint8Array },
  options: {
    readonly at: Height;
    readonly check: EpochCheck;
    readonly below: SyncedBlock | undefined;
  },
): Result<SyncedBlock, SegmentError> {
  const { block, bytes } = given;
  const { at, check, below } = options;
  const { header } = block;
  if (header.epoch !== check.config.epoch) {
    return wrong('wrong_epoch', `given ${header.epoch}, allowed ${check.config.epoch}`);
  }
  if (header.height !== at) return wrong('wrong_height', `given ${header.height}, allowed ${at}`);
  if (below) {
    const parent = { hash: below.hash, header: below.block.header };
    const linked = checkAbove(header, parent, epochAbove(parent.header, check.config));
    if (!linked.ok) return linked;
  }
  if (!equalBytes(header.config, check.hash)) return wrong('wrong_config', `at height ${at}`);
  const wireIds = block.payloads.map(wireId);
  if (!equalBytes(transactionsRoot(wireIds), header.transactionsRoot)) {
    return wrong('wrong_transactions_root', `at height ${at}`);
  }
  return ok({ hash: blockHash(header), block, bytes, wireIds });
}

/**
 * Whether `certificate` makes the block with `hash` final.
 * Errors: `wrong_finalization`, `bad_certificate`. Cost: a quorum of signatures.
 */
export function checkFinalization(
  certificate: Certificate,
  hash: Uint8Array,
  options: {
    readonly check: EpochCheck;
    readonly chainId: Uint8Array;
    readonly verifyNow: VerifySignature;
  },
): Result<void, SegmentError> {
  const { subject } = certificate;
  if (subject.selector !== KIND.finalize) {
    return wrong('wrong_finalization', `a certificate of kind ${subject.selector}`);
  }
  if (!equalBytes(subject.value.payload, hash)) {
    return wrong('wrong_finalization', 'certifies another block');
  }
  const { check, chainId, verifyNow } = options;
  const verified = verifyCertificate(check.committee, chainId, certificate, verifyNow);
  if (verified.ok) return ok(undefined);
  return wrong('bad_certificate', `${verified.error.code}: ${verified.error.detail}`);
}

/** The blocks of a segment above `height`; undefined when there are none. */
export function segmentAbove(segment: FinalSegment, height: Height): FinalSegment | undefined {
  const blocks = segment.blocks.filter(({ block }) => block.header.height > height);
  return blocks.length === 0 ? undefined : { blocks, finalization: segment.finalization };
}
