/**
 * Who leads which view: a schedule fixed for the whole epoch, by weight.
 *
 * A pure function of (seed, weights, view), and of nothing that differs between honest nodes (which
 * certificate opened a view, what was voted). Stride scheduling: validator i's k-th turn comes at
 * the virtual time (k + uᵢ) ÷ wᵢ, with uᵢ in [0, 1) drawn from the seed, and turns are taken in
 * order of time, ties by index. So over a cycle of L slots validator i has L·wᵢ/W turns give or take
 * one, they are spread evenly (a dead leader's turns do not come in runs unless it holds most of the
 * weight), and with equal weights a cycle repeats one seeded permutation.
 */
import { sha256 } from '../runtime/core/hash.ts';
import { assert } from '../runtime/core/result.ts';
import {
  type ValidatorIndex,
  type View,
  validatorIndex,
  type Weight,
} from '../runtime/core/units.ts';

/** Turns of a cycle for each validator: a sixteenth of the average weight is sure to lead. */
const SLOTS_PER_VALIDATOR = 16;

const TWO_32 = 1n << 32n;
/** Room for the division by a weight below 2⁶⁴: a rounding error of a stride stays below 2⁻³². */
const SCALE = 1n << 96n;

/** Leaders of the views 1, 2, …, repeated for ever. */
export type LeaderSchedule = readonly ValidatorIndex[];

/** First turn uᵢ, in units of 2⁻³² turns: the first 4 bytes of SHA-256(seed ‖ index as u16). */
function phase(seed: Uint8Array, index: number): bigint {
  const input = new Uint8Array(seed.length + 2);
  input.set(seed);
  input[seed.length] = index % 256;
  input[seed.length + 1] = Math.floor(index / 256);
  const digest = sha256(input);
  // Digests may share one buffer, so the view begins where the digest does.
  return BigInt(new DataView(digest.buffer, digest.byteOffset).getUint32(0));
}

/**
 * The epoch's schedule. `weights` are positive, in the order of the config.
 * Cost: n slots × 16 × n comparisons; 3 ms at 100 validators.
 */
export function leaderSchedule(seed: Uint8Array, weights: readonly Weight[]): LeaderSchedule {
  assert(weights.length > 0, 'an epoch has validators');
  assert(
    weights.every((weight) => weight > 0n),
    'weights of an epoch are positive',
  );
  const strides = weights.map((weight) => SCALE / weight);
  const times = strides.map((stride, index) => (phase(seed, index) * stride) / TWO_32);
  const schedule: ValidatorIndex[] = [];
  while (schedule.length < SLOTS_PER_VALIDATOR * weights.length) {
    let next = 0;
    for (let i = 1; i < times.length; i++) {
      if ((times[i] ?? 0n) < (times[next] ?? 0n)) next = i;
    }
    schedule.push(validatorIndex(next));
    times[next] = (times[next] ?? 0n) + (strides[next] ?? 0n);
  }
  return schedule;
}

/** Leader of a view, which is at least 1. */
export function leaderOf(schedule: LeaderSchedule, view: View): ValidatorIndex {
  const leader = schedule[(view - 1) % schedule.length];
  assert(view >= 1 && leader !== undefined, 'view 0 has no leader');
  return leader;
}
