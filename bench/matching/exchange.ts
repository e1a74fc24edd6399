/**
 * The flow for comparison on a whole exchange: 200 accounts, 50 series, standard margin.
 *
 * Account and series of an order are hashes of its number; a cancel is its owner's, by client order
 * id. Marks are such that the flow's prices lie in every series' band.
 */

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
  sizeLots,
  subAccount,
  timestampMs,
  validatorIndex,
  view,
} from '../../runtime/core/units.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { setMarkInputs } from '../../runtime/oracle/update-marks.ts';
import type { State } from '../../runtime/state/state.ts';
import { addressOfKey, PAYLOAD, PayloadCodec, SCHEME } from '../../runtime/transaction.ts';
import { addSeries, BTC, MICRO, nextBlock, START, testState } from '../../test/fixtures/state.ts';
import type { FlowStep } from './flow.ts';

const ACCOUNTS = 200;
const EXPIRIES = 5;
const SERIES_PER_EXPIRY = 10;
const ACTIONS_PER_TRANSACTION = 20;
const TRANSACTIONS_PER_BLOCK = 50;
const INDEX_USD = 100_000;
/** Total variance of 0.0625: at-the-money options are worth $10,000, the middle of the flow. */
const THETA = 62_500_000_000;
const DAY_MS = 24 * 3_600_000;
const SUB = subAccount(0);

type Person = { readonly id: AccountId; readonly key: Uint8Array; readonly address: Address };

export type Exchange = {
  readonly state: State;
  readonly context: BlockContext;
  readonly people: readonly Person[];
  readonly series: readonly InstrumentId[];
};

/** An exchange in its first block, every account with so many dollars. */
export function newExchange(dollars: bigint): Exchange {
  const parameters = { oracleStaleMs: 60_000, bandSpotBps: 5_000, bandVolBps: 5_000 };
  const state = testState({ parameters });
  const context = nextBlock(state);
  const series: InstrumentId[] = [];
  state.indexPrices.set(BTC.id, {
    underlying: BTC.id,
    index: INDEX_USD * MICRO,
    confidenceBps: 10_000,
    updatedAt: context.timestamp,
  });
  for (let month = 1; month <= EXPIRIES; month++) {
    const expiry = timestampMs(START + month * 30 * DAY_MS);
    for (let i = 0; i < SERIES_PER_EXPIRY; i++) {
      const kind = i % 2 === 0 ? INSTRUMENT_KIND.call : INSTRUMENT_KIND.put;
      const strikeUsd = INDEX_USD - 2_000 + 500 * i;
      series.push(addSeries(state, { underlying: BTC.id, kind, expiry, strikeUsd }));
    }
  }
  const exchange = { state, context, people: people(state, context, dollars), series };
  remark(exchange);
  return exchange;
}

function people(state: State, context: BlockContext, dollars: bigint): Person[] {
  return Array.from({ length: ACCOUNTS }, (_, i) => {
    const key = new Uint8Array(32).fill(1 + i);
    const address = addressOfKey({ scheme: SCHEME.ed25519, publicKey: key });
    const id = ensureAccount(state, context, address);
    mint(state, portfolioId(id, SUB), DENOMINATION.usd, dollars * BigInt(MICRO));
    return { id, key, address };
  });
}

/** Marks every expiry anew, at the same values. */
export function remark({ state, context }: Exchange): void {
  const index = INDEX_USD * MICRO;
  for (let month = 1; month <= EXPIRIES; month++) {
    const expiry = timestampMs(START + month * 30 * DAY_MS);
    const skew = { theta: THETA, u: 200_000_000, l: 200_000_000 };
    const values = { index, forward: index, ...skew, windowMs: 1_800_000 };
    setMarkInputs(state, context, { underlying: BTC.id, expiry }, values);
  }
}

function hashOf(id: number): number {
  return Math.imul(id, 0x9e3779b1) >>> 0;
}

/** Index of the account that a step is of. */
export function ownerOf(step: FlowStep): number {
  return hashOf(step.cancel || step.id) % ACCOUNTS;
}

/** A step as the action of its owner. */
export function actionOf({ series }: Exchange, step: FlowStep): Action {
  if (step.cancel !== 0) {
    return {
      selector: ACTION.cancelByClientId,
      value: { subAccount: SUB, clientOrderId: step.cancel },
    };
  }
  const instrument = series[hashOf(step.id + 77_777) % series.length];
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
  const waiting = new Map<number, Action[]>();
  const payloads: Uint8Array[] = [];
  let nonce = exchange.context.timestamp as number;
  for (const step of flow) {
    const owner = ownerOf(step);
    const actions = waiting.get(owner) ?? [];
    actions.push(actionOf(exchange, step));
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
