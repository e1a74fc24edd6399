/**
 * Liquidators: agents with a stated capital who take auction slices when the discount pays.
 *
 * Each block an agent looks at the auctions as any account can (`public/get_liquidations`). Of a slice of
 * the share on offer it earns the auction's discount, or of an insolvent account what the fund pays beyond
 * the hole; it wants more than what closing that slice costs in thin books (`thin-books.ts`) and
 * `PROFIT_SHARE` of the margin that the slice ties up. Where the whole share does not pay it asks for a part,
 * whose cost per lot is less. Its transaction executes in the next block, at the marks of that: it
 * names the price that it saw as its limit. Agents keep what they take and hedge
 * its delta (`thin-perpetual.ts`), and keep `RESERVE_PERCENT` of their equity free. Those without margin to spare are
 * refused by the chain; after a refusal they ask for half. Each trades one underlying, since an account
 * in portfolio mode holds at most 16 expiries and 128 series.
 */
import { ACTION, type Action } from '../runtime/action.ts';
import type { BlockContext } from '../runtime/block-context.ts';
import {
  height,
  type PortfolioId,
  subAccount,
  timestampMs,
  type UnderlyingId,
} from '../runtime/core/units.ts';
import {
  isUnderAuction,
  LIQUIDATION_KIND,
  type Liquidation,
} from '../runtime/liquidation/liquidation.ts';
import { type LivePosition, livePositions } from '../runtime/liquidation/move-position.ts';
import { auctionTerms } from '../runtime/liquidation/plan-take.ts';
import { healthOf } from '../runtime/liquidation/take-liquidation.ts';
import { excessOf, markValueOf } from '../runtime/margin/excess.ts';
import { ACTION_RESULT, RECEIPT_STATUS, type Receipt } from '../runtime/receipt.ts';
import type { State } from '../runtime/state/state.ts';
import { contextOf, MICRO, type SignedActions, type Signer } from './exchange.ts';
import { closingCostUsd } from './thin-books.ts';
import { hedgeOf } from './thin-perpetual.ts';

export const LIQUIDATORS = {
  agents: 60,
  /** Capital of all, as a share of the maintenance margin that accounts hold. */
  capitalShare: 0.1,
  /** Of the initial margin of a slice, wanted beyond costs. */
  profitShare: 0.02,
  /** Takes of an agent in a block. */
  takesPerBlock: 20,
} as const;

const WHOLE_PPM = 1_000_000;
/** Parts of the share on offer that an agent considers. */
const PARTS: readonly number[] = [1, 0.25, 0.05];
/** Of its equity, in percent, what an agent keeps beyond initial margin. */
const RESERVE_PERCENT = 25n;
/** A price that moved by less does not stop a take. */
const LIMIT_SLACK = 50n;

export type Desk = {
  readonly signer: Signer;
  readonly portfolio: PortfolioId;
  readonly underlying: UnderlyingId;
};

/** What agents remember from block to block. */
export type Desks = {
  readonly all: readonly Desk[];
  /** Part of what would pay that an auction is asked for: halved by each refusal for want of margin. */
  readonly appetite: Map<PortfolioId, number>;
  /** Auctions that did not pay, by the time of the index that they were looked at with. */
  readonly unpaying: Map<PortfolioId, number>;
  /** Refusals so far, by code. */
  readonly refusals: Map<number, number>;
};

/** The place of the block after the state's last, at a time. */
function nextContext(state: State, atMs: number): BlockContext {
  const context = contextOf(state);
  return { ...context, height: height(context.height + 1), timestamp: timestampMs(atMs) };
}

/** USD earned by taking the whole, beside the positions at mark; before what is reserved. */
function gainOfWhole(row: Liquidation, price: bigint, value: bigint): number {
  if (row.kind === LIQUIDATION_KIND.insolvent)
    return Number(-price - (value < 0n ? -value : 0n)) / MICRO;
  const shared = row.reserved < value ? value - row.reserved : value;
  return Number(shared - price) / MICRO;
}

/** The share that pays, in ppm; 0 when none does. O(positions). */
export function payingShare(
  state: State,
  row: Liquidation,
  facts: {
    readonly positions: readonly LivePosition[];
    readonly offeredPpm: number;
    readonly gainUsd: number;
  },
): number {
  for (const part of PARTS) {
    const share = (facts.offeredPpm / WHOLE_PPM) * part;
    const wanted = share * (Number(row.initialMargin) / MICRO) * LIQUIDATORS.profitShare;
    let cost = wanted;
    for (const { instrument, lots } of facts.positions) {
      cost += closingCostUsd(state, instrument, Math.abs(lots) * share);
    }
    if (facts.gainUsd * share > cost) return Math.floor(share * WHOLE_PPM);
  }
  return 0;
}

