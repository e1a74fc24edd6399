/**
 * Which accounts have to be looked at after a mark: an index by how far marks may still move until an
 * account can be short, so that the cost grows with those that are near it, not with all.
 *
 * Per expiry and margin mode `drift` adds up, mark by mark, the most that a lot can have cost
 * (margin/`standard-drift.ts`, `mode/mode-drift.ts`). An account whose excess over maintenance is e with n lots in
 * all (standard margin: short options, and futures; portfolio margin: all) stays above it until the
 * drift of one of its expiries has grown by e ÷ n. That drift is the account's place in the queue of
 * each; on reaching it the account is looked at again. So is everybody in an expiry when its index or
 * forward has grown by half since its queue began, when it delivers and when its model changes: then what
 * the bounds rest on is measured anew.
 *
 * Looked at anew are also accounts whose positions or mode changed or whose cash fell, and at each mark
 * those to which the bounds do not apply: short ones, and whoever is very large (`isBounded`).
 *
 * Invariant: whoever could be short is looked at. What is found depends on tables and marks alone: the
 * index only leaves out who is sound. Nothing here is iterated where the order could show.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import { type DueQueue, dueQueue, setDue, takeDue } from '../core/due-queue.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { bareExcessOf } from '../margin/bare-excess.ts';
import { EXACT_LIMIT, type ExpiryHolding, magnitude } from '../margin/expiry-holding.ts';
import { MICRO_USD_PER_UNIT } from '../margin/mode/fill-expiry.ts';
import { modeRise, type RiskSnapshot, snapshotOf } from '../margin/mode/mode-drift.ts';
import { magnitudeOn } from '../margin/mode/mode-sums.ts';
import { riskOf } from '../margin/mode/risk-index.ts';
import { freeConcentration } from '../margin/portfolio/concentration.ts';
import { EXACT_UNITS } from '../margin/portfolio/risk-arrays.ts';
import type { Portfolio } from '../margin/portfolio-index.ts';
import { type LotTerms, lotRise, lotTerms, MOST_NOTIONAL } from '../margin/standard-drift.ts';
import { balanceKey, type State } from '../state/state.ts';

/** An expiry in which somebody waits, under one margin mode. */
type Drift = {
  /** Micro-USD per lot, since the entry was made. */
  drift: number;
  /** Portfolios by the drift at which they are to be looked at. */
  readonly queue: DueQueue;
  /** Greater of index and forward when the queue was last empty. */
  base: number;
  /** At the last mark: of the series in which somebody has lots that count; of portfolio mode the linear. */
  readonly lots: Map<InstrumentId, LotTerms>;
  /** At the last mark, of portfolio mode; none under standard margin. */
  snapshot: RiskSnapshot | undefined;
};

type Mode = 'standard' | 'portfolio';

export type HealthIndex = {
  /** By `expiryKey`. */
  readonly expiries: { readonly [mode in Mode]: Map<number, Drift> };
  /** To whom the bounds do not apply: looked at after every mark of theirs. */
  readonly suspects: Set<PortfolioId>;
  /** To be looked at with the next mark. */
  readonly changed: Set<PortfolioId>;
};

const MODES: readonly Mode[] = ['standard', 'portfolio'];
/** What the bounds need holds with a margin of this factor, and is measured anew before it is used up. */
const SLACK = 2;

export function healthIndex(): HealthIndex {
  return {
    expiries: { standard: new Map(), portfolio: new Map() },
    suspects: new Set(),
    changed: new Set(),
  };
}

/** Notes that a position of the portfolio changed. A field test when that is known. */
export function notePosition(state: State, portfolio: Portfolio): void {
  if (portfolio.isNoted) return;
  portfolio.isNoted = true;
  state.derived.health.changed.add(portfolio.id);
}

/** Notes that cash of a portfolio fell, or its margin mode changed, without a change of its positions. */
export function noteMargin(state: State, id: PortfolioId): void {
  state.derived.health.changed.add(id);
}

