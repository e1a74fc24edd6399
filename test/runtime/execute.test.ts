import { describe, expect, it } from 'vitest';
import { ACTION, type Action } from '../../runtime/action.ts';
import { POST_ONLY, SIDE, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf, PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { fromHex, toHex } from '../../runtime/core/bytes.ts';
import {
  type InstrumentId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
} from '../../runtime/core/units.ts';
import { runtimeErrorCode } from '../../runtime/error.ts';
import { EVENT, type Event } from '../../runtime/event.ts';
import { balanceOf, conservationProblems } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { INSTRUMENT_KIND, INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { ACTION_RESULT, type ActionResult, RECEIPT_STATUS } from '../../runtime/receipt.ts';
import { rebuildDerived } from '../../runtime/state/rebuild.ts';
import { emptyState, metaOf, type State } from '../../runtime/state/state.ts';
import { accountOf } from '../fixtures/block.ts';
import { runBlock, startChain, type TestChain, transactionOf } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';

const alice = testKey('alice');
const bob = testKey('bob');
const MAIN = subAccount(0);

function usd(state: State, name: 'alice' | 'bob'): bigint {
  const account = state.accounts.must(testKey(name).address);
  return balanceOf(state, portfolioId(account.id, MAIN), DENOMINATION.usd);
}

function order(
  instrument: InstrumentId,
  side: 'buy' | 'sell',
  price: number,
  size: number,
  changes: object = {},
): Action {
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: MAIN,
      instrument,
      side: SIDE[side],
      price: priceTicks(price),
      size: sizeLots(size),
      ...changes,
    },
  };
}

/** The at-the-money BTC call of the nearest expiry, and its mark in ticks. */
function nearestCall(chain: TestChain): { id: InstrumentId; expiry: number; mark: number } {
  const calls = [...chain.state.instruments.unorderedEntries()]
    .map(([, row]) => row)
    .filter((row) => row.underlying === 0 && row.kind === INSTRUMENT_KIND.call)
    .filter((row) => row.state === INSTRUMENT_STATE.open && row.strike === 100_000_000_000)
    .sort((a, b) => a.expiry - b.expiry);
  const [first] = calls;
  if (first === undefined) throw new Error('no series listed');
  const mark = chain.state.derived.marks.byInstrument.get(first.id);
  if (mark === undefined) throw new Error('no mark');
  return { id: first.id, expiry: first.expiry, mark: Math.max(1, Math.round(mark.price / 1e6)) };
}

const codeOf = (result: ActionResult | undefined): string | undefined =>
  result?.selector === ACTION_RESULT.refused ? runtimeErrorCode(result.value.number) : 'done';

/** Expiries every 5 minutes, epochs of 2 minutes. */
function tradingChain(): TestChain {
  const chain = startChain({ epochMs: 120_000, expiryIntervalMs: 300_000 });
  for (let i = 0; i < 6; i++) runBlock(chain);
  return chain;
}

