/** The `cancelAfter` action: arms, renews or disarms a dead-man switch. */

import { type CancelAfter, SWITCH_SCOPE } from '../actions/quoting.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, orderId, timestampMs } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { MAX_SWITCH_TIMEOUT_MS, MIN_SWITCH_TIMEOUT_MS } from '../limits.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { keyOfSwitch, putSwitch } from './dead-man-switch.ts';

function fieldRefusal({ scope, subAccount, timeoutMs }: CancelAfter): Refusal | undefined {
  const isAccount = scope === SWITCH_SCOPE.account;
  if ((!isAccount && scope !== SWITCH_SCOPE.subAccount) || (isAccount && subAccount !== 0)) {
    return refusal('bad_switch_scope', { given: scope, allowed: SWITCH_SCOPE.account });
  }
  if (timeoutMs === 0) return undefined;
  if (timeoutMs < MIN_SWITCH_TIMEOUT_MS) {
    return refusal('bad_switch_timeout', { given: timeoutMs, allowed: MIN_SWITCH_TIMEOUT_MS });
  }
  if (timeoutMs > MAX_SWITCH_TIMEOUT_MS) {
    return refusal('bad_switch_timeout', { given: timeoutMs, allowed: MAX_SWITCH_TIMEOUT_MS });
  }
  return undefined;
}

/**
 * Sets the time after which the switch fires, counted from this block. Errors in order:
 * bad_switch_scope, bad_switch_timeout. Disarming one that is not armed is no error. O(log switches).
 */
export function cancelAfter(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: CancelAfter,
): Result<ActionResult, Refusal> {
  const refused = fieldRefusal(action);
  if (refused !== undefined) return err(refused);
  const { scope, subAccount, timeoutMs } = action;
  const key = keyOfSwitch({ account, scope, subAccount });
  const firesAt = timestampMs(timeoutMs === 0 ? 0 : context.timestamp + timeoutMs);

  // From here it must succeed.
  const clearsUpTo = state.deadManSwitches.get(key)?.clearsUpTo ?? orderId(0);
  putSwitch(state, { account, scope, subAccount, timeoutMs, firesAt, clearsUpTo });
  return ok({ selector: ACTION_RESULT.switchArmed, value: { firesAt } });
}
