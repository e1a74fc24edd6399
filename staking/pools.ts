/**
 * Stake in bulk: what is active, what joins, what leaves. Every boundary works on these rows alone,
 * so that its cost does not depend on the number of delegators.
 *
 * Source: design/staking-and-keys.md §2. Units: tokens in micro-MIL; shares of their own pool.
 */
import {
  type Codec,
  container,
  list,
  u8,
  u32,
  u64,
  u64big,
  u128,
  u256,
} from '../runtime/core/ssz.ts';
import type { Epoch, TimestampMs } from '../runtime/core/units.ts';
import type { ValidatorId } from './ids.ts';
import { MAX_MOVES, MAX_SHARES_PER_TOKEN } from './limits.ts';
import { IndexCodec, type PerDenomination, zeroAmounts } from './rewards.ts';

/** Active stake of a validator. */
export type Pool = {
  tokens: bigint;
  shares: bigint;
  /** What slashing burned of the stake that is in the pool now: tokens + burned was there before. */
  burned: bigint;
  readonly index: PerDenomination;
  /** Remainders of the accumulators, below `shares` when made. */
  readonly carry: PerDenomination;
};
export const PoolCodec: Codec<Pool> = container<Pool>('Pool', {
  tokens: u128(),
  shares: u128(),
  burned: u128(),
  index: IndexCodec,
  carry: container<PerDenomination>('Carry', { usd: u256(), mil: u256() }),
});

export const emptyPool = (): Pool => ({
  tokens: 0n,
  shares: 0n,
  burned: 0n,
  index: zeroAmounts(),
  carry: zeroAmounts(),
});

/** Whether a pool is so far slashed that shares of it have no sensible price. */
export function isClosed({ tokens, shares }: Pool): boolean {
  return shares > 0n && (tokens === 0n || shares > tokens * MAX_SHARES_PER_TOKEN);
}

/** Where the stake of a bulk row is on its way; numbers are state format. */
export const STAGE = {
  pending: 0,
  /** It has become shares of its destination, or left the active pool. */
  done: 1,
  /** Its destination did not take it. */
  returned: 2,
} as const;
export type Stage = (typeof STAGE)[keyof typeof STAGE];

/** Stake that joins a validator at the start of an epoch; what delegators have not taken up yet. */
export type JoinPool = {
  stage: Stage;
  /** Micro-MIL not yet taken up. */
  tokens: bigint;
  /** Shares not yet taken up, once done. */
  shares: bigint;
  /** The validator's accumulators when it was done. */
  index: PerDenomination;
};
export const JoinPoolCodec: Codec<JoinPool> = container<JoinPool>('JoinPool', {
  stage: u8<Stage>(),
  tokens: u128(),
  shares: u128(),
  index: IndexCodec,
});

/** Stake that moves to another validator as the epoch ends. */
export type Move = {
  readonly to: ValidatorId;
  stage: Stage;
  /** Shares of the source not yet taken up. */
  shares: bigint;
  /** Shares of the destination that stand for them, once done. */
  dstShares: bigint;
  /** The destination's accumulators when it was done. */
  dstIndex: PerDenomination;
  /** φ that this stake had paid when it left, rounded down. */
  paidPhi: bigint;
};

/**
 * Stake that leaves a validator's active pool at the end of `lastEpoch`, for unbonding or for another
 * validator, and what has left it. Slashing burns `burned` of `base`; `shares` are those of unbonding
 * entries.
 */
export type ExitPool = {
  stage: Stage;
  shares: bigint;
  /** Once done: tokens before any slash, and what slashing has taken of them. */
  base: bigint;
  burned: bigint;
  /** Stake, before any slash, that left in this epoch for anywhere: never changes. */
  left: bigint;
  /** The source's accumulators when it was done. */
  index: PerDenomination;
  /** Staking time, and first epoch, at which unbonding entries are paid. */
  maturesAt: TimestampMs;
  maturesInEpoch: Epoch;
  readonly moves: Move[];
};
export const ExitPoolCodec: Codec<ExitPool> = container<ExitPool>('ExitPool', {
  stage: u8<Stage>(),
  shares: u128(),
  base: u128(),
  burned: u128(),
  left: u128(),
  index: IndexCodec,
  maturesAt: u64<TimestampMs>(),
  maturesInEpoch: u64<Epoch>(),
  moves: list(
    container<Move>('Move', {
      to: u32<ValidatorId>(),
      stage: u8<Stage>(),
      shares: u128(),
      dstShares: u128(),
      dstIndex: IndexCodec,
      paidPhi: u64big(),
    }),
    MAX_MOVES,
  ),
});
