/**
 * The chain of a back-test: a state made by a genesis, blocks of votes and transactions, executed by the
 * runtime itself (`runtime/execute.ts`).
 *
 * What differs from a network, so that a block may stand for a minute: no auctions after gaps between
 * blocks, a settlement slot a minute, one epoch, and signatures, which execution does not check. All other
 * parameters are the defaults.
 */

import { buildGenesis } from '../genesis/build-state.ts';
import { nativeSha256 } from '../node/crypto/sha256.ts';
import type { Action } from '../runtime/action.ts';
import type { BlockContext } from '../runtime/block-context.ts';
import { asciiBytes, fromHex, ZERO_32 } from '../runtime/core/bytes.ts';
import {
  epoch,
  height,
  timestampMs,
  underlyingId,
  validatorIndex,
  view,
  weight,
} from '../runtime/core/units.ts';
import { type BlockResult, executeBlock } from '../runtime/execute.ts';
import { DEFAULT_GOVERNANCE_PARAMETERS } from '../runtime/governance/governance-parameters.ts';
import type { Parameters } from '../runtime/governance/parameters.ts';
import {
  DEFAULT_LIQUIDATION_PARAMETERS,
  type LiquidationParameters,
} from '../runtime/liquidation/parameters.ts';
import {
  defaultRiskParameters,
  type StoredParameters,
} from '../runtime/margin/mode/risk-parameters.ts';
import { liveExpiries } from '../runtime/options/series-index.ts';
import { MATCHING, type Underlying } from '../runtime/options/underlying.ts';
import {
  type ExpiryVote,
  PSI_SCALE,
  THETA_SCALE,
  type UnderlyingVote,
} from '../runtime/oracle/vote.ts';
import { metaOf, parametersOf, type State } from '../runtime/state/state.ts';
import { addressOfKey, PAYLOAD, PayloadCodec, SCHEME } from '../runtime/transaction.ts';
import { DEFAULT_STAKING_PARAMETERS } from '../staking/parameters.ts';
import { UNDERLYINGS, type UnderlyingName } from './crash-days.ts';
import type { Replay } from './replay.ts';

export const MICRO = 1_000_000;
const VALIDATORS = 1;
const NO_SIGNATURE = new Uint8Array(64);
const FULL_CONFIDENCE_BPS = 10_000;
/** Blocks in which the strikes of all expiries are listed: 64 series each. */
const MOST_LISTING_BLOCKS = 45;

/** What is replayed with other values than the defaults. */
export type ParameterSet = {
  /** As results name it. */
  readonly name: string;
  readonly liquidation: Partial<LiquidationParameters>;
  readonly risk: Partial<StoredParameters>;
  /** Margin of accounts that may choose. */
  readonly mode: 'portfolio' | 'standard';
  /** Whether liquidators take slices; else insurance and counterparties are alone. */
  readonly takers: boolean;
  /** Times the fitted rise of volatility. */
  readonly stress: number;
  /** What it is for. */
  readonly about: string;
};

const PARAMETERS: Parameters = {
  // One epoch: what ends with epochs is no part of this.
  epochMs: 7 * 24 * 3_600_000,
  oracleStaleMs: 10_000,
  markIntervalMs: 1_000,
  markMoveBps: 10,
  settlementWindowMs: 1_800_000,
  settlementSlots: 30,
  settlementsPerBlock: 10_000,
  insuranceShareBps: 2_000,
  communityShareBps: 200,
  bandSpotBps: 500,
  bandVolBps: 2_500,
  insuranceTargetUsd: 10_000_000,
  referrerShareBps: 1_000,
  comboDiscountBps: 10_000,
  openingAuctionMs: 0,
  restartAuctionMs: 0,
  auctionExtensionMs: 0,
  auctionMaxDeviationBps: 200,
  auctionNoCancelMs: 0,
  postOnlyAfterHaltMs: 0,
  oracleReduceOnlyMs: 10_000,
  oracleFarBps: 100,
  oracleFarVarianceBps: 2_000,
  pullMinQuoteUsd: 100_000,
  pullMinRestMs: 5_000,
  pullMaxWidthBps: 400,
  pullStepBps: 50,
  pullMaxBps: 200,
  creditStart: 0,
  creditCap: 0,
  creditRefillPerSecond: 0,
  creditUsdPerCredit: 0,
  creditOrderCost: 1,
  creditQuotesPerCredit: 10,
  creditCancelCost: 1,
  creditOtherCost: 1,
};

