/** Whether an order that enters is matched at once, or collected for an auction. */

import { auctionKind } from '../auction/phase.ts';
import type { Instrument } from '../options/instrument.ts';
import type { State } from '../state/state.ts';

export const PHASE = { continuous: 0, collecting: 1 } as const;
export type Phase = (typeof PHASE)[keyof typeof PHASE];

/** The phase of an instrument that takes orders. O(1). */
export function tradingPhase(state: State, instrument: Instrument): Phase {
  return auctionKind(state, instrument) === undefined ? PHASE.continuous : PHASE.collecting;
}
