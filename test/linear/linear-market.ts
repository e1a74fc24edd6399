/** A marked market with a perpetual and a future beside options, for tests of futures: BTC at $100,000. */
import type { PlaceOrder } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import type { Result } from '../../runtime/core/result.ts';
import {
  type InstrumentId,
  type PortfolioId,
  portfolioAccount,
  type TimestampMs,
  timestampMs,
} from '../../runtime/core/units.ts';
import type { Refusal } from '../../runtime/error.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { listLinear } from '../../runtime/linear/list-linear.ts';
import { variationProblems } from '../../runtime/linear/move-position.ts';
import { updatePerpetuals } from '../../runtime/linear/update-perpetuals.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { listSeries } from '../../runtime/options/list-series.ts';
import type { Underlying } from '../../runtime/options/underlying.ts';
import { updateMarks } from '../../runtime/oracle/update-marks.ts';
import type { ActionResult } from '../../runtime/receipt.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import { sliceVote } from '../fixtures/oracle.ts';
import {
  BTC,
  MICRO,
  nextBlock,
  START,
  type TestStateOptions,
  testState,
} from '../fixtures/state.ts';
import { orderOf } from '../matching/market.ts';

/** Tick $0.5, lot 0.001 BTC; one future. */
export const FUTURES_BTC: Underlying = {
  ...BTC,
  futureTickMicroUsd: MICRO / 2,
  futureLotsPerCoin: 1_000,
  futuresListed: 1,
  strikesListed: 3,
};

/** The nearest expiry. */
export const EXPIRY: TimestampMs = timestampMs(START + 300_000);

export type LinearMarket = {
  readonly state: State;
  context: BlockContext;
  readonly perpetual: InstrumentId;
  readonly future: InstrumentId;
  readonly call: InstrumentId;
};

/** Index and, unless it is past, the slice of the expiry, as of this block; then marks. */
export function markLinearAt(
  { state, context }: Pick<LinearMarket, 'state' | 'context'>,
  indexUsd: number,
  forwardUsd: number = indexUsd,
): void {
  const { timestamp } = context;
  const index = Math.round(indexUsd * MICRO);
  const forward = Math.round(forwardUsd * MICRO);
  state.indexPrices.set(FUTURES_BTC.id, {
    underlying: FUTURES_BTC.id,
    index,
    confidenceBps: 10_000,
    updatedAt: timestamp,
  });
  for (const expiry of [EXPIRY, timestampMs(EXPIRY + 300_000), timestampMs(EXPIRY + 600_000)]) {
    if (expiry <= timestamp) continue;
    state.surfaceSlices.set(expiryKey.pack(FUTURES_BTC.id, expiry), {
      ...sliceVote(expiry, timestamp, forward),
      underlying: FUTURES_BTC.id,
      updatedAt: timestamp,
    });
  }
  updatePerpetuals(state, context);
  updateMarks(state, context);
}

function ofKind(state: State, kind: number): InstrumentId {
  const id = state.instruments
    .sortedKeys()
    .find((key) => state.instruments.must(key).kind === kind);
  if (id === undefined) throw new Error(`no instrument of kind ${kind}`);
  return id;
}

/** Listed by the chain's own rules and marked at $100,000. */
export function linearMarket(
  options: Pick<TestStateOptions, 'parameters'> & { readonly underlying?: Underlying } = {},
): LinearMarket {
  const { parameters = {}, underlying = FUTURES_BTC } = options;
  const state = testState({ parameters, underlyings: [underlying] });
  let context = nextBlock(state, 1_000);
  markLinearAt({ state, context }, 100_000);
  listLinear(state, context);
  listSeries(state, context);
  context = nextBlock(state, 1_000);
  markLinearAt({ state, context }, 100_000);
  const { perpetual, future, call } = INSTRUMENT_KIND;
  return {
    state,
    context,
    perpetual: ofKind(state, perpetual),
    future: ofKind(state, future),
    call: ofKind(state, call),
  };
}

/** The next block, marked at an index. */
export function nextMark(market: LinearMarket, indexUsd: number, elapsedMs: number = 1_000): void {
  market.context = nextBlock(market.state, elapsedMs);
  markLinearAt(market, indexUsd);
}

/** Places an order; price in whole dollars (an option's in ticks of $1 as well). */
export function trade(
  { state, context }: LinearMarket,
  portfolio: PortfolioId,
  order: {
    readonly instrument: InstrumentId;
    readonly side: 'buy' | 'sell';
    readonly usd: number;
    readonly lots: number;
    readonly ioc?: true;
  },
  more: Partial<PlaceOrder> = {},
): Result<ActionResult, Refusal> {
  const { kind } = state.instruments.must(order.instrument);
  const isLinear = kind === INSTRUMENT_KIND.future || kind === INSTRUMENT_KIND.perpetual;
  const price = isLinear ? order.usd * 2 : order.usd;
  return placeOrder(state, context, portfolioAccount(portfolio), {
    ...orderOf(portfolio, { ...order, price }),
    ...more,
  });
}

/** Lets two portfolios trade: the seller rests, the buyer takes. */
export function cross(
  market: LinearMarket,
  buyer: PortfolioId,
  seller: PortfolioId,
  order: { readonly instrument: InstrumentId; readonly usd: number; readonly lots: number },
): void {
  const rested = trade(market, seller, { ...order, side: 'sell' });
  if (!rested.ok) throw new Error(`refused: ${rested.error.code}`);
  const taken = trade(market, buyer, { ...order, side: 'buy' });
  if (!taken.ok) throw new Error(`refused: ${taken.error.code}`);
}

/** Dollars of a portfolio, with fractions. */
export function dollars(state: State, portfolio: PortfolioId): number {
  return Number(balanceOf(state, portfolio, DENOMINATION.usd)) / MICRO;
}

/** What breaks conservation of money, lots or variation. */
export function moneyProblems(state: State): string[] {
  return [...conservationProblems(state), ...variationProblems(state)];
}

/** Block time. */
export function now(state: State): TimestampMs {
  return metaOf(state).timestamp;
}
