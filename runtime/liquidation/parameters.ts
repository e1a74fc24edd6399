/**
 * Parameters of liquidation: one row, or none, and then these defaults.
 *
 * Source: reference/exchange.md §3 (Derive's auction), design/exchange.md §6. Every one has a range.
 */
import { type Codec, container, u16, u32 } from '../core/ssz.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import type { State } from '../state/state.ts';

export type LiquidationParameters = {
  /** What of its value at mark an account's portfolio is offered for at first. */
  readonly startBps: number;
  /** What it falls to within `fastMs`; within `slowMs` after that it falls to 0. */
  readonly fastBps: number;
  readonly fastMs: number;
  readonly slowMs: number;
  /** The buffer above maintenance that takes restore, as a share of the requirement. */
  readonly bufferBps: number;
  /** Of the value taken, from the account to the insurance fund. */
  readonly feeBps: number;
  /** How long it takes until the payout for an insolvent account reaches its requirement. */
  readonly insolventMs: number;
  /** Of an account's portfolio, at most so much is taken in one block. */
  readonly blockShareBps: number;
  /** Of the insurance fund, at most so much is paid an hour for one underlying. */
  readonly insuranceHourBps: number;
};

export const LiquidationParametersCodec: Codec<LiquidationParameters> =
  container<LiquidationParameters>('LiquidationParameters', {
    startBps: u16(),
    fastBps: u16(),
    fastMs: u32(),
    slowMs: u32(),
    bufferBps: u16(),
    feeBps: u16(),
    insolventMs: u32(),
    blockShareBps: u16(),
    insuranceHourBps: u16(),
  });

/** In force while governance has set no others. */
export const DEFAULT_LIQUIDATION_PARAMETERS: LiquidationParameters = {
  startBps: 9_500,
  fastBps: 7_000,
  fastMs: 15 * 60_000,
  slowMs: 12 * 3_600_000,
  bufferBps: 1_500,
  feeBps: 1_000,
  insolventMs: 60 * 60_000,
  blockShareBps: 5_000,
  insuranceHourBps: 1_000,
};

/** Allowed values, inclusive, with the unit. */
export const LIQUIDATION_PARAMETER_RANGES: {
  readonly [K in keyof LiquidationParameters]: {
    readonly min: number;
    readonly max: number;
    readonly unit: string;
  };
} = {
  startBps: { min: 5_000, max: 10_000, unit: 'bps' },
  fastBps: { min: 0, max: 10_000, unit: 'bps' },
  fastMs: { min: 1_000, max: 24 * 3_600_000, unit: 'ms' },
  slowMs: { min: 1_000, max: 7 * 24 * 3_600_000, unit: 'ms' },
  bufferBps: { min: 0, max: 10_000, unit: 'bps' },
  feeBps: { min: 0, max: 5_000, unit: 'bps' },
  insolventMs: { min: 1_000, max: 24 * 3_600_000, unit: 'ms' },
  blockShareBps: { min: 1, max: 10_000, unit: 'bps' },
  insuranceHourBps: { min: 0, max: 10_000, unit: 'bps' },
};

/** What is wrong with a set of parameters, as text, or `undefined`. */
export function liquidationParametersProblem(
  parameters: LiquidationParameters,
): string | undefined {
  for (const name of Object.keys(LIQUIDATION_PARAMETER_RANGES) as (keyof LiquidationParameters)[]) {
    const { min, max, unit } = LIQUIDATION_PARAMETER_RANGES[name];
    const value = parameters[name];
    if (value < min || value > max) return `${name} must be ${min} to ${max} ${unit}`;
  }
  if (parameters.fastBps > parameters.startBps) return 'fastBps must not be above startBps';
  return undefined;
}

/** The parameters in force. */
export function liquidationParametersOf(state: State): LiquidationParameters {
  return state.liquidationParameters.get(SINGLETON_KEY) ?? DEFAULT_LIQUIDATION_PARAMETERS;
}
