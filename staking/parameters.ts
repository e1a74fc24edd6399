/**
 * Parameters of staking: one row, each with its range and unit, and the rules between them.
 *
 * Source: design/staking-and-keys.md §2–3, design/parameters.md. Invariant: trust < evidence <
 * unbonding, in time and in epochs, so that stake never leaves while a fault of it can be shown.
 */
import { type Codec, container, u16, u32, u64 } from '../runtime/core/ssz.ts';
import { MAX_VALIDATORS } from '../runtime/limits.ts';
import { MIN_VALIDATORS } from './limits.ts';

export type StakingParameters = {
  readonly maxValidators: number;
  /** Largest share of the weight that one validator may have; at least 4/(3n) is allowed. */
  readonly powerCapBps: number;
  /** Whole MIL of the operator's own that keep a validator in the set. */
  readonly minSelfBondMil: number;
  /** How long the old minimum goes on after it was raised. */
  readonly selfBondGraceMs: number;
  readonly unbondingMs: number;
  readonly unbondingEpochs: number;
  readonly evidenceMs: number;
  readonly evidenceEpochs: number;
  readonly trustMs: number;
  readonly trustEpochs: number;
  /** From the announcement of a higher commission to its force. */
  readonly commissionNoticeMs: number;
  /** Least φ, and the multiple of the guilty share. */
  readonly minSlashBps: number;
  readonly slashMultiple: number;
  /** Share of what evidence burns that its reporter gets, and its bound in whole MIL. */
  readonly reporterShareBps: number;
  readonly reporterCapMil: number;
  readonly downtimeJailMs: number;
  /** Own slots over which absence is judged. */
  readonly absenceSlots: number;
  /** Missed share of them above which a validator is jailed. */
  readonly maxMissedBps: number;
  /** Share of the oracle slots with a far vote above which a validator is jailed; 10,000: none is. */
  readonly maxFarBps: number;
  /** Largest share of the weight that is newly jailed for absence in one epoch. */
  readonly jailBrakeBps: number;
  /** Issuance in the first year as a share of the supply, its yearly fall, and its floor. */
  readonly issuancePpm: number;
  readonly issuanceFallBps: number;
  readonly issuanceFloorPpm: number;
};

export const StakingParametersCodec: Codec<StakingParameters> = container<StakingParameters>(
  'StakingParameters',
  {
    maxValidators: u16(),
    powerCapBps: u16(),
    minSelfBondMil: u32(),
    selfBondGraceMs: u64(),
    unbondingMs: u64(),
    unbondingEpochs: u32(),
    evidenceMs: u64(),
    evidenceEpochs: u32(),
    trustMs: u64(),
    trustEpochs: u32(),
    commissionNoticeMs: u64(),
    minSlashBps: u16(),
    slashMultiple: u16(),
    reporterShareBps: u16(),
    reporterCapMil: u32(),
    downtimeJailMs: u64(),
    absenceSlots: u32(),
    maxMissedBps: u16(),
    maxFarBps: u16(),
    jailBrakeBps: u16(),
    issuancePpm: u32(),
    issuanceFallBps: u16(),
    issuanceFloorPpm: u32(),
  },
);

const DAY_MS = 24 * 3_600_000;
const YEAR_MS = 365 * DAY_MS;

