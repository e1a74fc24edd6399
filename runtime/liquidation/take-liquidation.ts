/**
 * The `takeLiquidation` action: a share of an account under auction, at the auction's price.
 *
 * Source: design/exchange.md §6. The taker gets a proportional slice at mark and pays, or is paid, by
 * the price of the auction; afterwards it must carry it as it would any trade, and the account must
 * not lack more than before. The largest share is found anew for every take.
 *
 * Conservation: lots move from one portfolio to another, and every amount is one transfer.
 */
import type { TakeLiquidation } from '../actions/liquidation.ts';
import { DENOMINATION } from '../actions/transfer.ts';
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import { type AccountId, type PortfolioId, portfolioAccount, portfolioId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { EVENT } from '../event.ts';
import { transfer } from '../ledger/ledger.ts';
import { MODULE } from '../ledger/module-accounts.ts';
import { changesLimitRefusal, changesRefusal } from '../margin/accept-changes.ts';
import { cancelUnsupportedOf } from '../margin/cancel-unsupported.ts';
import { excessOf, markValueOf } from '../margin/excess.ts';
import { bareExcessAfter } from '../margin/excess-after.ts';
import { freshMark } from '../oracle/freshness.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import type { State } from '../state/state.ts';
import type { Health } from './auction-price.ts';
import { WHOLE_PPM } from './auction-price.ts';
import { endLiquidation } from './end-liquidation.ts';
import { LIQUIDATION_END, MOVE_CAUSE } from './events.ts';
import { payInsurance } from './insurance.ts';
import { isUnderAuction, LIQUIDATION_KIND, type Liquidation } from './liquidation.ts';
import { type LivePosition, livePositions, lotsValue, movePosition } from './move-position.ts';
import { type AuctionTerms, auctionTerms, type PlannedTake, planTake } from './plan-take.ts';
import { leastSharePpm } from './portfolio-slice.ts';

/** Value at mark and bare excess of an account. O(positions × settlements) after a mark. */
export function healthOf(state: State, portfolio: PortfolioId): Health {
  return { value: markValueOf(state, portfolio), bare: excessOf(state, portfolio).bare };
}

/**
 * The auction that an action means. Errors in order: unknown_liquidation, another_auction (allowed:
 * the number of the one that runs), own_liquidation, bad_share.
 */
function auctionMeant(
  state: State,
  account: AccountId,
  { portfolio, auction, sharePpm }: TakeLiquidation,
): Result<Liquidation, Refusal> {
  const row = state.liquidations.get(portfolio);
  if (row === undefined || !isUnderAuction(row)) {
    return err(refusal('unknown_liquidation', { given: portfolio }));
  }
  if (row.auction !== auction) {
    return err(refusal('another_auction', { given: auction, allowed: row.auction }));
  }
  if (portfolioAccount(portfolio) === account) return err(refusal('own_liquidation'));
  if (sharePpm < 1 || sharePpm > WHOLE_PPM) {
    return err(refusal('bad_share', { given: sharePpm, allowed: WHOLE_PPM }));
  }
  return ok(row);
}

/**
 * Whether there is anything to take now. Errors in order: no_mark (given: the instrument),
 * above_maintenance (allowed: the bare excess).
 */
function marketRefusal(
  state: State,
  context: BlockContext,
  positions: readonly LivePosition[],
  health: Health,
): Refusal | undefined {
  for (const { instrument } of positions) {
    if (freshMark(state, context, instrument) === undefined) {
      return refusal('no_mark', { given: instrument });
    }
  }
  return health.bare >= 0n ? refusal('above_maintenance', { allowed: health.bare }) : undefined;
}

/**
 * Price and size. Errors in order: price_limit (given: the price of the whole), insurance_exhausted
 * or block_share when nothing may be taken now, share_too_small (allowed: the least share).
 */
function termsRefusal(
  row: Liquidation,
  terms: AuctionTerms,
  take: PlannedTake,
  asked: { readonly limit: bigint; readonly sharePpm: number; readonly leastPpm: number },
): Refusal | undefined {
  if (terms.price > asked.limit) {
    return refusal('price_limit', { given: terms.price, allowed: asked.limit });
  }
  if (take.slice.sharePpm > 0) return undefined;
  if (terms.sharePpm < asked.leastPpm) {
    const isInsolvent = row.kind === LIQUIDATION_KIND.insolvent;
    return refusal(isInsolvent ? 'insurance_exhausted' : 'block_share', {
      given: asked.sharePpm,
      allowed: terms.sharePpm,
    });
  }
  return refusal('share_too_small', { given: asked.sharePpm, allowed: asked.leastPpm });
}

/** Whether both can carry it: errors of `changesLimitRefusal`, `changesRefusal`; take_worsens. */
function carryRefusal(
  state: State,
  row: Liquidation,
  facts: { readonly taker: PortfolioId; readonly take: PlannedTake; readonly bare: bigint },
): Refusal | undefined {
  const { taker, take, bare } = facts;
  const planned = {
    portfolio: taker,
    changes: take.slice.lines.map(({ instrument, lots }) => ({
      instrument,
      position: lots,
      orders: [],
    })),
    cash: -take.cash,
  };
  const uncarried = changesLimitRefusal(state, planned) ?? changesRefusal(state, planned);
  if (uncarried !== undefined) return uncarried;
  const after = bareExcessAfter(state, {
    portfolio: row.portfolio,
    changes: take.slice.lines.map(({ instrument, lots }) => ({ instrument, lots: -lots })),
    cash: take.cash - take.fee + take.payout,
  });
  return after < bare ? refusal('take_worsens', { given: after, allowed: bare }) : undefined;
}

/** Writes a take: payout, positions with their money, fee, counters, event. Cannot fail. */
function applyTake(
  state: State,
  context: BlockContext,
  row: Liquidation,
  facts: { readonly taker: PortfolioId; readonly take: PlannedTake },
): void {
  const { taker, take } = facts;
  const { portfolio, auction } = row;
  const { slice, price, fee, payout, parts, cash } = take;
  payInsurance(state, context, row, { parts, amount: payout });
  let moved = 0n;
  for (const [at, { instrument, lots }] of slice.lines.entries()) {
    // Each at its mark; the last bears what the price differs by.
    const isLast = at === slice.lines.length - 1;
    const value = isLast ? cash - moved : lotsValue(state, instrument, lots);
    moved += value;
    const cause = MOVE_CAUSE.taken;
    movePosition(state, context, {
      from: portfolio,
      to: taker,
      instrument,
      lots,
      cash: value,
      cause,
    });
  }
  const denomination = DENOMINATION.usd;
  const to = MODULE.insurance;
  transfer(state, { from: portfolio, to, denomination, amount: fee, reason: 'liquidation_fee' });
  if (row.kind === LIQUIDATION_KIND.solvent) row.reserved += price - fee;
  row.takenPpm = slice.sharePpm + (row.takenAt === context.height ? row.takenPpm : 0);
  row.takenAt = context.height;
  state.liquidations.touch(portfolio);
  const { sharePpm } = slice;
  const value = { portfolio, auction, taker, sharePpm, price, fee, payout };
  context.events.push({ selector: EVENT.liquidationTaken, value });
}

/**
 * Takes a share. Errors in order: those of `auctionMeant`, no_mark, above_maintenance, those of
 * `termsRefusal`, those of `changesLimitRefusal` and `changesRefusal` for the taker, take_worsens.
 *
 * Cost: O(positions × settlements) for both.
 */
export function takeLiquidation(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: TakeLiquidation,
): Result<ActionResult, Refusal> {
  const meant = auctionMeant(state, account, action);
  if (!meant.ok) return meant;
  const row = meant.value;
  const positions = livePositions(state, row.portfolio);
  const health = healthOf(state, row.portfolio);
  const closed = marketRefusal(state, context, positions, health);
  if (closed !== undefined) return err(closed);
  const terms = auctionTerms(state, context, row, { health, positions });
  const { sharePpm, limit } = action;
  const take = planTake(state, context, row, { health, positions, terms, sharePpm });
  const leastPpm = leastSharePpm(positions);
  const taker = portfolioId(account, action.subAccount);
  const refused =
    termsRefusal(row, terms, take, { limit, sharePpm, leastPpm }) ??
    carryRefusal(state, row, { taker, take, bare: health.bare });
  if (refused !== undefined) return err(refused);

  // From here it must succeed.
  applyTake(state, context, row, { taker, take });
  cancelUnsupportedOf(state, context, row.portfolio);
  if (excessOf(state, row.portfolio).bare >= 0n) {
    endLiquidation(state, context, row, LIQUIDATION_END.recovered);
  }
  const { price, fee, payout, slice } = take;
  return ok({
    selector: ACTION_RESULT.liquidationTaken,
    value: { auction: row.auction, sharePpm: slice.sharePpm, price, fee, payout },
  });
}
