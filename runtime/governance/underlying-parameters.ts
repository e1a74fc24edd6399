/**
 * Parameters of an underlying: which of its row a vote may change, and what a row must be to be listed.
 *
 * Grids (ticks, lots) and the way of matching never change: prices of resting orders and sizes of
 * positions are counted in them. Marks carry terms of fees (`margin/series-risk.ts`), so a change of them
 * makes the marks of the same inputs anew.
 */
import { ANY_UNDERLYING } from '../actions/orders.ts';
import { MAX_ORDER_LOTS } from '../limits.ts';
import { MATCHING, type Underlying } from '../options/underlying.ts';
import { tickTableProblem } from '../rules/tick-table.ts';

type Range = { readonly min: number; readonly max: number; readonly unit: string };

const FEE: Range = { min: 0, max: 10_000, unit: 'hundredths of a bp' };
const SHARE: Range = { min: 0, max: 10_000, unit: 'bps' };
const LIMIT: Range = { min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'lots, 0: no limit' };
const ORDER: Range = { min: 1, max: MAX_ORDER_LOTS, unit: 'lots' };

/** The fields that a vote may change. */
export type UnderlyingParameters = Pick<
  Underlying,
  | 'strikesListed'
  | 'expiriesListed'
  | 'makerFeeCentiBps'
  | 'takerFeeCentiBps'
  | 'feeCapBps'
  | 'settlementFeeCentiBps'
  | 'settlementFeeCapBps'
  | 'futureMakerFeeCentiBps'
  | 'futureTakerFeeCentiBps'
  | 'futuresListed'
  | 'futureMaxOrderLots'
  | 'futureMaxPositionLots'
  | 'futureMaxOpenInterestLots'
  | 'minOrderLots'
  | 'maxOrderLots'
  | 'blockMinLots'
  | 'maxSeriesOpenInterestLots'
  | 'maxOpenInterestLots'
  | 'maxPositionLots'
  | 'maxAccountLots'
  | 'defaultVolatilityBps'
>;

/** Allowed values, inclusive, with the unit. Positions are wire format: append only. */
export const UNDERLYING_RANGES: { readonly [K in keyof UnderlyingParameters]: Range } = {
  strikesListed: { min: 0, max: 201, unit: 'strikes, 0: by delta' },
  expiriesListed: { min: 1, max: 32, unit: 'expiries' },
  makerFeeCentiBps: FEE,
  takerFeeCentiBps: FEE,
  feeCapBps: SHARE,
  settlementFeeCentiBps: FEE,
  settlementFeeCapBps: SHARE,
  futureMakerFeeCentiBps: FEE,
  futureTakerFeeCentiBps: FEE,
  futuresListed: { min: 0, max: 32, unit: 'futures' },
  futureMaxOrderLots: ORDER,
  futureMaxPositionLots: LIMIT,
  futureMaxOpenInterestLots: LIMIT,
  minOrderLots: ORDER,
  maxOrderLots: ORDER,
  blockMinLots: ORDER,
  maxSeriesOpenInterestLots: LIMIT,
  maxOpenInterestLots: LIMIT,
  maxPositionLots: LIMIT,
  maxAccountLots: LIMIT,
  defaultVolatilityBps: { min: 100, max: 100_000, unit: 'bps' },
};

export const UNDERLYING_PARAMETER_NAMES: readonly (keyof UnderlyingParameters)[] = Object.keys(
  UNDERLYING_RANGES,
) as (keyof UnderlyingParameters)[];

/** What is wrong between the fields of a row whose parameters are in their ranges. */
export function underlyingParametersProblem(row: Underlying): string | undefined {
  if (row.minOrderLots > row.maxOrderLots) return 'minOrderLots is above maxOrderLots';
  if (row.strikesListed > 0 && row.strikesListed % 2 === 0) {
    return 'strikesListed is even: the middle one is nearest to the index';
  }
  if (row.futureLotsPerCoin === 0 && row.futuresListed > 0) {
    return 'futuresListed without futures';
  }
  return undefined;
}

/** Bounds of what only a listing gives. */
const LISTING_RANGES: readonly (readonly [keyof Underlying, number, number])[] = [
  ['id', 0, ANY_UNDERLYING - 1],
  ['optionTickMicroUsd', 1, 1_000_000_000_000],
  ['optionLotsPerCoin', 1, 1_000_000],
  ['strikeStepMicroUsd', 0, 1_000_000_000_000],
  ['expiryIntervalMs', 0, 366 * 86_400_000],
  ['futureTickMicroUsd', 1, 1_000_000_000_000],
  ['futureLotsPerCoin', 0, 1_000_000],
  ['matching', MATCHING.continuous, MATCHING.batch],
];

/** Printable ASCII in capitals and digits: what instrument names are made of. */
function isName(name: Uint8Array): boolean {
  return (
    name.length >= 2 &&
    name.every((byte) => (byte >= 65 && byte <= 90) || (byte >= 48 && byte <= 57))
  );
}

/** What is wrong with a row to be listed: the first field, then the first rule between fields. */
export function underlyingProblem(row: Underlying): string | undefined {
  const ranges = [
    ...LISTING_RANGES,
    ...UNDERLYING_PARAMETER_NAMES.map((name) => {
      const { min, max } = UNDERLYING_RANGES[name];
      return [name, min, max] as const;
    }),
  ];
  for (const [name, min, max] of ranges) {
    const given = row[name];
    if (typeof given !== 'number' || given < min || given > max) {
      return `${name}: allowed ${min} to ${max}`;
    }
  }
  if (!isName(row.name)) return 'name: 2 to 8 capitals and digits';
  const ticks = tickTableProblem(row.optionTicks);
  if (ticks !== undefined) return `optionTicks: ${ticks}`;
  if (row.optionTickMicroUsd % row.optionLotsPerCoin !== 0) {
    return 'optionTickMicroUsd is no multiple of optionLotsPerCoin: a notional is exact';
  }
  if (row.strikeStepMicroUsd % row.optionLotsPerCoin !== 0) {
    return 'strikeStepMicroUsd is no multiple of optionLotsPerCoin: a payoff is exact';
  }
  if (row.futureLotsPerCoin > 0 && row.futureTickMicroUsd % row.futureLotsPerCoin !== 0) {
    return 'futureTickMicroUsd is no multiple of futureLotsPerCoin: a notional is exact';
  }
  return underlyingParametersProblem(row);
}
