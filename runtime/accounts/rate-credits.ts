/**
 * Rate credits: what an account may ask of the chain, growing with what it trades.
 *
 * Source: Hyperliquid's address limits (reference/exchange.md B6): an allowance to start with, a slow
 * refill up to it, and one credit for every so many USD traded, which may go above it. Every number
 * is a parameter (`governance/parameters.ts`); `creditStart` 0 turns all of it off.
 *
 * Invariants: credits are never negative and never above max(`creditCap`, `creditStart`); an account
 * without a row has `creditStart`. Rounding never favours the account.
 */
import { type Codec, container, u64 } from '../core/ssz.ts';
import {
  type AccountId,
  type Height,
  height,
  type TimestampMs,
  timestampMs,
} from '../core/units.ts';
import type { Parameters } from '../governance/parameters.ts';

/** A row of the `rateCredits` table. */
export type RateCredits = {
  readonly account: AccountId;
  credits: number;
  /** Time up to which the refill is in `credits`. */
  refilledAt: TimestampMs;
  /** Notional traded, in micro-USD, that is not yet a whole credit. */
  carriedMicroUsd: number;
  /** Height of the last block in which a cancel of many orders was free; 0: none. */
  freeCancelAt: Height;
};

export const RateCreditsCodec: Codec<RateCredits> = container<RateCredits>('RateCredits', {
  account: u64<AccountId>(),
  credits: u64(),
  refilledAt: u64<TimestampMs>(),
  carriedMicroUsd: u64(),
  freeCancelAt: u64<Height>(),
});

/** The row of an account that has not spent or earned yet. */
export function newCredits(
  account: AccountId,
  parameters: Parameters,
  now: TimestampMs,
): RateCredits {
  return {
    account,
    credits: parameters.creditStart,
    refilledAt: now,
    carriedMicroUsd: 0,
    freeCancelAt: height(0),
  };
}

/** 900 days: times the greatest refill a second it is below 2⁵³. */
const MAX_REFILL_MS: number = 900 * 24 * 3_600_000;

/** Credits and refill time of a row at `now`. Whole credits; the time of a part of one is kept. */
export function refilled(
  row: RateCredits,
  parameters: Parameters,
  now: TimestampMs,
): { readonly credits: number; readonly refilledAt: TimestampMs } {
  const { creditStart, creditRefillPerSecond } = parameters;
  const { credits, refilledAt } = row;
  if (credits >= creditStart || creditRefillPerSecond === 0) return { credits, refilledAt: now };
  const elapsedMs = Math.min(now - refilledAt, MAX_REFILL_MS);
  const gained = Math.floor((elapsedMs * creditRefillPerSecond) / 1_000);
  if (credits + gained >= creditStart) return { credits: creditStart, refilledAt: now };
  // Rounded up, against the account; at most `elapsedMs`, which is whole.
  const takenMs = Math.floor((gained * 1_000 + creditRefillPerSecond - 1) / creditRefillPerSecond);
  return { credits: credits + gained, refilledAt: timestampMs(refilledAt + takenMs) };
}
