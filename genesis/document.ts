/**
 * The genesis document: what a chain starts from. People edit it as JSON; the chain knows it by the
 * SHA-256 of its SSZ, which is the chain id and the parent of block 1.
 *
 * Source: design/parameters.md, design/chain.md §3. `checkGenesis` takes JSON and refuses whatever
 * could not run: wrong shapes, duplicate keys, values out of range, ticks that do not divide.
 *
 * Units in JSON: money as decimal strings (`"1000000.000000"`, at most 6 decimals), keys as
 * lower-case hex, addresses as `mil1…`, times in ms. Underlyings and parameters as in their rows.
 */

import { parseAddress } from '../runtime/accounts/address-text.ts';
import { ANY_UNDERLYING } from '../runtime/actions/orders.ts';
import { asciiBytes, compareBytes, fromHex, toHex } from '../runtime/core/bytes.ts';
import { sha256 } from '../runtime/core/hash.ts';
import { err, ok, type Result } from '../runtime/core/result.ts';
import {
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u64,
  u64big,
} from '../runtime/core/ssz.ts';
import {
  type TimestampMs,
  timestampMs,
  type UnderlyingId,
  underlyingId,
  weight,
} from '../runtime/core/units.ts';
import {
  type BlockLimits,
  BlockLimitsCodec,
  type EpochValidator,
  EpochValidatorCodec,
  type Pacing,
  PacingCodec,
} from '../runtime/epoch-config.ts';
import {
  type FeeTier,
  FeeTiersCodec,
  feeTiersProblem,
  MAX_FEE_TIERS,
} from '../runtime/fees/fee-tiers.ts';
import { GovernanceParametersCodec } from '../runtime/governance/governance-parameters.ts';
import {
  PARAMETER_RANGES,
  type Parameters,
  ParametersCodec,
} from '../runtime/governance/parameters.ts';
import type { GovernanceSeed } from '../runtime/governance/seed.ts';
import {
  MAX_ADDRESS_BYTES,
  MAX_BLOCK_BYTES,
  MAX_BLOCK_PAYLOADS,
  MAX_ORACLE_UNDERLYINGS,
  MAX_ORDER_LOTS,
  MAX_PRICE_TICKS,
  MAX_VALIDATOR_ADDRESSES,
  MAX_VALIDATORS,
} from '../runtime/limits.ts';
import {
  type LiquidationParameters,
  LiquidationParametersCodec,
} from '../runtime/liquidation/parameters.ts';
import { StoredParametersCodec } from '../runtime/margin/mode/risk-parameters.ts';
import {
  MATCHING,
  type Matching,
  type Underlying,
  UnderlyingCodec,
} from '../runtime/options/underlying.ts';
import { MAX_TICK_STEPS, type TickStep, tickTableProblem } from '../runtime/rules/tick-table.ts';
import {
  STAKING_RANGES,
  type StakingParameters,
  StakingParametersCodec,
  stakingParametersProblem,
} from '../staking/parameters.ts';
import { readGovernance } from './governance.ts';
import {
  fields,
  integer,
  items,
  type JsonNode,
  type JsonProblem,
  micro,
  note,
  rootNode,
  text,
} from './json-reader.ts';
import { readLiquidationParameters } from './liquidation-parameters.ts';
import { type GenesisRisk, readRiskParameters } from './risk-parameters.ts';

/** Balances a genesis account starts with, in micro-units. */
export type GenesisAccount = {
  readonly address: Uint8Array;
  readonly usd: bigint;
  readonly mil: bigint;
};

export type Genesis = {
  /** ASCII, for people. */
  readonly name: Uint8Array;
  readonly time: TimestampMs;
  /** Ascending by operator address. */
  readonly validators: EpochValidator[];
  /** Ascending by address. */
  readonly accounts: GenesisAccount[];
  /** USD that the insurance fund starts with. */
  readonly insurance: bigint;
  readonly limits: BlockLimits;
  readonly pacing: Pacing;
  readonly parameters: Parameters;
  readonly staking: StakingParameters;
  /** Ascending by id. */
  readonly underlyings: Underlying[];
  /** Parameters of portfolio margin, of every underlying, ascending by id. */
  readonly riskParameters: GenesisRisk[];
  /** Fee tiers above the base, ascending by volume. */
  readonly feeTiers: FeeTier[];
  readonly liquidation: LiquidationParameters;
  readonly governance: GovernanceSeed;
};

