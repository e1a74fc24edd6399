/**
 * The outflow meter: what an account, and each of its agents, gave away in the last 24 hours.
 *
 * Source: design/staking-and-keys.md §4. Without it limits on sends are bypassed by trading. Counted are
 * sends and foreign claims under one factor group, fees, and the give-up of orders: at placement, taken
 * back for what is not filled, never offset by gains; liquidation is not counted. What two factor groups
 * sign, and what waits under a veto, is guarded by that and not counted. Market risk stays unbounded.
 *
 * A bucket leaks its whole limit in 24 hours, so at most twice the limit passes in any 24. Invariants:
 * levels are never negative; adding to a level never overflows its 128 bits, for what is above the limit
 * is refused, and what comes after the fact (fees) is below 2¹⁰⁰.
 */
import type { BlockContext } from '../../block-context.ts';
import { maxBigint, minBigint, mulDivFloor } from '../../core/math.ts';
import { type AccountId, portfolioId, subAccount, type TimestampMs } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { markValueOf } from '../../margin/excess.ts';
import { balanceKey, nonceKey, type State } from '../../state/state.ts';
import {
  type AccountSecurity,
  type Bucket,
  DAY_MS,
  type OutflowMeter,
  WHOLE_ACCOUNT,
} from './rows.ts';

/** A limit that follows equity is computed anew so often. */
const LIMIT_LIFE_MS = 60_000;
const BPS_PER_ONE = 10_000n;
const MICRO_PER_USD = 1_000_000n;
/** Far above all money there is. */
const MOST: bigint = 2n ** 100n;

/** What of a bucket is used now: it leaks `limit` in a day. Rounded against the account. */
export function levelNow(bucket: Bucket, limit: bigint, now: TimestampMs): bigint {
  const leaked = mulDivFloor(limit, BigInt(now - bucket.updatedAt), BigInt(DAY_MS));
  return maxBigint(0n, bucket.level - leaked);
}

function bounded(level: bigint): bigint {
  return minBigint(MOST, maxBigint(0n, level));
}

/** Adds to a bucket, or takes back (negative), at `now`. */
export function addToBucket(bucket: Bucket, limit: bigint, now: TimestampMs, amount: bigint): void {
  bucket.level = bounded(levelNow(bucket, limit, now) + amount);
  bucket.updatedAt = now;
}

/** Cash and positions at mark over all sub-accounts, in micro-USD. O(256 + series held). */
export function accountEquity(state: State, account: AccountId): bigint {
  let equity = 0n;
  for (let sub = 0; sub < 256; sub++) {
    const portfolio = portfolioId(account, subAccount(sub));
    const holds = state.derived.portfolios.byPortfolio.has(portfolio);
    if (!holds && !state.balances.has(balanceKey.pack(portfolio, 0))) continue;
    equity += markValueOf(state, portfolio);
  }
  return equity;
}

/** A meter as it stands now; nothing of it is written yet. */
type Reading = {
  readonly position: number;
  readonly level: bigint;
  /** Micro-USD a day, and as of when. */
  readonly limit: bigint;
  readonly limitAt: TimestampMs;
};

/** The meter of the account or an agent; `undefined`: it has none. */
function read(
  state: State,
  context: BlockContext,
  row: AccountSecurity,
  position: number,
): Reading | undefined {
  const { account, policy } = row;
  const isWhole = position === WHOLE_ACCOUNT;
  const key = nonceKey.pack(account, position);
  const agentUsd = isWhole ? 0 : (state.agents.get(key)?.scope.outflowUsd ?? 0);
  if (isWhole ? policy.outflowBps === 0 : agentUsd === 0) return undefined;
  const now = context.timestamp;
  const known = state.outflowMeters.get(key);
  // What leaked so far leaked at the limit so far.
  const level = known === undefined ? 0n : levelNow(known.bucket, known.limit, now);
  if (!isWhole) return { position, level, limit: BigInt(agentUsd) * MICRO_PER_USD, limitAt: now };
  if (known !== undefined && now - known.limitAt < LIMIT_LIFE_MS) {
    return { position, level, limit: known.limit, limitAt: known.limitAt };
  }
  const equity = maxBigint(0n, accountEquity(state, account));
  const limit = mulDivFloor(equity, BigInt(policy.outflowBps), BPS_PER_ONE);
  return { position, level, limit, limitAt: now };
}

/** The meters that count what these keys give away: the account's, then those of agents. */
function readAll(
  state: State,
  context: BlockContext,
  row: AccountSecurity,
  positions: readonly number[],
): Reading[] {
  return [WHOLE_ACCOUNT, ...positions].flatMap(
    (position) => read(state, context, row, position) ?? [],
  );
}

/** `outflow_limit` (given: with it, allowed: the limit), or `undefined`. An amount of 0 always passes. */
export function outflowRefusal(
  state: State,
  context: BlockContext,
  row: AccountSecurity,
  positions: readonly number[],
  amount: bigint,
): Refusal | undefined {
  if (amount === 0n) return undefined;
  for (const { level, limit } of readAll(state, context, row, positions)) {
    const given = level + amount;
    if (given > limit) return refusal('outflow_limit', { given, allowed: limit });
  }
  return undefined;
}

/** Counts an amount, or takes back what was counted (negative). */
export function countOutflow(
  state: State,
  context: BlockContext,
  row: AccountSecurity,
  positions: readonly number[],
  amount: bigint,
): void {
  if (amount === 0n) return;
  const { account } = row;
  for (const { position, level, limit, limitAt } of readAll(state, context, row, positions)) {
    const bucket = { level: bounded(level + amount), updatedAt: context.timestamp };
    const meter: OutflowMeter = { account, position, bucket, limit, limitAt };
    state.outflowMeters.set(nonceKey.pack(account, position), meter);
  }
}
