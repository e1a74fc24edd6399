/** Actions about fees from human units. */
import { ACTION, type Action } from '../../runtime/action.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import type { InputError } from './amounts.ts';
import { addressOfText } from './input-fields.ts';

/** Names the account that brought this one; once and for good. */
export type FeeActionInput = { readonly type: 'setReferrer'; readonly referrer: string };

/** One action about fees, checked. */
export function buildFeeAction(input: FeeActionInput): Result<Action, InputError> {
  const referrer = addressOfText('referrer', input.referrer);
  if (!referrer.ok) return referrer;
  return ok({ selector: ACTION.setReferrer, value: { referrer: referrer.value } });
}
