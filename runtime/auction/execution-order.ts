/**
 * The order in which a block's transactions are admitted and, class by class, executed.
 *
 * Source: design/exchange.md §2, "Batch mode": transactions are sorted by (account, nonce) before
 * execution, so a block's order is worth nothing. Where a chain has a batch-mode underlying, sorted
 * and first are all transactions that name a batch-mode instrument, or no continuous one (transfers,
 * cancels of everything): what they change may carry a batch order, so their order must be worth
 * nothing either. Those that name continuous markets alone follow as the proposer put them.
 *
 * Order numbers, priorities and account numbers are given in this order, so they do not depend on
 * positions in the block. Invariant: any permutation of transactions that are all sorted gives the
 * same order.
 */
import { isStakingAction } from '../../staking/actions.ts';
import { ACTION, type Action } from '../action.ts';
import { isGovernanceAction } from '../actions/governance.ts';
import type { OrderReference } from '../actions/orders.ts';
import { isSecurityAction } from '../actions/security.ts';
import { compareBytes } from '../core/bytes.ts';
import { unreachable } from '../core/result.ts';
import type { InstrumentId, OrderId } from '../core/units.ts';
import { MATCHING } from '../options/underlying.ts';
import type { State } from '../state/state.ts';
import { type Transaction, TransactionBodyCodec } from '../transaction.ts';

/** A transaction with its position in the block, and the SSZ of the payload that it came in. */
export type Placed = {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly transaction: Transaction;
};

const NONE: readonly never[] = [];

/** The series of an open order or a waiting trigger; none when there is neither. */
function seriesOfOrder(state: State, id: OrderId): readonly InstrumentId[] {
  const order = state.orders.get(id) ?? state.triggers.get(id)?.order;
  return order === undefined ? NONE : [order.instrument];
}

/** As `seriesOfOrder`; what is named by its client order id counts as naming none. */
function seriesOfReference(state: State, { orderId }: OrderReference): readonly InstrumentId[] {
  return seriesOfOrder(state, orderId);
}

/** The series that an action names, by itself or by an order that was open before the block. */
function namedSeries(state: State, action: Action): readonly InstrumentId[] {
  if (isStakingAction(action) || isGovernanceAction(action)) return NONE;
  if (isSecurityAction(action)) return NONE;
  switch (action.selector) {
    case ACTION.placeOrder:
      return [action.value.instrument];
    case ACTION.cancelOrder:
      return seriesOfOrder(state, action.value.orderId);
    case ACTION.cancelOrders:
      return action.value.instrument === 0 ? NONE : [action.value.instrument];
    case ACTION.amendOrder:
    case ACTION.reduceOrder:
      return seriesOfReference(state, action.value.order);
    case ACTION.replaceOrder:
      return [...seriesOfReference(state, action.value.replaced), action.value.order.instrument];
    case ACTION.placeTrigger:
      return [action.value.order.instrument];
    case ACTION.linkOrders:
      return [
        ...seriesOfReference(state, action.value.first),
        ...seriesOfReference(state, action.value.second),
      ];
    case ACTION.massQuote:
      return action.value.quotes.map(({ instrument }) => instrument);
    case ACTION.createCombo:
      return action.value.legs;
    case ACTION.requestForQuote:
      return action.value.legs.map(({ instrument }) => instrument);
    case ACTION.blockTrade:
      return action.value.offer.legs.map(({ instrument }) => instrument);
    case ACTION.transfer:
    case ACTION.cancelByClientId:
    case ACTION.setProtection:
    case ACTION.resetProtection:
    case ACTION.cancelAfter:
    case ACTION.setAgentBudget:
    case ACTION.quoteRequest:
    case ACTION.cancelQuotes:
    case ACTION.acceptQuote:
    case ACTION.setReferrer:
    case ACTION.takeLiquidation:
    case ACTION.setMarginMode:
      return NONE;
    default:
      return unreachable(action);
  }
}

/** Whether the proposer's order of a transaction is worth nothing. */
function isSorted(state: State, { transaction }: Placed): boolean {
  let namesContinuous = false;
  for (const action of transaction.body.actions) {
    for (const id of namedSeries(state, action)) {
      const instrument = state.instruments.get(id);
      if (instrument === undefined) continue;
      const { matching } = state.underlyings.must(instrument.underlying);
      if (matching === MATCHING.batch) return true;
      namesContinuous = true;
    }
  }
  return !namesContinuous;
}

/** By account, then nonce; the bytes of the body decide between two that claim the same nonce. */
function compare(a: Placed, b: Placed): number {
  const first = a.transaction.body;
  const second = b.transaction.body;
  return (
    compareBytes(first.account, second.account) ||
    first.nonce - second.nonce ||
    compareBytes(TransactionBodyCodec.encode(first), TransactionBodyCodec.encode(second))
  );
}

function hasBatchMarket(state: State): boolean {
  for (const [, { matching }] of state.underlyings.unorderedEntries()) {
    if (matching === MATCHING.batch) return true;
  }
  return false;
}

/**
 * The transactions in the order of execution. Cost: O(underlyings) on a chain without batch-mode
 * markets, else O(actions + n log n).
 */
export function executionOrder(state: State, transactions: readonly Placed[]): readonly Placed[] {
  if (!hasBatchMarket(state)) return transactions;
  const sorted: Placed[] = [];
  const following: Placed[] = [];
  for (const placed of transactions) {
    if (isSorted(state, placed)) sorted.push(placed);
    else following.push(placed);
  }
  return [...sorted.sort(compare), ...following];
}
