/** What trading adds to rate credits: one pass over the trades of a block, at its end. */

import type { BlockContext } from '../block-context.ts';
import { minBigint, mulDivFloor } from '../core/math.ts';
import { type AccountId, portfolioAccount } from '../core/units.ts';
import { EVENT, type TradeEvent } from '../event.ts';
import { contractTerms } from '../linear/contract-terms.ts';
import type { State } from '../state/state.ts';
import { newCredits, refilled } from './rate-credits.ts';

/** Micro-USD of a trade at the last index, rounded down. */
function notionalOf(state: State, { instrument, lots }: TradeEvent): bigint {
  const { underlying, kind } = state.instruments.must(instrument);
  const index = state.indexPrices.get(underlying)?.index ?? 0;
  const { optionLotsPerCoin } = contractTerms(state.underlyings.must(underlying), kind);
  return BigInt(lots) * BigInt(Math.floor(index / optionLotsPerCoin));
}

/** Micro-USD traded in the block by account, both sides of each trade. */
function volumes(state: State, context: BlockContext): Map<AccountId, bigint> {
  const traded = new Map<AccountId, bigint>();
  for (const event of context.events) {
    if (event.selector !== EVENT.trade) continue;
    const notional = notionalOf(state, event.value);
    for (const portfolio of [event.value.maker, event.value.taker]) {
      const account = portfolioAccount(portfolio);
      traded.set(account, (traded.get(account) ?? 0n) + notional);
    }
  }
  return traded;
}

/** Gives one account what its notional is worth, up to the cap. */
function earn(state: State, context: BlockContext, account: AccountId, notional: bigint): void {
  const { parameters, timestamp } = context;
  const { creditCap, creditStart, creditUsdPerCredit } = parameters;
  const row = state.rateCredits.get(account) ?? newCredits(account, parameters, timestamp);
  const { credits, refilledAt } = refilled(row, parameters, timestamp);
  const perCredit = BigInt(creditUsdPerCredit) * 1_000_000n;
  const total = BigInt(row.carriedMicroUsd) + notional;
  // Rounded down, against the account; the rest is carried, so small trades count too.
  const earned = mulDivFloor(total, 1n, perCredit);
  // More than the cap is not earned, and nothing is taken by it either.
  const room = BigInt(Math.max(0, Math.max(creditCap, creditStart) - credits));
  row.credits = credits + Number(minBigint(earned, room));
  row.refilledAt = refilledAt;
  row.carriedMicroUsd = Number(total - earned * perCredit);
  state.rateCredits.set(account, row);
}

/** Credits what the block's trades earned. O(events), nothing while credits are off or not earned. */
export function earnCredits(state: State, context: BlockContext): void {
  const { creditStart, creditUsdPerCredit } = context.parameters;
  if (creditStart === 0 || creditUsdPerCredit === 0) return;
  for (const [account, notional] of volumes(state, context)) {
    earn(state, context, account, notional);
  }
}
