/**
 * Closes positions of an insolvent account against holders of the other side, when the insurance fund
 * cannot fill the hole or nobody has taken the account in time.
 *
 * Source: design/exchange.md §6. First the fund pays what it may. Then series by series, the greatest
 * relief per notional first, lots are closed at mark, less favourable to the counterparty by its part of the
 * hole that is left: by notional over all that is still open, so that closing all of it is closing at
 * the bankruptcy price. A long option is never closed below 0. Whoever would fall below maintenance
 * is passed over, and no lot more is closed than brings the account to maintenance.
 *
 * Invariants: every lot closed is one of each side; an account's excess over maintenance that was not
 * below 0 is not after. Units: micro-USD and lots.
 */
import { proRata } from '../auction/pro-rata.ts';
import type { BlockContext } from '../block-context.ts';
import { asciiBytes } from '../core/bytes.ts';
import { absBigint, maxBigint, minBigint, mulDivCeil } from '../core/math.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { excessOf, markValueOf } from '../margin/excess.ts';
import { bareExcessAfter } from '../margin/excess-after.ts';
import type { State } from '../state/state.ts';
import { MOVE_CAUSE } from './events.ts';
import { insuranceAllowance, insuredParts, payInsurance } from './insurance.ts';
import type { Liquidation } from './liquidation.ts';
import {
  boundLoss,
  type LivePosition,
  livePositions,
  lotsValue,
  movePosition,
} from './move-position.ts';
import { liquidationParametersOf } from './parameters.ts';
import { notionalOf } from './portfolio-slice.ts';
import { type Counterparty, rankedCounterparties } from './rank-counterparties.ts';

/** What deleveraging may still do in the block. */
export type DeleverageBudget = { fills: number; series: number };

/** An account on its way: the hole is what it lacks in value. */
type Wreck = {
  readonly portfolio: PortfolioId;
  hole: bigint;
  /** Notional of what is still open. */
  notional: bigint;
};

/** What so many lots of a position bear of the hole: rounded up, so that the last lot bears the rest. */
function lossOf(
  state: State,
  { hole, notional }: Wreck,
  { instrument, lotNotional }: LivePosition,
  lots: number,
): bigint {
  if (hole === 0n) return 0n;
  const part = absBigint(BigInt(lots)) * lotNotional;
  const loss = minBigint(hole, mulDivCeil(hole, part, notional));
  return boundLoss(state, instrument, lots, loss);
}

/** What the counterparty pays for signed lots: the mark, and their part of the hole. */
function closingCash(state: State, wreck: Wreck, position: LivePosition, lots: number): bigint {
  return lotsValue(state, position.instrument, lots) + lossOf(state, wreck, position, lots);
}

function excessAfterClosing(
  state: State,
  wreck: Wreck,
  position: LivePosition,
  lots: number,
): bigint {
  return bareExcessAfter(state, {
    portfolio: wreck.portfolio,
    changes: [{ instrument: position.instrument, lots: -lots }],
    cash: closingCash(state, wreck, position, lots),
  });
}

