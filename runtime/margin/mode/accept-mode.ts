/**
 * Whether changes of a portfolio in portfolio mode may stand: `accept-trade.ts` and
 * `accept-changes.ts` under portfolio margin.
 *
 * Source: design/exchange.md §3. Number of series and expiries; with little equity only reductions;
 * premium, fees and what bids reserve must be covered by cash; then the initial excess with the worst
 * fill is not negative after the changes, or neither it nor the maintenance excess falls.
 *
 * Order entry accepts at once what `lotLoss` proves: no cell is looked at. Micro-USD and lots.
 */
import { SIDE, type Side } from '../../actions/order-terms.ts';
import { DENOMINATION } from '../../actions/transfer.ts';
import type { InstrumentId, PortfolioId, PriceTicks } from '../../core/units.ts';
import { type Refusal, refusal } from '../../error.ts';
import { balanceOf } from '../../ledger/ledger.ts';
import { expiryKey, type State } from '../../state/state.ts';
import { type ExpiryHolding, refreshExpiry } from '../expiry-holding.ts';
import { freeConcentration } from '../portfolio/concentration.ts';
import { EXACT_UNITS } from '../portfolio/risk-arrays.ts';
import { expiryOf } from '../portfolio-index.ts';
import { bidReserve } from '../requirements.ts';
import type { SeriesHolding } from '../series-holding.ts';
import { bidCost, seriesRisk } from '../series-risk.ts';
import { MICRO_USD_PER_UNIT } from './fill-expiry.ts';
import { MAX_MODE_EXPIRIES, MAX_MODE_POSITIONS, MIN_TRADING_EQUITY } from './margin-mode.ts';
import {
  type ModePortfolio,
  magnitudeOf,
  marginOfGroup,
  modeMargin,
  modePortfolio,
  partsOf,
  settlementFees,
  variationOf,
} from './mode-excess.ts';
import { orderTerm } from './mode-sums.ts';
import {
  holdingIn,
  isTrialExact,
  modeMarginAfter,
  type TrialChange,
  type TrialExpiry,
  trialExpiries,
} from './mode-trial.ts';
import { initialLoss, riskOf, rowOf } from './risk-index.ts';

/** Changes of one portfolio, planned whole. */
export type ModeChanges = {
  readonly portfolio: PortfolioId;
  /** No series twice; each has a mark. */
  readonly changes: readonly TrialChange[];
  /** Micro-USD received, negative when paid: premiums and fees. */
  readonly cash: bigint;
};

/** Series and expiries that would be held with the changes. */
function countRefusal(
  portfolio: ModePortfolio,
  trial: readonly TrialExpiry[],
): Refusal | undefined {
  let series = 0;
  for (const expiry of portfolio.expiries.values()) series += expiry.series.size;
  let newSeries = 0;
  let newExpiries = 0;
  for (const { expiry, changes } of trial) {
    if (!portfolio.expiries.has(expiry.key)) newExpiries += 1;
    for (const { instrument } of changes) if (!expiry.series.has(instrument)) newSeries += 1;
  }
  if (newSeries > 0 && series + newSeries > MAX_MODE_POSITIONS) {
    const facts = { given: series + newSeries, allowed: MAX_MODE_POSITIONS };
    return refusal('too_many_positions', facts);
  }
  const expiries = portfolio.expiries.size + newExpiries;
  return newExpiries > 0 && expiries > MAX_MODE_EXPIRIES
    ? refusal('mode_expiries', { given: expiries, allowed: MAX_MODE_EXPIRIES })
    : undefined;
}

/** Whether a change only brings a position nearer to none, whatever of its orders is filled. */
function isReduction(holding: SeriesHolding, { position, orders }: TrialChange): boolean {
  const after = holding.position + position;
  const crosses = after !== 0 && Math.sign(after) !== Math.sign(holding.position);
  if (crosses || Math.abs(after) > Math.abs(holding.position)) return false;
  let { bidLots, askLots } = holding;
  let bids = false;
  let asks = false;
  for (const { side, lots } of orders) {
    if (side === SIDE.buy) bidLots += lots;
    else askLots += lots;
    if (lots > 0 && side === SIDE.buy) bids = true;
    if (lots > 0 && side === SIDE.sell) asks = true;
  }
  return !(bids && after + bidLots > 0) && !(asks && after - askLots < 0);
}

