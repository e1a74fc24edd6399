/** Actions of every kind, on what the state holds now: plausible enough to succeed, or hostile. */

import { ACTION, type Action } from '../../runtime/action.ts';
import type { TakeLiquidation } from '../../runtime/actions/liquidation.ts';
import {
  type BlockLeg,
  type BlockOffer,
  type Leg,
  QUOTE_SIDES,
  type QuoteRequest,
  type QuoteSides,
  type Structure,
} from '../../runtime/actions/multileg.ts';
import { ORDER_TYPE, SIDE, type Side, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import {
  ANY_UNDERLYING,
  type OrderReference,
  type PlaceOrder,
  type PlaceTrigger,
} from '../../runtime/actions/orders.ts';
import type { Quote, SwitchScope } from '../../runtime/actions/quoting.ts';
import { SECURITY_ACTION } from '../../runtime/actions/security.ts';
import type { Denomination } from '../../runtime/actions/transfer.ts';
import {
  type InstrumentId,
  instrumentId,
  type OrderId,
  orderId,
  type PortfolioId,
  type PriceTicks,
  portfolioId,
  portfolioSubAccount,
  priceTicks,
  type SizeLots,
  type SubAccount,
  sizeLots,
  subAccount,
  timestampMs,
  underlyingId,
} from '../../runtime/core/units.ts';
import { contractTerms } from '../../runtime/linear/contract-terms.ts';
import type { MarginMode } from '../../runtime/margin/mode/margin-mode.ts';
import { openOrdersOf } from '../../runtime/margin/portfolio-index.ts';
import type { Position } from '../../runtime/margin/position.ts';
import { bestPrice } from '../../runtime/matching/book.ts';
import { COMBO_ZERO_TICKS } from '../../runtime/multileg/combo.ts';
import { INSTRUMENT_KIND, type Instrument } from '../../runtime/options/instrument.ts';
import { roundToTickUp } from '../../runtime/rules/tick-table.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import type { Prng } from '../sim/prng.ts';
import { drawSecurity, SECURITY_WEIGHTS } from './draw-security.ts';
import {
  type Draw,
  drawOf,
  field,
  hostileI128,
  hostileTime,
  hostileU8,
  hostileU32,
  hostileU64,
  hostileU64Big,
} from './draw-values.ts';
import type { Person, World } from './world.ts';

/** Who acts on what: one action's surroundings. */
type Scene = Draw & {
  readonly state: State;
  readonly people: readonly Person[];
  readonly person: Person;
  /** Time of the block to come. */
  readonly now: number;
  /** The one series that all is about; `undefined`: any. */
  readonly focus: InstrumentId | undefined;
};

const chosen = (scene: Scene, weights: readonly number[]): number => scene.prng.pick(weights);

function subOf(scene: Scene): SubAccount {
  return field(
    scene,
    () => subAccount(chosen(scene, [0, 0, 0, 0, 1, 2])),
    () => subAccount(hostileU8(scene.prng)),
  );
}

/** Live series and combos; the first ones far more often, so that orders meet. */
function someInstrument(scene: Scene): Instrument | undefined {
  const { state, prng, focus } = scene;
  const { combos, derived, instruments } = state;
  if (focus !== undefined) return instruments.get(focus);
  if (combos.size > 0 && prng.chance(0.12)) return instruments.get(prng.pick(combos.sortedKeys()));
  const keys = [...derived.series.byExpiry.keys()].sort((a, b) => a - b);
  if (keys.length === 0) return undefined;
  const key = prng.pick(keys);
  const series = derived.series.byExpiry.get(key) ?? [];
  if (series.length === 0) return undefined;
  const at = Math.min(prng.between(0, series.length - 1), prng.between(0, series.length - 1));
  return instruments.get(series[at] ?? instrumentId(0));
}

function instrumentOf(scene: Scene): InstrumentId {
  return field(
    scene,
    () => someInstrument(scene)?.id ?? instrumentId(1),
    () =>
      instrumentId(
        scene.prng.chance(0.5)
          ? Math.max(0, metaOf(scene.state).nextInstrumentId - scene.prng.between(-1, 60))
          : hostileU32(scene.prng),
      ),
  );
}

/** A price near the best or the mark, on the tick. */
function nearPrice(scene: Scene, id: InstrumentId, side: Side): number {
  const { state, prng } = scene;
  const instrument = state.instruments.get(id);
  if (instrument === undefined) return 1;
  const underlying = contractTerms(state.underlyings.must(instrument.underlying), instrument.kind);
  const tick = underlying.optionTickMicroUsd;
  const markOf = (one: InstrumentId): number =>
    (state.derived.marks.byInstrument.get(one)?.price ?? tick) / tick;
  const combo = state.combos.get(id);
  if (combo !== undefined) {
    let net = COMBO_ZERO_TICKS;
    for (const leg of combo.legs) {
      net += (leg.side === SIDE.buy ? 1 : -1) * leg.ratio * markOf(leg.instrument);
    }
    return Math.floor(net) + prng.between(-3, 3);
  }
  const book = state.derived.books.byInstrument.get(id);
  const opposite = side === SIDE.buy ? book?.asks : book?.bids;
  const best = opposite === undefined ? undefined : bestPrice(opposite);
  const base = best !== undefined && prng.chance(0.4) ? best : Math.floor(markOf(id));
  const spread = Math.max(2, Math.floor(base / 100));
  const raw = Math.max(1, base + prng.between(-spread, spread));
  return roundToTickUp(underlying.optionTicks, raw);
}

function priceOf(scene: Scene, id: InstrumentId, side: Side): PriceTicks {
  return field(
    scene,
    () => priceTicks(Math.min(2 ** 32 - 1, nearPrice(scene, id, side))),
    () => priceTicks(hostileU32(scene.prng)),
  );
}

function lotsOf(scene: Scene): SizeLots {
  return field(
    scene,
    () =>
      sizeLots(scene.prng.chance(0.9) ? scene.prng.between(1, 20) : scene.prng.between(20, 5_000)),
    () => sizeLots(hostileU32(scene.prng)),
  );
}

const sideOf = (scene: Scene): Side =>
  field(
    scene,
    () => scene.prng.pick([SIDE.buy, SIDE.sell]),
    () => hostileU8(scene.prng) as Side,
  );

/** Another enum value than the plausible ones now and then. */
function enumOf<T extends number>(scene: Scene, weights: readonly number[]): T {
  return field(
    scene,
    () => chosen(scene, weights),
    () => hostileU8(scene.prng),
  ) as T;
}

/** A position of the sub-account, where it has one. */
function positionOfPerson(scene: Scene, sub: SubAccount): Position | undefined {
  const portfolio = portfolioId(scene.person.account, sub);
  const { positions } = scene.state;
  const held = [...positions.unorderedEntries()]
    .map(([, row]) => row)
    .filter((row) => row.portfolio === portfolio)
    .sort((a, b) => a.instrument - b.instrument);
  return held.length === 0 ? undefined : scene.prng.pick(held);
}

function placeOf(scene: Scene, sub: SubAccount = subOf(scene)): PlaceOrder {
  const { prng, now } = scene;
  const held = prng.chance(0.12) ? positionOfPerson(scene, sub) : undefined;
  const instrument = held?.instrument ?? instrumentOf(scene);
  const side = held === undefined ? sideOf(scene) : held.lots > 0 ? SIDE.sell : SIDE.buy;
  const size = lotsOf(scene);
  const isMarket = prng.chance(0.06);
  const tif = isMarket
    ? prng.pick([TIME_IN_FORCE.ioc, TIME_IN_FORCE.fok])
    : chosen(scene, [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]);
  const rests = tif !== TIME_IN_FORCE.ioc && tif !== TIME_IN_FORCE.fok;
  return {
    subAccount: sub,
    instrument,
    side,
    type: enumOf(scene, [isMarket ? ORDER_TYPE.market : ORDER_TYPE.limit]),
    timeInForce: enumOf(scene, [tif]),
    postOnly: enumOf(scene, rests ? [0, 0, 0, 0, 1, 2] : [0]),
    reduceOnly: prng.chance(held === undefined ? 0.03 : 0.7),
    selfTradePrevention: enumOf(scene, [0, 0, 1, 2, 3]),
    price: isMarket && prng.chance(0.7) ? priceTicks(0) : priceOf(scene, instrument, side),
    size,
    displaySize: field(
      scene,
      () => sizeLots(rests && prng.chance(0.15) ? Math.max(1, Math.floor(size / 3)) : 0),
      () => sizeLots(hostileU32(prng)),
    ),
    expiresAt: field(
      scene,
      () => timestampMs(tif === TIME_IN_FORCE.gtt ? now + prng.between(1, 5_000) : 0),
      () => timestampMs(hostileTime(prng, now)),
    ),
    clientOrderId: field(
      scene,
      () => (prng.chance(0.3) ? prng.between(1, 6) : 0),
      () => hostileU64(prng),
    ),
    label: field(
      scene,
      () => prng.between(0, 2),
      () => hostileU64(prng),
    ),
  };
}

function own(scene: Scene): PortfolioId[] {
  return [0, 1, 2].map((sub) => portfolioId(scene.person.account, subAccount(sub)));
}

/** An open order or trigger of the person. */
function ownOrder(
  scene: Scene,
):
  | { readonly id: OrderId; readonly portfolio: PortfolioId; readonly clientOrderId: number }
  | undefined {
  const { state, prng } = scene;
  const orders = own(scene).flatMap((portfolio) => openOrdersOf(state, portfolio));
  const triggers = own(scene).flatMap((portfolio) => [
    ...(state.derived.triggers.byPortfolio.get(portfolio)?.ids ?? []),
  ]);
  const total = orders.length + triggers.length;
  if (total === 0) return undefined;
  const at = prng.between(0, total - 1);
  const order = orders[at];
  if (order !== undefined) return order;
  const id = triggers.sort((a, b) => a - b)[at - orders.length] ?? orderId(0);
  const trigger = state.triggers.must(id);
  return { id, portfolio: trigger.portfolio, clientOrderId: trigger.order.clientOrderId };
}

/** A number given lately, of whoever, or of an order to come in this block. */
function someOrderId(scene: Scene): OrderId {
  const { state, prng } = scene;
  if (prng.chance(0.3)) return orderId(hostileU64(prng));
  return orderId(Math.max(0, metaOf(state).nextOrderId - prng.between(-5, 60)));
}

function orderIdOf(scene: Scene): OrderId {
  return field(
    scene,
    () =>
      scene.prng.chance(0.85) ? (ownOrder(scene)?.id ?? someOrderId(scene)) : someOrderId(scene),
    () => someOrderId(scene),
  );
}

function referenceOf(scene: Scene): OrderReference {
  const found = ownOrder(scene);
  if (found === undefined || scene.prng.chance(scene.hostility)) {
    const clientOrderId = scene.prng.chance(0.5) ? scene.prng.between(0, 6) : 0;
    return {
      subAccount: subOf(scene),
      orderId: clientOrderId === 0 ? someOrderId(scene) : orderId(0),
      clientOrderId,
    };
  }
  const { id, portfolio, clientOrderId } = found;
  const byClient = clientOrderId !== 0 && scene.prng.chance(0.5);
  return {
    subAccount: portfolioSubAccount(portfolio),
    orderId: byClient ? orderId(0) : id,
    clientOrderId: byClient ? clientOrderId : 0,
  };
}

/** Another open order of the same sub-account, where there is one. */
function siblingOf(scene: Scene, { subAccount: sub, orderId: id }: OrderReference): OrderReference {
  const portfolio = portfolioId(scene.person.account, sub);
  const others = openOrdersOf(scene.state, portfolio).filter((row) => row.id !== id);
  if (others.length === 0) return referenceOf(scene);
  return { subAccount: sub, orderId: scene.prng.pick(others).id, clientOrderId: 0 };
}

function triggerOf(scene: Scene): PlaceTrigger {
  const { state, prng } = scene;
  const order = placeOf(scene);
  const source = enumOf<PlaceTrigger['source']>(scene, [0, 1, 2]);
  const condition = enumOf<PlaceTrigger['condition']>(scene, [0, 1]);
  const mark = state.derived.marks.byInstrument.get(order.instrument);
  const listed = state.instruments.get(order.instrument);
  const tick =
    listed === undefined
      ? 1
      : contractTerms(state.underlyings.must(listed.underlying), listed.kind).optionTickMicroUsd;
  const last = (state.lastTrades.get(order.instrument)?.price ?? 0) * tick;
  const base = [mark?.price ?? 0, mark?.index ?? 0, last][source] ?? 0;
  const distance = 1 + (condition === 0 ? 1 : -1) * prng.pick([0.0001, 0.001, 0.01, 0.1]);
  return {
    order,
    source,
    condition,
    triggerPrice: field(
      scene,
      () => Math.max(1, Math.floor(base * distance)),
      () => hostileU64(prng),
    ),
  };
}

function quoteOf(scene: Scene, instrument: InstrumentId): Quote {
  const { prng } = scene;
  const bid = priceOf(scene, instrument, SIDE.buy);
  const lots = (): SizeLots => (prng.chance(0.15) ? sizeLots(0) : lotsOf(scene));
  return {
    instrument,
    bidPrice: bid,
    bidSize: lots(),
    askPrice: field(
      scene,
      () => {
        const ask = priceOf(scene, instrument, SIDE.sell);
        return ask > bid ? ask : priceTicks(Math.min(2 ** 32 - 1, bid + prng.pick([1, 5, 50])));
      },
      () => priceTicks(hostileU32(prng)),
    ),
    askSize: lots(),
  };
}

/** Different series, ascending mostly. */
function seriesOf(scene: Scene, most: number): InstrumentId[] {
  const { prng } = scene;
  const first = someInstrument(scene);
  const ids = new Set<InstrumentId>();
  for (let i = 0; i < most * 3 && ids.size < most; i++) {
    const one = someInstrument(scene);
    const isLeg = one !== undefined && one.kind !== INSTRUMENT_KIND.combo;
    if (isLeg && (one.underlying === first?.underlying || prng.chance(0.02))) ids.add(one.id);
  }
  const sorted = [...ids].sort((a, b) => a - b);
  return prng.chance(scene.hostility) ? sorted.reverse() : sorted;
}

function legsOf(scene: Scene, lotsUpTo: number): Leg[] {
  const ids = seriesOf(scene, scene.prng.chance(0.1) ? 20 : scene.prng.between(1, 4));
  const legs = ids.map((instrument) => ({
    instrument,
    side: sideOf(scene),
    lots: field(
      scene,
      () => sizeLots(scene.prng.between(1, lotsUpTo)),
      () => sizeLots(hostileU32(scene.prng)),
    ),
  }));
  return legs.length > 0
    ? legs
    : [{ instrument: instrumentOf(scene), side: SIDE.buy, lots: sizeLots(1) }];
}

/** What legs are worth at the marks, in micro-USD, bought as written. */
function worth(state: State, legs: readonly Leg[]): bigint {
  let sum = 0;
  for (const { instrument, side, lots } of legs) {
    const listed = state.instruments.get(instrument);
    if (listed === undefined) continue;
    const { optionLotsPerCoin } = state.underlyings.must(listed.underlying);
    const price = state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
    sum += ((side === SIDE.buy ? 1 : -1) * lots * price) / optionLotsPerCoin;
  }
  return Number.isFinite(sum) ? BigInt(Math.round(sum)) : 0n;
}

/** Series that make the structure, where there are such. */
function comboOf(scene: Scene): { structure: Structure; legs: InstrumentId[] } {
  const { state, prng } = scene;
  const structure = prng.between(0, 7) as Structure;
  const first = someInstrument(scene);
  const all = [...state.derived.series.byExpiry.entries()]
    .sort((a, b) => a[0] - b[0])
    .flatMap(([, ids]) => ids)
    .map((id) => state.instruments.must(id))
    .filter(({ underlying }) => underlying === first?.underlying);
  const sameExpiry = all.filter(({ expiry }) => expiry === first?.expiry);
  const of = (kind: number) =>
    sameExpiry.filter((one) => one.kind === kind).sort((a, b) => a.strike - b.strike);
  const calls = of(INSTRUMENT_KIND.call);
  const puts = of(INSTRUMENT_KIND.put);
  const strike = first?.strike ?? 0;
  const kinds = prng.chance(0.5) ? calls : puts;
  const pick = (list: readonly Instrument[], n: number): Instrument[] => {
    const from = prng.between(0, Math.max(0, list.length - n));
    return list.slice(from, from + n);
  };
  const [call] = pick(calls, 1);
  const found = [
    pick(calls, 2),
    pick(puts, 2),
    sameExpiry.filter((one) => one.strike === strike),
    [...puts.slice(0, 1), ...calls.slice(-1)],
    [...puts.slice(0, 1), ...calls.slice(-1)],
    all.filter((one) => one.strike === call?.strike && one.kind === call.kind).slice(0, 2),
    pick(kinds, 3),
    pick(kinds, 4),
  ][structure];
  const legs = (found ?? []).map(({ id }) => id);
  while (legs.length < 2) legs.push(instrumentOf(scene));
  const given = field(
    scene,
    () => structure as number,
    () => hostileU8(prng),
  ) as Structure;
  return { structure: given, legs: legs.slice(0, 4) };
}

function quoteRequestOf(scene: Scene): QuoteRequest {
  const { state, prng, now } = scene;
  const live = state.quoteRequests.sortedKeys();
  const request =
    live.length > 0 && !prng.chance(scene.hostility) ? prng.pick(live) : someOrderId(scene);
  const row = state.quoteRequests.get(request);
  const fair = row === undefined ? 0n : worth(state, row.legs);
  const spread = (fair < 0n ? -fair : fair) / 50n + BigInt(prng.between(1, 1_000_000));
  const sides = enumOf<QuoteSides>(scene, [0, 0, 1, 2]);
  const net = (value: bigint): bigint =>
    field(
      scene,
      () => value,
      () => hostileI128(prng),
    );
  return {
    subAccount: subOf(scene),
    request,
    sides,
    bid: sides === QUOTE_SIDES.ask ? 0n : net(fair - spread),
    ask: sides === QUOTE_SIDES.bid ? 0n : net(fair + spread),
    units: field(
      scene,
      () => sizeLots(Math.max(1, row?.units ?? 1)),
      () => sizeLots(hostileU32(prng)),
    ),
    expiresAt: field(
      scene,
      () => timestampMs(now + prng.between(1, 9_000)),
      () => timestampMs(hostileTime(prng, now)),
    ),
  };
}

function acceptOf(scene: Scene) {
  const { state, prng } = scene;
  const mine = [...(state.derived.requests.requestsByAccount.get(scene.person.account) ?? [])].sort(
    (a, b) => a - b,
  );
  const request =
    mine.length > 0 && !prng.chance(scene.hostility) ? prng.pick(mine) : someOrderId(scene);
  const row = state.quoteRequests.get(request);
  const fair = row === undefined ? 0n : worth(state, row.legs);
  const room = (fair < 0n ? -fair : fair) / 10n + 2_000_000n;
  const side = sideOf(scene);
  const limit = side === SIDE.buy ? fair + room : fair - room;
  return {
    request,
    side,
    limit: field(
      scene,
      () => limit,
      () => hostileI128(prng),
    ),
    units: field(
      scene,
      () => sizeLots(prng.between(1, Math.max(1, row?.units ?? 1))),
      () => sizeLots(hostileU32(prng)),
    ),
  };
}

function offerOf(scene: Scene): BlockOffer {
  const { state, prng, now, person, people } = scene;
  const other = prng.chance(0.9) ? prng.pick(people) : person;
  const signer = prng.pick(other.signers.slice(0, prng.chance(0.8) ? 2 : 5));
  const isNet = prng.chance(0.5);
  const written = legsOf(scene, 60).map((leg) => ({
    ...leg,
    lots: field(
      scene,
      () => sizeLots(Math.max(leg.lots, 20)),
      () => leg.lots,
    ),
  }));
  const legs: BlockLeg[] = written.map((leg) => ({
    ...leg,
    price: isNet ? priceTicks(0) : priceOf(scene, leg.instrument, leg.side),
  }));
  return {
    account: field(
      scene,
      () => other.address,
      () => new Uint8Array(20).fill(hostileU8(prng)),
    ),
    subAccount: subOf(scene),
    signer: field(
      scene,
      () => signer,
      () => ({ scheme: hostileU8(prng) as 0, publicKey: new Uint8Array(prng.pick([0, 32, 65])) }),
    ),
    nonce: field(
      scene,
      () => now + prng.between(-1_000_000, 1_000_000),
      () => hostileTime(prng, now),
    ),
    expiresAt: field(
      scene,
      () => timestampMs(now + 60_000),
      () => timestampMs(hostileTime(prng, now)),
    ),
    taker: field(
      scene,
      () => person.address,
      () => prng.pick(people).address,
    ),
    takerSubAccount: subOf(scene),
    legs,
    pricing: enumOf(scene, [isNet ? 1 : 0]),
    net: isNet
      ? field(
          scene,
          () => worth(state, legs),
          () => hostileI128(prng),
        )
      : field(
          scene,
          () => 0n,
          () => hostileI128(prng),
        ),
  };
}

/** How often each action is drawn, by selector. */
const WEIGHTS: readonly (readonly [selector: number, weight: number])[] = [
  [ACTION.transfer, 3],
  [ACTION.placeOrder, 34],
  [ACTION.cancelOrder, 4],
  [ACTION.cancelByClientId, 1],
  [ACTION.cancelOrders, 1],
  [ACTION.amendOrder, 6],
  [ACTION.reduceOrder, 2],
  [ACTION.replaceOrder, 4],
  [ACTION.placeTrigger, 7],
  [ACTION.linkOrders, 4],
  [ACTION.massQuote, 8],
  [ACTION.setProtection, 2],
  [ACTION.resetProtection, 1],
  [ACTION.cancelAfter, 1],
  [ACTION.setAgentBudget, 1],
  [ACTION.createCombo, 3],
  [ACTION.requestForQuote, 4],
  [ACTION.quoteRequest, 6],
  [ACTION.cancelQuotes, 1],
  [ACTION.acceptQuote, 4],
  [ACTION.blockTrade, 4],
  [ACTION.setReferrer, 1],
  [ACTION.takeLiquidation, 2],
  [ACTION.setMarginMode, 3],
  ...SECURITY_WEIGHTS,
];
const BAG: readonly number[] = WEIGHTS.flatMap(([selector, weight]) =>
  Array.from({ length: weight }, () => selector),
);

/** A share of an account that is short, or of anybody's. */
function takeOf(scene: Scene): TakeLiquidation {
  const { prng, state, people } = scene;
  const short = state.liquidations.sortedKeys();
  const portfolio = field(
    scene,
    () =>
      short.length > 0 ? prng.pick(short) : portfolioId(prng.pick(people).account, subAccount(0)),
    () => portfolioId(prng.pick(people).account, subAccount(hostileU8(prng))),
  );
  return {
    subAccount: subOf(scene),
    portfolio,
    auction: field(
      scene,
      () => state.liquidations.get(portfolio)?.auction ?? orderId(0),
      () => orderId(hostileU64(prng)),
    ),
    sharePpm: field(
      scene,
      () => prng.pick([1, 10_000, 100_000, 500_000, 1_000_000]),
      () => hostileU32(prng),
    ),
    limit: field(
      scene,
      () => prng.pick([0n, 1_000_000_000n, 10n ** 15n, 10n ** 15n]),
      () => hostileI128(prng),
    ),
  };
}

function transferOf(scene: Scene): Action {
  const { prng, people } = scene;
  return {
    selector: ACTION.transfer,
    value: {
      fromSubAccount: subOf(scene),
      to: field(
        scene,
        () => prng.pick(people).address,
        () => Uint8Array.from({ length: 20 }, () => prng.between(0, prng.pick([1, 255]))),
      ),
      toSubAccount: subOf(scene),
      denomination: enumOf<Denomination>(scene, [0, 0, 0, 1]),
      amount: field(
        scene,
        () => BigInt(prng.between(1, 1_000_000)) * BigInt(prng.pick([1, 1_000, 1_000_000])),
        () => hostileU64Big(prng),
      ),
    },
  };
}

function underlyingOf(scene: Scene) {
  return underlyingId(
    field(
      scene,
      () => chosen(scene, [0, 0, 1, 254]),
      () => hostileU8(scene.prng),
    ),
  );
}

function actionOf(scene: Scene, selector: number): Action {
  const { prng } = scene;
  switch (selector) {
    case ACTION.transfer:
      return transferOf(scene);
    case ACTION.cancelOrder:
      return { selector, value: { orderId: orderIdOf(scene) } };
    case ACTION.cancelByClientId: {
      const { subAccount: sub, clientOrderId } = referenceOf(scene);
      const value = { subAccount: sub, clientOrderId: clientOrderId || prng.between(0, 6) };
      return { selector, value };
    }
    case ACTION.cancelOrders: {
      const value = {
        subAccount: subOf(scene),
        allSubAccounts: prng.chance(0.3),
        underlying: prng.chance(0.5) ? ANY_UNDERLYING : underlyingOf(scene),
        instrument: prng.chance(0.6) ? instrumentId(0) : instrumentOf(scene),
        label: prng.between(0, 2),
      };
      return { selector, value };
    }
    case ACTION.amendOrder: {
      const order = referenceOf(scene);
      const row = scene.state.orders.get(order.orderId);
      const price =
        row === undefined || prng.chance(0.5)
          ? priceOf(scene, row?.instrument ?? instrumentOf(scene), row?.side ?? SIDE.buy)
          : row.price;
      const value = { order, price, size: lotsOf(scene), postOnly: enumOf<0>(scene, [0, 0, 1, 2]) };
      return { selector, value };
    }
    case ACTION.reduceOrder: {
      const order = referenceOf(scene);
      const row = scene.state.orders.get(order.orderId);
      const size = field(
        scene,
        () => sizeLots(prng.between(0, Math.max(1, (row?.size ?? 2) - 1))),
        () => lotsOf(scene),
      );
      return { selector, value: { order, size } };
    }
    case ACTION.replaceOrder: {
      const replaced = referenceOf(scene);
      const sub = prng.chance(0.9) ? replaced.subAccount : subOf(scene);
      return { selector, value: { replaced, order: placeOf(scene, sub) } };
    }
    case ACTION.placeTrigger:
      return { selector, value: triggerOf(scene) };
    case ACTION.linkOrders: {
      const first = referenceOf(scene);
      const second = prng.chance(0.1) ? referenceOf(scene) : siblingOf(scene, first);
      return { selector, value: { first, second } };
    }
    case ACTION.massQuote: {
      const many = prng.chance(0.05) ? 100 : prng.between(1, 6);
      const ids = seriesOf(scene, many);
      if (ids.length === 0 || prng.chance(scene.hostility)) ids.push(instrumentOf(scene));
      const quotes = ids.slice(0, 100).map((id) => quoteOf(scene, id));
      return { selector, value: { subAccount: subOf(scene), quotes } };
    }
    case ACTION.setProtection: {
      const limit = (plausible: readonly number[]): number =>
        field(
          scene,
          () => chosen(scene, plausible),
          () => hostileU64(prng),
        );
      const short = (plausible: readonly number[]): number =>
        field(
          scene,
          () => chosen(scene, plausible),
          () => hostileU32(prng),
        );
      const value = {
        subAccount: subOf(scene),
        underlying: underlyingOf(scene),
        windowMs: short([0, 1_000, 5_000, 60_000, 60_000]),
        frozenMs: short([0, 500, 5_000]),
        quantityLimit: limit([0, 10, 50]),
        deltaLimit: limit([0, 0, 5_000_000]),
        vegaLimit: limit([0, 0, 50_000_000]),
        fillsLimit: short([0, 1, 3]),
      };
      return { selector, value };
    }
    case ACTION.resetProtection:
      return { selector, value: { subAccount: subOf(scene), underlying: underlyingOf(scene) } };
    case ACTION.cancelAfter: {
      const scope = enumOf<SwitchScope>(scene, [0, 1]);
      const sub = scope === 1 && prng.chance(0.9) ? subAccount(0) : subOf(scene);
      const timeoutMs = field(
        scene,
        () => chosen(scene, [0, 0, 5_000, 20_000, 60_000, 60_000]),
        () => hostileU32(prng),
      );
      return { selector, value: { scope, subAccount: sub, timeoutMs } };
    }
    case ACTION.setAgentBudget: {
      const value = {
        keyPosition: field(
          scene,
          () => chosen(scene, [1, 2]),
          () => hostileU8(prng),
        ),
        actionsPerMinute: field(
          scene,
          () => chosen(scene, [0, 5, 100]),
          () => hostileU32(prng),
        ),
        notionalPerDayUsd: field(
          scene,
          () => chosen(scene, [0, 0, 1_000, 10_000_000]),
          () => hostileU64(prng),
        ),
      };
      return { selector, value };
    }
    case ACTION.createCombo:
      return { selector, value: comboOf(scene) };
    case ACTION.requestForQuote: {
      const value = {
        subAccount: subOf(scene),
        legs: legsOf(scene, 10),
        units: field(
          scene,
          () => sizeLots(prng.between(1, 5)),
          () => sizeLots(hostileU32(prng)),
        ),
        expiresAt: field(
          scene,
          () => timestampMs(scene.now + prng.between(1_000, 10_000)),
          () => timestampMs(hostileTime(prng, scene.now)),
        ),
      };
      return { selector, value };
    }
    case ACTION.quoteRequest:
      return { selector, value: quoteRequestOf(scene) };
    case ACTION.cancelQuotes: {
      const value = {
        subAccount: subOf(scene),
        request: prng.chance(0.5) ? orderId(0) : quoteRequestOf(scene).request,
      };
      return { selector, value };
    }
    case ACTION.acceptQuote:
      return { selector, value: acceptOf(scene) };
    case ACTION.blockTrade: {
      const signature = new Uint8Array(64);
      return { selector, value: { offer: offerOf(scene), signature } };
    }
    case ACTION.takeLiquidation:
      return { selector, value: takeOf(scene) };
    case ACTION.setReferrer: {
      const referrer = field(
        scene,
        () => prng.pick(scene.people).address,
        () => new Uint8Array(20).fill(hostileU8(prng)),
      );
      return { selector, value: { referrer } };
    }
    case ACTION.setMarginMode: {
      const mode = enumOf<MarginMode>(scene, [0, 1, 1, 1]);
      return { selector, value: { subAccount: subOf(scene), mode } };
    }
    case SECURITY_ACTION.changeSecurity:
    case SECURITY_ACTION.endPending:
    case SECURITY_ACTION.withdraw:
    case SECURITY_ACTION.freeze:
    case SECURITY_ACTION.rearm:
    case SECURITY_ACTION.recover:
    case SECURITY_ACTION.cancelRecovery:
      return drawSecurity(scene, selector);
    default:
      return { selector: ACTION.placeOrder, value: placeOf(scene) };
  }
}

/** What a drawn action is about, where that is not left to chance. */
export type Theme = { readonly selector: number; readonly focus: InstrumentId | undefined };

/** An action of a person, for a block at `now`. */
export function drawAction(
  prng: Prng,
  world: World,
  person: Person,
  now: number,
  theme?: Theme,
): Action {
  const { state } = world.chain;
  const focus = theme?.focus;
  const draw = theme === undefined ? drawOf(prng) : { prng, hostility: 0 };
  const scene: Scene = { ...draw, state, people: world.people, person, now, focus };
  if (theme !== undefined) return actionOf(scene, theme.selector);
  // Who has a request live is likely to take a quote on it.
  const asked = state.derived.requests.requestsByAccount.has(person.account);
  if (asked && prng.chance(0.25)) return actionOf(scene, ACTION.acceptQuote);
  const isAuctioned = state.liquidations.size > 0;
  if (isAuctioned && prng.chance(0.1)) return actionOf(scene, ACTION.takeLiquidation);
  return actionOf(scene, prng.pick(BAG));
}
