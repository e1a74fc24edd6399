/** What the order of a block's transactions decides: nothing in batch mode. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTION, type Action } from '../../runtime/action.ts';
import { POST_ONLY, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { type OrderId, orderId, priceTicks, sizeLots } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import type { BlockResult } from '../../runtime/execute.ts';
import { conservationProblems } from '../../runtime/ledger/ledger.ts';
import { bestPrice } from '../../runtime/matching/book.ts';
import type { State } from '../../runtime/state/state.ts';
import { runBlock, type TestChain } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';
import { runs } from '../fixtures/runs.ts';
import {
  auctionChain,
  calls,
  MAIN,
  markTicks,
  NAMES,
  type Name,
  orderAction,
  rootOf,
  tryBlock,
  unsigned,
} from './chain.ts';

/** What a person can do in one action: orders near the mark of two series, cancels, transfers. */
type Deed =
  | {
      readonly kind: 'order';
      readonly series: number;
      readonly isBid: boolean;
      readonly offset: number;
      readonly lots: number;
      readonly style: 'gtc' | 'ioc' | 'fok' | 'reject' | 'slide' | 'gfa';
    }
  | { readonly kind: 'cancelAll' }
  | { readonly kind: 'cancel'; readonly nth: number }
  | { readonly kind: 'amend'; readonly nth: number; readonly offset: number; readonly lots: number }
  | { readonly kind: 'transfer'; readonly to: Name; readonly dollars: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      series: fc.nat(1),
      isBid: fc.boolean(),
      offset: fc.integer({ min: -3, max: 3 }),
      lots: fc.integer({ min: 1, max: 9 }),
      style: fc.constantFrom('gtc', 'gtc', 'gtc', 'ioc', 'fok', 'reject', 'slide', 'gfa'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancelAll' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), nth: fc.nat(12) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('amend' as const),
      nth: fc.nat(12),
      offset: fc.integer({ min: -3, max: 3 }),
      lots: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('transfer' as const),
      to: fc.constantFrom(...NAMES),
      dollars: fc.constantFrom(100_000, 900_000),
    }),
  },
);

function styleTerms(style: (Deed & { kind: 'order' })['style']): object {
  switch (style) {
    case 'gtc':
      return {};
    case 'reject':
      return { postOnly: POST_ONLY.reject };
    case 'slide':
      return { postOnly: POST_ONLY.slide };
    case 'ioc':
    case 'fok':
    case 'gfa':
      return { timeInForce: TIME_IN_FORCE[style] };
  }
}

function actionOf(chain: TestChain, one: Deed): Action {
  switch (one.kind) {
    case 'order': {
      const series = calls(chain.state)[one.series + 1]?.id;
      if (series === undefined) throw new Error('no series');
      const price = Math.max(1, markTicks(chain.state, series) + one.offset);
      const side = one.isBid ? 'buy' : 'sell';
      return orderAction(series, side, price, one.lots, styleTerms(one.style));
    }
    case 'cancelAll':
      return { selector: ACTION.cancelOrders, value: cancelAllOf(MAIN) };
    case 'cancel':
      return { selector: ACTION.cancelOrder, value: { orderId: orderId(one.nth + 1) } };
    case 'amend': {
      const id: OrderId = orderId(one.nth + 1);
      const row = chain.state.orders.get(id);
      return {
        selector: ACTION.amendOrder,
        value: {
          order: { subAccount: MAIN, orderId: id, clientOrderId: 0 },
          price: priceTicks(Math.max(1, (row?.price ?? 10) + one.offset)),
          size: sizeLots(one.lots),
          postOnly: POST_ONLY.none,
        },
      };
    }
    case 'transfer':
      return {
        selector: ACTION.transfer,
        value: {
          fromSubAccount: MAIN,
          to: fromHex(testKey(one.to).address) ?? new Uint8Array(20),
          toSubAccount: MAIN,
          denomination: DENOMINATION.usd,
          amount: BigInt(one.dollars) * 1_000_000n,
        },
      };
  }
}

/** A chain with marks, and orders that rest from an earlier block. */
function marketChain(options: { readonly batch?: true }): TestChain {
  const chain = auctionChain(options);
  for (let i = 0; i < 4; i++) runBlock(chain);
  const resting: [Name, boolean, number, number][] = [
    ['alice', true, -1, 5],
    ['bob', true, -1, 3],
    ['carol', true, -2, 4],
    ['dave', false, 1, 5],
    ['alice', false, 1, 2],
    ['carol', false, 2, 6],
  ];
  runBlock(
    chain,
    resting.flatMap(([name, isBid, offset, lots]) =>
      [0, 1].map((series) =>
        unsigned(chain, name, [
          actionOf(chain, { kind: 'order', series, isBid, offset, lots, style: 'gtc' }),
        ]),
      ),
    ),
  );
  return chain;
}

/** Each item where `order` says: a permutation. */
function permuted<T>(items: readonly T[], order: readonly number[]): T[] {
  return order.map((i) => items[i]).filter((item) => item !== undefined);
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((rest) =>
    Array.from({ length: count }, (_, at) => [...rest.slice(0, at), count - 1, ...rest.slice(at)]),
  );
}

const fills = ({ events }: BlockResult): readonly unknown[] =>
  events.filter(({ selector }) => selector === EVENT.trade).map(({ value }) => value);

