/** Blocks of a history: time, oracle, governance and transactions, drawn on what the state holds now. */

import { ACTION, type Action } from '../../runtime/action.ts';
import { ORDER_TYPE, POST_ONLY, SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import type { StateOrder } from '../../runtime/auction/set-instrument-state.ts';
import { isEpochLast } from '../../runtime/block.ts';
import {
  epoch,
  type InstrumentId,
  instrumentId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
  underlyingId,
  validatorIndex,
} from '../../runtime/core/units.ts';
import { MAX_TRANSACTIONS_PER_KEY } from '../../runtime/limits.ts';
import { INSTRUMENT_STATE, type InstrumentState } from '../../runtime/options/instrument.ts';
import { liveExpiries } from '../../runtime/options/series-index.ts';
import type { OracleVote } from '../../runtime/oracle/vote.ts';
import { MAX_ORACLE_PRICE } from '../../runtime/oracle/vote-bounds.ts';
import { metaOf } from '../../runtime/state/state.ts';
import type { TransactionBody } from '../../runtime/transaction.ts';
import type { Prng } from '../sim/prng.ts';
import { drawAction } from './draw-action.ts';
import { hostileTime, hostileU8, hostileU32, hostileU64 } from './draw-values.ts';
import type { Person, RecordedBlock, RecordedVotes, World } from './world.ts';

/** What goes on from block to block of a history. */
export type Weather = {
  readonly indexes: Map<number, number>;
  /** Blocks in which the oracle stays silent. */
  silentBlocks: number;
  variancePercent: number;
  nonce: number;
};

export function newWeather(): Weather {
  const indexes = new Map([
    [0, 100_000_000_000],
    [1, 4_000_000_000],
    [254, 150_000_000],
  ]);
  return { indexes, silentBlocks: 0, variancePercent: 100, nonce: 0 };
}

/** Mostly half a second; now and then silence, a halt of the chain, or a day. */
function drawStep(prng: Prng): number {
  const kind = prng.float();
  if (kind < 0.9) return prng.between(100, 900);
  if (kind < 0.985) return prng.between(1_000, 8_000);
  if (kind < 0.995) return 61_000;
  return prng.pick([1, 3_600_000, 24 * 3_600_000]);
}

/** Indexes walk by parts of a percent, jump now and then, and seldom to the ends of their range. */
function moveIndexes(prng: Prng, { indexes }: Weather): void {
  for (const [id, index] of indexes) {
    const kind = prng.float();
    let next = index;
    if (kind < 0.6) next = index * (1 + (prng.float() - 0.5) / 500);
    else if (kind < 0.64) next = index * (1 + (prng.float() - 0.5) / 4);
    else if (kind < 0.643) next = index * prng.pick([0.1, 4, 50]);
    else if (kind < 0.644) next = prng.pick([1, 100, MAX_ORACLE_PRICE]);
    indexes.set(id, Math.max(1, Math.min(MAX_ORACLE_PRICE, Math.floor(next))));
  }
}

/** A vote as a faulty validator might send it: any values that the codec takes. */
function hostileVote(prng: Prng, world: World, now: number, place: number): OracleVote {
  const { state } = world.chain;
  return {
    epoch: epoch(prng.chance(0.9) ? place : place + 1),
    validator: validatorIndex(3),
    observedAt: timestampMs(prng.chance(0.7) ? now : hostileTime(prng, now)),
    underlyings: [0, 1, prng.pick([7, 254])].map((id) => ({
      underlying: underlyingId(id),
      index: prng.chance(0.5) ? Math.max(1, hostileU64(prng) % MAX_ORACLE_PRICE) : hostileU64(prng),
      confidenceBps: prng.pick([0, 1, 10_000, 10_001, 65_535]),
      expiries: liveExpiries(state, underlyingId(id))
        .slice(0, 32)
        .map((expiry) => ({
          expiry,
          forward: hostileU64(prng),
          theta: hostileU64(prng),
          u: hostileU64(prng),
          l: hostileU64(prng),
        })),
    })),
  };
}

function drawVotes(prng: Prng, world: World, weather: Weather, now: number): RecordedVotes {
  moveIndexes(prng, weather);
  if (weather.silentBlocks === 0 && prng.chance(0.015)) weather.silentBlocks = prng.between(1, 14);
  if (prng.chance(0.02)) weather.variancePercent = prng.pick([1, 30, 100, 100, 300, 5_000]);
  const { variancePercent } = weather;
  const indexes = [...weather.indexes];
  if (weather.silentBlocks > 0) {
    weather.silentBlocks -= 1;
    return { indexes, validators: [], confidenceBps: 0, variancePercent, hostile: [] };
  }
  const last = world.chain.blocks.at(-1)?.block.header;
  const config = last && world.chain.state.epochConfigs.get(last.epoch);
  const place = last === undefined ? 0 : last.epoch + (config && isEpochLast(last, config) ? 1 : 0);
  const isFaulty = prng.chance(0.1);
  return {
    indexes,
    validators: isFaulty ? [0, 1, 2] : prng.chance(0.05) ? [0] : [0, 1, 2, 3],
    confidenceBps: prng.chance(0.95) ? 10_000 : prng.pick([0, 1, 5_000]),
    variancePercent,
    hostile: isFaulty ? [hostileVote(prng, world, now, place)] : [],
  };
}

function drawOrder(prng: Prng, world: World): StateOrder {
  const { open, postOnly, reduceOnly, halted } = INSTRUMENT_STATE;
  const states: readonly InstrumentState[] = [open, open, open, postOnly, reduceOnly, halted];
  const to = prng.chance(0.95) ? prng.pick(states) : (hostileU8(prng) as InstrumentState);
  if (prng.chance(0.4)) {
    return { kind: 'underlying', underlying: underlyingId(prng.pick([0, 1, 254, 9])), to };
  }
  const { nextInstrumentId } = metaOf(world.chain.state);
  const instrument = instrumentId(
    prng.chance(0.95) ? Math.max(1, nextInstrumentId - prng.between(0, 40)) : hostileU32(prng),
  );
  return { kind: 'instrument', instrument, to };
}

/** What was ordered is lifted again soon, or most of a history would stand still. */
function drawOrders(prng: Prng, world: World): StateOrder[] {
  const orders: StateOrder[] = [];
  const { open } = INSTRUMENT_STATE;
  if (prng.chance(0.1)) {
    const { state } = world.chain;
    for (const id of state.tradingStatus.sortedKeys()) {
      orders.push({ kind: 'underlying', underlying: id, to: open });
    }
    for (const id of state.instruments.sortedKeys()) {
      if (state.instruments.must(id).state !== open) {
        orders.push({ kind: 'instrument', instrument: id, to: open });
      }
    }
  }
  if (prng.chance(0.03)) orders.push(drawOrder(prng, world));
  return orders;
}

/** One used already, or one out of its window. */
function oddNonce(prng: Prng, { nonce }: Weather, now: number): number {
  return prng.chance(0.3) ? now + nonce - 1 : Math.max(0, hostileTime(prng, now));
}

function drawTransaction(prng: Prng, world: World, weather: Weather, now: number): TransactionBody {
  const person = prng.pick(world.people);
  const count = prng.chance(0.01) ? 64 : prng.chance(0.3) ? prng.between(2, 6) : 1;
  const actions = Array.from({ length: count }, () => drawAction(prng, world, person, now));
  weather.nonce += 1;
  const isOdd = prng.chance(0.02);
  const signers = prng.chance(0.85)
    ? person.signers.slice(0, 1)
    : prng.chance(0.8)
      ? [prng.pick(person.signers.slice(0, 3))]
      : person.signers.slice(0, prng.between(1, 5));
  return {
    account: isOdd && prng.chance(0.3) ? new Uint8Array(20) : person.address,
    nonce: isOdd ? oddNonce(prng, weather, now) : now + weather.nonce,
    expiresAt: timestampMs(isOdd ? Math.max(0, hostileTime(prng, now)) : now + 60_000),
    signers:
      isOdd && prng.chance(0.3)
        ? [{ scheme: hostileU8(prng) as 0, publicKey: new Uint8Array(prng.pick([0, 32, 33, 65])) }]
        : [...signers],
    actions,
  };
}

/** Kinds of action that one account may send by the hundred. */
const FLOODS: readonly number[] = [
  ACTION.placeOrder,
  ACTION.placeOrder,
  ACTION.placeTrigger,
  ACTION.requestForQuote,
  ACTION.quoteRequest,
  ACTION.massQuote,
  ACTION.createCombo,
];

/** The nth of a flood made of one action: what bounds count, not what else may refuse it. */
function repeated(action: Action, nth: number): Action {
  if (action.selector === ACTION.quoteRequest) {
    return { ...action, value: { ...action.value, subAccount: subAccount(nth % 256) } };
  }
  if (action.selector === ACTION.placeTrigger) {
    const order = { ...action.value.order, clientOrderId: 0 };
    return { ...action, value: { ...action.value, order } };
  }
  if (action.selector !== ACTION.placeOrder) return action;
  const { subAccount: sub, instrument, side, price } = action.value;
  const terms = { ...PLAIN_TERMS, postOnly: POST_ONLY.slide };
  const size = sizeLots(1 + (nth % 3));
  return { ...action, value: { ...terms, subAccount: sub, instrument, side, price, size } };
}

/** One who takes all that rests, at any price, and does not mind how. */
function takeAll(prng: Prng, action: Action): Action {
  if (action.selector !== ACTION.placeOrder) return action;
  const { instrument, side } = action.value;
  const { ioc, fok, gtc } = TIME_IN_FORCE;
  const timeInForce = prng.pick([ioc, fok, gtc]);
  return {
    ...action,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument,
      side: side === SIDE.buy ? SIDE.sell : SIDE.buy,
      timeInForce,
      type: timeInForce === gtc ? ORDER_TYPE.limit : ORDER_TYPE.market,
      price: timeInForce === gtc ? action.value.price : priceTicks(0),
      size: sizeLots(prng.pick([1_000, 100_000])),
    },
  };
}