function underlyingOf(name: UnderlyingName): Underlying {
  const isBtc = name === 'BTC';
  return {
    id: underlyingId(UNDERLYINGS[name]),
    name: asciiBytes(name),
    optionTickMicroUsd: isBtc ? MICRO : MICRO / 10,
    optionLotsPerCoin: isBtc ? 100 : 10,
    strikeStepMicroUsd: 0,
    strikesListed: 0,
    expiriesListed: 13,
    expiryIntervalMs: 0,
    makerFeeCentiBps: 100,
    takerFeeCentiBps: 300,
    feeCapBps: 1_250,
    settlementFeeCentiBps: 150,
    settlementFeeCapBps: 1_250,
    futureMakerFeeCentiBps: 50,
    futureTakerFeeCentiBps: 350,
    futureTickMicroUsd: isBtc ? MICRO / 2 : MICRO / 20,
    futureLotsPerCoin: isBtc ? 1_000 : 100,
    futuresListed: 0,
    futureMaxOrderLots: 100_000_000,
    futureMaxPositionLots: 0,
    futureMaxOpenInterestLots: 0,
    optionTicks: [{ from: 0, multiple: 1 }],
    minOrderLots: 1,
    maxOrderLots: 1_000_000,
    blockMinLots: 100,
    maxSeriesOpenInterestLots: 0,
    maxOpenInterestLots: 0,
    maxPositionLots: 0,
    maxAccountLots: 0,
    defaultVolatilityBps: isBtc ? 5_000 : 7_000,
    matching: MATCHING.continuous,
  };
}

function keyBytes(tag: number, n: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(tag);
  new DataView(bytes.buffer).setUint32(0, n + 1);
  return bytes;
}

/** A state at height 0, at a time, with an insurance fund of so many dollars. */
export function newExchange(
  set: ParameterSet,
  { timeMs, insuranceUsd }: { readonly timeMs: number; readonly insuranceUsd: number },
): State {
  const underlyings = (Object.keys(UNDERLYINGS) as UnderlyingName[]).map(underlyingOf);
  const { state } = buildGenesis({
    name: asciiBytes('miletus-backtest'),
    time: timestampMs(timeMs),
    validators: Array.from({ length: VALIDATORS }, (_, n) => ({
      operator: keyBytes(1, n, 20),
      consensusKey: keyBytes(2, n, 32),
      oracleKey: keyBytes(3, n, 32),
      peerKey: keyBytes(4, n, 32),
      weight: weight(1_000_000n),
      addresses: [],
    })),
    accounts: [],
    insurance: BigInt(insuranceUsd) * BigInt(MICRO),
    limits: { maxBytes: 4_194_304, maxPayloads: 8_192, maxWeight: 4_000_000 },
    pacing: {
      minBlockIntervalMs: 40,
      idleBlockMs: 500,
      deltaMs: 250,
      timeoutGrowthPercent: 150,
      timeoutCapMs: 20_000,
    },
    parameters: PARAMETERS,
    staking: DEFAULT_STAKING_PARAMETERS,
    underlyings,
    riskParameters: underlyings.map(({ id }) => {
      const { parameters } = defaultRiskParameters(id);
      return { underlying: id, parameters: { ...parameters, ...set.risk } };
    }),
    feeTiers: [],
    liquidation: { ...DEFAULT_LIQUIDATION_PARAMETERS, ...set.liquidation },
    governance: { parameters: DEFAULT_GOVERNANCE_PARAMETERS, guardian: [] },
  });
  state.sha256 = nativeSha256;
  return state;
}

