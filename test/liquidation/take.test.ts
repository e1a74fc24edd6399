/** What a take moves and costs, and every reason for which one is refused. */
import { describe, expect, test } from 'vitest';
import type { TakeLiquidation } from '../../runtime/actions/liquidation.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { orderId } from '../../runtime/core/units.ts';
import { transfer } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { discountPpm } from '../../runtime/liquidation/auction-price.ts';
import { DEFAULT_LIQUIDATION_PARAMETERS as DEFAULTS } from '../../runtime/liquidation/parameters.ts';
import { healthOf } from '../../runtime/liquidation/take-liquidation.ts';
import { markValueOf } from '../../runtime/margin/excess.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { nextBlock } from '../fixtures/state.ts';
import { codeOf, problemsOf, seriesNamed } from '../matching/market.ts';
import { type Arena, arena, cash, markedBlock, rowOf, sibling, take, usd } from './arena.ts';

/** Alice sold calls on ten BTC at $100,000 with $170,000; the index goes to $105,000. */
function solvent(): Arena {
  const market = arena({ dollars: 170_000, lots: { near100000C: -1_000, near120000C: 40 } });
  markedBlock(market, 105_000);
  markedBlock(market, 105_000);
  return market;
}

/** The same at an index of $125,000: she is worth less than nothing. */
function insolvent(insurance = 10_000_000): Arena {
  const market = arena({ dollars: 170_000, lots: { near100000C: -1_000 }, insurance });
  markedBlock(market, 125_000);
  markedBlock(market, 125_000);
  return market;
}

/** Takes with a change, and expects that it is carried out. */
function taken(
  market: Arena,
  change: Partial<TakeLiquidation> = {},
): { sharePpm: number; price: bigint; fee: bigint; payout: bigint } {
  const result = take(market, market.carol, change);
  if (!result.ok) throw new Error(result.error.code);
  if (result.value.selector !== ACTION_RESULT.liquidationTaken) throw new Error('no take');
  return result.value.value;
}

/** Equal but for so many micro-USD of rounding. */
function expectNear(given: bigint, expected: bigint, tolerance: bigint): void {
  expect(given).toBeGreaterThanOrEqual(expected - tolerance);
  expect(given).toBeLessThanOrEqual(expected + tolerance);
}

describe('a take of a solvent account', () => {
  test('moves the share of every position, rounded down, and nothing else', () => {
    const market = solvent();
    const { sharePpm } = taken(market, { sharePpm: 100_000 });
    const [short, wing] = [seriesNamed(market, 'near100000C'), seriesNamed(market, 'near120000C')];
    expect(positionOf(market.state, market.alice, short)).toBe(-900);
    expect(positionOf(market.state, market.carol, short)).toBe(-100);
    expect(positionOf(market.state, market.alice, wing)).toBe(36);
    expect(positionOf(market.state, market.carol, wing)).toBe(4);
    expect(sharePpm).toBe(100_000);
    expect(problemsOf(market.state)).toEqual([]);
  });

  test('costs 95 % of the value of the share, a tenth of that value goes to insurance', () => {
    const market = solvent();
    const { state, alice, carol } = market;
    const value = markValueOf(state, alice);
    const [taker, fund] = [markValueOf(state, carol), cash(state, MODULE.insurance)];
    const { price, fee } = taken(market, { sharePpm: 100_000 });
    const share = value / 10n;
    expectNear(price, (share * 95n) / 100n, 1n);
    expectNear(fee, share / 10n, 1n);
    expect(cash(state, MODULE.insurance) - fund).toBe(fee);
    // The taker is better off by what it did not pay, Alice worse off by that and the fee.
    const gain = markValueOf(state, carol) - taker;
    expectNear(gain, share - price, 1n);
    expect(value - markValueOf(state, alice)).toBe(gain + fee);
  });

  test('of the whole is cut to the share that restores the buffer, and ends the auction', () => {
    const market = solvent();
    const { sharePpm } = taken(market);
    expect(sharePpm).toBeLessThan(500_000);
    const { value, bare } = healthOf(market.state, market.alice);
    // 15 % of what it still must hold, but for what rounding to lots left.
    const buffer = (value - bare) * 15n;
    expect(bare * 100n).toBeGreaterThan((buffer * 98n) / 100n);
    expect(bare * 100n).toBeLessThan((buffer * 102n) / 100n);
    expect(rowOf(market, market.alice)).toBeUndefined();
  });

  test('is re-sized after each take: what takers paid in is not shared again', () => {
    const market = solvent();
    const { state, alice } = market;
    const first = taken(market, { sharePpm: 50_000 });
    const row = rowOf(market, alice);
    expect(row?.reserved).toBe(first.price - first.fee);
    const left = markValueOf(state, alice) - (first.price - first.fee);
    const second = taken(market, { sharePpm: 50_000 });
    const part = (left * BigInt(second.sharePpm) * 95n) / 100_000_000n;
    expectNear(second.price, part, 2n);
  });

  test('is cheaper later', () => {
    const market = solvent();
    const before = taken(market, { sharePpm: 10_000 }).price;
    market.context = nextBlock(market.state, 4_000);
    const ppm = discountPpm(DEFAULTS, 4_000);
    expect(ppm).toBeLessThan(950_000);
    const after = taken(market, { sharePpm: 10_000 }).price;
    expect(after).toBeLessThan(before);
  });

  test('of one lot can be taken whole', () => {
    const market = arena({ dollars: 160, lots: { near100000C: -1 } });
    markedBlock(market, 105_000);
    markedBlock(market, 105_000);
    expect(taken(market).sharePpm).toBe(1_000_000);
    expect(rowOf(market, market.alice)).toBeUndefined();
    expect(positionOf(market.state, market.alice, seriesNamed(market, 'near100000C'))).toBe(0);
  });
});

