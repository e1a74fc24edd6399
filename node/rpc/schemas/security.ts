/** The security of an account: keys, policy, agents, whitelist, what waits. Browser-safe. */
import * as z from 'zod';
import { AnyHex, Count, HeightSchema, Millis, Money } from './common.ts';

/** What an agent may do, and what of its limits is used; amounts in USD over 24 hours, `0`: no limit. */
export type AgentInfo = {
  permissions: string[];
  sub_accounts: number[];
  underlying_ids: number[];
  notional_limit: string;
  notional_used: string;
  premium_limit: string;
  premium_used: string;
  outflow_limit: string;
  max_margin_bps: number;
  expires_at: number;
};
const AgentSchema: z.ZodType<AgentInfo> = z.strictObject({
  permissions: z.array(z.string()),
  sub_accounts: z.array(Count),
  underlying_ids: z.array(Count),
  notional_limit: Money,
  notional_used: Money,
  premium_limit: Money,
  premium_used: Money,
  outflow_limit: Money,
  max_margin_bps: Count,
  expires_at: Millis,
});

/** `position` names the key in actions; a removed key stays, and never returns. */
export type AccountKeyInfo = {
  position: number;
  scheme: string;
  public_key: string;
  role: string;
  factor_group: number;
  added_at: number;
  removed: boolean;
  agent: AgentInfo | null;
};
/** Delays in ms; `origins` empty: any of the key's relying party. */
export type PolicyInfo = {
  owner_threshold: number;
  trade_threshold: number;
  stake_threshold: number;
  mfa: boolean;
  delay_ms: number;
  guardian_delay_ms: number;
  outflow_bps: number;
  user_verification: boolean;
  allows_backup: boolean;
  origins: string[];
};
/** A change or a withdrawal that waits; `changes` in words, of a withdrawal one line. */
export type PendingInfo = {
  id: number;
  type: 'change' | 'withdrawal';
  requested_at: number;
  matures_at: number;
  requesters: number[];
  changes: string[];
};
/** `guarded` false: the account has given itself no rules; `policy` is then what holds for all. */
export type AccountSecurityInfo = {
  address: string;
  exists: boolean;
  guarded: boolean;
  height: number;
  time: number;
  policy: PolicyInfo;
  keys: AccountKeyInfo[];
  whitelist: string[];
  frozen_until: number | null;
  /** Positions of keys that froze it since it was re-armed. */
  frozen_by: number[];
  recovery_at: number | null;
  /** Positions of guardians whose voice counts now. */
  recovery_approvals: number[];
  /** What one factor group gave away in 24 hours, USD, of how much; null: not metered. */
  outflow: { used: string; limit: string } | null;
  pending: PendingInfo[];
};
export const AccountSecuritySchema: z.ZodType<AccountSecurityInfo> = z.strictObject({
  address: z.string(),
  exists: z.boolean(),
  guarded: z.boolean(),
  height: HeightSchema,
  time: Millis,
  policy: z.strictObject({
    owner_threshold: Count,
    trade_threshold: Count,
    stake_threshold: Count,
    mfa: z.boolean(),
    delay_ms: Count,
    guardian_delay_ms: Count,
    outflow_bps: Count,
    user_verification: z.boolean(),
    allows_backup: z.boolean(),
    origins: z.array(z.string()),
  }),
  keys: z.array(
    z.strictObject({
      position: Count,
      scheme: z.string(),
      public_key: AnyHex,
      role: z.string(),
      factor_group: Count,
      added_at: Millis,
      removed: z.boolean(),
      agent: AgentSchema.nullable(),
    }),
  ),
  whitelist: z.array(z.string()),
  frozen_until: Millis.nullable(),
  frozen_by: z.array(Count),
  recovery_at: Millis.nullable(),
  recovery_approvals: z.array(Count),
  outflow: z.strictObject({ used: Money, limit: Money }).nullable(),
  pending: z.array(
    z.strictObject({
      id: Count,
      type: z.enum(['change', 'withdrawal']),
      requested_at: Millis,
      matures_at: Millis,
      requesters: z.array(Count),
      changes: z.array(z.string()),
    }),
  ),
});
