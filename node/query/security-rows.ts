/** The security of an account as `answer-query.ts` reports it. O(keys + what waits). */
import { WHOLE_ACCOUNT } from '../../runtime/accounts/security/rows.ts';
import { pendingOf } from '../../runtime/accounts/security/security-index.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import { metaOf, nonceKey, type State } from '../../runtime/state/state.ts';
import type { AccountQuestion } from './format.ts';
import type { SecurityAnswer } from './security-format.ts';

export function securityRows(state: State, question: AccountQuestion): SecurityAnswer {
  const { height, timestamp } = metaOf(state);
  const account = state.accounts.get(address(toHex(question.address)));
  const none = { changes: [], withdrawals: [], agents: [], meters: [] };
  if (account === undefined) {
    return { height, timestamp, account: [], security: [], ...none };
  }
  const security = state.accountSecurity.get(account.id);
  const ids = pendingOf(state, account.id);
  const positions = account.keys.map((_key, position) => position);
  const place = (position: number): number => nonceKey.pack(account.id, position);
  return {
    height,
    timestamp,
    account: [account],
    security: security === undefined ? [] : [security],
    changes: ids.flatMap((id) => state.pendingChanges.get(id) ?? []),
    withdrawals: ids.flatMap((id) => state.pendingWithdrawals.get(id) ?? []),
    agents: positions.flatMap((position) => state.agents.get(place(position)) ?? []),
    meters: [...positions, WHOLE_ACCOUNT].flatMap(
      (position) => state.outflowMeters.get(place(position)) ?? [],
    ),
  };
}
