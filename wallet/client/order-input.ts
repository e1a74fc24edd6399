/** Actions on single orders from human units: place, amend, reduce, replace, trigger, link, cancel. */
import { ACTION, type Action } from '../../runtime/action.ts';
import {
  ORDER_TYPE,
  POST_ONLY,
  type PostOnly,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import {
  ANY_UNDERLYING,
  type OrderReference,
  type PlaceOrder,
} from '../../runtime/actions/orders.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import {
  instrumentId,
  orderId,
  priceTicks,
  sizeLots,
  timestampMs,
  underlyingId,
} from '../../runtime/core/units.ts';
import { type InputError, inputError } from './amounts.ts';
import {
  checkedInteger,
  checkedSubAccount,
  lotsOfAmount,
  microUsdOf,
  type OrderGrid,
  ticksOfPrice,
} from './input-fields.ts';

export type TimeInForceName = keyof typeof TIME_IN_FORCE;
export type SelfTradeName = 'cancel_maker' | 'cancel_taker' | 'cancel_both' | 'decrement_both';
/** `true` is `reject`: refuse rather than take; `slide`: move to where it does not take. */
export type PostOnlyInput = boolean | 'reject' | 'slide';

const SELF_TRADE: { readonly [N in SelfTradeName]: PlaceOrder['selfTradePrevention'] } = {
  cancel_maker: SELF_TRADE_PREVENTION.cancelMaker,
  cancel_taker: SELF_TRADE_PREVENTION.cancelTaker,
  cancel_both: SELF_TRADE_PREVENTION.cancelBoth,
  decrement_both: SELF_TRADE_PREVENTION.decrementBoth,
};

/** An order in USD per coin and coins. `price` may be left out of a market order: no bound. */
export type OrderTermsInput = {
  readonly instrument: OrderGrid;
  readonly side: 'buy' | 'sell';
  readonly amount: string;
  readonly price?: string;
  /** `limit` unless told. */
  readonly orderType?: 'limit' | 'market';
  /** `gtc` unless told; `ioc` for market orders; `gtt` where `validUntil` is given. */
  readonly timeInForce?: TimeInForceName;
  /** When a `gtt` order leaves the book, ms since 1970. */
  readonly validUntil?: number;
  readonly postOnly?: PostOnlyInput;
  readonly reduceOnly?: boolean;
  readonly selfTrade?: SelfTradeName;
  /** Coins shown at a time; all unless told. */
  readonly displayAmount?: string;
  readonly clientOrderId?: number;
  readonly label?: number;
  readonly subAccount?: number;
};

/** An open order or a waiting trigger: by its number, or by the client's in a sub-account. */
export type ReferenceInput = {
  readonly orderId?: number;
  readonly clientOrderId?: number;
  readonly subAccount?: number;
};

export type OrderActionInput =
  | ({ readonly type: 'order' } & OrderTermsInput)
  /** `amount` in all, what is filled already included. */
  | {
      readonly type: 'amend';
      readonly order: ReferenceInput;
      readonly instrument: OrderGrid;
      readonly price: string;
      readonly amount: string;
      readonly postOnly?: PostOnlyInput;
    }
  | {
      readonly type: 'reduce';
      readonly order: ReferenceInput;
      readonly instrument: OrderGrid;
      readonly amount: string;
    }
  | {
      readonly type: 'replace';
      readonly replaced: ReferenceInput;
      readonly order: OrderTermsInput;
    }
  /** `triggerPrice` in USD per coin, whatever the source. */
  | {
      readonly type: 'trigger';
      readonly order: OrderTermsInput;
      readonly source: keyof typeof TRIGGER_SOURCE;
      readonly condition: keyof typeof TRIGGER_CONDITION;
      readonly triggerPrice: string;
    }
  | { readonly type: 'link'; readonly first: ReferenceInput; readonly second: ReferenceInput }
  | { readonly type: 'cancel'; readonly orderId: number }
  | {
      readonly type: 'cancelByClientId';
      readonly clientOrderId: number;
      readonly subAccount?: number;
    }
  /** Every filter that is given must apply. */
  | {
      readonly type: 'cancelOrders';
      readonly subAccount?: number;
      readonly allSubAccounts?: boolean;
      readonly underlyingId?: number;
      readonly instrumentId?: number;
      readonly label?: number;
    };

/** The post-only term of what a caller says. */
function postOnlyOf(input: PostOnlyInput | undefined): PostOnly {
  if (input === 'slide') return POST_ONLY.slide;
  return input === undefined || input === false ? POST_ONLY.none : POST_ONLY.reject;
}

