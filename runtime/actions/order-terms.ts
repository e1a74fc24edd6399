/** The terms an order is given under; numbers are wire and state format, append-only. */

export const SIDE = { buy: 0, sell: 1 } as const;
export type Side = (typeof SIDE)[keyof typeof SIDE];

/** `market` takes at any price inside its bound, `price`; what is left of it never rests. */
export const ORDER_TYPE = { limit: 0, market: 1 } as const;
export type OrderType = (typeof ORDER_TYPE)[keyof typeof ORDER_TYPE];

/**
 * `gtc` rests until cancelled; `ioc` takes what it can and rests nothing; `fok` trades whole or not
 * at all; `gtt` rests until `expiresAt`; `gfa` takes part in the next auction only; `gfn` in
 * continuous trading only.
 */
export const TIME_IN_FORCE = { gtc: 0, ioc: 1, fok: 2, gtt: 3, gfa: 4, gfn: 5 } as const;
export type TimeInForce = (typeof TIME_IN_FORCE)[keyof typeof TIME_IN_FORCE];

/** An order that would take is refused, or moved to the nearest price at which it does not. */
export const POST_ONLY = { none: 0, reject: 1, slide: 2 } as const;
export type PostOnly = (typeof POST_ONLY)[keyof typeof POST_ONLY];

/** What happens where an order would trade with one of the same owner, any sub-account. */
export const SELF_TRADE_PREVENTION = {
  cancelMaker: 0,
  cancelTaker: 1,
  cancelBoth: 2,
  decrementBoth: 3,
} as const;
export type SelfTradePrevention =
  (typeof SELF_TRADE_PREVENTION)[keyof typeof SELF_TRADE_PREVENTION];

/** The price that a trigger watches: of the instrument its mark or last trade, or the index. */
export const TRIGGER_SOURCE = { mark: 0, index: 1, last: 2 } as const;
export type TriggerSource = (typeof TRIGGER_SOURCE)[keyof typeof TRIGGER_SOURCE];

/** A trigger fires when the price is at least, or at most, its own. */
export const TRIGGER_CONDITION = { above: 0, below: 1 } as const;
export type TriggerCondition = (typeof TRIGGER_CONDITION)[keyof typeof TRIGGER_CONDITION];
