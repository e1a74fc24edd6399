/**
 * The life of series through whole blocks: votes list and mark them, transactions trade them, they
 * expire with orders open, and are settled. A second node that reloads now and then gives the same
 * receipts, events and rows.
 */

import { expect, test } from 'vitest';
import { ensureAccount } from '../../runtime/accounts/create-account.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE, type Side } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { type Block, blockHash } from '../../runtime/block.ts';
import { fromHex, ZERO_32 } from '../../runtime/core/bytes.ts';
import {
  epoch,
  height,
  type InstrumentId,
  type PortfolioId,
  portfolioId,
  priceTicks,
  sizeLots,
  subAccount,
  timestampMs,
  validatorIndex,
  view,
} from '../../runtime/core/units.ts';
import { CLOSE_REASON, EVENT, type Event } from '../../runtime/event.ts';
import { type BlockResult, executeBlock } from '../../runtime/execute.ts';
import { balanceOf, conservationProblems, mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import { expiryKey, metaOf, type State } from '../../runtime/state/state.ts';
import { addressOfKey, PAYLOAD, PayloadCodec, SCHEME } from '../../runtime/transaction.ts';
import { votesOfAll } from '../fixtures/oracle.ts';
import {
  BTC,
  MICRO,
  nextBlock,
  reloaded,
  START,
  seedTestStaking,
  testState,
} from '../fixtures/state.ts';

type Trader = { readonly publicKey: Uint8Array; readonly portfolio: PortfolioId };

/** One transaction of a block. */
type Trade = { readonly by: Trader; readonly actions: Action[] };

const NO_SIGNATURE = new Uint8Array(64);

/** An account of its own key; signatures are not execution's to check. */
function trader(state: State, byte: number, usd: bigint): Trader {
  const publicKey = new Uint8Array(32).fill(byte);
  const address = addressOfKey({ scheme: SCHEME.ed25519, publicKey });
  const id = ensureAccount(state, { timestamp: START, events: [] }, address);
  const portfolio = portfolioId(id, subAccount(0));
  mint(state, portfolio, DENOMINATION.usd, usd * BigInt(MICRO));
  return { publicKey, portfolio };
}

function order(instrument: InstrumentId, side: Side, price: number, size: number): Action {
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: subAccount(0),
      instrument,
      side,
      price: priceTicks(price),
      size: sizeLots(size),
    },
  };
}

function transaction({ publicKey }: Trader, now: number, actions: Action[]): Uint8Array {
  const signer = { scheme: SCHEME.ed25519, publicKey };
  const account = fromHex(addressOfKey(signer)) ?? new Uint8Array(20);
  const body = { account, nonce: now, expiresAt: timestampMs(now), signers: [signer], actions };
  return PayloadCodec.encode({
    selector: PAYLOAD.transaction,
    value: { body, signatures: [NO_SIGNATURE] },
  });
}

/** A block half a second on, with votes of all validators on `btcDollars`. */
function block(state: State, btcDollars: number, trades: readonly Trade[]): Block {
  const meta = metaOf(state);
  const timestamp = timestampMs(meta.timestamp + 500);
  // A context like the one the block will be executed in, for the votes to be made in.
  const context = { ...nextBlock(reloaded(state)), timestamp };
  const votes = votesOfAll(state, context, new Map([[BTC.id, btcDollars]]));
  return {
    header: {
      height: height(meta.height + 1),
      view: view(meta.height + 1),
      epoch: epoch(0),
      parent: ZERO_32,
      timestamp,
      proposer: validatorIndex(0),
      transactionsRoot: ZERO_32,
      executed: { height: height(0), stateRoot: ZERO_32, receiptsRoot: ZERO_32 },
      config: ZERO_32,
      nextConfig: ZERO_32,
    },
    payloads: [
      ...votes.map((vote) =>
        PayloadCodec.encode({
          selector: PAYLOAD.oracleVote,
          value: { vote, signature: NO_SIGNATURE },
        }),
      ),
      ...trades.map(({ by, actions }) => transaction(by, timestamp, actions)),
    ],
  };
}

function rows(state: State): string[] {
  return state.stores.flatMap((store) =>
    [...store.encodedRows()].map(([key, value]) => `${store.name} ${key.join()} ${value.join()}`),
  );
}

test('listed, traded, expired and settled, alike on a node that reloads', () => {
  const small = { ...BTC, strikesListed: 3, expiryIntervalMs: 20_000, expiriesListed: 2 };
  const state = testState({
    underlyings: [small],
    parameters: { settlementWindowMs: 5_000, settlementSlots: 5, oracleStaleMs: 3_000 },
  });
  seedTestStaking(state);
  const buyer = trader(state, 1, 10_000n);
  const writer = trader(state, 2, 100_000n);
  let twin = reloaded(state);
  const events: Event[] = [];
  const step = (btcDollars: number, trades: readonly Trade[] = []): BlockResult => {
    const next = block(state, btcDollars, trades);
    const result = executeBlock(state, next, blockHash(next.header));
    const again = executeBlock(twin, next, blockHash(next.header));
    expect(again.receiptsBytes).toEqual(result.receiptsBytes);
    expect(again.events).toEqual(result.events);
    expect(conservationProblems(state)).toEqual([]);
    events.push(...result.events);
    if (metaOf(state).height % 7 === 0) twin = reloaded(twin);
    return result;
  };

  // Listed, then voted on, then marked.
  for (let i = 0; i < 4; i++) step(60_000);
  expect(state.instruments.size).toBe(2 * 3 * 2);
  const call = state.instruments
    .sortedKeys()
    .map((id) => state.instruments.must(id))
    .find(({ kind, strike }) => kind === INSTRUMENT_KIND.call && strike === 60_000 * MICRO);
  expect(call).toBeDefined();
  if (call === undefined) return;

  // One coin traded at $10, with twenty lots left in the book.
  const traded = step(60_000, [
    { by: writer, actions: [order(call.id, SIDE.sell, 10, 120)] },
    { by: buyer, actions: [order(call.id, SIDE.buy, 10, 100)] },
  ]);
  expect(traded.receipts.flatMap(({ results }) => results.map(({ selector }) => selector))).toEqual(
    [ACTION_RESULT.order, ACTION_RESULT.order],
  );
  expect(state.instruments.must(call.id).openInterest).toBe(100);
  expect(state.orders.size).toBe(1);

  // The index settles $100 above the strike.
  const before = balanceOf(state, buyer.portfolio, DENOMINATION.usd);
  const key = expiryKey.pack(BTC.id, call.expiry);
  while (state.settlements.get(key)?.settled !== true) step(60_100);
  expect(metaOf(state).timestamp).toBe(call.expiry);
  expect(state.settlements.must(key).deliveryPrice).toBe(60_100 * MICRO);
  // $100 a coin, less 1.5 bp of $60,100: $9.015.
  const received = balanceOf(state, buyer.portfolio, DENOMINATION.usd) - before;
  expect(Number(received)).toBe(100 * MICRO - 9_015_000);
  expect(balanceOf(state, MODULE.clearing, DENOMINATION.usd)).toBe(0n);
  expect(state.orders.size).toBe(0);
  expect(state.positions.size).toBe(0);
  expect(
    events.filter(
      (e) => e.selector === EVENT.orderClosed && e.value.reason === CLOSE_REASON.expired,
    ).length,
  ).toBe(1);
  expect(step(60_100).events.filter(({ selector }) => selector === EVENT.settled)).toEqual([]);
  expect(rows(reloaded(twin))).toEqual(rows(state));
});
