/**
 * Standard margin of short options: the isolated requirement of Derive's standard manager.
 *
 * Source: reference/options.md §2 (Derive SRM), reference/exchange.md §3 and B1; derivexyz/v2-core
 * StandardManager.sol. With S the index, M the mark, K the strike, all per coin:
 *
 *   call  initial      M + max(0.15·S − OTM, 0.13·S)
 *         maintenance  M + 0.09·S
 *   put   maintenance  M + max(0.09·S, 0.09·M)
 *         initial      max(M + max(0.15·S − OTM, 0.13·S), 1.05 × maintenance)
 *
 * OTM is how far the option is out of the money. Longs have no requirement and give no credit.
 * Amounts are what must be held, not negative. Units: micro-USD; results are exact, rounded up
 * against the holder.
 */
import { INSTRUMENT_KIND, type InstrumentKind } from '../options/instrument.ts';

/** Percent of the index, unless said. */
const INITIAL_INDEX_PERCENT = 15;
const INITIAL_FLOOR_PERCENT = 13;
const MAINTENANCE_PERCENT = 9;
/** Of a put's maintenance requirement. */
const PUT_INITIAL_PERCENT = 105;

/** Added to the worst payoff per net short call: percent of the forward. */
export const NAKED_INITIAL_PERCENT = 120;
export const NAKED_MAINTENANCE_PERCENT = 110;

/** Below this confidence of the index, shorts need (1 − confidence) × S more initially. */
export const CONFIDENCE_FLOOR_BPS = 5_500;

/** A short option as the formula sees it: micro-USD per coin. */
export type ShortOption = {
  readonly kind: InstrumentKind;
  readonly strike: number;
  readonly index: number;
  readonly mark: number;
};

/**
 * ceil(a ÷ divisor) of integers, a at most 2⁵³. Exact: were the quotient rounded to an integer it is
 * not, a remainder of at least 1 ÷ divisor would be below half a unit in the last place.
 */
export function divideUp(a: number, divisor: number): number {
  const floor = Math.floor(a / divisor);
  return floor * divisor === a ? floor : floor + 1;
}

/** Isolated requirements of `lotsPerCoin`-th parts of a coin: micro-USD per lot. */
export function isolatedPerLot(
  { kind, strike, index, mark }: ShortOption,
  lotsPerCoin: number,
): { readonly initial: number; readonly maintenance: number } {
  const isCall = kind === INSTRUMENT_KIND.call;
  const outOfTheMoney = Math.max(0, isCall ? strike - index : index - strike);
  // Hundredths of micro-USD per coin, so that every percentage is whole.
  const initial =
    100 * mark +
    Math.max(INITIAL_INDEX_PERCENT * index - 100 * outOfTheMoney, INITIAL_FLOOR_PERCENT * index);
  const maintenance = 100 * mark + MAINTENANCE_PERCENT * (isCall ? index : Math.max(index, mark));
  // Hundredths once more for the put's share of its maintenance requirement.
  const floor = isCall ? 0 : PUT_INITIAL_PERCENT * maintenance;
  return {
    initial: divideUp(Math.max(100 * initial, floor), 10_000 * lotsPerCoin),
    maintenance: divideUp(maintenance, 100 * lotsPerCoin),
  };
}
