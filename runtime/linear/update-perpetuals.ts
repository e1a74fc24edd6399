/**
 * Marks the perpetuals that are due, and with each mark accrues its funding.
 *
 * Source: design/exchange.md §4. A perpetual is marked like an expiry: when the mark interval has
 * passed (a second by default) or the index has moved, never from a stale index. Then its premium and
 * basis are read from the book as the block before left it. A book that does not trade (auction, halt)
 * says nothing: the premium is 0 and the mark returns to the index. A step charges at most
 * `MAX_FUNDING_STEP_MS`, so an outage of the oracle costs nobody.
 *
 * The mark is written as a row of `markInputs` at expiry 0, whose forward it is. Cost: ~10 µs per
 * perpetual that is due.
 */
import { effectiveState } from '../auction/phase.ts';
import type { BlockContext } from '../block-context.ts';
import { timestampMs } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { ordersFromBest } from '../matching/book.ts';
import { bookOf } from '../matching/books.ts';
import { INSTRUMENT_STATE, type Instrument, PERPETUAL_EXPIRY } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';
import { freshIndex } from '../oracle/freshness.ts';
import { isMarkDue, setMarkInputs } from '../oracle/update-marks.ts';
import { expiryKey, type State } from '../state/state.ts';
import {
  accrueFunding,
  fundingRate,
  IMPACT_NOTIONAL_MICRO_USD,
  IMPACT_ORDER_AGE_MS,
  type ImpactPrices,
  MAX_FUNDING_STEP_MS,
  premiumOf,
} from './funding.ts';
import { type ImpactQuestion, impactPrice } from './impact-price.ts';
import { basisOf, nextAverage, perpetualMark } from './mark.ts';
import { noteFundingHour, type Perpetual } from './perpetual.ts';

const NO_PRICES: ImpactPrices = { bid: undefined, ask: undefined };

/** Both impact prices of a perpetual that trades. */
function impactPrices(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  { futureTickMicroUsd, futureLotsPerCoin }: Underlying,
): ImpactPrices {
  if (effectiveState(state, instrument) !== INSTRUMENT_STATE.open) return NO_PRICES;
  const { bids, asks } = bookOf(state, instrument.id);
  const question: ImpactQuestion = {
    notional: IMPACT_NOTIONAL_MICRO_USD,
    placedBy: timestampMs(Math.max(0, context.timestamp - IMPACT_ORDER_AGE_MS)),
    tickMicroUsd: futureTickMicroUsd,
    tickValue: futureTickMicroUsd / futureLotsPerCoin,
  };
  return {
    bid: impactPrice(ordersFromBest(bids), question),
    ask: impactPrice(ordersFromBest(asks), question),
  };
}

/** Accrues funding to this moment and moves the average: the row at its new mark. */
function advance(
  row: Perpetual,
  now: Perpetual['markedAt'],
  index: number,
  prices: ImpactPrices,
  lotsPerCoin: number,
): void {
  const elapsedMs = Math.min(MAX_FUNDING_STEP_MS, now - row.markedAt);
  row.premium = premiumOf(prices, index);
  row.rate = fundingRate(row.premium);
  const { rate } = row;
  const { cumulative, remainder } = accrueFunding(row, { rate, index, elapsedMs, lotsPerCoin });
  row.cumulative = cumulative;
  row.remainder = remainder;
  row.average = nextAverage(row.average, basisOf(prices, index), elapsedMs);
  row.markedAt = now;
  noteFundingHour(row);
}

/** Marks every perpetual that is due, underlyings ascending. */
export function updatePerpetuals(state: State, context: BlockContext): void {
  for (const underlying of state.perpetuals.sortedKeys()) {
    const index = freshIndex(state, context, underlying);
    if (index === undefined) continue;
    const last = state.markInputs.get(expiryKey.pack(underlying, PERPETUAL_EXPIRY));
    if (!isMarkDue(context, last, index)) continue;
    const row = state.perpetuals.must(underlying);
    const terms = state.underlyings.must(underlying);
    const instrument = state.instruments.must(row.instrument);
    const lotsPerCoin = terms.futureLotsPerCoin;
    const prices = impactPrices(state, context, instrument, terms);
    advance(row, context.timestamp, index, prices, lotsPerCoin);
    state.perpetuals.touch(underlying);
    const forward = perpetualMark(index, row.average, lotsPerCoin);
    const values = { index, forward, theta: 0, u: 0, l: 0, windowMs: 0 };
    setMarkInputs(state, context, { underlying, expiry: PERPETUAL_EXPIRY }, values);
    const { premium, rate, cumulative } = row;
    const value = { underlying, instrument: row.instrument, premium, rate, cumulative };
    context.events.push({ selector: EVENT.funding, value });
  }
}