/** Forgets everything; accounts in debt are to be looked at, as are positions that are indexed next. */
export function resetHealth(state: State): void {
  const { expiries, suspects, changed } = state.derived.health;
  for (const mode of MODES) expiries[mode].clear();
  suspects.clear();
  changed.clear();
  for (const [key, { amount }] of state.balances.unorderedEntries()) {
    if (balanceKey.low(key) !== DENOMINATION.usd || amount >= 0n) continue;
    changed.add(balanceKey.high(key) as PortfolioId);
  }
}

/** The greater of index and forward that an expiry is marked at. */
function levelOf(state: State, expiry: number): number {
  const { index, forward } = state.markInputs.must(expiry);
  return Math.max(index, forward);
}

/** Whether a level is more than half above that of before. */
function hasGrown(before: number, level: number): boolean {
  return 2 * level > 3 * before;
}

/** What a lot of a series counts for a drift: under portfolio margin options stand in the arrays. */
function riseOf(known: Drift, before: LotTerms, after: LotTerms): number {
  const rise = lotRise(before, after);
  const isInArrays = known.snapshot !== undefined && !after.risk.isLinear;
  return isInArrays && Number.isFinite(rise) ? 0 : rise;
}

/** Brings the drift of an expiry up to the marks in force: infinite where a bound does not hold on. */
function advance(state: State, expiry: number, known: Drift): void {
  const { byInstrument } = state.derived.marks;
  let rise = 0;
  for (const [instrument, before] of known.lots) {
    if (!byInstrument.has(instrument)) continue;
    const after = lotTerms(state, instrument);
    if (after.risk === before.risk && after.funding === before.funding) continue;
    rise = Math.max(rise, riseOf(known, before, after));
    known.lots.set(instrument, after);
  }
  known.drift += rise;
  advanceArrays(state, expiry, known);
}

/** Of portfolio mode: the part that the arrays tell, which are made anew when series are listed too. */
function advanceArrays(state: State, expiry: number, known: Drift): void {
  if (known.snapshot === undefined) return;
  const risk = riskOf(state, expiry);
  if (risk.arrays === known.snapshot.arrays) return;
  known.drift += modeRise(known.snapshot, risk) * MICRO_USD_PER_UNIT;
  known.snapshot = snapshotOf(risk);
}

/** Moves the drifts of an expiry that was marked in this block; who is to be looked at for it. */
export function takeDrifted(state: State, expiry: number): readonly PortfolioId[] {
  const due: number[] = [];
  for (const mode of MODES) {
    const known = state.derived.health.expiries[mode].get(expiry);
    if (known === undefined) continue;
    advance(state, expiry, known);
    const isOver = !Number.isFinite(known.drift) || hasGrown(known.base, levelOf(state, expiry));
    for (const id of takeDue(known.queue, isOver ? Number.POSITIVE_INFINITY : known.drift)) {
      due.push(id);
    }
    if (known.queue.keys.length === 0) state.derived.health.expiries[mode].delete(expiry);
  }
  return due as PortfolioId[];
}

/** Forgets expiries in which nothing is held any more. O(expiries). */
export function dropEmptyExpiries(state: State): void {
  const { expiries } = state.derived.health;
  const { byExpiry } = state.derived.portfolios;
  for (const mode of MODES) {
    for (const key of expiries[mode].keys()) {
      if (!byExpiry.has(key)) expiries[mode].delete(key);
    }
  }
}

/** The entry of an expiry at the marks in force; `undefined` until everybody in it was looked at. */
function driftOf(state: State, mode: Mode, expiry: number): Drift | undefined {
  const known = state.derived.health.expiries[mode].get(expiry);
  if (known !== undefined) {
    advanceArrays(state, expiry, known);
    return Number.isFinite(known.drift) ? known : undefined;
  }
  const made: Drift = {
    drift: 0,
    queue: dueQueue(),
    base: levelOf(state, expiry),
    lots: new Map(),
    snapshot: mode === 'portfolio' ? snapshotOf(riskOf(state, expiry)) : undefined,
  };
  state.derived.health.expiries[mode].set(expiry, made);
  return made;
}