/** Receipts by transaction: what each came to, wherever it stood. */
const outcomes = ({ receipts }: BlockResult): readonly unknown[] =>
  receipts
    .map(({ transactionId, status, results }) => ({ id: toHex(transactionId), status, results }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

function expectUncrossed(state: State): void {
  for (const [, { bids, asks }] of state.derived.books.byInstrument) {
    const bid = bestPrice(bids);
    const ask = bestPrice(asks);
    if (bid !== undefined && ask !== undefined) expect(bid).toBeLessThan(ask);
  }
}

const sender = fc.constantFrom(...NAMES);
const transactions = (maxLength: number): fc.Arbitrary<{ who: Name; deeds: Deed[] }[]> =>
  fc.array(fc.record({ who: sender, deeds: fc.array(deed, { minLength: 1, maxLength: 3 }) }), {
    minLength: 2,
    maxLength,
    size: 'max',
  });

describe('batch mode', () => {
  const chain = marketChain({ batch: true });

  test('every permutation of a small block gives the same fills, receipts and root', () => {
    const call = calls(chain.state)[1]?.id;
    if (call === undefined) throw new Error('no series');
    const mark = markTicks(chain.state, call);
    // Takers who compete for the same lots, a maker who would slide, one who leaves.
    const payloads = [
      unsigned(chain, 'alice', [orderAction(call, 'buy', mark + 1, 7)]),
      unsigned(chain, 'bob', [
        orderAction(call, 'buy', mark + 2, 4, { timeInForce: TIME_IN_FORCE.ioc }),
      ]),
      unsigned(chain, 'carol', [
        orderAction(call, 'sell', mark - 1, 5),
        orderAction(call, 'buy', mark + 1, 3, { postOnly: POST_ONLY.slide }),
      ]),
      unsigned(chain, 'dave', [{ selector: ACTION.cancelOrders, value: cancelAllOf(MAIN) }]),
      unsigned(chain, 'alice', [orderAction(call, 'sell', mark, 2)]),
    ];
    const first = tryBlock(chain, payloads);
    expect(fills(first.result).length).toBeGreaterThan(1);
    const root = rootOf(first.state);
    for (const order of permutations(payloads.length)) {
      const other = tryBlock(chain, permuted(payloads, order));
      expect(other.result.events).toEqual(first.result.events);
      expect(outcomes(other.result)).toEqual(outcomes(first.result));
      expect(rootOf(other.state)).toBe(root);
    }
  });

  test('random permutations of random blocks give the same fills, receipts and root', () => {
    fc.assert(
      fc.property(
        transactions(10).chain((block) =>
          fc.record({
            block: fc.constant(block),
            order: fc.shuffledSubarray([...block.keys()], {
              minLength: block.length,
              maxLength: block.length,
            }),
          }),
        ),
        ({ block, order }) => {
          const payloads = block.map(({ who, deeds }) =>
            unsigned(
              chain,
              who,
              deeds.map((one) => actionOf(chain, one)),
            ),
          );
          const first = tryBlock(chain, payloads);
          const other = tryBlock(chain, permuted(payloads, order));
          expect(other.result.events).toEqual(first.result.events);
          expect(outcomes(other.result)).toEqual(outcomes(first.result));
          expect(rootOf(other.state)).toBe(rootOf(first.state));
          expect(conservationProblems(first.state)).toEqual([]);
          expectUncrossed(first.state);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});

describe('continuous mode', () => {
  const chain = marketChain({});

  /** Transactions of one class each, so that the block's order of work parts them. */
  const ofClass = (one: Deed): 'cancels' | 'makers' | 'rest' => {
    if (one.kind === 'cancelAll' || one.kind === 'cancel') return 'cancels';
    return one.kind === 'order' && (one.style === 'reject' || one.style === 'slide')
      ? 'makers'
      : 'rest';
  };

  test('interleaving the classes otherwise gives the same fills, receipts and root', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ who: sender, one: deed }), {
          minLength: 3,
          maxLength: 12,
          size: 'max',
        }),
        fc.array(fc.constantFrom('cancels', 'makers', 'rest'), { minLength: 40, maxLength: 40 }),
        (block, turns) => {
          const queues = { cancels: [], makers: [], rest: [] } as Record<string, Uint8Array[]>;
          const payloads = block.map(({ who, one }) => {
            const payload = unsigned(chain, who, [actionOf(chain, one)]);
            queues[ofClass(one)]?.push(payload);
            return payload;
          });
          // Each class keeps its own order; which is served next is random.
          const mixed = turns.flatMap((turn) => queues[turn]?.splice(0, 1) ?? []);
          mixed.push(...Object.values(queues).flat());
          expect(mixed.length).toBe(payloads.length);
          const first = tryBlock(chain, payloads);
          const other = tryBlock(chain, mixed);
          expect(other.result.events).toEqual(first.result.events);
          expect(outcomes(other.result)).toEqual(outcomes(first.result));
          expect(rootOf(other.state)).toBe(rootOf(first.state));
        },
      ),
      { numRuns: runs(500) },
    );
  });

  test('takers stand in the order that the proposer gave them', () => {
    const call = calls(chain.state)[1]?.id;
    if (call === undefined) throw new Error('no series');
    const mark = markTicks(chain.state, call);
    const take = (who: Name): Uint8Array =>
      unsigned(chain, who, [orderAction(call, 'buy', mark + 1, 7)]);
    const payloads = [take('bob'), take('carol')];
    const first = tryBlock(chain, payloads);
    const other = tryBlock(chain, [...payloads].reverse());
    expect(fills(other.result)).not.toEqual(fills(first.result));
  });
});