/** Numbers of refusals for want of margin or room, after which less is asked for. */
const NO_ROOM: readonly number[] = [211, 212, 215, 216, 265, 704];

/** Notes what became of the takes of a block: `asked` in the order of its transactions. */
export function noteTakes(
  desks: Desks,
  asked: readonly SignedActions[],
  receipts: readonly Receipt[],
): void {
  const own = receipts.slice(-asked.length);
  for (const [i, { actions }] of asked.entries()) {
    const receipt = own[i];
    if (receipt === undefined) continue;
    for (const [at, action] of actions.entries()) {
      const result = receipt.results[receipt.status === RECEIPT_STATUS.invalid ? 0 : at];
      if (action.selector !== ACTION.takeLiquidation || result === undefined) continue;
      const { portfolio } = action.value;
      if (result.selector !== ACTION_RESULT.refused) {
        desks.appetite.delete(portfolio);
        continue;
      }
      const { number } = result.value;
      desks.refusals.set(number, (desks.refusals.get(number) ?? 0) + 1);
      if (!NO_ROOM.includes(number)) continue;
      desks.appetite.set(portfolio, Math.max(1 / 64, (desks.appetite.get(portfolio) ?? 1) / 2));
    }
  }
}

/**
 * What the agents send into the block at `atMs`, at prices seen at `seenMs`. Richest agents first, auctions
 * by number.
 */
export function takesOf(state: State, desks: Desks, atMs: number, seenMs: number): SignedActions[] {
  const rows = [...state.liquidations.unorderedEntries()]
    .map(([, row]) => row)
    .filter(isUnderAuction)
    .sort((a, b) => a.auction - b.auction);
  const context = nextContext(state, atMs);
  const free = desks.all
    .filter(({ portfolio }) => !state.liquidations.has(portfolio))
    .map((desk) => {
      const reserve = (markValueOf(state, desk.portfolio) * RESERVE_PERCENT) / 100n;
      const room = excessOf(state, desk.portfolio).initial - reserve;
      return { desk, room, actions: [] as Action[] };
    });
  for (const row of rows) {
    // What did not pay at this mark does not pay a moment later.
    if (desks.unpaying.get(row.portfolio) === seenMs) continue;
    desks.unpaying.set(row.portfolio, seenMs);
    const health = healthOf(state, row.portfolio);
    if (health.bare >= 0n) continue;
    const positions = livePositions(state, row.portfolio);
    const terms = auctionTerms(state, context, row, { health, positions });
    const gainUsd = gainOfWhole(row, terms.price, health.value);
    const offeredPpm = terms.sharePpm * (desks.appetite.get(row.portfolio) ?? 1);
    const sharePpm = gainUsd > 0 ? payingShare(state, row, { positions, offeredPpm, gainUsd }) : 0;
    if (sharePpm < 1) continue;
    desks.unpaying.delete(row.portfolio);
    const [held] = positions;
    const underlying = held && state.instruments.must(held.instrument).underlying;
    // The agent with most to spare, counting down what it has already asked for.
    const agent = free
      .filter(
        ({ desk, room, actions }) =>
          room > 0n && desk.underlying === underlying && actions.length < LIQUIDATORS.takesPerBlock,
      )
      .reduce<(typeof free)[number] | undefined>(
        (best, one) => (best === undefined || one.room > best.room ? one : best),
        undefined,
      );
    if (agent === undefined) continue;
    agent.room -= (row.initialMargin * BigInt(sharePpm)) / BigInt(WHOLE_PPM);
    const slack = (terms.price < 0n ? -terms.price : terms.price) / LIMIT_SLACK;
    agent.actions.push({
      selector: ACTION.takeLiquidation,
      value: {
        subAccount: subAccount(0),
        portfolio: row.portfolio,
        auction: row.auction,
        sharePpm,
        limit: terms.price + slack,
      },
    });
  }
  for (const { desk, actions } of free) {
    const hedge = hedgeOf(state, desk);
    if (hedge !== undefined) actions.push(hedge);
  }
  return free
    .filter(({ actions }) => actions.length > 0)
    .map(({ desk, actions }) => ({ by: desk.signer, actions }));
}
