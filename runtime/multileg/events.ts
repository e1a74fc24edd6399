/** What happened to several legs at once: formats of their events. */
import type { Side } from '../actions/order-terms.ts';
import { type Codec, container, i128, u8, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, OrderId, PortfolioId, SizeLots } from '../core/units.ts';

/** What a leg was traded by; numbers are wire format. */
export const LEG_TRADE = { combo: 0, quote: 1, block: 2 } as const;
export type LegTradeKind = (typeof LEG_TRADE)[keyof typeof LEG_TRADE];

/**
 * A leg traded at a premium that need not be a whole number of ticks. Legs of one trade follow one
 * another in the order of its legs.
 */
export type LegTradeEvent = {
  readonly kind: LegTradeKind;
  /** Number of the combo's instrument, of the quote, or of the block. */
  readonly reference: number;
  readonly instrument: InstrumentId;
  readonly lots: SizeLots;
  /** Side of the taker. */
  readonly side: Side;
  /** Micro-USD for all the lots. */
  readonly premium: bigint;
  readonly maker: PortfolioId;
  readonly taker: PortfolioId;
  readonly makerFee: bigint;
  readonly takerFee: bigint;
};

export const LegTradeEventCodec: Codec<LegTradeEvent> = container<LegTradeEvent>('LegTradeEvent', {
  kind: u8<LegTradeKind>(),
  reference: u64(),
  instrument: u32<InstrumentId>(),
  lots: u32<SizeLots>(),
  side: u8<Side>(),
  premium: i128(),
  maker: u64<PortfolioId>(),
  taker: u64<PortfolioId>(),
  makerFee: i128(),
  takerFee: i128(),
});

/** Why a request or a quote ended; numbers are wire format. */
export const QUOTE_END = { traded: 0, withdrawn: 1, replaced: 2, expired: 3 } as const;
export type QuoteEnd = (typeof QUOTE_END)[keyof typeof QUOTE_END];

/** A request or a quote ended. The quotes of a request end before it, for the same reason. */
export type QuoteClosedEvent = { readonly id: OrderId; readonly reason: QuoteEnd };

export const QuoteClosedEventCodec: Codec<QuoteClosedEvent> = container<QuoteClosedEvent>(
  'QuoteClosedEvent',
  { id: u64<OrderId>(), reason: u8<QuoteEnd>() },
);
