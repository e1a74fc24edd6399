/**
 * What an action orders, and what it would give away: for meters and the limits of agents.
 *
 * Source: design/staking-and-keys.md §4: give-up = quantity × adverse distance of the limit (of a market
 * order: the band's edge) from the mark. With it goes the fee of a taker without tiers, so that nobody
 * trades an account's money away in fees at fair prices; but not of reduce-only orders, whose fees are
 * counted when they are paid, so that one at a fair price always passes. Units: micro-USD; rounded up,
 * against the account. What has no mark trades at no price and gives nothing away.
 */
import { ACTION, type Action } from '../../action.ts';
import type { Leg } from '../../actions/multileg.ts';
import { QUOTE_SIDES } from '../../actions/multileg.ts';
import { ORDER_TYPE, SIDE, type Side } from '../../actions/order-terms.ts';
import type { PlaceOrder } from '../../actions/orders.ts';
import type { BlockContext } from '../../block-context.ts';
import { maxBigint, mulDivCeil } from '../../core/math.ts';
import {
  type AccountId,
  type InstrumentId,
  portfolioAccount,
  portfolioId,
  portfolioSubAccount,
  type SubAccount,
  sizeLots,
} from '../../core/units.ts';
import { baseTakerCentiBps, tradeFee } from '../../fees/trade-fee.ts';
import { contractTerms } from '../../linear/contract-terms.ts';
import { WHOLE_PPM } from '../../liquidation/auction-price.ts';
import { livePositions } from '../../liquidation/move-position.ts';
import { markValueOf } from '../../margin/excess.ts';
import { seriesRisk } from '../../margin/series-risk.ts';
import { withClientId } from '../../matching/client-order-id.ts';
import { COMBO_ZERO_TICKS } from '../../multileg/combo.ts';
import { isLinearKind } from '../../options/instrument.ts';
import { microUsdPerTickLot } from '../../options/underlying.ts';
import { priceBand } from '../../oracle/price-band.ts';
import type { State } from '../../state/state.ts';

/** An action as it counts, in micro-USD; `perLot` and `giveUp` with the fee, unless it only reduces. */
export type Exposure = {
  readonly subAccounts: readonly SubAccount[];
  readonly instruments: readonly InstrumentId[];
  /** One order, quotes of which each counts for itself, or all at once. */
  readonly kind: 'order' | 'quotes' | 'legs';
  /** Whether its fee is in what it gives away; else it is counted when it is paid. */
  readonly hasFee: boolean;
  /** What it gives away at worst, and of one order's lot. */
  readonly giveUp: bigint;
  readonly perLot: bigint;
  readonly notional: bigint;
  readonly premium: bigint;
  /** What it may add to initial margin, at most. */
  readonly margin: bigint;
};

/** Terms that matter here. */
type Terms = Pick<PlaceOrder, 'instrument' | 'side' | 'type' | 'price' | 'size' | 'reduceOnly'>;

const NONE: Omit<Exposure, 'subAccounts' | 'instruments'> = {
  kind: 'legs',
  hasFee: false,
  giveUp: 0n,
  perLot: 0n,
  notional: 0n,
  premium: 0n,
  margin: 0n,
};

/** Index of an instrument's lot, in micro-USD, rounded up. */
function lotNotional(state: State, id: InstrumentId): bigint {
  const row = state.instruments.get(id);
  if (row === undefined) return 0n;
  const index = state.indexPrices.get(row.underlying)?.index ?? 0;
  const terms = contractTerms(state.underlyings.must(row.underlying), row.kind);
  return mulDivCeil(BigInt(index), 1n, BigInt(terms.optionLotsPerCoin));
}

/** A lot's mark in micro-USD, rounded against who pays (`up`) or receives it; `undefined`: no mark. */
function lotMark(state: State, id: InstrumentId, rounding: 'up' | 'down'): bigint | undefined {
  const row = state.instruments.get(id);
  const mark = state.derived.marks.byInstrument.get(id);
  if (row === undefined || mark === undefined) return undefined;
  const terms = contractTerms(state.underlyings.must(row.underlying), row.kind);
  const lots = BigInt(terms.optionLotsPerCoin);
  const up = mulDivCeil(BigInt(mark.price), 1n, lots);
  return rounding === 'up' || up * lots === BigInt(mark.price) ? up : up - 1n;
}

