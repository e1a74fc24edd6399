/**
 * Twins, enumerated (Bano et al., "Twins: BFT Systems Made Robust", 2020): one key of four or five is
 * on two machines, both running honest code. In each of the first four views the machines are whole,
 * or split in two with the twins apart, the honest ones dealt to their sides in every way; the key with
 * twins stands at every place in the order of leaders. Then the network heals.
 *
 * A message belongs to the view it is about, and crosses no split of that view while it lasts. What
 * differs only by the names of the twins is run once. Owed: no fork among the honest, and blocks after
 * the healing.
 */

import { committeeOf, leader } from '../../consensus/committee.ts';
import { CONSENSUS_MESSAGE } from '../../consensus/messages.ts';
import { blockHash } from '../../runtime/block.ts';
import { epoch, view } from '../../runtime/core/units.ts';
import type { Pacing } from '../../runtime/epoch-config.ts';
import { agreement } from './checkers/agreement.ts';
import { alarms } from './checkers/alarms.ts';
import type { Truth } from './checkers/checker.ts';
import { finalPrefix } from './checkers/final-prefix.ts';
import { progress } from './checkers/progress.ts';
import { validity } from './checkers/validity.ts';
import { createCluster, SIM_GENESIS, simEpochConfig } from './cluster.ts';
import type { SimMessage } from './consensus-node.ts';
import { createPrng } from './prng.ts';
import { merge } from './run-scenario.ts';
import { STAND_IN } from './signature.ts';

export const ADVERSARIAL_VIEWS = 4;
const OWED_BLOCKS = 10;
/** Splits end by then, whatever the view. */
const SPLIT_MS = 4_000;
const HEALED_MS = 40_000;
const SLICE_MS = 100;
const CHECKED_AHEAD_MS = 600;
/** Longer than any case. */
const BLOCKS_PER_EPOCH = 1_000;

const PACING: Pacing = {
  minBlockIntervalMs: 20,
  idleBlockMs: 40,
  deltaMs: 40,
  timeoutGrowthPercent: 150,
  timeoutCapMs: 2_000,
};

/** Delay and jitter of links, and what is lost while there are splits. */
export const LINK_PROFILES = [
  { name: 'even', delayMs: 3, jitterMs: 0, loss: 0 },
  { name: 'uneven and lossy', delayMs: 8, jitterMs: 24, loss: 0.05 },
] as const;
export type LinkProfile = (typeof LINK_PROFILES)[number];

/**
 * `sides[v − 1]`: the split of view v: undefined: none; else the bits of the honest machines that are
 * with the first twin.
 */
export type TwinsCase = {
  readonly keys: number;
  /** The key with twins leads this view first, 1 up. */
  readonly leads: number;
  readonly sides: readonly (number | undefined)[];
};

/** Every case of `keys` keys. */
export function* twinsCases(keys: number): Generator<TwinsCase> {
  const honest = keys - 1;
  const choices: (number | undefined)[] = [undefined];
  for (let side = 0; side < 2 ** honest; side++) choices.push(side);
  const sidesFrom = function* (
    sides: readonly (number | undefined)[],
  ): Generator<readonly (number | undefined)[]> {
    if (sides.length === ADVERSARIAL_VIEWS) {
      yield sides;
      return;
    }
    const isFirst = sides.every((side) => side === undefined);
    for (const side of choices) {
      // The twins may change names: in the first split the first honest machine is with the first.
      if (isFirst && side !== undefined && side % 2 === 0) continue;
      yield* sidesFrom([...sides, side]);
    }
  };
  for (let leads = 1; leads <= keys; leads++) {
    for (const sides of sidesFrom([])) yield { keys, leads, sides };
  }
}

function viewOf(message: SimMessage): number | undefined {
  if (message.kind !== 'consensus') return undefined;
  const { message: said } = message;
  const about = said.selector === CONSENSUS_MESSAGE.proposal ? said.value.vote : said.value;
  return about.subject.value.view;
}