/** What of an account the bounds are about. */
type Exposure = {
  /** Lots that count, in all. */
  lots: number;
  /** Micro-USD at the index of futures and perpetuals, and of everything. */
  linear: number;
  gross: number;
  /** Bound on the sums of portfolio mode, risk units. */
  magnitude: number;
  /** Whether the sums of every expiry are exact, with slack. */
  isExact: boolean;
  /** Least gross value at which shares of open interest begin to matter, of portfolio mode. */
  free: number;
};

/** Adds an expiry; the lots in it that count. */
function addExposure(state: State, mode: Mode, of: Exposure, expiry: ExpiryHolding): number {
  let counted = 0;
  for (const { risk, position } of expiry.series.values()) {
    const lots = Math.abs(position);
    of.gross += lots * risk.index;
    if (risk.isLinear) of.linear += lots * risk.index;
    if (mode === 'portfolio' || risk.isLinear || position < 0) counted += lots;
  }
  of.lots += counted;
  if (mode === 'standard') {
    of.isExact &&= expiry.isExact && SLACK * magnitude(expiry) < EXACT_LIMIT;
    return counted;
  }
  const { arrays } = riskOf(state, expiry.key);
  of.magnitude += magnitudeOn(arrays, expiry);
  of.free = Math.min(of.free, freeConcentration(arrays) * MICRO_USD_PER_UNIT);
  return counted;
}

/** Whether the bounds hold until something has grown by half. */
function isBounded(mode: Mode, of: Exposure): boolean {
  return mode === 'standard'
    ? of.isExact && SLACK * of.linear <= MOST_NOTIONAL
    : SLACK * of.magnitude < EXACT_UNITS && SLACK * of.gross <= of.free;
}

/** Puts a portfolio where it is looked at next in an expiry; false where it has no place. */
function enqueue(
  state: State,
  mode: Mode,
  expiry: ExpiryHolding,
  place: { readonly id: PortfolioId; readonly cushion: number },
): boolean {
  const known = driftOf(state, mode, expiry.key);
  if (known === undefined) return false;
  for (const { instrument, position, risk } of expiry.series.values()) {
    if (position === 0 || known.lots.has(instrument)) continue;
    const counts = mode === 'portfolio' || risk.isLinear || position < 0;
    if (counts) known.lots.set(instrument, lotTerms(state, instrument));
  }
  setDue(known.queue, place.id, known.drift + place.cushion);
  return true;
}

/**
 * Whether a portfolio with an excess over maintenance, not negative, may be left alone for now; if so it
 * is put where it is looked at next. O(series held + expiries × log accounts).
 */
export function isLeftAlone(state: State, portfolio: Portfolio, excess: bigint): boolean {
  const mode: Mode = portfolio.sums === undefined ? 'standard' : 'portfolio';
  const of: Exposure = {
    lots: 0,
    linear: 0,
    gross: 0,
    magnitude: 0,
    isExact: true,
    free: Number.POSITIVE_INFINITY,
  };
  const held: ExpiryHolding[] = [];
  for (const expiry of portfolio.expiries.values()) {
    if (addExposure(state, mode, of, expiry) > 0) held.push(expiry);
  }
  if (!isBounded(mode, of)) return false;
  const cushion = Math.floor(Number(excess) / of.lots);
  for (const expiry of held) {
    if (!enqueue(state, mode, expiry, { id: portfolio.id, cushion })) return false;
  }
  return true;
}

/**
 * Looks at everybody at the marks in force, as the last mark did: after a node has loaded its rows, so
 * that its next mark is not the one that looks at all. O(accounts with positions).
 */
export function primeHealth(state: State): void {
  const { changed } = state.derived.health;
  for (const [id, portfolio] of state.derived.portfolios.byPortfolio) {
    if (!changed.has(id)) continue;
    const excess = bareExcessOf(state, id);
    if (excess < 0n || !isLeftAlone(state, portfolio, excess)) continue;
    changed.delete(id);
    portfolio.isNoted = false;
  }
}