function equityRefusal(
  state: State,
  trial: readonly TrialExpiry[],
  equity: bigint,
): Refusal | undefined {
  if (equity >= MIN_TRADING_EQUITY) return undefined;
  for (const { expiry, changes } of trial) {
    for (const change of changes) {
      if (isReduction(holdingIn(state, expiry, change.instrument), change)) continue;
      return refusal('equity_reduce_only', { given: equity, allowed: MIN_TRADING_EQUITY });
    }
  }
  return undefined;
}

function isLinear(state: State, instrument: InstrumentId): boolean {
  const risk = riskOf(state, expiryOf(state, instrument));
  return risk.arrays.isLinear[rowOf(risk, instrument)] === 1;
}

/**
 * What the changes do to cash and variation together: lots of a future or a perpetual come as though
 * their price were a premium, and gain the mark for it.
 */
function cashFlow(state: State, { changes, cash }: ModeChanges): bigint {
  let flow = cash;
  for (const { instrument, position } of changes) {
    if (position === 0 || !isLinear(state, instrument)) continue;
    flow += BigInt(position) * BigInt(seriesRisk(state, instrument).markValue);
  }
  return flow;
}

/**
 * Premium, fees and what bids reserve more than before, of the cash that bids leave. Not of futures and
 * perpetuals: what they cost is variation.
 */
function cashRefusal(
  state: State,
  { portfolio, changes, cash: received }: ModeChanges,
  cash: bigint,
): Refusal | undefined {
  let demand = -received;
  let buys = false;
  for (const { instrument, position, orders } of changes) {
    if (isLinear(state, instrument)) return undefined;
    if (position > 0) buys = true;
    for (const { side, price, lots } of orders) {
      if (side !== SIDE.buy) continue;
      if (lots > 0) buys = true;
      demand += BigInt(lots) * BigInt(bidCost(seriesRisk(state, instrument), price));
    }
  }
  if (!buys || demand <= 0n) return undefined;
  const allowed = cash - bidReserve(state, portfolio);
  return demand > allowed ? refusal('insufficient_cash', { given: demand, allowed }) : undefined;
}

/**
 * Judges planned changes of a portfolio in portfolio mode. Errors in order: too_many_positions,
 * mode_expiries, position_limit (given: the bound on the sums, in risk units), equity_reduce_only,
 * insufficient_cash, insufficient_margin (given: initial requirement after them, allowed: cash and
 * variation after them). Cost: the sums once per mark; then O(slots) for every order and position that changes, in
 * both measures.
 */
export function modeRefusal(state: State, planned: ModeChanges): Refusal | undefined {
  const portfolio = modePortfolio(state, planned.portfolio);
  for (const expiry of portfolio.expiries.values()) refreshExpiry(state, expiry);
  const trial = trialExpiries(state, portfolio, planned.changes);
  const tooMany = countRefusal(portfolio, trial);
  if (tooMany !== undefined) return tooMany;
  if (!isTrialExact(state, portfolio, trial)) {
    return refusal('position_limit', { given: EXACT_UNITS, allowed: EXACT_UNITS });
  }
  const cash = balanceOf(state, planned.portfolio, DENOMINATION.usd);
  const wealth = cash + variationOf(state, planned.portfolio);
  const before = modeMargin(state, portfolio, 'initial');
  const poor = equityRefusal(state, trial, wealth + before.mark);
  if (poor !== undefined) return poor;
  const shortOfCash = cashRefusal(state, planned, cash);
  if (shortOfCash !== undefined) return shortOfCash;

  const flow = cashFlow(state, planned);
  const wealthAfter = wealth + flow;
  const initial = modeMarginAfter(state, portfolio, trial, 'initial');
  // Whoever is in debt may only reduce risk, whatever positions have gained.
  if (cash >= 0n && wealthAfter + initial >= 0n) return undefined;
  const initialChange = initial - before.excess + flow;
  const maintenanceChange =
    modeMarginAfter(state, portfolio, trial, 'maintenance') -
    modeMargin(state, portfolio, 'maintenance').excess +
    flow;
  if (initialChange >= 0n && maintenanceChange >= 0n) return undefined;
  return refusal('insufficient_margin', { given: -initial, allowed: wealthAfter });
}