describe('a take of an insolvent account', () => {
  test('is paid by insurance: the hole at first, and then part of the requirement', () => {
    const market = insolvent();
    const { state, alice, carol } = market;
    const hole = -markValueOf(state, alice);
    const taker = markValueOf(state, carol);
    const first = taken(market, { sharePpm: 100_000, limit: 0n });
    expectNear(first.payout, hole / 10n, 1n);
    expect(markValueOf(state, carol) - taker).toBe(0n);
    // Half an hour on the taker gets half the requirement of its share beside it.
    for (let minute = 0; minute < 30; minute++) markedBlock(market, 125_000, 60_000);
    const { value, bare } = healthOf(state, alice);
    const second = taken(market, { sharePpm: 100_000, limit: 0n });
    const whole = -value + (value - bare) / 2n;
    expectNear(second.payout, (whole * BigInt(second.sharePpm)) / 1_000_000n, 2n);
    expect(markValueOf(state, carol)).toBeGreaterThan(taker);
    expect(second.price).toBe(-second.payout);
  });

  test('of all of it leaves nothing, and no debt', () => {
    const market = insolvent();
    for (let i = 0; i < 40 && rowOf(market, market.alice) !== undefined; i++) {
      if (take(market, market.carol).ok) continue;
      markedBlock(market, 125_000);
    }
    expect(rowOf(market, market.alice)).toBeUndefined();
    expect(cash(market.state, market.alice)).toBe(0n);
    expect(cash(market.state, MODULE.deficit)).toBe(0n);
    expect(problemsOf(market.state)).toEqual([]);
  });
});

describe('a take is refused', () => {
  test('where no auction runs', () => {
    const market = solvent();
    expect(codeOf(take(market, market.carol, { portfolio: market.bob }))).toBe(
      'unknown_liquidation',
    );
  });

  test('where an account is only watched', () => {
    const market = arena({ dollars: 170_000, lots: { near100000C: -1_000 } });
    markedBlock(market, 105_000);
    expect(codeOf(take(market, market.carol))).toBe('unknown_liquidation');
  });

  test('of another auction than runs now', () => {
    const market = solvent();
    const auction = orderId((rowOf(market, market.alice)?.auction ?? 0) + 1);
    expect(codeOf(take(market, market.carol, { auction }))).toBe('another_auction');
  });

  test('of an account of one’s own', () => {
    const market = solvent();
    expect(codeOf(take(market, sibling(market.alice, 1)))).toBe('own_liquidation');
  });

  test.each([0, 1_000_001])('of a share of %i ppm', (sharePpm) => {
    const market = solvent();
    expect(codeOf(take(market, market.carol, { sharePpm }))).toBe('bad_share');
  });

  test('while the oracle is out', () => {
    const market = solvent();
    market.context = nextBlock(market.state, 6_000);
    expect(codeOf(take(market, market.carol))).toBe('no_mark');
  });

  test('above maintenance', () => {
    const market = solvent();
    const { state, alice, bob } = market;
    const denomination = DENOMINATION.usd;
    transfer(state, {
      from: bob,
      to: alice,
      denomination,
      amount: usd(500_000),
      reason: 'transfer',
    });
    expect(codeOf(take(market, market.carol))).toBe('above_maintenance');
  });

  test('beyond the limit of price', () => {
    const market = solvent();
    const value = markValueOf(market.state, market.alice);
    const price = (value * 95n) / 100n + 1n;
    expect(codeOf(take(market, market.carol, { limit: price - 2n }))).toBe('price_limit');
    expect(codeOf(take(market, market.carol, { limit: price }))).toBe('ok');
  });

  test('when insurance may pay nothing more', () => {
    const market = insolvent();
    const { state, bob } = market;
    const amount = cash(state, MODULE.insurance);
    const denomination = DENOMINATION.usd;
    transfer(state, { from: MODULE.insurance, to: bob, denomination, amount, reason: 'transfer' });
    expect(codeOf(take(market, market.carol))).toBe('insurance_exhausted');
  });

  test('when the block has had its share', () => {
    const market = solvent();
    market.state.liquidationParameters.set(SINGLETON_KEY, { ...DEFAULTS, blockShareBps: 500 });
    expect(taken(market).sharePpm).toBe(50_000);
    expect(codeOf(take(market, market.carol))).toBe('block_share');
    market.context = nextBlock(market.state);
    expect(taken(market).sharePpm).toBeLessThanOrEqual(50_000);
  });

  test('for less than a lot', () => {
    const market = solvent();
    expect(codeOf(take(market, market.carol, { sharePpm: 999 }))).toBe('share_too_small');
    expect(codeOf(take(market, market.carol, { sharePpm: 1_000 }))).toBe('ok');
  });

  test('by who cannot carry it', () => {
    const market = solvent();
    const { state, carol, bob } = market;
    const denomination = DENOMINATION.usd;
    transfer(state, {
      from: carol,
      to: bob,
      denomination,
      amount: usd(999_000),
      reason: 'transfer',
    });
    expect(codeOf(take(market, carol))).toBe('insufficient_margin');
  });

  test('when the account would lack more after it', () => {
    // One lot of the wing and half a lot of each short: the wing alone would go, and a short be naked.
    const lots = { near80000C: -50, near90000C: -50, near110000C: 100 };
    const market = arena({ dollars: 24_900, lots });
    markedBlock(market, 100_000);
    markedBlock(market, 100_000);
    expect(codeOf(take(market, market.carol, { sharePpm: 10_000 }))).toBe('take_worsens');
    expect(codeOf(take(market, market.carol, { sharePpm: 20_000 }))).toBe('ok');
  });
});
