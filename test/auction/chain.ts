/** Chains whose blocks are built from unsigned transactions: execution does not look at signatures. */
import { ACTION, type Action } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { PLAIN_TERMS, type PlaceOrder } from '../../runtime/actions/orders.ts';
import { blockHash } from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import {
  type InstrumentId,
  priceTicks,
  type SubAccount,
  sizeLots,
  subAccount,
  timestampMs,
  underlyingId,
} from '../../runtime/core/units.ts';
import { type BlockResult, executeBlock } from '../../runtime/execute.ts';
import type { Parameters } from '../../runtime/governance/parameters.ts';
import { INSTRUMENT_KIND, type Instrument } from '../../runtime/options/instrument.ts';
import { MATCHING } from '../../runtime/options/underlying.ts';
import { createCommitment } from '../../runtime/state/commitment.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { loadState, type StoredRow } from '../../runtime/state/load.ts';
import { emptyState, parametersOf, type State } from '../../runtime/state/state.ts';
import { PAYLOAD, PayloadCodec, SCHEME } from '../../runtime/transaction.ts';
import { accountOf } from '../fixtures/block.ts';
import { nextBlock, oraclePayloads, startChain, type TestChain } from '../fixtures/chain.ts';
import { testKey } from '../fixtures/genesis.ts';
import { reloaded } from '../fixtures/state.ts';

export const MAIN: SubAccount = subAccount(0);

/** Accounts that start with a million dollars each. */
export const NAMES: readonly ['alice', 'bob', 'carol', 'dave'] = ['alice', 'bob', 'carol', 'dave'];
export type Name = (typeof NAMES)[number];

/** A chain of BTC and ETH options in one mode of matching, not yet at its first block. */
export function auctionChain(
  options: { readonly batch?: true; readonly parameters?: Partial<Parameters> } = {},
): TestChain {
  const chain = startChain({ epochMs: 120_000, expiryIntervalMs: 300_000, accounts: NAMES });
  const { state } = chain;
  state.parameters.set(SINGLETON_KEY, { ...parametersOf(state), ...options.parameters });
  if (options.batch) {
    for (const id of [underlyingId(0), underlyingId(1)]) {
      state.underlyings.set(id, { ...state.underlyings.must(id), matching: MATCHING.batch });
    }
  }
  return chain;
}

/** SSZ of an unsigned transaction with a fresh nonce. */
export function unsigned(chain: TestChain, name: Name, actions: Action[]): Uint8Array {
  chain.nonce += 1;
  const key = testKey(name);
  return PayloadCodec.encode({
    selector: PAYLOAD.transaction,
    value: {
      body: {
        account: accountOf(key),
        nonce: chain.nonce,
        expiresAt: timestampMs(chain.now + 60_000),
        signers: [{ scheme: SCHEME.ed25519, publicKey: key.publicKey }],
        actions,
      },
      signatures: [new Uint8Array(64)],
    },
  });
}

/** An order of sub-account 0: a plain limit order unless said. */
export function orderAction(
  instrument: InstrumentId,
  side: 'buy' | 'sell',
  price: number,
  lots: number,
  terms: Partial<PlaceOrder> = {},
): Action {
  return {
    selector: ACTION.placeOrder,
    value: {
      ...PLAIN_TERMS,
      subAccount: MAIN,
      instrument,
      side: SIDE[side],
      price: priceTicks(price),
      size: sizeLots(lots),
      ...terms,
    },
  };
}

/** BTC calls at $100,000, nearest expiry first. */
export function calls(state: State): Instrument[] {
  return [...state.instruments.unorderedEntries()]
    .map(([, row]) => row)
    .filter((row) => row.underlying === 0 && row.kind === INSTRUMENT_KIND.call)
    .filter((row) => row.strike === 100_000_000_000)
    .sort((a, b) => a.expiry - b.expiry);
}

/** Mark of an instrument in ticks of $1, rounded down. */
export function markTicks(state: State, id: InstrumentId): number {
  const mark = state.derived.marks.byInstrument.get(id);
  if (mark === undefined) throw new Error('no mark');
  return Math.floor(mark.price / 1_000_000);
}

/** Executes one block of these payloads, in this order, on a copy of the chain's state. */
export function tryBlock(
  chain: TestChain,
  payloads: readonly Uint8Array[],
): { readonly state: State; readonly result: BlockResult } {
  const state = reloaded(chain.state);
  const copy: TestChain = { ...chain, state, now: chain.now + 500 };
  const block = nextBlock(copy, [...oraclePayloads(copy, copy.now), ...payloads]);
  return { state, result: executeBlock(state, block, blockHash(block.header)) };
}

/** The state root, from all rows. */
export function rootOf(state: State): string {
  const rows: StoredRow[] = state.stores.flatMap((store) =>
    [...store.encodedRows()].map(([key, value]): StoredRow => [store.id, key, value]),
  );
  const root = loadState(
    rows,
    emptyState(state.chainId).stores,
    createCommitment(portablePairHasher),
  );
  if (!root.ok) throw new Error('the rows do not load');
  return toHex(root.value);
}
