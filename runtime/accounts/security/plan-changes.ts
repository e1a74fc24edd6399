/**
 * What changes come to, judged whole before any of them is made: when they are asked for, and again
 * when their wait is over, since others may have come between.
 */
import {
  type AgentScope,
  CHANGE,
  type Change,
  type NewKey,
  type Policy,
} from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import { equalBytes, toHex } from '../../core/bytes.ts';
import { err, ok, type Result, unreachable } from '../../core/result.ts';
import { address } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import type { State } from '../../state/state.ts';
import { SCHEME } from '../../transaction.ts';
import { type Account, type AccountKey, ROLE } from '../account.ts';
import { isKeyForm } from './key-proof.ts';
import { keysRefusal, policyRefusal, scopeRefusal } from './policy-rules.ts';
import { type AccountSecurity, MAX_GUARDIANS, MAX_OWN_KEYS, MAX_WHITELIST } from './rows.ts';
import { agentPositions } from './signing-keys.ts';

export type Plan = {
  /** In the order of their positions, from the end of the account's list. */
  readonly added: { readonly key: NewKey; readonly scope: AgentScope | undefined }[];
  readonly removed: number[];
  policy: Policy;
  whitelist: Uint8Array[];
  /** 20 bytes: where staking pays from now on. */
  withdrawTo: Uint8Array | undefined;
};

/** Why a key cannot be one of the account's: bad_key, key_known. O(keys). */
export function newKeyRefusal(
  { scheme, publicKey, role }: NewKey,
  known: readonly Pick<AccountKey, 'scheme' | 'publicKey'>[],
): Refusal | undefined {
  if (!isKeyForm(scheme, publicKey)) return refusal('bad_key', { given: publicKey.length });
  if (role > ROLE.guardian) return refusal('bad_key', { given: role, allowed: ROLE.guardian });
  // An Ethereum wallet signs what it shows, and it shows no trading.
  if (scheme === SCHEME.secp256k1 && role === ROLE.trade) {
    return refusal('bad_key', { given: role, allowed: ROLE.owner });
  }
  const at = known.findIndex(
    (key) => key.scheme === scheme && equalBytes(key.publicKey, publicKey),
  );
  return at < 0 ? undefined : refusal('key_known', { given: at });
}

function addKey(
  { account, plan }: { readonly account: Account; readonly plan: Plan },
  key: NewKey,
  scope: AgentScope | undefined,
): Refusal | undefined {
  const refused = newKeyRefusal(key, [...account.keys, ...plan.added.map((one) => one.key)]);
  if (refused !== undefined) return refused;
  const count = account.keys.length + plan.added.length;
  if (count >= MAX_OWN_KEYS) return refusal('too_many_keys', { given: count + 1, allowed: count });
  plan.added.push({ key, scope });
  return undefined;
}

function planChange(
  state: State,
  context: BlockContext,
  account: Account,
  plan: Plan,
  change: Change,
): Refusal | undefined {
  switch (change.selector) {
    case CHANGE.addKey:
      return addKey({ account, plan }, change.value.key, undefined);
    case CHANGE.addAgent: {
      const { key, scope } = change.value;
      if (key.role !== ROLE.trade || key.scheme !== SCHEME.ed25519) {
        return refusal('bad_key', { given: key.role, allowed: ROLE.trade });
      }
      const refused = addKey({ account, plan }, key, scope);
      return refused ?? scopeRefusal(scope, context.timestamp);
    }
    case CHANGE.removeKey: {
      const { position } = change.value;
      const key = account.keys[position];
      if (key === undefined || key.removed || plan.removed.includes(position)) {
        return refusal('unknown_key_position', { given: position });
      }
      plan.removed.push(position);
      return undefined;
    }
    case CHANGE.setPolicy:
      plan.policy = change.value.policy;
      return policyRefusal(plan.policy);
    case CHANGE.allowAddress: {
      const named = change.value.address;
      if (plan.whitelist.some((one) => equalBytes(one, named))) return undefined;
      if (plan.whitelist.length >= MAX_WHITELIST) {
        return refusal('too_many_addresses', { given: MAX_WHITELIST + 1, allowed: MAX_WHITELIST });
      }
      plan.whitelist = [...plan.whitelist, named];
      return undefined;
    }
    case CHANGE.forbidAddress: {
      const left = plan.whitelist.filter((one) => !equalBytes(one, change.value.address));
      if (left.length === plan.whitelist.length) return refusal('unknown_address');
      plan.whitelist = left;
      return undefined;
    }
    case CHANGE.setWithdrawAddress: {
      const named = change.value.address;
      if (!state.accounts.has(address(toHex(named)))) return refusal('unknown_receiver');
      plan.withdrawTo = named;
      return undefined;
    }
    default:
      return unreachable(change);
  }
}

/**
 * Judges changes against the account as it is. Errors in order, change by change: bad_key, key_known,
 * too_many_keys, bad_scope, unknown_key_position, bad_policy, too_many_addresses, unknown_address,
 * unknown_receiver; then too_many_keys (guardians), policy_unsatisfiable. Changes nothing. O(changes × keys).
 */
export function planChanges(
  state: State,
  context: BlockContext,
  of: { readonly account: Account; readonly row: AccountSecurity },
  changes: readonly Change[],
): Result<Plan, Refusal> {
  const { account, row } = of;
  const { policy, whitelist } = row;
  const plan: Plan = { added: [], removed: [], policy, whitelist, withdrawTo: undefined };
  for (const change of changes) {
    const refused = planChange(state, context, account, plan, change);
    if (refused !== undefined) return err(refused);
  }
  // An agent is nobody who signs beside others.
  const agents = agentPositions(state, account);
  const kept = account.keys.filter(
    ({ removed }, at) => !removed && !plan.removed.includes(at) && !agents.includes(at),
  );
  const added = plan.added.filter(({ scope }) => scope === undefined);
  const keys = [...kept, ...added.map(({ key }) => ({ ...key, removed: false }))];
  const guardians = keys.filter(({ role }) => role === ROLE.guardian).length;
  if (guardians > MAX_GUARDIANS) {
    return err(refusal('too_many_keys', { given: guardians, allowed: MAX_GUARDIANS }));
  }
  const unsatisfied = keysRefusal(plan.policy, keys);
  return unsatisfied === undefined ? ok(plan) : err(unsatisfied);
}
