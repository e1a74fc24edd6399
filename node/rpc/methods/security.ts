/** `private/get_account_security`: what guards an account. Answered by the executor. */
import { ROLE } from '../../../runtime/accounts/account.ts';
import { levelNow } from '../../../runtime/accounts/security/meter.ts';
import {
  type Agent,
  NO_POLICY,
  type PendingWithdrawal,
  WHOLE_ACCOUNT,
} from '../../../runtime/accounts/security/rows.ts';
import { changeText } from '../../../runtime/accounts/security/typed-transaction.ts';
import { PERMISSION, type Policy } from '../../../runtime/actions/security.ts';
import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import { portfolioSubAccount, type TimestampMs } from '../../../runtime/core/units.ts';
import { SCHEME } from '../../../runtime/transaction.ts';
import { QUESTION } from '../../query/format.ts';
import type { SecurityAnswer } from '../../query/security-format.ts';
import type { Handlers } from '../context.ts';
import { addressOf, addressText } from '../lookup.ts';
import { moneyText } from '../present-money.ts';
import type { AccountKeyInfo, AgentInfo, PendingInfo, PolicyInfo } from '../schemas/security.ts';

const MICRO_PER_USD = 1_000_000n;

function nameOf(table: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(table).find(([, value]) => value === number)?.[0] ?? `unknown ${number}`;
}

const usdOf = (usd: number): bigint => BigInt(usd) * MICRO_PER_USD;

function agentInfo({ scope, notional, premium }: Agent, now: TimestampMs): AgentInfo {
  const { permissions, notionalUsd, premiumUsd } = scope;
  return {
    permissions: Object.entries(PERMISSION).flatMap(([name, bit]) =>
      (permissions & bit) === 0 ? [] : [name],
    ),
    sub_accounts: [...scope.subAccounts],
    underlying_ids: [...scope.underlyings],
    notional_limit: moneyText(usdOf(notionalUsd)),
    notional_used: moneyText(levelNow(notional, usdOf(notionalUsd), now)),
    premium_limit: moneyText(usdOf(premiumUsd)),
    premium_used: moneyText(levelNow(premium, usdOf(premiumUsd), now)),
    outflow_limit: moneyText(usdOf(scope.outflowUsd)),
    max_margin_bps: scope.maxMarginBps,
    expires_at: scope.expiresAt,
  };
}

function policyInfo(policy: Policy): PolicyInfo {
  const { passkeys } = policy;
  return {
    owner_threshold: policy.ownerThreshold,
    trade_threshold: policy.tradeThreshold,
    stake_threshold: policy.stakeThreshold,
    mfa: policy.mfa,
    delay_ms: policy.delayMs,
    guardian_delay_ms: policy.guardianDelayMs,
    outflow_bps: policy.outflowBps,
    user_verification: passkeys.userVerification,
    allows_backup: passkeys.allowsBackup,
    origins: passkeys.origins.map((raw) => String.fromCharCode(...raw)),
  };
}

function withdrawalText(row: PendingWithdrawal): string {
  const currency = row.denomination === DENOMINATION.usd ? 'USD' : 'MIL';
  const from = portfolioSubAccount(row.portfolio);
  const to = `${addressText(row.to)}${row.toSubAccount === 0 ? '' : `/${row.toSubAccount}`}`;
  return `send ${moneyText(row.amount)} ${currency} from sub-account ${from} to ${to}`;
}

function pendingInfo({ changes, withdrawals }: SecurityAnswer): PendingInfo[] {
  const waiting = [
    ...changes.map((row) => ({
      row,
      type: 'change' as const,
      changes: row.changes.map(changeText),
    })),
    ...withdrawals.map((row) => ({
      row,
      type: 'withdrawal' as const,
      changes: [withdrawalText(row)],
    })),
  ];
  return waiting
    .sort((a, b) => a.row.maturesAt - b.row.maturesAt || a.row.id - b.row.id)
    .map(({ row, type, changes: lines }) => ({
      id: row.id,
      type,
      requested_at: row.requestedAt,
      matures_at: row.maturesAt,
      requesters: [...row.requesters],
      changes: lines,
    }));
}

function keyInfos({ account, agents, timestamp }: SecurityAnswer): AccountKeyInfo[] {
  return (account[0]?.keys ?? []).map((key, position) => {
    const agent = agents.find((one) => one.position === position);
    return {
      position,
      scheme: nameOf(SCHEME, key.scheme),
      public_key: toHex(key.publicKey),
      role: nameOf(ROLE, key.role),
      factor_group: key.factorGroup,
      added_at: key.addedAt,
      removed: key.removed,
      agent: agent === undefined ? null : agentInfo(agent, timestamp),
    };
  });
}

export const securityMethods: Handlers<'private/get_account_security'> = {
  async 'private/get_account_security'({ account }, { ask }) {
    const address = addressOf('account', account);
    const answer = await ask({ selector: QUESTION.security, value: { address: address.raw } });
    const [row] = answer.security;
    const { timestamp } = answer;
    const whole = answer.meters.find(({ position }) => position === WHOLE_ACCOUNT);
    const frozenUntil = row?.frozenUntil ?? 0;
    return {
      address: address.text,
      exists: answer.account.length > 0,
      guarded: row !== undefined,
      height: answer.height,
      time: timestamp,
      policy: policyInfo(row?.policy ?? NO_POLICY),
      keys: keyInfos(answer),
      whitelist: (row?.whitelist ?? []).map(addressText),
      frozen_until: frozenUntil > timestamp ? frozenUntil : null,
      frozen_by: [...(row?.frozenBy ?? [])],
      recovery_at: row?.recovery[0]?.executesAt ?? null,
      recovery_approvals: (row?.approvals ?? []).map(({ position }) => position),
      outflow:
        whole === undefined
          ? null
          : {
              used: moneyText(levelNow(whole.bucket, whole.limit, timestamp)),
              limit: moneyText(whole.limit),
            },
      pending: pendingInfo(answer),
    };
  },
};
