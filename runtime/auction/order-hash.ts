/**
 * What breaks a tie between two orders of one auction: a hash of what their owners signed.
 *
 * It covers neither the order's number nor its priority: those are given in the order of accounts, so
 * they would favour the oldest account in every tie; nor what is left of the order, so that it stays
 * the same while the order waits. The block time of its entry is in it, so that the luck of one order
 * is not that of the next; no position in a block is, so a proposer cannot choose it. A hash decides
 * about one lot: grinding `clientOrderId` for a low one wins no more than that.
 */
import { asciiBytes, concatBytes } from '../core/bytes.ts';
import { sha256 } from '../core/hash.ts';
import { container, u8, u32, u64 } from '../core/ssz.ts';
import type { InstrumentId, PortfolioId, PriceTicks, SizeLots } from '../core/units.ts';
import type { Order } from '../matching/order.ts';

const DOMAIN: Uint8Array = asciiBytes('miletus/auction-order/v1');

type Terms = Pick<
  Order,
  'portfolio' | 'instrument' | 'side' | 'price' | 'size' | 'clientOrderId' | 'label' | 'placedAt'
>;

const TermsCodec = container<Terms>('AuctionOrderTerms', {
  portfolio: u64<PortfolioId>(),
  instrument: u32<InstrumentId>(),
  side: u8<Order['side']>(),
  price: u32<PriceTicks>(),
  size: u32<SizeLots>(),
  clientOrderId: u64(),
  label: u64(),
  placedAt: u64<Order['placedAt']>(),
});

/** 32 bytes; two orders alike in every term have the same. ~2 µs. */
export function orderHash(order: Order): Uint8Array {
  const { portfolio, instrument, side, price, size, clientOrderId, label, placedAt } = order;
  const terms = { portfolio, instrument, side, price, size, clientOrderId, label, placedAt };
  return sha256(concatBytes(DOMAIN, TermsCodec.encode(terms)));
}
