/**
 * What an epoch's blocks are judged by: validators, weights, limits, pacing.
 *
 * Source: design/chain.md §3. The config of epoch e+1 is fixed by executing the last block of e−1;
 * headers carry the hashes of the current and the next, and voters check both.
 */
import { sha256 } from './core/hash.ts';
import {
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u16,
  u32,
  u64,
  u64big,
} from './core/ssz.ts';
import type { Epoch, TimestampMs, Weight } from './core/units.ts';
import { MAX_ADDRESS_BYTES, MAX_VALIDATOR_ADDRESSES, MAX_VALIDATORS } from './limits.ts';

export type EpochValidator = {
  /** 20-byte account address of the operator. */
  readonly operator: Uint8Array;
  /** ed25519 public key of votes. */
  readonly consensusKey: Uint8Array;
  /** ed25519 public key of oracle votes. */
  readonly oracleKey: Uint8Array;
  /** ed25519 public key of the libp2p identity. */
  readonly peerKey: Uint8Array;
  /** Voting weight, above 0. */
  readonly weight: Weight;
  /** Multiaddrs in ASCII, first choice first. */
  readonly addresses: Uint8Array[];
};

export type BlockLimits = {
  readonly maxBytes: number;
  readonly maxPayloads: number;
  /** Sum of the static weights of a block's transactions. */
  readonly maxWeight: number;
};

export type Pacing = {
  readonly minBlockIntervalMs: number;
  readonly idleBlockMs: number;
  /** Δ, the assumed bound on a message's way. Leader timeout = idleBlockMs + 2Δ. */
  readonly deltaMs: number;
  /** Growth of timeouts for each view without a finalization, in hundredths (150 = ×1.5). */
  readonly timeoutGrowthPercent: number;
  readonly timeoutCapMs: number;
};

export type ModuleVersion = { readonly module: number; readonly version: number };

export type EpochConfig = {
  readonly epoch: Epoch;
  /** The first block whose timestamp reaches this ends the epoch. */
  readonly endsAt: TimestampMs;
  /** Ordered by operator address; never empty. */
  readonly validators: EpochValidator[];
  /** Seed of the leader schedule. */
  readonly leaderSeed: Uint8Array;
  readonly limits: BlockLimits;
  readonly pacing: Pacing;
  readonly moduleVersions: ModuleVersion[];
};

export const EpochValidatorCodec: Codec<EpochValidator> = container<EpochValidator>(
  'EpochValidator',
  {
    operator: bytes(20),
    consensusKey: bytes(32),
    oracleKey: bytes(32),
    peerKey: bytes(32),
    weight: u64big<Weight>(),
    addresses: list(byteList(MAX_ADDRESS_BYTES), MAX_VALIDATOR_ADDRESSES),
  },
);

export const BlockLimitsCodec: Codec<BlockLimits> = container<BlockLimits>('BlockLimits', {
  maxBytes: u32(),
  maxPayloads: u32(),
  maxWeight: u32(),
});

export const PacingCodec: Codec<Pacing> = container<Pacing>('Pacing', {
  minBlockIntervalMs: u32(),
  idleBlockMs: u32(),
  deltaMs: u32(),
  timeoutGrowthPercent: u16(),
  timeoutCapMs: u32(),
});

export const EpochConfigCodec: Codec<EpochConfig> = container<EpochConfig>('EpochConfig', {
  epoch: u64<Epoch>(),
  endsAt: u64<TimestampMs>(),
  validators: list(EpochValidatorCodec, MAX_VALIDATORS, 1),
  leaderSeed: bytes(32),
  limits: BlockLimitsCodec,
  pacing: PacingCodec,
  moduleVersions: list(
    container<ModuleVersion>('ModuleVersion', { module: u8(), version: u32() }),
    32,
  ),
});

/** SHA-256 of the config's SSZ: what headers carry. */
export function epochConfigHash(config: EpochConfig): Uint8Array {
  return sha256(EpochConfigCodec.encode(config));
}

/** Sum of the validators' weights. */
export function totalWeight(config: EpochConfig): Weight {
  return config.validators.reduce((sum, { weight }) => sum + weight, 0n) as Weight;
}

/** Weight that certifies: ⌊2W/3⌋ + 1. */
export function quorumWeight(config: EpochConfig): Weight {
  return ((totalWeight(config) * 2n) / 3n + 1n) as Weight;
}
