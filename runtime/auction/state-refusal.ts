/**
 * Which actions an instrument's state allows.
 *
 * Source: design/exchange.md §2, §4; docs/spec/auctions.md has the table. Cancels and reductions of
 * size are allowed in every state, but in the last seconds of an opening auction: who could still
 * leave then would move the price that others rely on and trade at none.
 *
 * Errors in order: instrument_not_open (given: the state), post_only_required, reduce_only_required,
 * not_in_auction, no_auction; for cancels auction_frozen.
 */
import { ORDER_TYPE, POST_ONLY, TIME_IN_FORCE } from '../actions/order-terms.ts';
import type { PlaceOrder } from '../actions/orders.ts';
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId } from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import {
  INSTRUMENT_STATE,
  type Instrument,
  type InstrumentState,
  PERPETUAL_EXPIRY,
} from '../options/instrument.ts';
import type { State } from '../state/state.ts';
import type { AuctionKind } from './fill-side.ts';
import { auctionKind, layersOf } from './phase.ts';

/** The terms on which a state has a say; an amended order is judged as one placed now. */
export type StateTerms = Pick<PlaceOrder, 'type' | 'timeInForce' | 'postOnly' | 'reduceOnly'>;

/** States in which an instrument takes no order at all. */
function takesNone(layer: InstrumentState): boolean {
  switch (layer) {
    case INSTRUMENT_STATE.pending:
    case INSTRUMENT_STATE.halted:
    case INSTRUMENT_STATE.expired:
    case INSTRUMENT_STATE.settled:
      return true;
    case INSTRUMENT_STATE.open:
    case INSTRUMENT_STATE.auction:
    case INSTRUMENT_STATE.postOnly:
    case INSTRUMENT_STATE.reduceOnly:
      return false;
  }
}

/** Terms that the kind of matching cannot keep. */
function matchingRefusal(kind: AuctionKind | undefined, terms: StateTerms): Refusal | undefined {
  const { timeInForce, type } = terms;
  if (kind === undefined) {
    const isForAuction = timeInForce === TIME_IN_FORCE.gfa;
    return isForAuction ? refusal('no_auction', { given: timeInForce }) : undefined;
  }
  const isLimitIoc = timeInForce === TIME_IN_FORCE.ioc && type === ORDER_TYPE.limit;
  if (
    timeInForce === TIME_IN_FORCE.fok ||
    timeInForce === TIME_IN_FORCE.gfn ||
    (isLimitIoc && kind === 'call')
  ) {
    return refusal('not_in_auction', { given: timeInForce });
  }
  return undefined;
}

/** Nothing but an open instrument of an underlying without a status: all that trades most days. */
function isPlain(state: State, instrument: Instrument): boolean {
  return instrument.state === INSTRUMENT_STATE.open && state.tradingStatus.size === 0;
}

/** `instrument_not_open` (given: the state), or `undefined`. O(1). */
export function closedRefusal(
  state: State,
  context: BlockContext,
  instrument: Instrument,
): Refusal | undefined {
  if (instrument.expiry <= context.timestamp && instrument.expiry !== PERPETUAL_EXPIRY) {
    return refusal('instrument_not_open', { given: instrument.state });
  }
  if (isPlain(state, instrument)) return undefined;
  const closed = layersOf(state, instrument).find(takesNone);
  return closed === undefined ? undefined : refusal('instrument_not_open', { given: closed });
}

/**
 * Why an instrument that takes orders does not take one of these terms, or `undefined`. Errors in
 * order: post_only_required, reduce_only_required, not_in_auction, no_auction. O(1).
 */
export function termsRefusal(
  state: State,
  instrument: Instrument,
  terms: StateTerms,
): Refusal | undefined {
  if (!isPlain(state, instrument)) {
    const layers = layersOf(state, instrument);
    if (terms.postOnly === POST_ONLY.none && layers.includes(INSTRUMENT_STATE.postOnly)) {
      return refusal('post_only_required');
    }
    if (!terms.reduceOnly && layers.includes(INSTRUMENT_STATE.reduceOnly)) {
      return refusal('reduce_only_required');
    }
  }
  return matchingRefusal(auctionKind(state, instrument), terms);
}

/**
 * Why the state of an instrument does not allow an order, or `undefined`. Errors in order:
 * instrument_not_open, then those of `termsRefusal`. O(1).
 */
export function stateRefusal(
  state: State,
  context: BlockContext,
  instrument: Instrument,
  terms: StateTerms,
): Refusal | undefined {
  return closedRefusal(state, context, instrument) ?? termsRefusal(state, instrument, terms);
}

/**
 * Why an order may not leave the book by its owner's will, nor shrink: the last seconds of an opening
 * auction (allowed: when it ends). Closing by the chain itself (expiry, margin) is not asked. O(1).
 */
export function cancelRefusal(
  state: State,
  context: BlockContext,
  id: InstrumentId,
): Refusal | undefined {
  if (state.derived.auctions.running === 0) return undefined;
  const instrument = state.instruments.must(id);
  if (instrument.state !== INSTRUMENT_STATE.auction) return undefined;
  const phase = state.phases.get(id);
  if (phase === undefined || !phase.isOpening) return undefined;
  const frozenFrom = phase.until - context.parameters.auctionNoCancelMs;
  if (context.timestamp < frozenFrom) return undefined;
  return refusal('auction_frozen', { given: context.timestamp, allowed: phase.until });
}
