/**
 * Guards one action of an account that has a row in table 80: right before it is carried out, and right
 * after.
 *
 * Source: design/staking-and-keys.md §4. Keys were judged when the transaction was admitted; what has
 * happened since in the same block (a key removed, a freeze) counts here. The first half changes
 * nothing; the second counts what the action came to, and remembers which key the orders are of.
 */
import { isStakingAction, STAKING_ACTION } from '../../../staking/actions.ts';
import { ACTION, type Action } from '../../action.ts';
import type { Transfer } from '../../actions/transfer.ts';
import { DENOMINATION } from '../../actions/transfer.ts';
import type { BlockContext } from '../../block-context.ts';
import { equalBytes, fromHex, toHex } from '../../core/bytes.ts';
import { maxBigint } from '../../core/math.ts';
import { assert, err, ok, type Result } from '../../core/result.ts';
import { type AccountId, address, portfolioAccount } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { EVENT, type Event } from '../../event.ts';
import type { Order } from '../../matching/order.ts';
import { ACTION_RESULT, type ActionResult } from '../../receipt.ts';
import { nonceKey, type State } from '../../state/state.ts';
import type { Account } from '../account.ts';
import { agentRefusal, agentsAmong, countAgentOrders } from './agent-limits.ts';
import { heldRefusal } from './change-security.ts';
import { type Exposure, exposureOf, giveUpPerLot } from './exposure.ts';
import { isFrozen } from './freeze.ts';
import { isAllowedFrozen } from './frozen-actions.ts';
import { countOutflow, outflowRefusal } from './meter.ts';
import { isProtected } from './policy-rules.ts';
import { whitelistRefusal } from './request-withdrawal.ts';
import type { AccountSecurity } from './rows.ts';
import { dropOrderKey, putOrderKey } from './security-index.ts';
import { factorGroupsOf, positionsOf, type Signers } from './signing-keys.ts';

/** What an action that passed is to be counted as, once it is carried out. */
export type Guarded = {
  readonly row: AccountSecurity;
  readonly positions: readonly number[];
  readonly exposure: Exposure | undefined;
  /** Micro-USD that leave by a send. */
  readonly sent: bigint;
  /** Two factor groups sign: nothing is metered. */
  readonly isMetered: boolean;
};

function accountOf(state: State, account: AccountId): Account {
  const owner = state.derived.accounts.addressById.get(account);
  assert(owner !== undefined, `account ${account} has an address`);
  return state.accounts.must(owner);
}

/** Micro-USD that a send takes out of the account, and why it may not. */
function sendRefusal(
  state: State,
  context: BlockContext,
  { row, positions, isMetered }: Pick<Guarded, 'row' | 'positions' | 'isMetered'>,
  { to, denomination, amount }: Transfer,
): Refusal | undefined {
  const held = heldRefusal(row, context);
  if (held !== undefined) return held;
  const outside = whitelistRefusal(row, to);
  if (outside !== undefined || !isMetered) return outside;
  const isGuarded = isProtected(row.policy);
  const isCounted = row.policy.outflowBps > 0 && denomination === DENOMINATION.usd;
  // MIL has no price here, so no limit can let it pass.
  if (isGuarded && !isCounted) return refusal('second_factor', { given: 1, allowed: 2 });
  const amountUsd = denomination === DENOMINATION.usd ? amount : 0n;
  const beyond = outflowRefusal(state, context, row, positions, amountUsd);
  return beyond === undefined || !isGuarded
    ? beyond
    : refusal('second_factor', { given: 1, allowed: 2 });
}

/** What loosens by an action of its own: a withdraw address elsewhere, a budget that grows. */
function looseningRefusal(state: State, row: AccountSecurity, action: Action): Refusal | undefined {
  if (!isProtected(row.policy)) return undefined;
  if (isStakingAction(action)) {
    if (action.selector !== STAKING_ACTION.setWithdrawAddress) return undefined;
    const owner = state.derived.accounts.addressById.get(row.account);
    const own = owner === undefined ? undefined : fromHex(owner);
    const isOwn = own !== undefined && equalBytes(action.value.address, own);
    return isOwn ? undefined : refusal('change_waits');
  }
  if (action.selector !== ACTION.setAgentBudget) return undefined;
  const { keyPosition, actionsPerMinute, notionalPerDayUsd } = action.value;
  const known = state.agentBudgets.get(nonceKey.pack(row.account, keyPosition));
  const grows = (next: number, before: number): boolean =>
    before !== 0 && (next === 0 || next > before);
  const isLooser =
    known !== undefined &&
    (grows(actionsPerMinute, known.actionsPerMinute) ||
      grows(notionalPerDayUsd, known.notionalPerDayUsd));
  return isLooser ? refusal('change_waits') : undefined;
}

/** Rewards that are paid elsewhere leave the account. */
function claimRefusal(
  state: State,
  context: BlockContext,
  row: AccountSecurity,
  action: Action,
): Refusal | undefined {
  const isClaim = isStakingAction(action) && action.selector === STAKING_ACTION.claimRewards;
  if (!isClaim || !state.staking.withdrawTo.has(row.account)) return undefined;
  return heldRefusal(row, context);
}

/**
 * Why an action may not be carried out, or what it is to be counted as. Errors in order: removed_key
 * (given: its position), account_frozen, change_waits, recovery_running or account_frozen (of what
 * leaves), not_whitelisted, second_factor, agent_scope, agent_limit, outflow_limit. Changes nothing.
 * Cost: O(keys that sign), an exposure, and of metered accounts once a minute their equity.
 */
