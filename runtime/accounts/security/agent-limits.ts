/** What an agent may do: scope by action, sub-account and underlying, limits over 24 hours. */
import { isStakingAction } from '../../../staking/actions.ts';
import { ACTION, type Action } from '../../action.ts';
import { SWITCH_SCOPE } from '../../actions/quoting.ts';
import { PERMISSION } from '../../actions/security.ts';
import type { BlockContext } from '../../block-context.ts';
import { mulDivFloor } from '../../core/math.ts';
import { type AccountId, portfolioId } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { markValueOf } from '../../margin/excess.ts';
import { accountMargin } from '../../margin/requirements.ts';
import { nonceKey, type State } from '../../state/state.ts';
import type { Exposure } from './exposure.ts';
import { addToBucket, levelNow } from './meter.ts';
import type { Agent, Bucket } from './rows.ts';

const MICRO_PER_USD = 1_000_000n;
const BPS_PER_ONE = 10_000n;

/** The permission that an action needs: 0 none (cancels), `undefined`: no agent ever has it. */
function permissionOf(state: State, action: Action): number | undefined {
  if (isStakingAction(action)) return undefined;
  switch (action.selector) {
    case ACTION.cancelOrder:
    case ACTION.cancelByClientId:
    case ACTION.cancelOrders:
    case ACTION.reduceOrder:
    case ACTION.cancelQuotes:
      return 0;
    case ACTION.placeOrder:
      return state.combos.has(action.value.instrument) ? PERMISSION.combos : PERMISSION.orders;
    case ACTION.replaceOrder:
    case ACTION.amendOrder:
      return PERMISSION.orders;
    case ACTION.placeTrigger:
    case ACTION.linkOrders:
      return PERMISSION.triggers;
    case ACTION.massQuote:
    case ACTION.setProtection:
    case ACTION.resetProtection:
    case ACTION.cancelAfter:
      return PERMISSION.quotes;
    case ACTION.createCombo:
      return PERMISSION.combos;
    case ACTION.requestForQuote:
    case ACTION.acceptQuote:
      return PERMISSION.requestQuotes;
    case ACTION.quoteRequest:
      return PERMISSION.answerRequests;
    case ACTION.blockTrade:
      return PERMISSION.blockTrades;
    case ACTION.takeLiquidation:
      return PERMISSION.liquidations;
    case ACTION.setMarginMode:
      return PERMISSION.marginMode;
    case ACTION.transfer:
      return PERMISSION.sends;
    default:
      return undefined;
  }
}

const EVERY: readonly number[] = Array.from({ length: 256 }, (_, sub) => sub);

/** Sub-accounts that an action names beside those of its exposure. */
function otherSubAccounts(action: Action): readonly number[] {
  switch (action.selector) {
    case ACTION.cancelByClientId:
    case ACTION.cancelQuotes:
      return [action.value.subAccount];
    case ACTION.cancelOrders:
      return action.value.allSubAccounts ? EVERY : [action.value.subAccount];
    case ACTION.cancelAfter:
      return action.value.scope === SWITCH_SCOPE.account ? EVERY : [];
    case ACTION.linkOrders:
      return [action.value.first.subAccount, action.value.second.subAccount];
    case ACTION.transfer:
      return [action.value.fromSubAccount, action.value.toSubAccount];
    default:
      return [];
  }
}

/** `agent_scope` (given: 1 the action, 2 its sub-account, 3 its underlying), or `undefined`. */
function scopeRefusal(
  state: State,
  { scope }: Agent,
  action: Action,
  exposure: Exposure | undefined,
): Refusal | undefined {
  const needed = permissionOf(state, action);
  if (needed === undefined || (scope.permissions & needed) !== needed) {
    return refusal('agent_scope', { given: 1 });
  }
  const subs = [...(exposure?.subAccounts ?? []), ...otherSubAccounts(action)];
  const allowedSubs: readonly number[] = scope.subAccounts;
  if (allowedSubs.length > 0 && subs.some((sub) => !allowedSubs.includes(sub))) {
    return refusal('agent_scope', { given: 2 });
  }
  const { underlyings } = scope;
  if (underlyings.length > 0) {
    for (const id of exposure?.instruments ?? []) {
      const row = state.instruments.get(id);
      if (row !== undefined && !underlyings.includes(row.underlying)) {
        return refusal('agent_scope', { given: 3 });
      }
    }
  }
  return undefined;
}

function limitRefusal(
  bucket: Bucket,
  usd: number,
  context: BlockContext,
  amount: bigint,
): Refusal | undefined {
  if (usd === 0 || amount === 0n) return undefined;
  const limit = BigInt(usd) * MICRO_PER_USD;
  const given = levelNow(bucket, limit, context.timestamp) + amount;
  return given > limit ? refusal('agent_limit', { given, allowed: limit }) : undefined;
}

/** The cap on initial margin over equity, with what the action may add. */
function marginRefusal(
  state: State,
  { account, scope }: Agent,
  { margin, subAccounts }: Exposure,
): Refusal | undefined {
  const [sub] = subAccounts;
  if (scope.maxMarginBps === 0 || margin === 0n || sub === undefined) return undefined;
  const portfolio = portfolioId(account, sub);
  const equity = markValueOf(state, portfolio);
  const allowed = equity <= 0n ? 0n : mulDivFloor(equity, BigInt(scope.maxMarginBps), BPS_PER_ONE);
  const given = accountMargin(state, portfolio).initial + margin;
  return given > allowed ? refusal('agent_limit', { given, allowed }) : undefined;
}

/**
 * Why an agent may not do this now. Errors in order: agent_scope, agent_limit (notional, premium, then
 * margin; given: with it, in micro-USD). Changes nothing.
 */
export function agentRefusal(
  state: State,
  context: BlockContext,
  agent: Agent,
  action: Action,
  exposure: Exposure | undefined,
): Refusal | undefined {
  const outside = scopeRefusal(state, agent, action, exposure);
  if (outside !== undefined || exposure === undefined) return outside;
  const { scope, notional, premium } = agent;
  return (
    limitRefusal(notional, scope.notionalUsd, context, exposure.notional) ??
    limitRefusal(premium, scope.premiumUsd, context, exposure.premium) ??
    marginRefusal(state, agent, exposure)
  );
}

/** Counts what an agent has ordered: reserved at placement, whatever becomes of it. */
export function countAgentOrders(
  state: State,
  context: BlockContext,
  agent: Agent,
  exposure: Exposure,
): void {
  const { account, position, scope, notional, premium } = agent;
  const now = context.timestamp;
  if (scope.notionalUsd > 0) {
    addToBucket(notional, BigInt(scope.notionalUsd) * MICRO_PER_USD, now, exposure.notional);
  }
  if (scope.premiumUsd > 0) {
    addToBucket(premium, BigInt(scope.premiumUsd) * MICRO_PER_USD, now, exposure.premium);
  }
  state.agents.touch(nonceKey.pack(account, position));
}

/** The agents among the keys that sign. */
export function agentsAmong(
  state: State,
  account: AccountId,
  positions: readonly number[],
): Agent[] {
  return positions.flatMap((position) => state.agents.get(nonceKey.pack(account, position)) ?? []);
}
