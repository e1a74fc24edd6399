/** The index of who is looked at leaves nobody out who is short, and little else in. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { PortfolioId } from '../../runtime/core/units.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { findDistressed } from '../../runtime/liquidation/find-distressed.ts';
import { bareExcessOf } from '../../runtime/margin/bare-excess.ts';
import { excessOf } from '../../runtime/margin/excess.ts';
import { changePosition } from '../../runtime/margin/portfolio-index.ts';
import { runs } from '../fixtures/runs.ts';
import { fundedPortfolio, nextBlock, reloaded } from '../fixtures/state.ts';
import { type Market, markAt, testMarket } from '../matching/market.ts';

const SERIES = Object.keys(testMarket().series);

const account = fc.record({
  mode: fc.constantFrom('standard' as const, 'portfolio' as const),
  held: fc.array(
    fc.record({
      series: fc.nat({ max: SERIES.length - 1 }),
      lots: fc.integer({ min: -200, max: 200 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  /** Of its requirement that it has beyond it. */
  spareBps: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 10_000 })),
});

const drawn = fc.record({
  accounts: fc.array(account, { minLength: 1, maxLength: 8 }),
  marks: fc.array(
    fc.record({
      bps: fc.oneof(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -900, max: 900 })),
      elapsedMs: fc.constantFrom(1_000, 1_000, 60_000, 86_400_000),
    }),
    { minLength: 2, maxLength: 8 },
  ),
  isReloaded: fc.boolean(),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

/** A market in which every account has its requirement and what is spare. */
function crowd({ accounts }: Drawn): { market: Market; people: PortfolioId[] } {
  const market = testMarket();
  const { state, context } = market;
  const people = accounts.map(({ mode, held, spareBps }, n) => {
    const who = fundedPortfolio(state, n, 0n);
    if (mode === 'portfolio') {
      state.marginModes.set(who, { portfolio: who, since: context.timestamp });
    }
    for (const { series, lots } of held) {
      const instrument = market.series[SERIES[series] ?? ''];
      if (instrument !== undefined && lots !== 0) changePosition(state, who, instrument, lots);
    }
    const needed = -excessOf(state, who).bare;
    if (needed > 0n) {
      mint(state, who, DENOMINATION.usd, (needed * BigInt(10_000 + spareBps)) / 10_000n);
    }
    return who;
  });
  return { market, people };
}

/** Accounts found short, so that the property is not about nothing. */
const seen = { short: 0 };

/** What the next mark finds, and what a look at everybody finds. */
function findAt(
  market: Market,
  people: readonly PortfolioId[],
  indexUsd: number,
  ms: number,
): void {
  const { state } = market;
  market.context = nextBlock(state, ms);
  markAt(market, indexUsd);
  const { short } = findDistressed(state, market.context);
  const scanned = people.filter((who) => excessOf(state, who).bare < 0n);
  expect(short).toEqual(scanned);
  for (const who of people) expect(bareExcessOf(state, who)).toBe(excessOf(state, who).bare);
  seen.short += short.length;
}

test(
  'whoever a scan of all finds short is found, under both margin modes, however marks move',
  () => {
    fc.assert(
      fc.property(drawn, (facts) => {
        const { market, people } = crowd(facts);
        let index = 100_000;
        findAt(market, people, index, 1_000);
        if (facts.isReloaded) Object.assign(market, { state: reloaded(market.state) });
        for (const { bps, elapsedMs } of facts.marks) {
          index = Math.max(20_000, Math.round(index * (1 + bps / 10_000)));
          findAt(market, people, index, elapsedMs);
        }
      }),
      { numRuns: runs(500) },
    );
    expect(seen.short).toBeGreaterThan(0);
  },
  240 * runs(500),
);

describe.each(['standard', 'portfolio'] as const)('under %s margin', (mode) => {
  const held = [{ series: SERIES.indexOf('near110000C'), lots: -10 }];
  const facts = (spareBps: number): Drawn => ({
    accounts: [{ mode, held, spareBps }],
    marks: [],
    isReloaded: false,
  });
  const isWaiting = ({ state }: Market, who: PortfolioId): boolean =>
    [...state.derived.health.expiries[mode].values()].some(({ queue }) => queue.place.has(who));

  test('an account with half its requirement to spare is not looked at for small moves', () => {
    const { market, people } = crowd(facts(5_000));
    const [who] = people;
    if (who === undefined) throw new Error('there is an account');
    findAt(market, people, 100_000, 1_000);
    const due = (): (number | undefined)[] =>
      [...market.state.derived.health.expiries[mode].values()].map(({ queue }) => queue.times[0]);
    const first = due();
    expect(isWaiting(market, who)).toBe(true);
    for (let mark = 0; mark < 5; mark++) findAt(market, people, 100_000 + 100 * mark, 1_000);
    // Had it been looked at, it would wait for another drift.
    expect(due()).toEqual(first);
  });

  test('a node that loaded the rows has looked at everybody before its first mark', () => {
    const { market, people } = crowd(facts(5_000));
    const [who] = people;
    if (who === undefined) throw new Error('there is an account');
    const copy = reloaded(market.state);
    expect(copy.derived.health.changed.size).toBe(0);
    expect(isWaiting({ ...market, state: copy }, who)).toBe(true);
  });
});
