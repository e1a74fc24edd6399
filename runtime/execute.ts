/**
 * Executes a final block: the state machine, readable top to bottom.
 *
 * Source: design/chain.md §2, "Order of work in a block". The order is not the proposer's to choose.
 * Execution cannot fail: a transaction that may not act gets an `invalid` receipt, an action that
 * may not gets a refusal; a broken invariant throws, and the node stops voting.
 *
 * Invariants: same state and block, same receipts, events and rows on every machine; money is
 * conserved; a refused action changes nothing but the nonce.
 */

import { beginStakingBlock, endStakingEpoch } from '../staking/end-epoch.ts';
import { fixNextEpoch, startEpochIfDue } from '../staking/epoch.ts';
import { type Actor, admit, type BlockUsage } from './accounts/admit.ts';
import { chargeAction } from './accounts/charge-action.ts';
import { earnCredits } from './accounts/earn-credits.ts';
import { followOrders } from './accounts/security/follow-orders.ts';
import { guardAction, settleGuarded } from './accounts/security/guard-action.ts';
import { runSecurity } from './accounts/security/run-security.ts';
import type { Action } from './action.ts';
import { actionClass, applyAction, CLASS, type Class } from './apply-action.ts';
import { clearBatches } from './auction/clear-batches.ts';
import { executionOrder, type Placed } from './auction/execution-order.ts';
import { updateInstrumentStates } from './auction/update-instrument-states.ts';
import { type Block, type Header, isEpochLast } from './block.ts';
import type { BlockContext } from './block-context.ts';
import { assert } from './core/result.ts';
import { type Refusal, refusalRecord } from './error.ts';
import type { Event } from './event.ts';
import { distributeFees } from './fees/distribute-fees.ts';
import { runGovernance } from './governance/run-governance.ts';
import { listLinear } from './linear/list-linear.ts';
import { updatePerpetuals } from './linear/update-perpetuals.ts';
import { runLiquidations } from './liquidation/run-liquidations.ts';
import { cancelUnsupportedOrders } from './margin/cancel-unsupported.ts';
import { expireOrders } from './matching/expire-orders.ts';
import { fireTriggers } from './matching/fire-triggers.ts';
import { expireCombos } from './multileg/expire-combos.ts';
import { expireQuotes } from './multileg/expire-quotes.ts';
import { expireSeries } from './options/expire-series.ts';
import { listSeries } from './options/list-series.ts';
import { paySettlements } from './options/pay-settlements.ts';
import { sampleSettlements } from './options/sample-settlements.ts';
import { applyOracleVotes } from './oracle/apply-votes.ts';
import { reportOracleConduct } from './oracle/conduct.ts';
import { updateMarks } from './oracle/update-marks.ts';
import type { OracleVote } from './oracle/vote.ts';
import { fireDeadManSwitches } from './quoting/fire-dead-man-switches.ts';
import {
  ACTION_RESULT,
  type ActionResult,
  nextReceiptsRoot,
  RECEIPT_STATUS,
  type Receipt,
  ReceiptsCodec,
} from './receipt.ts';
import { SINGLETON_KEY } from './state/key-codec.ts';
import { metaOf, parametersOf, type State } from './state/state.ts';
import { PAYLOAD, PayloadCodec, payloadTransactionId, type Transaction } from './transaction.ts';
import { configAt, migrateModules } from './upgrade/migrate-modules.ts';

/** `receiptsBytes` is the SSZ of `receipts`, made once for root and storage. */
export type BlockResult = {
  readonly receipts: readonly Receipt[];
  readonly receiptsBytes: Uint8Array;
  readonly events: readonly Event[];
};

/** A transaction of the block on its way through the classes. */
type Pending = {
  readonly index: number;
  readonly id: Uint8Array;
  readonly transaction: Transaction;
  readonly class: Class;
  readonly spender: Actor;
};

/** The block's payloads, decoded: votes in block order, transactions with their positions. */
function decodePayloads(block: Block): {
  votes: OracleVote[];
  transactions: Placed[];
} {
  const votes: OracleVote[] = [];
  const transactions: Placed[] = [];
  for (const [index, bytes] of block.payloads.entries()) {
    const payload = PayloadCodec.decode(bytes);
    assert(payload.ok, 'a final block holds only payloads that decode');
    switch (payload.value.selector) {
      case PAYLOAD.transaction:
        transactions.push({ index, bytes, transaction: payload.value.value });
        break;
      case PAYLOAD.oracleVote:
        votes.push(payload.value.value.vote);
        break;
    }
  }
  return { votes, transactions };
}

/** Moves the state's place in the chain to this block. */
function beginBlock(state: State, header: Header): BlockContext {
  const meta = metaOf(state);
  assert(header.height === meta.height + 1, `block ${header.height} after ${meta.height}`);
  meta.height = header.height;
  meta.timestamp = header.timestamp;
  state.meta.touch(SINGLETON_KEY);
  return {
    height: header.height,
    timestamp: header.timestamp,
    proposer: header.proposer,
    config: configAt(state.overrides, state.epochConfigs.must(header.epoch), header.height),
    parameters: parametersOf(state),
    events: [],
    multilegWork: { spent: 0 },
  };
}

