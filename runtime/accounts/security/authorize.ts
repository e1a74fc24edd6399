/**
 * Whether the keys that sign a transaction are enough for its actions, for an account that has a row in
 * table 80: m of n, agents, expiry.
 *
 * Source: design/staking-and-keys.md §4. Roles are judged before (`admit.ts`); here it is counted. A key
 * that signs twice counts once. An agent signs alone: the owner said so when it was granted.
 */
import { isStakingAction, STAKING_ACTION } from '../../../staking/actions.ts';
import { ACTION, type Action } from '../../action.ts';
import { GOVERNANCE_ACTION, isGovernanceAction } from '../../actions/governance.ts';
import { PERMISSION, SECURITY_ACTION } from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import type { AccountId } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { nonceKey, type State } from '../../state/state.ts';
import { type Account, type AccountKey, ROLE } from '../account.ts';
import type { AccountSecurity } from './rows.ts';
import { positionsOf, type Signers } from './signing-keys.ts';

/** What an action is signed as, and by how many keys. */
type Duty = { readonly role: AccountKey['role'] | 'any'; readonly threshold: number };

/** One key of the owner's, or of a guardian's, is enough for what only stops things. */
const ANY_KEY: Duty = { role: 'any', threshold: 1 };

function dutyOf({ policy }: AccountSecurity, action: Action): Duty {
  const asOwner: Duty = { role: ROLE.owner, threshold: policy.ownerThreshold };
  if (isStakingAction(action)) {
    if (action.selector === STAKING_ACTION.setWithdrawAddress) return asOwner;
    return { role: ROLE.stake, threshold: policy.stakeThreshold };
  }
  if (isGovernanceAction(action)) {
    const isVote =
      action.selector === GOVERNANCE_ACTION.castVote ||
      action.selector === GOVERNANCE_ACTION.castValidatorVote;
    return isVote ? { role: ROLE.stake, threshold: policy.stakeThreshold } : asOwner;
  }
  switch (action.selector) {
    case SECURITY_ACTION.endPending:
    case SECURITY_ACTION.freeze:
    case SECURITY_ACTION.recover:
      return ANY_KEY;
    case SECURITY_ACTION.changeSecurity:
    case SECURITY_ACTION.withdraw:
    case SECURITY_ACTION.rearm:
    case SECURITY_ACTION.cancelRecovery:
    case ACTION.transfer:
    case ACTION.setReferrer:
    case ACTION.setAgentBudget:
    case ACTION.setMarginMode:
      return asOwner;
    default:
      return { role: ROLE.trade, threshold: policy.tradeThreshold };
  }
}

/** What an agent may sign that its role may not: sends and margin mode, where they were granted. */
export function agentMaySign(
  state: State,
  account: AccountId,
  position: number,
  action: Action,
): boolean {
  const agent = state.agents.get(nonceKey.pack(account, position));
  if (agent === undefined) return false;
  const { permissions } = agent.scope;
  if (action.selector === ACTION.transfer) return (permissions & PERMISSION.sends) !== 0;
  return action.selector === ACTION.setMarginMode && (permissions & PERMISSION.marginMode) !== 0;
}

/**
 * Why the signers are not enough. Errors in order: agent_expired (given: its end), signatures_short
 * (given: keys that count, allowed: what the policy asks). O(signers × actions).
 */
export function authorize(
  state: State,
  context: BlockContext,
  of: { readonly account: Account; readonly row: AccountSecurity; readonly signers: Signers },
  actions: readonly Action[],
): Refusal | undefined {
  const { account, row, signers } = of;
  const positions = positionsOf(signers);
  let agents = 0;
  for (const position of positions) {
    const agent = state.agents.get(nonceKey.pack(account.id, position));
    if (agent === undefined) continue;
    agents += 1;
    const { expiresAt } = agent.scope;
    if (expiresAt > context.timestamp) continue;
    return refusal('agent_expired', { given: expiresAt, allowed: context.timestamp });
  }
  for (const action of actions) {
    const { role, threshold } = dutyOf(row, action);
    const isAgents = agents > 0 && agents === positions.length;
    if (role === 'any' || threshold === 1 || isAgents) continue;
    const count = positions.filter((position) => {
      const own = account.keys[position]?.role ?? ROLE.owner;
      const isAgent = state.agents.has(nonceKey.pack(account.id, position));
      return !isAgent && (own === role || own === ROLE.owner);
    }).length;
    if (count < threshold) return refusal('signatures_short', { given: count, allowed: threshold });
  }
  return undefined;
}
