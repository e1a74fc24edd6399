/**
 * What is simulated, as data: machines, wires, faults, adversaries. Drawn from a seed, and made small
 * by taking things away; the run follows from the scenario alone.
 */
import type { Pacing } from '../../runtime/epoch-config.ts';
import { ADVERSARY_NAMES, type AdversaryName } from './adversaries/index.ts';
import { createPrng, type Prng } from './prng.ts';

/** Times are virtual ms from the start. `forMs`: when it ends, or the machine is started again. */
export type Fault =
  | {
      readonly kind: 'partition';
      readonly atMs: number;
      readonly forMs: number;
      readonly groups: readonly (readonly number[])[];
    }
  | {
      readonly kind: 'oneWay';
      readonly atMs: number;
      readonly forMs: number;
      readonly from: readonly number[];
      readonly to: readonly number[];
    }
  | {
      readonly kind: 'flapping';
      readonly atMs: number;
      readonly forMs: number;
      readonly periodMs: number;
      readonly from: readonly number[];
      readonly to: readonly number[];
    }
  | {
      readonly kind: 'powerCut';
      readonly atMs: number;
      readonly forMs: number;
      readonly machines: readonly number[];
    }
  | {
      readonly kind: 'kill';
      readonly atMs: number;
      readonly forMs: number;
      readonly machine: number;
    }
  | {
      readonly kind: 'diskFull';
      readonly atMs: number;
      readonly forMs: number;
      readonly machine: number;
    }
  | {
      readonly kind: 'bitFlip';
      readonly atMs: number;
      readonly forMs: number;
      readonly machine: number;
      readonly store: 'journal-0' | 'blocks';
    }
  | {
      readonly kind: 'clockJump';
      readonly atMs: number;
      readonly forMs: number;
      readonly machine: number;
      readonly byMs: number;
    }
  | { readonly kind: 'join'; readonly atMs: number; readonly machine: number };

export type Scenario = {
  readonly seed: number;
  /** Weight of each key; machine i holds key i. */
  readonly weights: readonly number[];
  /** Keys that are no validators in the epochs e with e mod length = place; empty: all are, always. */
  readonly absent: readonly number[];
  readonly blocksPerEpoch: number;
  readonly pacing: Pacing;
  readonly delaysMs: 'cities' | number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplication: number;
  readonly uplinkMbit: number;
  readonly syncUs: number;
  readonly lagChance: number;
  readonly bodyLoss: number;
  readonly idleChance: number;
  readonly skewMs: readonly number[];
  readonly driftPpm: readonly number[];
  readonly faults: readonly Fault[];
  /** All faults are over by then. */
  readonly healAtMs: number;
  readonly adversaries: readonly { readonly machine: number; readonly kind: AdversaryName }[];
  /** Adversaries hold a third or more: only accountability is owed. */
  readonly overweight: boolean;
  /** Views that the run lasts at least. */
  readonly views: number;
  readonly realSignatures: boolean;
};

/** Seeds of the campaign with real signatures: one in so many. */
const REAL_SIGNATURES_EVERY = 20;
/** Numbers of machines: most bugs show with four, and ten cost six times as much. */
const COUNTS = [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 7, 7, 8, 10] as const;
const FAULTY_MS = 8_000;
export const CAMPAIGN_VIEWS = 200;

function shuffled(count: number, prng: Prng): number[] {
  return Array.from({ length: count }, (_, index) => ({ index, rank: prng.u32() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ index }) => index);
}

/** Weight of all that are validators in the epochs of a place in `absent`; the least over the places. */
function leastTotal(weights: readonly number[], absent: readonly number[]): number {
  const all = weights.reduce((sum, one) => sum + one, 0);
  return Math.min(all, ...absent.map((key) => all - (weights[key] ?? 0)));
}

/** Keys that together stay below a third in every epoch, at most `most`. */
function drawFaulty(
  weights: readonly number[],
  absent: readonly number[],
  prng: Prng,
  most: number,
): number[] {
  const total = leastTotal(weights, absent);
  const faulty: number[] = [];
  let sum = 0;
  for (const key of shuffled(weights.length, prng)) {
    const weight = weights[key] ?? 0;
    if (faulty.length >= most || 3 * (sum + weight) >= total) continue;
    faulty.push(key);
    sum += weight;
  }
  return faulty;
}

/** Two sets of machines, neither empty. */
function drawSides(count: number, prng: Prng): readonly [number[], number[]] {
  const order = shuffled(count, prng);
  const cut = prng.between(1, count - 1);
  return [order.slice(0, cut), order.slice(cut)];
}

