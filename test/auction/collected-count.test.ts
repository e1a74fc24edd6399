/** How many orders one portfolio may have collected for an auction: as many as may rest. */
import { expect, test } from 'vitest';
import { ORDER_TYPE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { RUNTIME_ERRORS } from '../../runtime/error.ts';
import { MAX_OPEN_ORDERS_PER_SERIES } from '../../runtime/limits.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { runBlock } from '../fixtures/chain.ts';
import { auctionChain, calls, orderAction, unsigned } from './chain.ts';

test.each([
  {
    name: 'a market order in a call auction',
    options: { parameters: { openingAuctionMs: 60_000 } },
  },
  { name: 'a market order in a batch', options: { batch: true as const } },
])('$name counts while it waits', ({ options }) => {
  const chain = auctionChain(options);
  for (let i = 0; i < 4; i++) runBlock(chain);
  const [call] = calls(chain.state);
  if (call === undefined) throw new Error('no series');
  const { type, timeInForce } = { type: ORDER_TYPE.market, timeInForce: TIME_IN_FORCE.ioc };
  const order = orderAction(call.id, 'buy', 0, 1, { type, timeInForce });
  const payloads = Array.from({ length: 51 }, () =>
    unsigned(chain, 'alice', [order, order, order, order]),
  );
  const { receipts } = runBlock(chain, payloads);
  const results = receipts.flatMap((receipt) => receipt.results);
  const taken = results.filter(({ selector }) => selector === ACTION_RESULT.order);
  const refused = results.filter(({ selector }) => selector === ACTION_RESULT.refused);
  expect(taken.length).toBe(MAX_OPEN_ORDERS_PER_SERIES);
  expect(refused.length).toBe(4);
  for (const { value } of refused) {
    expect(value).toMatchObject({ number: RUNTIME_ERRORS.too_many_orders.number });
  }
});
