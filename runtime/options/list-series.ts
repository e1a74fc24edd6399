/**
 * Lists option series by rule: the scheduled expiries, and in each the strikes that `strike-rule.ts`
 * asks for. Strikes are added as the index moves; nothing is delisted before its expiry.
 *
 * Source: design/exchange.md §1, design/parameters.md. A series is listed at the latest before its
 * expiry's settlement window opens, and only on a fresh index.
 *
 * Invariants: a call and a put share every strike; strikes are multiples of `optionLotsPerCoin`;
 * instrument numbers ascend and are never reused; no two unsettled instruments have the same number
 * modulo `POSITION_INSTRUMENTS`; at most `MAX_LISTED_PER_BLOCK` series a block.
 */
import { awaitOpening, listingState } from '../auction/start-auction.ts';
import type { BlockContext } from '../block-context.ts';
import { type InstrumentId, instrumentId, type TimestampMs, timestampMs } from '../core/units.ts';
import { EVENT } from '../event.ts';
import { freshIndex } from '../oracle/freshness.ts';
import { markNewSeries } from '../oracle/marks.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { expiryKey, metaOf, POSITION_INSTRUMENTS, type State } from '../state/state.ts';
import { scheduledExpiries } from './expiry-schedule.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE, type Instrument } from './instrument.ts';
import { indexSeries } from './series-index.ts';
import { sameInputs, strikeInputs, strikesOf } from './strike-rule.ts';
import type { Underlying } from './underlying.ts';

/** Series listed in one block: 32 strikes, well below a millisecond; the rest in the next. */
export const MAX_LISTED_PER_BLOCK = 64;
/** Strikes of one expiry: an index that runs far lists no more. */
export const MAX_STRIKES_PER_EXPIRY = 512;
/** Instrument numbers are u32: at 10,000 series a day, a thousand years. */
const MAX_INSTRUMENT_ID: number = 2 ** 32 - 1;

/** Whether an instrument not yet settled has this number modulo `POSITION_INSTRUMENTS`. */
function isNumberTaken(state: State, id: number): boolean {
  for (let other = id - POSITION_INSTRUMENTS; other > 0; other -= POSITION_INSTRUMENTS) {
    const instrument = state.instruments.get(instrumentId(other));
    if (instrument !== undefined && instrument.state !== INSTRUMENT_STATE.settled) return true;
  }
  return false;
}

/**
 * The next number for an instrument, or `undefined` when there are no more. Cost: O(1) below 2²¹
 * instruments, then one look-up for every 2²¹ before; skips a number for each that is taken.
 */
export function nextInstrumentNumber(state: State): InstrumentId | undefined {
  let id: number = metaOf(state).nextInstrumentId;
  while (isNumberTaken(state, id)) id += 1;
  return id <= MAX_INSTRUMENT_ID ? instrumentId(id) : undefined;
}

/**
 * Lists one instrument, in the state of `listingState`; `undefined` when no number is left. The caller
 * keeps to the rules of what is listed. O(1).
 */
export function listInstrument(
  state: State,
  context: BlockContext,
  series: Pick<Instrument, 'underlying' | 'kind' | 'expiry' | 'strike'>,
): InstrumentId | undefined {
  const meta = metaOf(state);
  const id = nextInstrumentNumber(state);
  if (id === undefined) return undefined;
  meta.nextInstrumentId = instrumentId(id + 1);
  state.meta.touch(SINGLETON_KEY);
  const instrument: Instrument = {
    id,
    ...series,
    listedAt: context.timestamp,
    state: listingState(context),
    openInterest: 0,
    deliveryPrice: 0,
  };
  state.instruments.set(id, instrument);
  indexSeries(state, instrument);
  markNewSeries(state, instrument);
  awaitOpening(state, instrument);
  context.events.push({ selector: EVENT.instrumentListed, value: { ...instrument } });
  return id;
}

/** An expiry with the strikes that it should have. */
type Place = { readonly expiry: TimestampMs; readonly strikes: readonly number[] };

/** Lists what is missing of an expiry; returns how much of `budget` is left, -1 when it ran out. */
function listMissing(
  state: State,
  context: BlockContext,
  { id }: Underlying,
  { expiry, strikes }: Place,
  budget: number,
): number {
  const key = expiryKey.pack(id, expiry);
  let listed = state.derived.series.strikes.get(key);
  for (const strike of strikes) {
    if (listed?.has(strike)) continue;
    if ((listed?.size ?? 0) >= MAX_STRIKES_PER_EXPIRY) break;
    if (budget < 2) return -1;
    const { call, put } = INSTRUMENT_KIND;
    const pair = { underlying: id, expiry, strike };
    if (listInstrument(state, context, { ...pair, kind: call }) === undefined) break;
    if (listInstrument(state, context, { ...pair, kind: put }) === undefined) break;
    listed ??= state.derived.series.strikes.get(key);
    budget -= 2;
  }
  return budget;
}

/**
 * Lists every series that the rules ask for now, nearest expiry first, up to the block's budget.
 *
 * `listedFor` remembers the inputs whose strikes are all listed. They are not looked at again until
 * an input changes: listing is idempotent, so a node that forgot them lists nothing else.
 * Cost: O(expiries) when no index and no slice moved, else ~150 ns per strike of those that did.
 */
export function listSeries(state: State, context: BlockContext): void {
  let budget = MAX_LISTED_PER_BLOCK;
  const { listedFor } = state.derived.series;
  const after = timestampMs(context.timestamp + context.parameters.settlementWindowMs);
  for (const id of state.underlyings.sortedKeys()) {
    const index = freshIndex(state, context, id);
    if (index === undefined) continue;
    const underlying = state.underlyings.must(id);
    for (const expiry of scheduledExpiries(underlying, after)) {
      const key = expiryKey.pack(id, expiry);
      const inputs = strikeInputs(state, context, underlying, { expiry, index });
      if (sameInputs(listedFor.get(key), inputs)) continue;
      const strikes = strikesOf(underlying, inputs);
      budget = listMissing(state, context, underlying, { expiry, strikes }, budget);
      if (budget < 0) return;
      listedFor.set(key, inputs);
    }
  }
}
