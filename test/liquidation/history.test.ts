/**
 * Whole histories: accounts of all kinds, an index that jumps, outages, takers; after every block what
 * docs/spec/liquidation.md promises.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import {
  type PortfolioId,
  portfolioAccount,
  portfolioSubAccount,
} from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { conservationProblems, mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { isUnderAuction } from '../../runtime/liquidation/liquidation.ts';
import { holdsPosition } from '../../runtime/liquidation/move-position.ts';
import { DEFAULT_LIQUIDATION_PARAMETERS as DEFAULTS } from '../../runtime/liquidation/parameters.ts';
import { runLiquidations } from '../../runtime/liquidation/run-liquidations.ts';
import { takeLiquidation } from '../../runtime/liquidation/take-liquidation.ts';
import { excessOf } from '../../runtime/margin/excess.ts';
import { bareExcessAfter } from '../../runtime/margin/excess-after.ts';
import type { State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { fundedPortfolio, nextBlock, reloaded } from '../fixtures/state.ts';
import { type Market, markAt, problemsOf, tablesImage, testMarket } from '../matching/market.ts';
import { cash, hold, usd } from './arena.ts';

const NAMES = [
  'near80000C',
  'near100000C',
  'near110000C',
  'near90000P',
  'near100000P',
  'far100000C',
];
const PEOPLE = 6;
const person = fc.nat({ max: PEOPLE - 1 });

const block = fc.record({
  /** Of the index, in basis points. */
  move: fc.oneof(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -1_500, max: 1_500 })),
  elapsedMs: fc.constantFrom(500, 1_000, 1_000, 1_000, 6_000, 120_000, 1_800_000),
  skipsMark: fc.nat({ max: 5 }).map((n) => n === 0),
  takes: fc.array(
    fc.record({
      taker: person,
      of: person,
      sharePpm: fc.constantFrom(1_000, 50_000, 300_000, 1_000_000),
    }),
    { maxLength: 3 },
  ),
  deposit: fc.option(fc.record({ to: person, dollars: fc.integer({ min: 100, max: 20_000 }) }), {
    nil: undefined,
    freq: 4,
  }),
  isReloaded: fc.nat({ max: 15 }).map((n) => n === 0),
});

