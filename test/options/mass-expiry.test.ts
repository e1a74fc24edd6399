/** An expiry of thousands of positions: paid over blocks, each bounded, while trading goes on. */
import { expect, test } from 'vitest';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { blockHash } from '../../runtime/block.ts';
import { EVENT } from '../../runtime/event.ts';
import { executeBlock } from '../../runtime/execute.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import { liveExpiries, seriesOf } from '../../runtime/options/series-index.ts';
import { RECEIPT_STATUS } from '../../runtime/receipt.ts';
import { expiryKey, metaOf } from '../../runtime/state/state.ts';
import {
  BTC,
  fundedPortfolio,
  MICRO,
  reloaded,
  seedTestStaking,
  testState,
} from '../fixtures/state.ts';
import { order, type Trade, trader, tradingBlock } from '../fixtures/trading-blocks.ts';

/** Positions paid in a block, here. */
const SETTLEMENTS_PER_BLOCK = 400;
const PAIRS = 2_500;

test('5,000 positions are paid 400 a block, and the next expiry trades in every one', () => {
  const state = testState({
    underlyings: [{ ...BTC, strikesListed: 3, expiryIntervalMs: 30_000, expiriesListed: 2 }],
    parameters: {
      settlementWindowMs: 2_000,
      settlementSlots: 2,
      oracleStaleMs: 3_000,
      settlementsPerBlock: SETTLEMENTS_PER_BLOCK,
    },
  });
  seedTestStaking(state);
  const buyer = trader(state, 1, 1_000_000n);
  const writer = trader(state, 2, 1_000_000n);
  const step = (trades: readonly Trade[]): ReturnType<typeof executeBlock> => {
    const next = tradingBlock(state, 60_200, trades);
    return executeBlock(state, next, blockHash(next.header));
  };
  for (let i = 0; i < 4; i++) step([]);
  const [near, far] = liveExpiries(state, BTC.id);
  if (near === undefined || far === undefined) throw new Error('two expiries are listed');
  const due = seriesOf(state, BTC.id, near);
  for (let i = 0; i < PAIRS; i++) {
    const id = due[i % due.length];
    if (id === undefined) break;
    changePosition(state, fundedPortfolio(state, 10 + 2 * i, 100n), id, 7);
    changePosition(state, fundedPortfolio(state, 11 + 2 * i, 100_000n), id, -7);
  }
  expect(state.positions.size).toBe(2 * PAIRS);
  const [traded] = seriesOf(state, BTC.id, far);
  if (traded === undefined) throw new Error('the far expiry has series');
  const trades: Trade[] = [
    { by: writer, actions: [order(traded, SIDE.sell, 1_300, 1)] },
    { by: buyer, actions: [order(traded, SIDE.buy, 1_300, 1)] },
  ];

  while (metaOf(state).timestamp < near - 500) step([]);
  const paid: number[] = [];
  const key = expiryKey.pack(BTC.id, near);
  const twin = reloaded(state);
  while (state.settlements.get(key)?.settled !== true) {
    const next = tradingBlock(state, 60_200, trades);
    const result = executeBlock(state, next, blockHash(next.header));
    // A node that joined just before, too: what is left to pay is found from rows.
    expect(executeBlock(twin, next, blockHash(next.header)).events).toEqual(result.events);
    const of = (selector: number): number =>
      result.events.filter((event) => event.selector === selector).length;
    paid.push(of(EVENT.settled));
    expect(of(EVENT.settled) + of(EVENT.instrumentSettled)).toBeLessThanOrEqual(
      SETTLEMENTS_PER_BLOCK,
    );
    expect(of(EVENT.trade)).toBe(1);
    expect(result.receipts.every(({ status }) => status === RECEIPT_STATUS.applied)).toBe(true);
    expect(conservationProblems(state)).toEqual([]);
  }
  expect(paid.reduce((sum, count) => sum + count, 0)).toBe(2 * PAIRS);
  // 5,000 positions and six series at 400 a block.
  expect(paid.length).toBe(Math.ceil((2 * PAIRS + due.length) / SETTLEMENTS_PER_BLOCK));
  expect(balanceOf(state, MODULE.clearing, DENOMINATION.usd)).toBe(0n);
  expect(state.settlements.must(key).deliveryPrice).toBe(60_200 * MICRO);
});
