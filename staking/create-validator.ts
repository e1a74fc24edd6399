/** `createValidator`: an account becomes the operator of a validator, with stake of its own in it. */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { fromHex, toHex } from '../runtime/core/bytes.ts';
import { assert, err, ok } from '../runtime/core/result.ts';
import { type AccountId, epoch, timestampMs } from '../runtime/core/units.ts';
import { type Refusal, refusal } from '../runtime/error.ts';
import { balanceOf } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { MAX_ADDRESS_BYTES, MAX_VALIDATOR_ADDRESSES } from '../runtime/limits.ts';
import type { CreateValidator } from './actions.ts';
import {
  moveMil,
  purse,
  type StakingContext,
  type StakingOutcome,
  stakingTime,
} from './context.ts';
import { STAKING_EVENT, STAKING_RESULT, VALIDATOR_CHANGE } from './events.ts';
import { MICRO } from './fraction.ts';
import { type ValidatorId, validatorId } from './ids.ts';
import { join } from './join.ts';
import { MAX_MONIKER_BYTES } from './limits.ts';
import { emptyPool } from './pools.ts';
import { zeroAmounts } from './rewards.ts';
import { minSelfBond } from './self-bond.ts';
import { changedMeta, type StakingState, stakingMetaOf } from './tables.ts';
import { KEY_ROLE, type KeyRole, type KeyUse, type Validator } from './validator.ts';

/** Largest number of validators ever. */
const MAX_VALIDATOR_ID = 2 ** 20 - 1;

/** Whether name and addresses fit. */
export function detailsRefusal(
  moniker: Uint8Array,
  addresses: readonly Uint8Array[],
): Refusal | undefined {
  const fits =
    moniker.length <= MAX_MONIKER_BYTES &&
    addresses.length <= MAX_VALIDATOR_ADDRESSES &&
    addresses.every(({ length }) => length > 0 && length <= MAX_ADDRESS_BYTES);
  return fits ? undefined : refusal('bad_validator');
}

/** A validator row without a past. */
export function newValidator(
  place: { readonly id: ValidatorId; readonly operator: AccountId; readonly address: Uint8Array },
  of: Omit<CreateValidator, 'consensus' | 'oracle' | 'peer' | 'selfBond'> & {
    readonly consensusKey: Uint8Array;
    readonly oracleKey: Uint8Array;
    readonly peerKey: Uint8Array;
  },
): Validator {
  return {
    id: place.id,
    operator: place.operator,
    operatorAddress: place.address,
    moniker: of.moniker,
    addresses: of.addresses,
    consensusKey: of.consensusKey,
    oracleKey: of.oracleKey,
    peerKey: of.peerKey,
    pendingKeys: [],
    rotatedAt: timestampMs(0),
    commissionBps: of.commissionBps,
    maxCommissionBps: of.maxCommissionBps,
    maxCommissionStepBps: of.maxCommissionStepBps,
    commissionChangedAt: timestampMs(0),
    pendingCommission: [],
    jailed: false,
    jailedInEpoch: epoch(0),
    jailedUntil: timestampMs(0),
    tombstoned: false,
    exited: false,
    commission: zeroAmounts(),
  };
}

/** Writes a new validator: its row, its keys, an empty pool. */
export function addValidator(state: StakingState, row: Validator): void {
  const { staking } = state;
  staking.validators.set(row.id, row);
  staking.operators.set(row.operator, { validator: row.id });
  staking.pools.set(row.id, emptyPool());
  staking.attendance.set(row.id, {
    leaderSlots: 0,
    leaderMissed: 0,
    oracleSlots: 0,
    oracleMissed: 0,
    oracleFar: 0,
    epochSlots: 0,
    epochMissed: 0,
  });
  const own = (role: KeyRole): KeyUse => ({ validator: row.id, role, revoked: false });
  const { validatorKeys } = staking;
  validatorKeys.set(toHex(row.consensusKey), own(KEY_ROLE.consensus));
  validatorKeys.set(toHex(row.oracleKey), own(KEY_ROLE.oracle));
  validatorKeys.set(toHex(row.peerKey), own(KEY_ROLE.peer));
}

/**
 * Errors in order: already_operator, too_many_validators, bad_validator, key_in_use (also when two of
 * the three are one), bad_commission, self_bond, insufficient_mil. The proofs were checked at the
 * vote (`creationChecks`). O(1).
 */
export function createValidator(
  state: StakingState,
  context: StakingContext,
  account: AccountId,
  action: CreateValidator,
): StakingOutcome {
  const { staking } = state;
  if (staking.operators.has(account)) return err(refusal('already_operator'));
  const id = stakingMetaOf(state).nextValidator;
  if (id > MAX_VALIDATOR_ID - 1) return err(refusal('too_many_validators', { given: id }));
  const bad = detailsRefusal(action.moniker, action.addresses);
  if (bad !== undefined) return err(bad);
  const keys = [action.consensus, action.oracle, action.peer].map(({ key }) => toHex(key));
  if (new Set(keys).size < keys.length || keys.some((key) => staking.validatorKeys.has(key))) {
    return err(refusal('key_in_use'));
  }
  const { commissionBps, maxCommissionBps, maxCommissionStepBps, selfBond } = action;
  const limit = Math.min(maxCommissionBps, 10_000);
  if (commissionBps > limit || maxCommissionBps > 10_000 || maxCommissionStepBps > limit) {
    return err(refusal('bad_commission', { given: commissionBps, allowed: limit }));
  }
  const least = minSelfBond(state, stakingTime(state, context)) * MICRO;
  if (selfBond < least) return err(refusal('self_bond', { given: selfBond, allowed: least }));
  const balance = balanceOf(state, purse(account), DENOMINATION.mil);
  if (selfBond > balance) {
    return err(refusal('insufficient_mil', { given: selfBond, allowed: balance }));
  }
  const address = fromHex(state.derived.accounts.addressById.get(account) ?? '');
  assert(address?.length === 20, 'an account that acts has an address');

  // From here it must succeed.
  changedMeta(state).nextValidator = validatorId(id + 1);
  addValidator(
    state,
    newValidator(
      { id, operator: account, address },
      {
        ...action,
        consensusKey: action.consensus.key,
        oracleKey: action.oracle.key,
        peerKey: action.peer.key,
      },
    ),
  );
  moveMil(state, purse(account), MODULE.bonded, selfBond);
  join(state, context, { account, validator: id, amount: selfBond });
  const value = { validator: id, change: VALIDATOR_CHANGE.created };
  context.events.push({ selector: STAKING_EVENT.validatorChanged, value });
  return ok({ selector: STAKING_RESULT.validator, value: { validator: id } });
}
