/** What must hold of the security of accounts after every block. */
import { levelNow } from '../../runtime/accounts/security/meter.ts';
import { MAX_PENDING } from '../../runtime/accounts/security/rows.ts';
import { pendingOf } from '../../runtime/accounts/security/security-index.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';

/** Broken rules; empty when all hold. O(rows). */
export function securityProblems(state: State): string[] {
  const problems: string[] = [];
  const { timestamp } = metaOf(state);
  const held = [0n, 0n];
  for (const [id, row] of state.pendingWithdrawals.unorderedEntries()) {
    held[row.denomination] = (held[row.denomination] ?? 0n) + row.amount;
    if (row.maturesAt <= timestamp) problems.push(`withdrawal ${id} is due and was not looked at`);
  }
  for (const denomination of [0, 1] as const) {
    const balance = balanceOf(state, MODULE.pending, denomination);
    if (balance !== held[denomination]) {
      problems.push(
        `pending holds ${balance} of ${denomination}, withdrawals ${held[denomination]}`,
      );
    }
  }
  for (const [account, row] of state.accountSecurity.unorderedEntries()) {
    if (pendingOf(state, account).length > MAX_PENDING) problems.push(`${account}: too much waits`);
    const owner = state.derived.accounts.addressById.get(account);
    const keys = owner === undefined ? [] : state.accounts.must(owner).keys;
    const seen = new Set(keys.map(({ publicKey }) => publicKey.join()));
    if (seen.size !== keys.length) problems.push(`${account}: a key stands there twice`);
    for (const id of pendingOf(state, account)) {
      const waiting = state.pendingChanges.get(id) ?? state.pendingWithdrawals.get(id);
      const gone = waiting?.requesters.find((position) => keys[position]?.removed === true);
      if (gone !== undefined) problems.push(`${id} waits for a key that was removed`);
    }
    if (row.recovery.length > 0 && row.approvals.length > 0) {
      problems.push(`${account}: voices are left while a recovery runs`);
    }
  }
  for (const [id] of state.orderKeys.unorderedEntries()) {
    if (!state.orders.has(id) && !state.triggers.has(id)) problems.push(`order ${id} is not open`);
  }
  for (const [, { bucket, limit }] of state.outflowMeters.unorderedEntries()) {
    if (levelNow(bucket, limit, timestamp) < 0n) problems.push('a meter is below 0');
  }
  return problems;
}
