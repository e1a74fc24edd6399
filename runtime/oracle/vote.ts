/**
 * A validator's oracle vote: what it saw, signed by its oracle key.
 *
 * Source: design/chain.md §6, design/exchange.md §4. Votes have reserved space in blocks and pay no
 * fee; at most one per validator counts in a block, the newest; execution drops those stale against
 * block time.
 *
 * Units: prices in micro-USD per coin; θ (total variance at the money) in 10⁻¹²; u = ψ(1+ρ) and
 * l = ψ(1−ρ) in 10⁻⁹; confidence in basis points.
 */
import { DOMAIN, signingDigest } from '../core/hash.ts';
import { bytes, type Codec, container, list, u8, u16, u64 } from '../core/ssz.ts';
import type { Epoch, TimestampMs, UnderlyingId, ValidatorIndex } from '../core/units.ts';
import { MAX_ORACLE_EXPIRIES, MAX_ORACLE_UNDERLYINGS } from '../limits.ts';

/** Scale of θ: 10¹² is a total variance of 1. */
export const THETA_SCALE = 1_000_000_000_000;
/** Scale of u and l: 10⁹ is 1. */
export const PSI_SCALE = 1_000_000_000;
/** Confidence of 1. */
export const FULL_CONFIDENCE_BPS = 10_000;

/** Forward and eSSVI slice of one expiry. */
export type ExpiryVote = {
  readonly expiry: TimestampMs;
  /** Micro-USD per coin. */
  readonly forward: number;
  readonly theta: number;
  readonly u: number;
  readonly l: number;
};

export type UnderlyingVote = {
  readonly underlying: UnderlyingId;
  /** Micro-USD per coin. */
  readonly index: number;
  readonly confidenceBps: number;
  /** Ascending by expiry. */
  readonly expiries: ExpiryVote[];
};

export type OracleVote = {
  readonly epoch: Epoch;
  readonly validator: ValidatorIndex;
  /** When the validator took these values. */
  readonly observedAt: TimestampMs;
  /** Ascending by underlying. */
  readonly underlyings: UnderlyingVote[];
};

export type SignedOracleVote = { readonly vote: OracleVote; readonly signature: Uint8Array };

export const OracleVoteCodec: Codec<OracleVote> = container<OracleVote>('OracleVote', {
  epoch: u64<Epoch>(),
  validator: u16<ValidatorIndex>(),
  observedAt: u64<TimestampMs>(),
  underlyings: list(
    container<UnderlyingVote>('UnderlyingVote', {
      underlying: u8<UnderlyingId>(),
      index: u64(),
      confidenceBps: u16(),
      expiries: list(
        container<ExpiryVote>('ExpiryVote', {
          expiry: u64<TimestampMs>(),
          forward: u64(),
          theta: u64(),
          u: u64(),
          l: u64(),
        }),
        MAX_ORACLE_EXPIRIES,
      ),
    }),
    MAX_ORACLE_UNDERLYINGS,
    1,
  ),
});

export const SignedOracleVoteCodec: Codec<SignedOracleVote> = container<SignedOracleVote>(
  'SignedOracleVote',
  { vote: OracleVoteCodec, signature: bytes(64) },
);

/** The 32 bytes that the oracle key signs. */
export function oracleVoteDigest(chainId: Uint8Array, vote: OracleVote): Uint8Array {
  return signingDigest(DOMAIN.oracle, chainId, OracleVoteCodec.encode(vote));
}
