import { describe, expect, test } from 'vitest';
import {
  type Certificate,
  CONSENSUS_MESSAGE,
  type ConsensusMessage,
  ConsensusMessageCodec,
  KIND,
  type Proposal,
  type Subject,
} from '../../consensus/messages.ts';
import {
  fullBucket,
  MAX_CONSENSUS_FRAME_BYTES,
  MAX_HANDSHAKE_BYTES,
  MAX_REQUEST_BYTES,
  take,
} from '../../p2p/limits.ts';
import { HandshakeCodec, MAX_ANSWER_PAYLOADS, PayloadsRequestCodec } from '../../p2p/messages.ts';
import type { Header } from '../../runtime/block.ts';
import type { Epoch, Height, TimestampMs, ValidatorIndex, View } from '../../runtime/core/units.ts';
import {
  MAX_BITMAP_BYTES,
  MAX_BLOCK_PAYLOADS,
  MAX_PROPOSAL_CERTIFICATES,
  MAX_VALIDATORS,
} from '../../runtime/limits.ts';

const HASH = new Uint8Array(32);
const SIGNATURE = new Uint8Array(64);

function listOf<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item);
}

function largestProposal(): ConsensusMessage {
  const epoch = 1 as Epoch;
  const view = 1 as View;
  const proposal: Proposal = { epoch, view, parentView: view, payload: HASH };
  const subject: Subject = { selector: KIND.notarize, value: proposal };
  const header: Header = {
    height: 1 as Height,
    view,
    epoch,
    parent: HASH,
    timestamp: 1 as TimestampMs,
    proposer: 0 as ValidatorIndex,
    transactionsRoot: HASH,
    executed: { height: 0 as Height, stateRoot: HASH, receiptsRoot: HASH },
    config: HASH,
    nextConfig: HASH,
  };
  const certificate: Certificate = {
    subject,
    signers: new Uint8Array(MAX_BITMAP_BYTES).fill(0xff),
    signatures: listOf(MAX_VALIDATORS, SIGNATURE),
  };
  return {
    selector: CONSENSUS_MESSAGE.proposal,
    value: {
      vote: { subject, signer: 0 as ValidatorIndex, signature: SIGNATURE },
      block: { header, wireIds: listOf(MAX_BLOCK_PAYLOADS, HASH) },
      certificates: listOf(MAX_PROPOSAL_CERTIFICATES, certificate),
    },
  };
}

describe('limits', () => {
  test('the largest consensus message fits a frame, with less than 1 KiB to spare', () => {
    const { length } = ConsensusMessageCodec.encode(largestProposal());
    expect(length).toBeLessThanOrEqual(MAX_CONSENSUS_FRAME_BYTES);
    expect(length).toBeGreaterThan(MAX_CONSENSUS_FRAME_BYTES - 1_024);
  });

  test('the largest handshake and the largest request are just allowed', () => {
    const handshake = HandshakeCodec.encode({
      chainId: HASH,
      protocolVersion: 1,
      nodeVersion: new Uint8Array(32),
      consensusKey: HASH,
      binding: SIGNATURE,
    });
    expect(handshake.length).toBe(MAX_HANDSHAKE_BYTES);
    const request = { block: HASH, wireIds: listOf(MAX_ANSWER_PAYLOADS, HASH) };
    expect(PayloadsRequestCodec.encode(request).length).toBe(MAX_REQUEST_BYTES);
  });

  test('a bucket gives its burst at once, then its rate', () => {
    const rate = { burst: 3, perSecond: 2 };
    let bucket = fullBucket(rate, 0);
    const at = (nowMs: number, cost = 1): boolean => {
      const result = take(bucket, rate, cost, nowMs);
      bucket = result.bucket;
      return result.taken;
    };
    expect([at(0), at(0), at(0), at(0)]).toEqual([true, true, true, false]);
    expect([at(499), at(500), at(500)]).toEqual([false, true, false]);
    expect([at(60_000, 4), at(60_000, 3), at(60_000)]).toEqual([false, true, false]);
  });
});