/** A key that signs for its own account. */
export type Signer = { readonly publicKey: Uint8Array };

/** The n-th of keys that no one has. */
export function signerOf(n: number): Signer {
  return { publicKey: keyBytes(9, n, 32) };
}

export type SignedActions = { readonly by: Signer; readonly actions: readonly Action[] };

function transactionBytes({ by, actions }: SignedActions, nonce: number): Uint8Array {
  const signer = { scheme: SCHEME.ed25519, publicKey: by.publicKey };
  const account = fromHex(addressOfKey(signer)) ?? new Uint8Array(20);
  const expiresAt = timestampMs(nonce);
  return PayloadCodec.encode({
    selector: PAYLOAD.transaction,
    value: {
      body: { account, nonce, expiresAt, signers: [signer], actions: [...actions] },
      signatures: [NO_SIGNATURE],
    },
  });
}

function microUsd(dollars: number): number {
  return Math.max(1, Math.round(dollars * MICRO));
}

/** What validators see of an underlying at a moment, as they vote it. */
function voteOn(
  state: State,
  replay: Replay,
  name: UnderlyingName,
  atMs: number,
  seenMs: number,
): UnderlyingVote {
  const underlying = underlyingId(UNDERLYINGS[name]);
  const expiriesMs = liveExpiries(state, underlying).filter((expiry) => expiry > atMs);
  const { index, slices } = replay.at(name, seenMs, expiriesMs);
  const expiries = slices.map(
    ({ expiryMs, forward, theta, u, l }): ExpiryVote => ({
      expiry: timestampMs(expiryMs),
      forward: microUsd(forward),
      theta: Math.max(1, Math.round(theta * THETA_SCALE)),
      u: Math.round(u * PSI_SCALE),
      l: Math.round(l * PSI_SCALE),
    }),
  );
  return { underlying, index: microUsd(index), confidenceBps: FULL_CONFIDENCE_BPS, expiries };
}

/**
 * Executes the next block at a time: votes of all validators on what the replay shows at `seenMs`,
 * and transactions, one of each signer.
 */
export function playBlock(
  state: State,
  replay: Replay,
  atMs: number,
  transactions: readonly SignedActions[] = [],
  seenMs: number = atMs,
): BlockResult {
  const meta = metaOf(state);
  const timestamp = timestampMs(atMs);
  const underlyings = replay.underlyings.map((name) => voteOn(state, replay, name, atMs, seenMs));
  const votes = Array.from({ length: VALIDATORS }, (_, n) =>
    PayloadCodec.encode({
      selector: PAYLOAD.oracleVote,
      value: {
        vote: { epoch: epoch(0), validator: validatorIndex(n), observedAt: timestamp, underlyings },
        signature: NO_SIGNATURE,
      },
    }),
  );
  const header = {
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
  };
  const signed = transactions.map((one) => transactionBytes(one, atMs));
  return executeBlock(state, { header, payloads: [...votes, ...signed] }, ZERO_32);
}

/** The place of the state's last block, for what is read or set up between blocks. */
export function contextOf(state: State): BlockContext {
  const meta = metaOf(state);
  return {
    height: meta.height,
    timestamp: meta.timestamp,
    proposer: validatorIndex(0),
    config: state.epochConfigs.must(epoch(0)),
    parameters: parametersOf(state),
    events: [],
    multilegWork: { spent: 0 },
  };
}

/** Blocks a second apart until every series of the rules is listed and marked. Ends at `untilMs`. */
export function listAll(state: State, replay: Replay, untilMs: number): void {
  for (let n = MOST_LISTING_BLOCKS; n >= 0; n--)
    playBlock(state, replay, untilMs - n * 1_000, [], untilMs);
}
