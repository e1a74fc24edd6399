/**
 * The world of one history: a genesis drawn from a seed, people with sub-accounts and keys, and the
 * execution of recorded blocks on it. The same seed and blocks give the same world.
 */

import { buildGenesis } from '../../genesis/build-state.ts';
import { checkGenesis } from '../../genesis/document.ts';
import { choosePairHasher } from '../../node/pair-hasher.ts';
import { type AccountKey, ROLE } from '../../runtime/accounts/account.ts';
import { ensureAccount } from '../../runtime/accounts/create-account.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { type StateOrder, setInstrumentState } from '../../runtime/auction/set-instrument-state.ts';
import { blockHash, type Header } from '../../runtime/block.ts';
import type { BlockContext } from '../../runtime/block-context.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import {
  type AccountId,
  type Epoch,
  epoch,
  instrumentId,
  orderId,
  portfolioId,
  subAccount,
  timestampMs,
  type UnderlyingId,
  underlyingId,
  validatorIndex,
} from '../../runtime/core/units.ts';
import type { RuntimeErrorCode } from '../../runtime/error.ts';
import type { Event } from '../../runtime/event.ts';
import { type BlockResult, executeBlock } from '../../runtime/execute.ts';
import type { Parameters } from '../../runtime/governance/parameters.ts';
import { mint } from '../../runtime/ledger/ledger.ts';
import { liveExpiries } from '../../runtime/options/series-index.ts';
import { MATCHING } from '../../runtime/options/underlying.ts';
import type { OracleVote, UnderlyingVote } from '../../runtime/oracle/vote.ts';
import { type Commitment, createCommitment } from '../../runtime/state/commitment.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { loadState, type StoredRow } from '../../runtime/state/load.ts';
import { rebuildDerived } from '../../runtime/state/rebuild.ts';
import { emptyState, metaOf, parametersOf, type State } from '../../runtime/state/state.ts';
import {
  addressOfKey,
  PAYLOAD,
  PayloadCodec,
  SCHEME,
  type TransactionBody,
  type TransactionSigner,
} from '../../runtime/transaction.ts';
import { nextBlock, type TestChain } from '../fixtures/chain.ts';
import { genesisJson, START } from '../fixtures/genesis.ts';
import { sliceVote } from '../fixtures/oracle.ts';
import { createPrng, type Prng } from '../sim/prng.ts';

/** Somebody who acts: an account, and the keys that may sign for it in the order of its list. */
export type Person = {
  readonly account: AccountId;
  readonly address: Uint8Array;
  readonly signers: readonly TransactionSigner[];
};

/** What oracle a block sees: of each underlying an index in micro-USD, and what votes are odd. */
export type RecordedVotes = {
  readonly indexes: readonly (readonly [underlying: number, index: number])[];
  /** Validators that vote, and votes put in their stead as they are. */
  readonly validators: readonly number[];
  readonly confidenceBps: number;
  /** Times the calm total variance, in percent. */
  readonly variancePercent: number;
  readonly hostile: readonly OracleVote[];
};

/** All that a block is made of: with it a history can be repeated, whole or in part. */
export type RecordedBlock = {
  readonly stepMs: number;
  readonly votes: RecordedVotes;
  /** Ordered by governance before the block. */
  readonly orders: readonly StateOrder[];
  readonly transactions: readonly TransactionBody[];
};

export type World = {
  readonly seed: number;
  readonly chain: TestChain;
  readonly commitment: Commitment;
  readonly people: readonly Person[];
};

const PEOPLE = 24;
/** Sub-accounts that start with money. */
export const FUNDED_SUB_ACCOUNTS = 3;

/** Whole USD of the main sub-account; others have a tenth. From nothing to more than any limit. */
const DOLLARS: readonly bigint[] = [
  0n,
  300n,
  5_000n,
  100_000n,
  100_000n,
  1_000_000n,
  1_000_000n,
  1_000_000n,
  1_000_000n,
  1_000_000n,
  10_000_000n,
  10_000_000n,
  10_000_000n,
  1_000_000_000n,
  1_000_000_000n,
  1_000_000_000n,
  10_000_000_000_000n,
  10_000_000_000_000n,
];

