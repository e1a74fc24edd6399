/** The action on how a sub-account is margined, from human units. */
import { ACTION, type Action } from '../../runtime/action.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { MARGIN_MODE } from '../../runtime/margin/mode/margin-mode.ts';
import type { InputError } from './amounts.ts';
import { checkedSubAccount } from './input-fields.ts';

/** Names of margin modes. */
export type MarginModeName = keyof typeof MARGIN_MODE;

/** Puts a sub-account under standard or portfolio margin. */
export type MarginActionInput = {
  readonly type: 'setMarginMode';
  readonly mode: MarginModeName;
  readonly subAccount?: number;
};

/** One action about margin, checked. */
export function buildMarginAction(input: MarginActionInput): Result<Action, InputError> {
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const value = { subAccount: sub.value, mode: MARGIN_MODE[input.mode] };
  return ok({ selector: ACTION.setMarginMode, value });
}
