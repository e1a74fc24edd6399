/**
 * What a policy may be, which of two is the looser, and whether keys can satisfy one.
 *
 * Source: design/staking-and-keys.md §4.
 */
import type { AgentScope, Policy } from '../../actions/security.ts';
import { ALL_PERMISSIONS } from '../../actions/security.ts';
import type { TimestampMs } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { MAX_NOTIONAL_BUDGET_USD, MAX_SIGNERS } from '../../limits.ts';
import { type AccountKey, ROLE } from '../account.ts';
import { MAX_AGENT_LIFE_MS, MAX_DELAY_MS, MIN_WAIT_MS, RECOVERY_DELAY_MS } from './rows.ts';

const BPS_PER_ONE = 10_000;

/** Whether what leaves under one factor group waits, and goes to whitelisted addresses only. */
export function isProtected({ mfa, delayMs }: Policy): boolean {
  return mfa || delayMs > 0;
}

/** ASCII that can stand in the JSON of a browser as it is: no quote, no backslash. */
function isOrigin(origin: Uint8Array): boolean {
  return (
    origin.length > 0 &&
    origin.every((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c)
  );
}

/** `bad_policy` (given: the field that is out of range, counted from 1), or `undefined`. */
export function policyRefusal(policy: Policy): Refusal | undefined {
  const { ownerThreshold, tradeThreshold, stakeThreshold, mfa, delayMs } = policy;
  const thresholds = [ownerThreshold, tradeThreshold, stakeThreshold];
  const wrong = thresholds.findIndex((count) => count < 1 || count > MAX_SIGNERS);
  if (wrong >= 0) return refusal('bad_policy', { given: wrong + 1, allowed: MAX_SIGNERS });
  const needsDelay = mfa || delayMs > 0;
  if (delayMs > MAX_DELAY_MS || (needsDelay && delayMs < MIN_WAIT_MS)) {
    return refusal('bad_policy', { given: 5, allowed: MIN_WAIT_MS });
  }
  const { guardianDelayMs, outflowBps } = policy;
  if (guardianDelayMs < RECOVERY_DELAY_MS || guardianDelayMs > MAX_DELAY_MS) {
    return refusal('bad_policy', { given: 6, allowed: RECOVERY_DELAY_MS });
  }
  // One factor group may give something away, or everything: but somebody has said how much.
  if (outflowBps > BPS_PER_ONE || (mfa && outflowBps === 0)) {
    return refusal('bad_policy', { given: 7, allowed: BPS_PER_ONE });
  }
  const badOrigin = policy.passkeys.origins.findIndex((origin) => !isOrigin(origin));
  return badOrigin < 0 ? undefined : refusal('bad_policy', { given: 8 });
}

/** Whether every origin that counts under `next` counted under `before`; none named: all count. */
function keepsOrigins(before: Policy, next: Policy): boolean {
  const text = (origin: Uint8Array): string => origin.join();
  const known = before.passkeys.origins.map(text);
  if (known.length === 0) return true;
  const { origins } = next.passkeys;
  return origins.length > 0 && origins.every((origin) => known.includes(text(origin)));
}

/** Whether nothing that `before` refused is allowed by `next`, or comes sooner. */
export function isTightening(before: Policy, next: Policy): boolean {
  const meter = (bps: number): number => (bps === 0 ? Number.MAX_SAFE_INTEGER : bps);
  return (
    next.ownerThreshold >= before.ownerThreshold &&
    next.tradeThreshold >= before.tradeThreshold &&
    next.stakeThreshold >= before.stakeThreshold &&
    (next.mfa || !before.mfa) &&
    next.delayMs >= before.delayMs &&
    next.guardianDelayMs >= before.guardianDelayMs &&
    meter(next.outflowBps) <= meter(before.outflowBps) &&
    (next.passkeys.userVerification || !before.passkeys.userVerification) &&
    (!next.passkeys.allowsBackup || before.passkeys.allowsBackup) &&
    keepsOrigins(before, next)
  );
}

/** `policy_unsatisfiable` (given: what the keys reach, allowed: what the policy asks). O(keys). */
export function keysRefusal(
  policy: Policy,
  keys: readonly Pick<AccountKey, 'role' | 'factorGroup' | 'removed'>[],
): Refusal | undefined {
  const live = keys.filter(({ removed }) => !removed);
  const owners = live.filter(({ role }) => role === ROLE.owner);
  const count = (role: AccountKey['role']): number =>
    owners.length + live.filter((key) => key.role === role).length;
  const groups = new Set(owners.map(({ factorGroup }) => factorGroup)).size;
  const needs: readonly (readonly [given: number, allowed: number])[] = [
    [owners.length, policy.ownerThreshold],
    [groups, policy.mfa ? 2 : 1],
    [count(ROLE.trade), policy.tradeThreshold],
    [count(ROLE.stake), policy.stakeThreshold],
  ];
  const short = needs.find(([given, allowed]) => given < allowed);
  if (short === undefined) return undefined;
  return refusal('policy_unsatisfiable', { given: short[0], allowed: short[1] });
}

/** `bad_scope` (given: the field that is out of range, counted from 1), or `undefined`. */
export function scopeRefusal(scope: AgentScope, now: TimestampMs): Refusal | undefined {
  const { permissions, expiresAt } = scope;
  if (permissions > ALL_PERMISSIONS) {
    return refusal('bad_scope', { given: 1, allowed: ALL_PERMISSIONS });
  }
  const limits = [scope.notionalUsd, scope.premiumUsd, scope.outflowUsd];
  const wrong = limits.findIndex((usd) => usd > MAX_NOTIONAL_BUDGET_USD);
  if (wrong >= 0) return refusal('bad_scope', { given: 4 + wrong });
  const last = now + MAX_AGENT_LIFE_MS;
  if (expiresAt <= now || expiresAt > last) {
    return refusal('bad_scope', { given: 8, allowed: last });
  }
  return undefined;
}
