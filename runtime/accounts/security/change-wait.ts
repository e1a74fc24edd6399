/**
 * How long a change waits before it is in force: nothing that tightens, everything that loosens.
 *
 * Source: design/staking-and-keys.md §4. The wait is that of the policy in force when the change is
 * asked for; during it any guardian may veto. Two factor groups shorten it to `MIN_WAIT_MS`, but never
 * that of guardians (`guardianDelayMs`, at least a recovery's) nor that of an address (24 hours).
 */
import { CHANGE, type Change } from '../../actions/security.ts';
import { equalBytes, fromHex } from '../../core/bytes.ts';
import { unreachable } from '../../core/result.ts';
import type { Address } from '../../core/units.ts';
import { type Account, ROLE } from '../account.ts';
import { isProtected, isTightening } from './policy-rules.ts';
import { type AccountSecurity, MIN_WAIT_MS, WHITELIST_WAIT_MS } from './rows.ts';
import { livePositions } from './signing-keys.ts';

/** Who asks, of which account. */
export type Asking = {
  readonly owner: Address;
  readonly account: Account;
  readonly row: AccountSecurity;
  /** Distinct factor groups of the owner's keys that sign. */
  readonly groups: number;
};

/** What loosening waits under this policy, signed by so many factor groups. */
export function looseningWait({ policy }: AccountSecurity, groups: number): number {
  if (!isProtected(policy)) return 0;
  return groups >= 2 ? MIN_WAIT_MS : policy.delayMs;
}

function waitOf({ owner, account, row, groups }: Asking, change: Change): number {
  const { policy } = row;
  const loosening = looseningWait(row, groups);
  switch (change.selector) {
    case CHANGE.addKey: {
      const isFirst = livePositions(account, ROLE.guardian).length === 0;
      const isGuardian = change.value.key.role === ROLE.guardian;
      return isGuardian && !isFirst ? Math.max(loosening, policy.guardianDelayMs) : loosening;
    }
    case CHANGE.addAgent:
      return loosening;
    case CHANGE.removeKey: {
      const role = account.keys[change.value.position]?.role;
      if (role === ROLE.guardian) return Math.max(loosening, policy.guardianDelayMs);
      // An owner's key is one of the factors; the others can only do less without theirs.
      return role === ROLE.owner ? loosening : 0;
    }
    case CHANGE.setPolicy: {
      const next = change.value.policy;
      if (isTightening(policy, next)) return 0;
      const isOfGuardians = next.guardianDelayMs < policy.guardianDelayMs;
      return isOfGuardians ? Math.max(loosening, policy.guardianDelayMs) : loosening;
    }
    case CHANGE.allowAddress:
      return Math.max(loosening, WHITELIST_WAIT_MS);
    case CHANGE.forbidAddress:
      return 0;
    case CHANGE.setWithdrawAddress: {
      const own = fromHex(owner);
      return own !== undefined && equalBytes(change.value.address, own) ? 0 : loosening;
    }
    default:
      return unreachable(change);
  }
}

/** The wait of changes that come into force together: the longest of theirs, in ms. */
export function changesWait(asking: Asking, changes: readonly Change[]): number {
  return changes.reduce((longest, change) => Math.max(longest, waitOf(asking, change)), 0);
}
