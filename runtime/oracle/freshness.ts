/**
 * Whether the oracle can be relied on now.
 *
 * Source: design/exchange.md §4, "Oracle outage". With a stale oracle only cancels are possible,
 * marks stay as they were, nothing is listed and no settlement slot is filled.
 */
import type { BlockContext } from '../block-context.ts';
import type { InstrumentId, TimestampMs, UnderlyingId } from '../core/units.ts';
import type { State } from '../state/state.ts';
import type { Mark } from './marks.ts';

/** Whether something taken at `updatedAt` is not yet older than the oracle's stale age. */
export function isFresh(context: BlockContext, updatedAt: TimestampMs): boolean {
  return context.timestamp - updatedAt <= context.parameters.oracleStaleMs;
}

/** The index in micro-USD per coin, or `undefined` when there is none or it is stale. */
export function freshIndex(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
): number | undefined {
  const row = state.indexPrices.get(underlying);
  if (row === undefined || row.index === 0 || !isFresh(context, row.updatedAt)) return undefined;
  return row.index;
}

/** Whether an underlying's index is fresh: without it only cancels are possible (`no_mark`). */
export function isMarkFresh(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
): boolean {
  return freshIndex(state, context, underlying) !== undefined;
}

/**
 * The mark of an instrument to trade on, or `undefined` (`no_mark`) when the index is stale, or its
 * own mark was not renewed in time because its slice is.
 */
export function freshMark(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
): Mark | undefined {
  const mark = state.derived.marks.byInstrument.get(instrument);
  const row = state.instruments.get(instrument);
  if (mark === undefined || row === undefined) return undefined;
  // A mark is renewed at its interval, so with one above the stale age the interval is the limit.
  const { oracleStaleMs, markIntervalMs } = context.parameters;
  const oldest = context.timestamp - Math.max(oracleStaleMs, markIntervalMs);
  if (mark.markedAt < oldest || !isMarkFresh(state, context, row.underlying)) return undefined;
  return mark;
}
