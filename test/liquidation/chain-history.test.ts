/**
 * Whole blocks with everything that can go wrong on a crash day at once: options, futures and the
 * perpetual, accounts that switch their margin mode, funding, jumps, outages, liquidation,
 * deleveraging, settlement. A twin that was loaded from the rows executes every block without its
 * transactions: what it holds then is what liquidation left before anybody traded.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE, type Side } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { orderId, type PortfolioId, subAccount } from '../../runtime/core/units.ts';
import { EVENT, type Event } from '../../runtime/event.ts';
import type { BlockResult } from '../../runtime/execute.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { variationProblems } from '../../runtime/linear/move-position.ts';
import { MOVE_CAUSE } from '../../runtime/liquidation/events.ts';
import { isUnderAuction } from '../../runtime/liquidation/liquidation.ts';
import { holdsPosition } from '../../runtime/liquidation/move-position.ts';
import { liquidationParametersOf } from '../../runtime/liquidation/parameters.ts';
import { bareExcessOf } from '../../runtime/margin/bare-excess.ts';
import { excessOf, markValueOf } from '../../runtime/margin/excess.ts';
import { MARGIN_MODE } from '../../runtime/margin/mode/margin-mode.ts';
import { accountMargin } from '../../runtime/margin/requirements.ts';
import { INSTRUMENT_KIND, isLinearKind } from '../../runtime/options/instrument.ts';
import type { State } from '../../runtime/state/state.ts';
import { runs } from '../fixtures/runs.ts';
import { reloaded } from '../fixtures/state.ts';
import {
  addressBytes,
  buildBlock,
  execute,
  orderAtMark,
  PEOPLE,
  type RiskChain,
  riskChain,
  tradedInstruments,
  unsigned,
} from './risk-chain.ts';

const person = fc.nat({ max: PEOPLE - 1 });
/** A place among what trades, or the perpetual: without that funding would be rare. */
const PERPETUAL = -1;
const what = fc.oneof(
  { weight: 3, arbitrary: fc.nat({ max: 30 }) },
  { weight: 1, arbitrary: fc.constant(PERPETUAL) },
);
const lots = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 200 }));

/** As much as margin allows: whoever takes tries all of these. */
const LADDER = [160, 80, 40, 20, 10, 5, 2, 1];
/** Has plenty, and rests what others take. */
const HOUSE = PEOPLE - 1;

const load = fc.record({
  kind: fc.constant('load' as const),
  who: fc.nat({ max: HOUSE - 1 }),
  what,
  isBid: fc.boolean(),
});

const mode = fc.record({
  kind: fc.constant('mode' as const),
  who: person,
  to: fc.constantFrom(MARGIN_MODE.standard, MARGIN_MODE.portfolio, MARGIN_MODE.portfolio),
});

const step = fc.oneof(
  { weight: 3, arbitrary: load },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('trade' as const),
      maker: person,
      taker: person,
      what,
      isBid: fc.boolean(),
      lots,
      ticks: fc.integer({ min: -3, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('rest' as const),
      who: person,
      what,
      isBid: fc.boolean(),
      lots,
      ticks: fc.integer({ min: -100, max: 100 }),
    }),
  },
  { weight: 2, arbitrary: mode },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      who: fc.constantFrom(HOUSE, 0, 1, 2),
      of: fc.nat(),
      sharePpm: fc.constantFrom(1, 50_000, 300_000, 1_000_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pay' as const),
      who: person,
      to: person,
      dollars: fc.integer({ min: 1, max: 50_000 }),
    }),
  },
);

const block = fc.record({
  /** Of the index, in basis points. */
  move: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -100, max: 100 }) },
    { weight: 2, arbitrary: fc.integer({ min: -2_500, max: 2_500 }) },
  ),
  stepMs: fc.constantFrom(1_000, 1_000, 1_000, 3_000, 20_000, 45_000),
  oracle: fc.constantFrom('live' as const, 'live' as const, 'live' as const, 'out' as const),
  steps: fc.array(step, { maxLength: 4 }),
  /** Whether the house tries to take of everybody who is short. */
  takesAll: fc.boolean(),
});

