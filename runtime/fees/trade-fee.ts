/**
 * Premium and fees of a trade, in micro-USD.
 *
 * Source: design/parameters.md, "Fees". Fee = min(share of notional, cap × premium), rounded up: the
 * payer bears the fraction. Notional = lots ÷ lots per coin × the index at the mark in force. A rebate
 * is rounded down and never above the taker's fee of the same fill, so no trade takes fees out of the
 * chain.
 */
import { minBigint, mulDivCeil, mulDivFloor } from '../core/math.ts';
import { type InstrumentKind, isLinearKind } from '../options/instrument.ts';
import type { Underlying } from '../options/underlying.ts';

/** Hundredths of a basis point in 1. */
export const CENTI_BPS_PER_ONE = 1_000_000;
const BPS_PER_ONE = 10_000;

/** The exact product of two safe integers. */
export function exactProduct(a: number, b: number): bigint {
  const product = a * b;
  return product <= Number.MAX_SAFE_INTEGER ? BigInt(product) : BigInt(a) * BigInt(b);
}

/** A maker's rate before tiers, in hundredths of a basis point of notional: not negative. */
export function baseMakerCentiBps(underlying: Underlying, kind: InstrumentKind): number {
  return isLinearKind(kind) ? underlying.futureMakerFeeCentiBps : underlying.makerFeeCentiBps;
}

/** A taker's rate before tiers, likewise. */
export function baseTakerCentiBps(underlying: Underlying, kind: InstrumentKind): number {
  return isLinearKind(kind) ? underlying.futureTakerFeeCentiBps : underlying.takerFeeCentiBps;
}

/** A fill whose fee is asked: `premium` in micro-USD, `index` in micro-USD per coin. */
export type FeeFacts = {
  readonly underlying: Underlying;
  readonly index: number;
  readonly lots: number;
  readonly premium: bigint;
  /** Rate in hundredths of a basis point, not negative. */
  readonly centiBps: number;
};

/** Premiums up to here have an exact cap in doubles: $900,000, × 10⁴ below 2⁵³. */
const MAX_NUMBER_PREMIUM = 900_000_000_000n;

/** Micro-USD, never above the premium when the cap is below 100 %. ~60 ns. */
export function tradeFee({ underlying, index, lots, premium, centiBps }: FeeFacts): bigint {
  const { feeCapBps, optionLotsPerCoin } = underlying;
  const divisor = optionLotsPerCoin * CENTI_BPS_PER_ONE;
  const share = lots * index * centiBps;
  if (share <= Number.MAX_SAFE_INTEGER && premium <= MAX_NUMBER_PREMIUM) {
    const cap = -Math.floor((-Number(premium) * feeCapBps) / BPS_PER_ONE);
    return BigInt(Math.min(-Math.floor(-share / divisor), cap));
  }
  const ofNotional = mulDivCeil(BigInt(lots) * BigInt(index), BigInt(centiBps), BigInt(divisor));
  const cap = mulDivCeil(premium, BigInt(feeCapBps), BigInt(BPS_PER_ONE));
  return minBigint(ofNotional, cap);
}

/**
 * The maker's fee of a fill whose taker pays `takerFee`: `tradeFee`, or for a rate below 0 a rebate as
 * a negative fee, at most what the taker pays.
 */
export function makerFeeOf(facts: FeeFacts, takerFee: bigint): bigint {
  const { underlying, index, lots, centiBps } = facts;
  if (centiBps >= 0) return tradeFee(facts);
  const divisor = BigInt(underlying.optionLotsPerCoin * CENTI_BPS_PER_ONE);
  const rebate = mulDivFloor(exactProduct(lots, index), BigInt(-centiBps), divisor);
  return -minBigint(rebate, takerFee);
}