/** Allowed values of each parameter, inclusive, with its unit. */
export const STAKING_RANGES: {
  readonly [K in keyof StakingParameters]: {
    readonly min: number;
    readonly max: number;
    readonly unit: string;
  };
} = {
  maxValidators: { min: MIN_VALIDATORS, max: MAX_VALIDATORS, unit: 'validators' },
  powerCapBps: { min: 100, max: 10_000, unit: 'bps' },
  minSelfBondMil: { min: 1, max: 100_000_000, unit: 'MIL' },
  selfBondGraceMs: { min: 0, max: YEAR_MS, unit: 'ms' },
  unbondingMs: { min: 3_000, max: YEAR_MS, unit: 'ms' },
  unbondingEpochs: { min: 3, max: 10_000, unit: 'epochs' },
  evidenceMs: { min: 2_000, max: YEAR_MS, unit: 'ms' },
  evidenceEpochs: { min: 2, max: 10_000, unit: 'epochs' },
  trustMs: { min: 1_000, max: YEAR_MS, unit: 'ms' },
  trustEpochs: { min: 1, max: 10_000, unit: 'epochs' },
  commissionNoticeMs: { min: 0, max: 90 * DAY_MS, unit: 'ms' },
  // Never 0 and never above all: a negative or boundless slash mints or confiscates.
  minSlashBps: { min: 1, max: 10_000, unit: 'bps' },
  slashMultiple: { min: 1, max: 10, unit: 'times' },
  reporterShareBps: { min: 0, max: 1_000, unit: 'bps' },
  reporterCapMil: { min: 0, max: 1_000_000, unit: 'MIL' },
  downtimeJailMs: { min: 0, max: 30 * DAY_MS, unit: 'ms' },
  absenceSlots: { min: 50, max: 1_000_000, unit: 'slots' },
  maxMissedBps: { min: 1_000, max: 10_000, unit: 'bps' },
  maxFarBps: { min: 1_000, max: 10_000, unit: 'bps' },
  jailBrakeBps: { min: 0, max: 3_333, unit: 'bps' },
  issuancePpm: { min: 0, max: 200_000, unit: 'ppm' },
  issuanceFallBps: { min: 0, max: 10_000, unit: 'bps' },
  issuanceFloorPpm: { min: 0, max: 200_000, unit: 'ppm' },
};

/** The mainnet's. */
export const DEFAULT_STAKING_PARAMETERS: StakingParameters = {
  maxValidators: 100,
  powerCapBps: 1_000,
  minSelfBondMil: 10_000,
  selfBondGraceMs: 14 * DAY_MS,
  unbondingMs: 21 * DAY_MS,
  unbondingEpochs: 504,
  evidenceMs: 20 * DAY_MS,
  evidenceEpochs: 480,
  trustMs: 14 * DAY_MS,
  trustEpochs: 336,
  commissionNoticeMs: 7 * DAY_MS,
  minSlashBps: 500,
  slashMultiple: 3,
  reporterShareBps: 100,
  reporterCapMil: 1_000,
  downtimeJailMs: 600_000,
  absenceSlots: 50,
  maxMissedBps: 5_000,
  maxFarBps: 5_000,
  jailBrakeBps: 1_000,
  issuancePpm: 40_000,
  issuanceFallBps: 1_000,
  issuanceFloorPpm: 10_000,
};

/** The devnet's: short cycles, and a brake under which one validator of seven can be jailed. */
export const DEVNET_STAKING_PARAMETERS: StakingParameters = {
  ...DEFAULT_STAKING_PARAMETERS,
  unbondingMs: 600_000,
  unbondingEpochs: 5,
  evidenceMs: 540_000,
  evidenceEpochs: 4,
  trustMs: 360_000,
  trustEpochs: 3,
  downtimeJailMs: 60_000,
  jailBrakeBps: 2_500,
};

/**
 * What is wrong with a set of parameters: the first field that is no integer of its range, then the
 * first rule between fields; `undefined` when nothing is.
 */
export function stakingParametersProblem(parameters: StakingParameters): string | undefined {
  for (const [name, { min, max, unit }] of Object.entries(STAKING_RANGES)) {
    const given = parameters[name as keyof StakingParameters];
    if (!Number.isSafeInteger(given) || given < min || given > max) {
      return `${name}: given ${given}, allowed ${min} to ${max} ${unit}`;
    }
  }
  const { trustMs, evidenceMs, unbondingMs } = parameters;
  if (!(trustMs < evidenceMs && evidenceMs < unbondingMs)) {
    return 'trustMs < evidenceMs < unbondingMs does not hold';
  }
  const { trustEpochs, evidenceEpochs, unbondingEpochs } = parameters;
  if (!(trustEpochs < evidenceEpochs && evidenceEpochs < unbondingEpochs)) {
    return 'trustEpochs < evidenceEpochs < unbondingEpochs does not hold';
  }
  if (parameters.issuanceFloorPpm > parameters.issuancePpm) {
    return 'issuanceFloorPpm is above issuancePpm';
  }
  return undefined;
}
