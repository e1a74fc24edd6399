/**
 * The life of series through whole blocks: votes list and mark them, transactions trade them, they
 * expire with orders open, and are settled. A second node that reloads now and then gives the same
 * receipts, events and rows.
 */

import { expect, test } from 'vitest';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { blockHash } from '../../runtime/block.ts';
import { CLOSE_REASON, EVENT, type Event } from '../../runtime/event.ts';
import { type BlockResult, executeBlock } from '../../runtime/execute.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import { BTC, MICRO, reloaded, seedTestStaking, testState } from '../fixtures/state.ts';
import { order, type Trade, trader, tradingBlock } from '../fixtures/trading-blocks.ts';

function rows(state: State): string[] {
  return state.stores.flatMap((store) =>
    [...store.encodedRows()].map(([key, value]) => `${store.name} ${key.join()} ${value.join()}`),
  );
}

test('listed, traded, expired and settled, alike on a node that reloads', () => {
  const small = { ...BTC, strikesListed: 3, expiryIntervalMs: 20_000, expiriesListed: 2 };
  const state = testState({
    underlyings: [small],
    parameters: { settlementWindowMs: 5_000, settlementSlots: 5, oracleStaleMs: 3_000 },
  });
  seedTestStaking(state);
  const buyer = trader(state, 1, 10_000n);
  const writer = trader(state, 2, 100_000n);
  let twin = reloaded(state);
  const events: Event[] = [];
  const step = (btcDollars: number, trades: readonly Trade[] = []): BlockResult => {
    const next = tradingBlock(state, btcDollars, trades);
    const result = executeBlock(state, next, blockHash(next.header));
    const again = executeBlock(twin, next, blockHash(next.header));
    expect(again.receiptsBytes).toEqual(result.receiptsBytes);
    expect(again.events).toEqual(result.events);
    expect(conservationProblems(state)).toEqual([]);
    events.push(...result.events);
    if (metaOf(state).height % 7 === 0) twin = reloaded(twin);
    return result;
  };

  // Listed, then voted on, then marked.
  for (let i = 0; i < 4; i++) step(60_000);
  expect(state.instruments.size).toBe(2 * 3 * 2);
  const call = state.instruments
    .sortedKeys()
    .map((id) => state.instruments.must(id))
    .find(({ kind, strike }) => kind === INSTRUMENT_KIND.call && strike === 60_000 * MICRO);
  expect(call).toBeDefined();
  if (call === undefined) return;

  // One coin traded at $10, with twenty lots left in the book.
  const traded = step(60_000, [
    { by: writer, actions: [order(call.id, SIDE.sell, 10, 120)] },
    { by: buyer, actions: [order(call.id, SIDE.buy, 10, 100)] },
  ]);
  expect(traded.receipts.flatMap(({ results }) => results.map(({ selector }) => selector))).toEqual(
    [ACTION_RESULT.order, ACTION_RESULT.order],
  );
  expect(state.instruments.must(call.id).openInterest).toBe(100);
  expect(state.orders.size).toBe(1);

  // The index settles $100 above the strike.
  const before = balanceOf(state, buyer.portfolio, DENOMINATION.usd);
  const key = expiryKey.pack(BTC.id, call.expiry);
  while (state.settlements.get(key)?.settled !== true) step(60_100);
  expect(metaOf(state).timestamp).toBe(call.expiry);
  expect(state.settlements.must(key).deliveryPrice).toBe(60_100 * MICRO);
  // $100 a coin, less 1.5 bp of $60,100: $9.015.
  const received = balanceOf(state, buyer.portfolio, DENOMINATION.usd) - before;
  expect(Number(received)).toBe(100 * MICRO - 9_015_000);
  expect(balanceOf(state, MODULE.clearing, DENOMINATION.usd)).toBe(0n);
  expect(state.orders.size).toBe(0);
  expect(state.positions.size).toBe(0);
  expect(
    events.filter(
      (e) => e.selector === EVENT.orderClosed && e.value.reason === CLOSE_REASON.expired,
    ).length,
  ).toBe(1);
  expect(step(60_100).events.filter(({ selector }) => selector === EVENT.settled)).toEqual([]);
  expect(rows(reloaded(twin))).toEqual(rows(state));
});
