/**
 * The books against a naive matcher: arrays, sorted anew for every order, one lot-slice at a time.
 *
 * It knows price–time priority, icebergs, the four modes of self-trade prevention, every time in
 * force and both post-only modes; nothing of margin, for which the accounts are rich enough.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ORDER_TYPE,
  POST_ONLY,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
} from '../../runtime/actions/order-terms.ts';
import type { PlaceOrder } from '../../runtime/actions/orders.ts';
import { type PortfolioId, portfolioAccount } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { priceBand } from '../../runtime/oracle/price-band.ts';
import { runs } from '../fixtures/runs.ts';
import {
  type OrderWorld,
  orderWorld,
  personOf,
  type StepOrder,
  stepOrder,
  stepTerms,
  takeStep,
} from './order-world.ts';

type Row = {
  id: number;
  owner: number;
  isBid: boolean;
  price: number;
  remaining: number;
  display: number;
  shown: number;
  priority: number;
};
type Naive = { rows: Row[]; next: number };
type Outcome = { readonly trades: [maker: number, lots: number][]; readonly accepted: boolean };

const REFUSED: Outcome = { trades: [], accepted: false };

/** Whether a row is on the other side at a price that the order takes. */
function isMet(row: Row, isBid: boolean, limit: number): boolean {
  return row.isBid !== isBid && (isBid ? row.price <= limit : row.price >= limit);
}

/** The row that an order meets next: best price, then lowest priority. */
function nextMet(rows: readonly Row[], isBid: boolean, limit: number): Row | undefined {
  return rows
    .filter((row) => isMet(row, isBid, limit))
    .sort((a, b) => (isBid ? a.price - b.price : b.price - a.price) || a.priority - b.priority)[0];
}

/** What an order does to a copy of the rows. */
function matchNaively(
  { rows: before, next }: Naive,
  owner: number,
  order: PlaceOrder,
  limit: number,
): { rows: Row[]; next: number; trades: [number, number][]; open: number; gaveWay: boolean } {
  let rows = before.map((row) => ({ ...row }));
  // The order's own number comes before the priorities of what it refreshes.
  let counter = next + 1;
  const trades: [number, number][] = [];
  let open: number = order.size;
  const isBid = order.side === SIDE.buy;
  for (let met = nextMet(rows, isBid, limit); met && open > 0; met = nextMet(rows, isBid, limit)) {
    const row = met;
    if (row.owner === owner) {
      const mode = order.selfTradePrevention;
      if (mode === SELF_TRADE_PREVENTION.decrementBoth) {
        const lost = Math.min(open, row.remaining);
        open -= lost;
        row.remaining -= lost;
        row.shown = Math.min(row.shown, row.remaining);
      } else if (mode !== SELF_TRADE_PREVENTION.cancelTaker) row.remaining = 0;
      rows = rows.filter(({ remaining }) => remaining > 0);
      if (mode === SELF_TRADE_PREVENTION.cancelTaker || mode === SELF_TRADE_PREVENTION.cancelBoth) {
        return { rows, next: counter, trades, open, gaveWay: true };
      }
      continue;
    }
    const lots = Math.min(open, row.shown);
    trades.push([row.id, lots]);
    open -= lots;
    row.remaining -= lots;
    row.shown -= lots;
    if (row.remaining > 0 && row.shown === 0) {
      row.shown = Math.min(row.display, row.remaining);
      row.priority = counter;
      counter += 1;
    }
    rows = rows.filter(({ remaining }) => remaining > 0);
  }
  return { rows, next: counter, trades, open, gaveWay: false };
}

