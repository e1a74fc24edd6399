/**
 * Governance's hold on trading: states ordered for one instrument or a whole underlying.
 *
 * Source: design/exchange.md §2; the governance issue calls this. Ordered can be `open`, `postOnly`,
 * `reduceOnly` and `halted`; `open` after a halt goes through the restart auction and the post-only
 * time. What the chain does by itself (outage, expiry) is never lifted by an order: the layers of an
 * underlying stand apart, and an expired instrument takes none.
 */
import type { BlockContext } from '../block-context.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { InstrumentId, UnderlyingId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { INSTRUMENT_STATE, type InstrumentState } from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import { changeState, changeStatus, NEXT_STATES, statusOf } from './change-state.ts';
import { startRestart } from './start-auction.ts';

const { open, postOnly, reduceOnly, halted, pending, auction } = INSTRUMENT_STATE;

/** The states that governance can order. */
export const ORDERED_STATES: readonly InstrumentState[] = [open, postOnly, reduceOnly, halted];

export type StateOrder =
  | { readonly kind: 'instrument'; readonly instrument: InstrumentId; readonly to: InstrumentState }
  | {
      readonly kind: 'underlying';
      readonly underlying: UnderlyingId;
      readonly to: InstrumentState;
    };

/**
 * Whether an order leads from a state to another. A series that waits for its first mark, or is in an
 * auction, can only be halted, and a halt only be lifted: both open by an auction, never by order.
 */
function canOrder(from: InstrumentState, to: InstrumentState): boolean {
  if (from === pending || from === auction) return to === halted;
  if (from === halted) return to === open;
  return NEXT_STATES[from].includes(to);
}

function orderInstrument(
  state: State,
  context: BlockContext,
  id: InstrumentId,
  to: InstrumentState,
): Result<void, Refusal> {
  const instrument = state.instruments.get(id);
  if (instrument === undefined) return err(refusal('unknown_instrument', { given: id }));
  if (!ORDERED_STATES.includes(to)) return err(refusal('bad_state', { given: to }));
  const from = instrument.state;
  if (!canOrder(from, to)) return err(refusal('bad_transition', { given: from, allowed: to }));

  // From here it must succeed.
  if (from === halted && to === open) startRestart(state, context, instrument);
  else changeState(state, context, instrument, to);
  return ok(undefined);
}

function orderUnderlying(
  state: State,
  context: BlockContext,
  id: UnderlyingId,
  to: InstrumentState,
): Result<void, Refusal> {
  if (!state.underlyings.has(id)) return err(refusal('unknown_underlying', { given: id }));
  if (!ORDERED_STATES.includes(to)) return err(refusal('bad_state', { given: to }));
  const { governed, automatic } = statusOf(state, id);
  if (governed === to) return err(refusal('bad_transition', { given: governed, allowed: to }));

  // From here it must succeed.
  // A halt by order restarts as one by outage does: the automatic layer is halted with it, and
  // leaves that state by auction when the order is lifted and the index is fresh.
  const haltsNow = to === halted && automatic !== halted;
  changeStatus(
    state,
    context,
    id,
    haltsNow ? { governed: to, automatic: halted } : { governed: to },
  );
  return ok(undefined);
}

/**
 * Orders a state. Errors in order: unknown_instrument or unknown_underlying, bad_state (given: the
 * state), bad_transition (given: the state now, allowed: the one ordered). O(1); O(orders of the
 * book) when an instrument restarts.
 */
export function setInstrumentState(
  state: State,
  context: BlockContext,
  order: StateOrder,
): Result<void, Refusal> {
  switch (order.kind) {
    case 'instrument':
      return orderInstrument(state, context, order.instrument, order.to);
    case 'underlying':
      return orderUnderlying(state, context, order.underlying, order.to);
  }
}
