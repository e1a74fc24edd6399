/**
 * Limits and pacing of an epoch's config as parameters: what a vote changes comes with the next config
 * that is fixed, two epochs later (design/chain.md §3).
 */
import { type Codec, container, u16, u32 } from '../core/ssz.ts';
import { epoch } from '../core/units.ts';
import type { BlockLimits, EpochConfig, Pacing } from '../epoch-config.ts';
import { MAX_BLOCK_BYTES, MAX_BLOCK_PAYLOADS } from '../limits.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import { metaOf, type State } from '../state/state.ts';

export type ConsensusParameters = BlockLimits & Pacing;

export const ConsensusParametersCodec: Codec<ConsensusParameters> = container<ConsensusParameters>(
  'ConsensusParameters',
  {
    maxBytes: u32(),
    maxPayloads: u32(),
    maxWeight: u32(),
    minBlockIntervalMs: u32(),
    idleBlockMs: u32(),
    deltaMs: u32(),
    timeoutGrowthPercent: u16(),
    timeoutCapMs: u32(),
  },
);

/** Allowed values, inclusive, with the unit. */
export const CONSENSUS_RANGES: {
  readonly [K in keyof ConsensusParameters]: {
    readonly min: number;
    readonly max: number;
    readonly unit: string;
  };
} = {
  maxBytes: { min: 65_536, max: MAX_BLOCK_BYTES, unit: 'bytes' },
  maxPayloads: { min: 16, max: MAX_BLOCK_PAYLOADS, unit: 'payloads' },
  maxWeight: { min: 10_000, max: 4_000_000, unit: 'weight' },
  minBlockIntervalMs: { min: 1, max: 10_000, unit: 'ms' },
  idleBlockMs: { min: 1, max: 60_000, unit: 'ms' },
  deltaMs: { min: 1, max: 10_000, unit: 'ms' },
  timeoutGrowthPercent: { min: 100, max: 400, unit: 'percent' },
  timeoutCapMs: { min: 100, max: 600_000, unit: 'ms' },
};

/** What is wrong between the fields of a set that is in its ranges; `undefined` when nothing is. */
export function consensusParametersProblem(values: ConsensusParameters): string | undefined {
  if (values.idleBlockMs < values.minBlockIntervalMs) {
    return 'idleBlockMs is below minBlockIntervalMs';
  }
  if (values.timeoutCapMs < values.idleBlockMs + 2 * values.deltaMs) {
    return 'timeoutCapMs is below idleBlockMs + 2 × deltaMs, the first timeout';
  }
  return undefined;
}

/** What the next config that is fixed will have, as far as it is known. */
export function consensusParametersOf(state: State): ConsensusParameters {
  const pending = state.governance.consensusChange.get(SINGLETON_KEY);
  if (pending !== undefined) return pending;
  const { limits, pacing } = state.epochConfigs.must(epoch(metaOf(state).epoch + 1));
  return { ...limits, ...pacing };
}

/** Limits and pacing of the config that follows `last`; takes up the change that waits. */
export function nextConsensusParameters(
  state: State,
  last: EpochConfig,
): Pick<EpochConfig, 'limits' | 'pacing'> {
  const pending = state.governance.consensusChange.get(SINGLETON_KEY);
  if (pending === undefined) return { limits: last.limits, pacing: last.pacing };
  state.governance.consensusChange.delete(SINGLETON_KEY);
  const { maxBytes, maxPayloads, maxWeight, ...pacing } = pending;
  return { limits: { maxBytes, maxPayloads, maxWeight }, pacing };
}
