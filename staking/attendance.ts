/**
 * Who was there: leader views that the finalized headers show as skipped, oracle votes that are missing
 * when their slot ends, and slots whose votes were far from the medians (`runtime/oracle/conduct.ts`).
 *
 * Source: design/chain.md §3 ("Downtime is what the chain can see"), design/staking-and-keys.md §3.
 * Judged at an epoch's end, missed and far each against a parameter, over at least `absenceSlots` own slots of one kind. Brake: nobody is jailed
 * when more than a third of the weight was absent; at most `jailBrakeBps` of the weight is newly jailed;
 * at least four validators stay.
 */
import { type LeaderSchedule, leaderOf, leaderSchedule } from '../consensus/leader-schedule.ts';
import { compareBytes, toHex } from '../runtime/core/bytes.ts';
import { timestampMs, type View, view } from '../runtime/core/units.ts';
import { type EpochConfig, totalWeight } from '../runtime/epoch-config.ts';
import { endOracleSlot } from '../runtime/oracle/conduct.ts';
import { currentEpoch, type StakingContext } from './context.ts';
import type { StakeEntry } from './epoch-stake.ts';
import { FULL_BPS } from './fraction.ts';
import type { ValidatorId } from './ids.ts';
import { jailValidator } from './jail.ts';
import { MAX_COUNTED_VIEWS, MIN_VALIDATORS } from './limits.ts';
import { changedMeta, type StakingState, stakingMetaOf, stakingParametersOf } from './tables.ts';
import type { Attendance } from './validator.ts';

function scheduleOf({ staking }: StakingState, config: EpochConfig): LeaderSchedule {
  const { memo } = staking;
  if (memo.schedule?.epoch !== config.epoch) {
    const weights = config.validators.map(({ weight }) => weight);
    const leaders = leaderSchedule(config.leaderSeed, weights);
    memo.schedule = { epoch: config.epoch, leaders };
  }
  return memo.schedule.leaders;
}

/** Counts a leader slot of a validator, `missed` or not. */
function countLeader({ staking }: StakingState, validator: ValidatorId, missed: 0 | 1): void {
  const row = staking.attendance.must(validator);
  row.leaderSlots += 1;
  row.leaderMissed += missed;
  row.epochSlots += 1;
  row.epochMissed += missed;
  staking.attendance.touch(validator);
}

/** Counts an oracle slot: a far vote earns as little as none. */
function countOracle(
  { staking }: StakingState,
  validator: ValidatorId,
  slot: 'kept' | 'missed' | 'far',
): void {
  const row = staking.attendance.must(validator);
  row.oracleSlots += 1;
  if (slot === 'missed') row.oracleMissed += 1;
  if (slot === 'far') row.oracleFar += 1;
  row.epochSlots += 1;
  if (slot !== 'kept') row.epochMissed += 1;
  staking.attendance.touch(validator);
}

/** Notes the leaders of the views from the last block's to this one's. O(skipped views), bounded. */
export function countLeaders(state: StakingState, context: StakingContext, at: View): void {
  const meta = changedMeta(state);
  const from = meta.lastEpoch === currentEpoch(context) ? meta.lastView + 1 : 1;
  meta.lastEpoch = currentEpoch(context);
  meta.lastView = at;
  // More at once is a halt of many, which is not the fault of the leaders of its views.
  if (at - from > MAX_COUNTED_VIEWS) return;
  const schedule = scheduleOf(state, context.config);
  const { entries } = state.staking.epochStakes.must(currentEpoch(context));
  for (let each = from; each <= at; each++) {
    const entry = entries[leaderOf(schedule, view(each))];
    if (entry !== undefined) countLeader(state, entry.validator, each < at ? 1 : 0);
  }
}

