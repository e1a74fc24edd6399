/**
 * Premium and fees of a trade, in micro-USD.
 *
 * Source: design/parameters.md, "Fees". Fee = min(share of notional, cap × premium), rounded up: the
 * payer bears the fraction. Notional = lots ÷ lots per coin × the index at the mark in force.
 */
import { mulDivCeil } from '../core/math.ts';
import type { Underlying } from '../options/underlying.ts';

/** Hundredths of a basis point in 1. */
export const CENTI_BPS_PER_ONE = 1_000_000;
const BPS_PER_ONE = 10_000;

/** The exact product of two safe integers. */
export function exactProduct(a: number, b: number): bigint {
  const product = a * b;
  return product <= Number.MAX_SAFE_INTEGER ? BigInt(product) : BigInt(a) * BigInt(b);
}

/** A fill whose fee is asked: `premium` in micro-USD, `index` in micro-USD per coin. */
export type FeeFacts = {
  readonly underlying: Underlying;
  readonly index: number;
  readonly lots: number;
  readonly premium: bigint;
  /** The underlying's `makerFeeCentiBps` or `takerFeeCentiBps`. */
  readonly centiBps: number;
};

/** Micro-USD, never above the premium when the cap is below 100 %. */
export function tradeFee({ underlying, index, lots, premium, centiBps }: FeeFacts): bigint {
  const divisor = underlying.optionLotsPerCoin * CENTI_BPS_PER_ONE;
  const share = lots * index * centiBps;
  const ofNotional =
    share <= Number.MAX_SAFE_INTEGER
      ? BigInt(-Math.floor(-share / divisor))
      : mulDivCeil(BigInt(lots) * BigInt(index), BigInt(centiBps), BigInt(divisor));
  const cap = mulDivCeil(premium, BigInt(underlying.feeCapBps), BigInt(BPS_PER_ONE));
  return ofNotional < cap ? ofNotional : cap;
}
