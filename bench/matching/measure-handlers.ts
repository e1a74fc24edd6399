/** The handlers by themselves: where the first bound of the margin decides, and where it does not. */
import { ACTION } from '../../runtime/action.ts';
import { SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { priceTicks, sizeLots } from '../../runtime/core/units.ts';
import { MAX_FILLS_PER_ORDER } from '../../runtime/limits.ts';
import { cancelUnsupportedOrders } from '../../runtime/margin/cancel-unsupported.ts';
import { cancelByClientId } from '../../runtime/matching/cancel-order.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import { median, timeMs } from '../report.ts';
import { actionOf, FLOW_EXCHANGE, newExchange, ownerOf, remark, SUB } from './exchange.ts';
import type { FlowStep } from './flow.ts';
import type { Report } from './measure.ts';

const ROUNDS = 3;
/** With plenty the first margin bound decides; with little the settlements are looked at too. */
const DOLLARS = { rich: 100_000_000n, 'margin binds': 40_000n } as const;

/** Microseconds per action, and per resting order when every series is marked anew. */
export function measureHandlers(flow: readonly FlowStep[], report: Report): void {
  for (const [name, dollars] of Object.entries(DOLLARS)) {
    const times: number[] = [];
    const remarks: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const exchange = newExchange(dollars);
      times.push(handlersMs(exchange, flow));
      remark(exchange);
      const { state, context } = exchange;
      const resting = state.orders.size;
      remarks.push((1_000 * timeMs(() => cancelUnsupportedOrders(state, context))) / resting);
    }
    const which = `placeOrder, ${name}`;
    report(which, 'us_per_action', (1_000 * median(times)) / flow.length, 'us');
    report(which, 'remark_us_per_order', median(remarks), 'us');
  }
  report('most fills', 'us_per_fill', mostFillsUs(), 'us');
}

const SWEEPS = 40;

/** Microseconds a fill, the least of rounds, of IOC orders that meet as many makers as one may. */
function mostFillsUs(): number {
  const accounts = 1 + MAX_FILLS_PER_ORDER;
  const exchange = newExchange(100_000_000n, { ...FLOW_EXCHANGE, accounts });
  const { state, context, people, series } = exchange;
  const [taker, ...makers] = people;
  const times: number[] = [];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const instrument = series[sweep % series.length];
    if (taker === undefined || instrument === undefined) throw new RangeError('no exchange');
    const terms = { ...PLAIN_TERMS, subAccount: SUB, instrument, price: priceTicks(10_000) };
    for (const { id } of makers) {
      placeOrder(state, context, id, { ...terms, side: SIDE.sell, size: sizeLots(1) });
    }
    context.events.length = 0;
    const size = sizeLots(MAX_FILLS_PER_ORDER);
    const order = { ...terms, side: SIDE.buy, size, timeInForce: TIME_IN_FORCE.ioc };
    times.push(timeMs(() => placeOrder(state, context, taker.id, order)));
    if (context.events.length < MAX_FILLS_PER_ORDER) throw new RangeError('the sweep did not fill');
  }
  return (1_000 * Math.min(...times)) / MAX_FILLS_PER_ORDER;
}

function handlersMs(exchange: ReturnType<typeof newExchange>, flow: readonly FlowStep[]): number {
  const { state, context, people } = exchange;
  const steps = flow.map((step) => ({
    account: people[ownerOf(step)]?.id,
    action: actionOf(exchange, step),
  }));
  return timeMs(() => {
    for (const { account, action } of steps) {
      if (account === undefined) continue;
      if (action.selector === ACTION.placeOrder) {
        placeOrder(state, context, account, action.value);
      } else if (action.selector === ACTION.cancelByClientId) {
        cancelByClientId(state, context, account, action.value);
      }
      if (context.events.length > 4_096) context.events.length = 0;
    }
  });
}
