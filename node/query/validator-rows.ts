/** Validators with their stake, weight, attendance and faults, as `answer-query.ts` reports them. */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { mulDivCeil, mulDivFloor } from '../../runtime/core/math.ts';
import {
  type Epoch,
  epoch,
  type TimestampMs,
  timestampMs,
  weight,
} from '../../runtime/core/units.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { effort } from '../../staking/distribute-rewards.ts';
import type { StakeEntry } from '../../staking/epoch-stake.ts';
import { NO_VALIDATOR, type ValidatorId, validatorEpochKey } from '../../staking/ids.ts';
import { STAGE } from '../../staking/pools.ts';
import { minSelfBond, stakeOf } from '../../staking/self-bond.ts';
import { stakingMetaOf, stakingParametersOf } from '../../staking/tables.ts';
import { MAX_STAKING_ROWS, type ValidatorRow, type ValidatorsAnswer } from './staking-format.ts';

/** Micro-MIL on their way into and out of each pool, at the ends of this epoch and the next. */
type Flow = { joining: bigint; leaving: bigint };

/** A pass over the validators and their bulk rows of two epochs; no delegation is looked at. */
function flowsOf({ staking }: State, ids: readonly ValidatorId[], now: Epoch): Map<number, Flow> {
  const flows = new Map<number, Flow>();
  const flowOf = (id: ValidatorId): Flow => {
    const flow = flows.get(id) ?? { joining: 0n, leaving: 0n };
    flows.set(id, flow);
    return flow;
  };
  for (const id of ids) {
    const { tokens, shares } = staking.pools.must(id);
    for (const at of [now, now + 1]) {
      const joins = staking.joinPools.get(validatorEpochKey.pack(id, at + 1));
      if (joins?.stage === STAGE.pending) flowOf(id).joining += joins.tokens;
      const exit = staking.exitPools.get(validatorEpochKey.pack(id, at));
      if (exit?.stage !== STAGE.pending || shares === 0n) continue;
      let leaving = exit.shares;
      for (const move of exit.moves) {
        leaving += move.shares;
        flowOf(move.to).joining += mulDivFloor(move.shares, tokens, shares);
      }
      flowOf(id).leaving += mulDivCeil(leaving, tokens, shares);
    }
  }
  return flows;
}

type Entries = ReadonlyMap<ValidatorId, StakeEntry>;

function entriesOf({ staking }: State, of: Epoch): Entries {
  const entries = staking.epochStakes.get(of)?.entries ?? [];
  return new Map(entries.map((entry) => [entry.validator, entry]));
}

function rowOf(
  state: State,
  id: ValidatorId,
  of: { readonly now: Entries; readonly next: Entries; readonly flows: ReadonlyMap<number, Flow> },
): ValidatorRow {
  const { staking } = state;
  const validator = staking.validators.must(id);
  const { tokens, shares, burned } = staking.pools.must(id);
  const entry = of.now.get(id);
  const { joining, leaving } = of.flows.get(id) ?? { joining: 0n, leaving: 0n };
  return {
    validator,
    tokens,
    shares,
    burned,
    joining,
    leaving,
    selfStake: stakeOf(state, validator.operator, id),
    weight: entry?.weight ?? weight(0n),
    nextWeight: of.next.get(id)?.weight ?? weight(0n),
    effort: entry === undefined ? 0n : effort(state, entry),
    attendance: staking.attendance.must(id),
    faults: staking.faults.get(id) ?? { entries: [] },
  };
}

/** When the epoch began, in wall time; pauses of the epoch itself are taken for earlier ones. */
function startOf(state: State, now: Epoch): TimestampMs {
  const { genesisTime, pausedMs } = stakingMetaOf(state);
  const ended = now === 0 ? 0 : (state.staking.epochStakes.get(epoch(now - 1))?.endedAt ?? 0);
  return ended === 0 ? genesisTime : timestampMs(ended + pausedMs);
}

/**
 * All validators, or the one asked for, none when it is not there; and the sums that they are parts
 * of. Cost: O(validators log validators).
 */
export function validatorRows(state: State, validator: ValidatorId): ValidatorsAnswer {
  const { height, timestamp, epoch: now } = metaOf(state);
  const { staking } = state;
  const meta = stakingMetaOf(state);
  const ids = staking.validators.sortedKeys();
  const wanted =
    validator === NO_VALIDATOR
      ? ids.slice(0, MAX_STAKING_ROWS)
      : ids.filter((id) => id === validator);
  const entries = entriesOf(state, now);
  const of = {
    now: entries,
    next: entriesOf(state, epoch(now + 1)),
    flows: flowsOf(state, ids, now),
  };
  const list = [...entries.values()];
  const held = (account: (typeof MODULE)[keyof typeof MODULE], of: 'usd' | 'mil'): bigint =>
    balanceOf(state, account, DENOMINATION[of]);
  return {
    height,
    timestamp,
    epoch: now,
    epochStartedAt: startOf(state, now),
    epochEndsAt: state.epochConfigs.must(now).endsAt,
    pausedMs: meta.pausedMs,
    parameters: stakingParametersOf(state),
    minSelfBondMil: Number(minSelfBond(state, timestampMs(timestamp - meta.pausedMs))),
    totalWeight: list.reduce((sum, entry) => sum + entry.weight, 0n),
    effort: list.reduce((sum, entry) => sum + effort(state, entry), 0n),
    annualIssuance: meta.annualIssuance,
    bonded: held(MODULE.bonded, 'mil'),
    unbonding: held(MODULE.unbonding, 'mil'),
    rewards: { usd: held(MODULE.rewards, 'usd'), mil: held(MODULE.rewards, 'mil') },
    owed: meta.outstanding,
    supply: state.supply.get(DENOMINATION.mil)?.amount ?? 0n,
    total: staking.validators.size,
    rows: wanted.map((id) => rowOf(state, id, of)),
  };
}