/** The class of a transaction: the latest of its actions'. */
function classOf(transaction: Transaction): Class {
  let latest: Class = CLASS.cancels;
  for (const action of transaction.body.actions) {
    const own = actionClass(action);
    if (own > latest) latest = own;
  }
  return latest;
}

function refused(refusal: Refusal): ActionResult {
  return { selector: ACTION_RESULT.refused, value: refusalRecord(refusal) };
}

/** First pass, in the order of execution: who may act. Invalid transactions get their receipts here. */
function admitAll(
  state: State,
  context: BlockContext,
  transactions: readonly Placed[],
  receipts: Map<number, Receipt>,
): Pending[] {
  const usage: BlockUsage = new Map();
  const pending: Pending[] = [];
  for (const { index, bytes, transaction } of transactions) {
    const id = payloadTransactionId(state.chainId, bytes, state.sha256);
    const admitted = admit(state, context, transaction.body, usage, transaction.signatures);
    if (admitted.ok) {
      const spender = admitted.value;
      pending.push({ index, id, transaction, class: classOf(transaction), spender });
    } else {
      const results = [refused(admitted.error)];
      receipts.set(index, { transactionId: id, index, status: RECEIPT_STATUS.invalid, results });
    }
  }
  return pending;
}

/** An action of an account with rules of its own: judged right before it, counted right after. */
function applyGuarded(
  state: State,
  context: BlockContext,
  { account, security: row, signers }: Actor,
  action: Action,
): ActionResult {
  assert(row !== undefined, 'a guarded account has a row');
  const guarded = guardAction(state, context, { row, signers }, action);
  if (!guarded.ok) return refused(guarded.error);
  const firstEvent = context.events.length;
  const result = applyAction(state, context, account, action, signers);
  if (!result.ok) return refused(result.error);
  settleGuarded(state, context, guarded.value, result.value, firstEvent);
  return result.value;
}

/** Second pass: the transactions of one class. */
function applyClass(
  state: State,
  context: BlockContext,
  pending: readonly Pending[],
  wanted: Class,
  receipts: Map<number, Receipt>,
): void {
  for (const { index, id, transaction, class: own, spender } of pending) {
    if (own !== wanted) continue;
    const results = transaction.body.actions.map((action) => {
      const limited = chargeAction(state, context, spender, action);
      if (limited !== undefined) return refused(limited);
      if (spender.security !== undefined) return applyGuarded(state, context, spender, action);
      const result = applyAction(state, context, spender.account, action, spender.signers);
      return result.ok ? result.value : refused(result.error);
    });
    receipts.set(index, { transactionId: id, index, status: RECEIPT_STATUS.applied, results });
  }
}

/** Closes the block: receipts in order, their chained root, and the epoch's end if this is it. */
function endBlock(
  state: State,
  context: BlockContext,
  header: Header,
  hash: Uint8Array,
  unordered: ReadonlyMap<number, Receipt>,
): BlockResult {
  const receipts = [...unordered.values()].sort((a, b) => a.index - b.index);
  const receiptsBytes = ReceiptsCodec.encode(receipts);
  const { receiptsChain } = state;
  receiptsChain.root = nextReceiptsRoot(receiptsChain.root, receiptsBytes, state.sha256);
  if (isEpochLast(header, context.config)) {
    distributeFees(state, context);
    reportOracleConduct(state, context);
    fixNextEpoch(state, context, hash, endStakingEpoch(state, context));
  }
  return { receipts, receiptsBytes, events: context.events };
}

/**
 * Executes a final block on the state, in place. `hash` is the block's hash.
 * Throws `InvariantViolation` when an invariant is broken; the state is then unusable.
 */
export function executeBlock(state: State, block: Block, hash: Uint8Array): BlockResult {
  const receipts = new Map<number, Receipt>();
  const { votes, transactions } = decodePayloads(block);
  const sinceParentMs = block.header.timestamp - metaOf(state).timestamp;
  const context = beginBlock(state, block.header);
  migrateModules(state, context);

  applyOracleVotes(state, context, votes);
  updatePerpetuals(state, context);
  updateMarks(state, context);
  updateInstrumentStates(state, context, sinceParentMs);
  sampleSettlements(state, context);
  expireCombos(state, context);
  expireSeries(state, context);
  paySettlements(state, context);
  listLinear(state, context);
  listSeries(state, context);
  startEpochIfDue(state, context, block.header);
  beginStakingBlock(state, context, {
    view: block.header.view,
    sinceParentMs,
    oracleSlotMs: context.parameters.oracleStaleMs,
  });
  expireOrders(state, context);
  fireDeadManSwitches(state, context);
  expireQuotes(state, context);
  runSecurity(state, context);
  cancelUnsupportedOrders(state, context);
  runLiquidations(state, context);

  const ordered = executionOrder(state, transactions);
  const pending = admitAll(state, context, ordered, receipts);
  applyClass(state, context, pending, CLASS.cancels, receipts);
  applyClass(state, context, pending, CLASS.makers, receipts);
  fireTriggers(state, context);
  applyClass(state, context, pending, CLASS.rest, receipts);
  clearBatches(state, context);
  earnCredits(state, context);
  followOrders(state, context);
  runGovernance(state, context);
  return endBlock(state, context, block.header, hash, receipts);
}
