/**
 * Actions on several legs from human units: combos, requests for quote, negotiated blocks.
 *
 * Net prices are signed USD for one unit of the legs as written (of a block: for all of it): what the
 * side that takes them as written pays. Leg amounts are coins.
 */
import { ACTION, type Action } from '../../runtime/action.ts';
import {
  BLOCK_PRICING,
  type BlockLeg,
  type BlockOffer,
  BlockOfferCodec,
  blockOfferDigest,
  type Leg,
  QUOTE_SIDES,
  STRUCTURE,
  type Structure,
} from '../../runtime/actions/multileg.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import {
  instrumentId,
  orderId,
  priceTicks,
  sizeLots,
  timestampMs,
} from '../../runtime/core/units.ts';
import { MAX_COMBO_LEGS, MAX_LEGS, MIN_COMBO_LEGS } from '../../runtime/limits.ts';
import { SCHEME } from '../../runtime/transaction.ts';
import { type InputError, inputError, MONEY_DECIMALS, parseDecimal } from './amounts.ts';
import {
  addressOfText,
  checkedInteger,
  checkedSubAccount,
  lotsOfAmount,
  type OrderGrid,
  ticksOfPrice,
} from './input-fields.ts';
import type { KeySigner } from './sign.ts';

const MAX_U32 = 2 ** 32 - 1;

/** Structures as Deribit abbreviates nothing: by their plain names. */
export type StructureName =
  | 'call_spread'
  | 'put_spread'
  | 'straddle'
  | 'strangle'
  | 'risk_reversal'
  | 'calendar'
  | 'butterfly'
  | 'condor';

/** Name → wire number. */
export const STRUCTURES: { readonly [N in StructureName]: Structure } = {
  call_spread: STRUCTURE.callSpread,
  put_spread: STRUCTURE.putSpread,
  straddle: STRUCTURE.straddle,
  strangle: STRUCTURE.strangle,
  risk_reversal: STRUCTURE.riskReversal,
  calendar: STRUCTURE.calendar,
  butterfly: STRUCTURE.butterfly,
  condor: STRUCTURE.condor,
};

/** A leg; `price` in USD per coin is for blocks priced by their legs alone. */
export type LegInput = {
  readonly instrument: OrderGrid;
  readonly side: 'buy' | 'sell';
  readonly amount: string;
  readonly price?: string;
};

export type MultilegActionInput =
  | {
      readonly type: 'createCombo';
      readonly structure: StructureName;
      readonly instrumentIds: readonly number[];
    }
  | {
      readonly type: 'requestForQuote';
      readonly legs: readonly LegInput[];
      readonly units: number;
      readonly validUntil: number;
      readonly subAccount?: number;
    }
  /** A price left out is not quoted. */
  | {
      readonly type: 'quoteRequest';
      readonly request: number;
      readonly bid?: string;
      readonly ask?: string;
      readonly units: number;
      readonly validUntil: number;
      readonly subAccount?: number;
    }
  /** Without `request`: every quote and request of the sub-account. */
  | { readonly type: 'cancelQuotes'; readonly request?: number; readonly subAccount?: number }
  | {
      readonly type: 'acceptQuote';
      readonly request: number;
      readonly side: 'buy' | 'sell';
      readonly limit: string;
      readonly units: number;
    }
  | { readonly type: 'blockTrade'; readonly offer: string; readonly signature: string };

/** Signed USD to micro-USD. */
function netPrice(field: string, text: string): Result<bigint, InputError> {
  return parseDecimal(field, text, MONEY_DECIMALS);
}

