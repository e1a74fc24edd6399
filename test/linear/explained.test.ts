/** Margin explained of accounts with futures and a perpetual: its lines add up under both modes. */
import { describe, expect, test } from 'vitest';
import { SIMULATED_FROM } from '../../node/query/margin-format.ts';
import { marginRows } from '../../node/query/margin-rows.ts';
import { ensureAccount } from '../../runtime/accounts/create-account.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { address, portfolioId, subAccount } from '../../runtime/core/units.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { excessOf } from '../../runtime/margin/excess.ts';
import { MARGIN_MODE } from '../../runtime/margin/mode/margin-mode.ts';
import { fundedPortfolio, MICRO } from '../fixtures/state.ts';
import { cross, linearMarket, nextMark, trade } from './linear-market.ts';

const ADDRESS = address('11'.repeat(20));
const RAW = fromHex(ADDRESS) ?? new Uint8Array(20);
const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

/** Long the perpetual, short the future and a call, with an order, after the index has moved. */
function hedged() {
  const market = linearMarket();
  const { state, context, perpetual, future, call } = market;
  const alice = portfolioId(ensureAccount(state, context, ADDRESS), subAccount(0));
  mint(state, alice, 0, 100_000n * BigInt(MICRO));
  const bob = fundedPortfolio(state, 7, 10_000_000n);
  cross(market, alice, bob, { instrument: perpetual, usd: 100_000, lots: 1_500 });
  cross(market, bob, alice, { instrument: future, usd: 100_000, lots: 400 });
  const usd = Math.floor((state.derived.marks.byInstrument.get(call)?.price ?? 0) / MICRO);
  cross(market, bob, alice, { instrument: call, usd, lots: 20 });
  nextMark(market, 101_000);
  const bid = { instrument: perpetual, side: 'buy' as const, usd: 100_900, lots: 100 };
  expect(trade(market, alice, bid).ok).toBe(true);
  return { state, alice };
}

describe.each([MARGIN_MODE.standard, MARGIN_MODE.portfolio])('explained as mode %i', (mode) => {
  const { state, alice } = hedged();
  const question = { address: RAW, subAccount: subAccount(0), cash: 0n, changes: [], mode };
  const [detail] = marginRows(state, { ...question, from: SIMULATED_FROM.account }).detail;

  test('cash, what futures have gained and the lines are the initial excess', () => {
    const { initial } =
      mode === MARGIN_MODE.standard ? (detail?.standard ?? {}) : (detail?.portfolio ?? {});
    const marks = sum(detail?.groups.map(({ mark }) => mark) ?? []);
    const totals = sum(detail?.expiries.map(({ total }) => total) ?? []);
    // 1.5 BTC long and 0.4 short, each by a thousand dollars.
    expect(detail?.variation).toBe(1_100n * BigInt(MICRO));
    expect((detail?.cash ?? 0n) + (detail?.variation ?? 0n) + marks + totals).toBe(initial);
    if (mode === MARGIN_MODE.standard) expect(initial).toBe(excessOf(state, alice).initial);
  });
});

test('a position of futures by itself needs 5 % of its notional at the index', () => {
  const { state } = hedged();
  const question = { address: RAW, subAccount: subAccount(0), cash: 0n, changes: [] };
  const mode = MARGIN_MODE.standard;
  const [detail] = marginRows(state, { ...question, mode, from: SIMULATED_FROM.account }).detail;
  const changeOf = (lots: number) =>
    detail?.positions.find((position) => position.lots === lots)?.change;
  expect(changeOf(1_500)).toBe(-7_575n * BigInt(MICRO));
  expect(changeOf(-400)).toBe(-2_020n * BigInt(MICRO));
});