const MAX_GENESIS_ACCOUNTS = 100_000;
const MAX_NAME_BYTES = 64;
/** Lots of a future in a coin: with those of options the grid of delivery stays below $1. */
const MAX_FUTURE_LOTS = 1_000_000;

/** Codec of the document: its hash is the chain id. */
export const GenesisCodec: Codec<Genesis> = container<Genesis>('Genesis', {
  name: byteList(MAX_NAME_BYTES),
  time: u64<TimestampMs>(),
  validators: list(EpochValidatorCodec, MAX_VALIDATORS, 1),
  accounts: list(
    container<GenesisAccount>('GenesisAccount', {
      address: bytes(20),
      usd: u64big(),
      mil: u64big(),
    }),
    MAX_GENESIS_ACCOUNTS,
  ),
  insurance: u64big(),
  limits: BlockLimitsCodec,
  pacing: PacingCodec,
  parameters: ParametersCodec,
  staking: StakingParametersCodec,
  underlyings: list(UnderlyingCodec, MAX_ORACLE_UNDERLYINGS, 1),
  riskParameters: list(
    container<GenesisRisk>('GenesisRisk', {
      underlying: u8<UnderlyingId>(),
      parameters: StoredParametersCodec,
    }),
    MAX_ORACLE_UNDERLYINGS,
  ),
  feeTiers: FeeTiersCodec,
  liquidation: LiquidationParametersCodec,
  governance: container<GovernanceSeed>('GovernanceSeed', {
    parameters: GovernanceParametersCodec,
    guardian: list(bytes(20), 1),
  }),
});

/** Smallest and largest of each limit and pace, inclusive. */
export const CONFIG_RANGES: {
  readonly [K in keyof BlockLimits | keyof Pacing]: { readonly min: number; readonly max: number };
} = {
  maxBytes: { min: 65_536, max: MAX_BLOCK_BYTES },
  maxPayloads: { min: 16, max: MAX_BLOCK_PAYLOADS },
  maxWeight: { min: 10_000, max: 4_000_000 },
  minBlockIntervalMs: { min: 1, max: 10_000 },
  idleBlockMs: { min: 1, max: 60_000 },
  deltaMs: { min: 1, max: 10_000 },
  timeoutGrowthPercent: { min: 100, max: 400 },
  timeoutCapMs: { min: 100, max: 600_000 },
};

/** 32 bytes in hex. */
export function readKey(node: JsonNode): Uint8Array {
  const key = typeof node.value === 'string' && node.value.length === 64 && fromHex(node.value);
  if (key) return key;
  note(node, '64 hex characters');
  return new Uint8Array(32);
}

function readAddress(node: JsonNode): Uint8Array {
  const parsed = typeof node.value === 'string' ? parseAddress(node.value) : undefined;
  const raw = parsed?.ok ? fromHex(parsed.value) : undefined;
  if (raw !== undefined) return raw;
  note(node, parsed && !parsed.ok ? `a mil1 address: ${parsed.error.detail}` : 'a mil1 address');
  return new Uint8Array(20);
}

/** A validator as the document has it, and as an operator signs it for a ceremony. */
export function readValidator(node: JsonNode): EpochValidator {
  const of = fields(node, [
    'operator',
    'consensusKey',
    'oracleKey',
    'peerKey',
    'weight',
    'addresses',
  ]);
  return {
    operator: readAddress(of.operator),
    consensusKey: readKey(of.consensusKey),
    oracleKey: readKey(of.oracleKey),
    peerKey: readKey(of.peerKey),
    weight: weight(BigInt(integer(of.weight, { min: 1, max: 1_000_000_000 }, 'MIL'))),
    addresses: items(of.addresses, { min: 0, max: MAX_VALIDATOR_ADDRESSES }).map((address) =>
      asciiBytes(text(address, { min: 1, max: MAX_ADDRESS_BYTES })),
    ),
  };
}