/** A place as order entry has it: empty holdings, not indexed, where nothing is held. */
export type ModePlace = {
  readonly holding: SeriesHolding;
  readonly expiry: ExpiryHolding;
  readonly price: PriceTicks;
};

/** A trade that takes no order away. */
export type ModeTrade = {
  readonly side: Side;
  /** Lots bought, negative when sold. */
  readonly position: number;
  readonly restingLots: number;
  /** Micro-USD received, negative when paid. */
  readonly cash: bigint;
};

/** What a position and an order may be floored lower than their lots one by one. */
const ROUNDING_UNITS = 2;

/** The most that a trade can take from the initial excess, and the delta that it moves. Risk units. */
function worstOf(
  state: State,
  { holding, expiry, price }: ModePlace,
  { side, position, restingLots: lots }: ModeTrade,
): { readonly change: number; readonly delta: number } {
  const risk = riskOf(state, expiry.key);
  const row = rowOf(risk, holding.instrument);
  const { values, layout } = risk.arrays;
  const loss = side === SIDE.buy ? initialLoss(risk, row).bid : initialLoss(risk, row).ask;
  const base = row * layout.columns;
  const traded = position * (values[base + layout.mark] ?? 0) + Math.abs(position) * loss;
  const term =
    lots === 0 ? 0 : orderTerm(risk.arrays, row, holding.risk, { side, price, lots }).cash;
  const moved = (Math.abs(position) + lots) * Math.abs(values[base + layout.delta] ?? 0);
  return { change: traded + lots * (loss + term) - ROUNDING_UNITS, delta: moved };
}

/**
 * Whether order entry may accept a trade at once: what `modeRefusal` would accept, by the bound of
 * `lot-loss.ts`. False tells nothing. The place has sums at the marks in force. O(expiries).
 */
export function isModeCovered(
  state: State,
  id: PortfolioId,
  place: ModePlace,
  trade: ModeTrade,
): boolean {
  const portfolio = state.derived.portfolios.byPortfolio.get(id);
  // What is new in the series or the expiry is counted by `modeRefusal`.
  if (portfolio?.places.has(place.holding.instrument) !== true) return false;
  const underlying = expiryKey.high(place.expiry.key);
  for (const key of portfolio.expiries.keys()) {
    if (expiryKey.high(key) !== underlying) return false;
  }
  const cash = balanceOf(state, id, DENOMINATION.usd);
  if (cash < 0n || isLinear(state, place.holding.instrument)) return false;
  const group = [...portfolio.expiries.values()];
  const parts = partsOf(state, portfolio, group, 'initial');
  const [first] = parts ?? [];
  if (parts === undefined || first === undefined) return false;
  // Far from what is exact: the trade itself, and a doubling, keep it so.
  if (magnitudeOf(state, group) >= EXACT_UNITS / 4) return false;
  const { change, delta } = worstOf(state, place, trade);
  let gross = delta;
  for (const { grossDelta } of parts) gross += grossDelta;
  // Then it is not concentrated either: net delta is no more, and its free part is larger.
  if (gross > freeConcentration(first.arrays)) return false;

  const { mark, excess } = marginOfGroup(state, group, parts);
  const unit = BigInt(MICRO_USD_PER_UNIT);
  let wealth = cash + variationOf(state, id);
  if (wealth + BigInt(mark) * unit < MIN_TRADING_EQUITY) return false;
  for (const expiry of group) wealth -= BigInt(settlementFees(expiry));
  if (trade.side === SIDE.buy) {
    const reserve = BigInt(trade.restingLots) * BigInt(bidCost(place.holding.risk, place.price));
    if (reserve - trade.cash > cash - bidReserve(state, id)) return false;
  }
  const units = excess + Math.floor(change);
  return wealth + trade.cash + BigInt(units) * unit >= 0n;
}