describe('executeBlock', () => {
  it('lists series and marks them as soon as the oracle has a quorum', () => {
    const chain = tradingChain();
    const { mark } = nearestCall(chain);
    expect(mark).toBeGreaterThan(0);
    expect(chain.state.instruments.size).toBe(2 * 3 * 5 * 2);
  });

  it('matches, pays the premium and takes fees, conserving money', () => {
    const chain = tradingChain();
    const { id, mark } = nearestCall(chain);
    const before = { alice: usd(chain.state, 'alice'), bob: usd(chain.state, 'bob') };
    runBlock(chain, [transactionOf(chain, alice, [order(id, 'sell', mark, 10)])]);
    const { receipts, events } = runBlock(chain, [
      transactionOf(chain, bob, [order(id, 'buy', mark, 4)]),
    ]);
    const result = receipts[0]?.results[0];
    expect(result?.selector === ACTION_RESULT.order && result.value.filledLots).toBe(4);
    // Tick × lot is $0.01.
    const premium = BigInt(mark) * 4n * 10_000n;
    const fees = balanceOf(chain.state, MODULE.fees, DENOMINATION.usd);
    expect(fees).toBeGreaterThan(0n);
    expect(usd(chain.state, 'alice') + usd(chain.state, 'bob') + fees).toBe(
      before.alice + before.bob,
    );
    expect(usd(chain.state, 'bob')).toBeLessThan(before.bob - premium);
    expect(usd(chain.state, 'alice')).toBeGreaterThan(before.alice + premium - fees);
    expect(events.filter(({ selector }) => selector === EVENT.trade)).toHaveLength(1);
    expect(conservationProblems(chain.state)).toEqual([]);
  });

  it('runs cancels first, then post-only orders, then the rest, whatever the order in the block', () => {
    const chain = tradingChain();
    const { id, mark } = nearestCall(chain);
    runBlock(chain, [transactionOf(chain, alice, [order(id, 'sell', mark, 5)])]);
    // Bob's take stands first in the block, but Alice's cancel comes before it.
    const { receipts } = runBlock(chain, [
      transactionOf(chain, bob, [order(id, 'buy', mark, 5, { timeInForce: TIME_IN_FORCE.ioc })]),
      transactionOf(chain, alice, [order(id, 'sell', mark + 1, 2, { postOnly: POST_ONLY.reject })]),
      transactionOf(chain, alice, [{ selector: ACTION.cancelOrders, value: cancelAllOf(MAIN) }]),
    ]);
    const [take, make, cancel] = receipts.map(({ results }) => results[0]);
    expect(cancel?.selector === ACTION_RESULT.cancelled && cancel.value.cancelled).toBe(1);
    expect(make?.selector === ACTION_RESULT.order && make.value.restingLots).toBe(2);
    expect(take?.selector === ACTION_RESULT.order && take.value.filledLots).toBe(0);
  });

  it('gives each action its own result; a refused one undoes nothing', () => {
    const chain = tradingChain();
    const { id, mark } = nearestCall(chain);
    const to = accountOf(bob);
    const transfer = (amount: bigint): Action => ({
      selector: ACTION.transfer,
      value: {
        fromSubAccount: MAIN,
        to,
        toSubAccount: MAIN,
        denomination: DENOMINATION.mil,
        amount,
      },
    });
    const { receipts } = runBlock(chain, [
      transactionOf(chain, alice, [
        transfer(5n),
        transfer(10n ** 18n),
        order(id, 'sell', mark, 1),
        order(999_999 as InstrumentId, 'sell', mark, 1),
        transfer(7n),
      ]),
    ]);
    expect(receipts[0]?.results.map(codeOf)).toEqual([
      'done',
      'insufficient_balance',
      'done',
      'unknown_instrument',
      'done',
    ]);
  });

  it('answers a transaction that may not act with an invalid receipt and uses no nonce', () => {
    const chain = tradingChain();
    const stranger = testKey('stranger');
    const action: Action = { selector: ACTION.cancelOrders, value: cancelAllOf(MAIN) };
    const { receipts } = runBlock(chain, [transactionOf(chain, stranger, [action])]);
    expect(receipts.map(({ status, results }) => [status, codeOf(results[0])])).toEqual([
      [RECEIPT_STATUS.invalid, 'unknown_account'],
    ]);
  });

  it('settles a series at the mean of its window, to the micro-USD', () => {
    const chain = tradingChain();
    const { id, expiry, mark } = nearestCall(chain);
    const total = usd(chain.state, 'alice') + usd(chain.state, 'bob');
    runBlock(chain, [
      transactionOf(chain, alice, [order(id, 'sell', mark, 10)]),
      transactionOf(chain, bob, [order(id, 'buy', mark, 10)]),
    ]);
    const events: Event[] = [];
    chain.indexes.set(0, 101_000);
    while (chain.now < expiry + 3_000) {
      events.push(...runBlock(chain).events);
      expect(conservationProblems(chain.state)).toEqual([]);
    }
    const delivery = events.find(
      (event) =>
        event.selector === EVENT.delivery &&
        event.value.expiry === expiry &&
        event.value.underlying === 0,
    );
    expect(delivery?.selector === EVENT.delivery && delivery.value.deliveryPrice).toBe(
      101_000_000_000,
    );
    // $1,000 a coin on 10 lots of 0.01: $100 to Bob, his fee aside.
    const paid = events.filter(
      (event) => event.selector === EVENT.settled && event.value.instrument === id,
    );
    const cash = paid.map((event) => (event.selector === EVENT.settled ? event.value.cash : 0n));
    expect(cash.sort((a, b) => (a < b ? -1 : 1))).toEqual([-100_000_000n, 100_000_000n]);
    expect(chain.state.instruments.get(id)?.state ?? INSTRUMENT_STATE.settled).toBe(
      INSTRUMENT_STATE.settled,
    );
    expect([...chain.state.positions.unorderedEntries()]).toEqual([]);
    expect(balanceOf(chain.state, MODULE.clearing, DENOMINATION.usd)).toBe(0n);
    // Epochs ended meanwhile: what they shared out was fees too.
    let fees = balanceOf(chain.state, MODULE.fees, DENOMINATION.usd);
    for (const module of [MODULE.community, MODULE.rewards]) {
      fees += balanceOf(chain.state, module, DENOMINATION.usd);
    }
    fees += balanceOf(chain.state, MODULE.insurance, DENOMINATION.usd) - 100_000_000_000n;
    expect(usd(chain.state, 'alice') + usd(chain.state, 'bob') + fees).toBe(total);
  });

  it('shares out the fees on the last block of an epoch', () => {
    const chain = tradingChain();
    const { id, mark } = nearestCall(chain);
    runBlock(chain, [transactionOf(chain, alice, [order(id, 'sell', mark, 10)])]);
    runBlock(chain, [transactionOf(chain, bob, [order(id, 'buy', mark, 4)])]);
    const fees = balanceOf(chain.state, MODULE.fees, DENOMINATION.usd);
    const shared: unknown[] = [];
    while (shared.length === 0) {
      for (const event of runBlock(chain, []).events) {
        if (event.selector === EVENT.feesDistributed) shared.push(event.value);
      }
    }
    // 20 % to insurance, 2 % to the community, each rounded down.
    const insurance = fees / 5n;
    const community = fees / 50n;
    expect(shared).toEqual([{ insurance, community, stake: fees - insurance - community }]);
    expect(balanceOf(chain.state, MODULE.fees, DENOMINATION.usd)).toBe(0n);
    expect(balanceOf(chain.state, MODULE.insurance, DENOMINATION.usd)).toBe(
      100_000_000_000n + insurance,
    );
  });

  it('takes only cancels while the oracle is silent', () => {
    const chain = tradingChain();
    const { id, mark } = nearestCall(chain);
    for (let i = 0; i < 12; i++) runBlock(chain, [], { oracle: 'silent' });
    const { receipts } = runBlock(
      chain,
      [
        transactionOf(chain, alice, [order(id, 'sell', mark, 1)]),
        transactionOf(chain, alice, [{ selector: ACTION.cancelOrders, value: cancelAllOf(MAIN) }]),
      ],
      { oracle: 'silent' },
    );
    expect(receipts.map(({ results }) => codeOf(results[0]))).toEqual([
      'instrument_not_open',
      'done',
    ]);
  });

  it('rolls epochs: the last block of e fixes the config of e+2', () => {
    const chain = startChain({ epochMs: 20_000 });
    for (let i = 0; i < 200; i++) runBlock(chain);
    const meta = metaOf(chain.state);
    expect(meta.epoch).toBeGreaterThanOrEqual(4);
    const seeds = [...chain.state.epochConfigs.unorderedEntries()].map(([, c]) =>
      toHex(c.leaderSeed),
    );
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(chain.state.epochConfigs.has((meta.epoch + 1) as never)).toBe(true);
  });

  it('goes on alike after a reload: same receipts, events and root', () => {
    const chain = tradingChain();
    const { id, mark } = nearestCall(chain);
    runBlock(chain, [
      transactionOf(chain, alice, [order(id, 'sell', mark, 7), order(id, 'sell', mark + 2, 3)]),
      transactionOf(chain, bob, [
        order(id, 'buy', mark, 2),
        order(id, 'buy', Math.max(1, mark - 3), 4),
      ]),
    ]);

    // Another node loads the rows in key order, which is not the order they were born in.
    const loaded = emptyState(chain.chainId);
    for (const [index, store] of chain.state.stores.entries()) {
      for (const [key, value] of store.encodedRows()) {
        const row = loaded.stores[index]?.loadRow(key, value);
        expect(row?.ok).toBe(true);
      }
    }
    rebuildDerived(loaded);
    const twin: TestChain = { ...chain, state: loaded, blocks: [...chain.blocks] };

    for (let i = 0; i < 40; i++) {
      const price = mark + (i % 5) - 2;
      const actions = [order(id, i % 2 ? 'buy' : 'sell', Math.max(1, price), 1 + (i % 3))];
      const step = (on: TestChain) =>
        runBlock(on, [transactionOf(on, i % 3 ? alice : bob, actions)]);
      const a = step(chain);
      const b = step(twin);
      expect(toHex(b.receiptsBytes)).toBe(toHex(a.receiptsBytes));
      expect(b.events).toEqual(a.events);
    }
    const rows = (state: State) =>
      state.stores.map((store) =>
        [...store.encodedRows()].map(([k, v]) => `${toHex(k)}${toHex(v)}`),
      );
    expect(rows(twin.state)).toEqual(rows(chain.state));
  });

  it('creates an account when it is credited', () => {
    const chain = tradingChain();
    const carol = testKey('carol');
    const value = {
      fromSubAccount: MAIN,
      to: fromHex(carol.address) ?? new Uint8Array(20),
      toSubAccount: MAIN,
      denomination: DENOMINATION.usd,
      amount: 1_000_000n,
    } as const;
    const { events } = runBlock(chain, [
      transactionOf(chain, alice, [{ selector: ACTION.transfer, value }]),
    ]);
    expect(events.some(({ selector }) => selector === EVENT.accountCreated)).toBe(true);
    const id = chain.state.accounts.must(carol.address).id;
    expect(balanceOf(chain.state, portfolioId(id, MAIN), DENOMINATION.usd)).toBe(1_000_000n);
  });
});
