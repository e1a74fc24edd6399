/** The `withdraw` action: sets funds aside that leave after a wait, unless somebody says no. */
import type { Withdraw } from '../../actions/security.ts';
import { DENOMINATION } from '../../actions/transfer.ts';
import type { BlockContext } from '../../block-context.ts';
import { equalBytes, toHex } from '../../core/bytes.ts';
import { assert, err, ok, type Result } from '../../core/result.ts';
import { type AccountId, address, portfolioId, timestampMs } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { EVENT } from '../../event.ts';
import { balanceOf, transfer } from '../../ledger/ledger.ts';
import { MODULE } from '../../ledger/module-accounts.ts';
import { noteMargin } from '../../liquidation/health-index.ts';
import { isAnyInsolvent } from '../../liquidation/liquidation-index.ts';
import { withdrawable } from '../../margin/withdrawable.ts';
import { takeOrderId } from '../../matching/order-number.ts';
import { ACTION_RESULT, type ActionResult } from '../../receipt.ts';
import type { State } from '../../state/state.ts';
import { heldRefusal, pendingRefusal } from './change-security.ts';
import { looseningWait } from './change-wait.ts';
import { PENDING_KIND } from './events.ts';
import { isProtected } from './policy-rules.ts';
import { type AccountSecurity, MIN_WAIT_MS, newSecurity } from './rows.ts';
import { putWithdrawal } from './security-index.ts';
import { factorGroupsOf, positionsOf, type Signers } from './signing-keys.ts';

/** `not_whitelisted`, where the account says which addresses money may go to. O(addresses). */
export function whitelistRefusal(row: AccountSecurity, to: Uint8Array): Refusal | undefined {
  if (!isProtected(row.policy) || row.whitelist.some((one) => equalBytes(one, to)))
    return undefined;
  return refusal('not_whitelisted', { allowed: row.whitelist.length });
}

function amountRefusal(
  state: State,
  context: BlockContext,
  account: AccountId,
  { subAccount, denomination, amount }: Withdraw,
): Refusal | undefined {
  const portfolio = portfolioId(account, subAccount);
  const isUsd = denomination === DENOMINATION.usd;
  if (isUsd && isAnyInsolvent(state)) return refusal('withdrawals_stopped');
  const available = isUsd
    ? withdrawable(state, context, portfolio)
    : balanceOf(state, portfolio, denomination);
  if (amount <= available) return undefined;
  return refusal('insufficient_balance', { given: amount, allowed: available });
}

/**
 * Sets funds aside. Errors in order: zero_amount, unknown_denomination, same_portfolio,
 * recovery_running, account_frozen, not_whitelisted, too_many_pending, withdrawals_stopped,
 * insufficient_balance. Until it is due the amount is zero for initial margin and comes back when
 * maintenance needs it (`recallWithdrawals`).
 */
export function requestWithdrawal(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: Withdraw,
  signers: Signers,
): Result<ActionResult, Refusal> {
  const { subAccount, to, toSubAccount, denomination, amount } = action;
  if (amount === 0n) return err(refusal('zero_amount', { allowed: 1 }));
  if (denomination !== DENOMINATION.usd && denomination !== DENOMINATION.mil) {
    return err(refusal('unknown_denomination', { given: denomination, allowed: 1 }));
  }
  if (state.accounts.get(address(toHex(to)))?.id === account) return err(refusal('same_portfolio'));
  const known = state.accountSecurity.get(account);
  const row = known ?? newSecurity(account);
  const refused =
    heldRefusal(row, context) ??
    whitelistRefusal(row, to) ??
    pendingRefusal(state, account) ??
    amountRefusal(state, context, account, action);
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  if (known === undefined) state.accountSecurity.set(account, row);
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  const groups = factorGroupsOf(state.accounts.must(owner), signers);
  const wait = Math.max(MIN_WAIT_MS, looseningWait(row, groups));
  const portfolio = portfolioId(account, subAccount);
  const id = takeOrderId(state);
  const maturesAt = timestampMs(context.timestamp + wait);
  transfer(state, {
    from: portfolio,
    to: MODULE.pending,
    denomination,
    amount,
    reason: 'withdrawal',
  });
  if (denomination === DENOMINATION.usd) noteMargin(state, portfolio);
  const requesters = positionsOf(signers);
  const requestedAt = context.timestamp;
  const waiting = { id, account, requesters, requestedAt, maturesAt };
  putWithdrawal(state, { ...waiting, portfolio, to, toSubAccount, denomination, amount });
  const value = { id, account, kind: PENDING_KIND.withdrawal, maturesAt, to, denomination, amount };
  context.events.push({ selector: EVENT.pendingAsked, value });
  return ok({ selector: ACTION_RESULT.numbered, value: { id } });
}
