/**
 * Which votes are worth counting at all: values outside these bounds can only be faults, and the
 * arithmetic after this point relies on them.
 */
import {
  type ExpiryVote,
  FULL_CONFIDENCE_BPS,
  type OracleVote,
  type UnderlyingVote,
} from './vote.ts';

/** $100 million a coin, in micro-USD. */
export const MAX_ORACLE_PRICE = 100_000_000_000_000;
/** Total variance of 100, in 10⁻¹²: 1,000 % volatility over a year. */
export const MAX_THETA = 100_000_000_000_000;
/** u and l of 10, in 10⁻⁹: the repair takes them below 4. */
export const MAX_WING_VOTE = 10_000_000_000;
/** A forward may be this many times the index, or this part of it. */
export const MAX_FORWARD_RATIO = 4;

function isExpirySane(vote: ExpiryVote, index: number): boolean {
  return (
    vote.forward >= 1 &&
    vote.forward <= index * MAX_FORWARD_RATIO &&
    vote.forward * MAX_FORWARD_RATIO >= index &&
    vote.theta <= MAX_THETA &&
    vote.u <= MAX_WING_VOTE &&
    vote.l <= MAX_WING_VOTE
  );
}

function isUnderlyingSane(vote: UnderlyingVote): boolean {
  if (vote.index < 1 || vote.index > MAX_ORACLE_PRICE) return false;
  if (vote.confidenceBps > FULL_CONFIDENCE_BPS) return false;
  return vote.expiries.every(
    (expiry, i) =>
      isExpirySane(expiry, vote.index) &&
      (i === 0 || expiry.expiry > (vote.expiries[i - 1]?.expiry ?? 0)),
  );
}

/** Whether every value is in bounds, and underlyings and expiries ascend. O(values). */
export function isVoteSane(vote: OracleVote): boolean {
  return vote.underlyings.every(
    (underlying, i) =>
      isUnderlyingSane(underlying) &&
      (i === 0 || underlying.underlying > (vote.underlyings[i - 1]?.underlying ?? 0)),
  );
}
