/** An epoch's validators as consensus sees them: weights, keys, quorum, leaders. Frozen. */
import {
  type Epoch,
  type ValidatorIndex,
  type View,
  type Weight,
  weight,
} from '../runtime/core/units.ts';
import { type EpochConfig, type Pacing, quorumWeight } from '../runtime/epoch-config.ts';
import { type LeaderSchedule, leaderOf, leaderSchedule } from './leader-schedule.ts';

export type Committee = {
  readonly epoch: Epoch;
  readonly weights: readonly Weight[];
  /** ed25519 keys, 32 bytes each, in the same order. */
  readonly keys: readonly Uint8Array[];
  /** ⌊2W/3⌋ + 1. */
  readonly quorum: Weight;
  readonly schedule: LeaderSchedule;
  readonly pacing: Pacing;
};

/** Cost: one leader schedule (see there); make it once for each epoch. */
export function committeeOf(config: EpochConfig): Committee {
  const weights = config.validators.map((validator) => validator.weight);
  return {
    epoch: config.epoch,
    weights,
    keys: config.validators.map((validator) => validator.consensusKey),
    quorum: quorumWeight(config),
    schedule: leaderSchedule(config.leaderSeed, weights),
    pacing: config.pacing,
  };
}

export function leader(committee: Committee, view: View): ValidatorIndex {
  return leaderOf(committee.schedule, view);
}

/** Weight of a validator; 0 for an index outside the epoch. */
export function weightOf(committee: Committee, signer: ValidatorIndex): Weight {
  return committee.weights[signer] ?? weight(0n);
}
