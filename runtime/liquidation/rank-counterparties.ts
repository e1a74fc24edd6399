/**
 * Who is deleveraged first: holders of the other side of a series, in groups.
 *
 * Source: design/exchange.md §6. Groups by profit × leverage, in powers of 2, the greatest first; in a
 * group first those whose own requirement falls by the closing. A group shares pro rata.
 *
 * Profit is `gainOf`. Profit and notional both count per unit of the account's value. Nothing here is a
 * float.
 */
import { maxBigint, mulDivFloor } from '../core/math.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { MAX_DELEVERAGED_CANDIDATES } from '../limits.ts';
import { excessOf, markValueOf } from '../margin/excess.ts';
import { bareExcessAfter } from '../margin/excess-after.ts';
import { expiryOf } from '../margin/portfolio-index.ts';
import type { State } from '../state/state.ts';
import { gainOf, livePositions, lotsValue } from './move-position.ts';
import { notionalOf } from './portfolio-slice.ts';

/** A holder of the other side: lots without sign. */
export type Counterparty = { readonly portfolio: PortfolioId; readonly lots: number };

/** Shares of profit × leverage below 2⁻³² are one bucket. */
const SCORE_SCALE = 2n ** 32n;

/** Number of bits of a whole that is not negative: floor(log₂) + 1, and 0 for 0. */
function bits(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** The bucket of profit × leverage of a position. O(positions of the account). */
export function scoreBucket(
  state: State,
  { portfolio, lots }: Counterparty,
  instrument: InstrumentId,
  sign: 1 | -1,
): number {
  const value = maxBigint(1n, markValueOf(state, portfolio));
  const profit = gainOf(state, portfolio, instrument, sign * lots);
  const notional = notionalOf(livePositions(state, portfolio));
  return bits(mulDivFloor(profit * SCORE_SCALE, notional, value * value));
}

/** Holders of the other side than `lots`, the largest first, as many as are looked at. */
function holders(
  state: State,
  position: { readonly instrument: InstrumentId; readonly lots: number },
  except: PortfolioId,
): Counterparty[] {
  const { byExpiry, byPortfolio } = state.derived.portfolios;
  const found: Counterparty[] = [];
  for (const portfolio of byExpiry.get(expiryOf(state, position.instrument)) ?? []) {
    if (portfolio === except) continue;
    const held = byPortfolio.get(portfolio)?.places.get(position.instrument)?.holding.position ?? 0;
    if (held * position.lots < 0) found.push({ portfolio, lots: Math.abs(held) });
  }
  found.sort((a, b) => b.lots - a.lots || a.portfolio - b.portfolio);
  return found.slice(0, MAX_DELEVERAGED_CANDIDATES);
}

/** Whether the account lacks less after it closed its position at mark. */
function isRelieved(
  state: State,
  { portfolio, lots }: Counterparty,
  instrument: InstrumentId,
  sign: 1 | -1,
): boolean {
  const cash = lotsValue(state, instrument, sign * lots);
  const changes = [{ instrument, lots: -sign * lots }];
  const after = bareExcessAfter(state, { portfolio, changes, cash });
  return after - cash > excessOf(state, portfolio).bare;
}

/**
 * Counterparties of a position, group by group: the first group is exhausted before the next. In a
 * group ascending by portfolio. Cost: O(holders of the expiry) and O(positions) for each looked at.
 */
export function* rankedCounterparties(
  state: State,
  position: { readonly instrument: InstrumentId; readonly lots: number },
  except: PortfolioId,
): Iterable<Counterparty[]> {
  const { instrument } = position;
  const sign = position.lots < 0 ? 1 : -1;
  const buckets = new Map<number, Counterparty[]>();
  for (const one of holders(state, position, except)) {
    const bucket = scoreBucket(state, one, instrument, sign);
    const others = buckets.get(bucket);
    if (others === undefined) buckets.set(bucket, [one]);
    else others.push(one);
  }
  for (const bucket of [...buckets.keys()].sort((a, b) => b - a)) {
    const group = (buckets.get(bucket) ?? []).sort((a, b) => a.portfolio - b.portfolio);
    const relieved = group.filter((one) => isRelieved(state, one, instrument, sign));
    const first = new Set(relieved);
    if (relieved.length > 0) yield relieved;
    const others = group.filter((one) => !first.has(one));
    if (others.length > 0) yield others;
  }
}
