/** Brings planned changes into force. */
import type { NewKey } from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import { toHex } from '../../core/bytes.ts';
import { setDue } from '../../core/due-queue.ts';
import { assert } from '../../core/result.ts';
import { type AccountId, address } from '../../core/units.ts';
import { EVENT } from '../../event.ts';
import { nonceKey, type State } from '../../state/state.ts';
import type { Plan } from './plan-changes.ts';
import { removeKeys } from './remove-key.ts';
import type { Agent } from './rows.ts';

/** Adds a key at the end of the account's list; its position. */
export function appendKey(
  state: State,
  context: BlockContext,
  account: AccountId,
  { scheme, publicKey, role, factorGroup }: NewKey,
  kind: 'key' | 'agent',
): number {
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  const { keys } = state.accounts.must(owner);
  const position = keys.length;
  const addedAt = context.timestamp;
  keys.push({ scheme, publicKey, role, factorGroup, addedAt, removed: false });
  state.accounts.touch(owner);
  const isAgent = kind === 'agent';
  const value = { account, position, scheme, role, isAgent, removed: false };
  context.events.push({ selector: EVENT.keyChanged, value });
  return position;
}

/** Makes a plan true: `planChanges` has found nothing against it. */
export function applyPlan(
  state: State,
  context: BlockContext,
  account: AccountId,
  plan: Plan,
): void {
  const row = state.accountSecurity.must(account);
  for (const { key, scope } of plan.added) {
    const kind = scope === undefined ? 'key' : 'agent';
    const position = appendKey(state, context, account, key, kind);
    if (scope === undefined) continue;
    const place = nonceKey.pack(account, position);
    const empty = { level: 0n, updatedAt: context.timestamp };
    const agent: Agent = {
      account,
      position,
      scope,
      notional: { ...empty },
      premium: { ...empty },
    };
    state.agents.set(place, agent);
    setDue(state.derived.security.agents, place, scope.expiresAt);
  }
  if (plan.removed.length > 0) removeKeys(state, context, account, plan.removed);
  const isRule = plan.policy !== row.policy || plan.whitelist !== row.whitelist;
  row.policy = plan.policy;
  row.whitelist = plan.whitelist;
  if (plan.withdrawTo !== undefined) {
    const receiver = state.accounts.must(address(toHex(plan.withdrawTo))).id;
    if (receiver === account) state.staking.withdrawTo.delete(account);
    else state.staking.withdrawTo.set(account, { account: receiver });
  }
  state.accountSecurity.touch(account);
  if (isRule || plan.withdrawTo !== undefined) {
    context.events.push({ selector: EVENT.policyChanged, value: { account } });
  }
}
