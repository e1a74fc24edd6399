/** What must hold of a state after every block, and of what the block did. */

import { ACTION } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { effectiveState } from '../../runtime/auction/phase.ts';
import { portfolioAccount } from '../../runtime/core/units.ts';
import { EVENT, EventsCodec, PROTECTION_CHANGE, type TradeEvent } from '../../runtime/event.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import {
  MAX_OPEN_ORDERS_PER_PORTFOLIO,
  MAX_OPEN_ORDERS_PER_SERIES,
  MAX_ORDER_LOTS,
  MAX_POSITIONS_PER_PORTFOLIO,
  MAX_PRICE_TICKS,
  MAX_TRIGGERS_PER_PORTFOLIO,
} from '../../runtime/limits.ts';
import { contractTerms } from '../../runtime/linear/contract-terms.ts';
import { variationProblems } from '../../runtime/linear/move-position.ts';
import { LIQUIDATION_KIND } from '../../runtime/liquidation/liquidation.ts';
import { liquidationParametersOf } from '../../runtime/liquidation/parameters.ts';
import { isCurrent } from '../../runtime/margin/expiry-holding.ts';
import { modeMargin } from '../../runtime/margin/mode/mode-excess.ts';
import {
  coarseInitial,
  countOrderLots,
  emptySeriesHolding,
  type SeriesHolding,
} from '../../runtime/margin/series-holding.ts';
import { bestPrice } from '../../runtime/matching/book.ts';
import { levelsFromBest } from '../../runtime/matching/price-levels.ts';
import type { LegTradeEvent } from '../../runtime/multileg/events.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { microUsdPerTickLot } from '../../runtime/options/underlying.ts';
import { isFrozen } from '../../runtime/quoting/protection.ts';
import { quotesOf } from '../../runtime/quoting/quote-index.ts';
import { ACTION_RESULT, RECEIPT_STATUS, ReceiptsCodec } from '../../runtime/receipt.ts';
import { metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import { type EventBooks, eventProblems, followEvents, type SeenTrade } from './event-books.ts';
import { oracleProblems } from './oracle-invariants.ts';
import { securityProblems } from './security-invariants.ts';
import type { Executed, RecordedBlock } from './world.ts';

/** What a history remembers from block to block. */
export type Memory = {
  readonly books: EventBooks;
  /** Of protections whose limits were set in a window: its end, until the next begins. */
  readonly limitsSetIn: Map<string, number>;
  /** Numbers of orders and waiting triggers that may only reduce. */
  readonly reduceOnly: Set<number>;
};

const { open, postOnly, reduceOnly } = INSTRUMENT_STATE;

function bookProblems(state: State): string[] {
  const problems: string[] = [];
  for (const [id, { bids, asks }] of state.derived.books.byInstrument) {
    const bid = bestPrice(bids);
    const ask = bestPrice(asks);
    const listed = state.instruments.get(id);
    if (listed === undefined) {
      if (bid !== undefined || ask !== undefined) problems.push(`book ${id} has no instrument`);
      continue;
    }
    const traded = effectiveState(state, listed);
    const isTraded = traded === open || traded === postOnly || traded === reduceOnly;
    if (isTraded && bid !== undefined && ask !== undefined && bid >= ask) {
      problems.push(`book ${id} is crossed: ${bid} bid, ${ask} asked`);
    }
    for (const level of [...levelsFromBest(bids), ...levelsFromBest(asks)]) {
      let lots = 0;
      let orders = 0;
      let last = -1;
      for (let order = level.head; order !== undefined; order = order.next) {
        lots += order.remaining;
        orders += 1;
        if (order.priority <= last) problems.push(`book ${id}: order ${order.id} before its time`);
        last = order.priority;
      }
      if (lots !== level.lots || orders !== level.orders || orders === 0) {
        problems.push(`book ${id}: level ${level.price} miscounts its queue`);
      }
    }
  }
  return problems;
}

function orderProblems(state: State): string[] {
  const problems: string[] = [];
  const { timestamp } = metaOf(state);
  for (const [id, order] of state.orders.unorderedEntries()) {
    const { remaining, size, shown, displaySize, price, cancelsOther, expiresAt } = order;
    const note = (text: string): void => void problems.push(`order ${id} ${text}`);
    if (remaining < 1 || remaining > size || size > MAX_ORDER_LOTS) note(`${remaining} of ${size}`);
    if (shown < 1 || shown > remaining) note(`shows ${shown} of ${remaining}`);
    if (displaySize !== 0 ? shown > displaySize : shown !== remaining) note(`shows ${shown}`);
    const isCombo = state.combos.has(order.instrument);
    if (price < 1 || price > MAX_PRICE_TICKS * (isCombo ? 2 : 1)) note(`at price ${price}`);
    if (expiresAt !== 0 && expiresAt <= timestamp) note(`expired at ${expiresAt}`);
    if (cancelsOther !== 0) {
      const other = state.orders.get(cancelsOther) ?? state.triggers.get(cancelsOther);
      // A link outlives its other half.
      if (other !== undefined && other.cancelsOther !== id)
        note(`is linked with ${cancelsOther}, which is not with it`);
    }
    const listed = state.instruments.get(order.instrument);
    if (
      listed === undefined ||
      listed.state === INSTRUMENT_STATE.expired ||
      listed.state === INSTRUMENT_STATE.settled
    ) {
      note('rests in a series that has ended');
    }
    if (order.reduceOnly && !isCombo) {
      const held =
        state.derived.portfolios.byPortfolio.get(order.portfolio)?.places.get(order.instrument)
          ?.holding.position ?? 0;
      if (order.side === SIDE.buy ? held >= 0 : held <= 0) note('has nothing to reduce');
    }
  }
  for (const [id, trigger] of state.triggers.unorderedEntries()) {
    if (trigger.cancelsOther === 0) continue;
    const other =
      state.orders.get(trigger.cancelsOther) ?? state.triggers.get(trigger.cancelsOther);
    if (other !== undefined && other.cancelsOther !== id) {
      problems.push(`trigger ${id} is linked one way`);
    }
  }
  return problems;
}

function limitProblems(state: State): string[] {
  const problems: string[] = [];
  for (const [id, { openOrders, places }] of state.derived.portfolios.byPortfolio) {
    if (openOrders > MAX_OPEN_ORDERS_PER_PORTFOLIO) problems.push(`${id}: ${openOrders} orders`);
    if (places.size > MAX_POSITIONS_PER_PORTFOLIO) problems.push(`${id}: ${places.size} series`);
    for (const { holding } of places.values()) {
      const { length } = holding.orders;
      if (length > MAX_OPEN_ORDERS_PER_SERIES) problems.push(`${id}: ${length} in one`);
    }
  }
  for (const [id, { ids }] of state.derived.triggers.byPortfolio) {
    if (ids.size > MAX_TRIGGERS_PER_PORTFOLIO) problems.push(`${id}: ${ids.size} triggers`);
  }
  for (const [key, { lots }] of state.positions.unorderedEntries()) {
    if (lots === 0 || Math.abs(lots) > MAX_ORDER_LOTS) problems.push(`position ${key}: ${lots}`);
  }
  const { creditCap, creditStart } = parametersOf(state);
  for (const [id, { credits }] of state.rateCredits.unorderedEntries()) {
    if (credits > Math.max(creditCap, creditStart)) problems.push(`${id}: ${credits} credits`);
  }
  return problems;
}

/** Counts of an expiry's orders are those of its rows; bounds hold, and sum to their portfolio's. */
function boundProblems(state: State): string[] {
  const problems: string[] = [];
  for (const [id, { total, expiries }] of state.derived.portfolios.byPortfolio) {
    let sum = 0;
    for (const expiry of expiries.values()) {
      if (!expiry.isCounted || !expiry.isExact) continue;
      let coarse = 0;
      for (const holding of expiry.series.values()) {
        const counted = emptySeriesHolding(holding.instrument, holding.risk);
        for (const { side, price, remaining } of holding.orders) {
          countOrderLots(counted, side, price, remaining);
        }
        coarse += coarseInitial(holding);
        if (
          ['bidLots', 'askLots', 'bidPremium', 'premium'].some((of) => differ(holding, counted, of))
        ) {
          problems.push(`portfolio ${id}: orders in ${holding.instrument} are miscounted`);
        }
      }
      sum += expiry.coarseInitial;
      if (!isCurrent(state, expiry)) continue;
      if (coarse !== expiry.coarseInitial)
        problems.push(`portfolio ${id}: coarse bound is not kept`);
      const { isolatedInitial, isolatedMaintenance, hasTerms } = expiry;
      if (hasTerms && coarse < Math.max(isolatedInitial, isolatedMaintenance)) {
        problems.push(`portfolio ${id}: coarse bound ${coarse} is below ${isolatedInitial}`);
      }
    }
    if (total.coarseAt === state.derived.marks.version && total.coarseInitial !== sum) {
      problems.push(`portfolio ${id}: coarse bounds sum to ${sum}, not ${total.coarseInitial}`);
    }
  }
  return problems;
}

function differ(one: SeriesHolding, other: SeriesHolding, field: string): boolean {
  return Reflect.get(one, field) !== Reflect.get(other, field);
}

/** Kept sums of portfolio margin equal those made of what is held, and stand where the mode is. */
function modeProblems(state: State): string[] {
  const problems: string[] = [];
  for (const [id, portfolio] of state.derived.portfolios.byPortfolio) {
    if ((portfolio.sums !== undefined) !== state.marginModes.has(id)) {
      problems.push(`portfolio ${id} is margined in another mode than its row says`);
    }
    if (portfolio.sums === undefined) continue;
    const { expiries } = portfolio;
    for (const measure of ['initial', 'maintenance'] as const) {
      const kept = modeMargin(state, portfolio, measure);
      const fresh = modeMargin(state, { sums: undefined, expiries }, measure);
      if (kept.mark !== fresh.mark || kept.excess !== fresh.excess) {
        problems.push(
          `portfolio ${id}: ${measure} sums ${kept.excess}, from scratch ${fresh.excess}`,
        );
      }
    }
  }
  return problems;
}

function protectionProblems(state: State, memory: Memory): string[] {
  const problems: string[] = [];
  const { timestamp } = metaOf(state);
  for (const [, row] of state.protections.unorderedEntries()) {
    const { portfolio, underlying, limits, quantity, delta, vega, fills } = row;
    const name = `protection of ${portfolio} on ${underlying}`;
    if (isFrozen(row, timestamp) && quotesOf(state, portfolio, underlying).length > 0) {
      problems.push(`${name} is frozen and has quotes`);
    }
    const over =
      (limits.quantityLimit !== 0 && quantity > limits.quantityLimit) ||
      (limits.deltaLimit !== 0 && Math.abs(delta) > limits.deltaLimit) ||
      (limits.vegaLimit !== 0 && Math.abs(vega) > limits.vegaLimit) ||
      (limits.fillsLimit !== 0 && fills > limits.fillsLimit);
    const key = `${portfolio}/${underlying}`;
    if (over && !memory.limitsSetIn.has(key)) {
      problems.push(`${name} passed its limits: ${JSON.stringify(row)}`);
    }
  }
  return problems;
}

/** Notes limits set in a window that runs: they may be below what it has traded. */
function noteLimits(state: State, { limitsSetIn }: Memory, { events }: Executed): void {
  const changed = new Set<string>();
  for (const event of events) {
    if (event.selector !== EVENT.protection) continue;
    const { portfolio, underlying, change } = event.value;
    const isSet = change === PROTECTION_CHANGE.set || change === PROTECTION_CHANGE.removed;
    if (isSet) changed.add(`${portfolio}/${underlying}`);
  }
  for (const [, { portfolio, underlying, windowEndsAt }] of state.protections.unorderedEntries()) {
    const key = `${portfolio}/${underlying}`;
    if (changed.has(key)) limitsSetIn.set(key, windowEndsAt);
    else if (windowEndsAt > (limitsSetIn.get(key) ?? 0)) limitsSetIn.delete(key);
  }
}

function feeProblems(state: State, trade: TradeEvent | LegTradeEvent): string[] {
  const { instrument, lots, makerFee, takerFee } = trade;
  const listed = state.instruments.get(instrument);
  if (listed === undefined) return [];
  const underlying = contractTerms(state.underlyings.must(listed.underlying), listed.kind);
  const premium =
    'premium' in trade
      ? trade.premium
      : BigInt(trade.price) * BigInt(lots) * BigInt(microUsdPerTickLot(underlying));
  const cap = (premium * BigInt(underlying.feeCapBps) + 9_999n) / 10_000n;
  const problems: string[] = [];
  if (premium < 0n) problems.push(`a leg of ${instrument} traded below 0`);
  if (takerFee < 0n || takerFee > cap) problems.push(`a taker paid ${takerFee}, cap ${cap}`);
  if (makerFee > cap || makerFee < -takerFee) problems.push(`a maker paid ${makerFee}, cap ${cap}`);
  return problems;
}

/** Numbers that actions of this block gave to orders that may only reduce. */
function noteReduceOnly(
  memory: Memory,
  block: RecordedBlock,
  executed: Executed,
  firstIndex: number,
): void {
  for (const receipt of executed.receipts) {
    if (receipt.status !== RECEIPT_STATUS.applied) continue;
    const actions = block.transactions[receipt.index - firstIndex]?.actions ?? [];
    for (const [i, result] of receipt.results.entries()) {
      const action = actions[i];
      if (action === undefined) continue;
      const order =
        action.selector === ACTION.placeOrder
          ? action.value
          : action.selector === ACTION.replaceOrder || action.selector === ACTION.placeTrigger
            ? action.value.order
            : undefined;
      const isGiven =
        result.selector === ACTION_RESULT.order || result.selector === ACTION_RESULT.trigger;
      if (order?.reduceOnly && isGiven) memory.reduceOnly.add(result.value.orderId);
    }
  }
}

/** A position after a trade that may only reduce it: nearer to 0, on the same side. */
function isReduced(before: number, change: number): boolean {
  const after = before + change;
  return before * change < 0 && Math.abs(after) < Math.abs(before) && before * after >= 0;
}

function tradeProblems(
  memory: Memory,
  trade: SeenTrade,
  before: { readonly maker: number; readonly taker: number },
): string[] {
  const { maker, taker, lots, isBuy, makerOrder, takerOrder, instrument } = trade;
  const problems: string[] = [];
  if (Math.floor(maker / 256) === Math.floor(taker / 256)) {
    problems.push(`account of ${maker} traded with itself in ${instrument}`);
  }
  const signed = isBuy ? lots : -lots;
  if (memory.reduceOnly.has(makerOrder) && !isReduced(before.maker, -signed)) {
    problems.push(`reduce-only ${makerOrder} took ${before.maker} by ${-signed}`);
  }
  if (memory.reduceOnly.has(takerOrder) && !isReduced(before.taker, signed)) {
    problems.push(`reduce-only ${takerOrder} took ${before.taker} by ${signed}`);
  }
  return problems;
}

/** What does not hold of the block's events and receipts, and of the state by them. */
function blockProblems(
  state: State,
  memory: Memory,
  block: RecordedBlock,
  executed: Executed,
): string[] {
  const { events, receipts, receiptsBytes } = executed;
  const problems: string[] = [];
  noteReduceOnly(
    memory,
    block,
    executed,
    block.votes.validators.length + block.votes.hostile.length,
  );
  const told = followEvents(memory.books, events, (trade, before) => {
    problems.push(...tradeProblems(memory, trade, before));
  });
  problems.push(...told, ...eventProblems(state, memory.books));
  for (const event of events) {
    if (event.selector === EVENT.trade || event.selector === EVENT.legTrade) {
      problems.push(...feeProblems(state, event.value));
    }
  }
  if (receipts.length !== block.transactions.length) problems.push('a transaction has no receipt');
  if (!ReceiptsCodec.decode(receiptsBytes).ok) problems.push('the receipts do not decode');
  if (!EventsCodec.decode(EventsCodec.encode([...events])).ok)
    problems.push('the events do not decode');
  return problems;
}

/** What liquidation promises: caps of insurance, the count of insolvent accounts, nobody forgotten. */
function liquidationProblems(state: State): string[] {
  const problems: string[] = [];
  let insolvent = 0;
  for (const [key, { kind, initialMargin, insured }] of state.liquidations.unorderedEntries()) {
    if (kind === LIQUIDATION_KIND.insolvent) insolvent += 1;
    if (insured > initialMargin) problems.push(`insurance paid ${insured} for ${key}`);
  }
  if (insolvent !== state.derived.liquidations.insolvent) problems.push('insolvent miscounted');
  const { insuranceHourBps } = liquidationParametersOf(state);
  for (const [key, { fund, used }] of state.insuranceUse.unorderedEntries()) {
    if (used * 10_000n > fund * BigInt(insuranceHourBps)) problems.push(`use of ${key}: ${used}`);
  }
  if (balanceOf(state, MODULE.deficit, DENOMINATION.usd) > 0n) problems.push('deficit above 0');
  return problems;
}

/** All that is judged after every block. O(rows). */
export function problemsAfter(
  state: State,
  memory: Memory,
  block: RecordedBlock,
  executed: Executed,
): string[] {
  noteLimits(state, memory, executed);
  return [
    ...conservationProblems(state),
    ...securityProblems(state),
    ...variationProblems(state),
    ...bookProblems(state),
    ...orderProblems(state),
    ...limitProblems(state),
    ...boundProblems(state),
    ...modeProblems(state),
    ...protectionProblems(state, memory),
    ...liquidationProblems(state),
    ...oracleProblems(state),
    ...blockProblems(state, memory, block, executed),
  ];
}

/** Accounts of portfolios, for those who read a problem. */
export const accountOf = (portfolio: number): number => portfolioAccount(portfolio as never);
