/** What the insurance fund pays, for whom, and when it stops; and the debt that is left for all. */
import { describe, expect, test } from 'vitest';
import { transferAction } from '../../runtime/accounts/transfer.ts';
import { ANY_UNDERLYING } from '../../runtime/actions/orders.ts';
import { DENOMINATION, type Transfer } from '../../runtime/actions/transfer.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { type PortfolioId, portfolioAccount, subAccount } from '../../runtime/core/units.ts';
import { transfer } from '../../runtime/ledger/ledger.ts';
import {
  insuranceAllowance,
  insuredParts,
  leftInHour,
  payInsurance,
  useInHour,
} from '../../runtime/liquidation/insurance.ts';
import type { Liquidation } from '../../runtime/liquidation/liquidation.ts';
import { haircutOn, shareDebt, sharedDebt } from '../../runtime/liquidation/shared-debt.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { BTC, nextBlock } from '../fixtures/state.ts';
import { codeOf, problemsOf } from '../matching/market.ts';
import { type Arena, arena, cash, hold, markedBlock, quietBlock, rowOf, usd } from './arena.ts';

const HOUR = 3_600_000;

/** Alice under an insolvent auction: ten BTC of calls sold at $100,000, the index at $125,000. */
function insolvent(insurance: number): { market: Arena; row: Liquidation } {
  const market = arena({ dollars: 170_000, lots: { near100000C: -1_000 }, insurance });
  markedBlock(market, 125_000);
  markedBlock(market, 125_000);
  const row = rowOf(market, market.alice);
  if (row === undefined) throw new Error('no auction');
  return { market, row };
}

function allowance({ state, context }: Arena, row: Liquidation): bigint {
  return insuranceAllowance(state, context, row, insuredParts(state, row.portfolio));
}

describe('the allowance of an account', () => {
  test('is its initial margin at the start of the auction, less what was paid', () => {
    const { market, row } = insolvent(100_000_000);
    // 15 % of the index above the mark of ten BTC, each of 1,000 lots rounded up.
    expect(row.initialMargin).toBeGreaterThanOrEqual(usd(10 * 0.15 * 125_000));
    expect(row.initialMargin).toBeLessThanOrEqual(usd(10 * 0.15 * 125_000) + 1_000n);
    expect(allowance(market, row)).toBe(row.initialMargin);
    const parts = insuredParts(market.state, row.portfolio);
    payInsurance(market.state, market.context, row, { parts, amount: usd(1_000) });
    expect(allowance(market, row)).toBe(row.initialMargin - usd(1_000));
    expect(row.insured).toBe(usd(1_000));
  });

  test('is a tenth of the fund an hour and underlying', () => {
    const { market, row } = insolvent(1_200_000);
    const { state } = market;
    expect(allowance(market, row)).toBe(usd(120_000));
    const parts = insuredParts(state, row.portfolio);
    payInsurance(state, market.context, row, { parts, amount: usd(100_000) });
    expect(allowance(market, row)).toBe(usd(20_000));
    expect(leftInHour(state, useInHour(state, market.context, BTC.id))).toBe(usd(20_000));
    // Another underlying has its own tenth, of what the fund holds when it is first asked.
    expect(leftInHour(state, useInHour(state, market.context, ANY_UNDERLYING))).toBe(usd(110_000));
    // The next hour has another tenth, of what is left: the margin of the account is nearer now.
    market.context = nextBlock(state, HOUR);
    expect(leftInHour(state, useInHour(state, market.context, BTC.id))).toBe(usd(110_000));
    expect(allowance(market, row)).toBe(row.initialMargin - usd(100_000));
  });

  test('beyond it a payment is a broken invariant', () => {
    const { market, row } = insolvent(1_200_000);
    const parts = insuredParts(market.state, row.portfolio);
    const pay = (amount: bigint): void =>
      payInsurance(market.state, market.context, row, { parts, amount });
    expect(() => pay(usd(120_000) + 1n)).toThrow('hourly cap');
    expect(() => pay(row.initialMargin + 1n)).toThrow('initial margin');
  });
});

