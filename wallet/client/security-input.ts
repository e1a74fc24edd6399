/** Actions on the security of an account, from human units. */
import { ROLE } from '../../runtime/accounts/account.ts';
import type { Action } from '../../runtime/action.ts';
import {
  CHANGE,
  type Change,
  type NewKey,
  PERMISSION,
  type Policy,
  SECURITY_ACTION,
} from '../../runtime/actions/security.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { asciiBytes, fromHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { orderId, subAccount, timestampMs, underlyingId } from '../../runtime/core/units.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import { type InputError, inputError, parseMoney } from './amounts.ts';
import { addressOfText, checkedInteger, checkedSubAccount } from './input-fields.ts';

export type SchemeName = keyof typeof SCHEME;
export type RoleName = keyof typeof ROLE;
export type PermissionName = keyof typeof PERMISSION;

/** A key with its proof (`keyProofDigest`), as hex: what `account keys prove` writes. */
export type NewKeyInput = {
  readonly scheme: SchemeName;
  readonly publicKey: string;
  readonly role: RoleName;
  readonly factorGroup: number;
  readonly proof: string;
};

/** Bounds of an agent; limits in whole USD over 24 hours, 0: none; lists empty: all. */
export type AgentInput = {
  readonly permissions: readonly PermissionName[];
  readonly subAccounts: readonly number[];
  readonly underlyings: readonly number[];
  readonly notionalUsd: number;
  readonly premiumUsd: number;
  readonly outflowUsd: number;
  readonly maxMarginBps: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
};

/** A policy as the chain has it, origins as text. */
export type PolicyInput = Omit<Policy, 'passkeys'> & {
  readonly userVerification: boolean;
  readonly allowsBackup: boolean;
  readonly origins: readonly string[];
};

export type ChangeInput =
  | { readonly kind: 'addKey'; readonly key: NewKeyInput }
  | { readonly kind: 'addAgent'; readonly key: NewKeyInput; readonly scope: AgentInput }
  | { readonly kind: 'removeKey'; readonly position: number }
  | { readonly kind: 'setPolicy'; readonly policy: PolicyInput }
  | {
      readonly kind: 'allowAddress' | 'forbidAddress' | 'setWithdrawAddress';
      readonly address: string;
    };

export type SecurityActionInput =
  | { readonly type: 'changeSecurity'; readonly changes: readonly ChangeInput[] }
  | { readonly type: 'endPending'; readonly id: number }
  | {
      readonly type: 'withdraw';
      readonly to: string;
      readonly amount: string;
      readonly currency: 'USD' | 'MIL';
      readonly subAccount?: number;
      readonly toSubAccount?: number;
    }
  | { readonly type: 'freeze'; readonly durationMs: number }
  | { readonly type: 'rearm' }
  | { readonly type: 'recover'; readonly keys: readonly NewKeyInput[] }
  | { readonly type: 'cancelRecovery' };

/** A key with its proof, from hex. */
export function buildNewKey(input: NewKeyInput): Result<NewKey, InputError> {
  const publicKey = fromHex(input.publicKey);
  if (publicKey === undefined) return inputError('publicKey', input.publicKey, 'hex');
  const proof = fromHex(input.proof);
  if (proof === undefined) return inputError('proof', input.proof, 'hex');
  const factorGroup = checkedInteger('factorGroup', input.factorGroup, 0, 255);
  if (!factorGroup.ok) return factorGroup;
  const scheme = SCHEME[input.scheme];
  const role = ROLE[input.role];
  return ok({ scheme, publicKey, role, factorGroup: factorGroup.value, proof });
}

function buildChange(input: ChangeInput): Result<Change, InputError> {
  switch (input.kind) {
    case 'addKey': {
      const key = buildNewKey(input.key);
      return key.ok ? ok({ selector: CHANGE.addKey, value: { key: key.value } }) : key;
    }
    case 'addAgent': {
      const key = buildNewKey(input.key);
      if (!key.ok) return key;
      const { scope } = input;
      const value = {
        key: key.value,
        scope: {
          permissions: scope.permissions.reduce((bits, name) => bits | PERMISSION[name], 0),
          subAccounts: scope.subAccounts.map(subAccount),
          underlyings: scope.underlyings.map(underlyingId),
          notionalUsd: scope.notionalUsd,
          premiumUsd: scope.premiumUsd,
          outflowUsd: scope.outflowUsd,
          maxMarginBps: scope.maxMarginBps,
          expiresAt: timestampMs(scope.expiresAt),
        },
      };
      return ok({ selector: CHANGE.addAgent, value });
    }
    case 'removeKey': {
      const position = checkedInteger('position', input.position, 0, 255);
      if (!position.ok) return position;
      return ok({ selector: CHANGE.removeKey, value: { position: position.value } });
    }
    case 'setPolicy': {
      const { userVerification, allowsBackup, origins, ...rules } = input.policy;
      const passkeys = { userVerification, allowsBackup, origins: origins.map(asciiBytes) };
      return ok({ selector: CHANGE.setPolicy, value: { policy: { ...rules, passkeys } } });
    }
    case 'allowAddress':
    case 'forbidAddress':
    case 'setWithdrawAddress': {
      const address = addressOfText('address', input.address);
      if (!address.ok) return address;
      return ok({ selector: CHANGE[input.kind], value: { address: address.value } });
    }
  }
}

/** One action, checked. The first error found, in the order of the fields. */
export function buildSecurityAction(input: SecurityActionInput): Result<Action, InputError> {
  switch (input.type) {
    case 'changeSecurity': {
      const changes: Change[] = [];
      for (const one of input.changes) {
        const change = buildChange(one);
        if (!change.ok) return change;
        changes.push(change.value);
      }
      return ok({ selector: SECURITY_ACTION.changeSecurity, value: { changes } });
    }
    case 'endPending': {
      const id = checkedInteger('id', input.id, 1);
      if (!id.ok) return id;
      return ok({ selector: SECURITY_ACTION.endPending, value: { id: orderId(id.value) } });
    }
    case 'withdraw': {
      const to = addressOfText('to', input.to);
      if (!to.ok) return to;
      const amount = parseMoney('amount', input.amount);
      if (!amount.ok) return amount;
      const from = checkedSubAccount('subAccount', input.subAccount);
      if (!from.ok) return from;
      const target = checkedSubAccount('toSubAccount', input.toSubAccount);
      if (!target.ok) return target;
      return ok({
        selector: SECURITY_ACTION.withdraw,
        value: {
          subAccount: from.value,
          to: to.value,
          toSubAccount: target.value,
          denomination: input.currency === 'USD' ? DENOMINATION.usd : DENOMINATION.mil,
          amount: amount.value,
        },
      });
    }
    case 'freeze': {
      const durationMs = checkedInteger('durationMs', input.durationMs, 1);
      if (!durationMs.ok) return durationMs;
      return ok({ selector: SECURITY_ACTION.freeze, value: { durationMs: durationMs.value } });
    }
    case 'rearm':
      return ok({ selector: SECURITY_ACTION.rearm, value: { unused: 0 } });
    case 'recover': {
      const keys: NewKey[] = [];
      for (const one of input.keys) {
        const key = buildNewKey(one);
        if (!key.ok) return key;
        keys.push(key.value);
      }
      return ok({ selector: SECURITY_ACTION.recover, value: { keys } });
    }
    case 'cancelRecovery':
      return ok({ selector: SECURITY_ACTION.cancelRecovery, value: { unused: 0 } });
  }
}