/** Legs with their lots, ascending by instrument as the chain wants them. */
function legsOf(inputs: readonly LegInput[]): Result<Leg[], InputError> {
  if (inputs.length < 1 || inputs.length > MAX_LEGS) {
    return inputError('legs', String(inputs.length), `1 to ${MAX_LEGS}`);
  }
  const legs: Leg[] = [];
  for (const [at, { instrument, side, amount }] of inputs.entries()) {
    const lots = lotsOfAmount(instrument, amount, `legs[${at}].amount`);
    if (!lots.ok) return lots;
    const id = instrumentId(instrument.instrument_id);
    if (legs.some((leg) => leg.instrument === id)) {
      return inputError(`legs[${at}]`, instrument.instrument_name, 'each instrument once');
    }
    legs.push({ instrument: id, side: SIDE[side], lots: sizeLots(lots.value) });
  }
  return ok(legs.sort((a, b) => a.instrument - b.instrument));
}

function createCombo(
  input: Extract<MultilegActionInput, { type: 'createCombo' }>,
): Result<Action, InputError> {
  const { length } = input.instrumentIds;
  if (length < MIN_COMBO_LEGS || length > MAX_COMBO_LEGS) {
    return inputError('legs', String(length), `${MIN_COMBO_LEGS} to ${MAX_COMBO_LEGS}`);
  }
  const legs = input.instrumentIds.map((id) => instrumentId(id));
  const structure = STRUCTURES[input.structure];
  return ok({ selector: ACTION.createCombo, value: { structure, legs } });
}

function requestForQuote(
  input: Extract<MultilegActionInput, { type: 'requestForQuote' }>,
): Result<Action, InputError> {
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const legs = legsOf(input.legs);
  if (!legs.ok) return legs;
  const units = checkedInteger('units', input.units, 1, MAX_U32);
  if (!units.ok) return units;
  const value = {
    subAccount: sub.value,
    legs: legs.value,
    units: sizeLots(units.value),
    expiresAt: timestampMs(input.validUntil),
  };
  return ok({ selector: ACTION.requestForQuote, value });
}

function quoteRequest(
  input: Extract<MultilegActionInput, { type: 'quoteRequest' }>,
): Result<Action, InputError> {
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const request = checkedInteger('request', input.request, 1);
  if (!request.ok) return request;
  if (input.bid === undefined && input.ask === undefined) {
    return inputError('bid', 'nothing', 'a bid, an ask, or both');
  }
  const bid = input.bid === undefined ? ok(0n) : netPrice('bid', input.bid);
  if (!bid.ok) return bid;
  const ask = input.ask === undefined ? ok(0n) : netPrice('ask', input.ask);
  if (!ask.ok) return ask;
  const units = checkedInteger('units', input.units, 1, MAX_U32);
  if (!units.ok) return units;
  const sides =
    input.ask === undefined
      ? QUOTE_SIDES.bid
      : input.bid === undefined
        ? QUOTE_SIDES.ask
        : QUOTE_SIDES.both;
  const value = {
    subAccount: sub.value,
    request: orderId(request.value),
    sides,
    bid: bid.value,
    ask: ask.value,
    units: sizeLots(units.value),
    expiresAt: timestampMs(input.validUntil),
  };
  return ok({ selector: ACTION.quoteRequest, value });
}

function acceptQuote(
  input: Extract<MultilegActionInput, { type: 'acceptQuote' }>,
): Result<Action, InputError> {
  const request = checkedInteger('request', input.request, 1);
  if (!request.ok) return request;
  const limit = netPrice('limit', input.limit);
  if (!limit.ok) return limit;
  const units = checkedInteger('units', input.units, 1, MAX_U32);
  if (!units.ok) return units;
  const value = {
    request: orderId(request.value),
    side: SIDE[input.side],
    limit: limit.value,
    units: sizeLots(units.value),
  };
  return ok({ selector: ACTION.acceptQuote, value });
}

/** What a counterparty offers: to trade these legs with this taker, once. */
export type BlockOfferInput = {
  readonly account: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly subAccount?: number;
  /** ms since 1970, unique for the key. */
  readonly nonce: number;
  readonly validUntil: number;
  /** `mil1…` or hex. */
  readonly taker: string;
  readonly takerSubAccount?: number;
  /** As the taker trades them: with a price each, or with `net` for all. */
  readonly legs: readonly LegInput[];
  /** USD that the taker pays in all; negative: receives. */
  readonly net?: string;
};

