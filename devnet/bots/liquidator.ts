/**
 * A taker of liquidations: watches the accounts under auction, takes a share of one when what it gets is
 * worth enough more than what it pays, and sells what it has taken to whoever bids near the mark.
 *
 * What it gains by a whole account is its value at mark less the price (of an insolvent one: what the
 * insurance fund pays beyond the debt). It asks that this be at least `LEAST_GAIN` of the account's
 * maintenance requirement, the measure of what its positions can lose, and takes no more than half of
 * its own spare margin may carry. The limit that it sends keeps that gain whatever the price is when the
 * transaction is executed.
 */
import type { EventLog } from '../../feeder/event-log.ts';
import type { PositionInfo } from '../../node/rpc/schemas/account.ts';
import type { LiquidationInfo } from '../../node/rpc/schemas/liquidation.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import {
  accountId,
  instrumentId,
  orderId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { WHOLE_PPM } from '../../runtime/liquidation/auction-price.ts';
import type { Client } from '../../wallet/client/client.ts';
import type { MarketView } from './market-view.ts';
import type { Trader } from './trader.ts';

/** Auctions and positions are looked at this often. */
const LOOK_MS = 1_000;
/** Gain asked for, as a share of the maintenance requirement. */
const LEAST_GAIN = 0.02;
/** Initial margin of what is taken, in maintenance requirements: short options need up to 1.67. */
const INITIAL_PER_MAINTENANCE = 1.7;
/** Of the spare initial margin so much is put into one take. */
const SPARE_SHARE = 0.5;
/** A position is closed at a price that is at most this share of the mark, or of the index ÷ 1,000, worse. */
const CLOSING_COST = 0.05;
const INDEX_SHARE = 0.001;
/** Positions closed in one transaction. */
const MOST_CLOSED = 8;
const MICRO = 1_000_000;

export type LiquidatorOptions = {
  readonly client: Client;
  readonly market: MarketView;
  readonly trader: Trader;
  readonly log: EventLog;
};

/** A take that pays. */
export type WantedTake = { readonly sharePpm: number; readonly limitMicroUsd: bigint };

/**
 * What to take of an account with so much spare initial margin, in USD; `undefined` where no auction
 * runs, nothing may be taken now, or it does not pay.
 */
export function wantedTake(one: LiquidationInfo, spareUsd: number): WantedTake | undefined {
  if (one.auction === null || one.paused_at !== null || one.max_share_ppm === 0) return undefined;
  const [value, excess, price] = [one.value, one.excess, one.price].map(Number);
  if (value === undefined || excess === undefined || price === undefined) return undefined;
  const requirement = value - excess;
  const limit = value - LEAST_GAIN * requirement;
  if (price > limit) return undefined;
  // The price of a share is paid beside the margin that it needs.
  const needed = INITIAL_PER_MAINTENANCE * requirement + Math.max(0, price);
  const carried = Math.floor((WHOLE_PPM * SPARE_SHARE * spareUsd) / needed);
  const sharePpm = Math.min(one.max_share_ppm, carried);
  if (sharePpm < 1) return undefined;
  return { sharePpm, limitMicroUsd: BigInt(Math.floor(limit * MICRO)) };
}

/** An order that closes a position at the best price of the other side, where that is near the mark. */
export function closingOrder(held: PositionInfo, market: MarketView): Action | undefined {
  const name = held.instrument_name;
  const series = market.series().find(({ instrument }) => instrument.instrument_name === name);
  const isLong = held.size_lots > 0;
  const { ticker, instrument } = series ?? {};
  const price = isLong ? ticker?.best_bid_price : ticker?.best_ask_price;
  if (ticker === undefined || instrument === undefined || price == null) return undefined;
  const { mark_price: mark, index_price: index } = ticker;
  if (mark === null || index === null) return undefined;
  const worse = isLong ? mark - price : price - mark;
  if (worse > Math.max(CLOSING_COST * mark, INDEX_SHARE * index)) return undefined;
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument: instrumentId(instrument.instrument_id),
      side: isLong ? SIDE.sell : SIDE.buy,
      timeInForce: TIME_IN_FORCE.ioc,
      reduceOnly: true,
      price: priceTicks(Math.round(price / instrument.tick_size)),
      size: sizeLots(Math.abs(held.size_lots)),
    },
  };
}

/** Runs until `stop` is called; returns how. */
export function runLiquidator(options: LiquidatorOptions): { readonly stop: () => Promise<void> } {
  const { client, market, trader, log } = options;
  const own = { account: trader.address, sub_account: 0 };
  let isStopped = false;
  let wake = (): void => {};

  const spareUsd = async (): Promise<number> => {
    const { margin } = await client.call('private/get_account_summary', own);
    return Math.max(0, Number(margin?.initial_margin_balance ?? 0));
  };

  const takeWhatPays = async (): Promise<void> => {
    const { liquidations } = await client.call('public/get_liquidations', {});
    if (liquidations.every(({ auction }) => auction === null)) return;
    for (const one of liquidations) {
      const wanted = wantedTake(one, await spareUsd());
      if (wanted === undefined || one.auction === null || isStopped) continue;
      const receipt = await trader.send([
        {
          selector: ACTION.takeLiquidation,
          value: {
            subAccount: subAccount(0),
            portfolio: portfolioId(accountId(one.account_id), subAccount(one.sub_account)),
            auction: orderId(one.auction),
            sharePpm: wanted.sharePpm,
            limit: wanted.limitMicroUsd,
          },
        },
      ]);
      const [result] = receipt?.results ?? [];
      if (result?.type === 'liquidation_taken') {
        log.event('took', {
          account: one.account_id,
          share: result.share_ppm,
          price: result.price,
        });
        log.recovered('taking a liquidation');
      } else if (result?.type === 'refused') log.problem('taking a liquidation', result.code);
    }
  };

  const closeWhatIsHeld = async (): Promise<void> => {
    const held = await client.call('private/get_positions', own);
    const closing = held.flatMap((one) => closingOrder(one, market) ?? []).slice(0, MOST_CLOSED);
    if (closing.length > 0) await trader.send(closing);
  };

  const loop = async (): Promise<void> => {
    while (!isStopped) {
      try {
        await takeWhatPays();
        if (!isStopped) await closeWhatIsHeld();
        log.recovered('watching liquidations');
      } catch (cause) {
        if (!isStopped) log.problem('watching liquidations', cause);
      }
      if (isStopped) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
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
