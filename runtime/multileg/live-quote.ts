/**
 * Requests for quote and the quotes on them: rows that live at most `MAX_QUOTE_LIFE_MS`.
 *
 * Source: design/exchange.md §2. Numbers come from `meta.nextOrderId`, as orders' do: one counter
 * says what came first. Nothing is reserved for a quote: both sides pass initial margin when it is
 * accepted, and when it is made.
 */
import { type Leg, LegCodec, type QuoteSides } from '../actions/multileg.ts';
import { type Codec, container, i128, list, u8, u32, u64 } from '../core/ssz.ts';
import type { OrderId, PortfolioId, SizeLots, TimestampMs } from '../core/units.ts';
import { MAX_LEGS } from '../limits.ts';

/** `units` times the legs, as the requester would buy them. Legs ascend by instrument. */
export type LiveRequest = {
  readonly id: OrderId;
  readonly portfolio: PortfolioId;
  readonly legs: Leg[];
  readonly units: SizeLots;
  readonly placedAt: TimestampMs;
  readonly expiresAt: TimestampMs;
};

/** Net prices in micro-USD a unit, as of the action. */
export type LiveQuote = {
  readonly id: OrderId;
  readonly request: OrderId;
  readonly portfolio: PortfolioId;
  readonly sides: QuoteSides;
  readonly bid: bigint;
  readonly ask: bigint;
  readonly units: SizeLots;
  readonly placedAt: TimestampMs;
  readonly expiresAt: TimestampMs;
};

export const LiveRequestCodec: Codec<LiveRequest> = container<LiveRequest>('LiveRequest', {
  id: u64<OrderId>(),
  portfolio: u64<PortfolioId>(),
  legs: list(LegCodec, MAX_LEGS, 1),
  units: u32<SizeLots>(),
  placedAt: u64<TimestampMs>(),
  expiresAt: u64<TimestampMs>(),
});

export const LiveQuoteCodec: Codec<LiveQuote> = container<LiveQuote>('LiveQuote', {
  id: u64<OrderId>(),
  request: u64<OrderId>(),
  portfolio: u64<PortfolioId>(),
  sides: u8<QuoteSides>(),
  bid: i128(),
  ask: i128(),
  units: u32<SizeLots>(),
  placedAt: u64<TimestampMs>(),
  expiresAt: u64<TimestampMs>(),
});