/** An offer, unsigned. The first error found, in the order of the fields. */
export function buildBlockOffer(input: BlockOfferInput): Result<BlockOffer, InputError> {
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const taker = addressOfText('taker', input.taker);
  if (!taker.ok) return taker;
  const takerSub = checkedSubAccount('takerSubAccount', input.takerSubAccount);
  if (!takerSub.ok) return takerSub;
  const legs = legsOf(input.legs);
  if (!legs.ok) return legs;
  const prices = new Map<number, number>();
  for (const [at, { instrument, price }] of input.legs.entries()) {
    if ((price === undefined) === (input.net === undefined)) {
      const given = price ?? 'nothing';
      return inputError(`legs[${at}].price`, given, 'a price for every leg, or a net price');
    }
    const ticks = price === undefined ? ok(0) : ticksOfPrice(instrument, price);
    if (!ticks.ok) return ticks;
    prices.set(instrument.instrument_id, ticks.value);
  }
  const net = input.net === undefined ? ok(0n) : netPrice('net', input.net);
  if (!net.ok) return net;
  const priced: BlockLeg[] = legs.value.map((leg) => ({
    ...leg,
    price: priceTicks(prices.get(leg.instrument) ?? 0),
  }));
  return ok({
    account: input.account,
    subAccount: sub.value,
    signer: { scheme: SCHEME.ed25519, publicKey: input.publicKey },
    nonce: input.nonce,
    expiresAt: timestampMs(input.validUntil),
    taker: taker.value,
    takerSubAccount: takerSub.value,
    legs: priced,
    pricing: input.net === undefined ? BLOCK_PRICING.legs : BLOCK_PRICING.net,
    net: net.value,
  });
}

/** A signed offer as it is handed over: hex of its SSZ and of the signature over its digest. */
export type SignedOffer = { readonly offer: string; readonly signature: string };

/** Signs an offer for the chain. */
export function signBlockOffer(
  chainId: Uint8Array,
  offer: BlockOffer,
  signer: KeySigner,
): SignedOffer {
  return {
    offer: toHex(BlockOfferCodec.encode(offer)),
    signature: toHex(signer.sign(blockOfferDigest(chainId, offer))),
  };
}

/** The offer of its hex. */
export function decodeBlockOffer(hex: string): Result<BlockOffer, InputError> {
  const bytes = fromHex(hex);
  const offer = bytes && BlockOfferCodec.decode(bytes);
  return offer?.ok ? ok(offer.value) : inputError('offer', hex.slice(0, 40), 'hex of an offer');
}

function blockTrade(
  input: Extract<MultilegActionInput, { type: 'blockTrade' }>,
): Result<Action, InputError> {
  const offer = decodeBlockOffer(input.offer);
  if (!offer.ok) return offer;
  const signature = fromHex(input.signature);
  if (signature?.length !== 64) {
    return inputError('signature', input.signature.slice(0, 40), '128 hex characters');
  }
  return ok({ selector: ACTION.blockTrade, value: { offer: offer.value, signature } });
}

/** One action on several legs, checked. The first error found, in the order of the fields. */
export function buildMultilegAction(input: MultilegActionInput): Result<Action, InputError> {
  switch (input.type) {
    case 'createCombo':
      return createCombo(input);
    case 'requestForQuote':
      return requestForQuote(input);
    case 'quoteRequest':
      return quoteRequest(input);
    case 'cancelQuotes': {
      const sub = checkedSubAccount('subAccount', input.subAccount);
      if (!sub.ok) return sub;
      const request = checkedInteger('request', input.request ?? 0, 0);
      if (!request.ok) return request;
      const value = { subAccount: sub.value, request: orderId(request.value) };
      return ok({ selector: ACTION.cancelQuotes, value });
    }
    case 'acceptQuote':
      return acceptQuote(input);
    case 'blockTrade':
      return blockTrade(input);
  }
}
