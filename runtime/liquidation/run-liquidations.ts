/**
 * Liquidation in a block: finds who is short, begins and ends auctions, deleverages, shares debt.
 *
 * Source: design/exchange.md §6. An account short at two consecutive marks goes under auction at the
 * second, at most `MAX_LIQUIDATIONS_STARTED_PER_BLOCK` a block, those short longest first. While the
 * oracle of anything it holds is out nothing happens to an account and its auction's time stands still.
 *
 * Invariants: an auction runs only on an account that was below maintenance when it was last marked;
 * what happens depends on tables and the block alone, so a node that was reloaded does the same.
 */
import { recallWithdrawals } from '../accounts/security/end-pending.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { height, orderId, type PortfolioId, timestampMs } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { balanceOf } from '../ledger/ledger.ts';
import {
  MAX_DELEVERAGED_FILLS_PER_BLOCK,
  MAX_DELEVERAGED_SERIES_PER_BLOCK,
  MAX_LIQUIDATIONS_STARTED_PER_BLOCK,
} from '../limits.ts';
import { bareExcessOf } from '../margin/bare-excess.ts';
import { cancelUnsupportedOf } from '../margin/cancel-unsupported.ts';
import { freshMark } from '../oracle/freshness.ts';
import type { State } from '../state/state.ts';
import { type DeleverageBudget, deleverage } from './deleverage.ts';
import { endLiquidation } from './end-liquidation.ts';
import { LIQUIDATION_END } from './events.ts';
import { findDistressed, isRemarked } from './find-distressed.ts';
import { insuranceAllowance, insuredParts, payInsurance } from './insurance.ts';
import { isUnderAuction, LIQUIDATION_KIND, type Liquidation } from './liquidation.ts';
import { holdsPosition, livePositions } from './move-position.ts';
import { repaySharedDebt, shareDebt } from './shared-debt.ts';
import { followValue, startLiquidation } from './start-liquidation.ts';

/** Notes an account that is short for the first time. */
function watch(state: State, context: BlockContext, portfolio: PortfolioId): Liquidation {
  const row: Liquidation = {
    portfolio,
    kind: LIQUIDATION_KIND.watched,
    shortSince: context.timestamp,
    auction: orderId(0),
    startedAt: timestampMs(0),
    pausedAt: timestampMs(0),
    initialMargin: 0n,
    reserved: 0n,
    insured: 0n,
    takenAt: height(0),
    takenPpm: 0,
  };
  state.liquidations.set(portfolio, row);
  return row;
}

/** Whether everything that the account could be liquidated in has a fresh mark. O(positions). */
function isOracleLive(state: State, context: BlockContext, portfolio: PortfolioId): boolean {
  return livePositions(state, portfolio).every(
    ({ instrument }) => freshMark(state, context, instrument) !== undefined,
  );
}

/** Lets the time of an auction stand still in an outage, and go on after it. */
function followOracle(
  state: State,
  context: BlockContext,
  row: Liquidation,
  oracle: 'live' | 'out',
): void {
  if (!isUnderAuction(row) || (oracle === 'live') === (row.pausedAt === 0)) return;
  if (oracle === 'out') row.pausedAt = context.timestamp;
  else {
    row.startedAt = timestampMs(row.startedAt + context.timestamp - row.pausedAt);
    row.pausedAt = timestampMs(0);
  }
  state.liquidations.touch(row.portfolio);
}

/** Ends an account with nothing left: insurance pays its debt as far as it may, all bear the rest. */
function closeEmpty(state: State, context: BlockContext, row: Liquidation): void {
  const { portfolio } = row;
  const debt = -balanceOf(state, portfolio, DENOMINATION.usd);
  if (debt > 0n) {
    // Settled before it was ever under auction: its last margin is not known, so its debt is the bound.
    if (!isUnderAuction(row)) row.initialMargin = debt;
    const parts = insuredParts(state, portfolio);
    const allowance = insuranceAllowance(state, context, row, parts);
    const amount = allowance < debt ? allowance : debt;
    payInsurance(state, context, row, { parts, amount });
    shareDebt(state, context, portfolio, debt - amount);
  }
  endLiquidation(state, context, row, LIQUIDATION_END.closed);
}

