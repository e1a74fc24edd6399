/**
 * Blocks: the header that validators sign for, and the body it commits to.
 *
 * Source: design/chain.md §2. A block's hash is `hash_tree_root(header)`. The body is a list of
 * payloads (transactions and oracle votes); `transactionsRoot` is `hash_tree_root` of the list of
 * their wire ids, so a proposal can name bodies that its voters already hold.
 */
import { equalBytes, ZERO_32 } from './core/bytes.ts';
import { sha256 } from './core/hash.ts';
import { byteList, bytes, type Codec, container, list, u16, u64 } from './core/ssz.ts';
import type { Epoch, Height, TimestampMs, ValidatorIndex, View } from './core/units.ts';
import type { EpochConfig } from './epoch-config.ts';
import { CARRIED_ROOT_INTERVAL, MAX_BLOCK_PAYLOADS, MAX_TRANSACTION_BYTES } from './limits.ts';

/** The newest execution result a header carries. */
export type Executed = {
  /** max(0, R·⌊(height − R)/R⌋). */
  readonly height: Height;
  readonly stateRoot: Uint8Array;
  /** Chains the receipts of the blocks since the previous carried height. */
  readonly receiptsRoot: Uint8Array;
};

export type Header = {
  readonly height: Height;
  readonly view: View;
  readonly epoch: Epoch;
  /** Hash of the parent header; of height 1: the genesis hash. */
  readonly parent: Uint8Array;
  readonly timestamp: TimestampMs;
  readonly proposer: ValidatorIndex;
  readonly transactionsRoot: Uint8Array;
  readonly executed: Executed;
  /** Hash of this epoch's config. */
  readonly config: Uint8Array;
  /** Hash of the next epoch's config, or 32 zero bytes while it is not fixed. */
  readonly nextConfig: Uint8Array;
};

export const HeaderCodec: Codec<Header> = container<Header>('Header', {
  height: u64<Height>(),
  view: u64<View>(),
  epoch: u64<Epoch>(),
  parent: bytes(32),
  timestamp: u64<TimestampMs>(),
  proposer: u16<ValidatorIndex>(),
  transactionsRoot: bytes(32),
  executed: container<Executed>('Executed', {
    height: u64<Height>(),
    stateRoot: bytes(32),
    receiptsRoot: bytes(32),
  }),
  config: bytes(32),
  nextConfig: bytes(32),
});

/** Header and the wire ids of its body, in block order: what a proposal carries. */
export type BlockAnnouncement = { readonly header: Header; readonly wireIds: Uint8Array[] };

/** Header and the SSZ of each payload: what is stored, synced and executed. */
export type Block = { readonly header: Header; readonly payloads: Uint8Array[] };

const WireIdsCodec: Codec<Uint8Array[]> = list(bytes(32), MAX_BLOCK_PAYLOADS);

export const BlockAnnouncementCodec: Codec<BlockAnnouncement> = container<BlockAnnouncement>(
  'BlockAnnouncement',
  { header: HeaderCodec, wireIds: WireIdsCodec },
);

export const BlockCodec: Codec<Block> = container<Block>('Block', {
  header: HeaderCodec,
  payloads: list(byteList(MAX_TRANSACTION_BYTES), MAX_BLOCK_PAYLOADS),
});

/** Block hash: `hash_tree_root(header)`. */
export function blockHash(header: Header): Uint8Array {
  return HeaderCodec.hashTreeRoot(header);
}

/** Wire id of a payload: SHA-256 of its SSZ. */
export function wireId(payload: Uint8Array): Uint8Array {
  return sha256(payload);
}

/** `hash_tree_root` of the list of wire ids. */
export function transactionsRoot(wireIds: readonly Uint8Array[]): Uint8Array {
  return WireIdsCodec.hashTreeRoot([...wireIds]);
}

/** Height whose roots a header at `height` carries. */
export function carriedHeight(height: Height): Height {
  const interval = CARRIED_ROOT_INTERVAL;
  return Math.max(0, interval * Math.floor((height - interval) / interval)) as Height;
}

/**
 * Whether a block ends its epoch: the first whose timestamp reaches the epoch's end and whose header
 * already carries the next config, so that the boundary header always commits to the next set.
 */
export function isEpochLast(header: Header, config: EpochConfig): boolean {
  return header.timestamp >= config.endsAt && !equalBytes(header.nextConfig, ZERO_32);
}
