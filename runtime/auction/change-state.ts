/**
 * The table of transitions between instrument states, and the one place where a state changes.
 *
 * Source: design/exchange.md §2, §4. docs/spec/auctions.md says what moves along each arrow.
 */
import type { BlockContext } from '../block-context.ts';
import { assert } from '../core/result.ts';
import { timestampMs, type UnderlyingId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { INSTRUMENT_STATE, type Instrument, type InstrumentState } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import { countAuction, indexPhase } from './auction-index.ts';
import type { InstrumentPhase, TradingStatus } from './phase.ts';

const { pending, auction, open, postOnly, reduceOnly, halted, expired, settled } = INSTRUMENT_STATE;

/**
 * The states that may follow each state; of an underlying's automatic layer those that it can have.
 * Out of an auction, or a halt that may have stopped one, leads only what clears the book.
 */
export const NEXT_STATES: { readonly [S in InstrumentState]: readonly InstrumentState[] } = {
  [pending]: [auction, open, halted, expired],
  [auction]: [open, postOnly, halted, expired],
  [open]: [auction, postOnly, reduceOnly, halted, expired],
  [postOnly]: [open, auction, reduceOnly, halted, expired],
  [reduceOnly]: [open, auction, postOnly, halted, expired],
  [halted]: [open, auction, postOnly, expired],
  [expired]: [settled],
  [settled]: [],
};

function assertTransition(from: InstrumentState, to: InstrumentState): void {
  assert(NEXT_STATES[from].includes(to), `an instrument went from state ${from} to ${to}`);
}

/** The phase that comes with a state: nothing for those that end by no clock. */
export type NextPhase = Pick<InstrumentPhase, 'until' | 'isOpening' | 'extended'>;

/** Notes the phase row of an instrument, or takes it away. */
export function setPhase(state: State, instrument: Instrument, phase: NextPhase | undefined): void {
  const { id } = instrument;
  if (phase !== undefined) state.phases.set(id, { instrument: id, ...phase });
  else if (state.phases.has(id)) state.phases.delete(id);
  indexPhase(state, instrument, phase?.until);
}

/** Changes an instrument's own state and says so; `phase` when it ends by itself. O(log n). */
export function changeState(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  to: InstrumentState,
  phase?: NextPhase,
): void {
  const from = instrument.state;
  assertTransition(from, to);
  instrument.state = to;
  state.instruments.touch(instrument.id);
  countAuction(state, from, to);
  setPhase(state, instrument, phase);
  const until = phase?.until ?? timestampMs(0);
  const value = { instrument: instrument.id, state: to, until };
  context.events.push({ selector: EVENT.instrumentState, value });
}

/** An instrument's trading ends for good: its own state is expired, its phase gone. */
export function expireInstrument(
  state: State,
  context: BlockContext,
  instrument: Instrument,
): void {
  changeState(state, context, instrument, expired);
}

/** The layers of an underlying: open where it has no row. Not a copy of a row. */
export function statusOf(state: State, underlying: UnderlyingId): Readonly<TradingStatus> {
  return (
    state.tradingStatus.get(underlying) ?? {
      underlying,
      automatic: open,
      governed: open,
      until: timestampMs(0),
    }
  );
}

/** Changes the layers of an underlying and says so. O(1). */
export function changeStatus(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
  change: Partial<Pick<TradingStatus, 'automatic' | 'governed' | 'until'>>,
): void {
  const before = statusOf(state, underlying);
  const after: TradingStatus = { ...before, ...change };
  // What governance orders can follow anything; what it leads to is the automatic layer's to say.
  if (before.automatic !== after.automatic) assertTransition(before.automatic, after.automatic);
  if (after.automatic === open && after.governed === open) state.tradingStatus.delete(underlying);
  else state.tradingStatus.set(underlying, after);
  countAuction(state, before.automatic, after.automatic);
  context.events.push({ selector: EVENT.tradingStatus, value: { ...after } });
}