const history = fc.record({
  dollars: fc
    .array(fc.constantFrom(1_000, 6_000, 30_000, 30_000, 60_000, 100_000), {
      minLength: HOUSE,
      maxLength: HOUSE,
    })
    .map((dollars) => [...dollars, 3_000_000]),
  insurance: fc.constantFrom(0, 0, 1_000, 50_000, 2_000_000),
  liquidation: fc.constantFrom({}, { insolventMs: 2_000, blockShareBps: 10_000 }),
  opening: fc.array(fc.oneof(load, load, mode, step), { minLength: 4, maxLength: 9, size: 'max' }),
  blocks: fc.array(block, { minLength: 3, maxLength: 8, size: 'max' }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Block = typeof block extends fc.Arbitrary<infer T> ? T : never;

type World = RiskChain & {
  readonly supply: bigint;
  /** Marks in a row at which an account was short when the block was over. */
  readonly shortMarks: Map<PortfolioId, number>;
};

/** What a campaign reached, so that the properties are not about nothing. */
const seen = {
  trades: 0,
  funding: 0,
  toPortfolioMode: 0,
  toStandardMode: 0,
  started: 0,
  startedInPortfolioMode: 0,
  taken: 0,
  deleveraged: 0,
  insured: 0,
  shared: 0,
  recovered: 0,
  settled: 0,
};

const supplyOf = (state: State): bigint => state.supply.get(DENOMINATION.usd)?.amount ?? 0n;
const bareOf = (state: State, one: PortfolioId): bigint => excessOf(state, one).bare;

function actionsOf({ chain, people }: World, drawn: Step): readonly [number, Action[]][] {
  const { state } = chain;
  switch (drawn.kind) {
    case 'load':
    case 'trade':
    case 'rest': {
      const traded = tradedInstruments(state);
      const instrument =
        drawn.what === PERPETUAL
          ? traded.find((id) => state.instruments.must(id).kind === INSTRUMENT_KIND.perpetual)
          : traded[drawn.what % traded.length];
      if (instrument === undefined) return [];
      const [own, other] = drawn.isBid ? [SIDE.buy, SIDE.sell] : [SIDE.sell, SIDE.buy];
      // Lots of futures are a tenth of those of options.
      const scale = isLinearKind(state.instruments.must(instrument).kind) ? 10 : 1;
      const order = (side: Side, size: number, ticks: number, ioc: boolean): Action =>
        orderAtMark(state, { instrument, side, lots: scale * size, ticks, ioc });
      if (drawn.kind === 'load') {
        const taken = LADDER.map((size) => order(own, size, 0, true));
        return [
          [HOUSE, [order(other, 320, 0, false)]],
          [drawn.who, taken],
        ];
      }
      const { ticks } = drawn;
      if (drawn.kind === 'rest') return [[drawn.who, [order(own, drawn.lots, ticks, false)]]];
      return [
        [drawn.maker, [order(own, drawn.lots, ticks, false)]],
        [drawn.taker, [order(other, drawn.lots, ticks, true)]],
      ];
    }
    case 'mode': {
      const own = subAccount(0);
      // No mode is left with open orders.
      const cancel: Action = { selector: ACTION.cancelOrders, value: cancelAllOf(own) };
      const value = { subAccount: own, mode: drawn.to };
      return [[drawn.who, [cancel, { selector: ACTION.setMarginMode, value }]]];
    }
    case 'take': {
      // Nobody's: refused, unless somebody is short.
      const short = state.liquidations.sortedKeys() as PortfolioId[];
      const portfolio = short[drawn.of % short.length] ?? people[0];
      if (portfolio === undefined) return [];
      const auction = state.liquidations.get(portfolio)?.auction ?? orderId(0);
      const { sharePpm } = drawn;
      const value = { subAccount: subAccount(0), portfolio, auction, sharePpm, limit: 10n ** 15n };
      return [[drawn.who, [{ selector: ACTION.takeLiquidation, value }]]];
    }
    case 'pay': {
      const own = subAccount(0);
      const value = {
        fromSubAccount: own,
        to: addressBytes(drawn.to),
        toSubAccount: own,
        denomination: DENOMINATION.usd,
        amount: BigInt(drawn.dollars) * 1_000_000n,
      };
      return [[drawn.who, [{ selector: ACTION.transfer, value }]]];
    }
  }
}

/** Counts what happened. */
function note(state: State, events: readonly Event[]): void {
  for (const { selector, value } of events) {
    if (selector === EVENT.trade) seen.trades += 1;
    if (selector === EVENT.variation && value.funding !== 0n) seen.funding += 1;
    if (selector === EVENT.marginModeSet) {
      if (value.mode === MARGIN_MODE.portfolio) seen.toPortfolioMode += 1;
      else seen.toStandardMode += 1;
    }
    if (selector === EVENT.liquidationStarted) {
      seen.started += 1;
      if (state.marginModes.has(value.portfolio)) seen.startedInPortfolioMode += 1;
    }
    if (selector === EVENT.liquidationTaken) seen.taken += 1;
    if (selector === EVENT.positionMoved && value.cause === MOVE_CAUSE.deleveraged) {
      seen.deleveraged += 1;
    }
    if (selector === EVENT.insurancePaid) seen.insured += 1;
    if (selector === EVENT.debtShared) seen.shared += 1;
    if (selector === EVENT.liquidationEnded && value.reason === 0) seen.recovered += 1;
    if (selector === EVENT.settled) seen.settled += 1;
  }
}

/** Whether anything of an account was marked in the last block: `undefined`, it holds nothing. */
function isMarked({ state, now }: World['chain'], one: PortfolioId): boolean {
  const held = state.derived.portfolios.byPortfolio.get(one)?.expiries.keys() ?? [];
  return [...held].some((key) => state.markInputs.get(key)?.markedAt === now);
}

/** Money, lots and variation, to the micro-unit; every module account on its side of 0. */
function checkMoney({ chain: { state }, supply }: World): void {
  expect(conservationProblems(state)).toEqual([]);
  expect(variationProblems(state)).toEqual([]);
  expect(supplyOf(state)).toBe(supply);
  expect(balanceOf(state, MODULE.insurance, DENOMINATION.usd)).toBeGreaterThanOrEqual(0n);
  expect(balanceOf(state, MODULE.deficit, DENOMINATION.usd)).toBeLessThanOrEqual(0n);
  const { insuranceHourBps } = liquidationParametersOf(state);
  for (const [, { fund, used }] of state.insuranceUse.unorderedEntries()) {
    expect(used * 10_000n).toBeLessThanOrEqual(fund * BigInt(insuranceHourBps));
  }
}

/** Sums kept over the history equal those that a node makes from the rows alone. */
function checkSums({ chain: { state }, people }: World, copy: State): void {
  for (const one of people) {
    expect(accountMargin(state, one)).toEqual(accountMargin(copy, one));
    expect(markValueOf(state, one)).toBe(markValueOf(copy, one));
    expect(bareExcessOf(state, one)).toBe(excessOf(state, one).bare);
  }
}

/** Every account short at two marks in a row is under auction; nobody sound is. */
function checkAuctions(world: World, oracle: Block['oracle']): void {
  const { chain, people, shortMarks } = world;
  const { state } = chain;
  for (const one of people) {
    if (bareOf(state, one) >= 0n) {
      shortMarks.set(one, 0);
      continue;
    }
    if (oracle === 'out' || !isMarked(chain, one)) continue;
    const marks = (shortMarks.get(one) ?? 0) + 1;
    shortMarks.set(one, marks);
    const row = state.liquidations.get(one);
    if (marks >= 2) expect(row !== undefined && isUnderAuction(row)).toBe(true);
  }
}

/**
 * Of a block without transactions: auctions began on accounts below maintenance alone, deleveraging
 * took nobody below it, and debts without positions are gone.
 */
function checkLiquidated(state: State, { events }: BlockResult, oracle: Block['oracle']): void {
  const moved = new Set<PortfolioId>();
  for (const { selector, value } of events) {
    if (selector !== EVENT.positionMoved) continue;
    expect(value.cause).toBe(MOVE_CAUSE.deleveraged);
    moved.add(value.from);
    moved.add(value.to);
    expect(bareOf(state, value.to) >= 0n || state.liquidations.has(value.to)).toBe(true);
  }
  for (const { selector, value } of events) {
    if (selector !== EVENT.liquidationStarted || moved.has(value.portfolio)) continue;
    expect(value.bare).toBeLessThan(0n);
    expect(bareOf(state, value.portfolio)).toBe(value.bare);
  }
  if (oracle === 'out') return;
  for (const [, { portfolio }] of state.liquidations.unorderedEntries()) {
    expect(holdsPosition(state, portfolio)).toBe(true);
  }
}

/** What was taken was below maintenance when the block's transactions began. */
function checkTaken(before: State, { events }: BlockResult): void {
  for (const { selector, value } of events) {
    if (selector !== EVENT.liquidationTaken) continue;
    expect(bareOf(before, value.portfolio)).toBeLessThan(0n);
  }
}

const isOfLiquidation = ({ selector }: Event): boolean =>
  selector === EVENT.liquidationStarted || selector === EVENT.debtShared;

function play(world: World, drawn: Block): void {
  const { chain } = world;
  const wanted = drawn.takesAll
    ? Array.from({ length: chain.state.liquidations.size }, (_, of): Step => {
        return { kind: 'take', who: HOUSE, of, sharePpm: 300_000 };
      })
    : [];
  const payloads = [...drawn.steps, ...wanted].flatMap((one) =>
    actionsOf(world, one).map(([who, actions]) => unsigned(chain, who, actions)),
  );
  const twin = { ...chain, state: reloaded(chain.state), blocks: [...chain.blocks] };
  checkSums(world, twin.state);
  for (const one of [chain, twin]) one.now += drawn.stepMs;
  for (const [id, index] of chain.indexes) {
    chain.indexes.set(id, Math.max(100, Math.round(index * (1 + drawn.move / 10_000))));
  }
  const quiet = execute(twin, buildBlock(twin, [], drawn.oracle));
  checkLiquidated(twin.state, quiet, drawn.oracle);
  const result = execute(chain, buildBlock(chain, payloads, drawn.oracle));
  expect(result.events.filter(isOfLiquidation)).toEqual(quiet.events.filter(isOfLiquidation));
  note(chain.state, result.events);
  checkTaken(twin.state, result);
  checkMoney(world);
  checkAuctions(world, drawn.oracle);
}

test(
  'through whole blocks of a crash: money and lots are conserved, the short are under auction in time, the sound never, and sums equal those from scratch',
  () => {
    fc.assert(
      fc.property(history, ({ opening, blocks, ...facts }: History) => {
        const made = riskChain(facts);
        const world: World = { ...made, supply: supplyOf(made.chain.state), shortMarks: new Map() };
        play(world, { move: 0, stepMs: 1_000, oracle: 'live', steps: opening, takesAll: false });
        for (const drawn of blocks) play(world, drawn);
      }),
      { numRuns: runs(500) },
    );
    for (const [name, count] of Object.entries(seen))
      expect([name, count > 0]).toEqual([name, true]);
  },
  360 * runs(500),
);
