/**
 * The `placeTrigger` action: an order that waits for a price.
 *
 * Stop and take-profit orders are triggers with a condition below or above. No margin is reserved
 * while one waits: its order is judged like any other when it fires.
 */

import {
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
  type TriggerCondition,
} from '../actions/order-terms.ts';
import type { PlaceTrigger } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import { setDue } from '../core/due-queue.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, height, orderId, type PortfolioId, portfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { MAX_TRIGGERS_PER_PORTFOLIO } from '../limits.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import { INSTRUMENT_KIND, type Instrument } from '../options/instrument.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { tickRefusal } from '../rules/order-price.ts';
import { sizeBoundsRefusal } from '../rules/order-size.ts';
import type { State } from '../state/state.ts';
import { fieldRefusal, openInstrument } from './check-order.ts';
import { withClientId } from './client-order-id.ts';
import { takeOrderId } from './order-number.ts';
import type { Trigger } from './trigger.ts';
import { indexTrigger } from './trigger-index.ts';
import { watchedPrice } from './trigger-price.ts';

/** Whether a condition holds at a price. */
export function holdsAt(condition: TriggerCondition, triggerPrice: number, price: number): boolean {
  return condition === TRIGGER_CONDITION.above ? price >= triggerPrice : price <= triggerPrice;
}

function conditionRefusal(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  { source, condition, triggerPrice }: PlaceTrigger,
): Refusal | undefined {
  if (source > TRIGGER_SOURCE.last) {
    return refusal('bad_trigger', { given: source, allowed: TRIGGER_SOURCE.last });
  }
  if (condition > TRIGGER_CONDITION.below) {
    return refusal('bad_trigger', { given: condition, allowed: TRIGGER_CONDITION.below });
  }
  if (triggerPrice < 1) return refusal('bad_trigger_price', { given: triggerPrice, allowed: 1 });
  const price = watchedPrice(state, context, instrument, source);
  if (price !== undefined && holdsAt(condition, triggerPrice, price)) {
    return refusal('trigger_holds', { given: triggerPrice, allowed: price });
  }
  return undefined;
}

/**
 * What the market would refuse whatever the price does until then: better said now than when a stop
 * fires. Errors in order: price_not_on_tick, below_min_size (unless it only reduces), above_max_size.
 */
function marketRefusal(
  state: State,
  instrument: Instrument,
  { price, size, reduceOnly }: PlaceTrigger['order'],
): Refusal | undefined {
  const underlying = contractTerms(state.underlyings.must(instrument.underlying), instrument.kind);
  const mayClose = reduceOnly ? size : 0;
  return (
    tickRefusal(underlying.optionTicks, price) ?? sizeBoundsRefusal(underlying, size, mayClose)
  );
}

function countRefusal(
  state: State,
  portfolio: PortfolioId,
  clientOrderId: number,
): Refusal | undefined {
  const taken = clientOrderId === 0 ? undefined : withClientId(state, portfolio, clientOrderId);
  if (taken !== undefined) {
    return refusal('duplicate_client_id', { given: clientOrderId, allowed: taken });
  }
  const waiting = state.derived.triggers.byPortfolio.get(portfolio)?.ids.size ?? 0;
  if (waiting >= MAX_TRIGGERS_PER_PORTFOLIO) {
    const allowed = MAX_TRIGGERS_PER_PORTFOLIO;
    return refusal('too_many_triggers', { given: waiting, allowed });
  }
  return undefined;
}

/**
 * Places a trigger. Errors in order: unknown_instrument, instrument_not_open, those of the order's
 * fields, price_not_on_tick, below_min_size, above_max_size, bad_trigger, bad_trigger_price,
 * trigger_holds (allowed: the price now), duplicate_client_id (allowed: the number that has it),
 * too_many_triggers. A price not known yet holds for nothing.
 */
export function placeTrigger(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: PlaceTrigger,
): Result<ActionResult, Refusal> {
  const { order, source, condition, triggerPrice } = action;
  const instrument = openInstrument(state, context, order.instrument);
  if (!instrument.ok) return instrument;
  if (instrument.value.kind === INSTRUMENT_KIND.combo) return err(refusal('bad_combo_terms'));
  const portfolio = portfolioId(account, order.subAccount);
  const refused =
    fieldRefusal(context, order) ??
    marketRefusal(state, instrument.value, order) ??
    conditionRefusal(state, context, instrument.value, action) ??
    countRefusal(state, portfolio, order.clientOrderId);
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  const id = takeOrderId(state);
  const trigger: Trigger = {
    id,
    portfolio,
    order,
    source,
    condition,
    triggerPrice,
    cancelsOther: orderId(0),
    placedAt: context.timestamp,
    triggeredAt: height(0),
  };
  state.triggers.set(id, trigger);
  indexTrigger(state, trigger);
  if (order.expiresAt !== 0) setDue(state.derived.orders.due, id, order.expiresAt);
  context.events.push({ selector: EVENT.triggerPlaced, value: { ...trigger } });
  return ok({ selector: ACTION_RESULT.trigger, value: { orderId: id } });
}
