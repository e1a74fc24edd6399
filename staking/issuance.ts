/**
 * Issuance: new MIL for stake, by time, falling by a tenth a year to a floor.
 *
 * Source: design/staking-and-keys.md §2, design/parameters.md ("Supply"). The yearly amount is fixed
 * at each epoch's end from the supply and the whole years since genesis; each block mints its part,
 * rounded down, of at most 60 s: a halted chain mints nothing for its absence.
 */

import { DENOMINATION } from '../runtime/actions/transfer.ts';
import { maxBigint, mulDivFloor } from '../runtime/core/math.ts';
import { mint } from '../runtime/ledger/ledger.ts';
import { MODULE } from '../runtime/ledger/module-accounts.ts';
import { FULL_BPS } from './fraction.ts';
import { MAX_BLOCK_TIME_MS } from './limits.ts';
import type { StakingParameters } from './parameters.ts';
import { changedMeta, type StakingState, stakingMetaOf, stakingParametersOf } from './tables.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
const PPM = 1_000_000n;

/** Issuance of the year that begins `years` after genesis, as a share of the supply. O(years), at most 128. */
export function issuancePpm(parameters: StakingParameters, years: number): bigint {
  const floor = BigInt(parameters.issuanceFloorPpm);
  const kept = FULL_BPS - BigInt(parameters.issuanceFallBps);
  let rate = BigInt(parameters.issuancePpm);
  for (let year = 0; year < Math.min(years, 128) && rate > floor; year++) {
    rate = mulDivFloor(rate, kept, FULL_BPS);
  }
  return maxBigint(rate, floor);
}

/** Fixes the yearly amount: at genesis and at each epoch's end. */
export function renewIssuance(state: StakingState, now: number): void {
  const meta = changedMeta(state);
  const supply = state.supply.get(DENOMINATION.mil)?.amount ?? 0n;
  const years = Math.floor(Math.max(0, now - meta.genesisTime) / YEAR_MS);
  const rate = issuancePpm(stakingParametersOf(state), years);
  meta.annualIssuance = mulDivFloor(supply, rate, PPM);
}

/** Mints a block's part into the rewards account. O(1). */
export function mintIssuance(state: StakingState, sinceParentMs: number): void {
  const ms = BigInt(Math.min(sinceParentMs, MAX_BLOCK_TIME_MS));
  const amount = mulDivFloor(stakingMetaOf(state).annualIssuance, ms, BigInt(YEAR_MS));
  mint(state, MODULE.rewards, DENOMINATION.mil, amount);
}
