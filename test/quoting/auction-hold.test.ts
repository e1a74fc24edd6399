/** What makers and switches may not do in the last seconds of an opening auction. */
import { expect, test } from 'vitest';
import { SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import { rebuildAuctionIndex } from '../../runtime/auction/auction-index.ts';
import { setPhase } from '../../runtime/auction/change-state.ts';
import { subAccount, timestampMs } from '../../runtime/core/units.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { cancelAfter } from '../../runtime/quoting/cancel-after.ts';
import { fireDeadManSwitches } from '../../runtime/quoting/fire-dead-man-switches.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { nextBlock } from '../fixtures/state.ts';
import { accountOf, codeOf, markAt } from '../matching/market.ts';
import { outcomeOf, protect, quote, quotingMarket, standing } from './quoting-market.ts';

/** A maker with quotes on two series; the call is in the last second of its opening auction. */
function setUp() {
  const setting = quotingMarket();
  const { market, maker, call, put, callMark, putMark } = setting;
  const { state } = market;
  const parameters = { ...market.context.parameters, auctionNoCancelMs: 10_000 };
  state.parameters.set(SINGLETON_KEY, parameters);
  market.context = { ...market.context, parameters };
  const { context } = market;
  quote(
    market,
    maker,
    { instrument: call, bid: [callMark - 5, 4], ask: [callMark + 5, 4] },
    { instrument: put, bid: [putMark - 5, 4] },
  );
  const instrument = state.instruments.must(call);
  instrument.state = INSTRUMENT_STATE.auction;
  const until = timestampMs(context.timestamp + 6_000);
  setPhase(state, instrument, { until, isOpening: true, extended: false });
  rebuildAuctionIndex(state);
  return { ...setting, instrument, until };
}

test('a quote is neither moved nor withdrawn, and the maker is told', () => {
  const { market, maker, call, put, callMark, putMark } = setUp();
  const result = quote(
    market,
    maker,
    { instrument: call, bid: [callMark - 4, 4] },
    { instrument: put, bid: [putMark - 4, 4] },
  );
  expect(outcomeOf(result)).toEqual({
    placed: 1,
    kept: 0,
    withdrawn: 1,
    refused: ['0 bid auction_frozen', '0 ask auction_frozen'],
  });
  expect(standing(market, maker, call)).toEqual({ bid: [callMark - 5, 4], ask: [callMark + 5, 4] });
});

test('a switch that fires leaves what the auction holds, and closes it when that is over', () => {
  const { market, maker, call, instrument } = setUp();
  const { state } = market;
  cancelAfter(state, market.context, accountOf(maker), {
    scope: SWITCH_SCOPE.subAccount,
    subAccount: subAccount(0),
    timeoutMs: 5_000,
  });
  market.context = nextBlock(state, 5_000);
  fireDeadManSwitches(state, market.context);
  expect(openOrdersOf(state, maker).map((order) => order.instrument)).toEqual([call, call]);
  expect(market.context.events).toHaveLength(2);
  market.context = nextBlock(state, 1_000);
  markAt(market, 100_000);
  instrument.state = INSTRUMENT_STATE.open;
  rebuildAuctionIndex(state);
  fireDeadManSwitches(state, market.context);
  expect(openOrdersOf(state, maker)).toEqual([]);
  expect(state.deadManSwitches.size).toBe(0);
});

test('other limits do not take a quote out of the auction that holds it', () => {
  const { market, maker, instrument } = setUp();
  const { state } = market;
  const refused = protect(market, maker, { quantityLimit: 1 });
  expect(codeOf(refused)).toBe('auction_frozen');
  expect(codeOf(protect(market, maker, { windowMs: 0 }))).toBe('auction_frozen');
  expect(state.protections.size).toBe(0);
  instrument.state = INSTRUMENT_STATE.open;
  rebuildAuctionIndex(state);
  expect(protect(market, maker, { quantityLimit: 1 }).ok).toBe(true);
});
