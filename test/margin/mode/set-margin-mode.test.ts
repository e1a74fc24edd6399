import { describe, expect, it } from 'vitest';
import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import { type PortfolioId, type TimestampMs, timestampMs } from '../../../runtime/core/units.ts';
import { EVENT } from '../../../runtime/event.ts';
import { transfer } from '../../../runtime/ledger/ledger.ts';
import { MODULE } from '../../../runtime/ledger/module-accounts.ts';
import { excessOf, markValueOf } from '../../../runtime/margin/excess.ts';
import { MARGIN_MODE, type MarginMode } from '../../../runtime/margin/mode/margin-mode.ts';
import { defaultRiskParameters } from '../../../runtime/margin/mode/risk-parameters.ts';
import { changePosition } from '../../../runtime/margin/portfolio-index.ts';
import { accountMargin, standardMargin } from '../../../runtime/margin/requirements.ts';
import { withdrawable } from '../../../runtime/margin/withdrawable.ts';
import { INSTRUMENT_KIND } from '../../../runtime/options/instrument.ts';
import { setMarkInputs } from '../../../runtime/oracle/update-marks.ts';
import { addSeries, BTC, MICRO, nextBlock, reloaded } from '../../fixtures/state.ts';
import { codeOf, FAR, type Market, NEAR, place, seriesNamed } from '../../matching/market.ts';
import { hold, modeWorld, setMode } from './mode-world.ts';

const { standard, portfolio } = MARGIN_MODE;

/** Holds a lot of each of these new series, marked. */
function holdListed(
  market: Market,
  who: PortfolioId,
  listed: readonly { readonly strikeUsd: number; readonly expiry: TimestampMs }[],
): void {
  const { state, context } = market;
  const first = state.markInputs.must(state.markInputs.sortedKeys()[0] ?? 0);
  const { index, forward, theta, u, l, windowMs } = first;
  const like = { index, forward, theta, u, l, windowMs };
  for (const { strikeUsd, expiry } of listed) {
    const kind = INSTRUMENT_KIND.put;
    const id = addSeries(state, { underlying: BTC.id, kind, expiry, strikeUsd });
    setMarkInputs(state, context, { underlying: BTC.id, expiry }, like);
    changePosition(state, who, id, 1);
    changePosition(state, MODULE.insurance, id, -1);
  }
}

function holdMany(market: Market, who: PortfolioId, count: number): void {
  const strikes = Array.from({ length: count }, (_, at) => 40_000 + 100 * at);
  holdListed(
    market,
    who,
    strikes.map((strikeUsd) => ({ strikeUsd, expiry: NEAR })),
  );
}

function holdExpiries(market: Market, who: PortfolioId, count: number): void {
  const days = Array.from({ length: count }, (_, at) => at + 1);
  holdListed(
    market,
    who,
    days.map((day) => ({ strikeUsd: 50_000, expiry: timestampMs(FAR + day * 86_400_000) })),
  );
}

function restOrder(market: Market, who: PortfolioId): void {
  const instrument = seriesNamed(market, 'near120000C');
  const placed = place(market, who, { instrument, side: 'buy', price: 500, lots: 1 });
  if (!placed.ok) throw new Error(placed.error.code);
}

const USD = { denomination: DENOMINATION.usd, reason: 'transfer' } as const;

/** What is wrong, from the last to be looked at to the first: each row has its own and all before. */
const FAULTS: readonly (readonly [string, (market: Market, alice: PortfolioId) => void])[] = [
  // $300,000 against a short of twenty coins at the money.
  ['mode_margin', (market, alice) => hold(market, alice, { near100000C: -2_000 })],
  // A debt to the holders of 40 coins: equity is far below 0.
  ['low_equity', (market, alice) => hold(market, alice, { near80000C: -4_000 })],
  ['no_mark', (market) => nextBlock(market.state, 60_000)],
  ['mode_expiries', (market, alice) => holdExpiries(market, alice, 17)],
  ['mode_positions', (market, alice) => holdMany(market, alice, 129)],
  ['open_orders', (market, alice) => restOrder(market, alice)],
];

