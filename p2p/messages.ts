/**
 * Formats of requests, answers and gossip between nodes. SSZ, bounded; selectors and field order
 * are wire format. Consensus messages stand in `consensus/messages.ts`.
 */
import { type Certificate, CertificateCodec } from '../consensus/messages.ts';
import { type Block, BlockCodec } from '../runtime/block.ts';
import {
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u16,
  u32,
  u64,
} from '../runtime/core/ssz.ts';
import type { Epoch, Height, View } from '../runtime/core/units.ts';
import { MAX_TRANSACTION_BYTES } from '../runtime/limits.ts';

/** Raised when nodes of two releases can no longer talk to each other. */
export const PROTOCOL_VERSION = 1;

/** Payload items of one gossip batch: at most 50 ms of traffic. */
export const MAX_BATCH_PAYLOADS = 1_024;
/** Bytes of one gossip message. */
export const MAX_GOSSIP_BYTES: number = 5 * 1024 * 1024;
/** Blocks of one answer. */
export const MAX_ANSWER_BLOCKS = 64;
/** Certificates of one answer. */
export const MAX_ANSWER_CERTIFICATES = 256;
/** Bodies of one answer. */
export const MAX_ANSWER_PAYLOADS = 8_192;
/** Bytes of one answer. */
export const MAX_ANSWER_BYTES: number = 16 * 1024 * 1024;

/** First frame on every handshake stream, both ways. */
export type Handshake = {
  readonly chainId: Uint8Array;
  readonly protocolVersion: number;
  /** Node.js version in ASCII, e.g. `26.10.0`. */
  readonly nodeVersion: Uint8Array;
  /** Consensus public key, or empty for a node that does not validate. */
  readonly consensusKey: Uint8Array;
  /** Signature by the consensus key over the `peer` domain and the libp2p public key; empty without one. */
  readonly binding: Uint8Array;
};

export const HandshakeCodec: Codec<Handshake> = container<Handshake>('Handshake', {
  chainId: bytes(32),
  protocolVersion: u32(),
  nodeVersion: byteList(32),
  consensusKey: byteList(32),
  binding: byteList(64),
});

/** Gossip on `payloads`: SSZ of payloads, unordered. */
export const PayloadBatchCodec: Codec<Uint8Array[]> = list(
  byteList(MAX_TRANSACTION_BYTES),
  MAX_BATCH_PAYLOADS,
  1,
);

/**
 * A final block and the proof. `finalization` certifies the block itself or a descendant whose
 * ancestry `certificates` and the blocks between show.
 */
export type FinalizedBlock = { readonly block: Block; readonly finalization: Certificate };
export const FinalizedBlockCodec: Codec<FinalizedBlock> = container<FinalizedBlock>(
  'FinalizedBlock',
  { block: BlockCodec, finalization: CertificateCodec },
);

export type Status = {
  readonly finalizedHeight: Height;
  readonly epoch: Epoch;
  readonly view: View;
  /** Lowest height whose block this node still serves. */
  readonly lowestHeight: Height;
};
export const StatusCodec: Codec<Status> = container<Status>('Status', {
  finalizedHeight: u64<Height>(),
  epoch: u64<Epoch>(),
  view: u64<View>(),
  lowestHeight: u64<Height>(),
});

/** Final blocks from `from` upward; fewer than asked when the answer would be too large. */
export type BlocksRequest = { readonly from: Height; readonly count: number };
export const BlocksRequestCodec: Codec<BlocksRequest> = container<BlocksRequest>('BlocksRequest', {
  from: u64<Height>(),
  count: u16(),
});

/**
 * Consecutive final blocks, and one finalization that proves the last of them and, through the
 * chain of parents, all before it.
 */
export type BlocksAnswer = { readonly blocks: Block[]; readonly finalization: Certificate[] };
export const BlocksAnswerCodec: Codec<BlocksAnswer> = container<BlocksAnswer>('BlocksAnswer', {
  blocks: list(BlockCodec, MAX_ANSWER_BLOCKS),
  finalization: list(CertificateCodec, 1),
});

/** Certificates of the views `from` to `to` of an epoch, any kind, and the latest finalization. */
export type CertificatesRequest = { readonly epoch: Epoch; readonly from: View; readonly to: View };
export const CertificatesRequestCodec: Codec<CertificatesRequest> = container<CertificatesRequest>(
  'CertificatesRequest',
  { epoch: u64<Epoch>(), from: u64<View>(), to: u64<View>() },
);
export const CertificatesAnswerCodec: Codec<Certificate[]> = list(
  CertificateCodec,
  MAX_ANSWER_CERTIFICATES,
);

/**
 * Bodies by wire id, or, with a block hash and no ids, the whole announcement and body of a block
 * that is not final yet.
 */
export type PayloadsRequest = { readonly block: Uint8Array; readonly wireIds: Uint8Array[] };
export const PayloadsRequestCodec: Codec<PayloadsRequest> = container<PayloadsRequest>(
  'PayloadsRequest',
  { block: bytes(32), wireIds: list(bytes(32), MAX_ANSWER_PAYLOADS) },
);
/** `blocks`: the block asked for by hash, if held; `payloads`: those asked for by id that are held. */
export type PayloadsAnswer = { readonly blocks: Block[]; readonly payloads: Uint8Array[] };
export const PayloadsAnswerCodec: Codec<PayloadsAnswer> = container<PayloadsAnswer>(
  'PayloadsAnswer',
  {
    blocks: list(BlockCodec, 1),
    payloads: list(byteList(MAX_TRANSACTION_BYTES), MAX_ANSWER_PAYLOADS),
  },
);
