/**
 * Fires triggers whose price has come, between the makers and the rest of a block.
 *
 * Source: design/chain.md §2, "Order of work". The trigger time is the block in which the condition
 * first held: after its marks, or after the last trade of the block before, so that no trigger sees
 * a trade of its own block. Triggers fire by (trigger time, number), at most a fixed number in a
 * block; the others keep their time and fire in the next.
 */
import type { BlockContext } from '../block-context.ts';
import { firstDue } from '../core/due-queue.ts';
import { orderId } from '../core/units.ts';
import { RUNTIME_ERRORS } from '../error.ts';
import { EVENT, TRIGGER_END } from '../event.ts';
import { MAX_TRIGGER_WEIGHT_PER_BLOCK, MAX_TRIGGERS_FIRED_PER_BLOCK } from '../limits.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import { freshIndex } from '../oracle/freshness.ts';
import type { State } from '../state/state.ts';
import { cancelLinked } from './cancel-linked.ts';
import { closeTrigger, removeTrigger } from './close-trigger.ts';
import { enterOrder, NEW_ORDER } from './enter-order.ts';
import { lastPriceBefore } from './last-trade.ts';
import { isOverdue } from './overdue.ts';
import type { Trigger } from './trigger.ts';
import { heldAt, markTriggered, type Watch } from './trigger-index.ts';
import { orderWeight } from './turns.ts';

function comparePrice(state: State, watch: Watch, price: number): void {
  for (const id of heldAt(watch, price)) markTriggered(state, state.triggers.must(id));
}

/** Marks, of the expiries marked in this block. */
function compareMarks(state: State, context: BlockContext): void {
  const { marks } = state.derived.triggers;
  for (const [expiry, watches] of [...marks]) {
    if (state.markInputs.get(expiry)?.markedAt !== context.timestamp) continue;
    for (const [instrument, watch] of [...watches]) {
      const mark = state.derived.marks.byInstrument.get(instrument);
      if (mark !== undefined) comparePrice(state, watch, mark.price);
    }
  }
}

function compareIndexes(state: State, context: BlockContext): void {
  for (const [underlying, watch] of [...state.derived.triggers.indexes]) {
    const index = freshIndex(state, context, underlying);
    if (index !== undefined) comparePrice(state, watch, index);
  }
}

/** Last trades of the block before, of the series that traded in it. */
function compareLastTrades(state: State, context: BlockContext): void {
  const { traded, lastTrades } = state.derived.triggers;
  for (const instrument of [...traded]) {
    const price = lastPriceBefore(state, context, instrument);
    const watch = lastTrades.get(instrument);
    if (price > 0 && watch !== undefined) {
      const { underlying, kind } = state.instruments.must(instrument);
      const terms = contractTerms(state.underlyings.must(underlying), kind);
      comparePrice(state, watch, price * terms.optionTickMicroUsd);
    }
    // Traded in this block already: for the next.
    if (state.lastTrades.get(instrument)?.height !== context.height) traded.delete(instrument);
  }
}

/** Fires one: the linked order goes first, then the order enters under the trigger's number. */
function fire(state: State, context: BlockContext, trigger: Trigger): void {
  const { id, portfolio, order } = trigger;
  if (isOverdue(order, context.timestamp)) {
    closeTrigger(state, context, trigger, { reason: TRIGGER_END.time });
    return;
  }
  removeTrigger(state, trigger);
  if (trigger.cancelsOther !== 0) cancelLinked(state, context, trigger);
  const entered = enterOrder(state, context, portfolio, order, { ...NEW_ORDER, id });
  const value = entered.ok
    ? { orderId: id, reason: TRIGGER_END.fired, error: 0 }
    : {
        orderId: id,
        reason: TRIGGER_END.refused,
        error: RUNTIME_ERRORS[entered.error.code].number,
      };
  context.events.push({ selector: EVENT.triggerClosed, value });
}

/**
 * Fires what is due. Cost: O(1) for each expiry, index and traded series watched, and an order for
 * each trigger fired.
 */
export function fireTriggers(state: State, context: BlockContext): void {
  const { traded, due } = state.derived.triggers;
  if (state.triggers.size === 0) {
    if (traded.size > 0) forgetTrades(state, context);
    return;
  }
  compareMarks(state, context);
  compareIndexes(state, context);
  compareLastTrades(state, context);
  let weight = 0;
  for (let fired = 0; fired < MAX_TRIGGERS_FIRED_PER_BLOCK; fired++) {
    const id = firstDue(due, context.height);
    if (id === undefined || weight >= MAX_TRIGGER_WEIGHT_PER_BLOCK) return;
    const trigger = state.triggers.must(orderId(id));
    weight += orderWeight(trigger.order);
    fire(state, context, trigger);
  }
}

/** Nobody waits: only what traded in this block is compared in the next. */
function forgetTrades(state: State, context: BlockContext): void {
  const { traded } = state.derived.triggers;
  for (const instrument of [...traded]) {
    if (state.lastTrades.get(instrument)?.height !== context.height) traded.delete(instrument);
  }
}
