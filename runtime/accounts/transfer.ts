/** The `transfer` action: moves money between portfolios, creating the receiver's account. */

import { DENOMINATION, type Transfer } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { toHex } from '../core/bytes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, address, portfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { noteMargin } from '../liquidation/health-index.ts';
import { isAnyInsolvent } from '../liquidation/liquidation-index.ts';
import { takeHaircut } from '../liquidation/shared-debt.ts';
import { withdrawable } from '../margin/withdrawable.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import { ensureAccount, hasAccountNumber } from './create-account.ts';

/**
 * Errors in order: zero_amount, unknown_denomination, same_portfolio, withdrawals_stopped,
 * insufficient_balance, too_many_accounts.
 * What may leave: of USD the withdrawable amount (design/exchange.md §3), of MIL the balance. USD leaves
 * its owner only while no account is insolvent, and less the haircut for the debt that all bear.
 */
export function transferAction(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: Transfer,
): Result<ActionResult, Refusal> {
  if (action.amount === 0n) return err(refusal('zero_amount', { allowed: 1 }));
  if (action.denomination !== DENOMINATION.usd && action.denomination !== DENOMINATION.mil) {
    return err(refusal('unknown_denomination', { given: action.denomination, allowed: 1 }));
  }
  const from = portfolioId(account, action.fromSubAccount);
  const receiver = address(toHex(action.to));
  const existing = state.accounts.get(receiver);
  if (existing !== undefined && portfolioId(existing.id, action.toSubAccount) === from) {
    return err(refusal('same_portfolio'));
  }
  const isUsd = action.denomination === DENOMINATION.usd;
  const isLeaving = isUsd && existing?.id !== account;
  if (isLeaving && isAnyInsolvent(state)) return err(refusal('withdrawals_stopped'));
  const available =
    action.denomination === DENOMINATION.usd
      ? withdrawable(state, context, from)
      : balanceOf(state, from, action.denomination);
  if (action.amount > available) {
    return err(refusal('insufficient_balance', { given: action.amount, allowed: available }));
  }
  if (existing === undefined && !hasAccountNumber(state)) {
    return err(refusal('too_many_accounts', { given: 1, allowed: 0 }));
  }

  // From here it must succeed.
  const to = portfolioId(ensureAccount(state, context, receiver), action.toSubAccount);
  const { denomination } = action;
  const amount = isLeaving ? takeHaircut(state, context, from, action.amount) : action.amount;
  transfer(state, { from, to, denomination, amount, reason: 'transfer' });
  if (isUsd) noteMargin(state, from);
  context.events.push({ selector: EVENT.transfer, value: { from, to, denomination, amount } });
  return ok({ selector: ACTION_RESULT.transferred, value: { amount } });
}
