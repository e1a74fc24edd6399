/**
 * Risk: pricing, risk arrays of a whole listing, portfolio margin of one account, a crowd after a mark.
 *
 * But for the crowd every figure is the least of rounds over data that differs from call to call: what else a machine
 * does only ever adds to a round.
 */
import { marginScratch, portfolioMargin } from '../runtime/margin/portfolio/account-margin.ts';
import {
  addOrder,
  buildSums,
  marginOfSums,
  removeOrder,
} from '../runtime/margin/portfolio/account-sums.ts';
import type { RiskArrays } from '../runtime/margin/portfolio/risk-arrays.ts';
import { callPrice } from '../runtime/pricing/black76.ts';
import { impliedVolatility } from '../runtime/pricing/implied-volatility.ts';
import { type BenchOptions, reportFigure, timeMs } from './report.ts';
import {
  emptyArrays,
  fillListing,
  listingOf,
  randomNumbers,
  SERIES,
  SPOT,
  someAccount,
} from './risk/book.ts';
import { isEverybodyFound, newCrowd, remark, restart } from './risk/crowd.ts';

const WARM_ROUNDS = 5;
const ROUNDS = 101;
const QUOTES = 20_000;
const ACCOUNTS = 200;
const POSITIONS = 100;
const ORDERS = 50;
const CROWD = 100_000;
const CROWD_POSITIONS = 8;
const MARKS = 21;

type Report = (name: string, metric: string, value: number, unit: string) => void;

/** Least milliseconds of `work`, after rounds in which it is compiled. */
function leastMs(work: () => void): number {
  for (let round = 0; round < WARM_ROUNDS; round++) work();
  return Math.min(...Array.from({ length: ROUNDS }, () => timeMs(work)));
}

/** Keeps results alive, so that no work is optimised away. */
let sink = 0;

function measurePricing(report: Report): void {
  const random = randomNumbers(7);
  const quotes = Array.from({ length: QUOTES }, () => {
    const forward = 50_000 + 100_000 * random();
    const years = 0.003 + 2 * random();
    const deviation = (0.2 + 0.8 * random()) * Math.sqrt(years);
    const distance = 2 * deviation * (random() - 0.5);
    const strike = forward * (distance > 0 ? 1 + distance : 1 / (1 - distance));
    return { kind: 'call' as const, forward, strike, years, deviation };
  });
  const price = () => {
    for (const { forward, strike, deviation } of quotes)
      sink += callPrice(forward, strike, deviation);
  };
  report('calls', 'black76_ns', (1e6 * leastMs(price)) / QUOTES, 'ns');
  const priced = quotes.map((quote) => ({
    ...quote,
    price: callPrice(quote.forward, quote.strike, quote.deviation),
  }));
  const invert = () => {
    for (const quote of priced) {
      const volatility = impliedVolatility(quote, quote.years);
      if (volatility.ok) sink += volatility.value;
    }
  };
  report('calls', 'implied_vol_ns', (1e6 * leastMs(invert)) / QUOTES, 'ns');
}

function measureArrays(report: Report): void {
  const buffers = emptyArrays();
  const pairs = listingOf(SERIES / 2);
  const calls = listingOf(SERIES);
  const fill = (series: 'both' | 'call') => () => {
    sink += fillListing(buffers, series === 'both' ? pairs : calls, series).rows;
  };
  report('2,000 series: calls and puts', 'risk_arrays_ms', leastMs(fill('both')), 'ms');
  report('2,000 series: all strikes differ', 'risk_arrays_ms', leastMs(fill('call')), 'ms');
}

function measureAccounts(arrays: RiskArrays, report: Report): void {
  const scratch = marginScratch(arrays);
  for (const { orders, metric } of [
    { orders: 0, metric: 'pm_100_us' },
    { orders: ORDERS, metric: 'pm_100_50_us' },
  ]) {
    const accounts = Array.from({ length: ACCOUNTS }, (_, index) =>
      someAccount(arrays, { positions: POSITIONS, orders, seed: 1 + index }),
    );
    const work = () => {
      for (const account of accounts) {
        sink += portfolioMargin(arrays, account, 'initial', scratch).excess;
      }
    };
    report('initial', metric, (1e3 * leastMs(work)) / ACCOUNTS, 'us');
  }
}

/** An order enters and leaves beside 50 others, and the margin is read after each. */
function measureOrders(arrays: RiskArrays, report: Report): void {
  const books = Array.from({ length: ACCOUNTS }, (_, index) => {
    const account = someAccount(arrays, { positions: POSITIONS, orders: ORDERS, seed: 1 + index });
    const order = account.orders[index % ORDERS];
    if (order === undefined) throw new Error('an account has orders');
    return { sums: buildSums(arrays, account, 'initial'), order };
  });
  const work = () => {
    for (const { sums, order } of books) {
      addOrder(sums, ORDERS, order);
      sink += marginOfSums(sums).excess;
      removeOrder(sums, ORDERS, order);
      sink += marginOfSums(sums).excess;
    }
  };
  report('initial', 'order_margin_us', (1e3 * leastMs(work)) / (2 * ACCOUNTS), 'us');
}

/**
 * A crowd marked again and again, and the distressed found: the median of marks that go up and down by a
 * thousandth, because who is near is looked at in some of them. Then the first mark of a node that has
 * loaded the rows.
 */
function measureCrowd(name: string, inPortfolioMode: number, report: Report): void {
  const facts = { accounts: CROWD, positions: CROWD_POSITIONS, series: SERIES, inPortfolioMode };
  const crowd = newCrowd(facts);
  const indexAt = (mark: number) => SPOT * (1 + (mark % 2) / 1_000);
  for (let mark = 0; mark < WARM_ROUNDS; mark++) remark(crowd, indexAt(mark));
  const times = Array.from({ length: MARKS }, (_, mark) =>
    timeMs(() => remark(crowd, indexAt(mark))),
  ).sort((a, b) => a - b);
  if (!isEverybodyFound(crowd)) throw new Error('not everybody who is short is known to be');
  report(name, 'remark_100k_ms', times[Math.floor(MARKS / 2)] ?? 0, 'ms');
  restart(crowd);
  const first = timeMs(() => remark(crowd, indexAt(MARKS)));
  report(`${name}: the first mark of a node that restarted`, 'first_remark_100k_ms', first, 'ms');
}

export async function run(options: BenchOptions): Promise<void> {
  const report: Report = (name, metric, value, unit) =>
    reportFigure({ bench: 'risk', case: name, metric, value, unit }, options);
  measurePricing(report);
  measureArrays(report);
  const arrays = fillListing(emptyArrays(), listingOf(SERIES / 2), 'both');
  measureAccounts(arrays, report);
  measureOrders(arrays, report);
  measureCrowd('standard margin', 0, report);
  measureCrowd('a tenth under portfolio margin', 10, report);
  if (!Number.isFinite(sink)) throw new Error('a result is not a number');
}