/** Hundreds of actions of a kind, about one series, of a few people: what bounds are there for. */
function drawFlood(prng: Prng, world: World, weather: Weather, now: number): TransactionBody[] {
  const keys = [...world.chain.state.derived.series.byExpiry.keys()].sort((a, b) => a - b);
  const series = keys.length === 0 ? [] : seriesOfKey(world, prng.pick(keys));
  const selector = prng.pick(FLOODS);
  const isOfOne = selector === ACTION.placeOrder || selector === ACTION.placeTrigger;
  const focus = isOfOne && series.length > 0 ? prng.pick(series) : undefined;
  const senders = Array.from({ length: prng.between(1, 4) }, () => prng.pick(world.people));
  const isMany = prng.chance(0.2);
  const count = isMany ? MAX_TRANSACTIONS_PER_KEY + 2 : prng.pick([4, 8, 24]);
  const draw = (person: Person): Action =>
    drawAction(prng, world, person, now, { selector, focus });
  const template = draw(senders[0] ?? prng.pick(world.people));
  const bodyOf = (person: Person, actions: Action[]): TransactionBody => {
    weather.nonce += 1;
    return {
      account: person.address,
      nonce: now + weather.nonce,
      expiresAt: timestampMs(now + 60_000),
      signers: person.signers.slice(0, 1),
      actions,
    };
  };
  const isSame = prng.chance(0.7);
  const bodies = Array.from({ length: count }, (_, i) => {
    const person = senders[i % (isMany ? 1 : senders.length)] ?? prng.pick(world.people);
    const actions = Array.from({ length: isMany ? 1 : 64 }, (_one, nth) =>
      isSame ? repeated(template, nth) : draw(person),
    );
    return bodyOf(person, actions);
  });
  return [...bodies, bodyOf(prng.pick(world.people), [takeAll(prng, template)])];
}

function seriesOfKey(world: World, key: number): readonly InstrumentId[] {
  return world.chain.state.derived.series.byExpiry.get(key) ?? [];
}

/** The next block of a history. */
export function drawBlock(prng: Prng, world: World, weather: Weather): RecordedBlock {
  const stepMs = drawStep(prng);
  const now = world.chain.now + stepMs;
  const votes = drawVotes(prng, world, weather, now);
  const orders = drawOrders(prng, world);
  const count = prng.chance(0.05) ? 0 : prng.chance(0.03) ? 200 : prng.between(1, 40);
  const transactions = Array.from({ length: count }, () =>
    drawTransaction(prng, world, weather, now),
  );
  if (prng.chance(0.03)) transactions.push(...drawFlood(prng, world, weather, now));
  return { stepMs, votes, orders, transactions };
}