/** The least lots, without sign, that bring the account to maintenance; all when none do. */
function lotsNeeded(state: State, wreck: Wreck, position: LivePosition, open: number): number {
  const sign = position.lots < 0 ? -1 : 1;
  let low = 1;
  let high = open;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (excessAfterClosing(state, wreck, position, sign * middle) >= 0n) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Closes lots against one counterparty, unless it would fall below maintenance; the lots closed. */
function closeAgainst(
  state: State,
  context: BlockContext,
  wreck: Wreck,
  fill: { readonly position: LivePosition; readonly to: PortfolioId; readonly lots: number },
): number {
  const { position, to, lots } = fill;
  const { instrument, lotNotional } = position;
  const cash = closingCash(state, wreck, position, lots);
  const after = bareExcessAfter(state, {
    portfolio: to,
    changes: [{ instrument, lots }],
    cash: -cash,
  });
  if (after < 0n && after < excessOf(state, to).bare) return 0;
  wreck.hole -= lossOf(state, wreck, position, lots);
  wreck.notional -= absBigint(BigInt(lots)) * lotNotional;
  const from = wreck.portfolio;
  const cause = MOVE_CAUSE.deleveraged;
  movePosition(state, context, { from, to, instrument, lots, cash, cause });
  return Math.abs(lots);
}

/** Shares lots among a group by what each holds; ties to the lower portfolio. */
function sharesOf(group: readonly Counterparty[], lots: number): readonly number[] {
  const total = group.reduce((sum, one) => sum + one.lots, 0);
  const claims = group.map((one) => ({
    lots: one.lots,
    hash: () => asciiBytes(String(one.portfolio).padStart(16, '0')),
  }));
  return proRata(Math.min(lots, total), claims, total);
}

/** Closes what is needed of one series, as far as counterparties and the budget go. */
function closeSeries(
  state: State,
  context: BlockContext,
  wreck: Wreck,
  position: LivePosition,
  budget: DeleverageBudget,
): void {
  const sign = position.lots < 0 ? -1 : 1;
  let open = Math.abs(position.lots);
  for (const group of rankedCounterparties(state, position, wreck.portfolio)) {
    const needed = lotsNeeded(state, wreck, position, open);
    const shares = sharesOf(group, needed);
    for (const [at, { portfolio: to }] of group.entries()) {
      if (budget.fills === 0) return;
      const share = shares[at] ?? 0;
      if (share === 0) continue;
      budget.fills -= 1;
      open -= closeAgainst(state, context, wreck, { position, to, lots: sign * share });
    }
    if (open === 0 || excessOf(state, wreck.portfolio).bare >= 0n) return;
  }
}

/** Positions by the relief that closing them at mark brings per notional, the greatest first. */
function byRelief(
  state: State,
  portfolio: PortfolioId,
  positions: readonly LivePosition[],
): LivePosition[] {
  const { bare } = excessOf(state, portfolio);
  const reliefOf = (instrument: InstrumentId, lots: number): bigint => {
    const cash = lotsValue(state, instrument, lots);
    const changes = [{ instrument, lots: -lots }];
    return bareExcessAfter(state, { portfolio, changes, cash }) - bare;
  };
  return positions
    .map((position) => ({
      position,
      relief: reliefOf(position.instrument, position.lots),
      notional: maxBigint(1n, notionalOf([position])),
    }))
    .sort((a, b) => {
      const difference = b.relief * a.notional - a.relief * b.notional;
      if (difference !== 0n) return difference > 0n ? 1 : -1;
      return a.position.instrument - b.position.instrument;
    })
    .map(({ position }) => position);
}

/** Whether the fund cannot fill the hole, or nobody came in the time of the auction. */
function isDue(
  state: State,
  context: BlockContext,
  row: Liquidation,
  facts: { readonly hole: bigint; readonly allowance: bigint },
): boolean {
  if (facts.allowance < facts.hole) return true;
  return context.timestamp - row.startedAt >= liquidationParametersOf(state).insolventMs;
}

/**
 * Deleverages an insolvent account as far as is due and the block's budget goes. Its oracle is live.
 * Cost: O(positions × settlements) a fill, O(holders of the expiry) a series.
 */
export function deleverage(
  state: State,
  context: BlockContext,
  row: Liquidation,
  budget: DeleverageBudget,
): void {
  const { portfolio } = row;
  const positions = livePositions(state, portfolio);
  if (positions.length === 0 || budget.series === 0 || budget.fills === 0) return;
  const hole = maxBigint(0n, -markValueOf(state, portfolio));
  const parts = insuredParts(state, portfolio);
  const allowance = insuranceAllowance(state, context, row, parts);
  if (!isDue(state, context, row, { hole, allowance })) return;
  const amount = minBigint(allowance, hole);
  payInsurance(state, context, row, { parts, amount });
  const wreck: Wreck = { portfolio, hole: hole - amount, notional: notionalOf(positions) };
  for (const position of byRelief(state, portfolio, positions)) {
    if (budget.series === 0 || excessOf(state, portfolio).bare >= 0n) return;
    budget.series -= 1;
    closeSeries(state, context, wreck, position, budget);
  }
}
