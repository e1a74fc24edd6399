/**
 * The chain's parameters: one row, set at genesis, each with its range and unit.
 *
 * Source: design/parameters.md. Changes by governance come with the staking issue; until then the
 * row is fixed.
 */
import { type Codec, container, u16, u32, u64 } from '../core/ssz.ts';

export type Parameters = {
  /** Length of an epoch. */
  readonly epochMs: number;
  /** Age at which an oracle vote is stale. */
  readonly oracleStaleMs: number;
  /** Least time between two marks, unless the index moves. */
  readonly markIntervalMs: number;
  /** Index move that forces new marks. */
  readonly markMoveBps: number;
  /** Settlement window, and its number of equal slots. */
  readonly settlementWindowMs: number;
  readonly settlementSlots: number;
  /** Positions paid per block at settlement. */
  readonly settlementsPerBlock: number;
  /** Share of fees to the insurance fund, and to the community. */
  readonly insuranceShareBps: number;
  readonly communityShareBps: number;
  /** Price band of an option: reprice at spot × (1 ± bandSpot) and volatility × (1 ± bandVol). */
  readonly bandSpotBps: number;
  readonly bandVolBps: number;
};

export const ParametersCodec: Codec<Parameters> = container<Parameters>('Parameters', {
  epochMs: u64(),
  oracleStaleMs: u32(),
  markIntervalMs: u32(),
  markMoveBps: u16(),
  settlementWindowMs: u32(),
  settlementSlots: u16(),
  settlementsPerBlock: u32(),
  insuranceShareBps: u16(),
  communityShareBps: u16(),
  bandSpotBps: u16(),
  bandVolBps: u16(),
});

/** Allowed values of each parameter, inclusive, with its unit. */
export const PARAMETER_RANGES: {
  readonly [K in keyof Parameters]: {
    readonly min: number;
    readonly max: number;
    readonly unit: string;
  };
} = {
  epochMs: { min: 5_000, max: 7 * 24 * 3_600_000, unit: 'ms' },
  oracleStaleMs: { min: 1_000, max: 60_000, unit: 'ms' },
  markIntervalMs: { min: 100, max: 60_000, unit: 'ms' },
  markMoveBps: { min: 1, max: 1_000, unit: 'bps' },
  settlementWindowMs: { min: 1_000, max: 3_600_000, unit: 'ms' },
  settlementSlots: { min: 1, max: 1_800, unit: 'slots' },
  settlementsPerBlock: { min: 1, max: 100_000, unit: 'positions' },
  insuranceShareBps: { min: 0, max: 10_000, unit: 'bps' },
  communityShareBps: { min: 0, max: 10_000, unit: 'bps' },
  bandSpotBps: { min: 1, max: 5_000, unit: 'bps' },
  bandVolBps: { min: 1, max: 9_000, unit: 'bps' },
};