/** Violations of one case. Cost: some 10 ms. */
export function runTwinsCase(given: TwinsCase, profile: LinkProfile): readonly string[] {
  const { keys, leads, sides } = given;
  const weights = Array.from({ length: keys }, () => 1n);
  const config = simEpochConfig(epoch(0), weights, PACING);
  const twin: number = leader(committeeOf(config), view(leads));
  const honest = [...weights.keys()].filter((key) => key !== twin);
  const truth: Truth = {
    isHonest: (machine) => honest.includes(machine),
    configOf: (at) => cluster.configOf(at),
    isHonestKey: (_at, validator) => validator !== twin,
  };
  /** Whether a machine is on the first twin's side. */
  const isFirst = (machine: number, side: number): boolean =>
    machine === twin || (machine !== keys && ((side >> honest.indexOf(machine)) & 1) === 1);
  const nowUs = (): number => cluster.scheduler.nowUs();
  const admits = (from: number, to: number, message: SimMessage): boolean => {
    if (nowUs() >= SPLIT_MS * 1_000) return true;
    // What is asked and answered crosses as the asker's view does.
    const at = viewOf(message) ?? cluster.nodes[from]?.engine()?.view ?? 1;
    const side = sides[at - 1];
    return side === undefined || isFirst(from, side) === isFirst(to, side);
  };
  const genesis = { header: SIM_GENESIS, hash: blockHash(SIM_GENESIS) };
  const checkers = [
    agreement(),
    finalPrefix(),
    alarms(truth, { mayStop: () => false, mayRefuse: () => false }),
    validity({
      truth,
      scheduler: { nowUs },
      scheme: STAND_IN,
      chainId: genesis.hash,
      genesis,
      blocksPerEpoch: BLOCKS_PER_EPOCH,
      aheadMs: CHECKED_AHEAD_MS,
    }),
  ];
  const judged = merge(checkers.map(({ observer }) => observer));
  const quality = {
    delayUs: () => profile.delayMs * 1_000,
    jitterUs: profile.jitterMs * 1_000,
    loss: profile.loss,
    duplication: 0,
    uplinkBitsPerSecond: Number.POSITIVE_INFINITY,
  };
  const seed = leads + sides.reduce((sum: number, side) => 32 * sum + (side ?? 31), 0);
  const cluster = createCluster({
    weights,
    pacing: PACING,
    quality,
    costs: { verifyUs: 0, executionLagUs: 0, lagChance: 0, bodyLoss: 0, idleChance: 0 },
    syncUs: 200,
    blocksPerEpoch: BLOCKS_PER_EPOCH,
    prng: createPrng(seed, `twins ${keys}`),
    observerOf: (machine) => (truth.isHonest(machine) ? judged : {}),
    twins: [twin],
    admits,
  });
  const { scheduler, nodes, links } = cluster;
  const owed = progress(
    honest.flatMap((machine) => nodes[machine] ?? []),
    OWED_BLOCKS,
  );
  const isPast = (): boolean =>
    honest.every((machine) => (nodes[machine]?.engine()?.view ?? 0) > ADVERSARIAL_VIEWS);
  const runUntil = (untilMs: number, stop: () => boolean): void => {
    while (!stop() && nowUs() < untilMs * 1_000) scheduler.runSync(nowUs() + SLICE_MS * 1_000);
  };
  for (const node of nodes) node.start();
  runUntil(SPLIT_MS, isPast);
  links.setQuality({ ...quality, loss: 0 });
  owed.begin();
  runUntil(SPLIT_MS + HEALED_MS, owed.reached);
  owed.finish();
  return [...checkers, owed].flatMap(({ name, violations }) =>
    violations.map((violation) => `${name}: ${violation}`),
  );
}

export type TwinsReport = {
  /** Cases that there are, over both profiles, and those that were run. */
  readonly cases: number;
  readonly run: number;
  readonly violations: number;
};

/** Runs every case of four and five keys over both profiles, or one in `every`. */
export function runTwins(options: {
  readonly every: number;
  readonly say: (line: string) => void;
}): TwinsReport {
  let cases = 0;
  let run = 0;
  let violations = 0;
  for (const keys of [4, 5]) {
    for (const given of twinsCases(keys)) {
      for (const profile of LINK_PROFILES) {
        cases += 1;
        if ((cases - 1) % options.every !== 0) continue;
        run += 1;
        for (const violation of runTwinsCase(given, profile)) {
          violations += 1;
          options.say(`${JSON.stringify(given)} ${profile.name}: ${violation}`);
        }
        if (run % 10_000 === 0) options.say(`${run} cases run, ${violations} violations`);
      }
    }
  }
  return { cases, run, violations };
}
