/**
 * `pauseTrading`: the guardian stops new risk, once, for a time.
 *
 * Source: design/staking-and-keys.md §5. The pause is reduce-only: it never stops cancels, reductions,
 * oracle, liquidation, settlement, exits or votes. It holds for `maxPauseMs` at most and is used up until
 * governance arms it again, so that a stolen guardian's key costs a day of new orders and no more.
 */
import { stakingTime } from '../../staking/context.ts';
import type { PauseTrading } from '../actions/governance.ts';
import { ANY_UNDERLYING } from '../actions/orders.ts';
import { changeStatus, statusOf } from '../auction/change-state.ts';
import type { BlockContext } from '../block-context.ts';
import { equalBytes, fromHex } from '../core/bytes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, timestampMs } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { INSTRUMENT_STATE } from '../options/instrument.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { changedGovernanceMeta, governanceMetaOf, governanceParametersOf } from './tables.ts';

const { open, postOnly, reduceOnly } = INSTRUMENT_STATE;

/** Whether an account is the guardian's. */
export function isGuardian(state: State, account: AccountId): boolean {
  const [guardian] = governanceMetaOf(state).guardian;
  const own = fromHex(state.derived.accounts.addressById.get(account) ?? '');
  return guardian !== undefined && own !== undefined && equalBytes(guardian, own);
}

/**
 * Errors in order: not_guardian, guardian_used, unknown_underlying, bad_pause (allowed: the longest, ms).
 * Underlyings that are reduce-only or halted by order stay so. O(underlyings).
 */
export function pauseTrading(
  state: State,
  context: BlockContext,
  account: AccountId,
  { underlying, durationMs }: PauseTrading,
): Result<ActionResult, Refusal> {
  if (!isGuardian(state, account)) return err(refusal('not_guardian'));
  if (!governanceMetaOf(state).armed) return err(refusal('guardian_used'));
  if (underlying !== ANY_UNDERLYING && !state.underlyings.has(underlying)) {
    return err(refusal('unknown_underlying', { given: underlying }));
  }
  const { maxPauseMs } = governanceParametersOf(state);
  if (durationMs === 0 || durationMs > maxPauseMs) {
    return err(refusal('bad_pause', { given: durationMs, allowed: maxPauseMs }));
  }

  // From here it must succeed.
  const meta = changedGovernanceMeta(state);
  meta.armed = false;
  const until = timestampMs(stakingTime(state, context) + durationMs);
  meta.nextDueAt = timestampMs(Math.min(meta.nextDueAt, until));
  const paused = underlying === ANY_UNDERLYING ? state.underlyings.sortedKeys() : [underlying];
  for (const id of paused) {
    const before = statusOf(state, id).governed;
    if (before !== open && before !== postOnly) continue;
    state.governance.pauses.set(id, { underlying: id, until, before });
    changeStatus(state, context, id, { governed: reduceOnly });
  }
  return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil: until } });
}
