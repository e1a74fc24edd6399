/** Where quotes and switches stand in a block's order of work. */
import { expect, test } from 'vitest';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import { priceTicks, sizeLots, subAccount } from '../../runtime/core/units.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { runBlock, startChain, transactionOf } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';

const maker = testKey('alice');
const taker = testKey('bob');
const MAIN = subAccount(0);

/** A chain with a marked at-the-money call. */
function setUp() {
  const chain = startChain({ epochMs: 120_000, expiryIntervalMs: 300_000 });
  for (let i = 0; i < 6; i++) runBlock(chain);
  const call = [...chain.state.instruments.unorderedEntries()]
    .map(([, row]) => row)
    .filter(({ kind, strike }) => kind === INSTRUMENT_KIND.call && strike === 100_000_000_000)
    .filter(({ state }) => state === INSTRUMENT_STATE.open)
    .sort((a, b) => b.expiry - a.expiry)[0];
  const mark = call && chain.state.derived.marks.byInstrument.get(call.id);
  if (mark === undefined) throw new Error('no marked call');
  const instrument = mark.instrument;
  const price = Math.round(mark.price / 1e6);
  const ask = (at: number, lots: number): Action => ({
    selector: ACTION.massQuote,
    value: {
      subAccount: MAIN,
      quotes: [
        {
          instrument,
          bidPrice: priceTicks(0),
          bidSize: sizeLots(0),
          askPrice: priceTicks(at),
          askSize: sizeLots(lots),
        },
      ],
    },
  });
  const take = (at: number, lots: number): Action => ({
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: MAIN,
      instrument,
      side: SIDE.buy,
      timeInForce: TIME_IN_FORCE.ioc,
      price: priceTicks(at),
      size: sizeLots(lots),
    },
  });
  return { chain, price, ask, take };
}

test('a maker moves its quotes before takers of the same block, whatever the order in it', () => {
  const { chain, price, ask, take } = setUp();
  runBlock(chain, [transactionOf(chain, maker, [ask(price, 9)])]);
  const { receipts } = runBlock(chain, [
    transactionOf(chain, taker, [take(price, 9)]),
    transactionOf(chain, maker, [ask(price + 1, 9)]),
  ]);
  const taken = receipts[0]?.results[0];
  expect(taken?.selector === ACTION_RESULT.order && taken.value.filledLots).toBe(0);
});

test('a switch that is due fires before the transactions of its block', () => {
  const { chain, price, ask, take } = setUp();
  const arm: Action = {
    selector: ACTION.cancelAfter,
    value: { scope: SWITCH_SCOPE.account, subAccount: MAIN, timeoutMs: 5_000 },
  };
  runBlock(chain, [transactionOf(chain, maker, [ask(price, 9), arm])]);
  for (let i = 0; i < 4; i++) runBlock(chain, [], { stepMs: 1_000 });
  expect(chain.state.orders.size).toBe(1);
  // Too late: the renewal stands in the very block in which the time is over.
  const { receipts } = runBlock(
    chain,
    [transactionOf(chain, taker, [take(price + 9, 9)]), transactionOf(chain, maker, [arm])],
    { stepMs: 1_000 },
  );
  const taken = receipts[0]?.results[0];
  expect(taken?.selector === ACTION_RESULT.order && taken.value.filledLots).toBe(0);
  expect(chain.state.orders.size).toBe(0);
  expect(chain.state.deadManSwitches.size).toBe(1);
});
