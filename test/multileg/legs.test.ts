/** What every structure rests on: how a net price falls on legs, and the terms that margin an order. */
import { describe, expect, test } from 'vitest';
import { STRUCTURE } from '../../runtime/actions/multileg.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { instrumentId, priceTicks, sizeLots } from '../../runtime/core/units.ts';
import { allocateNet } from '../../runtime/multileg/allocate-net.ts';
import { netBand, type ValuedLeg } from '../../runtime/multileg/check-legs.ts';
import { COMBO_ZERO_TICKS, type Combo } from '../../runtime/multileg/combo.ts';
import { comboTerms } from '../../runtime/multileg/combo-terms.ts';

/** A leg worth `mark` in a band of ± half of it. */
function leg(side: 'buy' | 'sell', mark: bigint, vega: number): ValuedLeg {
  return {
    instrument: instrumentId(1),
    side: SIDE[side],
    lots: sizeLots(1),
    markValue: mark,
    lowValue: mark / 2n,
    highValue: mark + mark / 2n,
    vega,
    index: 1,
  };
}

describe('a net price on its legs', () => {
  const spread = [leg('buy', 1_000n, 7), leg('sell', 400n, 9)];
  test.each([
    ['at the marks', spread, 600n, [1_000n, 400n]],
    ['above: the leg of most vega is sold for less', spread, 650n, [1_000n, 350n]],
    ['below: it is sold for more', spread, 500n, [1_000n, 500n]],
    ['never below 0: the rest is on the next', spread, 1_100n, [1_100n, 0n]],
    ['of equal vega the first', [leg('buy', 50n, 3), leg('buy', 60n, 3)], 115n, [55n, 60n]],
    ['both bought, far below', [leg('buy', 50n, 9), leg('buy', 60n, 3)], 20n, [0n, 20n]],
    ['both sold', [leg('sell', 50n, 9), leg('sell', 60n, 3)], -30n, [0n, 30n]],
  ] as const)('%s', (_, legs, net, premiums) => {
    expect(allocateNet(legs, net)).toEqual(premiums);
  });

  test('is inside the sum of the bands, each on the side that counts', () => {
    expect(netBand(spread)).toEqual({ low: 500n - 600n, high: 1_500n - 200n });
  });
});

describe('the terms of a resting combo order', () => {
  const combo = (signed: readonly number[]): Combo => ({
    instrument: instrumentId(9),
    structure: STRUCTURE.callSpread,
    legs: signed.map((ratio, i) => ({
      instrument: instrumentId(i + 1),
      side: ratio > 0 ? SIDE.buy : SIDE.sell,
      ratio: Math.abs(ratio),
    })),
  });
  const { buy, sell } = SIDE;
  test.each([
    [
      'a debit is the price of the leg bought',
      [1, -1],
      buy,
      30,
      [
        [buy, 30, 5],
        [sell, 0, 5],
      ],
    ],
    [
      'a credit is that of the leg sold',
      [1, -1],
      sell,
      30,
      [
        [sell, 30, 5],
        [buy, 0, 5],
      ],
    ],
    [
      'a bid below zero is a credit',
      [1, -1],
      buy,
      -30,
      [
        [buy, 0, 5],
        [sell, 30, 5],
      ],
    ],
    [
      'lots by ratio',
      [1, -2, 1],
      buy,
      7,
      [
        [buy, 7, 5],
        [sell, 0, 10],
        [buy, 0, 5],
      ],
    ],
    [
      'a credit of two lots rounds down',
      [1, -2, 1],
      buy,
      -7,
      [
        [buy, 0, 5],
        [sell, 3, 10],
        [buy, 0, 5],
      ],
    ],
    [
      'a debit of two lots rounds up',
      [1, -2, 1],
      sell,
      -7,
      [
        [sell, 0, 5],
        [buy, 4, 10],
        [sell, 0, 5],
      ],
    ],
    [
      'nothing for nothing',
      [1, -1],
      buy,
      0,
      [
        [buy, 0, 5],
        [sell, 0, 5],
      ],
    ],
  ] as const)('%s', (_, signed, side, net, terms) => {
    const price = priceTicks(COMBO_ZERO_TICKS + net);
    expect(
      comboTerms(combo(signed), { side, price, lots: 5 }).map((term) => [
        term.side,
        term.price,
        term.lots,
      ]),
    ).toEqual(terms);
  });
});
