/**
 * Renews the marks from index and surface, the latter pulled by the books (`book-pull.ts`).
 *
 * Source: design/exchange.md §3 ("marks move at most once a second, or on an index move of 10 basis
 * points"), §4, §5. An expiry is marked again when its interval has passed or the index has moved,
 * and never from a stale index or slice. Inside the settlement window the forward is the expected
 * delivery: what was sampled, and the voted forward for the rest.
 *
 * Invariant: after every block the marks are what `rebuildMarks` makes of the tables.
 */
import type { BlockContext } from '../block-context.ts';
import { absBigint } from '../core/math.ts';
import type { TimestampMs, UnderlyingId } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { expectedDelivery } from '../options/delivery-price.ts';
import { liveExpiries } from '../options/series-index.ts';
import { expiryKey, type State } from '../state/state.ts';
import { freshIndex } from './freshness.ts';
import { type MarkedSlice, markedSurface } from './marked-surface.ts';
import { markExpiry } from './marks.ts';
import type { MarkInputs } from './price.ts';

/** Values of a mark, without its place and time. */
type MarkValues = Pick<MarkInputs, 'index' | 'forward' | 'theta' | 'u' | 'l' | 'windowMs'>;

function hasMoved(index: number, marked: number, moveBps: number): boolean {
  const move = absBigint(BigInt(index) - BigInt(marked));
  return move * 10_000n >= BigInt(moveBps) * BigInt(marked);
}

/** Whether marks taken last (`undefined`: never) are to be renewed at this index. */
export function isMarkDue(
  context: BlockContext,
  last: MarkInputs | undefined,
  index: number,
): boolean {
  if (last === undefined) return true;
  const { markIntervalMs, markMoveBps } = context.parameters;
  return (
    context.timestamp - last.markedAt >= markIntervalMs || hasMoved(index, last.index, markMoveBps)
  );
}

/** Writes the inputs of an expiry's marks, recomputes these and says so in an event. */
export function setMarkInputs(
  state: State,
  context: BlockContext,
  place: { readonly underlying: UnderlyingId; readonly expiry: TimestampMs },
  values: MarkValues,
): void {
  const key = expiryKey.pack(place.underlying, place.expiry);
  const inputs: MarkInputs = {
    underlying: place.underlying,
    expiry: place.expiry,
    markedAt: context.timestamp,
    ...values,
  };
  state.markInputs.set(key, inputs);
  markExpiry(state, inputs);
  context.events.push({ selector: EVENT.marks, value: { ...inputs } });
}

/** What an expiry would be marked from now, or `undefined` when that is not known. */
function markValues(
  state: State,
  context: BlockContext,
  place: { readonly underlying: UnderlyingId; readonly expiry: TimestampMs },
  index: number,
  slice: MarkedSlice | undefined,
): MarkValues | undefined {
  const key = expiryKey.pack(place.underlying, place.expiry);
  const window = state.settlements.get(key);
  // At delivery the marks were set for good.
  if (window !== undefined && window.deliveryPrice > 0) return undefined;
  const windowMs =
    window === undefined
      ? context.parameters.settlementWindowMs
      : window.slotsToExpiry * window.slotMs;
  if (context.timestamp >= place.expiry) {
    const forward = window === undefined ? index : expectedDelivery(window, index);
    return { index, forward, theta: 0, u: 0, l: 0, windowMs };
  }
  if (slice === undefined) return undefined;
  const { theta, u, l } = slice;
  const forward = window === undefined ? slice.forward : expectedDelivery(window, slice.forward);
  return { index, forward, theta, u, l, windowMs };
}

/** Marks every expiry that is due. Cost: ~300 ns per series marked, and once a second the books' pull. */
export function updateMarks(state: State, context: BlockContext): void {
  for (const underlying of state.underlyings.sortedKeys()) {
    const index = freshIndex(state, context, underlying);
    if (index === undefined) continue;
    const due = liveExpiries(state, underlying).filter((expiry) =>
      isMarkDue(context, state.markInputs.get(expiryKey.pack(underlying, expiry)), index),
    );
    if (due.length === 0) continue;
    const surface = markedSurface(state, context, underlying);
    for (const expiry of due) {
      const place = { underlying, expiry };
      const values = markValues(state, context, place, index, surface.get(expiry));
      if (values !== undefined) setMarkInputs(state, context, place, values);
    }
  }
}
