/** The book alone: the flow for comparison beside another package, and growth with what rests. */
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { priceTicks } from '../../runtime/core/units.ts';
import { reduceInBook } from '../../runtime/matching/book.ts';
import { median, timeMs } from '../report.ts';
import { orderReferences, runBookAlone } from './book-alone.ts';
import { type FlowStep, mulberry32 } from './flow.ts';
import type { Report } from './measure.ts';
import { runNodejsOrderBook } from './nodejs-order-book.ts';
import { type RecordedBook, recordedBook, rest, take } from './recorded-book.ts';

/** Rounds before the code is compiled, not counted. */
const WARM_ROUNDS = 5;
const ROUNDS = 9;
const PACKAGE_ROUNDS = 3;
const GROWTH_OPERATIONS = 200_000;
const GROWTH_RESTING = { '1k': 1_000, '100k': 100_000, '1m': 1_000_000 } as const;

/** Operations a second of the flow, and of the package in the same run; both end alike. */
export function measureBook(flow: readonly FlowStep[], report: Report): void {
  const times: number[] = [];
  const cpuUs: number[] = [];
  for (let round = 0; round < WARM_ROUNDS; round++) runBookAlone(flow, orderReferences(flow));
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.threadCpuUsage();
    times.push(timeMs(() => runBookAlone(flow, orderReferences(flow))));
    const { user, system } = process.threadCpuUsage(before);
    cpuUs.push(user + system);
  }
  const end = runBookAlone(flow, orderReferences(flow));
  const perSecond = (1_000 * flow.length) / median(times);
  report('book alone', 'ops_per_s', perSecond, 'ops/s');
  report('book alone', 'ops_per_cpu_s', (1_000_000 * flow.length) / median(cpuUs), 'ops/s');
  report('book alone', 'resting_buys', end.restingBuys, 'orders');
  report('book alone', 'resting_sells', end.restingSells, 'orders');
  report('book alone', 'fills', end.fills, 'fills');

  const byMap = new Map<number, ReturnType<ReturnType<typeof orderReferences>['get']>>();
  const inTable = Array.from({ length: ROUNDS }, () => {
    byMap.clear();
    return timeMs(() => runBookAlone(flow, byMap as unknown as ReturnType<typeof orderReferences>));
  });
  const case1 = 'book alone, orders found in a Map';
  report(case1, 'ops_per_s', (1_000 * flow.length) / median(inTable), 'ops/s');

  const numbers = Array.from({ length: flow.length + 1 }, (_, id) => String(id));
  const theirs: number[] = [];
  for (let round = 0; round < PACKAGE_ROUNDS; round++) {
    theirs.push(
      timeMs(() => {
        const other = runNodejsOrderBook(flow, numbers);
        if (JSON.stringify(other) !== JSON.stringify(end)) {
          throw new Error(`the package ends with ${JSON.stringify(other)}`);
        }
      }),
    );
  }
  const theirPerSecond = (1_000 * flow.length) / median(theirs);
  report('nodejs-order-book', 'ops_per_s', theirPerSecond, 'ops/s');
  report('book alone', 'ratio_nodejs_order_book', perSecond / theirPerSecond, '×');
}

/** A book with so many orders at up to 2,000 prices a side. */
function filledBook(resting: number, random: () => number): RecordedBook {
  const recorded = recordedBook();
  for (let number = 1; number <= resting; number++) restOne(recorded, number, random);
  return recorded;
}

function restOne(recorded: RecordedBook, number: number, random: () => number): void {
  const isBuy = random() < 0.5;
  const distance = 1 + Math.floor(2_000 * random());
  const price = priceTicks(isBuy ? 10_000 - distance : 10_000 + distance);
  rest(recorded, { number, side: isBuy ? SIDE.buy : SIDE.sell, price, lots: 10 });
}

/** Nanoseconds of the thread for one operation: a cancel of any order and a new one, in turn. */
function growthCost(resting: number): number {
  const random = mulberry32(11);
  const recorded = filledBook(resting, random);
  const live = [...recorded.byNumber.keys()];
  let number = resting;
  const run = (operations: number): void => {
    for (let i = 0; i < operations; i += 2) {
      const at = Math.floor(live.length * random());
      const gone = live[at] ?? 0;
      const row = recorded.byNumber.get(gone);
      if (row !== undefined) {
        if (row.remaining > 1) reduceInBook(row, 1);
        take(recorded, gone, row, row.remaining);
      }
      number += 1;
      live[at] = number;
      restOne(recorded, number, random);
    }
  };
  run(GROWTH_OPERATIONS);
  const before = process.threadCpuUsage();
  run(GROWTH_OPERATIONS);
  const { user, system } = process.threadCpuUsage(before);
  return (1_000 * (user + system)) / GROWTH_OPERATIONS;
}

/** What resting orders cost the bare book: memory, since the steps are the same. */
export function measureBookGrowth(report: Report): void {
  growthCost(GROWTH_RESTING['1k']);
  const costs = Object.entries(GROWTH_RESTING).map(([name, resting]) => {
    const ns = growthCost(resting);
    report(`book alone, ${name} resting`, 'ns_per_op', ns, 'ns');
    return ns;
  });
  const [least = 1, , most = 1] = costs;
  report('book alone', 'book_cost_ratio_1k_1m', most / least, '×');
}