/** Places an order in the naive books; `band` bounds prices. */
function placeNaively(
  naive: Naive,
  portfolio: PortfolioId,
  order: PlaceOrder,
  band: { readonly low: number; readonly high: number },
): Outcome {
  const owner = portfolioAccount(portfolio);
  const isBid = order.side === SIDE.buy;
  let limit: number = order.price;
  if (order.type === ORDER_TYPE.limit && (limit < band.low || limit > band.high)) return REFUSED;
  const best = nextMet(naive.rows, isBid, limit);
  if (order.postOnly !== POST_ONLY.none && best !== undefined) {
    if (order.postOnly === POST_ONLY.reject) return REFUSED;
    limit = best.price + (isBid ? -1 : 1);
    if (limit < band.low || limit > band.high) return REFUSED;
  }
  const after = matchNaively(naive, owner, order, limit);
  if (order.timeInForce === TIME_IN_FORCE.fok) {
    if (after.trades.reduce((sum, [, lots]) => sum + lots, 0) < order.size) return REFUSED;
  }
  const gone = naive.rows.length - after.rows.length;
  if (after.gaveWay && after.trades.length === 0 && gone === 0) {
    const lots = (rows: readonly Row[]) => rows.reduce((sum, row) => sum + row.remaining, 0);
    if (lots(naive.rows) === lots(after.rows)) return REFUSED;
  }
  const id = naive.next;
  naive.rows = after.rows;
  naive.next = after.next;
  const rests = order.timeInForce !== TIME_IN_FORCE.ioc && order.timeInForce !== TIME_IN_FORCE.fok;
  if (rests && after.open > 0 && !after.gaveWay) {
    const display = order.displaySize;
    naive.rows.push({
      id,
      owner,
      isBid,
      price: limit,
      remaining: after.open,
      display,
      shown: display === 0 ? after.open : Math.min(display, after.open),
      priority: id,
    });
  }
  return { trades: after.trades, accepted: true };
}

/** A step as it matters here: one series, no names, nothing that depends on positions. */
function plain(step: StepOrder): StepOrder {
  return { ...step, series: 0, reduceOnly: false, clientOrderId: 0 };
}

function rowsOf({ market }: OrderWorld): Row[] {
  return [...market.state.orders.unorderedEntries()]
    .map(([id, row]) => ({
      id: id as number,
      owner: portfolioAccount(row.portfolio) as number,
      isBid: row.side === SIDE.buy,
      price: row.price as number,
      remaining: row.remaining as number,
      display: row.displaySize as number,
      shown: row.shown as number,
      priority: row.priority as number,
    }))
    .sort((a, b) => a.id - b.id);
}

test('every trade, every queue and every refusal is the naive matcher’s', () => {
  const seen = { trades: 0, refused: 0, refreshed: 0 };
  fc.assert(
    fc.property(fc.array(stepOrder, { minLength: 20, maxLength: 60, size: 'max' }), (steps) => {
      const world = orderWorld();
      const { market } = world;
      const instrument = world.series[0];
      if (instrument === undefined) throw new Error('no series');
      const band = priceBand(market.state, market.context, instrument);
      if (band === undefined) throw new Error('no band');
      const naive: Naive = { rows: [], next: 1 };
      for (const drawn of steps) {
        const step = plain(drawn);
        const portfolio = personOf(world, step.who);
        const expected = placeNaively(naive, portfolio, stepTerms(world, step), band);
        const from = market.context.events.length;
        const result = takeStep(world, { kind: 'place', order: step });
        const events = market.context.events.slice(from);
        expect(result?.ok).toBe(expected.accepted);
        expect(
          events.flatMap(({ selector, value }) =>
            selector === EVENT.trade ? [[value.makerOrder, value.lots]] : [],
          ),
        ).toEqual(expected.trades);
        expect(rowsOf(world)).toEqual([...naive.rows].sort((a, b) => a.id - b.id));
        seen.trades += expected.trades.length;
        if (!expected.accepted) seen.refused += 1;
        seen.refreshed += events.filter(({ selector }) => selector === EVENT.orderRefreshed).length;
      }
    }),
    { numRuns: runs(500) },
  );
  // The histories are about what the matcher knows.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});
