/**
 * Crashes at every point of a view, enumerated: four whole nodes run until one of them enters a view
 * that it leads; from there to the end of the next view, in which it votes, every write and every
 * message to another machine is a point. A run for each cuts the power right there, once with nothing
 * kept of what was not synced and once with everything; the machine starts again, and the cluster goes on.
 */
import { committeeOf, leader } from '../../../consensus/committee.ts';
import { view } from '../../../runtime/core/units.ts';
import { createMachineClock } from '../clock.ts';
import { createMedium } from '../disk.ts';
import { createLinks } from '../links.ts';
import { createSimNetworkHub } from '../network.ts';
import { createPrng } from '../prng.ts';
import { createScheduler } from '../scheduler.ts';
import { alarms } from './checkers/alarms.ts';
import { ledger } from './checkers/ledger.ts';
import { sameChain } from './checkers/same-chain.ts';
import { signers } from './checkers/signers.ts';
import { votes } from './checkers/votes.ts';
import { createMachine, type Machine } from './machine.ts';
import { startTraffic } from './traffic.ts';
import { watchAll } from './watch.ts';
import { createWorld } from './world.ts';

const MACHINES = 4;
const VICTIM = 0;
/** The views before are those of a cluster that has just started. */
const FIRST_VIEW = 4;
const DOWN_US = 300_000;
const OWED_BLOCKS = 4;
const LONGEST_US = 40_000_000;
const STEP_US = 250_000;

/** `kept`: what the crash leaves of what was not synced. */
export type Crash = { readonly point: number; readonly kept: 'none' | 'all' };

export type CrashRun = {
  /** What happens at each point of the views, in order, as far as it came. */
  readonly points: readonly string[];
  readonly violations: readonly string[];
};

/** Runs the cluster, with a crash or without. Cost: some 200 ms. */
export async function runWithCrash(crash: Crash | undefined): Promise<CrashRun> {
  const prng = createPrng(1, 'crash points');
  const scheduler = createScheduler();
  const world = createWorld({
    weights: Array.from({ length: MACHINES }, () => 1_000),
    epochMs: 600_000,
    expiryIntervalMs: 20_000,
  });
  const points: string[] = [];
  const machines: Machine[] = [];
  const violations: string[] = [];
  let isOpen = false;
  let closeAt = Number.POSITIVE_INFINITY;

  const pass = (what: string): void => {
    if (!isOpen) return;
    points.push(what);
    if (points.length - 1 !== crash?.point) return;
    isOpen = false;
    machines[VICTIM]?.crash(crash.kept);
    scheduler.after(DOWN_US, () => machines[VICTIM]?.boot());
  };

  const links = createLinks({
    scheduler,
    prng: prng.fork('links'),
    quality: {
      delayUs: () => 10_000,
      jitterUs: 0,
      loss: 0,
      duplication: 0,
      uplinkBitsPerSecond: Number.POSITIVE_INFINITY,
    },
  });
  const hub = createSimNetworkHub({
    scheduler,
    links,
    onPoint(from, to) {
      if (from === VICTIM) pass(`before a message to ${to}`);
    },
  });
  const honest = (): Machine[] => machines;
  const chain = sameChain();
  const books = ledger(honest);
  const memory = signers(honest);
  const checkers = [
    chain,
    votes(scheduler),
    alarms(
      () => true,
      () => false,
    ),
    books,
    memory,
  ];
  const watch = watchAll([
    ...checkers.map((checker) => checker.watch),
    {
      onGauge({ index }, gauge, value) {
        if (index !== VICTIM || gauge !== 'view' || crash?.point === points.length - 1) return;
        if (isOpen) isOpen = value < closeAt;
        else if (closeAt === Number.POSITIVE_INFINITY && value >= FIRST_VIEW) {
          const config = machines[VICTIM]?.api()?.configs()[0];
          const key = machines[VICTIM]?.keys?.consensus.publicKey;
          if (!config || !key) return;
          const place = leader(committeeOf(config), view(value));
          if (String(config.validators[place]?.consensusKey) !== String(key)) return;
          isOpen = true;
          closeAt = value + 2;
        }
      },
    },
  ]);
  for (let index = 0; index < MACHINES; index++) {
    machines.push(
      createMachine({
        index,
        world,
        scheduler,
        hub,
        medium: createMedium({
          scheduler,
          prng: prng.fork(`disk ${index}`),
          syncUs: 1_000,
          onPoint(what) {
            if (index === VICTIM) pass(what);
          },
        }),
        clock: createMachineClock({ scheduler }),
        lagMs: 2,
        prng: prng.fork(`machine ${index}`),
        watch,
        onOutgoing: () => {},
      }),
    );
  }
  startTraffic({
    world,
    machines,
    scheduler,
    prng: prng.fork('traffic'),
    watch,
    untilUs: LONGEST_US,
  });
  for (const machine of machines) machine.boot();
  const heights = (): number[] => machines.map((one) => one.api()?.status().executedHeight ?? -1);
  const isOver = (): boolean => closeAt < Number.POSITIVE_INFINITY && !isOpen;
  while (!isOver() && scheduler.nowUs() < LONGEST_US)
    await scheduler.run(scheduler.nowUs() + STEP_US);
  const goal = Math.max(...heights()) + OWED_BLOCKS;
  while (Math.min(...heights()) < goal && scheduler.nowUs() < 2 * LONGEST_US) {
    await scheduler.run(scheduler.nowUs() + STEP_US);
  }
  if (!isOver()) violations.push('the views did not end');
  if (Math.min(...heights()) < goal) violations.push(`heights ${heights()}, owed ${goal}`);
  books.check();
  await memory.check(() => scheduler.run(scheduler.nowUs()));
  for (const { by, whom, reason } of hub.penalties()) {
    violations.push(`node ${by} penalises node ${whom}: ${reason}`);
  }
  for (const { name, violations: found } of checkers) {
    violations.push(...found.map((violation) => `${name}: ${violation}`));
  }
  return { points, violations };
}
