/** Triggers as the interface shows them (`schemas/account.ts`). */
import {
  ORDER_TYPE,
  POST_ONLY,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import { portfolioSubAccount } from '../../runtime/core/units.ts';
import { TRIGGER_END, type TriggerEnd } from '../../runtime/event.ts';
import type { Trigger } from '../../runtime/matching/trigger.ts';
import type { MarketMirror } from './mirror/market.ts';
import { amountOf, priceOf, sideName } from './present.ts';
import { usd } from './present-money.ts';
import type { TimeInForceText, TriggerInfo, TriggerOrderType } from './schemas/account.ts';

const TIME_IN_FORCE_TEXT: { readonly [number: number]: TimeInForceText } = {
  [TIME_IN_FORCE.gtc]: 'good_til_cancelled',
  [TIME_IN_FORCE.gtt]: 'good_til_time',
  [TIME_IN_FORCE.ioc]: 'immediate_or_cancel',
  [TIME_IN_FORCE.fok]: 'fill_or_kill',
  [TIME_IN_FORCE.gfa]: 'good_for_auction',
  [TIME_IN_FORCE.gfn]: 'good_for_normal',
};
const SOURCE_TEXT: { readonly [number: number]: TriggerInfo['trigger'] } = {
  [TRIGGER_SOURCE.mark]: 'mark_price',
  [TRIGGER_SOURCE.index]: 'index_price',
  [TRIGGER_SOURCE.last]: 'last_price',
};
/** What became of a trigger; a fired one lives on as an order of its number. */
const END_STATE: { readonly [reason: number]: TriggerInfo['order_state'] } = {
  [TRIGGER_END.fired]: 'triggered',
  [TRIGGER_END.refused]: 'rejected',
};
const END_NAME: { readonly [reason: number]: string } = Object.fromEntries(
  Object.entries(TRIGGER_END).map(([name, reason]) => [reason, name]),
);

/** A stop waits where the price would hurt: above for a buy, below for a sell. */
function orderType({ order, condition }: Trigger): TriggerOrderType {
  const isStop = (order.side === SIDE.buy) === (condition === TRIGGER_CONDITION.above);
  const isMarket = order.type === ORDER_TYPE.market;
  if (isStop) return isMarket ? 'stop_market' : 'stop_limit';
  return isMarket ? 'take_market' : 'take_limit';
}

/** `end`: why it waits no more; `undefined` where the mirror does not know the instrument. */
export function triggerInfo(
  mirror: MarketMirror,
  trigger: Trigger,
  place: { readonly account: string; readonly height: number; readonly end?: TriggerEnd },
): TriggerInfo | undefined {
  const { order } = trigger;
  const instrument = mirror.instruments.get(order.instrument);
  if (instrument === undefined) return undefined;
  const { underlying, name } = instrument;
  const waiting = trigger.triggeredAt === 0 ? 'untriggered' : 'triggered';
  return {
    order_id: trigger.id,
    instrument_name: name,
    account: place.account,
    sub_account: portfolioSubAccount(trigger.portfolio),
    direction: sideName(order.side),
    order_state: place.end === undefined ? waiting : (END_STATE[place.end] ?? 'cancelled'),
    reason: place.end === undefined ? null : (END_NAME[place.end] ?? null),
    order_type: orderType(trigger),
    time_in_force: TIME_IN_FORCE_TEXT[order.timeInForce] ?? 'good_til_cancelled',
    valid_until: order.expiresAt === 0 ? null : order.expiresAt,
    post_only: order.postOnly !== POST_ONLY.none,
    reduce_only: order.reduceOnly,
    price: order.price === 0 ? null : priceOf(order.price, instrument),
    price_ticks: order.price,
    amount: amountOf(order.size, underlying),
    amount_lots: order.size,
    display_lots: order.displaySize === 0 ? null : order.displaySize,
    trigger: SOURCE_TEXT[trigger.source] ?? 'mark_price',
    trigger_condition: trigger.condition === TRIGGER_CONDITION.above ? 'above' : 'below',
    trigger_price: usd(trigger.triggerPrice),
    trigger_micro_usd: trigger.triggerPrice,
    oco_ref: trigger.cancelsOther === 0 ? null : trigger.cancelsOther,
    client_order_id: order.clientOrderId,
    label: order.label,
    creation_timestamp: trigger.placedAt,
    height: place.height,
  };
}