function keyBytes(label: string): Uint8Array {
  return sha256(new TextEncoder().encode(label));
}

function accountKey(publicKey: Uint8Array, role: AccountKey['role'], removed: boolean): AccountKey {
  const addedAt = timestampMs(START);
  return { scheme: SCHEME.ed25519, publicKey, role, factorGroup: 0, addedAt, removed };
}

/** Parameters of the history: mostly fast, so that everything falls due within a few blocks. */
function drawParameters(prng: Prng): Partial<Parameters> {
  const credits = prng.chance(0.4)
    ? {
        creditStart: prng.pick([5, 50, 400]),
        creditCap: prng.pick([0, 100, 1_000]),
        creditRefillPerSecond: prng.pick([0, 1, 50]),
        creditUsdPerCredit: prng.pick([0, 1, 1_000]),
        creditOrderCost: prng.pick([0, 1, 3]),
        creditQuotesPerCredit: prng.pick([1, 10]),
        creditCancelCost: prng.pick([0, 1]),
        creditOtherCost: prng.pick([0, 1]),
      }
    : {};
  return {
    epochMs: prng.pick([5_000, 12_000, 60_000]),
    oracleStaleMs: prng.pick([2_000, 5_000]),
    markIntervalMs: prng.pick([100, 1_000]),
    settlementWindowMs: prng.pick([1_000, 5_000]),
    settlementSlots: prng.pick([1, 5, 50]),
    settlementsPerBlock: prng.pick([1, 3, 1_000]),
    insuranceShareBps: prng.pick([0, 2_000, 9_800]),
    communityShareBps: prng.pick([0, 200]),
    bandSpotBps: prng.pick([500, 2_000, 5_000]),
    bandVolBps: prng.pick([2_500, 9_000]),
    referrerShareBps: prng.pick([0, 1_000, 5_000]),
    comboDiscountBps: prng.pick([0, 5_000, 10_000]),
    openingAuctionMs: prng.pick([0, 0, 2_500, 4_000]),
    restartAuctionMs: prng.pick([0, 1_500, 4_000]),
    auctionExtensionMs: prng.pick([0, 1_000]),
    auctionMaxDeviationBps: prng.pick([1, 200, 10_000]),
    auctionNoCancelMs: prng.pick([0, 1_000, 2_000]),
    postOnlyAfterHaltMs: prng.pick([0, 1_500]),
    oracleReduceOnlyMs: prng.pick([500, 1_500, 5_000]),
    pullMinQuoteUsd: prng.pick([0, 1, 1_000]),
    pullMinRestMs: prng.pick([0, 500, 5_000]),
    pullMaxWidthBps: prng.pick([400, 5_000]),
    pullStepBps: prng.pick([50, 1_000]),
    pullMaxBps: prng.pick([200, 1_000]),
    ...credits,
  };
}

/** Three underlyings: one plain, one in batch mode or with limits, one listed by delta. */
function drawUnderlyings(prng: Prng, base: Record<string, unknown>): Record<string, unknown>[] {
  const expiryIntervalMs = prng.pick([15_000, 30_000, 60_000]);
  const plain = { ...base, expiryIntervalMs, expiriesListed: 2, blockMinLots: 10 };
  const limits = prng.chance(0.5)
    ? {
        maxSeriesOpenInterestLots: prng.pick([0, 200]),
        maxOpenInterestLots: prng.pick([0, 500]),
        maxPositionLots: prng.pick([0, 50]),
        maxAccountLots: prng.pick([0, 300]),
      }
    : {};
  const futures = { futureTickMicroUsd: 500_000, futureLotsPerCoin: 1_000, futuresListed: 1 };
  return [
    { ...plain, ...futures, matching: prng.chance(0.15) ? MATCHING.batch : MATCHING.continuous },
    {
      ...plain,
      ...futures,
      futureLotsPerCoin: prng.pick([0, 100, 100]),
      futuresListed: 0,
      futureMaxOrderLots: prng.pick([500, 1_000_000_000]),
      futureMaxPositionLots: prng.pick([0, 400]),
      futureMaxOpenInterestLots: prng.pick([0, 2_000]),
      id: 1,
      name: 'ETH',
      optionTickMicroUsd: 100_000,
      optionLotsPerCoin: 10,
      strikesListed: 3,
      matching: prng.chance(0.5) ? MATCHING.batch : MATCHING.continuous,
      ...limits,
    },
    {
      ...plain,
      id: 254,
      name: 'SOL',
      optionTickMicroUsd: 10_000,
      optionLotsPerCoin: 1,
      strikesListed: prng.pick([0, 1, 3]),
      expiriesListed: 1,
      expiryIntervalMs: prng.pick([0, 30_000]),
      optionTicks: [
        { from: 0, multiple: 1 },
        { from: 100, multiple: 5 },
        { from: 1_000, multiple: 50 },
      ],
      minOrderLots: prng.pick([1, 5]),
      maxOrderLots: prng.pick([100, 1_000_000_000]),
      blockMinLots: 20,
      maxAccountLots: prng.pick([0, 1_000]),
    },
  ];
}

