/** The price of an auction: worked examples, and against a search over every tick. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AuctionLevel,
  type Clearing,
  clearingPrice,
  EVERY_TICK,
  type PriceRules,
} from '../../runtime/auction/clearing-price.ts';
import { roundToTickDown, roundToTickUp, type TickTable } from '../../runtime/rules/tick-table.ts';
import { runs } from '../fixtures/runs.ts';
import { bruteForce } from './brute-force.ts';

const TICK = 1_000_000;

/** Rules with a wide band, unless said; the reference in ticks, in halves too. */
function rules(reference: number, changes: Partial<PriceRules> = {}): PriceRules {
  return {
    low: 1,
    high: 1_000_000,
    reference: reference * TICK,
    tickMicroUsd: TICK,
    ticks: EVERY_TICK,
    ...changes,
  };
}

const levels = (...pairs: readonly (readonly [price: number, lots: number])[]): AuctionLevel[] =>
  pairs.map(([price, lots]) => ({ price, lots }));

describe('worked examples, one per rule', () => {
  test.each<{
    readonly rule: string;
    readonly bids: AuctionLevel[];
    readonly asks: AuctionLevel[];
    readonly rules: PriceRules;
    readonly clearing: Clearing | undefined;
  }>([
    {
      // Price    202  201  200  199  198
      // B(p)     200  400  700  700  700
      // S(p)     700  700  700  500  200      min: 200, 400, 700, 500, 200
      rule: 'most lots: one price trades all there is (as the first example of the Xetra model)',
      bids: levels([202, 200], [201, 200], [200, 300]),
      asks: levels([198, 200], [199, 300], [200, 200]),
      rules: rules(150),
      clearing: { price: 200, demand: 700, supply: 700 },
    },
    {
      // Price    102   101   100
      // B(p)     300   300   800
      // S(p)     400   300   300               min: 300, 300, 300
      // |B − S|  100     0   500
      rule: 'equal lots: the least imbalance',
      bids: levels([102, 300], [100, 500]),
      asks: levels([100, 300], [102, 100]),
      rules: rules(100),
      clearing: { price: 101, demand: 300, supply: 300 },
    },
    {
      // 10 lots and no imbalance at every tick from 95 to 105.
      rule: 'equal imbalance: nearest to the reference inside',
      bids: levels([105, 10]),
      asks: levels([95, 10]),
      rules: rules(101),
      clearing: { price: 101, demand: 10, supply: 10 },
    },
    {
      rule: 'equal imbalance: the edge nearest to a reference above',
      bids: levels([105, 10]),
      asks: levels([95, 10]),
      rules: rules(140),
      clearing: { price: 105, demand: 10, supply: 10 },
    },
    {
      rule: 'equal imbalance: the edge nearest to a reference below',
      bids: levels([105, 10]),
      asks: levels([95, 10]),
      rules: rules(20),
      clearing: { price: 95, demand: 10, supply: 10 },
    },
    {
      // The reference is half-way between two ticks: both are 0.5 away.
      rule: 'equally near: the lower',
      bids: levels([105, 10]),
      asks: levels([95, 10]),
      rules: rules(100.5),
      clearing: { price: 100, demand: 10, supply: 10 },
    },
    {
      // Imbalance 5 at 100 (15 bid, 10 offered) and at 103 (10 bid, 15 offered), and none between
      // would be less: at 101 and 102 10 against 10.
      rule: 'a gap between levels can have less imbalance than either level',
      bids: levels([103, 10], [100, 5]),
      asks: levels([100, 10], [103, 5]),
      rules: rules(200),
      clearing: { price: 102, demand: 10, supply: 10 },
    },
    {
      // Budish, Cramton and Shim 2015, §VI: uncrossed supply and demand do not trade.
      rule: 'no crossing, no price',
      bids: levels([99, 10]),
      asks: levels([100, 10]),
      rules: rules(100),
      clearing: undefined,
    },
    {
      rule: 'the sides touch at one price',
      bids: levels([100, 7]),
      asks: levels([100, 10]),
      rules: rules(500),
      clearing: { price: 100, demand: 7, supply: 10 },
    },
    {
      // Market orders stand at the band's edges; without limits between them the mark decides.
      rule: 'market orders alone trade at the mark',
      bids: levels([110, 10]),
      asks: levels([90, 4]),
      rules: rules(97, { low: 90, high: 110 }),
      clearing: { price: 97, demand: 10, supply: 4 },
    },
    {
      // 12 lots would trade at 103 to 105; in the band up to 102 only the ask at 100 can.
      rule: 'the band cuts the candidates',
      bids: levels([105, 12]),
      asks: levels([100, 5], [103, 7]),
      rules: rules(104, { low: 80, high: 102 }),
      clearing: { price: 102, demand: 12, supply: 5 },
    },
    {
      rule: 'the band has moved away from all that crosses',
      bids: levels([115, 5]),
      asks: levels([112, 5]),
      rules: rules(90, { low: 80, high: 100 }),
      clearing: undefined,
    },
    {
      // Valid prices are 95, 100, 105: 103 would be nearest.
      rule: 'only valid ticks',
      bids: levels([105, 10]),
      asks: levels([95, 10]),
      rules: rules(103, {
        ticks: { atOrBelow: (p) => p - (p % 5), atOrAbove: (p) => p + ((5 - (p % 5)) % 5) },
      }),
      clearing: { price: 105, demand: 10, supply: 10 },
    },
  ])('$rule', ({ bids, asks, rules: given, clearing }) => {
    expect(clearingPrice(bids, asks, given)).toEqual(clearing);
  });
});

const TABLE: TickTable = [
  { from: 0, multiple: 1 },
  { from: 20, multiple: 2 },
  { from: 40, multiple: 10 },
];
const GRID = {
  atOrBelow: (price: number) => roundToTickDown(TABLE, price),
  atOrAbove: (price: number) => roundToTickUp(TABLE, price),
};
const onGrid = (price: number): boolean => roundToTickDown(TABLE, price) === price;

/** Few prices and few sizes, so that ties of every kind are common. */
const side = fc.uniqueArray(
  fc.record({ price: fc.integer({ min: 1, max: 70 }), lots: fc.integer({ min: 1, max: 4 }) }),
  { selector: ({ price }) => price, maxLength: 8 },
);

test('equals a search over every tick', () => {
  fc.assert(
    fc.property(
      side,
      side,
      fc.record({
        low: fc.integer({ min: 1, max: 60 }),
        width: fc.integer({ min: 0, max: 70 }),
        halfTicks: fc.integer({ min: 0, max: 150 }),
        isCoarse: fc.boolean(),
      }),
      (rawBids, rawAsks, { low, width, halfTicks, isCoarse }) => {
        const valid = isCoarse ? onGrid : () => true;
        const bids = rawBids.filter((l) => valid(l.price)).sort((a, b) => b.price - a.price);
        const asks = rawAsks.filter((l) => valid(l.price)).sort((a, b) => a.price - b.price);
        const given = rules(halfTicks / 2, {
          low,
          high: low + width,
          ticks: isCoarse ? GRID : EVERY_TICK,
        });
        expect(clearingPrice(bids, asks, given)).toEqual(bruteForce(bids, asks, given, valid));
      },
    ),
    { numRuns: runs(2_000) },
  );
});
