/**
 * Which accounts have to be looked at after a mark: an index by how far marks may still move until an
 * account can be short, so that the cost grows with those that are near it, not with all.
 *
 * An account under standard margin is sound while its cash covers every short by itself: cash ≥ Σ short
 * lots × maintenance of a lot. Per expiry the index adds up `drift`: at each mark the greatest rise of
 * that maintenance over the series in which anybody looked at is short. While s lots are short in all,
 * a cushion c over that sum lasts until the drift of one of their expiries has grown by c ÷ s. That
 * drift is the account's place in the queue of each; on reaching it the account is looked at again.
 *
 * Looked at anew are also accounts whose positions or mode changed or whose cash fell, and at each mark
 * those that are not sound by this measure: spreads that rely on each other, portfolio margin, futures.
 *
 * Invariant: whoever is not sound by the measure above is looked at. What is found depends on tables
 * and marks alone: the index only leaves out who is sound. Nothing here is iterated where the order
 * could show.
 */
import { DENOMINATION } from '../actions/transfer.ts';
import { type DueQueue, dueQueue, setDue, takeDue } from '../core/due-queue.ts';
import type { InstrumentId, PortfolioId } from '../core/units.ts';
import { balanceOf } from '../ledger/ledger.ts';
import type { Portfolio } from '../margin/portfolio-index.ts';
import { seriesRisk } from '../margin/series-risk.ts';
import { balanceKey, type State } from '../state/state.ts';

/** An expiry in which somebody who was looked at is short. */
type Drift = {
  /** Micro-USD per lot, since the index was made. */
  drift: number;
  /** Maintenance of a short lot at the last mark, of series in which somebody is short. */
  readonly maintenance: Map<InstrumentId, number>;
  /** Portfolios by the drift at which they are to be looked at. */
  readonly queue: DueQueue;
};

export type HealthIndex = {
  /** By `expiryKey`. */
  readonly expiries: Map<number, Drift>;
  /** Not sound by the measure: looked at after every mark of theirs. */
  readonly suspects: Set<PortfolioId>;
  /** To be looked at with the next mark. */
  readonly changed: Set<PortfolioId>;
};

export function healthIndex(): HealthIndex {
  return { expiries: new Map(), suspects: new Set(), changed: new Set() };
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
  expiries.clear();
  suspects.clear();
  changed.clear();
  for (const [key, { amount }] of state.balances.unorderedEntries()) {
    if (balanceKey.low(key) !== DENOMINATION.usd || amount >= 0n) continue;
    changed.add(balanceKey.high(key) as PortfolioId);
  }
}

/** Moves the drift of an expiry that was marked in this block; who is to be looked at for it. */
export function takeDrifted(state: State, expiry: number): readonly PortfolioId[] {
  const known = state.derived.health.expiries.get(expiry);
  if (known === undefined) return [];
  const { byInstrument } = state.derived.marks;
  let rise = 0;
  for (const [instrument, before] of known.maintenance) {
    if (!byInstrument.has(instrument)) continue;
    const { maintenance } = seriesRisk(state, instrument);
    rise = Math.max(rise, maintenance - before);
    known.maintenance.set(instrument, maintenance);
  }
  known.drift += rise;
  return takeDue(known.queue, known.drift) as PortfolioId[];
}

/** Forgets expiries in which nothing is held any more. O(expiries). */
export function dropEmptyExpiries(state: State): void {
  const { expiries } = state.derived.health;
  const { byExpiry } = state.derived.portfolios;
  for (const key of expiries.keys()) if (!byExpiry.has(key)) expiries.delete(key);
}

/** The entry of an expiry, in which the maintenance of the series is known from now on. */
function driftOf(state: State, expiry: number, instrument: InstrumentId): Drift {
  const { expiries } = state.derived.health;
  let known = expiries.get(expiry);
  if (known === undefined) {
    known = { drift: 0, maintenance: new Map(), queue: dueQueue() };
    expiries.set(expiry, known);
  }
  if (!known.maintenance.has(instrument)) {
    known.maintenance.set(instrument, seriesRisk(state, instrument).maintenance);
  }
  return known;
}

/**
 * Whether the cash of a portfolio covers every short by itself; if so it is put where it is looked at
 * next. O(series held + expiries × log accounts).
 */
export function isSurelySound(state: State, portfolio: Portfolio): boolean {
  if (portfolio.sums !== undefined || portfolio.linear !== undefined) return false;
  let needed = 0;
  let shorts = 0;
  const drifts = new Set<Drift>();
  for (const [instrument, { expiry, holding }] of portfolio.places) {
    const lots = -holding.position;
    if (lots <= 0) continue;
    const known = driftOf(state, expiry.key, instrument);
    drifts.add(known);
    shorts += lots;
    needed += lots * (known.maintenance.get(instrument) ?? 0);
  }
  const cushion = Number(balanceOf(state, portfolio.id, DENOMINATION.usd)) - needed;
  // Sums that doubles do not hold exactly are no proof.
  if (cushion < 0 || needed >= Number.MAX_SAFE_INTEGER) return false;
  for (const known of drifts) {
    setDue(known.queue, portfolio.id, known.drift + Math.floor(cushion / shorts));
  }
  return true;
}
