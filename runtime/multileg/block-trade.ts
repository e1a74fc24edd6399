/**
 * The `blockTrade` action: a negotiated trade of one or several legs, signed by both sides.
 *
 * Source: design/exchange.md §2, design/chain.md §1. The counterparty signs an offer to one taker;
 * the taker's transaction carries it. The offer's signature is verified with the transaction's, at
 * the vote (`validity.ts`), so execution sees only offers that were signed; key, role, expiry and
 * nonce of the counterparty are judged here.
 *
 * The nonce is one of the offering key's window, and is used only when the block trades: a failing
 * attempt leaves the offer as it was, nobody else can burn it, and using the nonce for anything else
 * revokes it. So an offer fills at most once. A block has no tiers, rebates or credits.
 */

import { type Account, ROLE } from '../accounts/account.ts';
import { findKey, placeNonce, registerOwner, useNonce } from '../accounts/admit.ts';
import { offerRefusal, settleOffer } from '../accounts/security/guard-offer.ts';
import { BLOCK_PRICING, type BlockOffer, type BlockTrade } from '../actions/multileg.ts';
import { SIDE } from '../actions/order-terms.ts';
import type { BlockContext } from '../block-context.ts';
import { toHex } from '../core/bytes.ts';
import { assert, err, ok, type Result } from '../core/result.ts';
import {
  type AccountId,
  type Address,
  address,
  type PortfolioId,
  portfolioAccount,
  portfolioId,
} from '../core/units.ts';
import { type Refusal, refusal } from '../error.ts';
import { exactProduct } from '../fees/trade-fee.ts';
import { takeOrderId } from '../matching/order-number.ts';
import { microUsdPerTickLot, type Underlying } from '../options/underlying.ts';
import { priceBand } from '../oracle/price-band.ts';
import { ACTION_RESULT, type ActionResult } from '../receipt.ts';
import { bandRefusal } from '../rules/price-band.ts';
import { nonceKey, type State } from '../state/state.ts';
import { SCHEME, type TransactionSigner } from '../transaction.ts';
import { allocateNet } from './allocate-net.ts';
import { legsRefusal, netBandRefusal, type ValuedLegs, valueLegs } from './check-legs.ts';
import { LEG_TRADE } from './events.ts';
import {
  applyLegTrade,
  feesOf,
  type LegTrade,
  legInterestRefusal,
  legTradeRefusal,
  netOf,
  priceLegs,
} from './leg-trade.ts';

/** What the counterparty's signature stands for, and what using it changes. */
type Counterparty = {
  readonly owner: Address;
  readonly key: { readonly account: Account; readonly position: number };
  readonly portfolio: PortfolioId;
  /** The signer, when it is the account's implicit owner and acts for the first time. */
  readonly newOwner: TransactionSigner | undefined;
  readonly window: number;
  readonly place: number;
};

/**
 * Judges the counterparty. Errors in order: offer_expired, unknown_counterparty, counterparty_key,
 * counterparty_role, offer_nonce (given: the nonce; allowed: the bound that it misses, 0 when used).
 */
function judgeCounterparty(
  state: State,
  context: BlockContext,
  offer: BlockOffer,
): Result<Counterparty, Refusal> {
  if (offer.expiresAt < context.timestamp) {
    return err(refusal('offer_expired', { given: offer.expiresAt, allowed: context.timestamp }));
  }
  const owner = address(toHex(offer.account));
  const account = state.accounts.get(owner);
  if (account === undefined) return err(refusal('unknown_counterparty'));
  // The vote has let no other scheme pass.
  const signer = { scheme: SCHEME.ed25519, publicKey: offer.signer.publicKey };
  const found = findKey(owner, account, signer);
  if (found === undefined || found.key?.removed === true) {
    return err(refusal('counterparty_key', { given: found === undefined ? 0 : 1 }));
  }
  const role = found.key?.role ?? ROLE.owner;
  if (role !== ROLE.owner && role !== ROLE.trade) {
    return err(refusal('counterparty_role', { given: role, allowed: ROLE.trade }));
  }
  const key = { account, position: found.position };
  const guarded = offerRefusal(state, context, key, offer);
  if (guarded !== undefined) return err(guarded);
  const window = nonceKey.pack(account.id, found.position);
  const nonces = state.nonces.get(window)?.nonces ?? [];
  const place = placeNonce(nonces, offer.nonce, context.timestamp);
  if (!place.ok) {
    return err(refusal('offer_nonce', { given: offer.nonce, allowed: place.error.allowed }));
  }
  return ok({
    owner,
    key,
    portfolio: portfolioId(account.id, offer.subAccount),
    newOwner: found.key === undefined ? signer : undefined,
    window,
    place: place.value,
  });
}

