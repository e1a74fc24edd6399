/** Numbers of validators, and the packed keys of the staking tables. */
import { assert } from '../runtime/core/result.ts';
import { type PairKeyCodec, pairKey } from '../runtime/state/key-codec.ts';

declare const brand: unique symbol;

/** Dense number of a validator from 1, never reused; 0 stands for none. */
export type ValidatorId = number & { readonly [brand]: 'ValidatorId' };

const VALIDATOR_BITS = 20;

export const validatorId = (value: number): ValidatorId => {
  assert(
    Number.isInteger(value) && value >= 0 && value < 2 ** 20,
    `validator ${value} not below 2^20`,
  );
  return value as ValidatorId;
};

/** No validator. */
export const NO_VALIDATOR: ValidatorId = validatorId(0);

/** (account of the delegator, validator): the delegations of an account lie together. */
export const delegationKey: PairKeyCodec<number> = pairKey({
  highBits: 33,
  lowBits: VALIDATOR_BITS,
});

/** (validator, epoch). */
export const validatorEpochKey: PairKeyCodec<number> = pairKey({
  highBits: VALIDATOR_BITS,
  lowBits: 33,
});
