/**
 * One seed of the campaign with whole nodes: machines, wires and faults are drawn from it; after the
 * faults everything is whole again, and then progress and the end of every open transaction are owed.
 */

import { toHex } from '../../../runtime/core/bytes.ts';
import { sha256 } from '../../../runtime/core/hash.ts';
import type { Adversary } from '../adversaries/adversary.ts';
import { ADVERSARIES, ADVERSARY_NAMES, type AdversaryName } from '../adversaries/index.ts';
import { createMachineClock, type MachineClock } from '../clock.ts';
import { createMedium, type Medium } from '../disk.ts';
import { createLinks, type LinkQuality, type Links } from '../links.ts';
import { createSimNetworkHub } from '../network.ts';
import { createPrng, hashText, type Prng } from '../prng.ts';
import { createScheduler, type Scheduler } from '../scheduler.ts';
import { alarms } from './checkers/alarms.ts';
import { bounds } from './checkers/bounds.ts';
import { ledger } from './checkers/ledger.ts';
import { sameChain } from './checkers/same-chain.ts';
import { signers } from './checkers/signers.ts';
import { submissions } from './checkers/submissions.ts';
import { time } from './checkers/time.ts';
import { votes } from './checkers/votes.ts';
import { createMachine, type Machine } from './machine.ts';
import { startTraffic } from './traffic.ts';
import { watchAll, watchHonest } from './watch.ts';
import { createWorld } from './world.ts';

export type WholeReport = {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Hash over every message that left a node and every block executed, with its time. */
  readonly trace: string;
  readonly height: number;
  readonly epoch: number;
  readonly accepted: number;
  readonly final: number;
  readonly crashes: number;
  /** Machines that were adversaries'. */
  readonly adversaries: number;
  readonly virtualMs: number;
  readonly events: number;
};

/** Faults happen from the end of the first look-back on. */
const FAULTS_FROM_MS = 2_500;
const FAULTS_UNTIL_MS = 14_000;
/** Enough for a look-back, a standstill (10 s), and the longest timeouts running when it heals. */
const HEALED_MS = 45_000;
const OWED_BLOCKS = 10;
const STEP_US = 500_000;

type Plan = {
  readonly weights: readonly number[];
  readonly followers: number;
  readonly epochMs: number;
  readonly expiryIntervalMs: number;
  readonly quality: LinkQuality;
  readonly syncUs: number;
  /** Of each machine's executor and verifier. */
  readonly lagMs: readonly number[];
  readonly skewMs: readonly number[];
  readonly adversaries: readonly { readonly machine: number; readonly kind: AdversaryName }[];
  /** A machine whose disk fills up for a while; and one whose disk flips a bit. */
  readonly full: number | undefined;
  readonly flipped: { readonly machine: number; readonly store: 'journal' | 'state' } | undefined;
};

/**
 * A second process with a key is found by its look-back and stops: twins are of consensus alone. Only
 * whole nodes sync blocks: who lies about those comes more often.
 */
const KINDS: readonly AdversaryName[] = [
  ...ADVERSARY_NAMES.filter((kind) => kind !== 'split-brain'),
  ...Array.from({ length: 5 }, () => 'sync-liar' as const),
];

/** Validators that together hold less than a third of the weight. */
function drawAdversaries(weights: readonly number[], prng: Prng): Plan['adversaries'] {
  const total = weights.reduce((sum, one) => sum + one, 0);
  const order = weights
    .map((_, index) => ({ index, rank: prng.u32() }))
    .sort((a, b) => a.rank - b.rank);
  const found: { machine: number; kind: AdversaryName }[] = [];
  let sum = 0;
  for (const { index } of order) {
    const weight = weights[index] ?? 0;
    if (3 * (sum + weight) >= total || found.length >= 2) continue;
    sum += weight;
    found.push({ machine: index, kind: prng.pick(KINDS) });
  }
  return found;
}

function draw(prng: Prng): Plan {
  const count = prng.pick([4, 4, 4, 4, 5, 6, 7]);
  const followers = prng.pick([0, 0, 1]);
  const equal = prng.chance(0.5);
  const machines = count + followers;
  const baseUs = prng.pick([2_000, 10_000, 40_000]);
  const delays = Array.from({ length: machines * machines }, () => baseUs * (0.5 + prng.float()));
  const maxSkewMs = prng.pick([0, 0, 20, 150]);
  const weights = Array.from({ length: count }, () => (equal ? 1_000 : prng.between(800, 1_600)));
  const adversaries = prng.chance(0.5) ? drawAdversaries(weights, prng.fork('adversaries')) : [];
  const disks = prng.fork('disks');
  const full = disks.chance(0.25) ? disks.between(0, machines - 1) : undefined;
  // A machine that never comes back counts among the faulty ones.
  const [lost] = adversaries.length === 0 ? drawAdversaries(weights, disks) : [];
  const isFlipped = lost !== undefined && lost.machine !== full && disks.chance(0.3);
  const store = disks.pick(['journal', 'state'] as const);
  return {
    full,
    flipped: isFlipped ? { machine: lost.machine, store } : undefined,
    weights,
    followers,
    epochMs: prng.pick([5_000, 7_000, 10_000]),
    expiryIntervalMs: prng.pick([10_000, 20_000]),
    quality: {
      delayUs: (from, to) => delays[from * machines + to] ?? baseUs,
      jitterUs: prng.pick([0, baseUs, 4 * baseUs]),
      loss: prng.pick([0, 0, 0.02, 0.1, 0.2]),
      duplication: prng.pick([0, 0.05]),
      uplinkBitsPerSecond: Number.POSITIVE_INFINITY,
    },
    syncUs: prng.pick([200, 1_000, 5_000]),
    lagMs: Array.from({ length: machines }, () => prng.pick([0, 2, 20, 100])),
    skewMs: Array.from({ length: machines }, () => prng.between(-maxSkewMs, maxSkewMs)),
    adversaries,
  };
}

