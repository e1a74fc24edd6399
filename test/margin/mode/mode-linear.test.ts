import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../runtime/action.ts';
import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import { applyAction } from '../../../runtime/apply-action.ts';
import {
  type PortfolioId,
  portfolioAccount,
  portfolioSubAccount,
} from '../../../runtime/core/units.ts';
import { balanceOf, transfer } from '../../../runtime/ledger/ledger.ts';
import { MODULE } from '../../../runtime/ledger/module-accounts.ts';
import { excessOf } from '../../../runtime/margin/excess.ts';
import { MARGIN_MODE } from '../../../runtime/margin/mode/margin-mode.ts';
import {
  modeMargin,
  modePortfolio,
  variationOf,
} from '../../../runtime/margin/mode/mode-excess.ts';
import { changePosition } from '../../../runtime/margin/portfolio-index.ts';
import { standardMargin } from '../../../runtime/margin/requirements.ts';
import { withdrawable } from '../../../runtime/margin/withdrawable.ts';
import { fundedPortfolio, MICRO, reloaded } from '../../fixtures/state.ts';
import { cross, type LinearMarket, linearMarket, nextMark } from '../../linear/linear-market.ts';
import { hold, modeWorld } from './mode-world.ts';

/** Two accounts in portfolio mode and a third that has what they have not. */
function world(): { market: LinearMarket; alice: PortfolioId; bob: PortfolioId } {
  const market = linearMarket();
  const alice = fundedPortfolio(market.state, 0, 1_000_000n);
  const bob = fundedPortfolio(market.state, 1, 1_000_000n);
  for (const who of [alice, bob]) {
    const value = { subAccount: portfolioSubAccount(who), mode: MARGIN_MODE.portfolio };
    const action = { selector: ACTION.setMarginMode, value };
    const result = applyAction(market.state, market.context, portfolioAccount(who), action);
    if (!result.ok) throw new Error(result.error.code);
  }
  return { market, alice, bob };
}

/** Kept sums and those made of what is held. */
function bothWays({ state }: LinearMarket, who: PortfolioId): readonly unknown[] {
  const { expiries } = modePortfolio(state, who);
  return [
    modeMargin(state, modePortfolio(state, who), 'initial'),
    modeMargin(state, { sums: undefined, expiries }, 'initial'),
  ];
}

describe('futures and perpetuals in portfolio mode', () => {
  it('offset options: a perpetual takes margin off short calls', () => {
    const { market, alice, bob } = world();
    const { state } = market;
    // Ten coins short by calls; five long by the perpetual halve what a rise takes.
    changePosition(state, alice, market.call, 1_000);
    changePosition(state, bob, market.call, -1_000);
    const naked = excessOf(state, bob);
    const standardBefore = standardMargin(state, bob).initial;
    cross(market, bob, alice, { instrument: market.perpetual, usd: 100_000, lots: 5_000 });
    const hedged = excessOf(state, bob);
    expect(hedged.initial).toBeGreaterThan(naked.initial + 50_000n * BigInt(MICRO));
    // Standard margin sees no offset.
    expect(standardMargin(state, bob).initial).toBeGreaterThan(standardBefore);
    const [kept, fresh] = bothWays(market, bob);
    expect(kept).toEqual(fresh);
    expect(excessOf(reloaded(state), bob)).toEqual(hedged);
  });

  it('count variation at mark for margin, and for withdrawals only where it is a loss', () => {
    const { market, alice, bob } = world();
    const { state } = market;
    cross(market, alice, bob, { instrument: market.future, usd: 100_000, lots: 1_000 });
    const before = excessOf(state, alice).initial;
    nextMark(market, 104_000, 1_000);
    expect(variationOf(state, alice)).toBe(4_000n * BigInt(MICRO));
    expect(variationOf(state, bob)).toBe(-4_000n * BigInt(MICRO));
    expect(excessOf(state, alice).initial).toBeGreaterThan(before);
    const cash = (who: PortfolioId) => balanceOf(state, who, DENOMINATION.usd);
    const { excess } = modeMargin(state, modePortfolio(state, alice), 'initial');
    expect(withdrawable(state, market.context, alice)).toBe(cash(alice) + excess);
    const { excess: ofBob } = modeMargin(state, modePortfolio(state, bob), 'initial');
    const lost = variationOf(state, bob);
    expect(withdrawable(state, market.context, bob)).toBe(cash(bob) + ofBob + lost);
  });
});

describe('a holding whose sums doubles would not hold exactly', () => {
  it('is counted at the most it can lose, the same after a restart, and exactly when it is smaller', () => {
    const { market, alice } = modeWorld(1_000_000n, {}, MARGIN_MODE.portfolio);
    const { state } = market;
    hold(market, alice, { near100000C: -2_000_000, near110000C: 2_000_000 });
    const { bare } = excessOf(state, alice);
    // 20,000 coins short at $100,000.
    expect(bare).toBeLessThan(-1_000_000_000n * BigInt(MICRO));
    expect(excessOf(reloaded(state), alice).bare).toBe(bare);
    hold(market, alice, { near100000C: 1_999_900, near110000C: -1_999_900 });
    const same = modeWorld(
      1_000_000n,
      { near100000C: -100, near110000C: 100 },
      MARGIN_MODE.portfolio,
    );
    const amount =
      balanceOf(state, alice, DENOMINATION.usd) -
      balanceOf(same.market.state, same.alice, DENOMINATION.usd);
    if (amount > 0n)
      transfer(state, {
        from: alice,
        to: MODULE.insurance,
        denomination: DENOMINATION.usd,
        amount,
        reason: 'transfer',
      });
    expect(excessOf(state, alice)).toEqual(excessOf(same.market.state, same.alice));
  });
});
