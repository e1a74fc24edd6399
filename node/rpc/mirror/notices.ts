/** What events about an account's rules tell its owner. */
import { SWITCH_SCOPE } from '../../../runtime/actions/quoting.ts';
import { portfolioAccount, portfolioSubAccount } from '../../../runtime/core/units.ts';
import {
  type DeadManEvent,
  PROTECTION_CHANGE,
  type ProtectionEvent,
  type ReferrerSetEvent,
} from '../../../runtime/event.ts';
import type { MirrorNotice } from './market.ts';

const PROTECTION_NOTICE: { readonly [change: number]: MirrorNotice['type'] } = {
  [PROTECTION_CHANGE.set]: 'protection_set',
  [PROTECTION_CHANGE.removed]: 'protection_removed',
  [PROTECTION_CHANGE.triggered]: 'protection_triggered',
  [PROTECTION_CHANGE.reset]: 'protection_reset',
};

export function protectionNotice(event: ProtectionEvent): MirrorNotice {
  const { portfolio, underlying, change, frozenUntil } = event;
  return {
    account: portfolioAccount(portfolio),
    subAccount: portfolioSubAccount(portfolio),
    underlying,
    type: PROTECTION_NOTICE[change] ?? 'protection_set',
    frozenUntil,
    closed: undefined,
  };
}

export function deadManNotice({ account, scope, subAccount, closed }: DeadManEvent): MirrorNotice {
  return {
    account,
    subAccount: scope === SWITCH_SCOPE.account ? undefined : subAccount,
    underlying: undefined,
    type: 'dead_man_fired',
    frozenUntil: undefined,
    closed,
  };
}

export function referrerNotice({ account }: ReferrerSetEvent): MirrorNotice {
  return {
    account,
    subAccount: undefined,
    underlying: undefined,
    type: 'referrer_set',
    frozenUntil: undefined,
    closed: undefined,
  };
}