type Cluster = {
  readonly scheduler: Scheduler;
  readonly links: Links;
  readonly machines: readonly Machine[];
  readonly clocks: readonly MachineClock[];
  readonly media: readonly Medium[];
};

/** Schedules partitions, crashes and restarts within the faulty time. */
function planFaults({ scheduler, links, machines, clocks }: Cluster, prng: Prng): void {
  const count = machines.length;
  const instantUs = (): number => prng.between(FAULTS_FROM_MS * 1_000, FAULTS_UNTIL_MS * 1_000);
  for (let i = prng.between(0, 2); i > 0; i--) {
    const atUs = instantUs();
    const cut = prng.between(1, count - 1);
    const order = machines
      .map(({ index }) => ({ index, rank: prng.u32() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ index }) => index);
    scheduler.after(atUs, () => links.partition([order.slice(0, cut), order.slice(cut)]));
    scheduler.after(atUs + prng.between(100, 4_000) * 1_000, links.heal);
  }
  for (let i = prng.between(0, 2); i > 0; i--) {
    const machine = prng.between(0, count - 1);
    const others = machines.map(({ index }) => index).filter((index) => index !== machine);
    const [from, to] = prng.chance(0.5) ? [[machine], others] : [others, [machine]];
    const atUs = instantUs();
    const forUs = prng.between(100, 4_000) * 1_000;
    // Held, or on and off in turns.
    const periodUs = prng.chance(0.5) ? forUs : prng.between(20, 500) * 1_000;
    for (let us = 0; us < forUs; us += 2 * periodUs) {
      scheduler.after(atUs + us, () => scheduler.after(periodUs, links.cut(from, to)));
    }
  }
  if (prng.chance(0.3)) {
    const clock = prng.pick(clocks);
    const byMs = prng.pick([-20_000, -600, 600, 20_000]);
    const atUs = instantUs();
    scheduler.after(atUs, () => clock.jump(byMs));
    scheduler.after(atUs + prng.between(200, 3_000) * 1_000, () => clock.jump(-byMs));
  }
  const isPowerCut = prng.chance(0.2);
  const togetherUs = instantUs();
  const crashes = isPowerCut ? count : prng.between(0, 4);
  for (let i = 0; i < crashes; i++) {
    const machine = isPowerCut ? machines[i] : prng.pick(machines);
    const atUs = isPowerCut ? togetherUs + prng.between(0, 50_000) : instantUs();
    const fault = isPowerCut ? 'crash' : prng.pick(['crash', 'crash', 'kill', 'stop'] as const);
    scheduler.after(atUs, () => machine?.[fault]());
    scheduler.after(atUs + prng.between(10, 3_000) * 1_000, () => {
      if (machine && !machine.isUp()) machine.boot();
    });
  }
}

/** Schedules the disks' own faults. A flipped bit shows at the next start, which must fail. */
function planDisks({ scheduler, machines, media }: Cluster, plan: Plan, prng: Prng): void {
  const instantUs = (): number => prng.between(FAULTS_FROM_MS * 1_000, FAULTS_UNTIL_MS * 1_000);
  const { full, flipped } = plan;
  if (full !== undefined) {
    const atUs = instantUs();
    scheduler.after(atUs, () => media[full]?.setFull(true));
    scheduler.after(atUs + prng.between(200, 3_000) * 1_000, () => {
      media[full]?.setFull(false);
      machines[full]?.kill();
      machines[full]?.boot();
    });
  }
  if (flipped) {
    scheduler.after(instantUs(), () => {
      machines[flipped.machine]?.crash();
      if (media[flipped.machine]?.flipBit(flipped.store)) machines[flipped.machine]?.damage();
      machines[flipped.machine]?.boot();
    });
  }
}

function adversaryNamed(name: AdversaryName | undefined): Adversary | undefined {
  return name && ADVERSARIES[name];
}

function createTrace(scheduler: Scheduler): {
  readonly note: (machine: number, what: string) => void;
  readonly text: () => string;
} {
  let lanes: readonly [number, number] = [0, 0];
  return {
    note(machine, what) {
      const [a, b] = hashText(`${scheduler.nowUs()} ${machine} ${what}`, lanes[0]);
      lanes = [a, b ^ Math.imul(lanes[1], 31)];
    },
    text: () => lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join(''),
  };
}

