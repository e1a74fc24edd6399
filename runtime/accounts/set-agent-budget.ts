/** The `setAgentBudget` action: the owner bounds what a trading key may do. */

import type { SetAgentBudget } from '../actions/quoting.ts';
import type { BlockContext } from '../block-context.ts';
import { assert, err, ok, type Result } from '../core/result.ts';
import { type AccountId, timestampMs } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { MAX_NOTIONAL_BUDGET_USD } from '../limits.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { nonceKey, type State } from '../state/state.ts';
import { ROLE } from './account.ts';

const NO_FREEZE = { frozenUntil: timestampMs(0) };

/**
 * Sets the budget of a trading key in force, or takes it away (both 0). Errors in order:
 * bad_key_position, bad_budget.
 *
 * What the key has used of the running minute and day still counts.
 */
export function setAgentBudget(
  state: State,
  _context: BlockContext,
  account: AccountId,
  action: SetAgentBudget,
): Result<ActionResult, Refusal> {
  const { keyPosition, actionsPerMinute, notionalPerDayUsd } = action;
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  const key = state.accounts.must(owner).keys[keyPosition];
  if (key === undefined || key.removed || key.role !== ROLE.trade) {
    return err(refusal('bad_key_position', { given: keyPosition }));
  }
  if (notionalPerDayUsd > MAX_NOTIONAL_BUDGET_USD) {
    const facts = { given: notionalPerDayUsd, allowed: MAX_NOTIONAL_BUDGET_USD };
    return err(refusal('bad_budget', facts));
  }
  const place = nonceKey.pack(account, keyPosition);

  // From here it must succeed.
  if (actionsPerMinute === 0 && notionalPerDayUsd === 0) state.agentBudgets.delete(place);
  else {
    const unused = { minute: 0, actions: 0, day: 0, notional: 0n };
    const known = state.agentBudgets.get(place);
    const budgets = { account, keyPosition, actionsPerMinute, notionalPerDayUsd };
    state.agentBudgets.set(place, { ...unused, ...known, ...budgets });
  }
  return ok({ selector: ACTION_RESULT.ruleSet, value: NO_FREEZE });
}
