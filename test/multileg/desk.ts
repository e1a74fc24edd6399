/** A marked market with accounts of real keys, and the multi-leg actions in short, for tests. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'vitest';
import { ensureAccount } from '../../runtime/accounts/create-account.ts';
import {
  BLOCK_PRICING,
  type BlockLeg,
  type BlockOffer,
  type BlockTrade,
  blockOfferDigest,
  type Leg,
  QUOTE_SIDES,
} from '../../runtime/actions/multileg.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import type { Result } from '../../runtime/core/result.ts';
import {
  type AccountId,
  orderId,
  type PortfolioId,
  portfolioId,
  priceTicks,
  type SubAccount,
  sizeLots,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import type { Refusal } from '../../runtime/error.ts';
import { balanceOf, mint } from '../../runtime/ledger/ledger.ts';
import { valueLegs } from '../../runtime/multileg/check-legs.ts';
import { quoteRequest } from '../../runtime/multileg/quote-request.ts';
import { requestForQuote } from '../../runtime/multileg/request-for-quote.ts';
import type { ActionResult } from '../../runtime/receipt.ts';
import type { State } from '../../runtime/state/state.ts';
import { type TestKey, testKey } from '../fixtures/genesis.ts';
import { MICRO } from '../fixtures/state.ts';
import { type Market, seriesNamed, testMarket } from '../matching/market.ts';

export const MAIN: SubAccount = subAccount(0);

export type Outcome = Result<ActionResult, Refusal>;

export type Trader = {
  readonly key: TestKey;
  readonly account: AccountId;
  readonly portfolio: PortfolioId;
};

/** An account of the key named `name`, with whole dollars in its main sub-account. */
export function trader(market: Market, name: string, dollars: bigint): Trader {
  const key = testKey(name);
  const account = ensureAccount(market.state, market.context, key.address);
  const portfolio = portfolioId(account, MAIN);
  mint(market.state, portfolio, DENOMINATION.usd, dollars * BigInt(MICRO));
  return { key, account, portfolio };
}

/** The test market with a rich taker and two rich makers. */
export function desk(): Market & { taker: Trader; maker: Trader; other: Trader } {
  const market = testMarket();
  const taker = trader(market, 'taker', 1_000_000n);
  const maker = trader(market, 'maker', 1_000_000n);
  const other = trader(market, 'other', 1_000_000n);
  return { ...market, taker, maker, other };
}

export function usdOf(state: State, { portfolio }: Trader): bigint {
  return balanceOf(state, portfolio, DENOMINATION.usd);
}

/** Legs by series name; negative lots are sold. Ascending by instrument. */
export function legsOf(market: Market, lots: Readonly<Record<string, number>>): Leg[] {
  return Object.entries(lots)
    .map(([name, signed]) => ({
      instrument: seriesNamed(market, name),
      side: signed > 0 ? SIDE.buy : SIDE.sell,
      lots: sizeLots(Math.abs(signed)),
    }))
    .sort((a, b) => a.instrument - b.instrument);
}

/** What a unit of the legs costs at the marks, as they are rounded for trades. */
export function netAtMarks(market: Market, legs: readonly Leg[]): bigint {
  const valued = valueLegs(market.state, market.context, legs, 1);
  if (!valued.ok) throw new Error(valued.error.code);
  return valued.value.legs.reduce(
    (sum, { side, markValue }) => sum + (side === SIDE.buy ? markValue : -markValue),
    0n,
  );
}

/** The number that an accepted request or quote was given. */
export function numberOf(result: Result<ActionResult, Refusal>): ReturnType<typeof orderId> {
  if (!result.ok) throw new Error(result.error.code);
  const { value } = result.value;
  if (!('id' in value)) throw new Error('no number in the result');
  return value.id;
}

/** Opens a request of `units` times the legs for ten seconds. */
export function ask(market: Market, who: Trader, legs: Leg[], units = 1): Outcome {
  return requestForQuote(market.state, market.context, who.account, {
    subAccount: MAIN,
    legs,
    units: sizeLots(units),
    expiresAt: timestampMs(market.context.timestamp + 10_000),
  });
}

/** Quotes a request for ten seconds; a side that is left out is not quoted. */
export function answer(
  market: Market,
  who: Trader,
  quote: {
    readonly request: number;
    readonly bid?: bigint;
    readonly ask?: bigint;
    readonly units?: number;
  },
): Outcome {
  const sides =
    quote.bid === undefined
      ? QUOTE_SIDES.ask
      : quote.ask === undefined
        ? QUOTE_SIDES.bid
        : QUOTE_SIDES.both;
  return quoteRequest(market.state, market.context, who.account, {
    subAccount: MAIN,
    request: orderId(quote.request),
    sides,
    bid: quote.bid ?? 0n,
    ask: quote.ask ?? 0n,
    units: sizeLots(quote.units ?? 1),
    expiresAt: timestampMs(market.context.timestamp + 10_000),
  });
}

/** An offer of `maker` to `taker`, at a net price unless the legs have prices. */
export function offerOf(
  market: Market,
  { taker, maker }: { readonly taker: Trader; readonly maker: Trader },
  legs: readonly Leg[],
  price: { readonly net: bigint } | { readonly prices: readonly number[] },
): BlockOffer {
  const blockLegs: BlockLeg[] = legs.map((leg, position) => ({
    ...leg,
    price: priceTicks('prices' in price ? (price.prices[position] ?? 0) : 0),
  }));
  return {
    account: fromHex(maker.key.address) ?? new Uint8Array(20),
    subAccount: MAIN,
    signer: { scheme: 0, publicKey: maker.key.publicKey },
    nonce: market.context.timestamp,
    expiresAt: timestampMs(market.context.timestamp + 60_000),
    taker: fromHex(taker.key.address) ?? new Uint8Array(20),
    takerSubAccount: MAIN,
    legs: blockLegs,
    pricing: 'net' in price ? BLOCK_PRICING.net : BLOCK_PRICING.legs,
    net: 'net' in price ? price.net : 0n,
  };
}

/** The offer with its signature. */
export function signedOffer(chainId: Uint8Array, maker: Trader, offer: BlockOffer): BlockTrade {
  return { offer, signature: ed25519.sign(blockOfferDigest(chainId, offer), maker.key.seed) };
}

/**
 * Asserts an order of precedence: with every fault from the n-th on the n-th is reported, and with
 * none nothing is. `judge` is given which faults are in.
 */
export function expectPrecedence(
  codes: readonly string[],
  judge: (has: (code: string) => boolean) => string,
): void {
  const reported = codes.map((_, from) => judge((code) => codes.indexOf(code) >= from));
  expect(reported).toEqual(codes);
  expect(judge(() => false)).toBe('ok');
}