describe('setMarginMode', () => {
  it.each(FAULTS.map(([code], index) => ({ code, index })))(
    'refuses to enter with $code, and what comes after it',
    ({ code, index }) => {
      const { market, alice } = modeWorld(300_000n);
      const faults = FAULTS.slice(0, index + 1);
      // An order needs margin and marks: it comes first, and stale marks last.
      const turn = (fault: string) => Number(fault === 'no_mark') - Number(fault === 'open_orders');
      const ordered = [...faults].sort(([a], [b]) => turn(a) - turn(b));
      for (const [, make] of ordered) make(market, alice);
      market.context = nextBlock(market.state, 1);
      expect(codeOf(setMode(market, alice, portfolio))).toBe(code);
      expect(market.state.marginModes.size).toBe(0);
    },
  );

  it('refuses an unknown mode before the one that is, and that before open orders', () => {
    const { market, alice } = modeWorld(30_000n);
    restOrder(market, alice);
    expect(codeOf(setMode(market, alice, 2 as MarginMode))).toBe('bad_mode');
    expect(codeOf(setMode(market, alice, standard))).toBe('mode_unchanged');
    expect(codeOf(setMode(market, alice, portfolio))).toBe('open_orders');
  });

  it('enters with $25,000 and not a micro-USD less', () => {
    const { market, alice } = modeWorld(25_000n);
    transfer(market.state, { ...USD, from: alice, to: MODULE.insurance, amount: 1n });
    expect(codeOf(setMode(market, alice, portfolio))).toBe('low_equity');
    transfer(market.state, { ...USD, from: MODULE.insurance, to: alice, amount: 1n });
    expect(codeOf(setMode(market, alice, portfolio))).toBe('ok');
    expect(market.context.events.at(-1)).toEqual({
      selector: EVENT.marginModeSet,
      value: { portfolio: alice, mode: portfolio },
    });
    expect(codeOf(setMode(market, alice, portfolio))).toBe('mode_unchanged');
  });

  it('leaves when standard initial margin is met, whatever the equity', () => {
    const hedge = { near100000C: -100, far100000C: 100 };
    const { market, alice } = modeWorld(27_000n, hedge, portfolio);
    const { state } = market;
    const { initial } = standardMargin(state, alice);
    expect(initial).toBeGreaterThan(accountMargin(state, alice).initial);
    const cash = accountMargin(state, alice).cash;
    transfer(state, { ...USD, from: alice, to: MODULE.insurance, amount: cash - initial + 1n });
    expect(codeOf(setMode(market, alice, standard))).toBe('mode_margin');
    transfer(state, { ...USD, from: MODULE.insurance, to: alice, amount: 1n });
    expect(codeOf(setMode(market, alice, standard))).toBe('ok');
    expect(state.marginModes.size).toBe(0);
    expect(accountMargin(state, alice)).toEqual(standardMargin(state, alice));
  });

  it('is the same on a node that loaded the state, with parameters of genesis or without a row', () => {
    const book = { near100000C: -100, near120000C: 200, far90000P: -50 };
    const { market, alice } = modeWorld(60_000n, book, portfolio);
    const { state } = market;
    const copy = reloaded(state);
    expect(copy.marginModes.get(alice)).toEqual(state.marginModes.get(alice));
    expect(excessOf(copy, alice)).toEqual(excessOf(state, alice));
    state.riskParameters.set(BTC.id, defaultRiskParameters(BTC.id));
    expect(excessOf(reloaded(state), alice)).toEqual(excessOf(copy, alice));
  });
});

describe('withdrawable in portfolio mode', () => {
  it('leaves the value of long options in the account', () => {
    const { market, alice } = modeWorld(50_000n, { near100000C: 100 }, portfolio);
    const { state, context } = market;
    const { initial } = excessOf(state, alice);
    const value = markValueOf(state, alice) - accountMargin(state, alice).cash;
    const free = withdrawable(state, context, alice);
    // The mark in risk units and in micro-USD differ by less than a unit a lot.
    expect(Math.abs(Number(initial - value - free))).toBeLessThan(100 * 10);
    expect(free).toBeLessThan(accountMargin(state, alice).cash);
  });

  it('is nothing while a mark is stale, and the cash of who holds nothing', () => {
    const { market, alice } = modeWorld(50_000n, { near100000C: -10 }, portfolio);
    expect(withdrawable(market.state, market.context, alice)).toBeGreaterThan(0n);
    const later = nextBlock(market.state, 60_000);
    expect(withdrawable(market.state, later, alice)).toBe(0n);
    const empty = modeWorld(50_000n, {}, portfolio);
    expect(withdrawable(empty.market.state, empty.market.context, empty.alice)).toBe(
      50_000n * BigInt(MICRO),
    );
  });
});