const UNDERLYING_FIELDS = [
  'id',
  'name',
  'optionTickMicroUsd',
  'optionLotsPerCoin',
  'strikeStepMicroUsd',
  'strikesListed',
  'expiriesListed',
  'expiryIntervalMs',
  'makerFeeCentiBps',
  'takerFeeCentiBps',
  'feeCapBps',
  'settlementFeeCentiBps',
  'settlementFeeCapBps',
  'futureMakerFeeCentiBps',
  'futureTakerFeeCentiBps',
  'futureTickMicroUsd',
  'futureLotsPerCoin',
  'futuresListed',
  'futureMaxOrderLots',
  'futureMaxPositionLots',
  'futureMaxOpenInterestLots',
  'optionTicks',
  'minOrderLots',
  'maxOrderLots',
  'blockMinLots',
  'maxSeriesOpenInterestLots',
  'maxOpenInterestLots',
  'maxPositionLots',
  'maxAccountLots',
  'defaultVolatilityBps',
  'matching',
] as const satisfies readonly (keyof Underlying)[];

function readTicks(node: JsonNode): TickStep[] {
  const ticks = items(node, { min: 1, max: MAX_TICK_STEPS }).map((step) => {
    const of = fields(step, ['from', 'multiple']);
    return {
      from: integer(of.from, { min: 0, max: MAX_PRICE_TICKS }, 'ticks'),
      multiple: integer(of.multiple, { min: 1, max: MAX_PRICE_TICKS }, 'ticks'),
    };
  });
  const problem = tickTableProblem(ticks);
  if (problem !== undefined) note(node, problem);
  return ticks;
}

function readFeeTiers(node: JsonNode): FeeTier[] {
  const tiers = items(node, { min: 0, max: MAX_FEE_TIERS }).map((tier) => {
    const of = fields(tier, ['fromVolumeUsd', 'makerShareBps', 'takerShareBps']);
    return {
      fromVolumeUsd: integer(of.fromVolumeUsd, { min: 1, max: 1_000_000_000_000 }, 'USD'),
      makerShareBps: integer(of.makerShareBps, { min: -10_000, max: 10_000 }, 'bps'),
      takerShareBps: integer(of.takerShareBps, { min: 0, max: 10_000 }, 'bps'),
    };
  });
  const problem = feeTiersProblem(tiers);
  if (problem !== undefined) note(node, problem);
  return tiers;
}

/** 0: continuous, 1: batch. */
function readMatching(node: JsonNode): Matching {
  const { continuous, batch } = MATCHING;
  const read = integer(node, { min: continuous, max: batch });
  return read === batch ? batch : continuous;
}