const FEE_TIERS = [
  { fromVolumeUsd: 100_000, makerShareBps: 5_000, takerShareBps: 9_000 },
  { fromVolumeUsd: 10_000_000, makerShareBps: 0, takerShareBps: 8_000 },
  { fromVolumeUsd: 100_000_000, makerShareBps: -2_000, takerShareBps: 6_000 },
];

function genesisOf(prng: Prng) {
  const document = genesisJson({ accounts: [] });
  const [base = {}] = document['underlyings'] as Record<string, unknown>[];
  const parameters = { ...(document['parameters'] as object), ...drawParameters(prng) };
  const checked = checkGenesis({
    ...document,
    parameters,
    underlyings: drawUnderlyings(prng, base),
    feeTiers: prng.chance(0.6) ? FEE_TIERS : [],
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return buildGenesis(checked.value);
}

/** Adds people with money, and keys of every role for two in three of them. */
function populate(state: State): Person[] {
  const context = { timestamp: metaOf(state).timestamp, events: [] };
  const people: Person[] = [];
  for (let i = 0; i < PEOPLE; i++) {
    const keys = Array.from({ length: 5 }, (_, n) => keyBytes(`fuzz ${i} ${n}`));
    const signers = keys.map((publicKey) => ({ scheme: SCHEME.ed25519, publicKey }));
    const [owner] = signers;
    if (owner === undefined) throw new Error('a person has keys');
    const address = addressOfKey(owner);
    const account = ensureAccount(state, context, address);
    if (i % 3 !== 0) {
      const roles = [ROLE.owner, ROLE.trade, ROLE.trade, ROLE.guardian, ROLE.trade] as const;
      for (const [n, role] of roles.entries()) {
        const publicKey = keys[n] ?? new Uint8Array(32);
        state.accounts.must(address).keys.push(accountKey(publicKey, role, n === 4));
      }
    }
    const dollars = DOLLARS[i % DOLLARS.length] ?? 0n;
    for (let sub = 0; sub < FUNDED_SUB_ACCOUNTS; sub++) {
      const portfolio = portfolioId(account, subAccount(sub));
      const micro = dollars * (sub === 0 ? 1_000_000n : 100_000n);
      mint(state, portfolio, DENOMINATION.usd, micro);
      mint(state, portfolio, DENOMINATION.mil, 1_000_000n);
    }
    people.push({ account, address: fromHex(address) ?? new Uint8Array(20), signers });
  }
  return people;
}

function storedRows(state: State): StoredRow[] {
  return state.stores.flatMap((store) =>
    [...store.encodedRows()].map(([key, value]): StoredRow => [store.id, key, value]),
  );
}

/** A node that starts from the rows of another: the state it has, and its commitment. */
export function loadedFrom(state: State): { state: State; commitment: Commitment } {
  const copy = emptyState(state.chainId);
  const commitment = createCommitment(choosePairHasher().hashPairs);
  const root = loadState(storedRows(state), copy.stores, commitment);
  if (!root.ok) throw new Error(`rows do not load: ${JSON.stringify(root.error.reason)}`);
  copy.receiptsChain.root = state.receiptsChain.root;
  rebuildDerived(copy);
  return { state: copy, commitment };
}

/** The world of a seed at height 0. */
export function newWorld(seed: number): World {
  const prng = createPrng(seed, 'world');
  const built = genesisOf(prng);
  const people = populate(built.state);
  // Numbers that are near the end of a word, in one history of four.
  if (prng.chance(0.25)) {
    const meta = metaOf(built.state);
    meta.nextOrderId = orderId(2 ** 32 - 50);
    meta.nextInstrumentId = instrumentId(2 ** 21 - 8);
    built.state.meta.touch(SINGLETON_KEY);
  }
  const { state, commitment } = loadedFrom(built.state);
  const chain: TestChain = {
    state,
    chainId: built.chainId,
    now: START,
    indexes: new Map(),
    nonce: START,
    blocks: [],
  };
  return { seed, chain, commitment, people };
}

/** A world that goes on from the rows of another, as a node that restarted. */
export function restarted(world: World): World {
  const { state, commitment } = loadedFrom(world.chain.state);
  const { chain } = world;
  return { ...world, chain: { ...chain, state, blocks: [...chain.blocks] }, commitment };
}

function underlyingVote(
  state: State,
  votes: RecordedVotes,
  [underlying, index]: readonly [number, number],
  observedAt: number,
): UnderlyingVote {
  const id: UnderlyingId = underlyingId(underlying);
  return {
    underlying: id,
    index,
    confidenceBps: votes.confidenceBps,
    expiries: liveExpiries(state, id)
      .filter((expiry) => expiry > observedAt)
      .slice(0, 32)
      .map((expiry) => {
        const slice = sliceVote(expiry, observedAt, index);
        return { ...slice, theta: Math.floor((slice.theta * votes.variancePercent) / 100) };
      }),
  };
}

function votePayloads(state: State, votes: RecordedVotes, place: Epoch, now: number): Uint8Array[] {
  const observedAt = timestampMs(now);
  const honest = votes.validators.map(
    (validator): OracleVote => ({
      epoch: place,
      validator: validatorIndex(validator),
      observedAt,
      underlyings: votes.indexes.map((one) => underlyingVote(state, votes, one, now)),
    }),
  );
  return [...honest, ...votes.hostile].map((vote) =>
    PayloadCodec.encode({
      selector: PAYLOAD.oracleVote,
      value: { vote, signature: new Uint8Array(64) },
    }),
  );
}

/** What governance does before a block: in a context of the block before. */
function applyOrders(
  state: State,
  orders: readonly StateOrder[],
  header: Header,
): { readonly events: readonly Event[]; readonly refused: readonly RuntimeErrorCode[] } {
  const context: BlockContext = {
    height: metaOf(state).height,
    timestamp: metaOf(state).timestamp,
    proposer: header.proposer,
    config: state.epochConfigs.must(header.epoch),
    parameters: parametersOf(state),
    events: [],
    multilegWork: { spent: 0 },
  };
  const refused: RuntimeErrorCode[] = [];
  for (const order of orders) {
    const result = setInstrumentState(state, context, order);
    if (!result.ok) refused.push(result.error.code);
  }
  return { events: context.events, refused };
}

/** A block's result; its events with those of governance in front. */
export type Executed = BlockResult & {
  readonly header: Header;
  /** Of the orders of governance. */
  readonly refused: readonly RuntimeErrorCode[];
};

/** Executes a recorded block on a world. Throws when an invariant of the runtime is broken. */
export function executeRecorded(world: World, block: RecordedBlock): Executed {
  const { chain } = world;
  const { state } = chain;
  chain.now += block.stepMs;
  const transactions = block.transactions.map((body) =>
    PayloadCodec.encode({
      selector: PAYLOAD.transaction,
      value: { body, signatures: body.signers.map(() => new Uint8Array(64)) },
    }),
  );
  // The votes name the epoch that the header will have.
  const place = epoch(nextBlock(chain, []).header.epoch);
  const votes = votePayloads(state, block.votes, place, chain.now);
  const built = nextBlock(chain, [...votes, ...transactions]);
  const before = applyOrders(state, block.orders, built.header);
  const hash = blockHash(built.header);
  const result = executeBlock(state, built, hash);
  chain.blocks.splice(0, chain.blocks.length, { block: built, hash });
  const events = [...before.events, ...result.events];
  return { ...result, events, header: built.header, refused: before.refused };
}
