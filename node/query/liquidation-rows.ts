/** Accounts that are short, the insurance fund and the debt of all, as `answer-query.ts` reports them. */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import type { PortfolioId } from '../../runtime/core/units.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { isUnderAuction, type Liquidation } from '../../runtime/liquidation/liquidation.ts';
import { livePositions } from '../../runtime/liquidation/move-position.ts';
import { liquidationParametersOf } from '../../runtime/liquidation/parameters.ts';
import { auctionTerms } from '../../runtime/liquidation/plan-take.ts';
import { sharedDebt } from '../../runtime/liquidation/shared-debt.ts';
import { healthOf } from '../../runtime/liquidation/take-liquidation.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import {
  type LiquidationRow,
  type LiquidationsAnswer,
  MAX_LIQUIDATION_ROWS,
} from './liquidation-format.ts';
import { questionContext } from './portfolio-rows.ts';

const NO_TERMS = { price: 0n, sharePpm: 0 } as const;

function rowOf(
  state: State,
  context: BlockContext,
  row: Liquidation,
  detail: 'positions' | 'sums',
): LiquidationRow {
  const { portfolio, kind, auction, shortSince, startedAt, pausedAt } = row;
  const health = healthOf(state, portfolio);
  const positions = livePositions(state, portfolio);
  // Above maintenance since the last mark there is nothing to take.
  const isOpen = isUnderAuction(row) && health.bare < 0n;
  const terms = isOpen ? auctionTerms(state, context, row, { health, positions }) : NO_TERMS;
  return {
    portfolio,
    kind,
    auction,
    shortSince,
    startedAt,
    pausedAt,
    ...health,
    ...terms,
    initialMargin: row.initialMargin,
    insured: row.insured,
    positions:
      detail === 'sums' ? [] : positions.map(({ instrument, lots }) => ({ instrument, lots })),
  };
}

/** Of one portfolio with its positions, or of all that are short. O(positions of each). */
export function liquidationRows(state: State, portfolio: PortfolioId): LiquidationsAnswer {
  const { height, timestamp } = metaOf(state);
  const context = questionContext(state);
  const one = state.liquidations.get(portfolio);
  const found =
    portfolio === 0
      ? state.liquidations
          .sortedKeys()
          .slice(0, MAX_LIQUIDATION_ROWS)
          .map((key) => rowOf(state, context, state.liquidations.must(key), 'sums'))
      : one === undefined
        ? []
        : [rowOf(state, context, one, 'positions')];
  const sums = state.sharedDebt.get(SINGLETON_KEY);
  return {
    height,
    timestamp,
    total: state.liquidations.size,
    rows: found,
    fund: balanceOf(state, MODULE.insurance, DENOMINATION.usd),
    uses: state.insuranceUse.sortedKeys().map((key) => state.insuranceUse.must(key)),
    deficit: sharedDebt(state),
    supply: state.supply.get(DENOMINATION.usd)?.amount ?? 0n,
    sums: sums === undefined ? [] : [sums],
    parameters: liquidationParametersOf(state),
  };
}
