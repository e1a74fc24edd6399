/**
 * The flow for comparison on a whole exchange: 200 accounts, 50 series, standard margin.
 *
 * Account and series of an order are hashes of its number; a cancel is its owner's, by client order
 * id. Marks are such that the flow's prices lie in every series' band.
 */

import { nativeSha256 } from '../../node/crypto/sha256.ts';
import { ensureAccount } from '../../runtime/accounts/create-account.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS } from '../../runtime/actions/orders.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import type { Block } from '../../runtime/block.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import {
  type AccountId,
  type Address,
  epoch,
  height,
  type InstrumentId,
  portfolioId,
  priceTicks,
  type SubAccount,
  sizeLots,
  subAccount,
  type TimestampMs,
  timestampMs,
  validatorIndex,
  view,
} from '../../runtime/core/units.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { setMarkInputs } from '../../runtime/oracle/update-marks.ts';
import type { State } from '../../runtime/state/state.ts';
import { addressOfKey, PAYLOAD, PayloadCodec, SCHEME } from '../../runtime/transaction.ts';
import {
  addSeries,
  BTC,
  MICRO,
  nextBlock,
  START,
  seedTestStaking,
  testState,
} from '../../test/fixtures/state.ts';
import type { FlowStep } from './flow.ts';

/** How large an exchange is. */
export type ExchangeSize = {
  readonly accounts: number;
  readonly expiries: number;
  /** Calls and puts in turn, around the money. */
  readonly seriesPerExpiry: number;
};

/** The exchange of the flow for comparison: 50 series. */
export const FLOW_EXCHANGE: ExchangeSize = { accounts: 200, expiries: 5, seriesPerExpiry: 10 };
/** Strikes lie within so much of the index, so that every series is near $10,000. */
const STRIKES_USD = 5_000;
const ACTIONS_PER_TRANSACTION = 20;
const TRANSACTIONS_PER_BLOCK = 50;
const INDEX_USD = 100_000;
/** Total variance of 0.0625: at-the-money options are worth $10,000, the middle of the flow. */
const THETA = 62_500_000_000;
const DAY_MS = 24 * 3_600_000;
export const SUB: SubAccount = subAccount(0);

type Person = { readonly id: AccountId; readonly key: Uint8Array; readonly address: Address };

export type Exchange = {
  readonly state: State;
  readonly context: BlockContext;
  readonly people: readonly Person[];
  readonly series: readonly InstrumentId[];
  readonly size: ExchangeSize;
};

/** An exchange in its first block, every account with so many dollars. */
export function newExchange(dollars: bigint, size: ExchangeSize = FLOW_EXCHANGE): Exchange {
  const { expiries, seriesPerExpiry } = size;
  const parameters = { oracleStaleMs: 60_000, bandSpotBps: 5_000, bandVolBps: 5_000 };
  const state = testState({ parameters });
  seedTestStaking(state);
  // As the executor does (`node/executor/state-machine.ts`).
  state.sha256 = nativeSha256;
  const context = nextBlock(state);
  const series: InstrumentId[] = [];
  state.indexPrices.set(BTC.id, {
    underlying: BTC.id,
    index: INDEX_USD * MICRO,
    confidenceBps: 10_000,
    updatedAt: context.timestamp,
  });
  for (let n = 1; n <= expiries; n++) {
    const expiry = expiryOf(n);
    for (let i = 0; i < seriesPerExpiry; i++) {
      const kind = i % 2 === 0 ? INSTRUMENT_KIND.call : INSTRUMENT_KIND.put;
      const strikeUsd = INDEX_USD - 2_000 + (STRIKES_USD / seriesPerExpiry) * i;
      series.push(addSeries(state, { underlying: BTC.id, kind, expiry, strikeUsd }));
    }
  }
  const exchange = { state, context, people: people(state, context, dollars, size), series, size };
  remark(exchange);
  return exchange;
}

function people(
  state: State,
  context: BlockContext,
  dollars: bigint,
  { accounts }: ExchangeSize,
): Person[] {
  return Array.from({ length: accounts }, (_, i) => {
    const key = new Uint8Array(32).fill(1 + i);
    new DataView(key.buffer).setUint32(0, i);
    const address = addressOfKey({ scheme: SCHEME.ed25519, publicKey: key });
    const id = ensureAccount(state, context, address);
    mint(state, portfolioId(id, SUB), DENOMINATION.usd, dollars * BigInt(MICRO));
    return { id, key, address };
  });
}