function timeInForceOf(input: OrderTermsInput): TimeInForceName {
  if (input.timeInForce !== undefined) return input.timeInForce;
  if (input.orderType === 'market') return 'ioc';
  return input.validUntil === undefined ? 'gtc' : 'gtt';
}

/** What two terms say against each other; the chain refuses these too. */
function termsProblem(input: OrderTermsInput): Result<void, InputError> {
  const timeInForce = timeInForceOf(input);
  const isMarket = input.orderType === 'market';
  if (input.price === undefined && !isMarket) {
    return inputError('price', 'nothing', 'USD per coin; only market orders go without');
  }
  if (isMarket && timeInForce !== 'ioc' && timeInForce !== 'fok') {
    return inputError('timeInForce', timeInForce, 'ioc or fok for a market order');
  }
  const isImmediate = timeInForce === 'ioc' || timeInForce === 'fok';
  if (postOnlyOf(input.postOnly) !== POST_ONLY.none && isImmediate) {
    return inputError('postOnly', `true with ${timeInForce}`, 'orders that may rest');
  }
  if (timeInForce === 'gtt' && input.validUntil === undefined) {
    return inputError('validUntil', 'nothing', 'the time at which a gtt order ends, ms');
  }
  if (timeInForce !== 'gtt' && input.validUntil !== undefined) {
    return inputError('validUntil', String(input.validUntil), `gtt orders, not ${timeInForce}`);
  }
  if (input.displayAmount !== undefined && isImmediate) {
    return inputError('displayAmount', input.displayAmount, 'orders that may rest');
  }
  return ok(undefined);
}

/** The terms of an order. The first error found, in the order of the fields. */
export function orderTerms(input: OrderTermsInput): Result<PlaceOrder, InputError> {
  const problem = termsProblem(input);
  if (!problem.ok) return problem;
  const { instrument, displayAmount } = input;
  const ticks = input.price === undefined ? ok(0) : ticksOfPrice(instrument, input.price);
  if (!ticks.ok) return ticks;
  const lots = lotsOfAmount(instrument, input.amount);
  if (!lots.ok) return lots;
  const shown =
    displayAmount === undefined ? ok(0) : lotsOfAmount(instrument, displayAmount, 'displayAmount');
  if (!shown.ok) return shown;
  if (shown.value > lots.value) {
    return inputError('displayAmount', displayAmount ?? '', `at most the amount ${input.amount}`);
  }
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const clientOrderId = checkedInteger('clientOrderId', input.clientOrderId ?? 0, 0);
  if (!clientOrderId.ok) return clientOrderId;
  const label = checkedInteger('label', input.label ?? 0, 0);
  if (!label.ok) return label;
  const validUntil = checkedInteger('validUntil', input.validUntil ?? 0, 0);
  if (!validUntil.ok) return validUntil;
  return ok({
    subAccount: sub.value,
    instrument: instrumentId(instrument.instrument_id),
    side: SIDE[input.side],
    type: ORDER_TYPE[input.orderType ?? 'limit'],
    timeInForce: TIME_IN_FORCE[timeInForceOf(input)],
    postOnly: postOnlyOf(input.postOnly),
    reduceOnly: input.reduceOnly ?? false,
    selfTradePrevention: SELF_TRADE[input.selfTrade ?? 'cancel_maker'],
    price: priceTicks(ticks.value),
    size: sizeLots(lots.value),
    displaySize: sizeLots(shown.value),
    expiresAt: timestampMs(validUntil.value),
    clientOrderId: clientOrderId.value,
    label: label.value,
  });
}

/** The reference of an order; exactly one of the two numbers is given. */
function reference(field: string, input: ReferenceInput): Result<OrderReference, InputError> {
  if ((input.orderId === undefined) === (input.clientOrderId === undefined)) {
    const given = input.orderId === undefined ? 'nothing' : 'both';
    return inputError(field, given, 'the order’s number or the client order id');
  }
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const id = input.orderId === undefined ? ok(0) : checkedInteger('orderId', input.orderId, 1);
  if (!id.ok) return id;
  const client =
    input.clientOrderId === undefined
      ? ok(0)
      : checkedInteger('clientOrderId', input.clientOrderId, 1);
  if (!client.ok) return client;
  return ok({ subAccount: sub.value, orderId: orderId(id.value), clientOrderId: client.value });
}

