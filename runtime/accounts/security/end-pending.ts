/**
 * How what waits comes to its end: taken back by the owner, vetoed, overtaken, or in force.
 *
 * Source: design/staking-and-keys.md §4.
 */
import { CHANGE, type EndPending } from '../../actions/security.ts';
import { DENOMINATION } from '../../actions/transfer.ts';
import type { BlockContext } from '../../block-context.ts';
import { assert, err, ok, type Result } from '../../core/result.ts';
import {
  type AccountId,
  type PortfolioId,
  portfolioAccount,
  timestampMs,
} from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { EVENT } from '../../event.ts';
import { transfer } from '../../ledger/ledger.ts';
import { MODULE } from '../../ledger/module-accounts.ts';
import { ACTION_RESULT, type ActionResult } from '../../receipt.ts';
import type { State } from '../../state/state.ts';
import { ROLE } from '../account.ts';
import { PENDING_END, type PendingEnd } from './events.ts';
import type { PendingChange, PendingWithdrawal } from './rows.ts';
import { dropChange, dropWithdrawal, pendingOf, pendingUsdOf } from './security-index.ts';
import { positionsOf, type Signers, signingKeys } from './signing-keys.ts';

function announce(
  context: BlockContext,
  { id, account }: PendingChange | PendingWithdrawal,
  end: PendingEnd,
): void {
  context.events.push({ selector: EVENT.pendingEnded, value: { id, account, end } });
}

/** Ends a change without making it, or after it was made (`done`). */
export function endChange(
  state: State,
  context: BlockContext,
  row: PendingChange,
  end: PendingEnd,
): void {
  dropChange(state, row);
  announce(context, row, end);
}

/** Gives the funds of a withdrawal back to the portfolio that they came from. */
export function returnFunds(state: State, row: PendingWithdrawal): void {
  dropWithdrawal(state, row);
  const { portfolio: to, denomination, amount } = row;
  transfer(state, { from: MODULE.pending, to, denomination, amount, reason: 'withdrawal' });
}

/** Ends a withdrawal: its funds are back. */
export function endWithdrawal(
  state: State,
  context: BlockContext,
  row: PendingWithdrawal,
  end: PendingEnd,
): void {
  returnFunds(state, row);
  announce(context, row, end);
}

/** Ends everything that keys asked for which are no more. O(what waits of the account). */
export function endRequestsOf(
  state: State,
  context: BlockContext,
  account: AccountId,
  positions: readonly number[],
): void {
  for (const id of pendingOf(state, account)) {
    const change = state.pendingChanges.get(id);
    if (change?.requesters.some((one) => positions.includes(one))) {
      endChange(state, context, change, PENDING_END.keyRemoved);
    }
    const withdrawal = state.pendingWithdrawals.get(id);
    if (withdrawal?.requesters.some((one) => positions.includes(one))) {
      endWithdrawal(state, context, withdrawal, PENDING_END.keyRemoved);
    }
  }
}

/**
 * Calls back all USD that waits to leave a portfolio: before its orders are cancelled, and before any
 * step of liquidation. Whether there was any. O(1) with nothing set aside, else O(what waits).
 */
export function recallWithdrawals(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
): boolean {
  if (pendingUsdOf(state, portfolio) === 0n) return false;
  for (const id of pendingOf(state, portfolioAccount(portfolio))) {
    const row = state.pendingWithdrawals.get(id);
    if (row?.portfolio !== portfolio || row.denomination !== DENOMINATION.usd) continue;
    endWithdrawal(state, context, row, PENDING_END.recalled);
  }
  return true;
}

/** Whether all who sign are keys that the change removes: they have no say in that. */
function isOwnVeto(row: PendingChange, positions: readonly number[]): boolean {
  const removed = row.changes.flatMap((change) =>
    change.selector === CHANGE.removeKey ? [change.value.position] : [],
  );
  return positions.every((position) => removed.includes(position));
}

/**
 * The `endPending` action, by any key of the owner's or a guardian's. Errors in order:
 * unknown_pending, own_veto.
 */
export function endPending(
  state: State,
  context: BlockContext,
  account: AccountId,
  { id }: EndPending,
  signers: Signers,
): Result<ActionResult, Refusal> {
  const change = state.pendingChanges.get(id);
  const withdrawal = state.pendingWithdrawals.get(id);
  const found = change ?? withdrawal;
  if (found?.account !== account) return err(refusal('unknown_pending', { given: id }));
  const positions = positionsOf(signers);
  if (change !== undefined && isOwnVeto(change, positions)) return err(refusal('own_veto'));

  // From here it must succeed.
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  const keys = signingKeys(state.accounts.must(owner), signers);
  const isOwner = keys.every(({ role }) => role === ROLE.owner);
  const end = isOwner ? PENDING_END.cancelled : PENDING_END.vetoed;
  if (change !== undefined) endChange(state, context, change, end);
  if (withdrawal !== undefined) endWithdrawal(state, context, withdrawal, end);
  return ok({ selector: ACTION_RESULT.ruleSet, value: { frozenUntil: timestampMs(0) } });
}