function readUnderlying(node: JsonNode): Underlying {
  const of = fields(node, [...UNDERLYING_FIELDS, 'riskParameters']);
  const u32 = { min: 1, max: 0xffff_ffff };
  const large = { min: 1, max: Number.MAX_SAFE_INTEGER };
  const share = { min: 0, max: 10_000 };
  const limit = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const order = { min: 1, max: MAX_ORDER_LOTS };
  const underlying: Underlying = {
    id: underlyingId(integer(of.id, { min: 0, max: ANY_UNDERLYING - 1 })),
    name: asciiBytes(text(of.name, { min: 2, max: 8 })),
    optionTickMicroUsd: integer(of.optionTickMicroUsd, large, 'micro-USD'),
    optionLotsPerCoin: integer(of.optionLotsPerCoin, u32, 'lots'),
    strikeStepMicroUsd: integer(of.strikeStepMicroUsd, { ...large, min: 0 }, 'micro-USD'),
    strikesListed: integer(of.strikesListed, { min: 0, max: 201 }, 'strikes'),
    expiriesListed: integer(of.expiriesListed, { min: 1, max: 32 }, 'expiries'),
    expiryIntervalMs: integer(of.expiryIntervalMs, { min: 0, max: 366 * 86_400_000 }, 'ms'),
    makerFeeCentiBps: integer(of.makerFeeCentiBps, share, 'hundredths of a bp'),
    takerFeeCentiBps: integer(of.takerFeeCentiBps, share, 'hundredths of a bp'),
    feeCapBps: integer(of.feeCapBps, share, 'bps'),
    settlementFeeCentiBps: integer(of.settlementFeeCentiBps, share, 'hundredths of a bp'),
    settlementFeeCapBps: integer(of.settlementFeeCapBps, share, 'bps'),
    futureMakerFeeCentiBps: integer(of.futureMakerFeeCentiBps, share, 'hundredths of a bp'),
    futureTakerFeeCentiBps: integer(of.futureTakerFeeCentiBps, share, 'hundredths of a bp'),
    futureTickMicroUsd: integer(of.futureTickMicroUsd, large, 'micro-USD'),
    futureLotsPerCoin: integer(of.futureLotsPerCoin, { min: 0, max: MAX_FUTURE_LOTS }, 'lots'),
    futuresListed: integer(of.futuresListed, { min: 0, max: 32 }, 'futures'),
    futureMaxOrderLots: integer(of.futureMaxOrderLots, order, 'lots'),
    futureMaxPositionLots: integer(of.futureMaxPositionLots, limit, 'lots'),
    futureMaxOpenInterestLots: integer(of.futureMaxOpenInterestLots, limit, 'lots'),
    optionTicks: readTicks(of.optionTicks),
    minOrderLots: integer(of.minOrderLots, order, 'lots'),
    maxOrderLots: integer(of.maxOrderLots, order, 'lots'),
    blockMinLots: integer(of.blockMinLots, order, 'lots'),
    maxSeriesOpenInterestLots: integer(of.maxSeriesOpenInterestLots, limit, 'lots'),
    maxOpenInterestLots: integer(of.maxOpenInterestLots, limit, 'lots'),
    maxPositionLots: integer(of.maxPositionLots, limit, 'lots'),
    maxAccountLots: integer(of.maxAccountLots, limit, 'lots'),
    defaultVolatilityBps: integer(of.defaultVolatilityBps, { min: 100, max: 100_000 }, 'bps'),
    matching: readMatching(of.matching),
  };
  if (underlying.minOrderLots > underlying.maxOrderLots) {
    note(of.minOrderLots, 'at most maxOrderLots');
  }
  if (underlying.optionTickMicroUsd % underlying.optionLotsPerCoin !== 0) {
    note(of.optionTickMicroUsd, 'a multiple of optionLotsPerCoin, so that a notional is exact');
  }
  const { futureTickMicroUsd, futureLotsPerCoin, futuresListed } = underlying;
  if (futureLotsPerCoin > 0 && futureTickMicroUsd % futureLotsPerCoin !== 0) {
    note(of.futureTickMicroUsd, 'a multiple of futureLotsPerCoin, so that a notional is exact');
  }
  if (futureLotsPerCoin === 0 && futuresListed > 0) {
    note(of.futuresListed, '0 without futureLotsPerCoin');
  }
  if (underlying.strikesListed > 0 && underlying.strikesListed % 2 === 0) {
    note(of.strikesListed, 'an odd number, or 0: by delta');
  }
  if (underlying.strikeStepMicroUsd % underlying.optionLotsPerCoin !== 0) {
    note(of.strikeStepMicroUsd, 'a multiple of optionLotsPerCoin, so that a payoff is exact');
  }
  return underlying;
}

function readStaking(node: JsonNode): StakingParameters {
  const names = Object.keys(STAKING_RANGES) as (keyof StakingParameters)[];
  const nodes = fields(node, names);
  const staking = Object.fromEntries(
    names.map((name) => {
      const { min, max, unit } = STAKING_RANGES[name];
      return [name, integer(nodes[name], { min, max }, unit)];
    }),
  ) as StakingParameters;
  const problem = stakingParametersProblem(staking);
  if (problem !== undefined) note(node, problem);
  return staking;
}

/** Notes every value that stands twice in `values`. */
function noteDuplicates(node: JsonNode, what: string, values: readonly Uint8Array[]): void {
  const seen = new Set<string>();
  for (const value of values) {
    const hex = toHex(value);
    if (seen.has(hex)) note({ ...node, value: hex }, `${what} only once`);
    seen.add(hex);
  }
}

/**
 * Checks a JSON document. Every problem at once; the genesis when there is none.
 * Lists are brought into their canonical order, so the order in the file does not matter.
 */