/** What legs are worth at their marks, as written, to one who buys them: rounded in nobody's favour. */
function legsMark(state: State, legs: readonly Leg[], side: Side): bigint | undefined {
  let sum = 0n;
  for (const leg of legs) {
    const isBought = leg.side === side;
    // Worth less to who buys, more to who sells.
    const one = lotMark(state, leg.instrument, isBought ? 'down' : 'up');
    if (one === undefined) return undefined;
    sum += (isBought ? 1n : -1n) * one * BigInt(leg.lots);
  }
  return sum;
}

/** Price of one lot in micro-USD at the order's worst: its limit, else the band's edge. */
function worstPrice(state: State, context: BlockContext, terms: Terms): number | undefined {
  const { instrument, side, type, price } = terms;
  if (type !== ORDER_TYPE.market) return price;
  const band = priceBand(state, context, instrument);
  if (band === undefined) return undefined;
  const edge = side === SIDE.buy ? band.high : band.low;
  if (price === 0) return edge;
  return side === SIDE.buy ? Math.min(price, edge) : Math.max(price, edge);
}

/** The fee of a taker of one lot, `premium` its price: without tiers, which could change. */
function lotFee(state: State, id: InstrumentId, premium: bigint): bigint {
  const row = state.instruments.get(id);
  if (row === undefined) return 0n;
  const index = state.indexPrices.get(row.underlying)?.index ?? 0;
  const listed = state.underlyings.must(row.underlying);
  const underlying = contractTerms(listed, row.kind);
  const centiBps = baseTakerCentiBps(listed, row.kind);
  const paid = isLinearKind(row.kind) ? lotNotional(state, id) : premium;
  return tradeFee({ underlying, index, lots: 1, premium: paid, centiBps });
}

/** The fees of a taker of legs, at their marks. */
function legsFee(state: State, legs: readonly Leg[]): bigint {
  return legs.reduce((sum, { instrument, lots }) => {
    const mark = lotMark(state, instrument, 'up') ?? 0n;
    return sum + BigInt(lots) * lotFee(state, instrument, mark);
  }, 0n);
}

/** What one lot of a combo gives away at this net price. */
function comboGiveUp(state: State, { instrument, side, price }: Terms): bigint {
  const combo = state.combos.must(instrument);
  const row = state.instruments.must(instrument);
  const tick = BigInt(microUsdPerTickLot(state.underlyings.must(row.underlying)));
  const net = BigInt(price - COMBO_ZERO_TICKS) * tick;
  const legs = combo.legs.map((leg) => ({ ...leg, lots: leg.ratio as Leg['lots'] }));
  const worth = legsMark(state, legs, SIDE.buy);
  if (worth === undefined) return 0n;
  return maxBigint(0n, side === SIDE.buy ? net - worth : worth - net);
}

function ofOrder(state: State, context: BlockContext, terms: Terms): typeof NONE {
  const { instrument, side, size, reduceOnly } = terms;
  const row = state.instruments.get(instrument);
  if (row === undefined) return NONE;
  const lots = BigInt(size);
  const combo = state.combos.get(instrument);
  if (combo !== undefined) {
    const legs = combo.legs.map((leg) => ({ ...leg, lots: sizeLots(leg.ratio) }));
    const perLot = comboGiveUp(state, terms) + (reduceOnly ? 0n : legsFee(state, legs));
    const one = combo.legs.reduce(
      (sum, leg) => sum + BigInt(leg.ratio) * lotNotional(state, leg.instrument),
      0n,
    );
    const notional = lots * one;
    const giveUp = lots * perLot;
    const sums = { giveUp, perLot, notional, premium: notional, margin: notional };
    return { kind: 'order', hasFee: !reduceOnly, ...sums };
  }
  const price = worstPrice(state, context, terms);
  const mark = lotMark(state, instrument, side === SIDE.buy ? 'down' : 'up');
  if (price === undefined || mark === undefined) return NONE;
  const rules = contractTerms(state.underlyings.must(row.underlying), row.kind);
  const paid = mulDivCeil(
    BigInt(price) * BigInt(rules.optionTickMicroUsd),
    1n,
    BigInt(rules.optionLotsPerCoin),
  );
  const fee = reduceOnly ? 0n : lotFee(state, instrument, paid);
  const perLot = fee + maxBigint(0n, side === SIDE.buy ? paid - mark : mark - paid);
  const isLinear = isLinearKind(row.kind);
  const notional = lots * lotNotional(state, instrument);
  const premium = isLinear ? 0n : lots * paid;
  const needed = isLinear
    ? mulDivCeil(notional, 1n, 10n)
    : side === SIDE.buy
      ? premium
      : lots * BigInt(seriesRisk(state, instrument).initial);
  const margin = reduceOnly ? 0n : needed;
  const giveUp = lots * perLot;
  return { kind: 'order', hasFee: !reduceOnly, giveUp, perLot, notional, premium, margin };
}

