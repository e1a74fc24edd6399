/**
 * A market maker: rests one post-only bid and ask in every followed series around the mark, moves
 * them when the mark or its inventory has moved, and stays within its margin.
 *
 * Each (series, side) has one client order id for ever, so that a replacement is a cancel by that id
 * and a new order, in one transaction, whatever became of the order before. What rests is known from
 * results and from `user.orders`; after a submission of unknown fate everything is cancelled.
 */

import type { InstrumentInfo } from '../../node/rpc/schemas/market.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { POST_ONLY, SIDE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf, PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import {
  instrumentId,
  priceTicks,
  sizeLots,
  subAccount as subAccountNumber,
} from '../../runtime/core/units.ts';
import { MAX_ACTIONS } from '../../runtime/limits.ts';
import type { Client } from '../../wallet/client/client.ts';
import type { EventLog } from '../event-log.ts';
import { gaussian, uniforms } from '../prices/random.ts';
import type { MarketView, Series } from './market-view.ts';
import { quoteSeries, quoteSize, SPREAD_SHARE } from './quote.ts';
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

const SIDES = ['buy', 'sell'] as const;
type SideName = (typeof SIDES)[number];
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

/** Client order id of a side of a series: unique, above 0. */
export function clientOrderIdOf(instrument: number, side: SideName): number {
  return 2 * instrument + (side === 'buy' ? 1 : 2);
}

function placeAction(instrument: InstrumentInfo, side: SideName, order: Wanted): Action {
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccountNumber(0),
      instrument: instrumentId(instrument.instrument_id),
      side: SIDE[side],
      postOnly: POST_ONLY.reject,
      price: priceTicks(order.ticks),
      size: sizeLots(order.lots),
      clientOrderId: clientOrderIdOf(instrument.instrument_id, side),
    },
  };
}

function cancelAction(clientOrderId: number): Action {
  return {
    selector: ACTION.cancelByClientId,
    value: { subAccount: subAccountNumber(0), clientOrderId },
  };
}

/** One change of a resting order: cancel what rests, place what shall. */
type Move = {
  readonly clientOrderId: number;
  readonly actions: readonly Action[];
  readonly target: Wanted | undefined;
};

/** Runs until `stop` is called; returns how. */
export function runMaker(options: MakerOptions): { readonly stop: () => Promise<void> } {
  const { client, market, trader, log } = options;
  const uniform = uniforms(options.seed);
  const resting = new Map<number, Resting>();
  const positions = new Map<string, { lots: number; delta: number }>();
  /** Coins of each side of each series, drawn once: it would not shrink or grow without a reason. */
  const sizes = new Map<number, number>();
  let isStopped = false;
  let mayAddRisk = true;
  let isUnknown = true;
  let accountReadAt = 0;

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
    const id = clientOrderIdOf(instrument.instrument_id, side);
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

  const moveOf = (series: Series, side: SideName, wanted: Wanted | undefined): Move[] => {
    const { instrument, ticker } = series;
    const clientOrderId = clientOrderIdOf(instrument.instrument_id, side);
    const now = resting.get(clientOrderId);
    if (wanted === undefined && now === undefined) return [];
    if (wanted !== undefined && now !== undefined) {
      const half = Math.max(1, (SPREAD_SHARE * (ticker?.mark_price ?? 0)) / instrument.tick_size);
      const isNear = Math.abs(wanted.ticks - now.ticks) <= TOLERANCE * half;
      // A quote eaten into by a third is renewed, one too large for the position is made smaller.
      const isSized = now.lots <= wanted.lots && now.lots * 3 >= wanted.lots * 2;
      if (isNear && isSized) return [];
    }
    const cancel = now === undefined ? [] : [cancelAction(clientOrderId)];
    const place = wanted === undefined ? [] : [placeAction(instrument, side, wanted)];
    return [{ clientOrderId, actions: [...cancel, ...place], target: wanted }];
  };

  const planMoves = (): Move[] =>
    market.series().flatMap((series): Move[] => {
      const { instrument, ticker } = series;
      const { mark_price: mark, mark_iv: iv, greeks, index_price: index } = ticker ?? {};
      if (mark == null || iv == null || greeks == null || index == null) return [];
      const quote = quoteSeries({
        mark,
        delta: greeks.delta,
        volatility: iv / 100,
        index,
        inventoryDelta: inventoryDelta(instrument.base_currency),
        tick: instrument.tick_size,
      });
      return SIDES.flatMap((side) => {
        const ticks = side === 'buy' ? quote.bid : quote.ask;
        return moveOf(series, side, target(series, side, ticks));
      });
    });

  const sendMoves = async (moves: readonly Move[]): Promise<void> => {
    const receipt = await trader.send(moves.flatMap(({ actions }) => actions));
    if (receipt === undefined || receipt.outcome === 'invalid') {
      isUnknown = true;
      return;
    }
    let at = 0;
    for (const { clientOrderId, actions, target: wanted } of moves) {
      at += actions.length;
      const result = receipt.results[at - 1];
      if (wanted && result?.type === 'order' && result.resting_lots > 0) {
        resting.set(clientOrderId, {
          ticks: wanted.ticks,
          lots: result.resting_lots,
          orderId: result.order_id,
        });
      } else {
        resting.delete(clientOrderId);
      }
      if (result?.type === 'refused' && wanted) log.problem('quote', result.code);
    }
  };

  const requote = async (): Promise<void> => {
    if (isUnknown) {
      await trader.send([
        { selector: ACTION.cancelOrders, value: cancelAllOf(subAccountNumber(0)) },
      ]);
      resting.clear();
      isUnknown = false;
    }
    await readAccount();
    const moves = planMoves();
    // Two actions a move at most.
    const perTransaction = MAX_ACTIONS / 2;
    for (let i = 0; i < moves.length && !isStopped; i += perTransaction) {
      await sendMoves(moves.slice(i, i + perTransaction));
    }
  };

  const loop = async (): Promise<void> => {
    await client.subscribe(`user.orders.${trader.address}`, ({ data }) => {
      for (const { client_order_id: id, order_id: orderId, ...order } of data) {
        const known = resting.get(id);
        // The order before a replacement has the same client id and another number.
        if (known?.orderId !== orderId) continue;
        if (order.order_state !== 'open') resting.delete(id);
        else resting.set(id, { ...known, lots: order.remaining_lots });
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