/** Whether the offer is to this account, by another: not_offered, own_offer. */
function takerRefusal(
  state: State,
  taker: AccountId,
  offer: BlockOffer,
  maker: PortfolioId,
): Refusal | undefined {
  const named = state.accounts.get(address(toHex(offer.taker)));
  if (named?.id !== taker) return refusal('not_offered', { given: taker });
  if (portfolioAccount(maker) === taker) return refusal('own_offer', { given: taker });
  return undefined;
}

/** Sizes and the form of the prices: block_too_small, bad_block_pricing. */
function formRefusal(underlying: Underlying, offer: BlockOffer): Refusal | undefined {
  const { legs, pricing, net } = offer;
  const least = Math.min(...legs.map(({ lots }) => lots));
  if (least < underlying.blockMinLots) {
    return refusal('block_too_small', { given: least, allowed: underlying.blockMinLots });
  }
  if (pricing !== BLOCK_PRICING.legs && pricing !== BLOCK_PRICING.net) {
    return refusal('bad_block_pricing', { given: pricing, allowed: BLOCK_PRICING.net });
  }
  // Prices that do not count must not be there, so that what is signed reads one way only.
  const stray = pricing === BLOCK_PRICING.legs ? net !== 0n : legs.some(({ price }) => price !== 0);
  return stray ? refusal('bad_block_pricing', { given: pricing }) : undefined;
}

/** Premiums of the legs, inside their bands: price_band for stated prices, net_band for a net one. */
function premiumsOf(
  state: State,
  context: BlockContext,
  offer: BlockOffer,
  { underlying, legs }: ValuedLegs,
): Result<readonly bigint[], Refusal> {
  if (offer.pricing === BLOCK_PRICING.net) {
    const outside = netBandRefusal(legs, offer.net);
    return outside === undefined ? ok(allocateNet(legs, offer.net)) : err(outside);
  }
  const tickValue = microUsdPerTickLot(underlying);
  const premiums: bigint[] = [];
  for (const { instrument, price, lots } of offer.legs) {
    const band = priceBand(state, context, instrument);
    assert(band !== undefined, 'a valued leg has a band');
    const outside = bandRefusal(band, price);
    if (outside !== undefined) return err(outside);
    premiums.push(exactProduct(price * tickValue, lots));
  }
  return ok(premiums);
}

/** The counterparty's refusals as the taker is told them: its limits and its money are its own. */
function makerRefusal(state: State, trade: LegTrade): Refusal | undefined {
  return legTradeRefusal(state, trade, 'maker') === undefined
    ? undefined
    : refusal('counterparty_margin');
}

/**
 * Trades a block. Errors in order: those of `judgeCounterparty`, not_offered, own_offer, those of
 * `legsRefusal` and `valueLegs`, block_too_small, bad_block_pricing, price_band or net_band, those of
 * `legInterestRefusal`, those of `legTradeRefusal` for the taker, counterparty_margin.
 *
 * Cost: O(keys of the counterparty + its nonce window) and two margin checks of the legs.
 */
export function blockTrade(
  state: State,
  context: BlockContext,
  account: AccountId,
  { offer }: BlockTrade,
): Result<ActionResult, Refusal> {
  const judged = judgeCounterparty(state, context, offer);
  if (!judged.ok) return judged;
  const { portfolio: maker } = judged.value;
  const refused =
    takerRefusal(state, account, offer, maker) ?? legsRefusal(state, context, offer.legs);
  if (refused !== undefined) return err(refused);
  const valued = valueLegs(state, context, offer.legs, 1);
  if (!valued.ok) return valued;
  const { underlying, legs } = valued.value;
  const malformed = formRefusal(underlying, offer);
  if (malformed !== undefined) return err(malformed);
  const premiums = premiumsOf(state, context, offer, valued.value);
  if (!premiums.ok) return premiums;
  const taker = portfolioId(account, offer.takerSubAccount);
  const trade: LegTrade = {
    taker,
    maker,
    legs: priceLegs(underlying, legs, premiums.value, SIDE.buy),
  };
  const uncovered =
    legInterestRefusal(state, underlying, trade) ??
    legTradeRefusal(state, trade, 'taker') ??
    makerRefusal(state, trade);
  if (uncovered !== undefined) return err(uncovered);

  // From here it must succeed.
  const { owner, key, newOwner, window, place } = judged.value;
  if (newOwner !== undefined) registerOwner(state, context, owner, newOwner);
  useNonce(state, window, place, offer.nonce);
  settleOffer(state, context, key, offer);
  const reference = takeOrderId(state);
  applyLegTrade(state, context, trade, { kind: LEG_TRADE.block, reference });
  const cash = -netOf(trade.legs, 'taker');
  const fee = feesOf(trade.legs, 'taker');
  return ok({
    selector: ACTION_RESULT.legsTraded,
    value: { reference, counterparty: maker, cash, fee },
  });
}