/** Once each `slotMs`: notes whose last vote is older than that, or far. O(validators) then, else O(1). */
export function countOracleVotes(
  state: StakingState,
  context: StakingContext,
  slotMs: number,
): void {
  if (context.timestamp < stakingMetaOf(state).nextOracleSampleAt) return;
  changedMeta(state).nextOracleSampleAt = timestampMs(context.timestamp + slotMs);
  const { entries } = state.staking.epochStakes.must(currentEpoch(context));
  for (const [position, { oracleKey }] of context.config.validators.entries()) {
    const entry = entries[position];
    const vote = state.oracleVotes.get(toHex(oracleKey));
    const isThere = vote !== undefined && vote.observedAt + slotMs >= context.timestamp;
    const isFar = endOracleSlot(state, oracleKey, currentEpoch(context), isThere);
    if (entry === undefined) continue;
    countOracle(state, entry.validator, isFar ? 'far' : isThere ? 'kept' : 'missed');
  }
}

/** The worse of the two missed shares, and the far share, in bps; 0 when there are too few slots. */
function judgedBps(row: Attendance, leastSlots: number): { missed: number; far: number } {
  const share = (slots: number, missed: number): number =>
    slots < leastSlots ? 0 : Math.floor((missed * Number(FULL_BPS)) / slots);
  const { leaderSlots, leaderMissed, oracleSlots, oracleMissed, oracleFar } = row;
  return {
    missed: Math.max(share(leaderSlots, leaderMissed), share(oracleSlots, oracleMissed)),
    far: share(oracleSlots, oracleFar),
  };
}

/** Judges attendance and far votes, and begins the counts anew: on the last block of an epoch. O(validators log validators). */
export function jailAbsent(state: StakingState, context: StakingContext): void {
  const { staking } = state;
  const { absenceSlots, maxMissedBps, maxFarBps, jailBrakeBps, downtimeJailMs } =
    stakingParametersOf(state);
  const { entries } = staking.epochStakes.must(currentEpoch(context));
  const absent: { entry: StakeEntry; missed: number }[] = [];
  for (const entry of entries) {
    const { missed, far } = judgedBps(staking.attendance.must(entry.validator), absenceSlots);
    if (missed > maxMissedBps || far > maxFarBps) {
      absent.push({ entry, missed: Math.max(missed, far) });
    }
  }
  beginCounts(state, entries, absenceSlots);
  const total = totalWeight(context.config);
  const weightAbsent = absent.reduce((sum, { entry }) => sum + entry.weight, 0n);
  if (weightAbsent * 3n > total) return;
  const addressOf = ({ entry }: { entry: StakeEntry }): Uint8Array =>
    staking.validators.must(entry.validator).operatorAddress;
  absent.sort((a, b) => b.missed - a.missed || compareBytes(addressOf(a), addressOf(b)));
  let jailed = 0n;
  let serving = entries.filter(
    ({ validator }) => !staking.validators.must(validator).jailed,
  ).length;
  for (const { entry } of absent) {
    const row = staking.validators.must(entry.validator);
    const isBraked = (jailed + entry.weight) * FULL_BPS > total * BigInt(jailBrakeBps);
    if (row.jailed || isBraked || serving <= MIN_VALIDATORS) continue;
    jailValidator(state, context, row, downtimeJailMs);
    jailed += entry.weight;
    serving -= 1;
  }
}

/** Counts of the epoch start anew; those of a verdict only once they sufficed for one. */
function beginCounts(
  { staking }: StakingState,
  entries: readonly StakeEntry[],
  leastSlots: number,
): void {
  for (const { validator } of entries) {
    const row = staking.attendance.must(validator);
    if (row.leaderSlots >= leastSlots) Object.assign(row, { leaderSlots: 0, leaderMissed: 0 });
    if (row.oracleSlots >= leastSlots) {
      Object.assign(row, { oracleSlots: 0, oracleMissed: 0, oracleFar: 0 });
    }
    Object.assign(row, { epochSlots: 0, epochMissed: 0 });
    staking.attendance.touch(validator);
  }
}
