/**
 * What new parameters would do to the accounts that there are: for proposals, before they are announced.
 *
 * Source: design/exchange.md (risk parameters are replayed on current accounts). Pure: the marks,
 * positions and balances are those of now, the state and its arrays stay. Accounts under standard margin
 * do not depend on these parameters.
 */
import type { PortfolioId, UnderlyingId } from '../../core/units.ts';
import { expiryKey, type State } from '../../state/state.ts';
import type { ExpiryHolding } from '../expiry-holding.ts';
import { marginOfParts, withoutOrders } from '../portfolio/account-sums.ts';
import type { PortfolioModel } from '../portfolio/portfolio-model.ts';
import { riskLayout } from '../portfolio/risk-layout.ts';
import { fillExpiry, MICRO_USD_PER_UNIT } from './fill-expiry.ts';
import { modeMargin, modePortfolio, wealthOf } from './mode-excess.ts';
import { freshSums } from './mode-sums.ts';
import { sourceOf } from './risk-index.ts';

/** How accounts that hold something of an underlying would stand. */
export type Replay = {
  /** Accounts in portfolio mode that hold something of it. */
  readonly accounts: number;
  /** Of these below maintenance margin of their positions now, and under the new parameters. */
  readonly belowNow: number;
  readonly belowThen: number;
  /** Micro-USD that those below would be short of, in all. */
  readonly shortfall: bigint;
};

/** Maintenance margin of positions in one underlying on arrays of their own. Micro-USD. */
function marginUnder(
  state: State,
  group: readonly ExpiryHolding[],
  model: PortfolioModel,
  filled: Map<number, ReturnType<typeof fillExpiry>>,
): bigint {
  const parts = group.map((expiry) => {
    const known = filled.get(expiry.key) ?? fillExpiry(sourceOf(state, expiry.key, model));
    filled.set(expiry.key, known);
    return withoutOrders(freshSums(known, expiry, 'maintenance'));
  });
  const { excess } = marginOfParts(riskLayout(model), parts);
  return BigInt(excess) * BigInt(MICRO_USD_PER_UNIT);
}

/**
 * Replays `model` in place of the one in force for an underlying. Shares of open interest are left
 * out. Cost: risk arrays of its expiries, and O(positions × slots) for each account in portfolio mode.
 */
export function replayParameters(
  state: State,
  underlying: UnderlyingId,
  model: PortfolioModel,
): Replay {
  const filled = new Map<number, ReturnType<typeof fillExpiry>>();
  const replay = { accounts: 0, belowNow: 0, belowThen: 0, shortfall: 0n };
  for (const id of state.marginModes.sortedKeys() as PortfolioId[]) {
    const portfolio = modePortfolio(state, id);
    const all = [...portfolio.expiries.values()];
    const group = all.filter(({ key }) => expiryKey.high(key) === underlying);
    if (group.length === 0) continue;
    const of = new Map(group.map((expiry) => [expiry.key, expiry]));
    const now =
      wealthOf(state, id) + modeMargin(state, portfolio, 'maintenance', 'positions alone').excess;
    const own = modeMargin(
      state,
      { sums: undefined, expiries: of },
      'maintenance',
      'positions alone',
    );
    const then = now - own.excess + marginUnder(state, group, model, filled);
    replay.accounts += 1;
    if (now < 0n) replay.belowNow += 1;
    if (then >= 0n) continue;
    replay.belowThen += 1;
    replay.shortfall -= then;
  }
  return replay;
}
