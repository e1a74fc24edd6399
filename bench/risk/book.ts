/**
 * A listing of 2,000 series and accounts on it, for the risk bench: BTC at $100,000, twelve expiries
 * from a day to two years, an eSSVI slice of each, strikes about evenly in deviations.
 */
import { type Account, orderCash } from '../../runtime/margin/portfolio/account.ts';
import {
  defaultPortfolioParameters,
  portfolioModel,
} from '../../runtime/margin/portfolio/portfolio-parameters.ts';
import {
  beginExpiry,
  fillStrike,
  type RiskArrays,
  restartRiskArrays,
  riskArrays,
  type StrikeSeries,
} from '../../runtime/margin/portfolio/risk-arrays.ts';
import { ln } from '../../runtime/pricing/elementary.ts';
import {
  type EssviSlice,
  essviSlice,
  type SliceParameters,
  totalVariance,
} from '../../runtime/pricing/essvi.ts';

export const SERIES = 2_000;
export const SPOT = 100_000;
const EXPIRY_DAYS = [1, 2, 3, 7, 14, 21, 30, 60, 90, 180, 365, 730];
/** 10⁻⁵ USD; lots of 0.01 and 0.001 BTC. */
const MARKET = {
  spot: SPOT,
  confidence: 1,
  pegPrice: 1,
  usdUnits: 100_000,
  optionUnits: 1_000,
  linearUnits: 100,
};

export type Listing = {
  readonly years: number;
  readonly forward: number;
  readonly parameters: SliceParameters;
  readonly slice: EssviSlice;
  readonly strikes: readonly number[];
};

/** The listing, its strikes shared out over the expiries. */
export function listingOf(strikes: number): readonly Listing[] {
  return EXPIRY_DAYS.map((days, index) => {
    const years = days / 365;
    const from = Math.floor((strikes * index) / EXPIRY_DAYS.length);
    const count = Math.floor((strikes * (index + 1)) / EXPIRY_DAYS.length) - from;
    const forward = SPOT * (1 + 0.05 * years);
    const theta = 0.55 * 0.55 * years;
    const width = 5 * Math.sqrt(theta);
    const ratio = (at: number) => 1 + width * ((at + 0.5) / count - 0.5) * 0.8;
    const parameters = {
      theta: Math.round(theta * 1e12),
      u: Math.round(0.3e9 * Math.sqrt(years)),
      l: Math.round(0.5e9 * Math.sqrt(years)),
    };
    return {
      years,
      forward,
      parameters,
      slice: essviSlice(parameters),
      strikes: Array.from({ length: count }, (_, at) =>
        Math.max(1_000, Math.round((forward * ratio(at)) / 100) * 100),
      ),
    };
  });
}

/** Arrays with room for the listing, empty. */
export function emptyArrays(): RiskArrays {
  const model = portfolioModel(defaultPortfolioParameters());
  if (!model.ok) throw new Error(model.error.code);
  return riskArrays(model.value, MARKET, SERIES);
}

/** Prices the whole listing anew into the same buffers. */
export function fillListing(
  buffers: RiskArrays,
  listing: readonly Listing[],
  series: StrikeSeries,
): RiskArrays {
  const arrays = restartRiskArrays(buffers, MARKET);
  for (const { years, forward, slice, strikes } of listing) {
    const shocks = beginExpiry(arrays, {
      years,
      varianceYears: years,
      forward,
      openShare: 1,
      rate: 0,
      discountFactor: 1,
      confidence: 1,
    });
    for (const strike of strikes) {
      const deviation = Math.sqrt(totalVariance(slice, ln(strike / forward)));
      fillStrike(arrays, shocks, strike, deviation, series);
    }
  }
  return arrays;
}

/** Numbers from 0 to 1, the same every time. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Rows of an account: ascending, each once. */
function someRows(random: () => number, count: number, rows: number): Int32Array {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(random() * rows));
  return Int32Array.from([...chosen].sort((a, b) => a - b));
}

/** An account of positions of up to 50 lots and orders of up to 10 in series that it holds. */
export function someAccount(
  arrays: RiskArrays,
  of: { readonly positions: number; readonly orders: number; readonly seed: number },
): Account {
  const random = randomNumbers(of.seed);
  const size = (most: number) => (1 + Math.floor(random() * most)) * (random() < 0.5 ? -1 : 1);
  const rows = someRows(random, of.positions, arrays.rows);
  const orders = Array.from({ length: of.orders }, () => {
    const row = rows[Math.floor(random() * rows.length)] ?? 0;
    const lots = size(10);
    const mark = arrays.values[row * arrays.layout.columns + arrays.layout.mark] ?? 0;
    const price = mark * (0.98 + 0.04 * random());
    const side = lots > 0 ? 'bid' : 'ask';
    return { row, lots, cash: orderCash({ side, mark, price, fee: 10_000 }) };
  }).sort((a, b) => a.row - b.row);
  return {
    positions: { rows, lots: Float64Array.from(rows, () => size(50)) },
    orders,
  };
}
