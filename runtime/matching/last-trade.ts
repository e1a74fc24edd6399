/**
 * The last trade of every series: a price that triggers go by.
 *
 * A trade of a block moves triggers of the next block and not its own, so the row keeps the price of
 * the block before beside it.
 */
import type { BlockContext } from '../block-context.ts';
import { type InstrumentId, type PriceTicks, priceTicks } from '../core/units.ts';
import type { State } from '../state/state.ts';

/** Notes the last trade of a match. O(1). */
export function noteLastTrade(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
  price: PriceTicks,
): void {
  const row = state.lastTrades.edit(instrument);
  if (row === undefined) {
    const { height } = context;
    state.lastTrades.set(instrument, { instrument, price, height, previous: priceTicks(0) });
  } else {
    if (row.height !== context.height) {
      row.previous = row.price;
      row.height = context.height;
    }
    row.price = price;
  }
  state.derived.triggers.traded.add(instrument);
}

/** Price in ticks of the last trade of a block before this; 0: there was none. O(1). */
export function lastPriceBefore(
  state: State,
  context: BlockContext,
  instrument: InstrumentId,
): number {
  const row = state.lastTrades.get(instrument);
  if (row === undefined) return 0;
  return row.height === context.height ? row.previous : row.price;
}
