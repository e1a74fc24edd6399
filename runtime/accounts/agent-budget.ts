/**
 * Budgets of trading keys: how many actions a minute, and how much notional a day, the owner lets an
 * agent order.
 *
 * Minutes and days are those of the clock (UTC), so a budget is two counters. Cancels are not
 * counted: a key that has used its budget can still take its orders back. Counted is what is asked
 * for, whether it is refused later or not.
 *
 * Invariants: one row per (account, key position); the counters never pass their budgets.
 */
import { type Codec, container, i128, u8, u32, u64 } from '../core/ssz.ts';
import type { AccountId } from '../core/units.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS: number = 24 * 3_600_000;

/** A row of the `agentBudgets` table; 0 of a budget: none. */
export type AgentBudget = {
  readonly account: AccountId;
  readonly keyPosition: number;
  actionsPerMinute: number;
  notionalPerDayUsd: number;
  /** Minutes since 1970, and the actions of that minute. */
  minute: number;
  actions: number;
  /** Days since 1970, and the notional ordered on that day in micro-USD. */
  day: number;
  notional: bigint;
};

export const AgentBudgetCodec: Codec<AgentBudget> = container<AgentBudget>('AgentBudget', {
  account: u64<AccountId>(),
  keyPosition: u8(),
  actionsPerMinute: u32(),
  notionalPerDayUsd: u64(),
  minute: u64(),
  actions: u32(),
  day: u64(),
  notional: i128(),
});