/** Runs one seed. Cost: about a second. */
export async function runWholeSeed(seed: number): Promise<WholeReport> {
  const prng = createPrng(seed, 'whole');
  const plan = draw(prng.fork('machines'));
  const world = createWorld(plan);
  const scheduler = createScheduler();
  const trace = createTrace(scheduler);
  const links = createLinks({ scheduler, prng: prng.fork('links'), quality: plan.quality });
  const hub = createSimNetworkHub({ scheduler, links });
  const machines: Machine[] = [];
  const media: Medium[] = [];
  const clocks = plan.lagMs.map((_, index) =>
    createMachineClock({ scheduler, skewMs: plan.skewMs[index] ?? 0 }),
  );
  const adversaryOf = (index: number): AdversaryName | undefined =>
    plan.adversaries.find(({ machine }) => machine === index)?.kind;
  const isHonest = (index: number): boolean => adversaryOf(index) === undefined;
  const mayFail = (index: number): boolean =>
    index === plan.full || index === plan.flipped?.machine;
  const honest = (): Machine[] =>
    machines.filter((machine) => isHonest(machine.index) && !machine.isDamaged());
  const chain = sameChain();
  const open = submissions(machines);
  const books = ledger(honest);
  const memory = signers(honest);
  const times = time(scheduler, Math.max(0, ...plan.skewMs));
  const checkers = [
    chain,
    votes(scheduler),
    alarms(isHonest, mayFail),
    bounds(),
    times,
    open,
    books,
    memory,
  ];
  const watch = watchAll([
    ...checkers.map((checker) => watchHonest(checker.watch, isHonest)),
    { onExecuted: ({ index }, { height, hash }) => trace.note(index, `${height} ${toHex(hash)}`) },
  ]);
  for (let index = 0; index < plan.weights.length + plan.followers; index++) {
    const { syncUs } = plan;
    const medium = createMedium({ scheduler, prng: prng.fork(`disk ${index}`), syncUs });
    media.push(medium);
    machines.push(
      createMachine({
        index,
        world,
        scheduler,
        hub,
        medium,
        clock: clocks[index] ?? createMachineClock({ scheduler }),
        lagMs: plan.lagMs[index] ?? 0,
        prng: prng.fork(`machine ${index}`),
        watch,
        adversary: adversaryNamed(adversaryOf(index)),
        onOutgoing: (from, { kind, to, bytes }) =>
          trace.note(from, `${kind} ${to} ${toHex(sha256(bytes))}`),
      }),
    );
  }
  const violations: string[] = [];
  const cluster: Cluster = { scheduler, links, machines, clocks, media };
  planFaults(cluster, prng.fork('faults'));
  planDisks(cluster, plan, prng.fork('disk faults'));
  const untilUs = FAULTS_UNTIL_MS * 1_000;
  startTraffic({ world, machines, scheduler, prng: prng.fork('traffic'), watch, untilUs });
  const heights = (): number[] => honest().map((one) => one.api()?.status().executedHeight ?? -1);

  for (const machine of machines) machine.boot();
  while (scheduler.nowUs() < untilUs) {
    await scheduler.run(scheduler.nowUs() + STEP_US);
    for (const machine of machines) machine.measure();
    await open.settle();
  }
  links.heal();
  links.setQuality({ ...plan.quality, loss: 0, duplication: 0 });
  for (const machine of machines) if (!machine.isUp()) machine.boot();
  const goal = Math.max(...heights()) + OWED_BLOCKS;
  for (;;) {
    await scheduler.run(scheduler.nowUs() + STEP_US);
    for (const machine of machines) machine.measure();
    const isSettled = await open.settle();
    if (isSettled && Math.min(...heights()) >= goal) break;
    if (scheduler.nowUs() < (FAULTS_UNTIL_MS + HEALED_MS) * 1_000) continue;
    if (Math.min(...heights()) < goal) {
      violations.push(`progress: executed heights ${heights().join(' ')}, owed ${goal}`);
    }
    break;
  }
  await open.finish();
  books.check();
  await memory.check(() => scheduler.run(scheduler.nowUs()));
  for (const { by, whom, reason } of hub.penalties()) {
    if (!isHonest(by) || !isHonest(whom) || /timeout|slow/.test(reason)) continue;
    violations.push(`penalties: node ${by} against node ${whom}: ${reason}`);
  }
  for (const { name, violations: found } of checkers) {
    violations.push(...found.map((violation) => `${name}: ${violation}`));
  }
  return {
    seed,
    violations,
    trace: trace.text(),
    height: chain.height(),
    epoch: chain.epoch(),
    accepted: open.accepted(),
    final: open.final(),
    crashes: machines.reduce((sum, { lives }) => sum + lives - 1, 0),
    adversaries: plan.adversaries.length,
    virtualMs: Math.floor(scheduler.nowUs() / 1_000),
    events: scheduler.events(),
  };
}
