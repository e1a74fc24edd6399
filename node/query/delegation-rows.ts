/**
 * Delegations of an account, as `answer-query.ts` reports them: brought up to date as its next action
 * would, on a shadow of the state, so that rewards, joins and liens are those of now to the micro-unit.
 */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { mulDivFloor } from '../../runtime/core/math.ts';
import { address, type Epoch, epoch, timestampMs } from '../../runtime/core/units.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { payoutPortfolio, purse, type StakingContext } from '../../staking/context.ts';
import {
  type Delegation,
  JOIN,
  type Join,
  lienShares,
  type Unbonding,
} from '../../staking/delegation.ts';
import {
  delegationKey,
  NO_VALIDATOR,
  type ValidatorId,
  validatorEpochKey,
} from '../../staking/ids.ts';
import { STAGE } from '../../staking/pools.ts';
import { zeroAmounts } from '../../staking/rewards.ts';
import { settle } from '../../staking/settle.ts';
import { stakingMetaOf, stakingParametersOf } from '../../staking/tables.ts';
import { shadowStore } from './shadow-store.ts';
import type { DelegationRow, DelegationsAnswer, JoinRow, UnbondingRow } from './staking-format.ts';

/** A state that takes what settling writes and leaves `state` as it is. */
function shadowOf(state: State): State {
  const { staking } = state;
  return {
    ...state,
    balances: shadowStore(state.balances),
    supply: shadowStore(state.supply),
    staking: {
      ...staking,
      pools: shadowStore(staking.pools),
      delegations: shadowStore(staking.delegations),
      joinPools: shadowStore(staking.joinPools),
      exitPools: shadowStore(staking.exitPools),
    },
  };
}

/** Micro-MIL that shares of a validator's active pool are worth, rounded down. */
function worth({ staking }: State, id: ValidatorId, shares: bigint): bigint {
  const pool = staking.pools.must(id);
  return pool.shares === 0n ? 0n : mulDivFloor(shares, pool.tokens, pool.shares);
}

function joinRow(state: State, { kind, fromEpoch, source, amount }: Join): JoinRow {
  // A move counts shares of its source.
  const mil = kind === JOIN.moved ? worth(state, source, amount) : amount;
  return { kind, fromEpoch, source, amount: mil };
}

function unbondingRow(
  state: State,
  id: ValidatorId,
  { lastEpoch, shares }: Unbonding,
): UnbondingRow {
  const exit = state.staking.exitPools.must(validatorEpochKey.pack(id, lastEpoch));
  const place = { lastEpoch, stage: exit.stage, shares };
  const { pausedMs } = stakingMetaOf(state);
  if (exit.stage === STAGE.pending) {
    const { unbondingMs, unbondingEpochs } = stakingParametersOf(state);
    const leavesAt = state.epochConfigs.get(lastEpoch)?.endsAt ?? metaOf(state).timestamp;
    return {
      ...place,
      amount: worth(state, id, shares),
      maturesAt: timestampMs(leavesAt + unbondingMs),
      maturesInEpoch: epoch(lastEpoch + unbondingEpochs),
    };
  }
  return {
    ...place,
    amount: exit.shares === 0n ? 0n : mulDivFloor(shares, exit.base - exit.burned, exit.shares),
    maturesAt: timestampMs(exit.maturesAt + pausedMs),
    maturesInEpoch: exit.maturesInEpoch,
  };
}

const byEpoch = (a: { readonly lastEpoch: Epoch }, b: { readonly lastEpoch: Epoch }): number =>
  a.lastEpoch - b.lastEpoch;

function delegationRow(state: State, id: ValidatorId, row: Delegation): DelegationRow {
  return {
    validator: id,
    shares: row.shares,
    value: worth(state, id, row.shares),
    compounds: row.compounds,
    accrued: row.accrued,
    joins: row.joins.map((join) => joinRow(state, join)),
    unbondings: row.unbondings.map((entry) => unbondingRow(state, id, entry)).sort(byEpoch),
    liens: row.liens.map((lien) => ({
      source: lien.source,
      lastEpoch: lien.lastEpoch,
      shares: lienShares(lien),
    })),
  };
}

/** What an account has staked and earned. Cost: O(validators) look-ups, and settling what it has. */
export function delegationRows(state: State, raw: Uint8Array): DelegationsAnswer {
  const { height, timestamp, epoch: now } = metaOf(state);
  const account = state.accounts.get(address(toHex(raw)))?.id;
  const none = { operates: NO_VALIDATOR, commission: zeroAmounts() };
  if (account === undefined) {
    const nothing = { balance: 0n, withdrawAddress: [], returned: 0n, rows: [] };
    return { height, timestamp, epoch: now, ...nothing, ...none };
  }
  const shadow = shadowOf(state);
  const { delegations, validators, operators, withdrawTo } = shadow.staking;
  const context: StakingContext = {
    timestamp,
    config: state.epochConfigs.must(now),
    events: [],
  };
  const ids = validators.sortedKeys();
  for (const id of ids) settle(shadow, context, account, id);
  const payout = payoutPortfolio(state, account);
  const milOf = (of: State): bigint => balanceOf(of, payout, DENOMINATION.mil);
  const receiver = withdrawTo.get(account)?.account;
  const to = fromHex(
    (receiver !== undefined && state.derived.accounts.addressById.get(receiver)) || '',
  );
  const operates = operators.get(account)?.validator;
  return {
    height,
    timestamp,
    epoch: now,
    balance: balanceOf(state, purse(account), DENOMINATION.mil),
    withdrawAddress: to?.length === 20 ? [to] : [],
    returned: milOf(shadow) - milOf(state),
    ...(operates === undefined
      ? none
      : { operates, commission: validators.must(operates).commission }),
    rows: ids.flatMap((id) => {
      const row = delegations.get(delegationKey.pack(account, id));
      return row === undefined ? [] : [delegationRow(shadow, id, row)];
    }),
  };
}