const history = fc.record({
  dollars: fc.array(fc.constantFrom(0, 300, 3_000, 12_000, 20_000, 60_000, 1_000_000), {
    minLength: PEOPLE,
    maxLength: PEOPLE,
  }),
  insurance: fc.constantFrom(0, 1_000, 50_000, 2_000_000),
  held: fc.array(
    fc.record({
      series: fc.nat({ max: NAMES.length - 1 }),
      long: person,
      short: person,
      lots: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 120 })),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  blocks: fc.array(block, { minLength: 4, maxLength: 12 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;
type Block = typeof block extends fc.Arbitrary<infer T> ? T : never;

type World = {
  readonly market: Market;
  readonly people: readonly PortfolioId[];
  index: number;
  /** Marks in a row at which an account was short. */
  readonly shortMarks: Map<PortfolioId, number>;
};

/** What a campaign reached, so that the properties are not about nothing. */
const seen = { started: 0, taken: 0, deleveraged: 0, shared: 0, recovered: 0, insured: 0 };

function build({ dollars, insurance, held }: History): World {
  const market = testMarket();
  const people = dollars.map((amount, n) => fundedPortfolio(market.state, n, BigInt(amount)));
  mint(market.state, MODULE.insurance, DENOMINATION.usd, usd(insurance));
  for (const { series, long, short, lots } of held) {
    const [to, from, name] = [people[long], people[short], NAMES[series]];
    if (to === undefined || from === undefined || name === undefined || to === from) continue;
    hold(market, { to, from, name, lots });
  }
  return { market, people, index: 100_000, shortMarks: new Map() };
}

const bareOf = (state: State, portfolio: PortfolioId): bigint => excessOf(state, portfolio).bare;

/** Counts marks at which accounts are short, as the block finds them. */
function noteMarks({ market: { state }, people, shortMarks }: World): void {
  for (const one of people) {
    const isShort = holdsPosition(state, one) && bareOf(state, one) < 0n;
    shortMarks.set(one, isShort ? (shortMarks.get(one) ?? 0) + 1 : 0);
  }
}

/** What insurance paid in the block, and the caps of the rows. */
function checkInsurance({ market: { state, context } }: World): void {
  for (const [, use] of state.insuranceUse.unorderedEntries()) {
    const most = (use.fund * BigInt(DEFAULTS.insuranceHourBps)) / 10_000n;
    expect(use.used).toBeLessThanOrEqual(most);
  }
  for (const [, row] of state.liquidations.unorderedEntries()) {
    expect(row.insured).toBeLessThanOrEqual(row.initialMargin);
  }
  expect(cash(state, MODULE.insurance)).toBeGreaterThanOrEqual(0n);
  expect(cash(state, MODULE.deficit)).toBeLessThanOrEqual(0n);
  for (const { selector } of context.events)
    if (selector === EVENT.insurancePaid) seen.insured += 1;
}

/** One lot given back at the price of the last fill would leave the account short. */
function checkDeleveraged({ market: { state, context } }: World): void {
  const last = new Map<PortfolioId, { instrument: number; lots: number; cash: bigint }>();
  for (const event of context.events) {
    if (event.selector === EVENT.debtShared) seen.shared += 1;
    if (event.selector !== EVENT.positionMoved || event.value.cause !== 1) continue;
    seen.deleveraged += 1;
    last.set(event.value.from, event.value);
  }
  for (const [portfolio, { instrument, lots, cash: paid }] of last) {
    if (state.liquidations.has(portfolio) || !holdsPosition(state, portfolio)) continue;
    const perLot = paid / BigInt(Math.abs(lots));
    const changes = [{ instrument: instrument as never, lots: Math.sign(lots) }];
    const short = bareExcessAfter(state, { portfolio, changes, cash: -perLot });
    expect(short).toBeLessThan(BigInt(Math.abs(lots)));
  }
}

/** Auctions run on who is short, and on all who were at two marks. */
function checkAuctions(world: World, isLive: boolean): void {
  const { market, people, shortMarks } = world;
  const { state } = market;
  for (const one of people) {
    const row = state.liquidations.get(one);
    if (row !== undefined && isLive) expect(bareOf(state, one)).toBeLessThan(0n);
    const isDue = isLive && (shortMarks.get(one) ?? 0) >= 2 && bareOf(state, one) < 0n;
    if (isDue && holdsPosition(state, one)) {
      expect(row !== undefined && isUnderAuction(row)).toBe(true);
    }
    // A debt without a position is gone at once.
    if (!holdsPosition(state, one) && isLive) expect(cash(state, one)).toBeGreaterThanOrEqual(0n);
  }
}

function takeAll({ market, people }: World, takes: Block['takes']): void {
  const { state, context } = market;
  for (const { taker, of, sharePpm } of takes) {
    const [who, whom] = [people[taker], people[of]];
    if (who === undefined || whom === undefined) continue;
    const before = bareOf(state, whom);
    const initial = excessOf(state, who).initial;
    const row = state.liquidations.get(whom);
    const result = takeLiquidation(state, context, portfolioAccount(who), {
      subAccount: portfolioSubAccount(who),
      portfolio: whom,
      auction: row?.auction ?? (0 as never),
      sharePpm,
      limit: usd(1e9),
    });
    if (!result.ok) continue;
    seen.taken += 1;
    expect(before).toBeLessThan(0n);
    expect(bareOf(state, whom)).toBeGreaterThanOrEqual(before);
    const after = excessOf(state, who).initial;
    expect(after >= 0n || after >= initial).toBe(true);
    if (bareOf(state, whom) >= 0n) expect(state.liquidations.has(whom)).toBe(false);
  }
}

function play(world: World, step: Block): void {
  const { market, people } = world;
  const { state } = market;
  market.context = nextBlock(state, step.elapsedMs);
  if (!step.skipsMark) {
    world.index = Math.max(20_000, Math.round(world.index * (1 + step.move / 10_000)));
    markAt(market, world.index);
    noteMarks(world);
  }
  const sound = people.filter((one) => bareOf(state, one) >= 0n);
  const twin = step.isReloaded ? reloaded(state) : undefined;
  const context = { ...market.context, events: [...market.context.events] };
  runLiquidations(state, market.context);
  if (twin !== undefined) {
    runLiquidations(twin, context);
    expect(tablesImage(twin)).toBe(tablesImage(state));
    expect(context.events).toEqual(market.context.events);
  }
  for (const one of sound) expect(bareOf(state, one)).toBeGreaterThanOrEqual(0n);
  for (const { selector } of market.context.events) {
    if (selector === EVENT.liquidationStarted) seen.started += 1;
    if (selector === EVENT.liquidationEnded) seen.recovered += 1;
  }
  checkAuctions(world, !step.skipsMark);
  checkDeleveraged(world);
  takeAll(world, step.takes);
  checkInsurance(world);
  const to = step.deposit === undefined ? undefined : people[step.deposit.to];
  if (to !== undefined) mint(state, to, DENOMINATION.usd, usd(step.deposit?.dollars ?? 0));
  // Who was taken or paid in to and is sound begins anew.
  for (const one of people) if (bareOf(state, one) >= 0n) world.shortMarks.set(one, 0);
  expect(conservationProblems(state)).toEqual([]);
}

test(
  'in random histories what is promised holds after every block',
  () => {
    fc.assert(
      fc.property(history, (drawn) => {
        const world = build(drawn);
        for (const step of drawn.blocks) play(world, step);
        expect(problemsOf(world.market.state)).toEqual([]);
      }),
      { numRuns: runs(500) },
    );
    for (const [name, count] of Object.entries(seen))
      expect([name, count > 0]).toEqual([name, true]);
  },
  120 * runs(500),
);