function drawFault(machines: number, prng: Prng): Fault {
  const atMs = prng.between(0, FAULTY_MS - 500);
  const span = (least: number, most: number): number =>
    Math.min(prng.between(least, most), FAULTY_MS - atMs);
  const machine = prng.between(0, machines - 1);
  const [from, to] = drawSides(machines, prng);
  switch (prng.between(0, 9)) {
    case 0:
    case 1:
      return { kind: 'partition', atMs, forMs: span(100, 3_000), groups: [from, to] };
    case 2:
      return { kind: 'oneWay', atMs, forMs: span(100, 3_000), from, to };
    case 3:
      return {
        kind: 'flapping',
        atMs,
        forMs: span(500, 4_000),
        periodMs: prng.between(20, 600),
        from,
        to,
      };
    case 4: {
      const everyone = Array.from({ length: machines }, (_, index) => index);
      const cut = prng.chance(0.3) ? everyone : from;
      return { kind: 'powerCut', atMs, forMs: span(10, 2_000), machines: cut };
    }
    case 5:
    case 6:
      return { kind: 'powerCut', atMs, forMs: span(10, 2_000), machines: [machine] };
    case 7:
      return { kind: 'kill', atMs, forMs: span(10, 2_000), machine };
    case 8:
      return { kind: 'diskFull', atMs, forMs: span(200, 2_000), machine };
    default:
      return {
        kind: 'clockJump',
        atMs,
        forMs: span(200, 3_000),
        machine,
        byMs: prng.pick([-30_000, -700, -50, 50, 700, 30_000]),
      };
  }
}

/** Keys of a third or more in every epoch, but no more than a third and one key. */
function drawOverweight(weights: readonly number[], prng: Prng): number[] {
  const total = weights.reduce((sum, one) => sum + one, 0);
  const faulty: number[] = [];
  let sum = 0;
  for (const key of shuffled(weights.length, prng)) {
    if (3 * sum > total) break;
    faulty.push(key);
    sum += weights[key] ?? 0;
  }
  return faulty;
}

/** The scenario of a seed. */
export function drawScenario(seed: number): Scenario {
  const prng = createPrng(seed, 'scenario');
  const count = prng.pick(COUNTS);
  const isEqual = prng.chance(0.5);
  const weights = Array.from({ length: count }, () => (isEqual ? 1 : prng.between(20, 40)));
  const overweight = prng.chance(0.03);
  const absent =
    count > 4 && !overweight && prng.chance(0.4)
      ? shuffled(count, prng).slice(0, prng.between(1, count))
      : [];
  const kinds = prng.chance(0.65) ? 3 : 0;
  const faulty = overweight
    ? drawOverweight(weights, prng)
    : drawFaulty(weights, absent, prng, kinds === 0 ? 0 : prng.between(1, kinds));
  const adversaries = faulty.map((machine) => ({
    machine,
    kind: overweight ? ('split-brain' as const) : prng.pick(ADVERSARY_NAMES),
  }));
  const faults: Fault[] = Array.from({ length: prng.between(0, 5) }, () => drawFault(count, prng));
  if (count > 4 && prng.chance(0.2)) {
    faults.push({
      kind: 'join',
      atMs: prng.between(1_000, FAULTY_MS - 500),
      machine: prng.between(0, count - 1),
    });
  }
  const [damaged] = drawFaulty(weights, absent, prng, 1);
  if (damaged !== undefined && faulty.length === 0 && !overweight && prng.chance(0.1)) {
    const atMs = prng.between(3_000, FAULTY_MS - 500);
    const store = prng.pick(['journal-0', 'blocks'] as const);
    faults.push({ kind: 'bitFlip', atMs, forMs: 200, machine: damaged, store });
  }
  if (overweight) {
    // Each half of the honest machines is alone with one of each pair of twins.
    const honest = weights.map((_, index) => index).filter((index) => !faulty.includes(index));
    const twins = faulty.map((_, place) => count + place);
    const groups = [
      [...faulty, ...honest.filter((index) => index % 2 === 0)],
      [...twins, ...honest.filter((index) => index % 2 === 1)],
    ];
    faults.splice(0, faults.length, {
      kind: 'partition',
      atMs: 0,
      forMs: FAULTY_MS - 1_000,
      groups,
    });
  }
  const delaysMs = prng.pick(['cities', 2, 10, 10, 40] as const);
  const baseMs = delaysMs === 'cities' ? 100 : delaysMs;
  const maxSkewMs = prng.pick([0, 0, 20, 150]);
  const deltaMs = prng.pick([50, 100]) + 2 * baseMs;
  return {
    seed,
    weights,
    absent,
    blocksPerEpoch: prng.pick([10, 25, 60, 1_000]),
    pacing: {
      minBlockIntervalMs: prng.pick([20, 50, 100]),
      idleBlockMs: 200,
      deltaMs,
      timeoutGrowthPercent: 150,
      timeoutCapMs: 5_000,
    },
    delaysMs,
    jitterMs: prng.pick([0, baseMs, 4 * baseMs]),
    loss: prng.pick([0, 0, 0.02, 0.1, 0.2]),
    duplication: prng.pick([0, 0.05]),
    uplinkMbit: prng.pick([1_000, 100, 10]),
    syncUs: prng.pick([200, 500, 5_000]),
    lagChance: prng.pick([0, 0, 0.1]),
    bodyLoss: prng.pick([0, 0.1, 0.3]),
    idleChance: 0.1,
    skewMs: weights.map(() => prng.between(-maxSkewMs, maxSkewMs)),
    driftPpm: weights.map(() => prng.between(-200, 200)),
    faults,
    healAtMs: FAULTY_MS,
    adversaries,
    overweight,
    views: CAMPAIGN_VIEWS,
    realSignatures: seed % REAL_SIGNATURES_EVERY === 0,
  };
}
