/**
 * What an order costs through `executeBlock` as the exchange grows: resting orders, instruments.
 *
 * As many orders come as go: a new one at a random price outside the touch, a cancel of any that
 * rests, in turn, and every tenth order takes. Each account trades in at most 50 series that lie side
 * by side, as the limits of positions demand. Costs are of the thread's own time, so that neighbours on
 * the machine do not show.
 */
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { priceTicks, sizeLots } from '../../runtime/core/units.ts';
import { placeOrder } from '../../runtime/matching/place-order.ts';
import {
  blocksOfActions,
  type Exchange,
  hashOf,
  newExchange,
  otherHashOf,
  SUB,
} from './exchange.ts';
import { mulberry32 } from './flow.ts';
import type { Report } from './measure.ts';
import { executeAll } from './measure-blocks.ts';

const ACCOUNTS = 1_000;
const SERIES_OF_ACCOUNT = 50;
const SERIES_PER_EXPIRY = 50;
const WARM_ACTIONS = 60_000;
const ACTIONS = 100_000;
const DOLLARS = 1_000_000_000n;
const MID = 10_000;
const PRICES = 400;

type Size = { readonly resting: number; readonly instruments: number };
type Owned = { readonly owner: number; readonly action: Action };

/** Orders and cancels without end, the same at every run. */
function* actionsOf(exchange: Exchange, resting: number): Generator<Owned> {
  const random = mulberry32(5);
  const { series } = exchange;
  const span = Math.min(SERIES_OF_ACCOUNT, series.length);
  const live: number[] = [];
  const ownerOf = (id: number): number => hashOf(id) % ACCOUNTS;
  for (let id = 1; ; id++) {
    const owner = ownerOf(id);
    const block = (owner * 7_919) % Math.floor(series.length / span);
    const instrument = series[block * span + (otherHashOf(id) % span)];
    if (instrument === undefined) throw new RangeError('no series');
    const isBuy = random() < 0.5;
    const isTaker = live.length >= resting && random() < 0.1;
    const distance = isTaker ? -PRICES : 1 + Math.floor(PRICES * random());
    const value = {
      ...PLAIN_TERMS,
      subAccount: SUB,
      instrument,
      side: isBuy ? SIDE.buy : SIDE.sell,
      timeInForce: isTaker ? 1 : 0,
      price: priceTicks(isBuy ? MID - distance : MID + distance),
      size: sizeLots(1),
      clientOrderId: id,
    } as const;
    yield { owner, action: { selector: ACTION.placeOrder, value } };
    if (live.length < resting) {
      live.push(id);
      continue;
    }
    if (isTaker) continue;
    const at = Math.floor(live.length * random());
    const gone = live[at] ?? 0;
    live[at] = id;
    const cancel = { subAccount: SUB, clientOrderId: gone };
    yield { owner: ownerOf(gone), action: { selector: ACTION.cancelByClientId, value: cancel } };
  }
}

/** Places the first orders by the handler: blocks of a million would only hold memory. */
function fill(exchange: Exchange, actions: Generator<Owned>, resting: number): void {
  const { state, context, people } = exchange;
  for (let i = 0; i < resting; i++) {
    const next = actions.next();
    if (next.done === true || next.value.action.selector !== ACTION.placeOrder) return;
    const account = people[next.value.owner]?.id;
    if (account === undefined) continue;
    placeOrder(state, context, account, next.value.action.value);
    if (context.events.length > 4_096) context.events.length = 0;
  }
}

/** Microseconds of the thread for one action. */
function costOf({ resting, instruments }: Size, report: Report, name: string): number {
  const seriesPerExpiry = Math.min(instruments, SERIES_PER_EXPIRY);
  const expiries = instruments / seriesPerExpiry;
  const exchange = newExchange(DOLLARS, { accounts: ACCOUNTS, expiries, seriesPerExpiry });
  const actions = actionsOf(exchange, resting);
  fill(exchange, actions, resting);
  const some = (count: number): Owned[] =>
    Array.from({ length: count }, () => actions.next().value as Owned);
  const all = blocksOfActions(exchange, some(WARM_ACTIONS + ACTIONS));
  const warm = Math.floor((all.length * WARM_ACTIONS) / (WARM_ACTIONS + ACTIONS));
  executeAll(exchange, all.slice(0, warm));
  const before = process.threadCpuUsage();
  const count = executeAll(exchange, all.slice(warm));
  const { user, system } = process.threadCpuUsage(before);
  const us = (user + system) / count;
  report(name, 'us_per_order', us, 'us');
  report(name, 'resting_at_end', exchange.state.orders.size, 'orders');
  return us;
}

/** Costs at 1,000, 100,000 and 1,000,000 resting orders, and at 10 and 10,000 instruments. */
export function measureGrowth(report: Report): void {
  const few = { resting: 1_000, instruments: 50 };
  const quiet: Report = () => undefined;
  costOf(few, quiet, '');
  const at1k = costOf(few, report, 'executeBlock, 1k resting');
  costOf({ ...few, resting: 100_000 }, report, 'executeBlock, 100k resting');
  const at1m = costOf({ ...few, resting: 1_000_000 }, report, 'executeBlock, 1m resting');
  report('executeBlock', 'cost_ratio_1k_1m', at1m / at1k, '×');
  const at10 = costOf({ resting: 50_000, instruments: 10 }, report, 'executeBlock, 10 series');
  const at10k = costOf(
    { resting: 50_000, instruments: 10_000 },
    report,
    'executeBlock, 10k series',
  );
  report('executeBlock', 'cost_ratio_10_10k_instruments', at10k / at10, '×');
}
