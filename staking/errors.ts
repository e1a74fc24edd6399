/**
 * Why an act of staking was refused. Wire numbers 600 to 699, append-only; in order of precedence
 * within each group.
 */
import type { ErrorEntry } from '../runtime/error.ts';

export const STAKING_ERRORS = {
  // Validators.
  unknown_validator: { number: 600, field: 'validator', text: 'no such validator' },
  not_operator: { number: 601, field: 'account', text: 'the account operates no validator' },
  already_operator: {
    number: 602,
    field: 'account',
    text: 'an account has one validator, for ever',
  },
  key_in_use: { number: 603, field: 'key', text: 'a key serves once, for one validator, for ever' },
  bad_key_role: { number: 604, field: 'role', text: 'must be 0 (consensus), 1 (oracle), 2 (peer)' },
  rotated_lately: { number: 605, field: 'role', text: 'one consensus key an evidence window' },
  key_pending: { number: 606, field: 'role', text: 'a key of this role waits for its epoch' },
  bad_commission: { number: 607, field: 'commissionBps', text: 'above the maximum' },
  commission_step: { number: 608, field: 'commissionBps', text: 'rises by more than a day allows' },
  commission_changed: { number: 609, field: 'commissionBps', text: 'changed less than a day ago' },
  self_bond: { number: 610, field: 'amount', text: 'below the least self-bond' },
  tombstoned: {
    number: 611,
    field: 'validator',
    text: 'guilty of a double signature: for ever out',
  },
  exited: { number: 612, field: 'validator', text: 'the validator has left for ever' },
  not_jailed: { number: 613, field: 'validator', text: 'is not jailed' },
  still_jailed: { number: 614, field: 'validator', text: 'the time is not served' },
  still_weighs: { number: 615, field: 'validator', text: 'still weighs in this epoch' },
  too_many_validators: { number: 616, field: 'account', text: 'no number is left' },
  already_jailed: { number: 617, field: 'validator', text: 'is jailed already' },
  bad_validator: { number: 618, field: 'addresses', text: 'name or addresses out of bounds' },

  // Delegations.
  unknown_delegation: { number: 630, field: 'validator', text: 'nothing is delegated to it' },
  pool_closed: { number: 631, field: 'validator', text: 'its pool takes no stake any more' },
  below_minimum: { number: 632, field: 'amount', text: 'below the least delegation' },
  insufficient_stake: { number: 633, field: 'amount', text: 'exceeds what is active' },
  insufficient_mil: { number: 634, field: 'amount', text: 'exceeds the balance' },
  same_validator: { number: 635, field: 'to', text: 'source and destination are the same' },
  lien_lives: { number: 636, field: 'validator', text: 'came by redelegation: no onward hop yet' },
  too_many_liens: { number: 637, field: 'validator', text: 'too many redelegations are liable' },
  too_many_unbondings: { number: 638, field: 'validator', text: 'too many unbondings at a time' },
  too_many_moves: { number: 639, field: 'to', text: 'too many destinations in this epoch' },
  unknown_unbonding: { number: 640, field: 'lastEpoch', text: 'no such unbonding' },
  leaving_now: {
    number: 641,
    field: 'lastEpoch',
    text: 'leaves as the epoch ends: cancel it then',
  },
  not_matured: { number: 642, field: 'lastEpoch', text: 'nothing has matured' },
  compounding_off: { number: 643, field: 'validator', text: 'the delegator does not allow it' },
  nothing_to_claim: { number: 644, field: 'validator', text: 'no reward has accrued' },
  unknown_receiver: { number: 645, field: 'address', text: 'no such account: credit it first' },
  zero_stake: { number: 646, field: 'amount', text: 'comes to nothing' },

  // Evidence.
  no_fault: { number: 660, field: 'second', text: 'the two messages do not conflict' },
  unknown_epoch: { number: 661, field: 'epoch', text: 'no epoch that is or lately was' },
  evidence_too_old: { number: 662, field: 'epoch', text: 'older than the evidence window' },
  wrong_key: { number: 663, field: 'publicKey', text: 'not the key of the signer in that epoch' },
  known_fault: { number: 664, field: 'epoch', text: 'a fault of it in that epoch is known' },
  too_many_faults: { number: 665, field: 'epoch', text: 'more faults than are counted' },
} as const;

export type StakingErrorCode = keyof typeof STAKING_ERRORS;

/** A refusal with what was given and what is allowed, in the field's unit. */
export type StakingRefusal = {
  readonly code: StakingErrorCode;
  readonly given: bigint;
  readonly allowed: bigint;
};

export function refusal(
  code: StakingErrorCode,
  facts: { readonly given?: number | bigint; readonly allowed?: number | bigint } = {},
): StakingRefusal {
  return { code, given: BigInt(facts.given ?? 0), allowed: BigInt(facts.allowed ?? 0) };
}

/** The entry of a code, as the common type. */
export function stakingErrorEntry(code: StakingErrorCode): ErrorEntry {
  return STAKING_ERRORS[code];
}
