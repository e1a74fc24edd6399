/**
 * Both fees of the fills of one incoming order, at its account's and the makers' tiers.
 *
 * The taker's rate is looked up once an order, a maker's once a fill: both O(1).
 */
import type { BlockContext } from '../block-context.ts';
import { type PortfolioId, portfolioAccount, type TimestampMs } from '../core/units.ts';
import type { InstrumentKind } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';
import type { State } from '../state/state.ts';
import { type FeeTier, makerRate, takerRate } from './fee-tiers.ts';
import { baseMakerCentiBps, baseTakerCentiBps, makerFeeOf, tradeFee } from './trade-fee.ts';
import { feeTiersOf, tierOf } from './trading-volume.ts';

/** What the fees of one incoming order's fills follow from. */
export type FeeTerms = {
  readonly state: State;
  readonly timestamp: TimestampMs;
  readonly tiers: readonly FeeTier[];
  readonly underlying: Underlying;
  /** Micro-USD per coin, of the mark in force. */
  readonly index: number;
  readonly takerCentiBps: number;
  readonly baseMakerCentiBps: number;
};

/** Where an order trades; `index` as in `FeeTerms`. */
export type FeeMarket = {
  readonly underlying: Underlying;
  readonly kind: InstrumentKind;
  readonly index: number;
};

/** The terms of an order of `taker` in an instrument of `underlying`. O(1). */
export function feeTerms(
  state: State,
  context: BlockContext,
  market: FeeMarket,
  taker: PortfolioId,
): FeeTerms {
  const { underlying, kind, index } = market;
  const { timestamp } = context;
  const tiers = feeTiersOf(state);
  const base = baseTakerCentiBps(underlying, kind);
  const takerCentiBps =
    tiers.length === 0
      ? base
      : takerRate(tiers, tierOf(state, portfolioAccount(taker), timestamp), base);
  return {
    state,
    timestamp,
    tiers,
    underlying,
    index,
    takerCentiBps,
    baseMakerCentiBps: baseMakerCentiBps(underlying, kind),
  };
}

/** The taker's fee of a fill, in micro-USD, not negative. */
export function takerFillFee(terms: FeeTerms, lots: number, premium: bigint): bigint {
  const { underlying, index, takerCentiBps: centiBps } = terms;
  return tradeFee({ underlying, index, lots, premium, centiBps });
}

/** The maker's fee of a fill whose taker pays `takerFee`; negative: a rebate, at most that. */
export function makerFillFee(
  terms: FeeTerms,
  maker: PortfolioId,
  fill: { readonly lots: number; readonly premium: bigint; readonly takerFee: bigint },
): bigint {
  const { state, timestamp, tiers, underlying, index, baseMakerCentiBps: base } = terms;
  const { lots, premium, takerFee } = fill;
  const centiBps =
    tiers.length === 0
      ? base
      : makerRate(tiers, tierOf(state, portfolioAccount(maker), timestamp), base);
  return makerFeeOf({ underlying, index, lots, premium, centiBps }, takerFee);
}
