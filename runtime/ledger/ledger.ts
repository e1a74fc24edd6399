/**
 * The ledger: double entry. Every movement is a transfer between two portfolios with a reason, so
 * balances sum to the supply after every operation, to the micro-unit.
 *
 * The ledger moves money and judges nothing: whether a balance may fall, or below 0, is for the
 * handler that calls it (design/exchange.md §3, cash).
 *
 * Invariants: Σ balances of a denomination = its supply; a row of 0 does not exist.
 */

import type { Denomination } from '../actions/transfer.ts';
import { assert } from '../core/result.ts';
import type { PortfolioId } from '../core/units.ts';
import { balanceKey, type State } from '../state/state.ts';

/** Why money moved: for readers of a trace, not stored. */
export type TransferReason =
  | 'transfer'
  | 'premium'
  | 'trading_fee'
  | 'variation'
  | 'funding'
  | 'settlement'
  | 'settlement_fee'
  | 'fee_share'
  | 'referral'
  | 'stake'
  | 'unstake'
  | 'reward'
  | 'withdrawal'
  | 'deposit'
  | 'treasury'
  | 'liquidation'
  | 'liquidation_fee'
  | 'insurance'
  | 'haircut'
  | 'shared_debt'
  | 'genesis';

/** One movement: `amount` in micro-units, not negative. */
export type LedgerTransfer = {
  readonly from: PortfolioId;
  readonly to: PortfolioId;
  readonly denomination: Denomination;
  readonly amount: bigint;
  readonly reason: TransferReason;
};

/** Balance in micro-units; 0 where there is no row. */
export function balanceOf(
  state: State,
  portfolio: PortfolioId,
  denomination: Denomination,
): bigint {
  return state.balances.get(balanceKey.pack(portfolio, denomination))?.amount ?? 0n;
}

function add(
  state: State,
  portfolio: PortfolioId,
  denomination: Denomination,
  amount: bigint,
): void {
  const key = balanceKey.pack(portfolio, denomination);
  const row = state.balances.edit(key);
  if (row === undefined) {
    state.balances.set(key, { amount });
    return;
  }
  row.amount += amount;
  if (row.amount === 0n) state.balances.delete(key);
}

/** Carries out a movement. Throws when the amount is negative: that would be theft. */
export function transfer(state: State, movement: LedgerTransfer): void {
  const { from, to, denomination, amount } = movement;
  assert(amount >= 0n, 'an amount that moves is not negative');
  if (amount === 0n || from === to) return;
  add(state, from, denomination, -amount);
  add(state, to, denomination, amount);
}

/**
 * One leg of a movement among several portfolios, of which each gains or loses once what all its
 * transfers come to. Only for callers whose legs sum to 0 by construction, which say so.
 */
export function addLeg(
  state: State,
  portfolio: PortfolioId,
  denomination: Denomination,
  amount: bigint,
): void {
  if (amount !== 0n) add(state, portfolio, denomination, amount);
}

/** Creates supply in a portfolio: at genesis, and for issuance. */
export function mint(
  state: State,
  portfolio: PortfolioId,
  denomination: Denomination,
  amount: bigint,
): void {
  assert(amount >= 0n, `mint of ${amount} is negative`);
  if (amount === 0n) return;
  const supply = state.supply.get(denomination);
  if (supply === undefined) state.supply.set(denomination, { amount });
  else {
    supply.amount += amount;
    state.supply.touch(denomination);
  }
  add(state, portfolio, denomination, amount);
}

/** Destroys supply that a portfolio holds: slashing. Throws when the amount is negative. */
export function burn(
  state: State,
  portfolio: PortfolioId,
  denomination: Denomination,
  amount: bigint,
): void {
  assert(amount >= 0n, `burn of ${amount} is negative`);
  if (amount === 0n) return;
  const supply = state.supply.get(denomination);
  assert(supply !== undefined && supply.amount >= amount, `burn of ${amount} exceeds the supply`);
  supply.amount -= amount;
  state.supply.touch(denomination);
  add(state, portfolio, denomination, -amount);
}

/**
 * What breaks conservation: supply against Σ balances per denomination, and Σ lots per instrument
 * against 0. Empty when all holds. O(rows): tests, smoke and audits.
 */
export function conservationProblems(state: State): string[] {
  const problems: string[] = [];
  const sums = new Map<number, bigint>();
  for (const [key, { amount }] of state.balances.unorderedEntries()) {
    const denomination = balanceKey.low(key);
    sums.set(denomination, (sums.get(denomination) ?? 0n) + amount);
  }
  for (const denomination of [0, 1]) {
    const supply = state.supply.get(denomination)?.amount ?? 0n;
    const sum = sums.get(denomination) ?? 0n;
    if (sum !== supply) {
      problems.push(`denomination ${denomination}: balances sum to ${sum}, supply ${supply}`);
    }
  }
  const lots = new Map<number, number>();
  for (const [, position] of state.positions.unorderedEntries()) {
    lots.set(position.instrument, (lots.get(position.instrument) ?? 0) + position.lots);
  }
  // An instrument whose payment is spread over blocks: what is paid stands in for the rows now gone.
  for (const [, { cursorInstrument, paidLots }] of state.settlements.unorderedEntries()) {
    if (paidLots !== 0) lots.set(cursorInstrument, (lots.get(cursorInstrument) ?? 0) + paidLots);
  }
  for (const [instrument, sum] of [...lots].sort((a, b) => a[0] - b[0])) {
    if (sum !== 0) problems.push(`instrument ${instrument}: positions sum to ${sum} lots`);
  }
  return problems;
}
