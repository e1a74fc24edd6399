/**
 * A taker: at the times of a Poisson process it takes liquidity in a random followed series with an
 * immediate-or-cancel order at the best price, both sides alike, and small sizes.
 */

import { ACTION } from '../../runtime/action.ts';
import { SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import {
  instrumentId,
  priceTicks,
  sizeLots,
  subAccount as subAccountNumber,
} from '../../runtime/core/units.ts';
import type { EventLog } from '../event-log.ts';
import { gaussian, uniforms } from '../prices/random.ts';
import type { MarketView, Series } from './market-view.ts';
import type { Trader } from './trader.ts';

/** Size in BTC: most trades are small, few are not. */
const SIZE_MEDIAN_COINS = 0.06;
const SIZE_DEVIATION = 1;
const LARGEST_COINS = 1;
const COINS_PER_BTC: Record<string, number> = { BTC: 1, ETH: 20 };

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
    const receipt = await trader.send([
      {
        selector: ACTION.placeOrder,
        value: {
          ...PLAIN_TERMS,
          subAccount: subAccountNumber(0),
          instrument: instrumentId(instrument.instrument_id),
          side: SIDE[chosen.side],
          timeInForce: TIME_IN_FORCE.ioc,
          price: priceTicks(Math.round(chosen.price / instrument.tick_size)),
          size: sizeLots(Math.max(1, Math.round(coins * scale * instrument.lots_per_coin))),
        },
      },
    ]);
    const [result] = receipt?.results ?? [];
    if (result?.type === 'refused') log.problem('taking', result.code);
    else if (receipt?.outcome === 'applied') log.recovered('taking');
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
        await takeOne();
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
