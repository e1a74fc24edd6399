import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import type { PortfolioId } from '../../../runtime/core/units.ts';
import { balanceOf } from '../../../runtime/ledger/ledger.ts';
import { MARGIN_MODE } from '../../../runtime/margin/mode/margin-mode.ts';
import { modeMargin, modePortfolio } from '../../../runtime/margin/mode/mode-excess.ts';
import type { Measure } from '../../../runtime/margin/portfolio/risk-layout.ts';
import { accountMargin } from '../../../runtime/margin/requirements.ts';
import type { State } from '../../../runtime/state/state.ts';
import { reloaded } from '../../fixtures/state.ts';
import { problemsOf } from '../../matching/market.ts';
import {
  type OrderWorld,
  orderHistories,
  orderWorld,
  personOf,
  stepAction,
  takeStep,
} from '../../matching/order-world.ts';
import { hold, setMode } from './mode-world.ts';

const RICH = 1_000_000n;
const MEASURES: readonly Measure[] = ['initial', 'maintenance'];

/** Two of the four trade under portfolio margin, one of them from a hedged book. */
function modeOrderWorld(): { world: OrderWorld; inMode: PortfolioId[] } {
  const world = orderWorld([33_000n, RICH, 26_000n, RICH]);
  const inMode = [personOf(world, 0), personOf(world, 2)];
  hold(world.market, personOf(world, 0), { near100000C: -115 });
  for (const who of inMode) {
    const entered = setMode(world.market, who, MARGIN_MODE.portfolio);
    if (!entered.ok) throw new Error(entered.error.code);
  }
  return { world, inMode };
}

/** Cash and margin: the excess by a measure. */
function excess(state: State, id: PortfolioId, measure: Measure): bigint {
  const { excess: margin } = modeMargin(state, modePortfolio(state, id), measure);
  return balanceOf(state, id, DENOMINATION.usd) + margin;
}

function kept(state: State, id: PortfolioId): unknown {
  return MEASURES.map((measure) => modeMargin(state, modePortfolio(state, id), measure));
}

/** The same from what is held alone. */
function fresh(state: State, id: PortfolioId): unknown {
  const { expiries } = modePortfolio(state, id);
  return MEASURES.map((measure) => modeMargin(state, { sums: undefined, expiries }, measure));
}

describe('accounts in portfolio mode, over random histories of orders', () => {
  it('keep sums equal to those from scratch, bit for bit, and to those of a reloaded node', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const { world, inMode } = modeOrderWorld();
        const { state } = world.market;
        for (const step of steps) {
          takeStep(world, step);
          for (const who of inMode) expect(kept(state, who)).toEqual(fresh(state, who));
        }
        const copy = reloaded(state);
        for (const who of inMode) expect(kept(copy, who)).toEqual(kept(state, who));
        expect(problemsOf(state)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('never trade into less than initial margin but where neither excess falls', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const { world, inMode } = modeOrderWorld();
        const { state } = world.market;
        for (const step of steps) {
          const taken = stepAction(world, step);
          const before = MEASURES.map((measure) =>
            inMode.map((who) => excess(state, who, measure)),
          );
          const result = takeStep(world, step);
          if (taken === undefined || result?.ok !== true) continue;
          inMode.forEach((who, index) => {
            const initial = excess(state, who, 'initial');
            const maintenance = excess(state, who, 'maintenance');
            const fell =
              initial < (before[0]?.[index] ?? 0n) || maintenance < (before[1]?.[index] ?? 0n);
            expect(initial >= 0n || !fell).toBe(true);
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('have cash for every bid, and no order without maintenance margin after a mark', () => {
    fc.assert(
      fc.property(orderHistories, (steps) => {
        const { world, inMode } = modeOrderWorld();
        const { state } = world.market;
        for (const step of steps) {
          takeStep(world, step);
          if (step.kind !== 'block') continue;
          for (const who of inMode) {
            const { maintenance, bareMaintenance, cash } = accountMargin(state, who);
            // Below it only orders that do not add to the requirement are left.
            expect(cash >= maintenance || maintenance <= bareMaintenance).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
