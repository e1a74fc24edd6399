/** What a post-only order must not meet in a batch: found once a block, however often it is asked. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SIDE, type Side } from '../../runtime/actions/order-terms.ts';
import { bestRestingBefore } from '../../runtime/auction/batch-post-only.ts';
import { type OrderId, orderId, priceTicks } from '../../runtime/core/units.ts';
import { enterBook, leaveBook } from '../../runtime/matching/rest-order.ts';
import { runs } from '../fixtures/runs.ts';
import { fundedPortfolio } from '../fixtures/state.ts';
import { advance, type Market, seriesNamed, testMarket } from '../matching/market.ts';
import { orderIn } from '../matching/resting.ts';

const MARKET = testMarket();
const CALL = seriesNamed(MARKET, 'near100000C');
const WHO = fundedPortfolio(MARKET.state, 0, 1_000_000n);

/** By looking at every order. */
function plainly({ state, context }: Market, side: Side, gone: OrderId): number | undefined {
  const prices = [...state.orders.unorderedEntries()]
    .map(([, order]) => order)
    .filter((order) => order.side !== side && order.id !== gone)
    .filter(({ placedAt }) => placedAt < context.timestamp)
    .map(({ price }) => price as number);
  if (prices.length === 0) return undefined;
  return side === SIDE.buy ? Math.min(...prices) : Math.max(...prices);
}

const step = fc.record({
  kind: fc.constantFrom('enter', 'enter', 'leave', 'block', 'ask', 'ask', 'ask'),
  isBid: fc.boolean(),
  price: fc.integer({ min: 1, max: 9 }),
  nth: fc.nat(20),
});

test('is the best order of an earlier block, after any history of a block', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { state } = MARKET;
      advance(MARKET);
      let next = 1;
      for (const { kind, isBid, price, nth } of steps) {
        const known = state.orders.sortedKeys();
        const named = known[nth % Math.max(1, known.length)];
        if (kind === 'enter') {
          const terms = { id: orderId(next), portfolio: WHO, instrument: CALL };
          const side = isBid ? 'buy' : 'sell';
          const placedAt = MARKET.context.timestamp;
          enterBook(state, orderIn({ ...terms, side, placedAt, price: priceTicks(price) }));
          next += 1;
        } else if (kind === 'leave' && named !== undefined) {
          leaveBook(state, state.orders.must(named));
        } else if (kind === 'block') advance(MARKET);
        else {
          const side = isBid ? SIDE.buy : SIDE.sell;
          const gone = nth % 2 === 0 || named === undefined ? orderId(0) : named;
          const found = bestRestingBefore(state, MARKET.context, CALL, side, gone);
          expect(found).toBe(plainly(MARKET, side, gone));
        }
      }
      for (const id of state.orders.sortedKeys()) leaveBook(state, state.orders.must(id));
    }),
    { numRuns: runs(500) },
  );
});

test('passes each level of the block once', () => {
  const { state } = MARKET;
  const enter = (id: number, price: number): void => {
    const placedAt = MARKET.context.timestamp;
    const terms = { portfolio: WHO, instrument: CALL, price: priceTicks(price), placedAt };
    enterBook(state, orderIn({ ...terms, id: orderId(id), side: 'sell' }));
  };
  enter(1, 500);
  advance(MARKET);
  state.derived.auctions.searched.clear();
  for (let id = 2; id <= 400; id++) enter(id, id);
  expect(bestRestingBefore(state, MARKET.context, CALL, SIDE.buy, orderId(0))).toBe(500);
  // The next look begins where this one ended.
  expect([...state.derived.auctions.searched.values()]).toEqual([
    { at: MARKET.context.timestamp, price: 400 },
  ]);
  expect(bestRestingBefore(state, MARKET.context, CALL, SIDE.buy, orderId(0))).toBe(500);
});
