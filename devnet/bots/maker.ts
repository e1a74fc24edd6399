/**
 * A market maker: quotes both sides of every followed series around the mark in one action, moves the
 * quotes when the mark or its inventory has moved, and stays within its margin.
 *
 * The chain looks after it: a protection withdraws its quotes when they trade too much within a
 * window, and a dead-man switch cancels everything when it falls silent. What rests is known from
 * `user.orders`; after a submission of unknown fate everything is cancelled.
 */

import type { EventLog } from '../../feeder/event-log.ts';
import { gaussian, uniforms } from '../../feeder/simulate/random.ts';
import type { CurrencyInfo, InstrumentInfo, Ticker } from '../../node/rpc/schemas/market.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { MAX_QUOTES, type Quote, SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import {
  instrumentId,
  priceTicks,
  sizeLots,
  subAccount as subAccountNumber,
  underlyingId,
} from '../../runtime/core/units.ts';
import type { Client } from '../../wallet/client/client.ts';
import type { MarketView, Series } from './market-view.ts';
import {
  FUTURE_SPREAD_SHARE,
  type Quote as Prices,
  quoteFuture,
  quoteSeries,
  quoteSize,
  SPREAD_SHARE,
} from './quote.ts';
import type { Trader } from './trader.ts';

/** Quotes are looked at this often; marks move once a second. */
const REQUOTE_MS = 1_000;
/** A quote moves when it is off by this share of its half spread. */
const TOLERANCE = 0.5;
/** Inventory and margin are read this often. */
const ACCOUNT_MS = 3_000;
/** Below this share of equity above initial margin, only quotes that reduce a position rest. */
const MARGIN_RESERVE = 0.25;
/** Largest position in one series, in multiples of the largest quote. */
const MAX_POSITION_COINS = 4;
/** Coins of ETH worth about as much as one BTC. */
const COINS_PER_BTC: Record<string, number> = { BTC: 1, ETH: 20 };

/** Quotes are withdrawn when they have traded so much within a window: something is wrong. */
const PROTECTION = { windowMs: 5_000, frozenMs: 2_000, coins: 20, fills: 60 } as const;
/** The dead-man switch, and how often it is renewed. */
const DEAD_MAN_MS = 15_000;
const RENEW_MS = 4_000;

type SideName = 'buy' | 'sell';
type Wanted = { readonly ticks: number; readonly lots: number };
type Resting = Wanted & { readonly orderId: number };

export type MakerOptions = {
  readonly name: string;
  readonly client: Client;
  readonly market: MarketView;
  readonly trader: Trader;
  readonly seed: number;
  readonly log: EventLog;
};

/** What rests on each side of one series, by the newest that was heard of it. */
type SeriesQuote = { readonly [S in SideName]: Resting | undefined };

const NO_QUOTE: SeriesQuote = { buy: undefined, sell: undefined };

const NO_SIDE = { ticks: 0, lots: 0 } as const;

function quoteOf(
  { instrument_id: id }: InstrumentInfo,
  bid: Wanted | undefined,
  ask: Wanted | undefined,
): Quote {
  return {
    instrument: instrumentId(id),
    bidPrice: priceTicks((bid ?? NO_SIDE).ticks),
    bidSize: sizeLots((bid ?? NO_SIDE).lots),
    askPrice: priceTicks((ask ?? NO_SIDE).ticks),
    askSize: sizeLots((ask ?? NO_SIDE).lots),
  };
}

/** What the maker asks for at the start and after a submission of unknown fate. */
function startActions(currencies: readonly CurrencyInfo[]): Action[] {
  const subAccount = subAccountNumber(0);
  const limits = currencies.map(({ currency, underlying_id: id, lots_per_coin: lotsPerCoin }) => ({
    selector: ACTION.setProtection,
    value: {
      subAccount,
      underlying: underlyingId(id),
      windowMs: PROTECTION.windowMs,
      frozenMs: PROTECTION.frozenMs,
      quantityLimit: PROTECTION.coins * (COINS_PER_BTC[currency] ?? 1) * lotsPerCoin,
      deltaLimit: 0,
      vegaLimit: 0,
      fillsLimit: PROTECTION.fills,
    },
  }));
  return [{ selector: ACTION.cancelOrders, value: cancelAllOf(subAccount) }, ...limits];
}

