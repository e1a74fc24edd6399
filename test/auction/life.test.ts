/** Auctions and states over a chain's life: openings, outages, gaps, halts, restarts, reloads. */
import { describe, expect, test } from 'vitest';
import { ACTION, type Action } from '../../runtime/action.ts';
import { TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { effectiveState } from '../../runtime/auction/phase.ts';
import { type StateOrder, setInstrumentState } from '../../runtime/auction/set-instrument-state.ts';
import {
  orderId,
  portfolioId,
  sizeLots,
  underlyingId,
  validatorIndex,
} from '../../runtime/core/units.ts';
import { runtimeErrorCode } from '../../runtime/error.ts';
import { CLOSE_REASON, EVENT, type Event } from '../../runtime/event.ts';
import type { BlockResult } from '../../runtime/execute.ts';
import type { Parameters as ChainParameters } from '../../runtime/governance/parameters.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { INSTRUMENT_STATE, type Instrument } from '../../runtime/options/instrument.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { metaOf, parametersOf } from '../../runtime/state/state.ts';
import { runBlock, type TestChain } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';
import { reloaded } from '../fixtures/state.ts';
import {
  auctionChain,
  calls,
  MAIN,
  markTicks,
  type Name,
  orderAction,
  rootOf,
  unsigned,
} from './chain.ts';

const { open, pending, auction, postOnly, reduceOnly, halted } = INSTRUMENT_STATE;
const BTC = underlyingId(0);

const RESTARTS: Partial<ChainParameters> = {
  restartAuctionMs: 2_000,
  auctionExtensionMs: 1_000,
  auctionNoCancelMs: 1_000,
  postOnlyAfterHaltMs: 1_000,
  oracleReduceOnlyMs: 2_000,
};

type ValueOf<S> = Extract<Event, { selector: S }>['value'];

/** The values of a block's events of one kind. */
function ofKind<S extends Event['selector']>({ events }: BlockResult, selector: S): ValueOf<S>[] {
  return events
    .filter((event) => event.selector === selector)
    .map(({ value }) => value as ValueOf<S>);
}

/** The second BTC call at $100,000: its expiry is minutes ahead. */
function callOf(chain: TestChain): Instrument {
  const call = calls(chain.state)[1];
  if (call === undefined) throw new Error('no series');
  return call;
}

const stateNow = (chain: TestChain): number => effectiveState(chain.state, callOf(chain));

/** A block with one transaction a person; the code of each result. */
function act(
  chain: TestChain,
  deeds: readonly (readonly [Name, Action])[],
  options: Parameters<typeof runBlock>[2] = {},
): { readonly codes: string[]; readonly result: BlockResult } {
  const payloads = deeds.map(([name, action]) => unsigned(chain, name, [action]));
  const result = runBlock(chain, payloads, options);
  const codes = result.receipts.map(({ results }) => {
    const [first] = results;
    if (first?.selector !== ACTION_RESULT.refused) return 'ok';
    return runtimeErrorCode(first.value.number) ?? '';
  });
  return { codes, result };
}
function bought(chain: TestChain, name: Name): number {
  const { id } = chain.state.accounts.must(testKey(name).address);
  return positionOf(chain.state, portfolioId(id, MAIN), callOf(chain).id);
}

/** What a passed proposal would do at the end of the last block. */
function govern({ state }: TestChain, order: StateOrder): void {
  const { height, timestamp, epoch } = metaOf(state);
  const context = {
    height,
    timestamp,
    proposer: validatorIndex(0),
    config: state.epochConfigs.must(epoch),
    parameters: parametersOf(state),
    events: [],
    multilegWork: { spent: 0 },
  };
  expect(setInstrumentState(state, context, order).ok).toBe(true);
}

/** Blocks every 500 ms until the call is in a state. */
function runUntil(chain: TestChain, state: number): BlockResult {
  for (let i = 0; i < 40; i++) {
    const result = runBlock(chain);
    if (calls(chain.state).length > 1 && stateNow(chain) === state) return result;
  }
  throw new Error(`state ${state} was not reached`);
}

describe('an opening', () => {
  const opening = (): TestChain =>
    auctionChain({ parameters: { ...RESTARTS, openingAuctionMs: 3_000 } });

  test('a listed series waits for its first mark, then collects, then opens at one price', () => {
    const chain = opening();
    runUntil(chain, pending);
    const call = callOf(chain);
    // Without votes there is no mark yet.
    const early = act(chain, [['alice', orderAction(call.id, 'buy', 100, 1)]], {
      oracle: 'silent',
    });
    expect([stateNow(chain), early.codes]).toEqual([pending, ['instrument_not_open']]);
    runUntil(chain, auction);
    const mark = markTicks(chain.state, call.id);
    const { codes, result } = act(chain, [
      ['alice', orderAction(call.id, 'buy', mark, 10)],
      ['bob', orderAction(call.id, 'sell', mark - 1, 6)],
      ['carol', orderAction(call.id, 'sell', mark, 1, { timeInForce: TIME_IN_FORCE.gfa })],
      ['dave', orderAction(call.id, 'buy', mark, 1, { timeInForce: TIME_IN_FORCE.ioc })],
    ]);
    expect(codes).toEqual(['ok', 'ok', 'ok', 'not_in_auction']);
    expect(ofKind(result, EVENT.trade)).toEqual([]);
    // A tick lower only Bob's 6 lots would trade.
    expect(ofKind(result, EVENT.auctionIndicative)).toEqual([
      { instrument: call.id, price: mark, lots: 7, imbalance: 3 },
    ]);
    // Within a second of the last it says nothing.
    expect(ofKind(runBlock(chain), EVENT.auctionIndicative)).toEqual([]);
    // Alice wants less now: 9 lots, of which 7 are offered.
    const smaller = act(chain, [
      [
        'alice',
        {
          selector: ACTION.reduceOrder,
          value: {
            order: { subAccount: MAIN, orderId: orderId(1), clientOrderId: 0 },
            size: sizeLots(9),
          },
        },
      ],
    ]);
    expect(ofKind(smaller.result, EVENT.auctionIndicative)).toEqual([
      { instrument: call.id, price: mark, lots: 7, imbalance: 2 },
    ]);
    // A block in which the book does not change says nothing.
    expect(ofKind(runBlock(chain), EVENT.auctionIndicative)).toEqual([]);
    const end = runUntil(chain, open);
    const [cleared] = ofKind(end, EVENT.auctionCleared).filter(
      ({ instrument }) => instrument === call.id,
    );
    expect(cleared?.lots).toBe(7);
    expect([bought(chain, 'alice'), bought(chain, 'bob'), bought(chain, 'carol')]).toEqual([
      7, -6, -1,
    ]);
    expect(chain.state.phases.has(call.id)).toBe(false);
  });

  test('a GFA order that does not trade leaves with its auction', () => {
    const chain = opening();
    runUntil(chain, auction);
    const call = callOf(chain);
    const low = markTicks(chain.state, call.id) - 2;
    act(chain, [
      ['alice', orderAction(call.id, 'buy', low, 1, { timeInForce: TIME_IN_FORCE.gfa })],
      ['bob', orderAction(call.id, 'buy', low, 1)],
    ]);
    const end = runUntil(chain, open);
    expect(ofKind(end, EVENT.orderClosed)).toEqual([
      { orderId: 1, reason: CLOSE_REASON.auctionEnd },
    ]);
    expect(chain.state.orders.sortedKeys()).toEqual([2]);
  });

  test('an order against one’s own takes nothing out: it gives way itself', () => {
    const chain = opening();
    runUntil(chain, auction);
    const call = callOf(chain);
    const mark = markTicks(chain.state, call.id);
    act(chain, [
      ['alice', orderAction(call.id, 'buy', mark, 5)],
      ['bob', orderAction(call.id, 'sell', mark, 3)],
    ]);
    act(chain, [['alice', orderAction(call.id, 'sell', mark, 1)]]);
    const end = runUntil(chain, open);
    expect(ofKind(end, EVENT.orderClosed)).toEqual([
      { orderId: 3, reason: CLOSE_REASON.selfTrade },
      { orderId: 2, reason: CLOSE_REASON.filled },
    ]);
    expect([bought(chain, 'alice'), bought(chain, 'bob')]).toEqual([3, -3]);
  });

  test('is extended once when its price is far from the mark', () => {
    const chain = opening();
    runUntil(chain, auction);
    const call = callOf(chain);
    const far = Math.floor(markTicks(chain.state, call.id) * 1.1);
    act(chain, [
      ['alice', orderAction(call.id, 'buy', far, 3)],
      ['bob', orderAction(call.id, 'sell', far, 3)],
    ]);
    const due = chain.state.phases.must(call.id).until;
    while (chain.now < due) runBlock(chain);
    expect(stateNow(chain)).toBe(auction);
    expect(chain.state.phases.must(call.id).extended).toBe(true);
    expect(bought(chain, 'alice')).toBe(0);
    const end = runUntil(chain, open);
    expect(ofKind(end, EVENT.trade).map(({ price }) => price)).toEqual([far]);
    expect(bought(chain, 'alice')).toBe(3);
  });

  test('a node that reloads in the middle goes on to the same events and root', () => {
    const chain = opening();
    runUntil(chain, auction);
    const call = callOf(chain);
    const mark = markTicks(chain.state, call.id);
    act(chain, [
      ['alice', orderAction(call.id, 'buy', mark + 1, 10, { timeInForce: TIME_IN_FORCE.gfa })],
      ['bob', orderAction(call.id, 'sell', mark - 1, 6)],
    ]);
    const other: TestChain = { ...chain, state: reloaded(chain.state), blocks: [...chain.blocks] };
    for (let i = 0; i < 8; i++) {
      const trade: (readonly [Name, Action])[] =
        i === 1 ? [['carol', orderAction(call.id, 'sell', mark, 2)]] : [];
      other.nonce = chain.nonce;
      const ran = act(chain, trade);
      const loaded = act(other, trade);
      expect(loaded.result.events).toEqual(ran.result.events);
    }
    expect(stateNow(other)).toBe(open);
    expect(bought(other, 'alice')).toBe(8);
    expect(rootOf(other.state)).toBe(rootOf(chain.state));
  });
});

describe('an oracle outage', () => {
  function trading(): TestChain {
    const chain = auctionChain({ parameters: RESTARTS });
    for (let i = 0; i < 4; i++) runBlock(chain);
    return chain;
  }

  test('first reduces, then halts; restarts by auction, then post-only, then open', () => {
    const chain = trading();
    const { id } = callOf(chain);
    const mark = markTicks(chain.state, id);
    act(chain, [['dave', orderAction(id, 'buy', mark - 1, 2, { timeInForce: TIME_IN_FORCE.gfn })]]);
    const silent = { oracle: 'silent' } as const;
    const buy = (name: Name): readonly [Name, Action] => [name, orderAction(id, 'buy', mark, 1)];

    runBlock(chain, [], { ...silent, stepMs: 2_000 });
    expect(stateNow(chain)).toBe(open);
    const aging = act(chain, [buy('alice')], silent);
    expect([stateNow(chain), aging.codes]).toEqual([reduceOnly, ['reduce_only_required']]);
    const stale = act(chain, [buy('alice')], { ...silent, stepMs: 3_000 });
    expect([stateNow(chain), stale.codes]).toEqual([halted, ['instrument_not_open']]);

    // The first block with a quorum: the auction starts, and GFN orders leave.
    const first = act(chain, [
      ['alice', orderAction(id, 'buy', mark + 1, 5)],
      ['bob', orderAction(id, 'sell', mark - 1, 5)],
    ]);
    expect([stateNow(chain), first.codes]).toEqual([auction, ['ok', 'ok']]);
    expect(ofKind(first.result, EVENT.orderClosed).map(({ reason }) => reason)).toEqual([
      CLOSE_REASON.auctionEnd,
    ]);
    expect(bought(chain, 'alice')).toBe(0);
    runUntil(chain, postOnly);
    expect(bought(chain, 'alice')).toBe(5);
    expect(act(chain, [buy('alice')]).codes).toEqual(['post_only_required']);
    runUntil(chain, open);
    expect(act(chain, [buy('alice')]).codes).toEqual(['ok']);
    expect(chain.state.tradingStatus.size).toBe(0);
  });

  test('that is short ends in reduce-only, without an auction', () => {
    const chain = trading();
    runBlock(chain, [], { oracle: 'silent', stepMs: 3_000 });
    expect(stateNow(chain)).toBe(reduceOnly);
    runBlock(chain);
    expect(stateNow(chain)).toBe(open);
  });

  test('does not lift what governance halted, nor governance the outage', () => {
    const chain = trading();
    const order = (to: typeof open | typeof halted): void =>
      govern(chain, { kind: 'underlying', underlying: BTC, to });
    order(halted);
    for (let i = 0; i < 10; i++) runBlock(chain);
    expect(stateNow(chain)).toBe(halted);
    runBlock(chain, [], { oracle: 'silent', stepMs: 6_000 });
    order(open);
    runBlock(chain, [], { oracle: 'silent' });
    expect(stateNow(chain)).toBe(halted);
    runBlock(chain);
    expect(stateNow(chain)).toBe(auction);
    runUntil(chain, open);
  });
});

test('after a gap of more than a minute trading restarts by auction', () => {
  const chain = auctionChain({ parameters: RESTARTS });
  for (let i = 0; i < 4; i++) runBlock(chain);
  runBlock(chain, [], { stepMs: 60_000 });
  expect(stateNow(chain)).toBe(open);
  runBlock(chain, [], { stepMs: 60_001 });
  expect(stateNow(chain)).toBe(auction);
});

test('an underlying halted by order restarts by auction when the order is lifted, not before', () => {
  const chain = auctionChain({ parameters: RESTARTS });
  for (let i = 0; i < 4; i++) runBlock(chain);
  govern(chain, { kind: 'underlying', underlying: BTC, to: halted });
  for (let i = 0; i < 12; i++) runBlock(chain);
  expect(stateNow(chain)).toBe(halted);
  govern(chain, { kind: 'underlying', underlying: BTC, to: open });
  runBlock(chain);
  expect(stateNow(chain)).toBe(auction);
  runUntil(chain, postOnly);
  runUntil(chain, open);
});

test('a halt that stops an auction, and a restart without one, leave no order that came for it', () => {
  const own = { kind: 'instrument', openingAuctionMs: 3_000 } as const;
  const all = { kind: 'underlying', openingAuctionMs: 0 } as const;
  for (const { kind, openingAuctionMs } of [own, all]) {
    const chain = auctionChain({ parameters: { ...RESTARTS, openingAuctionMs } });
    if (kind === 'instrument') runUntil(chain, auction);
    else for (let i = 0; i < 4; i++) runBlock(chain);
    const call = callOf(chain);
    const order = (to: typeof open | typeof halted): void =>
      govern(
        chain,
        kind === 'instrument' ? { kind, instrument: call.id, to } : { kind, underlying: BTC, to },
      );
    if (kind === 'underlying') {
      order(halted);
      order(open);
      runBlock(chain);
    }
    expect(stateNow(chain)).toBe(auction);
    const low = markTicks(chain.state, call.id) - 2;
    act(chain, [
      ['alice', orderAction(call.id, 'buy', low, 1, { timeInForce: TIME_IN_FORCE.gfa })],
      ['bob', orderAction(call.id, 'buy', low, 1)],
    ]);
    order(halted);
    chain.state.parameters.set(SINGLETON_KEY, {
      ...parametersOf(chain.state),
      restartAuctionMs: 0,
    });
    order(open);
    runUntil(chain, open);
    expect(chain.state.orders.sortedKeys()).toEqual([2]);
  }
});

test('a node that reloaded after books emptied restarts with the same events', () => {
  const chain = auctionChain({ parameters: RESTARTS });
  for (let i = 0; i < 4; i++) runBlock(chain);
  const call = callOf(chain);
  const low = markTicks(chain.state, call.id) - 1;
  act(chain, [['alice', orderAction(call.id, 'buy', low, 1)]]);
  act(chain, [['alice', { selector: ACTION.cancelOrder, value: { orderId: orderId(1) } }]]);
  govern(chain, { kind: 'underlying', underlying: BTC, to: halted });
  govern(chain, { kind: 'underlying', underlying: BTC, to: open });
  runBlock(chain);
  expect(stateNow(chain)).toBe(auction);
  // One that leaves with the auction, and one that left before.
  const gfa = { timeInForce: TIME_IN_FORCE.gfa };
  act(chain, [['bob', orderAction(call.id, 'buy', low, 1, gfa)]]);
  act(chain, [['bob', { selector: ACTION.cancelOrder, value: { orderId: orderId(2) } }]]);
  const other: TestChain = { ...chain, state: reloaded(chain.state), blocks: [...chain.blocks] };
  expect(other.state.derived.auctions).toEqual(chain.state.derived.auctions);
  while (stateNow(chain) === auction) {
    other.nonce = chain.nonce;
    const ran = runBlock(chain);
    expect(runBlock(other).events).toEqual(ran.events);
  }
});

test('an instrument halted by order restarts by an auction of its own', () => {
  const chain = auctionChain({ parameters: RESTARTS });
  for (let i = 0; i < 4; i++) runBlock(chain);
  const call = callOf(chain);
  const order = (to: typeof open | typeof halted): void =>
    govern(chain, { kind: 'instrument', instrument: call.id, to });
  const low = markTicks(chain.state, call.id) - 1;
  act(chain, [
    ['alice', orderAction(call.id, 'buy', low, 1, { timeInForce: TIME_IN_FORCE.gfn })],
    ['bob', orderAction(call.id, 'buy', low, 1)],
  ]);
  order(halted);
  order(open);
  expect(call.state).toBe(auction);
  // Good for continuous trading only: it leaves when the auction starts.
  expect(chain.state.orders.sortedKeys()).toEqual([2]);
  const others = calls(chain.state).filter(({ id }) => id !== call.id);
  expect(others.every(({ state }) => state === open)).toBe(true);
  runUntil(chain, postOnly);
  runUntil(chain, open);
});
