/**
 * Fills the slots of the settlement windows that are open.
 *
 * Source: design/exchange.md §5. A window opens its length before the expiry. The first block in a
 * slot that has a fresh index gives the slot's sample; a slot without such a block stays empty.
 * When a window ends with more than a tenth of its slots missing, it is extended by as many slots as
 * are missing, again and again, at most to twice its length; then what there is decides. A window
 * without any sample waits for the next fresh index, which then decides alone: a price from before
 * an outage settles nothing.
 */
import type { BlockContext } from '../block-context.ts';
import { accountId, instrumentId, portfolioId, subAccount, timestampMs } from '../core/units.ts';
import { freshIndex } from '../oracle/freshness.ts';
import { expiryKey, type State } from '../state/state.ts';
import { dueExpiries, type ExpiryPlace } from './due-expiries.ts';
import type { SettlementWindow } from './settlement.ts';
import { storeSample } from './settlement-samples.ts';

/** First moment after the window. */
export function windowEnd(window: SettlementWindow): number {
  return window.opensAt + window.slots * window.slotMs;
}

/** Slots that are needed for at most a tenth to be missing. */
function missingSlots(window: SettlementWindow): number {
  const missing = Math.max(0, window.slotsToExpiry - window.sampled);
  return missing * 10 > window.slotsToExpiry ? missing : 0;
}

/** Whether the delivery price can be taken: the window is over, and will not be extended. */
export function isWindowOver(window: SettlementWindow, now: number): boolean {
  if (now < windowEnd(window) || window.sampled === 0) return false;
  return missingSlots(window) === 0 || window.slots >= 2 * window.slotsToExpiry;
}

function openWindow(state: State, context: BlockContext, place: ExpiryPlace): SettlementWindow {
  const key = expiryKey.pack(place.underlying, place.expiry);
  const open = state.settlements.get(key);
  if (open !== undefined) return open;
  const { settlementSlots, settlementWindowMs } = context.parameters;
  const slotMs = Math.max(1, Math.floor(settlementWindowMs / settlementSlots));
  const window: SettlementWindow = {
    ...place,
    opensAt: timestampMs(place.expiry - settlementSlots * slotMs),
    slotMs,
    slotsToExpiry: settlementSlots,
    slots: settlementSlots,
    decided: 0,
    sampled: 0,
    sum: 0n,
    lastSample: 0,
    deliveryPrice: 0,
    cursorInstrument: instrumentId(0),
    cursorPortfolio: portfolioId(accountId(0), subAccount(0)),
    paidLots: 0,
    settled: false,
  };
  state.settlements.set(key, window);
  return window;
}

/** Extends a window that is over with too many slots missing; true when it changed. */
function extendWindow(window: SettlementWindow, now: number): boolean {
  const missing = missingSlots(window);
  const most = 2 * window.slotsToExpiry;
  const before = window.slots;
  while (missing > 0 && window.slots < most && now >= windowEnd(window)) {
    window.slots = Math.min(most, window.slots + missing);
  }
  return window.slots !== before;
}

/** Puts the index into the block's slot if that is open and empty; true when it did. O(1). */
function sample(state: State, window: SettlementWindow, now: number, index: number): boolean {
  const slot = Math.floor((now - window.opensAt) / window.slotMs);
  const isLastResort = window.sampled === 0 && window.slots >= 2 * window.slotsToExpiry;
  const target = isLastResort ? Math.min(slot, window.slots - 1) : slot;
  if (slot < 0 || target >= window.slots || target < window.decided) return false;
  storeSample(state, window, target, index);
  // A missing slot carries the last sample; those before the first carry that one.
  const carried = window.sampled === 0 ? index : window.lastSample;
  window.sum += BigInt(target - window.decided) * BigInt(carried) + BigInt(index);
  window.decided = target + 1;
  window.sampled += 1;
  window.lastSample = index;
  return true;
}

/**
 * Opens, extends and samples the settlement windows of this moment.
 * Cost: O(open windows), whatever their number of slots.
 */
export function sampleSettlements(state: State, context: BlockContext): void {
  const now = context.timestamp;
  const until = timestampMs(now + context.parameters.settlementWindowMs);
  for (const place of dueExpiries(state, until)) {
    const window = openWindow(state, context, place);
    if (window.deliveryPrice > 0) continue;
    const extended = extendWindow(window, now);
    const index = freshIndex(state, context, place.underlying);
    const sampled = index !== undefined && sample(state, window, now, index);
    if (extended || sampled) {
      state.settlements.touch(expiryKey.pack(place.underlying, place.expiry));
    }
  }
}