/** Thirty days apart, or one where there are many. */
function expiryOf(n: number): TimestampMs {
  return timestampMs(START + (n + (n > 12 ? 400 : 29 * n)) * DAY_MS);
}

/** Marks every expiry anew, at the same values. */
export function remark({ state, context, size }: Exchange): void {
  const index = INDEX_USD * MICRO;
  for (let n = 1; n <= size.expiries; n++) {
    const expiry = expiryOf(n);
    const skew = { theta: THETA, u: 200_000_000, l: 200_000_000 };
    const values = { index, forward: index, ...skew, windowMs: 1_800_000 };
    setMarkInputs(state, context, { underlying: BTC.id, expiry }, values);
  }
}

export function hashOf(id: number): number {
  return Math.imul(id, 0x9e3779b1) >>> 0;
}

/** Another hash, unrelated to the first (the end of MurmurHash3). */
export function otherHashOf(id: number): number {
  const first = Math.imul(id ^ (id >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}

/** Index of the account that a step is of. */
export function ownerOf(step: FlowStep): number {
  return hashOf(step.cancel || step.id) % FLOW_EXCHANGE.accounts;
}

/** A step as the action of its owner. */
export function actionOf({ series }: Exchange, step: FlowStep): Action {
  if (step.cancel !== 0) {
    return {
      selector: ACTION.cancelByClientId,
      value: { subAccount: SUB, clientOrderId: step.cancel },
    };
  }
  const instrument = series[otherHashOf(step.id) % series.length];
  if (instrument === undefined) throw new RangeError('no series');
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: SUB,
      instrument,
      side: step.isBuy ? SIDE.buy : SIDE.sell,
      price: priceTicks(step.price),
      size: sizeLots(step.size),
      clientOrderId: step.id,
    },
  };
}

/** The flow as blocks of 50 transactions of 20 actions, each of one account, encoded. */
export function blocksOf(exchange: Exchange, flow: readonly FlowStep[]): Block[] {
  const actions = flow.map((step) => ({ owner: ownerOf(step), action: actionOf(exchange, step) }));
  return blocksOfActions(exchange, actions);
}

/** Actions of accounts, by position in `people`, as such blocks; what fills none is left out. */
export function blocksOfActions(
  exchange: Exchange,
  all: readonly { readonly owner: number; readonly action: Action }[],
): Block[] {
  const waiting = new Map<number, Action[]>();
  const payloads: Uint8Array[] = [];
  let nonce = exchange.context.timestamp as number;
  for (const { owner, action } of all) {
    const actions = waiting.get(owner) ?? [];
    actions.push(action);
    waiting.set(owner, actions);
    if (actions.length < ACTIONS_PER_TRANSACTION) continue;
    waiting.delete(owner);
    nonce += 1;
    payloads.push(encodeTransaction(exchange, owner, nonce, actions));
  }
  const blocks: Block[] = [];
  for (let from = 0; from < payloads.length; from += TRANSACTIONS_PER_BLOCK) {
    blocks.push(
      blockOf(exchange, blocks.length, payloads.slice(from, from + TRANSACTIONS_PER_BLOCK)),
    );
  }
  return blocks;
}

function encodeTransaction(
  { people, context }: Exchange,
  owner: number,
  nonce: number,
  actions: Action[],
): Uint8Array {
  const person = people[owner];
  const account = person === undefined ? undefined : fromHex(person.address);
  if (person === undefined || account === undefined) throw new RangeError('no such account');
  return PayloadCodec.encode({
    selector: PAYLOAD.transaction,
    value: {
      body: {
        account,
        nonce,
        expiresAt: timestampMs(context.timestamp + DAY_MS),
        signers: [{ scheme: SCHEME.ed25519, publicKey: person.key }],
        actions,
      },
      signatures: [new Uint8Array(64)],
    },
  });
}

function blockOf({ context }: Exchange, index: number, payloads: Uint8Array[]): Block {
  const zero = new Uint8Array(32);
  return {
    header: {
      height: height(context.height + 1 + index),
      view: view(1 + index),
      epoch: epoch(0),
      parent: zero,
      timestamp: timestampMs(context.timestamp + 1 + index),
      proposer: validatorIndex(0),
      transactionsRoot: zero,
      executed: { height: height(0), stateRoot: zero, receiptsRoot: zero },
      config: zero,
      nextConfig: zero,
    },
    payloads,
  };
}