/** What one lot of an open order gives away against the mark in force. */
export function giveUpPerLot(
  state: State,
  context: BlockContext,
  order: Pick<PlaceOrder, 'instrument' | 'side' | 'price'>,
): bigint {
  const terms = { ...order, type: ORDER_TYPE.limit, size: sizeLots(1), reduceOnly: false };
  return ofOrder(state, context, terms).perLot;
}

function sum(parts: readonly (typeof NONE)[]): typeof NONE {
  return parts.reduce(
    (all, one) => ({
      kind: 'quotes',
      hasFee: true,
      giveUp: all.giveUp + one.giveUp,
      perLot: 0n,
      notional: all.notional + one.notional,
      premium: all.premium + one.premium,
      margin: all.margin + one.margin,
    }),
    NONE,
  );
}

/** Legs traded at a net price in micro-USD by one who buys them as written (or sells: `side`). */
export function legsExposure(
  state: State,
  legs: readonly Leg[],
  trade: { readonly side: Side; readonly net: bigint; readonly units: number },
): typeof NONE {
  const { side, net, units } = trade;
  const times = BigInt(units);
  const worth = legsMark(state, legs, SIDE.buy);
  const lost = worth === undefined ? 0n : side === SIDE.buy ? net - worth : worth - net;
  const one = legs.reduce(
    (all, leg) => all + BigInt(leg.lots) * lotNotional(state, leg.instrument),
    0n,
  );
  const premium = net < 0n ? -net : net;
  const notional = times * one;
  const giveUp = times * (maxBigint(0n, lost) + legsFee(state, legs));
  return { ...NONE, hasFee: true, giveUp, notional, premium: times * premium, margin: notional };
}

/** The order or trigger that a reference names. */
function referred(
  state: State,
  account: AccountId,
  reference: {
    readonly subAccount: SubAccount;
    readonly orderId: number;
    readonly clientOrderId: number;
  },
): (Terms & { readonly portfolio: number }) | undefined {
  const portfolio = portfolioId(account, reference.subAccount);
  const id =
    reference.orderId !== 0
      ? reference.orderId
      : withClientId(state, portfolio, reference.clientOrderId);
  const order = id === undefined ? undefined : state.orders.get(id as never);
  if (order === undefined || portfolioAccount(order.portfolio) !== account) return undefined;
  return { ...order, type: ORDER_TYPE.limit };
}

