/**
 * A thin book in the perpetual of each underlying, on chain: one quoter from outside, and liquidators who
 * hedge the deltas of what they took with it.
 *
 * The quoter shows `perpetualDepthUsd` on each side, half a spread from the index, anew in every block, and
 * takes its risk elsewhere: its account is rich and no part of what is counted. A liquidator whose delta
 * is more than `HEDGE_SHARE` of its equity sends an order that trades at once or not, at most for
 * `HEDGE_USD` a block.
 */
import { ACTION, type Action } from '../runtime/action.ts';
import { POST_ONLY, SIDE, type Side, TIME_IN_FORCE } from '../runtime/actions/order-terms.ts';
import { cancelAllOf, PLAIN_TERMS } from '../runtime/actions/orders.ts';
import {
  type InstrumentId,
  type PortfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  type UnderlyingId,
  underlyingId,
} from '../runtime/core/units.ts';
import { markValueOf } from '../runtime/margin/excess.ts';
import { optionKind } from '../runtime/options/instrument.ts';
import { callDelta } from '../runtime/pricing/black76.ts';
import { expiryKey, type State } from '../runtime/state/state.ts';
import { UNDERLYINGS } from './crash-days.ts';
import { MICRO, type SignedActions, type Signer } from './exchange.ts';
import type { Replay } from './replay.ts';
import { THIN_BOOKS } from './thin-books.ts';

/** Of its equity, the delta that a liquidator leaves open. */
const HEDGE_SHARE = 0.1;
/** Most of an order that hedges. */
const HEDGE_USD = 500_000;
/** How far from the index a hedge may trade. */
const HEDGE_LIMIT = 0.01;
const THETA_SCALE = 1e12;

/** USD of cash that the quoter has: no order of it is ever refused. */
export const QUOTER_USD = 10_000_000_000;

type OrderFacts = {
  readonly instrument: InstrumentId;
  readonly side: Side;
  readonly usd: number;
  readonly priceUsd: number;
  readonly isQuote: boolean;
};

function perpetualOrder(
  state: State,
  underlying: UnderlyingId,
  facts: OrderFacts,
): Action | undefined {
  const terms = state.underlyings.must(underlying);
  const { instrument, side, usd, priceUsd, isQuote } = facts;
  const lots = Math.floor((usd / priceUsd) * terms.futureLotsPerCoin);
  const ticks = Math.round((priceUsd * MICRO) / terms.futureTickMicroUsd);
  if (lots < 1 || ticks < 1) return undefined;
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument,
      side,
      timeInForce: isQuote ? TIME_IN_FORCE.gtc : TIME_IN_FORCE.ioc,
      postOnly: isQuote ? POST_ONLY.reject : POST_ONLY.none,
      price: priceTicks(ticks),
      size: sizeLots(lots),
    },
  };
}

/** The quoter's transaction for a block at what the replay shows. */
export function quotesOf(
  state: State,
  replay: Replay,
  quoter: Signer,
  seenMs: number,
): SignedActions {
  const actions: Action[] = [{ selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) }];
  const { perpetualDepthUsd: usd, perpetualHalfSpread: half } = THIN_BOOKS;
  for (const name of replay.underlyings) {
    const underlying = underlyingId(UNDERLYINGS[name]);
    const perpetual = state.perpetuals.get(underlying);
    if (perpetual === undefined) continue;
    const { index } = replay.at(name, seenMs, []);
    const { instrument } = perpetual;
    for (const [side, sign] of [
      [SIDE.buy, -1],
      [SIDE.sell, 1],
    ] as const) {
      const priceUsd = index * (1 + sign * half);
      const order = perpetualOrder(state, underlying, {
        instrument,
        side,
        usd,
        priceUsd,
        isQuote: true,
      });
      if (order !== undefined) actions.push(order);
    }
  }
  return { by: quoter, actions };
}

/** Coins of the underlying that a portfolio is long at the marks in force. O(positions). */
export function deltaCoins(state: State, portfolio: PortfolioId): number {
  let delta = 0;
  const held = state.derived.portfolios.byPortfolio.get(portfolio);
  for (const [id, { holding }] of held?.places ?? []) {
    const instrument = state.instruments.must(id);
    const terms = state.underlyings.must(instrument.underlying);
    const kind = optionKind(instrument);
    if (kind === undefined) {
      delta += holding.position / terms.futureLotsPerCoin;
      continue;
    }
    const inputs = state.markInputs.get(expiryKey.pack(instrument.underlying, instrument.expiry));
    if (inputs === undefined || inputs.theta <= 0) continue;
    const deviation = Math.sqrt(inputs.theta / THETA_SCALE);
    const call = callDelta(inputs.forward, instrument.strike, deviation);
    const each = kind === 'call' ? call : call - 1;
    delta += (holding.position / terms.optionLotsPerCoin) * each;
  }
  return delta;
}

/** The order by which a liquidator comes nearer to no delta; none when it is near enough. */
export function hedgeOf(
  state: State,
  desk: { readonly portfolio: PortfolioId; readonly underlying: UnderlyingId },
): Action | undefined {
  const { portfolio, underlying } = desk;
  const perpetual = state.perpetuals.get(underlying);
  const index = (state.indexPrices.get(underlying)?.index ?? 0) / MICRO;
  if (perpetual === undefined || index === 0) return undefined;
  const usd = deltaCoins(state, portfolio) * index;
  const equity = Math.max(0, Number(markValueOf(state, portfolio)) / MICRO);
  if (Math.abs(usd) <= HEDGE_SHARE * equity) return undefined;
  const side = usd > 0 ? SIDE.sell : SIDE.buy;
  return perpetualOrder(state, underlying, {
    instrument: perpetual.instrument,
    side,
    usd: Math.min(HEDGE_USD, Math.abs(usd)),
    priceUsd: index * (usd > 0 ? 1 - HEDGE_LIMIT : 1 + HEDGE_LIMIT),
    isQuote: false,
  });
}
