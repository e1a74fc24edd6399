/**
 * The actions of staking from human units: MIL as decimals, rates in percent, validators by number.
 * Nothing is rounded; an error names the field, what was given and what is allowed.
 */
import { VoteCodec } from '../../consensus/messages.ts';
import type { Action } from '../../runtime/action.ts';
import { asciiBytes, fromHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { type Epoch, epoch } from '../../runtime/core/units.ts';
import { MAX_ADDRESS_BYTES, MAX_VALIDATOR_ADDRESSES } from '../../runtime/limits.ts';
import { EVIDENCE_ORIGIN, STAKING_ACTION, STANDING_CHANGE } from '../../staking/actions.ts';
import { type ValidatorId, validatorId } from '../../staking/ids.ts';
import { MAX_MONIKER_BYTES } from '../../staking/limits.ts';
import type { ProvenKey } from '../../staking/possession.ts';
import { KEY_ROLE } from '../../staking/validator.ts';
import { formatDecimal, type InputError, inputError, parseDecimal, parseMoney } from './amounts.ts';
import { addressOfText, checkedInteger } from './input-fields.ts';

/** Keys of a validator by what they sign. */
export type KeyRoleName = keyof typeof KEY_ROLE;

/** Name and multiaddrs, as others see them. */
type DetailsInput = { readonly moniker: string; readonly addresses: readonly string[] };

/** Amounts in MIL; without one, all that is active. Rates in percent, at most two decimals. */
export type StakingActionInput =
  | { readonly type: 'delegate'; readonly validator: number; readonly amount: string }
  | { readonly type: 'undelegate'; readonly validator: number; readonly amount?: string }
  | { readonly type: 'cancelUnbonding'; readonly validator: number; readonly lastEpoch: number }
  | {
      readonly type: 'redelegate';
      readonly validator: number;
      readonly to: number;
      readonly amount?: string;
    }
  | { readonly type: 'claimRewards'; readonly validator: number }
  | { readonly type: 'withdrawUnbonded'; readonly validator: number }
  | { readonly type: 'setWithdrawAddress'; readonly address: string }
  | { readonly type: 'setCompounding'; readonly validator: number; readonly allowed: boolean }
  | {
      readonly type: 'compound' | 'pokeDelegation';
      readonly validator: number;
      readonly delegator: string;
    }
  | (DetailsInput & {
      readonly type: 'createValidator';
      readonly keys: Readonly<Record<KeyRoleName, ProvenKey>>;
      readonly commission: string;
      readonly maxCommission: string;
      readonly maxCommissionStep: string;
      readonly selfBond: string;
    })
  | (DetailsInput & { readonly type: 'editValidator' })
  | { readonly type: 'changeCommission'; readonly commission: string }
  | { readonly type: 'rotateKey'; readonly role: KeyRoleName; readonly key: ProvenKey }
  | { readonly type: 'changeStanding'; readonly change: keyof typeof STANDING_CHANGE }
  /** The two votes as hex of their SSZ, and the key that signed them. */
  | {
      readonly type: 'submitEvidence';
      readonly origin: keyof typeof EVIDENCE_ORIGIN;
      readonly publicKey: string;
      readonly first: string;
      readonly second: string;
    };

const MAX_VALIDATOR_NUMBER = 2 ** 20 - 1;
const PERCENT_DECIMALS = 2;
const FULL_BPS = 10_000n;

/** Percent to basis points, 0 to 100. */
function bpsOf(field: string, percent: string): Result<number, InputError> {
  const bps = parseDecimal(field, percent, PERCENT_DECIMALS);
  if (!bps.ok) return bps;
  return bps.value >= 0n && bps.value <= FULL_BPS
    ? ok(Number(bps.value))
    : inputError(field, percent, '0 to 100 percent');
}

/** Basis points as percent. */
export function percentOfBps(bps: number | bigint): string {
  return formatDecimal(BigInt(bps), PERCENT_DECIMALS);
}

function validatorOf(field: string, given: number): Result<ValidatorId, InputError> {
  const number = checkedInteger(field, given, 1, MAX_VALIDATOR_NUMBER);
  return number.ok ? ok(validatorId(number.value)) : number;
}

/** Micro-MIL, or 0 for all. */
function amountOrAll(amount: string | undefined): Result<bigint, InputError> {
  return amount === undefined ? ok(0n) : parseMoney('amount', amount);
}

/** Visible ASCII: what a terminal prints as it is. */
const VISIBLE = /^[\x20-\x7e]*$/;

function detailsOf({
  moniker,
  addresses,
}: DetailsInput): Result<{ moniker: Uint8Array; addresses: Uint8Array[] }, InputError> {
  if (!VISIBLE.test(moniker) || moniker.length > MAX_MONIKER_BYTES) {
    return inputError('moniker', moniker, `at most ${MAX_MONIKER_BYTES} characters of ASCII`);
  }
  if (addresses.length > MAX_VALIDATOR_ADDRESSES) {
    return inputError('addresses', `${addresses.length}`, `at most ${MAX_VALIDATOR_ADDRESSES}`);
  }
  const bad = addresses.find(
    (one) => !/^\/[\x21-\x7e]+$/.test(one) || one.length > MAX_ADDRESS_BYTES,
  );
  if (bad !== undefined) {
    return inputError('addresses', bad, 'multiaddrs such as /ip4/203.0.113.7/tcp/26656');
  }
  return ok({ moniker: asciiBytes(moniker), addresses: addresses.map(asciiBytes) });
}

function buildCreation(
  input: Extract<StakingActionInput, { type: 'createValidator' }>,
): Result<Action, InputError> {
  const details = detailsOf(input);
  if (!details.ok) return details;
  const commission = bpsOf('commission', input.commission);
  if (!commission.ok) return commission;
  const most = bpsOf('maxCommission', input.maxCommission);
  if (!most.ok) return most;
  if (commission.value > most.value) {
    return inputError('commission', input.commission, `at most ${input.maxCommission} percent`);
  }
  const step = bpsOf('maxCommissionStep', input.maxCommissionStep);
  if (!step.ok) return step;
  if (step.value > most.value) {
    const allowed = `at most ${input.maxCommission} percent`;
    return inputError('maxCommissionStep', input.maxCommissionStep, allowed);
  }
  const selfBond = parseMoney('selfBond', input.selfBond);
  if (!selfBond.ok) return selfBond;
  return ok({
    selector: STAKING_ACTION.createValidator,
    value: {
      ...input.keys,
      ...details.value,
      commissionBps: commission.value,
      maxCommissionBps: most.value,
      maxCommissionStepBps: step.value,
      selfBond: selfBond.value,
    },
  });
}

function buildEvidence(
  input: Extract<StakingActionInput, { type: 'submitEvidence' }>,
): Result<Action, InputError> {
  const publicKey = fromHex(input.publicKey);
  if (publicKey?.length !== 32) {
    return inputError('publicKey', input.publicKey, '64 hex characters');
  }
  const first = VoteCodec.decode(fromHex(input.first) ?? new Uint8Array(0));
  if (!first.ok) return inputError('first', input.first.slice(0, 40), 'a vote as hex of its SSZ');
  const second = VoteCodec.decode(fromHex(input.second) ?? new Uint8Array(0));
  if (!second.ok) {
    return inputError('second', input.second.slice(0, 40), 'a vote as hex of its SSZ');
  }
  const value = {
    origin: EVIDENCE_ORIGIN[input.origin],
    publicKey,
    first: first.value,
    second: second.value,
  };
  return ok({ selector: STAKING_ACTION.submitEvidence, value });
}

/** Acts of an operator on its own validator. */
type OperatorInput = Extract<
  StakingActionInput,
  {
    type:
      | 'createValidator'
      | 'editValidator'
      | 'changeCommission'
      | 'rotateKey'
      | 'changeStanding'
      | 'submitEvidence';
  }
>;

function buildOperatorAction(input: OperatorInput): Result<Action, InputError> {
  switch (input.type) {
    case 'createValidator':
      return buildCreation(input);
    case 'editValidator': {
      const details = detailsOf(input);
      if (!details.ok) return details;
      return ok({ selector: STAKING_ACTION.editValidator, value: details.value });
    }
    case 'changeCommission': {
      const commission = bpsOf('commission', input.commission);
      if (!commission.ok) return commission;
      const value = { commissionBps: commission.value };
      return ok({ selector: STAKING_ACTION.changeCommission, value });
    }
    case 'rotateKey': {
      const value = { role: KEY_ROLE[input.role], key: input.key };
      return ok({ selector: STAKING_ACTION.rotateKey, value });
    }
    case 'changeStanding': {
      const value = { change: STANDING_CHANGE[input.change] };
      return ok({ selector: STAKING_ACTION.changeStanding, value });
    }
    case 'submitEvidence':
      return buildEvidence(input);
  }
}

function buildDelegatorAction(
  input: Exclude<StakingActionInput, OperatorInput | { type: 'setWithdrawAddress' }>,
): Result<Action, InputError> {
  const found = validatorOf('validator', input.validator);
  if (!found.ok) return found;
  const validator = found.value;
  switch (input.type) {
    case 'delegate': {
      const amount = parseMoney('amount', input.amount);
      if (!amount.ok) return amount;
      return ok({ selector: STAKING_ACTION.delegate, value: { validator, amount: amount.value } });
    }
    case 'undelegate': {
      const amount = amountOrAll(input.amount);
      if (!amount.ok) return amount;
      const value = { validator, amount: amount.value };
      return ok({ selector: STAKING_ACTION.undelegate, value });
    }
    case 'cancelUnbonding': {
      const last = checkedInteger('lastEpoch', input.lastEpoch, 0);
      if (!last.ok) return last;
      const lastEpoch: Epoch = epoch(last.value);
      return ok({ selector: STAKING_ACTION.cancelUnbonding, value: { validator, lastEpoch } });
    }
    case 'redelegate': {
      const to = validatorOf('to', input.to);
      if (!to.ok) return to;
      const amount = amountOrAll(input.amount);
      if (!amount.ok) return amount;
      const value = { from: validator, to: to.value, amount: amount.value };
      return ok({ selector: STAKING_ACTION.redelegate, value });
    }
    case 'claimRewards':
      return ok({ selector: STAKING_ACTION.claimRewards, value: { validator } });
    case 'withdrawUnbonded':
      return ok({ selector: STAKING_ACTION.withdrawUnbonded, value: { validator } });
    case 'setCompounding': {
      const value = { validator, allowed: input.allowed };
      return ok({ selector: STAKING_ACTION.setCompounding, value });
    }
    case 'compound':
    case 'pokeDelegation': {
      const delegator = addressOfText('delegator', input.delegator);
      if (!delegator.ok) return delegator;
      const value = { delegator: delegator.value, validator };
      return ok({ selector: STAKING_ACTION[input.type], value });
    }
  }
}

/** One action of staking, checked. The first error found, in the order of the fields. */
export function buildStakingAction(input: StakingActionInput): Result<Action, InputError> {
  switch (input.type) {
    case 'createValidator':
    case 'editValidator':
    case 'changeCommission':
    case 'rotateKey':
    case 'changeStanding':
    case 'submitEvidence':
      return buildOperatorAction(input);
    case 'setWithdrawAddress': {
      const address = addressOfText('address', input.address);
      if (!address.ok) return address;
      return ok({ selector: STAKING_ACTION.setWithdrawAddress, value: { address: address.value } });
    }
    default:
      return buildDelegatorAction(input);
  }
}