/** Exposure of an action that trades or may come to trade; `undefined` of every other. O(legs, quotes). */
export function exposureOf(
  state: State,
  context: BlockContext,
  account: AccountId,
  action: Action,
): Exposure | undefined {
  switch (action.selector) {
    case ACTION.placeOrder: {
      const { subAccount, instrument } = action.value;
      const one = ofOrder(state, context, action.value);
      return { ...one, subAccounts: [subAccount], instruments: [instrument] };
    }
    case ACTION.replaceOrder: {
      const { order, replaced } = action.value;
      const subAccounts = [order.subAccount, replaced.subAccount];
      const one = ofOrder(state, context, order);
      return { ...one, subAccounts, instruments: [order.instrument] };
    }
    case ACTION.placeTrigger: {
      const { order } = action.value;
      // Fired at another mark: no better than the band's edge now.
      const atLimit = ofOrder(state, context, order);
      const atEdge = ofOrder(state, context, { ...order, type: ORDER_TYPE.market });
      const worst = atLimit.giveUp > atEdge.giveUp ? atLimit : atEdge;
      return { ...worst, subAccounts: [order.subAccount], instruments: [order.instrument] };
    }
    case ACTION.amendOrder: {
      const { order, price, size } = action.value;
      const known = referred(state, account, order);
      if (known === undefined) return undefined;
      const one = ofOrder(state, context, { ...known, price, size });
      return { ...one, subAccounts: [order.subAccount], instruments: [known.instrument] };
    }
    case ACTION.massQuote: {
      const { subAccount, quotes } = action.value;
      const sides = quotes.flatMap(({ instrument, bidPrice, bidSize, askPrice, askSize }) => {
        const common = { instrument, type: ORDER_TYPE.limit, reduceOnly: false };
        return [
          { ...common, side: SIDE.buy, price: bidPrice, size: bidSize },
          { ...common, side: SIDE.sell, price: askPrice, size: askSize },
        ].filter(({ size }) => size > 0);
      });
      const all = sum(sides.map((one) => ofOrder(state, context, one)));
      const instruments = quotes.map(({ instrument }) => instrument);
      return { ...all, subAccounts: [subAccount], instruments };
    }
    case ACTION.createCombo:
      return { ...NONE, subAccounts: [], instruments: action.value.legs };
    case ACTION.requestForQuote: {
      const { subAccount, legs } = action.value;
      const instruments = legs.map(({ instrument }) => instrument);
      return { ...NONE, subAccounts: [subAccount], instruments };
    }
    case ACTION.quoteRequest: {
      const { subAccount, request, sides, bid, ask, units } = action.value;
      const legs = state.quoteRequests.get(request)?.legs ?? [];
      const instruments = legs.map(({ instrument }) => instrument);
      const buys = legsExposure(state, legs, { side: SIDE.buy, net: bid, units });
      const sells = legsExposure(state, legs, { side: SIDE.sell, net: ask, units });
      const isBid = sides !== QUOTE_SIDES.ask;
      const isAsk = sides !== QUOTE_SIDES.bid;
      const worst = !isAsk || (isBid && buys.giveUp > sells.giveUp) ? buys : sells;
      return { ...worst, subAccounts: [subAccount], instruments };
    }
    case ACTION.acceptQuote: {
      const { request, side, limit, units } = action.value;
      const row = state.quoteRequests.get(request);
      if (row === undefined || portfolioAccount(row.portfolio) !== account) return undefined;
      const one = legsExposure(state, row.legs, { side, net: limit, units });
      const subAccounts = [portfolioSubAccount(row.portfolio)];
      return { ...one, subAccounts, instruments: row.legs.map(({ instrument }) => instrument) };
    }
    case ACTION.blockTrade: {
      const { offer } = action.value;
      const net = blockNet(state, action.value.offer);
      const one = legsExposure(state, offer.legs, { side: SIDE.buy, net, units: 1 });
      const instruments = offer.legs.map(({ instrument }) => instrument);
      return { ...one, subAccounts: [offer.takerSubAccount], instruments };
    }
    case ACTION.takeLiquidation: {
      const { subAccount, portfolio, sharePpm, limit } = action.value;
      const value = markValueOf(state, portfolio);
      const share = BigInt(sharePpm);
      const giveUp = mulDivCeil(maxBigint(0n, limit - value), share, BigInt(WHOLE_PPM));
      const held = livePositions(state, portfolio);
      const notional = held.reduce(
        (all, { instrument, lots }) =>
          all + BigInt(lots < 0 ? -lots : lots) * lotNotional(state, instrument),
        0n,
      );
      const margin = mulDivCeil(notional, share, BigInt(WHOLE_PPM));
      const instruments = held.map(({ instrument }) => instrument);
      const sums = { ...NONE, giveUp, notional: margin, margin };
      return { ...sums, subAccounts: [subAccount], instruments };
    }
    case ACTION.cancelAfter:
    case ACTION.setMarginMode:
    case ACTION.setProtection:
    case ACTION.resetProtection:
      return { ...NONE, subAccounts: [action.value.subAccount], instruments: [] };
    default:
      return undefined;
  }
}

/** What the taker of a block pays in all, in micro-USD. */
export function blockNet(
  state: State,
  offer: {
    readonly net: bigint;
    readonly legs: readonly (Leg & { readonly price: number })[];
  },
): bigint {
  if (offer.net !== 0n) return offer.net;
  let net = 0n;
  for (const { instrument, side, lots, price } of offer.legs) {
    const row = state.instruments.get(instrument);
    if (row === undefined) continue;
    const terms = contractTerms(state.underlyings.must(row.underlying), row.kind);
    const tick = BigInt(microUsdPerTickLot(terms));
    net += (side === SIDE.buy ? 1n : -1n) * BigInt(price) * tick * BigInt(lots);
  }
  return net;
}
