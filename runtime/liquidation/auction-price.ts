/**
 * The formulas of a liquidation auction: price over time, buffer, largest share, payout.
 *
 * Source: derivexyz/v2-core DutchAuction.sol as reference/exchange.md §3 states it. With V the value
 * of the account at mark, E its excess over maintenance (below 0) and R = V − E its requirement:
 *
 *   buffered excess  B = E + buffer × (E − V) = E − buffer × R
 *   discount factor  d falls from start to fast, then to 0, each on a line
 *   largest share    B ÷ (B − p·V − (1 − p)·reserved), p what the account keeps of the price
 *
 * `reserved` is what takers have paid in: it is no part of what later takers get a share of. After a
 * take of the largest share B is 0. Deviation: the fee is taken from each take, not once at the start,
 * so p = d − fee; without a fee it is Derive's formula. Units: micro-USD, ppm of a whole.
 */
import { maxBigint, minBigint, mulDivCeil, mulDivFloor } from '../core/math.ts';
import { assert } from '../core/result.ts';
import type { LiquidationParameters } from './parameters.ts';

/** A whole, in parts per million. */
export const WHOLE_PPM = 1_000_000;
const WHOLE = 1_000_000n;
const BPS = 10_000n;
const PPM_PER_BPS = 100;

/** What an account is worth and what it lacks. */
export type Health = {
  /** Cash and positions at mark. */
  readonly value: bigint;
  /** Excess over the maintenance requirement of its positions. */
  readonly bare: bigint;
};

/** The excess less the buffer that takes restore; rounded down, so never less is restored. */
export function bufferedExcess({ value, bare }: Health, bufferBps: number): bigint {
  return bare - mulDivCeil(maxBigint(0n, value - bare), BigInt(bufferBps), BPS);
}

/** The discount factor d in ppm: rounded up, in favour of the account. */
export function discountPpm(parameters: LiquidationParameters, elapsedMs: number): number {
  const { startBps, fastBps, fastMs, slowMs } = parameters;
  if (elapsedMs < fastMs) {
    const fallen = mulDivFloor(
      BigInt((startBps - fastBps) * PPM_PER_BPS),
      BigInt(elapsedMs),
      BigInt(fastMs),
    );
    return startBps * PPM_PER_BPS - Number(fallen);
  }
  const left = maxBigint(0n, BigInt(fastMs + slowMs - elapsedMs));
  return Number(mulDivCeil(BigInt(fastBps * PPM_PER_BPS), left, BigInt(slowMs)));
}

/** Of the value taken, what the account keeps: the price less the fee, which is never above it. */
export function keptPpm(pricePpm: number, feeBps: number): number {
  return Math.max(0, pricePpm - feeBps * PPM_PER_BPS);
}

/**
 * The share of an account that restores its buffer, in ppm, rounded up: 1 to 1,000,000. `buffered` is
 * below 0, the value above what is reserved.
 */
export function largestSharePpm(facts: {
  readonly buffered: bigint;
  readonly value: bigint;
  readonly reserved: bigint;
  readonly keptPpm: number;
}): number {
  const { buffered, value, reserved } = facts;
  assert(buffered < 0n && value >= reserved, 'a share of who lacks margin and has value');
  const kept = BigInt(facts.keptPpm);
  // All with the sign turned, and a millionfold, so that nothing is rounded before the quotient.
  const lacking = -buffered * WHOLE;
  const whole = lacking + kept * value + (WHOLE - kept) * reserved;
  return Number(minBigint(WHOLE, mulDivCeil(WHOLE, lacking, whole)));
}

/** The fee of a take: of the value taken, rounded up against the account, at most the price. */
export function takeFee(value: bigint, price: bigint, feeBps: number): bigint {
  return minBigint(price, mulDivCeil(maxBigint(0n, value), BigInt(feeBps), BPS));
}

/**
 * What the insurance fund pays for a whole insolvent account: its negative value at first, and after
 * `insolventMs` its requirement beside that. `premium` is that second part; rounded down.
 */
export function insolventPayout(
  { value, bare }: Health,
  { insolventMs }: LiquidationParameters,
  elapsedMs: number,
): { readonly hole: bigint; readonly premium: bigint } {
  const elapsed = BigInt(Math.min(elapsedMs, insolventMs));
  const requirement = maxBigint(0n, value - bare);
  return {
    hole: maxBigint(0n, -value),
    premium: mulDivFloor(requirement, elapsed, BigInt(insolventMs)),
  };
}
