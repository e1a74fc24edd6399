/**
 * Fee tiers: what an account pays of an underlying's rates, by its volume.
 *
 * Source: the issue of matching ("volume tiers over 30 days; rebates never above taker fees"). A tier
 * starts at a volume of `fromVolumeUsd`; the base tier, at 0, pays the rates in full, so no tier ever
 * pays more than what is reserved for resting orders (margin/series-risk.ts).
 *
 * Invariants of the tiers (`feeTiersProblem`): volumes ascend and are above 0; neither share rises
 * with volume or is above 1; the maker's may be negative: a rebate.
 */
import { type Codec, container, i64, list, u16, u64 } from '../core/ssz.ts';

/** Shares of the underlying's rates, in basis points; a negative maker share is a rebate. */
export type FeeTier = {
  /** In whole USD of notional over the last 30 days. */
  readonly fromVolumeUsd: number;
  readonly makerShareBps: number;
  readonly takerShareBps: number;
};

/** One row; no row is no tiers but the base. */
export type FeeSchedule = { readonly tiers: FeeTier[] };

/** Tiers above the base: a tier's number, 0 to 8, is one byte. */
export const MAX_FEE_TIERS = 8;
const FULL_BPS = 10_000;

export const FeeTierCodec: Codec<FeeTier> = container<FeeTier>('FeeTier', {
  fromVolumeUsd: u64(),
  makerShareBps: i64(),
  takerShareBps: u16(),
});
export const FeeTiersCodec: Codec<FeeTier[]> = list(FeeTierCodec, MAX_FEE_TIERS);
export const FeeScheduleCodec: Codec<FeeSchedule> = container<FeeSchedule>('FeeSchedule', {
  tiers: FeeTiersCodec,
});

/** What is wrong with the tiers, as text, or `undefined`. */
export function feeTiersProblem(tiers: readonly FeeTier[]): string | undefined {
  let before: FeeTier = { fromVolumeUsd: 0, makerShareBps: FULL_BPS, takerShareBps: FULL_BPS };
  if (tiers.length > MAX_FEE_TIERS) return `at most ${MAX_FEE_TIERS} tiers above the base`;
  for (const tier of tiers) {
    if (tier.fromVolumeUsd <= before.fromVolumeUsd) return 'volumes above 0 that ascend';
    if (tier.makerShareBps > before.makerShareBps || tier.takerShareBps > before.takerShareBps) {
      return 'shares of at most 10000 bps that do not rise with volume';
    }
    if (tier.makerShareBps < -FULL_BPS || tier.takerShareBps < 0) {
      return 'maker shares of at least -10000 bps, taker shares of at least 0';
    }
    before = tier;
  }
  return undefined;
}

/** Number of the tier of a volume: 0 is the base. O(tiers). */
export function tierOfVolume(tiers: readonly FeeTier[], volumeUsd: number): number {
  let tier = 0;
  while (tier < tiers.length && volumeUsd >= (tiers[tier]?.fromVolumeUsd ?? 0)) tier += 1;
  return tier;
}

/** A share of a rate, rounded up: a fee against the payer, a rebate against the receiver. */
function shareOf(centiBps: number, shareBps: number): number {
  const share = -Math.floor((-centiBps * shareBps) / FULL_BPS);
  // No −0 into sums and comparisons.
  return share === 0 ? 0 : share;
}

/** A tier's maker rate in hundredths of a basis point, negative for a rebate. O(1). */
export function makerRate(tiers: readonly FeeTier[], tier: number, baseCentiBps: number): number {
  const shares = tiers[tier - 1];
  return shares === undefined ? baseCentiBps : shareOf(baseCentiBps, shares.makerShareBps);
}

/** A tier's taker rate, not negative. O(1). */
export function takerRate(tiers: readonly FeeTier[], tier: number, baseCentiBps: number): number {
  const shares = tiers[tier - 1];
  return shares === undefined ? baseCentiBps : shareOf(baseCentiBps, shares.takerShareBps);
}
