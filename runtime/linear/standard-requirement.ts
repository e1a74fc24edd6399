/**
 * Standard margin of futures and perpetuals of one underlying.
 *
 * Source: design/exchange.md §3. Of N, the notional at the index of the lots that are not paired:
 *
 *   initial      N × max(5 %, 2 % + 0.5 % × N ÷ $1M) + 2 % of the paired notional
 *   maintenance  0.6 of it
 *
 * No offset with options. Units: micro-USD, rounded up against the holder.
 */
import { mulDivCeil } from '../core/math.ts';
import type { PairedLots } from './pair-expiries.ts';

/** Hundredths of a percent. */
const BASE_BPS = 200n;
const LEAST_BPS = 500n;
const PAIRED_BPS = 200n;
const BPS = 10_000n;
/** Notional that adds 0.5 % to the rate: 2 × 10² of it add 1. */
const SLOPE_NOTIONAL = 1_000_000_000_000n;
const SLOPE_SHARE = 200n;
/** Maintenance of initial: 3 ÷ 5. */
const MAINTENANCE_PARTS = 3n;
const INITIAL_PARTS = 5n;

/** Requirement in micro-USD. */
export type LinearRequirement = { readonly initial: bigint; readonly maintenance: bigint };

/** Charge of unpaired notional, both in micro-USD. */
export function unpairedCharge(notional: bigint): bigint {
  const least = mulDivCeil(notional, LEAST_BPS, BPS);
  // N × (2 % + N ÷ (200 × $1M)), over one divisor so that it is rounded once.
  const rate = BASE_BPS * SLOPE_NOTIONAL * SLOPE_SHARE + notional * BPS;
  const sloped = mulDivCeil(notional, rate, BPS * SLOPE_NOTIONAL * SLOPE_SHARE);
  return least > sloped ? least : sloped;
}

/** The requirement of lots at their worst, `indexPerLot` micro-USD each. O(1). */
export function linearRequirement(
  { net, gross }: PairedLots,
  indexPerLot: number,
): LinearRequirement {
  const perLot = BigInt(indexPerLot);
  const unpaired = BigInt(net) * perLot;
  // ½c·(gross − net): both legs of a pair are in `gross`, so 2 % of the paired is 1 % of the two.
  const inPairs = BigInt(gross - net) * perLot;
  const initial = unpairedCharge(unpaired) + mulDivCeil(inPairs, PAIRED_BPS, 2n * BPS);
  return { initial, maintenance: mulDivCeil(initial, MAINTENANCE_PARTS, INITIAL_PARTS) };
}