/** Follows the mark of this block: who has recovered is free, who is short again goes on. */
function followMark(state: State, context: BlockContext, row: Liquidation): void {
  if (bareExcessOf(state, row.portfolio) >= 0n) {
    endLiquidation(state, context, row, LIQUIDATION_END.recovered);
    return;
  }
  if (isUnderAuction(row)) {
    followValue(state, context, row);
    return;
  }
  if (row.kind === LIQUIDATION_KIND.watched && row.shortSince < context.timestamp) {
    row.kind = LIQUIDATION_KIND.waiting;
    state.liquidations.touch(row.portfolio);
  }
}

/** Looks at an account that is known to be short. */
function follow(
  state: State,
  context: BlockContext,
  row: Liquidation,
  budget: DeleverageBudget,
): void {
  const { portfolio } = row;
  if (!holdsPosition(state, portfolio)) {
    closeEmpty(state, context, row);
    return;
  }
  const isLive = isOracleLive(state, context, portfolio);
  followOracle(state, context, row, isLive ? 'live' : 'out');
  if (!isLive) return;
  if (isRemarked(state, context, portfolio)) followMark(state, context, row);
  const isOver = state.liquidations.get(portfolio) !== row;
  if (isOver || row.kind !== LIQUIDATION_KIND.insolvent) return;
  deleverage(state, context, row, budget);
}

/** Ends what deleveraging has brought to an end, of either side. */
function endClosed(state: State, context: BlockContext, rows: readonly Liquidation[]): void {
  for (const row of rows) {
    const { portfolio } = row;
    if (state.liquidations.get(portfolio) !== row) continue;
    if (!holdsPosition(state, portfolio)) closeEmpty(state, context, row);
    else if (bareExcessOf(state, portfolio) >= 0n) {
      endLiquidation(state, context, row, LIQUIDATION_END.recovered);
    }
  }
}

/**
 * Cancels what deleveraging has left uncovered: of a position that was closed against its holder an
 * order may have relied, and a trade beside such an order is judged by the worse of the two alone.
 */
function cancelUncovered(state: State, context: BlockContext): void {
  const moved = new Set<PortfolioId>();
  for (const { selector, value } of context.events) {
    if (selector === EVENT.positionMoved) moved.add(value.from).add(value.to);
  }
  for (const portfolio of [...moved].sort((a, b) => a - b)) {
    cancelUnsupportedOf(state, context, portfolio);
  }
}

/** Begins auctions, of those whose turn it is, short longest first. */
function startWaiting(state: State, context: BlockContext, waiting: readonly Liquidation[]): void {
  const due = waiting
    .filter((row) => row.kind === LIQUIDATION_KIND.waiting)
    .filter(({ portfolio }) => isOracleLive(state, context, portfolio))
    .sort((a, b) => a.shortSince - b.shortSince || a.portfolio - b.portfolio)
    .slice(0, MAX_LIQUIDATIONS_STARTED_PER_BLOCK);
  for (const row of due) {
    // Since it was last marked it may have been paid in to.
    if (bareExcessOf(state, row.portfolio) < 0n) startLiquidation(state, context, row);
    else endLiquidation(state, context, row, LIQUIDATION_END.recovered);
  }
}

/**
 * The step of liquidation, after marks, settlements and the cancels they bring. Cost: the search of
 * `findDistressed`, and O(positions × settlements) for each account that is short.
 */
export function runLiquidations(state: State, context: BlockContext): void {
  const { short, debtors } = findDistressed(state, context);
  for (const portfolio of [...short, ...debtors]) {
    if (state.liquidations.has(portfolio)) continue;
    // Funds that wait to leave come back before any step of liquidation.
    const isHelped = recallWithdrawals(state, context, portfolio);
    if (isHelped && bareExcessOf(state, portfolio) >= 0n) continue;
    watch(state, context, portfolio);
  }
  if (state.liquidations.size > 0) {
    const budget = {
      fills: MAX_DELEVERAGED_FILLS_PER_BLOCK,
      series: MAX_DELEVERAGED_SERIES_PER_BLOCK,
    };
    const rows = state.liquidations.sortedKeys().map((key) => state.liquidations.must(key));
    for (const row of rows) follow(state, context, row, budget);
    if (budget.fills < MAX_DELEVERAGED_FILLS_PER_BLOCK) {
      endClosed(state, context, rows);
      cancelUncovered(state, context);
    }
    startWaiting(state, context, rows);
  }
  repaySharedDebt(state, context);
}
