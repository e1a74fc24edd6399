/**
 * Parameters of governance itself: one row, each with its range and unit.
 *
 * Source: reference/interfaces.md §1.1 (Cosmos SDK x/gov v1), design/staking-and-keys.md §5. A proposal
 * keeps the set that was in force when it was submitted: a change touches new proposals only.
 * `timelockFloorMs` is the one parameter that no proposal changes: what a vote may do at once is for
 * the genesis to say.
 */
import { type Codec, container, u16, u32, u64 } from '../core/ssz.ts';

export type GovernanceParameters = {
  /** Whole MIL that bring a proposal to its vote, and how often that of an expedited one. */
  readonly minDepositMil: number;
  readonly expeditedDepositTimes: number;
  /** How long deposits are taken. */
  readonly depositMs: number;
  readonly votingMs: number;
  readonly expeditedVotingMs: number;
  /** Share of the snapshot that must vote. */
  readonly quorumBps: number;
  /** Yes among yes, no and veto must be above it. */
  readonly thresholdBps: number;
  readonly expeditedThresholdBps: number;
  /** Veto among all votes from which a proposal is refused and its deposits are burned. */
  readonly vetoBps: number;
  /** From the end of a vote to what it decided. */
  readonly timelockMs: number;
  /** Least `timelockMs`. */
  readonly timelockFloorMs: number;
  /** Longest pause of the guardian. */
  readonly maxPauseMs: number;
};

export const GovernanceParametersCodec: Codec<GovernanceParameters> =
  container<GovernanceParameters>('GovernanceParameters', {
    minDepositMil: u32(),
    expeditedDepositTimes: u16(),
    depositMs: u64(),
    votingMs: u64(),
    expeditedVotingMs: u64(),
    quorumBps: u16(),
    thresholdBps: u16(),
    expeditedThresholdBps: u16(),
    vetoBps: u16(),
    timelockMs: u64(),
    timelockFloorMs: u64(),
    maxPauseMs: u64(),
  });

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Allowed values of each parameter, inclusive, with its unit. */
export const GOVERNANCE_RANGES: {
  readonly [K in keyof GovernanceParameters]: {
    readonly min: number;
    readonly max: number;
    readonly unit: string;
  };
} = {
  minDepositMil: { min: 1, max: 10_000_000, unit: 'MIL' },
  expeditedDepositTimes: { min: 1, max: 100, unit: 'times' },
  depositMs: { min: 1_000, max: 30 * DAY_MS, unit: 'ms' },
  votingMs: { min: 1_000, max: 30 * DAY_MS, unit: 'ms' },
  expeditedVotingMs: { min: 1_000, max: 30 * DAY_MS, unit: 'ms' },
  // Below a tenth a few could decide; above nine tenths nobody could.
  quorumBps: { min: 1_000, max: 9_000, unit: 'bps' },
  thresholdBps: { min: 5_000, max: 9_000, unit: 'bps' },
  expeditedThresholdBps: { min: 5_000, max: 9_500, unit: 'bps' },
  vetoBps: { min: 1_000, max: 5_000, unit: 'bps' },
  timelockMs: { min: 0, max: 30 * DAY_MS, unit: 'ms' },
  timelockFloorMs: { min: 0, max: 30 * DAY_MS, unit: 'ms' },
  maxPauseMs: { min: 1_000, max: DAY_MS, unit: 'ms' },
};

/** The mainnet's. */
export const DEFAULT_GOVERNANCE_PARAMETERS: GovernanceParameters = {
  minDepositMil: 10_000,
  expeditedDepositTimes: 5,
  depositMs: 7 * DAY_MS,
  votingMs: 5 * DAY_MS,
  expeditedVotingMs: DAY_MS,
  quorumBps: 3_340,
  thresholdBps: 5_000,
  expeditedThresholdBps: 6_670,
  vetoBps: 3_340,
  timelockMs: 2 * DAY_MS,
  timelockFloorMs: 2 * DAY_MS,
  maxPauseMs: DAY_MS,
};

/** The devnet's: a proposal is through in five minutes. */
export const DEVNET_GOVERNANCE_PARAMETERS: GovernanceParameters = {
  ...DEFAULT_GOVERNANCE_PARAMETERS,
  minDepositMil: 500,
  depositMs: 300_000,
  votingMs: 90_000,
  expeditedVotingMs: 30_000,
  timelockMs: 30_000,
  timelockFloorMs: 10_000,
  maxPauseMs: 300_000,
};

/**
 * What is wrong with a set: the first field that is no integer of its range, then the first rule between
 * fields; `undefined` when nothing is.
 */
export function governanceParametersProblem(parameters: GovernanceParameters): string | undefined {
  for (const [name, { min, max, unit }] of Object.entries(GOVERNANCE_RANGES)) {
    const given = parameters[name as keyof GovernanceParameters];
    if (!Number.isSafeInteger(given) || given < min || given > max) {
      return `${name}: given ${given}, allowed ${min} to ${max} ${unit}`;
    }
  }
  if (parameters.expeditedVotingMs > parameters.votingMs) {
    return 'expeditedVotingMs is above votingMs';
  }
  if (parameters.expeditedThresholdBps < parameters.thresholdBps) {
    return 'expeditedThresholdBps is below thresholdBps';
  }
  if (parameters.timelockMs < parameters.timelockFloorMs) {
    return 'timelockMs is below timelockFloorMs';
  }
  return undefined;
}
