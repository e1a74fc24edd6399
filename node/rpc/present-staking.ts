/** Validators and delegations as the interface shows them. */
import { toHex } from '../../runtime/core/bytes.ts';
import { JOIN, type JoinKind } from '../../staking/delegation.ts';
import { PHI_ONE } from '../../staking/fraction.ts';
import { STAGE } from '../../staking/pools.ts';
import type { PerDenomination } from '../../staking/rewards.ts';
import { type Attendance, KEY_ROLE, type KeyRole } from '../../staking/validator.ts';
import type {
  DelegationRow,
  DelegationsAnswer,
  UnbondingRow,
  ValidatorRow,
  ValidatorsAnswer,
} from '../query/staking-format.ts';
import { addressText } from './lookup.ts';
import { moneyText } from './present-money.ts';
import type {
  Amounts,
  AttendanceInfo,
  DelegationInfo,
  DelegationsInfo,
  JoinInfo,
  StakedValidatorInfo,
  UnbondingInfo,
  ValidatorStatus,
} from './schemas/staking.ts';
import { expectationOf } from './staking-yield.ts';

export function amountsText({ usd, mil }: PerDenomination): Amounts {
  return { usd: moneyText(usd), mil: moneyText(mil) };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const ROLES: { readonly [role in KeyRole]: 'consensus' | 'oracle' | 'peer' } = {
  [KEY_ROLE.consensus]: 'consensus',
  [KEY_ROLE.oracle]: 'oracle',
  [KEY_ROLE.peer]: 'peer',
};

function statusOf({ validator, weight, nextWeight }: ValidatorRow): ValidatorStatus {
  const { tombstoned, jailed, exited } = validator;
  if (tombstoned) return 'tombstoned';
  if (jailed) return 'jailed';
  if (exited) return weight > 0n || nextWeight > 0n ? 'leaving' : 'exited';
  return weight > 0n ? 'active' : 'waiting';
}

function attendanceInfo(row: Attendance): AttendanceInfo {
  const { leaderSlots, leaderMissed, oracleSlots, oracleMissed, oracleFar } = row;
  const slots = leaderSlots + oracleSlots;
  return {
    leader_slots: leaderSlots,
    leader_missed: leaderMissed,
    oracle_slots: oracleSlots,
    oracle_missed: oracleMissed,
    oracle_far: oracleFar,
    epoch_slots: row.epochSlots,
    epoch_missed: row.epochMissed,
    attended: slots === 0 ? null : 1 - (leaderMissed + oracleMissed) / slots,
  };
}

/** A validator with what it costs, how it does and what it may yield. */
export function stakedValidatorInfo(
  answer: ValidatorsAnswer,
  row: ValidatorRow,
): StakedValidatorInfo {
  const { validator } = row;
  const [pending] = validator.pendingCommission;
  const expected = expectationOf(answer, row);
  const others = row.tokens + row.joining - row.selfStake;
  return {
    validator_id: validator.id,
    operator: addressText(validator.operatorAddress),
    moniker: text(validator.moniker),
    status: statusOf(row),
    consensus_key: toHex(validator.consensusKey),
    oracle_key: toHex(validator.oracleKey),
    peer_key: toHex(validator.peerKey),
    pending_keys: validator.pendingKeys.map(({ role, key, fromEpoch }) => ({
      role: ROLES[role],
      key: toHex(key),
      from_epoch: fromEpoch,
    })),
    addresses: validator.addresses.map(text),
    commission_bps: validator.commissionBps,
    max_commission_bps: validator.maxCommissionBps,
    max_commission_step_bps: validator.maxCommissionStepBps,
    pending_commission:
      pending === undefined
        ? null
        : { commission_bps: pending.bps, at: pending.at + answer.pausedMs },
    stake: moneyText(row.tokens),
    self_stake: moneyText(row.selfStake),
    // Own stake is rounded down and liens are not taken off it.
    delegated_stake: moneyText(others > 0n ? others : 0n),
    joining: moneyText(row.joining),
    leaving: moneyText(row.leaving),
    shares: row.shares.toString(),
    weight: row.weight.toString(),
    next_weight: row.nextWeight.toString(),
    voting_power: answer.totalWeight === 0n ? 0 : Number(row.weight) / Number(answer.totalWeight),
    attendance: attendanceInfo(row.attendance),
    slashed: moneyText(row.burned),
    faults: row.faults.entries.map(({ epoch, stake, phi }) => ({
      epoch,
      stake: moneyText(stake),
      share: Number(phi) / Number(PHI_ONE),
    })),
    jailed_until: validator.jailed ? validator.jailedUntil + answer.pausedMs : null,
    unclaimed_commission: amountsText(validator.commission),
    expected_yield: expected.yield,
    expected_fees: expected.fees,
  };
}

const JOIN_NAMES: { readonly [kind in JoinKind]: JoinInfo['kind'] } = {
  [JOIN.fresh]: 'fresh',
  [JOIN.reentered]: 'reentered',
  [JOIN.moved]: 'redelegated',
};

function unbondingInfo(answer: DelegationsAnswer, row: UnbondingRow): UnbondingInfo {
  const { stage, maturesAt, maturesInEpoch } = row;
  const isOver = answer.timestamp >= maturesAt && answer.epoch >= maturesInEpoch;
  return {
    last_epoch: row.lastEpoch,
    stage: stage === STAGE.pending ? 'leaving' : isOver ? 'matured' : 'unbonding',
    shares: row.shares.toString(),
    amount: moneyText(row.amount),
    matures_at: maturesAt,
    matures_in_epoch: maturesInEpoch,
  };
}

function delegationInfo(answer: DelegationsAnswer, row: DelegationRow): DelegationInfo {
  return {
    validator_id: row.validator,
    shares: row.shares.toString(),
    value: moneyText(row.value),
    rewards: amountsText(row.accrued),
    compounding: row.compounds,
    joins: row.joins.map(({ kind, amount, fromEpoch, source }) => ({
      kind: JOIN_NAMES[kind],
      amount: moneyText(amount),
      from_epoch: fromEpoch,
      source: source === 0 ? null : source,
    })),
    unbondings: row.unbondings.map((entry) => unbondingInfo(answer, entry)),
    liens: row.liens.map(({ source, lastEpoch, shares }) => ({
      source,
      last_epoch: lastEpoch,
      shares: shares.toString(),
    })),
  };
}

/** What an account has staked. `account`: its address text. */
export function delegationsInfo(answer: DelegationsAnswer, account: string): DelegationsInfo {
  const { rows } = answer;
  const [receiver] = answer.withdrawAddress;
  const sum = (of: (row: DelegationRow) => bigint): bigint =>
    rows.reduce((total, row) => total + of(row), 0n);
  return {
    height: answer.height,
    epoch: answer.epoch,
    account,
    available: moneyText(answer.balance),
    withdraw_address: receiver === undefined ? account : addressText(receiver),
    returned: moneyText(answer.returned),
    staked: moneyText(sum(({ value }) => value)),
    rewards: amountsText({
      usd: sum(({ accrued }) => accrued.usd),
      mil: sum(({ accrued }) => accrued.mil),
    }),
    operates: answer.operates === 0 ? null : answer.operates,
    commission: amountsText(answer.commission),
    delegations: rows.map((row) => delegationInfo(answer, row)),
  };
}
