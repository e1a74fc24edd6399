/**
 * A taker: at the times of a Poisson process it takes liquidity in a random followed series at the best
 * price, both sides alike, and small sizes. Most orders are immediate-or-cancel; some are fill-or-kill,
 * some wait as stops, some buy a straddle as a combo.
 */

import type { EventLog } from '../../feeder/event-log.ts';
import { gaussian, uniforms } from '../../feeder/simulate/random.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { STRUCTURE } from '../../runtime/actions/multileg.ts';
import {
  SIDE,
  TIME_IN_FORCE,
  TRIGGER_CONDITION,
  TRIGGER_SOURCE,
} from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import {
  instrumentId,
  priceTicks,
  sizeLots,
  subAccount as subAccountNumber,
} from '../../runtime/core/units.ts';
import { COMBO_ZERO_TICKS } from '../../runtime/multileg/combo.ts';
import type { MarketView, Series } from './market-view.ts';
import type { Trader } from './trader.ts';

/** Size in BTC: most trades are small, few are not. */
const SIZE_MEDIAN_COINS = 0.06;
const SIZE_DEVIATION = 1;
const LARGEST_COINS = 1;
const COINS_PER_BTC: Record<string, number> = { BTC: 1, ETH: 20 };

/** Shares of what is sent that are not plain orders. */
const FOK_SHARE = 0.1;
const STOP_SHARE = 0.05;
const COMBO_SHARE = 0.05;
/** How far the index must move before a stop fires. */
const STOP_DISTANCE = 0.000_2;

export type TakerOptions = {
  readonly market: MarketView;
  readonly trader: Trader;
  readonly ordersPerSecond: number;
  readonly seed: number;
  readonly log: EventLog;
};

type Take = { readonly series: Series; readonly side: 'buy' | 'sell'; readonly price: number };

/** What can be taken now: series with an offer on that side of the book. */
function offers(market: MarketView): Take[] {
  return market.series().flatMap((series): Take[] => {
    const { best_bid_price: bid, best_ask_price: ask } = series.ticker ?? {};
    return [
      ...(ask == null ? [] : [{ series, side: 'buy' as const, price: ask }]),
      ...(bid == null ? [] : [{ series, side: 'sell' as const, price: bid }]),
    ];
  });
}

/** A call and the put of its strike and expiry, both offered; `undefined` for none. */
function straddleOf(all: readonly Series[], chance: number): readonly Series[] | undefined {
  const offered = all.filter(({ ticker }) => ticker?.best_ask_price != null);
  const pairs = offered.flatMap((call) => {
    if (call.instrument.option_type !== 'call') return [];
    const { strike, expiration_timestamp: expiry, base_currency: currency } = call.instrument;
    const put = offered.find(
      ({ instrument: one }) =>
        one.option_type === 'put' &&
        one.strike === strike &&
        one.expiration_timestamp === expiry &&
        one.base_currency === currency,
    );
    return put === undefined ? [] : [[call, put]];
  });
  return pairs[Math.floor(chance * pairs.length)];
}

/**
 * The order as it is sent: most as they are, some fill-or-kill, some as a stop that fires at once or
 * when the index moves a little against it.
 */
function actionOf(order: PlaceOrder, { ticker }: Series, chance: number): Action {
  const index = ticker?.index_price;
  if (chance < FOK_SHARE) {
    const value = { ...order, timeInForce: TIME_IN_FORCE.fok };
    return { selector: ACTION.placeOrder, value };
  }
  if (chance < FOK_SHARE + STOP_SHARE && index != null) {
    const isBuy = order.side === SIDE.buy;
    const triggerPrice = Math.round(index * (isBuy ? 1 + STOP_DISTANCE : 1 - STOP_DISTANCE) * 1e6);
    const condition = isBuy ? TRIGGER_CONDITION.above : TRIGGER_CONDITION.below;
    const value = { order, source: TRIGGER_SOURCE.index, condition, triggerPrice };
    return { selector: ACTION.placeTrigger, value };
  }
  return { selector: ACTION.placeOrder, value: order };
}

/** Runs until `stop` is called; returns how. */
export function runTaker(options: TakerOptions): { readonly stop: () => Promise<void> } {
  const { market, trader, ordersPerSecond, log } = options;
  const uniform = uniforms(options.seed);
  let isStopped = false;
  let wake = (): void => {};

  const takeOne = async (): Promise<void> => {
    const all = offers(market);
    const chosen = all[Math.floor(uniform() * all.length)];
    if (!chosen) return;
    const { instrument } = chosen.series;
    const scale = COINS_PER_BTC[instrument.base_currency] ?? 1;
    const coins = Math.min(
      LARGEST_COINS,
      SIZE_MEDIAN_COINS * Math.exp(SIZE_DEVIATION * gaussian(uniform)),
    );
    const order: PlaceOrder = {
      ...PLAIN_TERMS,
      subAccount: subAccountNumber(0),
      instrument: instrumentId(instrument.instrument_id),
      side: SIDE[chosen.side],
      timeInForce: TIME_IN_FORCE.ioc,
      price: priceTicks(Math.round(chosen.price / instrument.tick_size)),
      size: sizeLots(Math.max(1, Math.round(coins * scale * instrument.lots_per_coin))),
    };
    const receipt = await trader.send([actionOf(order, chosen.series, uniform())]);
    const [result] = receipt?.results ?? [];
    // A fill-or-kill order that is not filled is an answer, not a problem.
    if (result?.type === 'refused' && result.code !== 'not_filled') {
      log.problem('taking', result.code);
    } else if (receipt?.outcome === 'applied') log.recovered('taking');
  };

  /** Buys one lot of a straddle, call and put of one strike, at what both offers cost together. */
  const takeStraddle = async (): Promise<void> => {
    const legs = straddleOf(market.series(), uniform());
    if (legs === undefined) return;
    const ids = legs.map(({ instrument }) => instrumentId(instrument.instrument_id));
    const listed = await trader.send([
      { selector: ACTION.createCombo, value: { structure: STRUCTURE.straddle, legs: ids } },
    ]);
    const [combo] = listed?.results ?? [];
    if (combo?.type !== 'combo_listed') return;
    const ticks = legs.reduce(
      (sum, { instrument, ticker }) =>
        sum + Math.round((ticker?.best_ask_price ?? 0) / instrument.tick_size),
      COMBO_ZERO_TICKS,
    );
    const receipt = await trader.send([
      {
        selector: ACTION.placeOrder,
        value: {
          ...PLAIN_TERMS,
          subAccount: subAccountNumber(0),
          instrument: instrumentId(combo.instrument_id),
          side: SIDE.buy,
          timeInForce: TIME_IN_FORCE.ioc,
          price: priceTicks(ticks),
          size: sizeLots(1),
        },
      },
    ]);
    const [result] = receipt?.results ?? [];
    if (result?.type === 'refused') log.problem('taking a combo', result.code);
    else if (receipt?.outcome === 'applied') log.recovered('taking a combo');
  };

  const loop = async (): Promise<void> => {
    while (!isStopped) {
      // Times between events of a Poisson process are exponential.
      const pauseMs = (-Math.log(1 - uniform()) / ordersPerSecond) * 1_000;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (isStopped) break;
      try {
        await (uniform() < COMBO_SHARE ? takeStraddle() : takeOne());
      } catch (cause) {
        if (!isStopped) log.problem('taking', cause);
      }
    }
  };
  const running = loop();
  return {
    stop: async () => {
      isStopped = true;
      wake();
      await running;
    },
  };
}
