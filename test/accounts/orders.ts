/** Orders on the first call that is listed, at a price that tests choose by where it stands to the mark. */
import { ACTION, type Action } from '../../runtime/action.ts';
import { priceTicks, sizeLots, subAccount, timestampMs } from '../../runtime/core/units.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import type { TestChain } from '../fixtures/chain.ts';

export type OrderWish = {
  readonly side: 0 | 1;
  readonly lots: number;
  readonly reduceOnly?: boolean;
  /** Far on the own side of the mark: it rests and gives nothing away. */
  readonly away?: boolean;
  /** So many ticks beyond the mark: it gives them away. */
  readonly over?: number;
};

/** A limit order of sub-account 0 at the mark, or as wished, on the underlying 0. */
export function orderOf(chain: TestChain, wish: OrderWish): Action {
  const { state } = chain;
  const listed = [...state.instruments.unorderedEntries()]
    .map(([, row]) => row)
    .filter(({ kind, underlying }) => kind === INSTRUMENT_KIND.call && underlying === 0)
    .sort((a, b) => a.id - b.id);
  const [series] = listed;
  if (series === undefined) throw new Error('no series is listed');
  const mark = state.derived.marks.byInstrument.get(series.id);
  if (mark === undefined) throw new Error('no mark');
  const ticks = Math.floor(mark.price / 1_000_000);
  const band = mark.band;
  const { side, lots, reduceOnly = false, away = false, over = 0 } = wish;
  const sign = side === 0 ? 1 : -1;
  const wanted = away ? ticks - sign * Math.floor(ticks / 20) : ticks + sign * over;
  const price = band === undefined ? wanted : Math.max(band.low, Math.min(band.high, wanted));
  return {
    selector: ACTION.placeOrder,
    value: {
      subAccount: subAccount(0),
      instrument: series.id,
      side,
      type: 0,
      timeInForce: 0,
      postOnly: 0,
      reduceOnly,
      selfTradePrevention: 0,
      price: priceTicks(price),
      size: sizeLots(lots),
      displaySize: sizeLots(0),
      expiresAt: timestampMs(0),
      clientOrderId: 0,
      label: 0,
    },
  };
}