export function checkGenesis(json: unknown): Result<Genesis, readonly JsonProblem[]> {
  const root = rootNode(json);
  const of = fields(root, [
    'name',
    'time',
    'validators',
    'accounts',
    'insurance',
    'limits',
    'pacing',
    'parameters',
    'staking',
    'underlyings',
    'feeTiers',
    'liquidation',
    'governance',
  ]);
  const validators = items(of.validators, { min: 1, max: MAX_VALIDATORS }).map(readValidator);
  const accounts = items(of.accounts, { min: 0, max: MAX_GENESIS_ACCOUNTS }).map((node) => {
    const account = fields(node, ['address', 'usd', 'mil']);
    return {
      address: readAddress(account.address),
      usd: micro(account.usd),
      mil: micro(account.mil),
    };
  });
  const limits = fields(of.limits, ['maxBytes', 'maxPayloads', 'maxWeight']);
  const pacing = fields(of.pacing, [
    'minBlockIntervalMs',
    'idleBlockMs',
    'deltaMs',
    'timeoutGrowthPercent',
    'timeoutCapMs',
  ]);
  const ranged = (node: JsonNode, name: keyof typeof CONFIG_RANGES): number =>
    integer(node, CONFIG_RANGES[name]);
  const names = Object.keys(PARAMETER_RANGES) as (keyof Parameters)[];
  const parameterNodes = fields(of.parameters, names);
  const parameters = Object.fromEntries(
    names.map((name) => {
      const { min, max, unit } = PARAMETER_RANGES[name];
      return [name, integer(parameterNodes[name], { min, max }, unit)];
    }),
  ) as Parameters;
  const staking = readStaking(of.staking);
  const markets = items(of.underlyings, { min: 1, max: MAX_ORACLE_UNDERLYINGS }).map((node) => {
    const underlying = readUnderlying(node);
    return { underlying, risk: readRiskParameters(node, underlying.id) };
  });
  const underlyings = markets.map(({ underlying }) => underlying);

  noteDuplicates(
    of.validators,
    'each operator',
    validators.map(({ operator }) => operator),
  );
  noteDuplicates(
    of.validators,
    'each key',
    validators.flatMap(({ consensusKey, oracleKey, peerKey }) => [
      consensusKey,
      oracleKey,
      peerKey,
    ]),
  );
  noteDuplicates(
    of.accounts,
    'each address',
    accounts.map(({ address }) => address),
  );
  noteDuplicates(
    of.underlyings,
    'each id',
    underlyings.map(({ id }) => new Uint8Array([id])),
  );
  noteDuplicates(
    of.underlyings,
    'each name',
    underlyings.map(({ name }) => name),
  );
  if (parameters.settlementWindowMs % parameters.settlementSlots !== 0) {
    note(of.parameters, 'settlementWindowMs a multiple of settlementSlots: slots are equal');
  }
  if (parameters.insuranceShareBps + parameters.communityShareBps > 10_000) {
    note(of.parameters, 'insuranceShareBps + communityShareBps at most 10000');
  }

  const genesis: Genesis = {
    name: asciiBytes(text(of.name, { min: 1, max: MAX_NAME_BYTES })),
    time: timestampMs(integer(of.time, { min: 1, max: 2 ** 43 }, 'ms since 1970')),
    validators: validators.sort((a, b) => compareBytes(a.operator, b.operator)),
    accounts: accounts.sort((a, b) => compareBytes(a.address, b.address)),
    insurance: micro(of.insurance),
    limits: {
      maxBytes: ranged(limits.maxBytes, 'maxBytes'),
      maxPayloads: ranged(limits.maxPayloads, 'maxPayloads'),
      maxWeight: ranged(limits.maxWeight, 'maxWeight'),
    },
    pacing: {
      minBlockIntervalMs: ranged(pacing.minBlockIntervalMs, 'minBlockIntervalMs'),
      idleBlockMs: ranged(pacing.idleBlockMs, 'idleBlockMs'),
      deltaMs: ranged(pacing.deltaMs, 'deltaMs'),
      timeoutGrowthPercent: ranged(pacing.timeoutGrowthPercent, 'timeoutGrowthPercent'),
      timeoutCapMs: ranged(pacing.timeoutCapMs, 'timeoutCapMs'),
    },
    parameters,
    staking,
    underlyings: underlyings.sort((a, b) => a.id - b.id),
    riskParameters: markets.map(({ risk }) => risk).sort((a, b) => a.underlying - b.underlying),
    feeTiers: readFeeTiers(of.feeTiers),
    liquidation: readLiquidationParameters(of.liquidation),
    governance: readGovernance(of.governance),
  };
  return root.problems.length === 0 ? ok(genesis) : err(root.problems);
}

/** The chain id: SHA-256 of the document's SSZ. */
export function genesisHash(genesis: Genesis): Uint8Array {
  return sha256(GenesisCodec.encode(genesis));
}