export function guardAction(
  state: State,
  context: BlockContext,
  of: { readonly row: AccountSecurity; readonly signers: Signers },
  action: Action,
): Result<Guarded, Refusal> {
  const { row, signers } = of;
  const account = accountOf(state, row.account);
  const positions = positionsOf(signers);
  const gone = positions.find((position) => account.keys[position]?.removed === true);
  if (gone !== undefined) return err(refusal('removed_key', { given: gone }));
  if (isFrozen(row, context) && !isAllowedFrozen(action)) {
    const allowed = row.frozenUntil;
    return err(refusal('account_frozen', { given: context.timestamp, allowed }));
  }
  const isMetered = factorGroupsOf(account, signers) < 2;
  const early = looseningRefusal(state, row, action) ?? claimRefusal(state, context, row, action);
  if (early !== undefined) return err(early);
  const receiver =
    action.selector === ACTION.transfer
      ? state.accounts.get(address(toHex(action.value.to)))?.id
      : row.account;
  const isSend = action.selector === ACTION.transfer && receiver !== row.account;
  if (isSend) {
    const refused = sendRefusal(state, context, { row, positions, isMetered }, action.value);
    if (refused !== undefined) return err(refused);
  }
  const exposure = exposureOf(state, context, row.account, action);
  for (const agent of agentsAmong(state, row.account, positions)) {
    const refused = agentRefusal(state, context, agent, action, exposure);
    if (refused !== undefined) return err(refused);
  }
  if (isMetered && exposure !== undefined) {
    const beyond = outflowRefusal(state, context, row, positions, exposure.giveUp);
    if (beyond !== undefined) return err(beyond);
  }
  const isUsd = isSend && action.value.denomination === DENOMINATION.usd;
  const sent = isUsd ? action.value.amount : 0n;
  return ok({ row, positions, exposure, sent, isMetered });
}

/** An order or a trigger that an event says is open from now on. */
type Opened = Pick<Order, 'id' | 'portfolio' | 'instrument' | 'side' | 'price'> & {
  readonly lots: number;
};

function openedBy(state: State, event: Event): Opened | undefined {
  switch (event.selector) {
    case EVENT.orderOpened:
      return { ...event.value, lots: event.value.remaining };
    case EVENT.triggerPlaced: {
      const { id, portfolio, order } = event.value;
      return { ...order, id, portfolio, lots: order.size };
    }
    case EVENT.orderAmended: {
      const order = state.orders.get(event.value.orderId);
      return order === undefined ? undefined : { ...order, lots: event.value.remaining };
    }
    default:
      return undefined;
  }
}

/**
 * Remembers which key the orders are of that an action opened or amended, and what of each the meters
 * hold; the sum of that in micro-USD.
 */
function noteOrders(
  state: State,
  context: BlockContext,
  { row, positions, exposure, isMetered }: Guarded,
  firstEvent: number,
): bigint {
  const [position] = positions;
  if (position === undefined) return 0n;
  let held = 0n;
  for (let at = firstEvent; at < context.events.length; at++) {
    const event = context.events[at];
    const opened = event === undefined ? undefined : openedBy(state, event);
    if (opened === undefined || portfolioAccount(opened.portfolio) !== row.account) continue;
    const before = state.orderKeys.get(opened.id);
    if (before !== undefined) {
      countOutflow(state, context, row, [before.position], -before.perLot * BigInt(before.lots));
      dropOrderKey(state, opened.id, before);
    }
    const isOrder = exposure?.kind === 'order';
    const metered = isOrder ? exposure.perLot : giveUpPerLot(state, context, opened);
    const perLot = isMetered ? metered : 0n;
    held += perLot * BigInt(opened.lots);
    putOrderKey(state, opened.id, { account: row.account, position, lots: opened.lots, perLot });
  }
  return held;
}

/** What an action cost beside its give-up, in micro-USD: fees, and claims that went elsewhere. */
function paidBy(state: State, { row, exposure }: Guarded, result: ActionResult): bigint {
  switch (result.selector) {
    case ACTION_RESULT.order:
    case ACTION_RESULT.legsTraded:
    case ACTION_RESULT.liquidationTaken:
      return exposure?.hasFee === true ? 0n : maxBigint(0n, result.value.fee);
    case ACTION_RESULT.stakeClaimed:
      return state.staking.withdrawTo.has(row.account) ? result.value.usd : 0n;
    default:
      return 0n;
  }
}

/** What an action that was carried out gave away: of one order what traded and what rests. */
function givenBy(exposure: Exposure | undefined, result: ActionResult, held: bigint): bigint {
  switch (exposure?.kind) {
    case undefined:
      return 0n;
    case 'order': {
      const isOrder = result.selector === ACTION_RESULT.order;
      const filled = isOrder ? BigInt(result.value.filledLots) : 0n;
      return exposure.perLot * filled + held;
    }
    case 'quotes':
      return held;
    case 'legs':
      return exposure.giveUp;
  }
}

/** Counts what a guarded action came to. `firstEvent`: the first of its own. */
export function settleGuarded(
  state: State,
  context: BlockContext,
  guarded: Guarded,
  result: ActionResult,
  firstEvent: number,
): void {
  const { row, positions, exposure, sent, isMetered } = guarded;
  const held = noteOrders(state, context, guarded, firstEvent);
  if (exposure !== undefined) {
    for (const agent of agentsAmong(state, row.account, positions)) {
      countAgentOrders(state, context, agent, exposure);
    }
  }
  if (!isMetered) return;
  const given = givenBy(exposure, result, held);
  countOutflow(state, context, row, positions, given + paidBy(state, guarded, result) + sent);
}
