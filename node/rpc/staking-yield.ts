/**
 * What a delegator may expect, for people: floats, and no promise.
 *
 *     yield = (1 − commission) × annual issuance × e ÷ Σe ÷ stake,   e = weight × attendance of the epoch
 *     fees  = (1 − commission) × USD of the epoch so far × (year ÷ time so far) × e ÷ Σe ÷ stake
 *
 * As rewards are shared out (`staking/distribute-rewards.ts`): by capped weight, so a validator above
 * the power cap yields less; stake is what is active in its pool now.
 */
import type { ValidatorRow, ValidatorsAnswer } from '../query/staking-format.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const FULL_BPS = 10_000;
/** Before that fees of an epoch say nothing of a year's. */
const LEAST_MS = 10_000;

export type Expectation = {
  /** Share of the stake, a year. */
  readonly yield: number | null;
  /** USD per MIL, a year. */
  readonly fees: number | null;
};

/** Expectations of a delegator of `row`; null where it earns nothing in this epoch. */
export function expectationOf(answer: ValidatorsAnswer, row: ValidatorRow): Expectation {
  if (row.weight === 0n || row.tokens === 0n || answer.effort === 0n) {
    return { yield: null, fees: null };
  }
  const commission = row.validator.commissionBps / FULL_BPS;
  const part = Number(row.effort) / Number(answer.effort);
  const perStake = ((1 - commission) * part) / Number(row.tokens);
  const elapsedMs = answer.timestamp - answer.epochStartedAt;
  const fees = Number(answer.rewards.usd - answer.owed.usd);
  return {
    yield: perStake * Number(answer.annualIssuance),
    fees: elapsedMs < LEAST_MS ? null : (perStake * fees * YEAR_MS) / elapsedMs,
  };
}
