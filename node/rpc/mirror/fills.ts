/** Trades as the mirror keeps them: of a book or an auction, or of a leg of something larger. */
import { orderId } from '../../../runtime/core/units.ts';
import type { TradeEvent } from '../../../runtime/event.ts';
import { LEG_TRADE, type LegTradeEvent } from '../../../runtime/multileg/events.ts';
import { microUsdPerTickLot } from '../../../runtime/options/underlying.ts';
import { type MarketMirror, type MirrorFill, zeroTicksOf } from './market.ts';

/** A trade of a book with its premium, which is exact: tick × lot is whole micro-USD. */
export function bookFill(mirror: MarketMirror, event: TradeEvent): MirrorFill {
  const instrument = mirror.instruments.get(event.instrument);
  const zero = instrument === undefined ? 0 : zeroTicksOf(instrument.row);
  const tickValue = instrument === undefined ? 0 : microUsdPerTickLot(instrument.underlying);
  const premium = BigInt(event.price - zero) * BigInt(event.lots) * BigInt(tickValue);
  return { ...event, premium, kind: 'book', reference: 0 };
}

const LEG_KIND: { readonly [kind: number]: MirrorFill['kind'] } = {
  [LEG_TRADE.combo]: 'combo',
  [LEG_TRADE.quote]: 'rfq',
  [LEG_TRADE.block]: 'block',
};

/** A leg: it has a premium, and no orders of its own. */
export function legFill(event: LegTradeEvent): MirrorFill {
  const none = orderId(0);
  const kind = LEG_KIND[event.kind] ?? 'block';
  return { ...event, price: undefined, makerOrder: none, takerOrder: none, kind };
}
