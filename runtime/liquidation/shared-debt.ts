/**
 * Debt that all bear: what accounts with nothing left owe, when neither the insurance fund nor
 * counterparties could bear it.
 *
 * Source: design/exchange.md §6, "Last: a public, counted haircut on withdrawals"; Derive's withdrawal
 * fee, debt ÷ (debt + USD). The debt is the negative balance of `MODULE.deficit`; balances of all
 * others sum to supply + debt. Of what leaves an owner the haircut goes to `deficit` and so pays the
 * debt down: when all has left, all have borne the same share. Units: micro-USD.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { maxBigint, minBigint, mulDivCeil } from '../core/math.ts';
import type { PortfolioId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { balanceOf, transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import type { State } from '../state/state.ts';
import { payFromFund } from './insurance.ts';
import type { SharedDebt } from './liquidation.ts';

/** The debt that all bear now. */
export function sharedDebt(state: State): bigint {
  return maxBigint(0n, -balanceOf(state, MODULE.deficit, DENOMINATION.usd));
}

/** What is kept back of an amount that leaves its owner: rounded up, at most the debt. O(1). */
export function haircutOn(state: State, amount: bigint): bigint {
  const debt = sharedDebt(state);
  if (debt === 0n) return 0n;
  const supply = state.supply.get(DENOMINATION.usd)?.amount ?? 0n;
  return minBigint(debt, mulDivCeil(amount, debt, debt + supply));
}

/** The row of sums, made when there is none, to be changed by the caller. */
function sums(state: State): SharedDebt {
  const known = state.sharedDebt.edit(SINGLETON_KEY);
  if (known !== undefined) return known;
  const row: SharedDebt = { shared: 0n, haircuts: 0n, insured: 0n };
  state.sharedDebt.set(SINGLETON_KEY, row);
  return row;
}

/** Takes the haircut from what leaves a portfolio; what arrives. */
export function takeHaircut(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  amount: bigint,
): bigint {
  const haircut = haircutOn(state, amount);
  if (haircut === 0n) return amount;
  const denomination = DENOMINATION.usd;
  const to = MODULE.deficit;
  transfer(state, { from: portfolio, to, denomination, amount: haircut, reason: 'haircut' });
  sums(state).haircuts += haircut;
  const value = { portfolio, amount: haircut, debt: sharedDebt(state) };
  context.events.push({ selector: EVENT.haircut, value });
  return amount - haircut;
}

/** Takes over what an account with nothing left owes. */
export function shareDebt(
  state: State,
  context: BlockContext,
  portfolio: PortfolioId,
  amount: bigint,
): void {
  if (amount === 0n) return;
  const denomination = DENOMINATION.usd;
  const from = MODULE.deficit;
  transfer(state, { from, to: portfolio, denomination, amount, reason: 'shared_debt' });
  sums(state).shared += amount;
  const value = { portfolio, amount, debt: sharedDebt(state) };
  context.events.push({ selector: EVENT.debtShared, value });
}

/** Pays the debt down from the insurance fund, within its hour. O(1). */
export function repaySharedDebt(state: State, context: BlockContext): void {
  const debt = sharedDebt(state);
  if (debt === 0n) return;
  const paid = payFromFund(state, context, MODULE.deficit, debt);
  if (paid > 0n) sums(state).insured += paid;
}
