/** What a receipt says of a refusal: numbers that somebody chose must not be able to break a block. */
import { expect, test } from 'vitest';
import { ACTION } from '../../runtime/action.ts';
import { QUOTE_SIDES } from '../../runtime/actions/multileg.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { orderId, sizeLots, subAccount, timestampMs } from '../../runtime/core/units.ts';
import { RUNTIME_ERRORS } from '../../runtime/error.ts';
import { seriesOf } from '../../runtime/options/series-index.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { metaOf } from '../../runtime/state/state.ts';
import { runBlock, startChain, transactionOf } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';

test('a net price times units that no format holds is refused, and the block goes on', () => {
  const chain = startChain({ expiryIntervalMs: 60_000 });
  runBlock(chain);
  runBlock(chain);
  const { state } = chain;
  const [expiry] = state.derived.series.expiries.get(0 as never) ?? [];
  const [instrument] = seriesOf(state, 0 as never, expiry ?? timestampMs(0));
  if (instrument === undefined) throw new Error('no series');
  const request = orderId(metaOf(state).nextOrderId);
  const expiresAt = timestampMs(chain.now + 5_000);
  const MAIN = subAccount(0);
  const ask = {
    selector: ACTION.requestForQuote,
    value: {
      subAccount: MAIN,
      legs: [{ instrument, side: SIDE.buy, lots: sizeLots(1) }],
      units: sizeLots(10),
      expiresAt,
    },
  };
  runBlock(chain, [transactionOf(chain, testKey('alice'), [ask])]);
  expect(state.quoteRequests.has(request)).toBe(true);
  const quote = (bid: bigint) => ({
    selector: ACTION.quoteRequest,
    value: {
      subAccount: MAIN,
      request,
      sides: QUOTE_SIDES.bid,
      bid,
      ask: 0n,
      units: sizeLots(10),
      expiresAt,
    },
  });
  const most = 2n ** 127n - 1n;
  const least = -(2n ** 127n);
  const { receipts } = runBlock(chain, [
    transactionOf(chain, testKey('bob'), [quote(most), quote(least)]),
  ]);
  const facts = receipts[0]?.results.map((result) =>
    result.selector === ACTION_RESULT.refused
      ? [result.value.number, result.value.given]
      : undefined,
  );
  expect(facts).toEqual([
    [RUNTIME_ERRORS.net_band.number, most],
    [RUNTIME_ERRORS.net_band.number, least],
  ]);
});
