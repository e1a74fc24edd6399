/**
 * How each validator's oracle votes: slots, slots without a vote, slots with a far vote, per epoch.
 *
 * Source: design/exchange.md §4 ("stale and outlier rules"), design/staking-and-keys.md §3. A vote is
 * far when a value of it lies outside the parameters' bounds around the medians that it was counted in,
 * or when its validator signed another of the same time. It is judged in the block that counts it, not
 * when a slot ends, so no vote between two looks goes unseen. What follows from the counts (rewards,
 * jail) is staking's (`staking/attendance.ts`).
 */
import type { BlockContext } from '../block-context.ts';
import { toHex } from '../core/bytes.ts';
import { absBigint } from '../core/math.ts';
import type { Epoch } from '../core/units.ts';
import { EVENT } from '../event.ts';
import type { State } from '../state/state.ts';
import type { ConductCounts, OracleConduct } from './conduct-row.ts';
import type { ExpiryVote, UnderlyingVote } from './vote.ts';

const none = (epoch: Epoch): ConductCounts => ({ epoch, slots: 0, missed: 0, far: 0 });

/** The row of a key, made when there is none, with the counts of this epoch. */
function conductOf(state: State, oracleKey: string, epoch: Epoch): OracleConduct {
  const row = state.oracleConduct.edit(oracleKey);
  if (row === undefined) {
    const fresh = { current: none(epoch), previous: none(epoch), isFar: false };
    state.oracleConduct.set(oracleKey, fresh);
    return fresh;
  }
  if (row.current.epoch !== epoch) {
    row.previous = row.current;
    row.current = none(epoch);
  }
  return row;
}

/** Whether `value` is more than `bps` of `median` away from it. */
export function isOutside(value: number, median: number, bps: number): boolean {
  const distance = absBigint(BigInt(value) - BigInt(median));
  return distance * 10_000n > BigInt(bps) * BigInt(median);
}

/** Whether an index is far from the one in force. */
export function isIndexFar(context: BlockContext, vote: UnderlyingVote, index: number): boolean {
  return isOutside(vote.index, index, context.parameters.oracleFarBps);
}

/**
 * Whether a slice is far from the medians of its expiry. Inside the settlement window its variance
 * says little, and is not looked at.
 */
export function isSliceFar(
  context: BlockContext,
  vote: ExpiryVote,
  medians: Pick<ExpiryVote, 'forward' | 'theta'>,
): boolean {
  const { oracleFarBps, oracleFarVarianceBps, settlementWindowMs } = context.parameters;
  if (isOutside(vote.forward, medians.forward, oracleFarBps)) return true;
  if (vote.expiry - context.timestamp <= settlementWindowMs) return false;
  return isOutside(vote.theta, medians.theta, oracleFarVarianceBps);
}

/** Notes that a far vote of this key was counted. */
export function noteFarVote(state: State, context: BlockContext, oracleKey: Uint8Array): void {
  conductOf(state, toHex(oracleKey), context.config.epoch).isFar = true;
}

/**
 * Ends a slot of a validator: `isThere` says whether its last vote is of the slot. Returns whether a
 * far vote was counted in it; a slot that was missed is not far. O(1).
 */
export function endOracleSlot(
  state: State,
  oracleKey: Uint8Array,
  epoch: Epoch,
  isThere: boolean,
): boolean {
  const row = conductOf(state, toHex(oracleKey), epoch);
  const isFar = isThere && row.isFar;
  row.isFar = false;
  row.current.slots += 1;
  if (!isThere) row.current.missed += 1;
  if (isFar) row.current.far += 1;
  return isFar;
}

/**
 * On the last block of an epoch: says who missed slots or was far, by oracle key, and forgets keys that
 * had no slot in this epoch or the one before. O(validators log validators).
 */
export function reportOracleConduct(state: State, context: BlockContext): void {
  const { epoch } = context.config;
  for (const key of state.oracleConduct.sortedKeys()) {
    const { current } = state.oracleConduct.must(key);
    if (current.epoch + 1 < epoch) state.oracleConduct.delete(key);
    if (current.epoch !== epoch || (current.missed === 0 && current.far === 0)) continue;
    const member = context.config.validators.find(({ oracleKey }) => toHex(oracleKey) === key);
    if (member === undefined) continue;
    const value = { oracleKey: member.oracleKey, ...current };
    context.events.push({ selector: EVENT.oracleConduct, value });
  }
}
