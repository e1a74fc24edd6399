/** The security of an account, as `format.ts` carries it: rows of tables 1 and 80 to 85. */
import { type Account, AccountCodec, MAX_ACCOUNT_KEYS } from '../../runtime/accounts/account.ts';
import {
  type AccountSecurity,
  AccountSecurityCodec,
  type Agent,
  AgentCodec,
  MAX_PENDING,
  type OutflowMeter,
  OutflowMeterCodec,
  type PendingChange,
  PendingChangeCodec,
  type PendingWithdrawal,
  PendingWithdrawalCodec,
} from '../../runtime/accounts/security/rows.ts';
import { type Codec, container, list, u64 } from '../../runtime/core/ssz.ts';
import type { Height, TimestampMs } from '../../runtime/core/units.ts';

/** `account` and `security` are empty where there are none. */
export type SecurityAnswer = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly account: Account[];
  readonly security: AccountSecurity[];
  readonly changes: PendingChange[];
  readonly withdrawals: PendingWithdrawal[];
  readonly agents: Agent[];
  readonly meters: OutflowMeter[];
};

export const SecurityAnswerCodec: Codec<SecurityAnswer> = container<SecurityAnswer>(
  'SecurityAnswer',
  {
    height: u64<Height>(),
    timestamp: u64<TimestampMs>(),
    account: list(AccountCodec, 1),
    security: list(AccountSecurityCodec, 1),
    changes: list(PendingChangeCodec, MAX_PENDING),
    withdrawals: list(PendingWithdrawalCodec, MAX_PENDING),
    agents: list(AgentCodec, MAX_ACCOUNT_KEYS),
    meters: list(OutflowMeterCodec, MAX_ACCOUNT_KEYS + 1),
  },
);
