/**
 * Lists option series by rule: the scheduled expiries, and in each a ladder of strikes that follows
 * the index. Nothing is delisted before its expiry.
 *
 * Source: design/exchange.md §1, design/parameters.md. A series is listed at the latest before its
 * expiry's settlement window opens, and only on a fresh index.
 *
 * Invariants: a call and a put share every strike; strikes are multiples of `optionLotsPerCoin`;
 * instrument numbers ascend and are never reused; at most `MAX_LISTED_PER_BLOCK` series a block.
 */
import type { BlockContext } from '../block-context.ts';
import { type InstrumentId, instrumentId, type TimestampMs, timestampMs } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { freshIndex } from '../oracle/freshness.ts';
import { markNewSeries } from '../oracle/marks.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { expiryKey, metaOf, type State } from '../state/state.ts';
import { scheduledExpiries } from './expiry-schedule.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE, type Instrument } from './instrument.ts';
import { indexSeries } from './series-index.ts';
import { strikeLadder } from './strike-ladder.ts';
import type { Underlying } from './underlying.ts';

/** Series listed in one block: 32 strikes, well below a millisecond; the rest in the next. */
export const MAX_LISTED_PER_BLOCK = 64;
/** Strikes of one expiry: an index that runs far lists no more. */
export const MAX_STRIKES_PER_EXPIRY = 512;
/** Position keys hold 21 bits of instrument number; beyond them nothing more can be listed. */
export const MAX_INSTRUMENT_ID: number = 2_097_151;

function listOne(
  state: State,
  context: BlockContext,
  series: Pick<Instrument, 'underlying' | 'kind' | 'expiry' | 'strike'>,
): void {
  const meta = metaOf(state);
  const id: InstrumentId = meta.nextInstrumentId;
  meta.nextInstrumentId = instrumentId(id + 1);
  state.meta.touch(SINGLETON_KEY);
  const instrument: Instrument = {
    id,
    ...series,
    listedAt: context.timestamp,
    state: INSTRUMENT_STATE.open,
    openInterest: 0,
    deliveryPrice: 0,
  };
  state.instruments.set(id, instrument);
  indexSeries(state, instrument);
  markNewSeries(state, instrument);
  context.events.push({ selector: EVENT.instrumentListed, value: { ...instrument } });
}

/** Lists what is missing of a ladder at one expiry; returns how much of `budget` is left. */
function listLadder(
  state: State,
  context: BlockContext,
  underlying: Underlying,
  place: { readonly expiry: TimestampMs; readonly strikes: readonly number[] },
  budget: number,
): number {
  const { expiry, strikes } = place;
  const { id } = underlying;
  const key = expiryKey.pack(id, expiry);
  let listed = state.derived.series.strikes.get(key);
  for (const strike of strikes) {
    if (listed?.has(strike)) continue;
    if (budget < 2 || (listed?.size ?? 0) >= MAX_STRIKES_PER_EXPIRY) break;
    if (metaOf(state).nextInstrumentId + 1 > MAX_INSTRUMENT_ID) break;
    listOne(state, context, { underlying: id, kind: INSTRUMENT_KIND.call, expiry, strike });
    listOne(state, context, { underlying: id, kind: INSTRUMENT_KIND.put, expiry, strike });
    listed ??= state.derived.series.strikes.get(key);
    budget -= 2;
  }
  return budget;
}

/**
 * Lists every series that the rules ask for now, nearest expiry first, up to the block's budget.
 * Cost: one look-up per strike of the ladders when nothing is missing.
 */
export function listSeries(state: State, context: BlockContext): void {
  let budget = MAX_LISTED_PER_BLOCK;
  const after = timestampMs(context.timestamp + context.parameters.settlementWindowMs);
  for (const id of state.underlyings.sortedKeys()) {
    const index = freshIndex(state, context, id);
    if (index === undefined) continue;
    const underlying = state.underlyings.must(id);
    const strikes = strikeLadder(underlying, index);
    for (const expiry of scheduledExpiries(underlying, after)) {
      if (budget < 2) return;
      budget = listLadder(state, context, underlying, { expiry, strikes }, budget);
    }
  }
}
