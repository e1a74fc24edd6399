/**
 * The actions on several legs at once: formats. Combos, requests for quote, negotiated blocks.
 *
 * Source: design/exchange.md §2. Net prices are signed micro-USD: what the side that takes the legs
 * as written pays. A block's offer is signed by the counterparty under a domain of its own.
 */
import { DOMAIN, signingDigest } from '../core/hash.ts';
import { byteList, bytes, type Codec, container, i128, list, u8, u32, u64 } from '../core/ssz.ts';
import type {
  InstrumentId,
  OrderId,
  PriceTicks,
  SizeLots,
  SubAccount,
  TimestampMs,
} from '../core/units.ts';
import {
  MAX_COMBO_LEGS,
  MAX_LEGS,
  MAX_PUBLIC_KEY_BYTES,
  MAX_SIGNATURE_BYTES,
  MIN_COMBO_LEGS,
} from '../limits.ts';
import type { Side } from './order-terms.ts';

/** A leg, as the one who takes the structure "as written" trades it. */
export type Leg = {
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly lots: SizeLots;
};

export const LegCodec: Codec<Leg> = container<Leg>('Leg', {
  instrument: u32<InstrumentId>(),
  side: u8<Side>(),
  lots: u32<SizeLots>(),
});

/** Listed structures; numbers are wire and state format, append-only. */
export const STRUCTURE = {
  callSpread: 0,
  putSpread: 1,
  straddle: 2,
  strangle: 3,
  riskReversal: 4,
  calendar: 5,
  butterfly: 6,
  condor: 7,
} as const;
export type Structure = (typeof STRUCTURE)[keyof typeof STRUCTURE];

/** Lists a combo of these series. The structure says the sides and ratios; any order of the legs. */
export type CreateCombo = { readonly structure: Structure; readonly legs: InstrumentId[] };

/** Asks for quotes on `units` times the legs, live until `expiresAt`. Legs ascend by instrument. */
export type RequestForQuote = {
  readonly subAccount: SubAccount;
  readonly legs: Leg[];
  readonly units: SizeLots;
  readonly expiresAt: TimestampMs;
};

/** Which prices of a quote count. */
export const QUOTE_SIDES = { both: 0, bid: 1, ask: 2 } as const;
export type QuoteSides = (typeof QUOTE_SIDES)[keyof typeof QUOTE_SIDES];

/** Net prices for a unit of a request: the maker's last quote on it is replaced. */
export type QuoteRequest = {
  readonly subAccount: SubAccount;
  readonly request: OrderId;
  readonly sides: QuoteSides;
  /** What the maker pays for a unit as written, and what it wants for one; 0 where not quoted. */
  readonly bid: bigint;
  readonly ask: bigint;
  readonly units: SizeLots;
  readonly expiresAt: TimestampMs;
};

/** Withdraws the sub-account's quotes and requests: of one request, or all when that is 0. */
export type CancelQuotes = { readonly subAccount: SubAccount; readonly request: OrderId };

/** Trades a request of the account with the best quote whose net price is inside the limit. */
export type AcceptQuote = {
  readonly request: OrderId;
  /** `buy` takes the legs as written. */
  readonly side: Side;
  /** Micro-USD a unit: most to pay when buying, least to receive when selling. */
  readonly limit: bigint;
  readonly units: SizeLots;
};

/** What the prices of a block are. */
export const BLOCK_PRICING = { legs: 0, net: 1 } as const;
export type BlockPricing = (typeof BLOCK_PRICING)[keyof typeof BLOCK_PRICING];

/** A leg of a block; `price` is 0 where the block has a net price. */
export type BlockLeg = Leg & { readonly price: PriceTicks };

/** A signer of an offer: the scheme's number and the key's bytes. */
export type OfferSigner = { readonly scheme: number; readonly publicKey: Uint8Array };

/** What the counterparty signs: to trade exactly this, once, with exactly this taker. */
export type BlockOffer = {
  /** 20 address bytes of the counterparty. */
  readonly account: Uint8Array;
  readonly subAccount: SubAccount;
  readonly signer: OfferSigner;
  /** Milliseconds; used in the window of (account, signer) when the block trades. */
  readonly nonce: number;
  /** The offer is void in blocks with a later timestamp. */
  readonly expiresAt: TimestampMs;
  /** 20 address bytes of the only account that may take it. */
  readonly taker: Uint8Array;
  readonly takerSubAccount: SubAccount;
  /** As the taker trades them, ascending by instrument. */
  readonly legs: BlockLeg[];
  readonly pricing: BlockPricing;
  /** Micro-USD that the taker pays in all; 0 where the legs have prices. */
  readonly net: bigint;
};

/** Takes an offer. The transaction's account is the taker. */
export type BlockTrade = { readonly offer: BlockOffer; readonly signature: Uint8Array };

export const CreateComboCodec: Codec<CreateCombo> = container<CreateCombo>('CreateCombo', {
  structure: u8<Structure>(),
  legs: list(u32<InstrumentId>(), MAX_COMBO_LEGS, MIN_COMBO_LEGS),
});
export const RequestForQuoteCodec: Codec<RequestForQuote> = container<RequestForQuote>(
  'RequestForQuote',
  {
    subAccount: u8<SubAccount>(),
    legs: list(LegCodec, MAX_LEGS, 1),
    units: u32<SizeLots>(),
    expiresAt: u64<TimestampMs>(),
  },
);
export const QuoteRequestCodec: Codec<QuoteRequest> = container<QuoteRequest>('QuoteRequest', {
  subAccount: u8<SubAccount>(),
  request: u64<OrderId>(),
  sides: u8<QuoteSides>(),
  bid: i128(),
  ask: i128(),
  units: u32<SizeLots>(),
  expiresAt: u64<TimestampMs>(),
});
export const CancelQuotesCodec: Codec<CancelQuotes> = container<CancelQuotes>('CancelQuotes', {
  subAccount: u8<SubAccount>(),
  request: u64<OrderId>(),
});
export const AcceptQuoteCodec: Codec<AcceptQuote> = container<AcceptQuote>('AcceptQuote', {
  request: u64<OrderId>(),
  side: u8<Side>(),
  limit: i128(),
  units: u32<SizeLots>(),
});
export const BlockOfferCodec: Codec<BlockOffer> = container<BlockOffer>('BlockOffer', {
  account: bytes(20),
  subAccount: u8<SubAccount>(),
  signer: container<OfferSigner>('OfferSigner', {
    scheme: u8(),
    publicKey: byteList(MAX_PUBLIC_KEY_BYTES),
  }),
  nonce: u64(),
  expiresAt: u64<TimestampMs>(),
  taker: bytes(20),
  takerSubAccount: u8<SubAccount>(),
  legs: list(
    container<BlockLeg>('BlockLeg', {
      instrument: u32<InstrumentId>(),
      side: u8<Side>(),
      lots: u32<SizeLots>(),
      price: u32<PriceTicks>(),
    }),
    MAX_LEGS,
    1,
  ),
  pricing: u8<BlockPricing>(),
  net: i128(),
});
export const BlockTradeCodec: Codec<BlockTrade> = container<BlockTrade>('BlockTrade', {
  offer: BlockOfferCodec,
  signature: byteList(MAX_SIGNATURE_BYTES),
});

/** The 32 bytes that the counterparty of a block signs. */
export function blockOfferDigest(chainId: Uint8Array, offer: BlockOffer): Uint8Array {
  return signingDigest(DOMAIN.blockOffer, chainId, BlockOfferCodec.encode(offer));
}
