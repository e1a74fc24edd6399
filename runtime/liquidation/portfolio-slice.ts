/**
 * A proportional slice of a portfolio: lots rounded down series by series, so that nobody gets more
 * than the share; and what part of the whole that is.
 *
 * Where the rounding leaves lots behind the slice is the smaller, and so is what is paid for it:
 * `sharePpm` is that of the notional that really moves. Cost: O(positions).
 */
import { absBigint, mulDivCeil, mulDivFloor } from '../core/math.ts';
import type { State } from '../state/state.ts';
import { WHOLE_PPM } from './auction-price.ts';
import { type LivePosition, lotsValue } from './move-position.ts';

/** Signed lots of one series that move. */
export type SliceLine = Pick<LivePosition, 'instrument' | 'lots'>;

export type PortfolioSlice = {
  /** Ascending by instrument, none of 0 lots. */
  readonly lines: readonly SliceLine[];
  /** At mark. */
  readonly value: bigint;
  /** Of the notional of all that could move, rounded down. */
  readonly sharePpm: number;
};

const WHOLE = BigInt(WHOLE_PPM);

/** The slice of so many ppm. */
export function portfolioSlice(
  state: State,
  positions: readonly LivePosition[],
  sharePpm: number,
): PortfolioSlice {
  const lines: SliceLine[] = [];
  let value = 0n;
  let taken = 0n;
  let all = 0n;
  for (const { instrument, lots, lotNotional } of positions) {
    const size = BigInt(Math.abs(lots));
    const moved = mulDivFloor(size, BigInt(sharePpm), WHOLE);
    all += size * lotNotional;
    taken += moved * lotNotional;
    if (moved === 0n) continue;
    const signed = lots < 0 ? -Number(moved) : Number(moved);
    value += lotsValue(state, instrument, signed);
    lines.push({ instrument, lots: signed });
  }
  return { lines, value, sharePpm: all === 0n ? 0 : Number(mulDivFloor(taken, WHOLE, all)) };
}

/** The least share that moves a lot of the largest position; the whole where nothing is held. */
export function leastSharePpm(positions: readonly LivePosition[]): number {
  const largest = positions.reduce((most, { lots }) => Math.max(most, Math.abs(lots)), 1);
  return Number(mulDivCeil(WHOLE, 1n, BigInt(largest)));
}

/** Notional of all positions at the index. */
export function notionalOf(positions: readonly LivePosition[]): bigint {
  return positions.reduce((sum, one) => sum + absBigint(BigInt(one.lots)) * one.lotNotional, 0n);
}