/** A transfer of USD by `from` to another owner, unless `to` is its own. */
function send(market: Arena, from: PortfolioId, to: PortfolioId, dollars: number) {
  const accounts = [...market.state.accounts.unorderedEntries()];
  const owner = accounts.find(([, { id }]) => id === portfolioAccount(to))?.[0] ?? '';
  const action: Transfer = {
    fromSubAccount: subAccount(0),
    to: fromHex(owner) ?? new Uint8Array(20),
    toSubAccount: subAccount(from === to ? 1 : 0),
    denomination: DENOMINATION.usd,
    amount: usd(dollars),
  };
  return transferAction(market.state, market.context, portfolioAccount(from), action);
}

describe('USD that leaves its owner', () => {
  test('waits while an account is insolvent; what stays with the owner does not', () => {
    const { market } = insolvent(100_000_000);
    expect(codeOf(send(market, market.carol, market.bob, 100))).toBe('withdrawals_stopped');
    expect(codeOf(send(market, market.carol, market.carol, 100))).toBe('ok');
    markedBlock(market, 100_000);
    expect(rowOf(market, market.alice)?.kind).not.toBe(3);
    expect(codeOf(send(market, market.carol, market.bob, 100))).toBe('ok');
  });

  test('bears debt ÷ (debt + supply), counted, until the debt is paid', () => {
    const market = arena({ dollars: 0, lots: {}, insurance: 0 });
    const { state, alice, bob, carol } = market;
    // Two million dollars there are; Alice owes a million to Carol and has nothing left.
    const denomination = DENOMINATION.usd;
    transfer(state, { from: alice, to: carol, denomination, amount: usd(1e6), reason: 'premium' });
    shareDebt(state, market.context, alice, usd(1e6));
    expect([sharedDebt(state), haircutOn(state, usd(900))]).toEqual([usd(1e6), usd(300)]);
    const before = cash(state, bob);
    expect(send(market, carol, bob, 900)).toMatchObject({ value: { value: { amount: usd(600) } } });
    expect(cash(state, bob) - before).toBe(usd(600));
    expect(sharedDebt(state)).toBe(usd(1e6) - usd(300));
    expect(state.sharedDebt.get(SINGLETON_KEY)).toEqual({
      shared: usd(1e6),
      haircuts: usd(300),
      insured: 0n,
    });
    // Own sub-accounts bear nothing.
    expect(send(market, carol, carol, 900)).toMatchObject({
      value: { value: { amount: usd(900) } },
    });
    expect(problemsOf(state)).toEqual([]);
  });

  test('bears nothing while there is no debt, and never more than is owed', () => {
    const market = arena({ dollars: 0, lots: {} });
    expect(haircutOn(market.state, usd(1e6))).toBe(0n);
    shareDebt(market.state, market.context, market.alice, 1n);
    expect(haircutOn(market.state, usd(1e6))).toBe(1n);
  });

  test('is repaid from the fund, a tenth of it an hour', () => {
    const market = arena({ dollars: 0, lots: {}, insurance: 1_000_000 });
    const { state } = market;
    shareDebt(state, market.context, market.alice, usd(150_000));
    quietBlock(market);
    expect(sharedDebt(state)).toBe(usd(50_000));
    quietBlock(market);
    expect(sharedDebt(state)).toBe(usd(50_000));
    quietBlock(market, HOUR);
    expect(sharedDebt(state)).toBe(0n);
    expect(state.sharedDebt.get(SINGLETON_KEY)?.insured).toBe(usd(150_000));
  });
});

describe('an account that settles into debt', () => {
  test('without ever having been under auction is closed at once, its debt shared', () => {
    const market = arena({ dollars: 0, lots: {}, insurance: 100_000 });
    const { state, alice, bob } = market;
    const denomination = DENOMINATION.usd;
    transfer(state, {
      from: alice,
      to: bob,
      denomination,
      amount: usd(50_000),
      reason: 'settlement',
    });
    // Paid for a position that is gone.
    hold(market, { to: alice, from: bob, name: 'near100000C', lots: 1 });
    hold(market, { to: bob, from: alice, name: 'near100000C', lots: 1 });
    quietBlock(market);
    expect(cash(state, alice)).toBe(-usd(50_000));
    markedBlock(market, 100_000);
    expect(cash(state, alice)).toBe(0n);
    expect(sharedDebt(state)).toBe(usd(40_000));
    expect(rowOf(market, alice)).toBeUndefined();
  });
});
