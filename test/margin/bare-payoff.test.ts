/** The maintenance of positions alone, found without sums, against the sums. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptySeriesHolding, type SeriesHolding } from '../../runtime/margin/series-holding.ts';
import { seriesRisk } from '../../runtime/margin/series-risk.ts';
import { barePayoff, requirementOf, worstPayoff } from '../../runtime/margin/worst-payoff.ts';
import { runs } from '../fixtures/runs.ts';
import { markAt, seriesNamed, testMarket } from '../matching/market.ts';

const market = testMarket();
const NEAR = Object.keys(market.series).filter((name) => name.startsWith('near'));

/** Of so many strikes $500 apart, calls and puts: enough that they are sorted. */
function wideHoldings(lots: readonly number[]): Map<number, SeriesHolding> {
  const call = seriesRisk(market.state, seriesNamed(market, 'near100000C'));
  const put = seriesRisk(market.state, seriesNamed(market, 'near100000P'));
  return new Map(
    lots.map((position, at) => {
      const strike = (90_000 + 500 * (at >> 1)) * 10_000;
      const risk = { ...(at % 2 === 0 ? call : put), strike };
      return [at, { ...emptySeriesHolding(at as never, risk), position }];
    }),
  );
}

test('the worst payoff of positions is that of the sums, with and without a delivery', () => {
  let naked = 0;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 10, maxLength: 10 }),
      fc.integer({ min: 60_000, max: 150_000 }),
      fc.option(fc.integer({ min: 60_000, max: 150_000 }), { nil: undefined }),
      (lots, indexUsd, deliveredUsd) => {
        markAt(market, indexUsd);
        const series = new Map<number, SeriesHolding>();
        for (const [at, name] of NEAR.entries()) {
          const instrument = market.series[name];
          if (instrument === undefined || lots[at] === 0) continue;
          const risk = seriesRisk(market.state, instrument);
          // A hundredth of a coin, in micro-USD.
          const delivered =
            deliveredUsd === undefined
              ? risk
              : { ...risk, delivery: deliveredUsd * 10_000, nakedInitial: 0, nakedMaintenance: 0 };
          const holding = emptySeriesHolding(instrument, delivered);
          series.set(instrument, { ...holding, position: lots[at] ?? 0 });
        }
        const sums = worstPayoff([...series.values()]);
        if (sums.nakedMaintenance > 0) naked += 1;
        expect(barePayoff(series)).toBe(requirementOf(sums).maintenance);
      },
    ),
    { numRuns: runs(500) },
  );
  expect(naked).toBeGreaterThan(0);
});

test('of many positions it is that of the sums too, strikes shared by calls and puts', () => {
  markAt(market, 100_000);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 10, maxLength: 60 }),
      (lots) => {
        const series = wideHoldings(lots);
        const held = [...series.values()].filter(({ position }) => position !== 0);
        expect(barePayoff(series)).toBe(requirementOf(worstPayoff(held)).maintenance);
      },
    ),
    { numRuns: runs(500) },
  );
});
