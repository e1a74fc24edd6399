import { describe, expect, it } from 'vitest';
import { type MarginDetail, OWN_MODE, SIMULATED_FROM } from '../../../node/query/margin-format.ts';
import { marginRows } from '../../../node/query/margin-rows.ts';
import { ensureAccount } from '../../../runtime/accounts/create-account.ts';
import { fromHex } from '../../../runtime/core/bytes.ts';
import {
  address,
  type PortfolioId,
  portfolioAccount,
  subAccount,
} from '../../../runtime/core/units.ts';
import { excessOf, markValueOf } from '../../../runtime/margin/excess.ts';
import { MARGIN_MODE, type MarginMode } from '../../../runtime/margin/mode/margin-mode.ts';
import { MICRO } from '../../fixtures/state.ts';
import {
  advance,
  type Market,
  markAt,
  place,
  seriesNamed,
  tablesImage,
} from '../../matching/market.ts';
import { modeWorld } from './mode-world.ts';

const BOOK = { near100000C: -100, near110000C: 60, far90000P: -20 };
const ADDRESS = address('11'.repeat(20));
const RAW = fromHex(ADDRESS) ?? new Uint8Array(20);

function world(dollars: bigint, mode: MarginMode): { market: Market; alice: PortfolioId } {
  const made = modeWorld(dollars, BOOK, mode);
  const { state, context } = made.market;
  expect(ensureAccount(state, context, ADDRESS)).toBe(portfolioAccount(made.alice));
  return made;
}

function ask(
  market: Market,
  added: Readonly<Record<string, number>> = {},
  change: { readonly nothing?: true; readonly mode?: MarginMode; readonly cash?: bigint } = {},
): MarginDetail {
  const changes = Object.entries(added).map(([name, lots]) => ({
    instrument: seriesNamed(market, name),
    lots,
  }));
  const { detail } = marginRows(market.state, {
    address: RAW,
    subAccount: subAccount(0),
    from: change.nothing ? SIMULATED_FROM.nothing : SIMULATED_FROM.account,
    mode: change.mode ?? OWN_MODE,
    cash: change.cash ?? 0n,
    changes,
  });
  const [first] = detail;
  if (first === undefined) throw new Error('an answer');
  return first;
}

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

describe.each([MARGIN_MODE.standard, MARGIN_MODE.portfolio])(
  'margin explained, mode %i',
  (mode) => {
    it('says what execution goes by, with open orders', () => {
      const { market, alice } = world(100_000n, mode);
      const instrument = seriesNamed(market, 'near100000C');
      expect(place(market, alice, { instrument, side: 'sell', price: 5_900, lots: 10 }).ok).toBe(
        true,
      );
      const { initial, maintenance, bare } = excessOf(market.state, alice);
      const found = ask(market);
      expect(found.ownMode).toBe(mode);
      expect(found.mode === MARGIN_MODE.portfolio ? found.portfolio : found.standard).toEqual({
        initial,
        orderMaintenance: maintenance,
        maintenance: bare,
      });
      expect(found.equity).toBe(markValueOf(market.state, alice));
    });

    it('has lines that add up to the initial excess', () => {
      const { market } = world(100_000n, mode);
      const found = ask(market);
      const { initial } = mode === MARGIN_MODE.portfolio ? found.portfolio : found.standard;
      const marks = sum(found.groups.map(({ mark }) => mark));
      const totals = sum(found.expiries.map(({ total }) => total));
      expect(found.cash + marks + totals).toBe(initial);
      expect(found.positions.map(({ lots }) => lots).sort((a, b) => a - b)).toEqual([
        -100, -20, 60,
      ]);
      const near = found.expiries[0];
      const lines = sum(
        found.positions.filter(({ lots }) => lots !== -20).map(({ change }) => change),
      );
      expect(near?.positions).toBe(lines);
    });

    it('names indexes at which the account is at maintenance margin', () => {
      const { market, alice } = world(35_000n, mode);
      const [prices] = ask(market).liquidation;
      if (prices === undefined) throw new Error('liquidation prices of BTC');
      expect(prices.index).toBe(100_000 * MICRO);
      expect(prices.above).toBeGreaterThan(prices.index);
      const usd = Math.floor(prices.above / MICRO);
      const bareAt = (indexUsd: number): bigint => {
        advance(market);
        markAt(market, indexUsd);
        return excessOf(market.state, alice).bare;
      };
      expect(bareAt(usd - 20)).toBeGreaterThan(0n);
      expect(bareAt(usd + 20)).toBeLessThan(0n);
      // From there on it is the index itself.
      expect(ask(market).liquidation[0]?.above).toBe((usd + 20) * MICRO);
    });
  },
);

describe('simulated portfolios', () => {
  it('are the account with positions added, and change nothing', () => {
    const { market, alice } = world(100_000n, MARGIN_MODE.portfolio);
    const before = [tablesImage(market.state), excessOf(market.state, alice)];
    const closed = ask(market, { near100000C: 100, near110000C: -60, far90000P: 20 });
    expect(closed.positions).toEqual([]);
    expect(closed.portfolio.initial).toBe(100_000n * BigInt(MICRO));
    const hedged = ask(market, { near110000C: 40 });
    expect(hedged.portfolio.initial).toBeGreaterThan(ask(market).portfolio.initial);
    expect([tablesImage(market.state), excessOf(market.state, alice)]).toEqual(before);
  });

  it('from nothing are what an account would need for them, in both modes', () => {
    const { market } = world(100_000n, MARGIN_MODE.standard);
    const cash = 50_000n * BigInt(MICRO);
    const found = ask(market, BOOK, { nothing: true, mode: MARGIN_MODE.portfolio, cash });
    const own = ask(market);
    expect(found.cash).toBe(cash);
    expect(found.standard.initial).toBe(own.standard.initial - cash);
    expect(found.portfolio.initial).toBe(own.portfolio.initial - cash);
    expect([found.ownMode, found.mode]).toEqual([MARGIN_MODE.standard, MARGIN_MODE.portfolio]);
  });
});
