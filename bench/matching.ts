/**
 * Matching: the flow for comparison on the book alone, through `placeOrder`, and through
 * `executeBlock` in transactions of 20 actions (receipts and ledger included; signatures and
 * commitment not).
 */

import { ACTION } from '../runtime/action.ts';
import { executeBlock } from '../runtime/execute.ts';
import { cancelUnsupportedOrders } from '../runtime/margin/cancel-unsupported.ts';
import { cancelByClientId } from '../runtime/matching/cancel-order.ts';
import { placeOrder } from '../runtime/matching/place-order.ts';
import { RECEIPT_STATUS } from '../runtime/receipt.ts';
import { orderReferences, runBookAlone } from './matching/book-alone.ts';
import { actionOf, blocksOf, newExchange, ownerOf, remark } from './matching/exchange.ts';
import { comparisonFlow, type FlowStep } from './matching/flow.ts';
import { type BenchOptions, median, reportFigure, timeMs } from './report.ts';

/** Rounds before the code is compiled, not counted. */
const WARM_ROUNDS = 3;
const BOOK_ROUNDS = 7;
const EXCHANGE_ROUNDS = 3;
const EXCHANGE_STEPS = 100_000;
/** With plenty the first margin bound decides; with little the settlements are looked at too. */
const DOLLARS = { rich: 100_000_000n, 'margin binds': 40_000n } as const;

type Report = (name: string, metric: string, value: number, unit: string) => void;

function measureBook(flow: readonly FlowStep[], report: Report): void {
  const times: number[] = [];
  for (let round = 0; round < WARM_ROUNDS; round++) runBookAlone(flow, orderReferences());
  for (let round = 0; round < BOOK_ROUNDS; round++) {
    times.push(timeMs(() => runBookAlone(flow, orderReferences())));
  }
  const { restingBuys, restingSells, fills } = runBookAlone(flow, orderReferences());
  report('book alone', 'ops_per_s', (1_000 * flow.length) / median(times), 'ops/s');
  report('book alone', 'resting_buys', restingBuys, 'orders');
  report('book alone', 'resting_sells', restingSells, 'orders');
  report('book alone', 'fills', fills, 'fills');
}

/** Microseconds per action through the handlers. */
function measureHandlers(flow: readonly FlowStep[], dollars: bigint, report: Report, name: string) {
  const times: number[] = [];
  const remarks: number[] = [];
  for (let round = 0; round < EXCHANGE_ROUNDS; round++) {
    const exchange = newExchange(dollars);
    const { state, context, people } = exchange;
    const steps = flow.map((step) => ({
      account: people[ownerOf(step)]?.id,
      action: actionOf(exchange, step),
    }));
    times.push(
      timeMs(() => {
        for (const { account, action } of steps) {
          if (account === undefined) continue;
          if (action.selector === ACTION.placeOrder) {
            placeOrder(state, context, account, action.value);
          } else if (action.selector === ACTION.cancelByClientId) {
            cancelByClientId(state, context, account, action.value);
          }
          if (context.events.length > 4_096) context.events.length = 0;
        }
      }),
    );
    remark(exchange);
    const resting = state.orders.size;
    remarks.push((1_000 * timeMs(() => cancelUnsupportedOrders(state, context))) / resting);
  }
  report(name, 'us_per_action', (1_000 * median(times)) / flow.length, 'us');
  report(name, 'remark_us_per_order', median(remarks), 'us');
}

function measureBlocks(flow: readonly FlowStep[], report: Report): void {
  const rates: number[] = [];
  for (let round = 0; round < EXCHANGE_ROUNDS; round++) {
    const exchange = newExchange(DOLLARS.rich);
    const blocks = blocksOf(exchange, flow);
    let actions = 0;
    const hash = new Uint8Array(32);
    const ms = timeMs(() => {
      for (const block of blocks) {
        const { receipts } = executeBlock(exchange.state, block, hash);
        for (const { status, results } of receipts) {
          if (status === RECEIPT_STATUS.applied) actions += results.length;
        }
      }
    });
    rates.push((1_000 * actions) / ms);
  }
  report('executeBlock, 20 a transaction', 'execute_orders_per_s', median(rates), 'orders/s');
}

export async function run(options: BenchOptions): Promise<void> {
  const report: Report = (name, metric, value, unit) =>
    reportFigure({ bench: 'matching', case: name, metric, value, unit }, options);
  const flow = comparisonFlow();
  measureBook(flow, report);
  const part = flow.slice(0, EXCHANGE_STEPS);
  for (const [name, dollars] of Object.entries(DOLLARS)) {
    measureHandlers(part, dollars, report, `placeOrder, ${name}`);
  }
  measureBlocks(part, report);
}
