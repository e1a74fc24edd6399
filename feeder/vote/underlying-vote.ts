/** Prices in natural units to the integers of a vote (`runtime/oracle/vote.ts`). */
import { timestampMs, underlyingId } from '../../runtime/core/units.ts';
import {
  FULL_CONFIDENCE_BPS,
  PSI_SCALE,
  THETA_SCALE,
  type UnderlyingVote,
} from '../../runtime/oracle/vote.ts';

const MICRO = 1_000_000;

export type UnderlyingObservation = {
  /** Number of the underlying on the chain. */
  readonly id: number;
  /** USD per coin. */
  readonly index: number;
  /** 0 to 1. */
  readonly confidence: number;
  /** Ascending; θ is total variance, u and l as they are. */
  readonly expiries: readonly {
    readonly expiryMs: number;
    readonly forward: number;
    readonly theta: number;
    readonly u: number;
    readonly l: number;
  }[];
};

/** Rounds to the nearest unit; θ is at least one. */
export function underlyingVote(seen: UnderlyingObservation): UnderlyingVote {
  return {
    underlying: underlyingId(seen.id),
    index: Math.round(seen.index * MICRO),
    confidenceBps: Math.round(seen.confidence * FULL_CONFIDENCE_BPS),
    expiries: seen.expiries.map(({ expiryMs, forward, theta, u, l }) => ({
      expiry: timestampMs(expiryMs),
      forward: Math.round(forward * MICRO),
      theta: Math.max(1, Math.round(theta * THETA_SCALE)),
      u: Math.round(u * PSI_SCALE),
      l: Math.round(l * PSI_SCALE),
    })),
  };
}
