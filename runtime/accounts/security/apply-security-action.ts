/** Carries out one action of security. */
import { SECURITY_ACTION, type SecurityAction } from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import { type Result, unreachable } from '../../core/result.ts';
import type { AccountId } from '../../core/units.ts';
import type { Refusal } from '../../error.ts';
import type { ActionResult } from '../../receipt.ts';
import type { State } from '../../state/state.ts';
import { changeSecurity } from './change-security.ts';
import { endPending } from './end-pending.ts';
import { freeze, rearm } from './freeze.ts';
import { cancelRecovery, recover } from './recover.ts';
import { requestWithdrawal } from './request-withdrawal.ts';
import type { Signers } from './signing-keys.ts';

/** A refusal has changed nothing. `signers`: the keys that sign, by position. */
export function applySecurityAction(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: SecurityAction,
  signers: Signers,
): Result<ActionResult, Refusal> {
  switch (action.selector) {
    case SECURITY_ACTION.changeSecurity:
      return changeSecurity(state, context, account, action.value, signers);
    case SECURITY_ACTION.endPending:
      return endPending(state, context, account, action.value, signers);
    case SECURITY_ACTION.withdraw:
      return requestWithdrawal(state, context, account, action.value, signers);
    case SECURITY_ACTION.freeze:
      return freeze(state, context, account, action.value, signers);
    case SECURITY_ACTION.rearm:
      return rearm(state, context, account, signers);
    case SECURITY_ACTION.recover:
      return recover(state, context, account, action.value, signers);
    case SECURITY_ACTION.cancelRecovery:
      return cancelRecovery(state, context, account, signers);
    default:
      return unreachable(action);
  }
}
