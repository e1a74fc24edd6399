/**
 * The genesis document of a devnet: equal validators on loopback, funded accounts, BTC and ETH.
 *
 * Source: design/parameters.md. Instrument fees, ticks and lots are those of every network; cycles
 * are the profile's.
 */
import { DEVNET_GOVERNANCE_PARAMETERS } from '../runtime/governance/governance-parameters.ts';
import { MATCHING, type Underlying } from '../runtime/options/underlying.ts';
import { DEVNET_STAKING_PARAMETERS } from '../staking/parameters.ts';
import type { UnderlyingName } from './prices/price-source.ts';
import { chainParameters, PACING, type Profile } from './profile.ts';

/** Weight of each validator, in whole MIL. */
export const VALIDATOR_WEIGHT = 1_000_000;
/** USD that the insurance fund starts with. */
export const INSURANCE_USD = '1000000';
const MICRO = 1_000_000;

/** One tier that a bot reaches in a day or two, with a rebate. */
const FEE_TIERS = [{ fromVolumeUsd: 100_000_000, makerShareBps: -2_500, takerShareBps: 8_000 }];

/** Numbers of the underlyings on a devnet. */
export const DEVNET_UNDERLYINGS: readonly {
  readonly id: number;
  readonly name: UnderlyingName;
}[] = [
  { id: 1, name: 'BTC' },
  { id: 2, name: 'ETH' },
];

export type GenesisValidator = {
  /** `mil1…` of the operator's account. */
  readonly operator: string;
  /** Hex of ed25519 public keys. */
  readonly consensusKey: string;
  readonly oracleKey: string;
  readonly peerKey: string;
  readonly p2pPort: number;
};

export type FundedAccount = {
  /** `mil1…`. */
  readonly address: string;
  /** Decimal text. */
  readonly usd: string;
  readonly mil: string;
};

export type DevnetGenesisOptions = {
  readonly profile: Profile;
  readonly timeMs: number;
  readonly validators: readonly GenesisValidator[];
  readonly accounts: readonly FundedAccount[];
};

type UnderlyingJson = Omit<Underlying, 'id' | 'name'> & {
  readonly id: number;
  readonly name: string;
};

function underlyingJson(profile: Profile, id: number, name: UnderlyingName): UnderlyingJson {
  const isBtc = name === 'BTC';
  return {
    id,
    name,
    optionTickMicroUsd: isBtc ? MICRO : MICRO / 10,
    optionLotsPerCoin: isBtc ? 100 : 10,
    strikeStepMicroUsd: profile.strikeStepUsd[name] * MICRO,
    strikesListed: profile.strikesListed,
    expiriesListed: profile.expiriesListed,
    expiryIntervalMs: profile.expiryIntervalMs,
    makerFeeCentiBps: 100,
    takerFeeCentiBps: 300,
    feeCapBps: 1_250,
    settlementFeeCentiBps: 150,
    settlementFeeCapBps: 1_250,
    futureMakerFeeCentiBps: 50,
    futureTakerFeeCentiBps: 350,
    futureTickMicroUsd: isBtc ? MICRO / 2 : MICRO / 20,
    futureLotsPerCoin: isBtc ? 1_000 : 100,
    futuresListed: 1,
    futureMaxOrderLots: 10_000_000,
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

/** The document as `checkGenesis` takes it. */
export function devnetGenesis(options: DevnetGenesisOptions): object {
  const { profile, timeMs, validators, accounts } = options;
  return {
    name: `miletus-${profile.name}`,
    time: timeMs,
    validators: validators.map(({ p2pPort, ...keys }) => ({
      ...keys,
      weight: VALIDATOR_WEIGHT,
      addresses: [`/ip4/127.0.0.1/tcp/${p2pPort}`],
    })),
    accounts,
    insurance: INSURANCE_USD,
    limits: { maxBytes: 4 * 1024 * 1024, maxPayloads: 8_192, maxWeight: 1_000_000 },
    pacing: PACING,
    parameters: chainParameters(profile),
    staking: DEVNET_STAKING_PARAMETERS,
    underlyings: DEVNET_UNDERLYINGS.map(({ id, name }) => underlyingJson(profile, id, name)),
    feeTiers: FEE_TIERS,
    // The first funded account guards it: on a devnet everyone has its key.
    governance: { ...DEVNET_GOVERNANCE_PARAMETERS, guardian: accounts[0]?.address ?? null },
  };
}