function amend(input: Extract<OrderActionInput, { type: 'amend' }>): Result<Action, InputError> {
  const order = reference('order', input.order);
  if (!order.ok) return order;
  const ticks = ticksOfPrice(input.instrument, input.price);
  if (!ticks.ok) return ticks;
  const lots = lotsOfAmount(input.instrument, input.amount);
  if (!lots.ok) return lots;
  const value = {
    order: order.value,
    price: priceTicks(ticks.value),
    size: sizeLots(lots.value),
    postOnly: postOnlyOf(input.postOnly),
  };
  return ok({ selector: ACTION.amendOrder, value });
}

function reduce(input: Extract<OrderActionInput, { type: 'reduce' }>): Result<Action, InputError> {
  const order = reference('order', input.order);
  if (!order.ok) return order;
  const lots = lotsOfAmount(input.instrument, input.amount);
  if (!lots.ok) return lots;
  const value = { order: order.value, size: sizeLots(lots.value) };
  return ok({ selector: ACTION.reduceOrder, value });
}

function replace(
  input: Extract<OrderActionInput, { type: 'replace' }>,
): Result<Action, InputError> {
  const replaced = reference('replaced', input.replaced);
  if (!replaced.ok) return replaced;
  const order = orderTerms(input.order);
  if (!order.ok) return order;
  const value = { replaced: replaced.value, order: order.value };
  return ok({ selector: ACTION.replaceOrder, value });
}

function trigger(
  input: Extract<OrderActionInput, { type: 'trigger' }>,
): Result<Action, InputError> {
  const order = orderTerms(input.order);
  if (!order.ok) return order;
  const price = microUsdOf('triggerPrice', input.triggerPrice);
  if (!price.ok) return price;
  if (price.value === 0) {
    return inputError('triggerPrice', input.triggerPrice, 'USD per coin above 0');
  }
  const value = {
    order: order.value,
    source: TRIGGER_SOURCE[input.source],
    condition: TRIGGER_CONDITION[input.condition],
    triggerPrice: price.value,
  };
  return ok({ selector: ACTION.placeTrigger, value });
}

function link(input: Extract<OrderActionInput, { type: 'link' }>): Result<Action, InputError> {
  const first = reference('first', input.first);
  if (!first.ok) return first;
  const second = reference('second', input.second);
  if (!second.ok) return second;
  const value = { first: first.value, second: second.value };
  return ok({ selector: ACTION.linkOrders, value });
}

function cancelOrders(
  input: Extract<OrderActionInput, { type: 'cancelOrders' }>,
): Result<Action, InputError> {
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const any = ANY_UNDERLYING;
  const underlying = checkedInteger('underlyingId', input.underlyingId ?? any, 0, any);
  if (!underlying.ok) return underlying;
  const instrument = checkedInteger('instrumentId', input.instrumentId ?? 0, 0, 2 ** 32 - 1);
  if (!instrument.ok) return instrument;
  const label = checkedInteger('label', input.label ?? 0, 0);
  if (!label.ok) return label;
  const value = {
    subAccount: sub.value,
    allSubAccounts: input.allSubAccounts ?? false,
    underlying: underlyingId(underlying.value),
    instrument: instrumentId(instrument.value),
    label: label.value,
  };
  return ok({ selector: ACTION.cancelOrders, value });
}

/** One action on orders, checked. The first error found, in the order of the fields. */
export function buildOrderAction(input: OrderActionInput): Result<Action, InputError> {
  switch (input.type) {
    case 'order': {
      const order = orderTerms(input);
      return order.ok ? ok({ selector: ACTION.placeOrder, value: order.value }) : order;
    }
    case 'amend':
      return amend(input);
    case 'reduce':
      return reduce(input);
    case 'replace':
      return replace(input);
    case 'trigger':
      return trigger(input);
    case 'link':
      return link(input);
    case 'cancel': {
      const id = checkedInteger('orderId', input.orderId, 1);
      if (!id.ok) return id;
      return ok({ selector: ACTION.cancelOrder, value: { orderId: orderId(id.value) } });
    }
    case 'cancelByClientId': {
      const sub = checkedSubAccount('subAccount', input.subAccount);
      if (!sub.ok) return sub;
      const id = checkedInteger('clientOrderId', input.clientOrderId, 1);
      if (!id.ok) return id;
      const value = { subAccount: sub.value, clientOrderId: id.value };
      return ok({ selector: ACTION.cancelByClientId, value });
    }
    case 'cancelOrders':
      return cancelOrders(input);
  }
}
