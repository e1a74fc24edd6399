/**
 * How much open interest a series and an underlying may have.
 *
 * Judged on the planned trade, exactly: open interest rises only where both sides of a fill open, and
 * what a trade opens and closes is known when it is planned. A trade that raises none is always
 * allowed, also above a limit that was lowered. Resting orders are not counted: whoever takes them is
 * judged then.
 */
import { SIDE, type Side } from '../actions/order-terms.ts';
import type { PortfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { positionOf } from '../margin/portfolio-index.ts';
import type { Instrument } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';
import type { State } from '../state/state.ts';
import { underlyingOpenInterest } from './exposure.ts';

/** Signed lots that a portfolio's position in the instrument changes by. */
export type PositionChange = { readonly portfolio: PortfolioId; readonly lots: number };

/** The changes of both sides of a match, fill by fill. */
export function* matchChanges(
  taker: PortfolioId,
  side: Side,
  fills: readonly {
    readonly maker: { readonly portfolio: PortfolioId };
    readonly lots: number;
  }[],
): Iterable<PositionChange> {
  const sign = side === SIDE.buy ? 1 : -1;
  for (const { maker, lots } of fills) {
    yield { portfolio: taker, lots: sign * lots };
    yield { portfolio: maker.portfolio, lots: -sign * lots };
  }
}

/** Lots by which changes that sum to 0 raise open interest; negative: they lower it. O(changes). */
export function openInterestRise(
  state: State,
  { id }: Instrument,
  changes: Iterable<PositionChange>,
): number {
  const positions = new Map<PortfolioId, number>();
  let rise = 0;
  for (const { portfolio, lots } of changes) {
    const before = positions.get(portfolio) ?? positionOf(state, portfolio, id);
    const after = before + lots;
    rise += Math.max(0, after) - Math.max(0, before);
    positions.set(portfolio, after);
  }
  return rise;
}

/** Whether so many lots traded could take the series or the underlying above its limit. O(1). */
export function isOpenInterestNear(
  state: State,
  underlying: Underlying,
  { openInterest }: Instrument,
  lots: number,
): boolean {
  const { maxSeriesOpenInterestLots: ofSeries, maxOpenInterestLots: ofAll } = underlying;
  if (ofSeries > 0 && openInterest + lots > ofSeries) return true;
  return ofAll > 0 && underlyingOpenInterest(state, underlying.id) + lots > ofAll;
}

/**
 * Errors in order: open_interest_limit, underlying_open_interest_limit. `lots`: traded in all;
 * `changes`: of both sides, asked for only when a limit is near. O(1), near a limit O(changes).
 */
export function openInterestRefusal(
  state: State,
  underlying: Underlying,
  instrument: Instrument,
  trade: { readonly lots: number; readonly changes: () => Iterable<PositionChange> },
): Refusal | undefined {
  if (trade.lots === 0 || !isOpenInterestNear(state, underlying, instrument, trade.lots)) {
    return undefined;
  }
  const { maxSeriesOpenInterestLots: ofSeries, maxOpenInterestLots: ofAll } = underlying;
  const all = underlyingOpenInterest(state, underlying.id);
  const rise = openInterestRise(state, instrument, trade.changes());
  if (rise <= 0) return undefined;
  const given = instrument.openInterest + rise;
  if (ofSeries > 0 && given > ofSeries) {
    return refusal('open_interest_limit', { given, allowed: ofSeries });
  }
  return ofAll > 0 && all + rise > ofAll
    ? refusal('underlying_open_interest_limit', { given: all + rise, allowed: ofAll })
    : undefined;
}