/** Runs until `stop` is called; returns how. */
export function runMaker(options: MakerOptions): { readonly stop: () => Promise<void> } {
  const { client, market, trader, log } = options;
  const uniform = uniforms(options.seed);
  const resting = new Map<string, SeriesQuote>();
  const positions = new Map<string, { lots: number; delta: number }>();
  /** Coins of each side of each series, drawn once: it would not shrink or grow without a reason. */
  const sizes = new Map<string, number>();
  let isStopped = false;
  let mayAddRisk = true;
  let isUnknown = true;
  let accountReadAt = 0;
  let renewedAt = 0;

  const readAccount = async (): Promise<void> => {
    if (Date.now() - accountReadAt < ACCOUNT_MS) return;
    accountReadAt = Date.now();
    const [held, summary] = await Promise.all([
      client.call('private/get_positions', { account: trader.address }),
      client.call('private/get_account_summary', { account: trader.address }),
    ]);
    positions.clear();
    for (const { instrument_name: name, size_lots: lots, size, delta } of held) {
      positions.set(name, { lots, delta: size * (delta ?? 0) });
    }
    const equity = Number(summary.equity ?? 0);
    const free = Number(summary.margin?.initial_margin_balance ?? 0);
    mayAddRisk = free > MARGIN_RESERVE * equity;
  };

  const inventoryDelta = (underlying: string): number => {
    let sum = 0;
    for (const [name, { delta }] of positions) if (name.startsWith(`${underlying}-`)) sum += delta;
    return sum;
  };

  /** What shall rest on one side, or undefined for nothing. */
  const target = (series: Series, side: SideName, ticks: number | undefined) => {
    const { instrument } = series;
    if (ticks === undefined) return undefined;
    const id = `${instrument.instrument_id} ${side}`;
    const scale = COINS_PER_BTC[instrument.base_currency] ?? 1;
    const lotsPerCoin = instrument.lots_per_coin;
    const fresh = sizes.get(id) ?? quoteSize(gaussian(uniform), scale);
    sizes.set(id, fresh);
    const held = positions.get(instrument.instrument_name)?.lots ?? 0;
    const signed = side === 'buy' ? held : -held;
    const limit = Math.floor(MAX_POSITION_COINS * scale * lotsPerCoin);
    const room = signed < 0 && !mayAddRisk ? -signed : mayAddRisk ? limit - signed : 0;
    const lots = Math.min(room, Math.max(1, Math.round(fresh * lotsPerCoin)));
    return lots > 0 ? { ticks, lots } : undefined;
  };

  /** Whether what rests on a side is good enough for what is wanted there. */
  const isGood = (series: Series, now: Resting | undefined, wanted: Wanted | undefined) => {
    if (now === undefined || wanted === undefined) return now === wanted;
    const { instrument, ticker } = series;
    const share = instrument.kind === 'future' ? FUTURE_SPREAD_SHARE : SPREAD_SHARE;
    const half = Math.max(1, (share * (ticker?.mark_price ?? 0)) / instrument.tick_size);
    const isNear = Math.abs(wanted.ticks - now.ticks) <= TOLERANCE * half;
    // A quote eaten into by a third is renewed, one too large for the position is made smaller.
    return isNear && now.lots <= wanted.lots && now.lots * 3 >= wanted.lots * 2;
  };

  /** Prices of both sides, or undefined where the chain has no mark. */
  const pricesOf = (instrument: InstrumentInfo, ticker: Ticker): Prices | undefined => {
    const { mark_price: mark, mark_iv: iv, greeks, index_price: index } = ticker;
    const { base_currency: underlying, tick_size: tick } = instrument;
    const held = inventoryDelta(underlying);
    if (mark !== null && instrument.kind === 'future') {
      return quoteFuture({ mark, inventory: held / (COINS_PER_BTC[underlying] ?? 1), tick });
    }
    if (mark === null || iv === null || greeks === null || index === null) return undefined;
    const { delta } = greeks;
    return quoteSeries({ mark, delta, volatility: iv / 100, index, inventoryDelta: held, tick });
  };

  /** New quotes where what rests is not good enough: each replaces both sides of its series. */
  const planQuotes = (): Quote[] =>
    market.series().flatMap((series): Quote[] => {
      const { instrument, ticker } = series;
      const prices = ticker === undefined ? undefined : pricesOf(instrument, ticker);
      if (prices === undefined) return [];
      const { bid, ask } = prices;
      const name = instrument.instrument_name;
      const now = resting.get(name) ?? NO_QUOTE;
      const buy = target(series, 'buy', bid);
      const sell = target(series, 'sell', ask);
      if (isGood(series, now.buy, buy) && isGood(series, now.sell, sell)) return [];
      return [quoteOf(instrument, buy, sell)];
    });

  /** The renewal of the dead-man switch, when it is time. */
  const renewal = (): Action[] => {
    if (Date.now() - renewedAt < RENEW_MS) return [];
    renewedAt = Date.now();
    const value = {
      scope: SWITCH_SCOPE.subAccount,
      subAccount: subAccountNumber(0),
      timeoutMs: DEAD_MAN_MS,
    };
    return [{ selector: ACTION.cancelAfter, value }];
  };

  const sendQuotes = async (quotes: Quote[]): Promise<void> => {
    const value = { subAccount: subAccountNumber(0), quotes };
    const quoting: Action[] = quotes.length === 0 ? [] : [{ selector: ACTION.massQuote, value }];
    const actions = [...renewal(), ...quoting];
    if (actions.length === 0) return;
    const receipt = await trader.send(actions);
    if (receipt === undefined || receipt.outcome === 'invalid') {
      isUnknown = true;
      return;
    }
    for (const result of receipt.results) {
      if (result.type === 'refused') log.problem('quote', result.code);
      if (result.type !== 'mass_quoted') continue;
      for (const { code } of result.refused) log.problem('quote', code);
    }
  };

  const requote = async (): Promise<void> => {
    if (isUnknown) {
      await trader.send(startActions(await client.call('public/get_currencies', {})));
      resting.clear();
      renewedAt = 0;
      isUnknown = false;
    }
    await readAccount();
    const quotes = planQuotes();
    for (let i = 0; (i === 0 || i < quotes.length) && !isStopped; i += MAX_QUOTES) {
      await sendQuotes(quotes.slice(i, i + MAX_QUOTES));
    }
  };

  const loop = async (): Promise<void> => {
    await client.subscribe(`user.orders.${trader.address}`, ({ data }) => {
      for (const { instrument_name: name, direction, order_id: orderId, ...order } of data) {
        const known = resting.get(name) ?? NO_QUOTE;
        const isOpen = order.order_state === 'open';
        // A replaced quote may be heard of after the one that replaced it.
        if (!isOpen && known[direction]?.orderId !== orderId) continue;
        const now = { ticks: order.price_ticks, lots: order.remaining_lots, orderId };
        resting.set(name, { ...known, [direction]: isOpen ? now : undefined });
      }
    });
    while (!isStopped) {
      const startedAt = Date.now();
      try {
        await requote();
        log.recovered('quoting');
      } catch (cause) {
        isUnknown = true;
        if (!isStopped) log.problem('quoting', cause);
      }
      const pauseMs = Math.max(50, REQUOTE_MS - (Date.now() - startedAt));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const running = loop();
  return {
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}
