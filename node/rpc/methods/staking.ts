/** Staking: validators, delegations, parameters, pools. Answered by the executor. */

import { NO_VALIDATOR, type ValidatorId, validatorId } from '../../../staking/ids.ts';
import {
  MAX_LIENS,
  MAX_MONIKER_BYTES,
  MAX_UNBONDINGS,
  MIN_DELEGATION,
  MIN_VALIDATORS,
} from '../../../staking/limits.ts';
import { STAKING_RANGES, type StakingParameters } from '../../../staking/parameters.ts';
import { QUESTION } from '../../query/format.ts';
import type { ValidatorsAnswer } from '../../query/staking-format.ts';
import type { Handlers, RpcContext } from '../context.ts';
import { failure } from '../errors.ts';
import { addressOf } from '../lookup.ts';
import { moneyText } from '../present-money.ts';
import { amountsText, delegationsInfo, stakedValidatorInfo } from '../present-staking.ts';
import type { StakedValidatorInfo, StakingParametersInfo } from '../schemas/staking.ts';

const MICRO = 1_000_000n;
const MAX_VALIDATOR_NUMBER = 2 ** 20 - 1;

const askValidators = ({ ask }: RpcContext, validator: ValidatorId): Promise<ValidatorsAnswer> =>
  ask({ selector: QUESTION.validators, value: { validator } });

/** Every validator there is, as the state has it now, by number. */
export async function stakedValidators(context: RpcContext): Promise<StakedValidatorInfo[]> {
  const answer = await askValidators(context, NO_VALIDATOR);
  return answer.rows.map((row) => stakedValidatorInfo(answer, row));
}

const NAMES = 'the number, operator address or moniker of one validator: see get_validators';

/** By number, operator, moniker, in this order. Fails with validator_not_found. */
async function validatorOf(
  context: RpcContext,
  given: number | string,
): Promise<StakedValidatorInfo> {
  const field = 'validator';
  const number =
    typeof given === 'number' || /^[0-9]{1,7}$/.test(given) ? Number(given) : undefined;
  if (number !== undefined) {
    const isNumber = number >= 1 && number <= MAX_VALIDATOR_NUMBER;
    const answer = isNumber ? await askValidators(context, validatorId(number)) : undefined;
    const [row] = answer?.rows ?? [];
    if (answer !== undefined && row !== undefined) return stakedValidatorInfo(answer, row);
    throw failure('validator_not_found', { field, given, allowed: NAMES });
  }
  const all = await stakedValidators(context);
  const name = String(given);
  const isAddress = /^(?:mil1[02-9ac-hj-np-z]{20,}|[0-9a-fA-F]{40})$/.test(name);
  const operator = isAddress ? addressOf(field, name).text : undefined;
  const found = all.filter((one) =>
    operator === undefined ? one.moniker === name : one.operator === operator,
  );
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const numbers = found.map((one) => one.validator_id).join(', ');
  const allowed = second === undefined ? NAMES : `one of the numbers ${numbers}, which all have it`;
  throw failure('validator_not_found', { field, given, allowed });
}

export const stakingMethods: Handlers<
  'get_validator' | 'get_delegations' | 'get_staking_parameters' | 'get_staking_pools'
> = {
  get_validator: ({ validator }, context) => validatorOf(context, validator),

  async get_delegations({ account }, { ask }) {
    const { raw, text } = addressOf('account', account);
    const answer = await ask({ selector: QUESTION.delegations, value: { address: raw } });
    return delegationsInfo(answer, text);
  },

  async get_staking_parameters(_params, context) {
    // No validator has the highest number: the sums alone.
    const answer = await askValidators(context, validatorId(MAX_VALIDATOR_NUMBER));
    const parameters: StakingParametersInfo['parameters'] = {};
    for (const name of Object.keys(STAKING_RANGES) as (keyof StakingParameters)[]) {
      parameters[name] = { value: answer.parameters[name], ...STAKING_RANGES[name] };
    }
    return {
      height: answer.height,
      parameters,
      limits: {
        min_delegation: moneyText(MIN_DELEGATION),
        max_unbondings: MAX_UNBONDINGS,
        max_liens: MAX_LIENS,
        min_validators: MIN_VALIDATORS,
        max_moniker_bytes: MAX_MONIKER_BYTES,
      },
    };
  },

  async get_staking_pools(_params, context) {
    const answer = await askValidators(context, NO_VALIDATOR);
    const { rewards, owed, supply, bonded, annualIssuance } = answer;
    const ofSupply = (amount: bigint): number =>
      supply === 0n ? 0 : Number(amount) / Number(supply);
    return {
      height: answer.height,
      epoch: answer.epoch,
      epoch_started_at: answer.epochStartedAt,
      epoch_ends_at: answer.epochEndsAt,
      bonded: moneyText(bonded),
      unbonding: moneyText(answer.unbonding),
      owed: amountsText(owed),
      undistributed: amountsText({ usd: rewards.usd - owed.usd, mil: rewards.mil - owed.mil }),
      supply: moneyText(supply),
      bonded_share: ofSupply(bonded),
      annual_issuance: moneyText(annualIssuance),
      issuance_rate: ofSupply(annualIssuance),
      min_self_bond: moneyText(BigInt(answer.minSelfBondMil) * MICRO),
      validators: answer.total,
      active_validators: answer.rows.filter(({ weight }) => weight > 0n).length,
      paused_ms: answer.pausedMs,
    };
  },
};
