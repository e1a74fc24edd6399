/**
 * Runs a scenario: faults for some seconds, then a network that is whole again, in which progress is
 * owed by everyone honest; and on until enough views have been.
 */
import type { InputBody } from '../../consensus/input.ts';
import { blockHash } from '../../runtime/block.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';
import { MAX_CLOCK_AHEAD_MS } from '../../runtime/limits.ts';
import { ADVERSARIES } from './adversaries/index.ts';
import { accountability } from './checkers/accountability.ts';
import { agreement } from './checkers/agreement.ts';
import { alarms } from './checkers/alarms.ts';
import type { Checker, Truth } from './checkers/checker.ts';
import { doubleSign } from './checkers/double-sign.ts';
import { finalPrefix } from './checkers/final-prefix.ts';
import { memoryProblems } from './checkers/memory.ts';
import { progress } from './checkers/progress.ts';
import { validity } from './checkers/validity.ts';
import { createMachineClock } from './clock.ts';
import { type Cluster, createCluster, SIM_GENESIS } from './cluster.ts';
import type { Observer } from './consensus-node.ts';
import { readRoundTrips } from './geo.ts';
import type { LinkQuality } from './links.ts';
import { createPrng } from './prng.ts';
import type { Fault, Scenario } from './scenario.ts';
import { realScheme, STAND_IN } from './signature.ts';

export type RunReport = {
  readonly violations: readonly string[];
  /** Hash over every input of every engine, in order, with its time. */
  readonly trace: string;
  /** Highest final height, and views the chain went through. */
  readonly height: number;
  readonly views: number;
  readonly epochs: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Two blocks were final at one height: only where adversaries hold a third. */
  readonly forked: boolean;
};

/** Enough for one standstill (10 s) and the longest timeouts that may be running when it heals. */
const HEALED_MS = 60_000;
/** A view of an adversary costs a timeout; no run of 200 views takes this long. */
const LONGEST_MS = 600_000;
const OWED_BLOCKS = 6;
/** Between two looks at the machines. */
const SLICE_MS = 500;

/** Every observer's calls in turn. */
export function merge(observers: readonly Observer[]): Observer {
  const merged: Record<string, unknown> = {};
  const names = new Set(observers.flatMap((one) => Object.keys(one)));
  for (const name of names) {
    const calls = observers.flatMap((one) => {
      const call = (one as Record<string, unknown>)[name];
      return call ? [call as (...facts: unknown[]) => void] : [];
    });
    const [only] = calls;
    merged[name] =
      calls.length === 1
        ? only
        : (...facts: unknown[]) => {
            for (const call of calls) call(...facts);
          };
  }
  return merged as Observer;
}

function viewOf(input: InputBody): number {
  switch (input.kind) {
    case 'start':
      return 0;
    case 'proposal':
      return input.message.vote.subject.value.view;
    case 'vote':
    case 'signed':
      return input.vote.subject.value.view;
    case 'certificate':
      return input.certificate.subject.value.view;
    case 'refused':
      return input.subject.value.view;
    default:
      return input.view;
  }
}

/** Two running words over the inputs of all engines. */
function createTrace(nowUs: () => number): {
  readonly observer: Observer;
  readonly text: () => string;
} {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  const mix = (word: number): void => {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ word, 0x85ebca6b) ^ (b >>> 13);
  };
  return {
    observer: {
      onInput(node, at, input) {
        mix(nowUs() % 2 ** 32);
        mix(64 * at + node);
        mix(input.kind.charCodeAt(0) + 256 * input.kind.length);
        mix(viewOf(input));
      },
    },
    text: () => [a, b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join(''),
  };
}

function qualityOf(scenario: Scenario, machines: number): LinkQuality {
  const prng = createPrng(scenario.seed, 'delays');
  const { delaysMs } = scenario;
  const trips = delaysMs === 'cities' ? readRoundTrips() : undefined;
  const delays = Array.from({ length: machines * machines }, (_, route) => {
    if (delaysMs !== 'cities') return delaysMs * 1_000 * (0.5 + prng.float());
    const [from, to] = [Math.floor(route / machines), route % machines];
    return ((trips?.[from % trips.length]?.[to % trips.length] ?? 0) * 1_000) / 2;
  });
  return {
    delayUs: (from, to) => delays[from * machines + to] ?? 0,
    jitterUs: scenario.jitterMs * 1_000,
    loss: scenario.loss,
    duplication: scenario.duplication,
    uplinkBitsPerSecond: scenario.uplinkMbit * 1_000_000,
  };
}

/** Machines whose disk was damaged so far, and how faults come and go. */
function scheduleFaults(
  { scheduler, links, nodes, media, clocks }: Cluster,
  faults: readonly Fault[],
): { readonly damaged: ReadonlySet<number>; readonly late: ReadonlySet<number> } {
  const damaged = new Set<number>();
  const late = new Set<number>();
  const start = (machine: number): void => {
    const node = nodes[machine];
    if (node && !node.isAlive()) node.start();
  };
  const at = (ms: number, fire: () => void): void => void scheduler.after(ms * 1_000, fire);
  for (const fault of faults) {
    const { atMs } = fault;
    switch (fault.kind) {
      case 'partition':
        at(atMs, () => links.partition(fault.groups));
        at(atMs + fault.forMs, links.heal);
        break;
      case 'oneWay':
        at(atMs, () => at(fault.forMs, links.cut(fault.from, fault.to)));
        break;
      case 'flapping':
        for (let ms = 0; ms < fault.forMs; ms += 2 * fault.periodMs) {
          at(atMs + ms, () => at(fault.periodMs, links.cut(fault.from, fault.to)));
        }
        break;
      case 'powerCut':
        for (const machine of fault.machines) {
          at(atMs, () => nodes[machine]?.crash());
          at(atMs + fault.forMs, () => start(machine));
        }
        break;
      case 'kill':
        at(atMs, () => nodes[fault.machine]?.kill());
        at(atMs + fault.forMs, () => start(fault.machine));
        break;
      case 'diskFull':
        at(atMs, () => media[fault.machine]?.setFull(true));
        at(atMs + fault.forMs, () => {
          media[fault.machine]?.setFull(false);
          start(fault.machine);
        });
        break;
      case 'bitFlip':
        at(atMs, () => {
          nodes[fault.machine]?.crash();
          if (media[fault.machine]?.flipBit(fault.store)) damaged.add(fault.machine);
        });
        at(atMs + fault.forMs, () => start(fault.machine));
        break;
      case 'clockJump':
        at(atMs, () => clocks[fault.machine]?.jump(fault.byMs));
        at(atMs + fault.forMs, () => clocks[fault.machine]?.jump(-fault.byMs));
        break;
      case 'join':
        late.add(fault.machine);
        at(atMs, () => start(fault.machine));
        break;
    }
  }
  return { damaged, late };
}

/** Runs it once. Cost: some 50 ms for 200 views of 4 machines. */
export function runScenario(scenario: Scenario): RunReport {
  const prng = createPrng(scenario.seed, 'run');
  const weights = scenario.weights.map(BigInt);
  const twins = scenario.adversaries.flatMap(({ machine, kind }) =>
    kind === 'split-brain' ? [machine] : [],
  );
  const machines = weights.length + twins.length;
  const faulty = new Set(scenario.adversaries.map(({ machine }) => machine));
  const adversaryOf = (machine: number) => {
    const key = twins[machine - weights.length] ?? machine;
    const found = scenario.adversaries.find((one) => one.machine === key);
    return found && ADVERSARIES[found.kind];
  };
  const scheme = scenario.realSignatures ? realScheme() : STAND_IN;
  const truth: Truth = {
    isHonest: (machine) => machine < weights.length && !faulty.has(machine),
    configOf: (at) => cluster.configOf(at),
    isHonestKey(at, validator) {
      const key = cluster.configOf(at).validators[validator]?.consensusKey;
      return ![...faulty].some((one) => key && equalBytes(scheme.publicKey(one), key));
    },
  };
  const full = new Set(
    scenario.faults.flatMap((fault) => (fault.kind === 'diskFull' ? [fault.machine] : [])),
  );
  const nowUs = (): number => cluster.scheduler.nowUs();
  const genesis = { header: SIM_GENESIS, hash: blockHash(SIM_GENESIS) };
  const chainId = genesis.hash;
  const trace = createTrace(nowUs);
  const accounts = accountability({ truth, scheme, chainId });
  // The clock of one honest voter more than all adversaries decides; its largest error counts.
  const jumps = scenario.faults.map((fault) => (fault.kind === 'clockJump' ? fault.byMs : 0));
  const aheadMs = MAX_CLOCK_AHEAD_MS + Math.max(...scenario.skewMs, 0) + Math.max(...jumps, 0) + 10;
  const strict: Checker[] = scenario.overweight
    ? []
    : [
        agreement(),
        finalPrefix(),
        doubleSign(),
        alarms(truth, {
          mayStop: (machine) => full.has(machine),
          mayRefuse: (machine) => damaged.has(machine),
        }),
        validity({
          truth,
          scheduler: { nowUs },
          scheme,
          chainId,
          genesis,
          blocksPerEpoch: scenario.blocksPerEpoch,
          aheadMs,
        }),
      ];
  // A fork is owed an account only where it may be; anywhere else it is a violation by itself.
  const checkers = scenario.overweight ? [accounts] : strict;
  const judged = merge([trace.observer, ...checkers.map((checker) => checker.observer)]);
  const quality = qualityOf(scenario, machines);
  const cluster: Cluster = createCluster({
    weights,
    absent: scenario.absent,
    pacing: scenario.pacing,
    scheme,
    quality,
    costs: {
      verifyUs: 0,
      executionLagUs: 400_000,
      lagChance: scenario.lagChance,
      bodyLoss: scenario.bodyLoss,
      idleChance: scenario.idleChance,
    },
    syncUs: scenario.syncUs,
    blocksPerEpoch: scenario.blocksPerEpoch,
    prng,
    observerOf: (machine) => (truth.isHonest(machine) ? judged : trace.observer),
    twins,
    adversaryOf,
    clockOf: (machine, scheduler) =>
      createMachineClock({
        scheduler,
        skewMs: scenario.skewMs[machine] ?? 0,
        driftPpm: scenario.driftPpm[machine] ?? 0,
      }),
  });
  const { scheduler, links, nodes } = cluster;
  const honest = nodes.filter((_, machine) => truth.isHonest(machine));
  const { damaged, late } = scheduleFaults(cluster, scenario.faults);
  const memory: string[] = [];
  const views = (): number => Math.max(...honest.map((node) => node.views()));
  const whole = (): boolean => honest.every((node, _) => node.isAlive());
  const runUntil = (untilMs: number, stop: () => boolean): void => {
    while (!stop() && nowUs() < untilMs * 1_000) {
      scheduler.runSync(Math.min(untilMs * 1_000, nowUs() + SLICE_MS * 1_000));
      for (const [machine, node] of nodes.entries()) {
        const engine = node.engine();
        if (!engine || !truth.isHonest(machine) || memory.length > 3) continue;
        memory.push(...memoryProblems(engine).map((problem) => `node ${machine}: ${problem}`));
      }
    }
  };
  let owed: ReturnType<typeof progress> | undefined;
  const thrown: string[] = [];
  try {
    for (const [machine, node] of nodes.entries()) if (!late.has(machine)) node.start();
    runUntil(scenario.healAtMs, () => false);
    links.heal();
    links.setQuality({ ...quality, loss: 0, duplication: 0 });
    for (const [machine, node] of nodes.entries()) {
      if (!node.isAlive() && !damaged.has(machine) && !scenario.overweight) node.start();
    }
    const running = nodes.filter((_, machine) => truth.isHonest(machine) && !damaged.has(machine));
    if (scenario.overweight) runUntil(scenario.healAtMs + 5_000, () => !whole());
    else {
      owed = progress(running, OWED_BLOCKS);
      owed.begin();
      runUntil(scenario.healAtMs + HEALED_MS, owed.reached);
      owed.finish();
      const { length } = owed.violations;
      runUntil(LONGEST_MS, () => length > 0 || views() >= scenario.views);
      if (length === 0 && views() < scenario.views) {
        thrown.push(`progress: ${views()} views in ${LONGEST_MS} ms, owed ${scenario.views}`);
      }
    }
    accounts.finish();
  } catch (cause) {
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    thrown.push(`thrown at ${nowUs()} µs: ${detail}`);
  }
  const found = [...checkers, ...(owed ? [owed] : [])].flatMap(({ name, violations }) =>
    violations.map((violation) => `${name}: ${violation}`),
  );
  return {
    violations: [...found, ...memory.map((problem) => `memory: ${problem}`), ...thrown],
    trace: trace.text(),
    height: Math.max(...honest.map((node) => node.finalHeight())),
    views: views(),
    epochs: 1 + Math.max(...honest.map((node) => node.engine()?.committee.epoch ?? 0)),
    events: scheduler.events(),
    virtualMs: Math.floor(nowUs() / 1_000),
    forked: accounts.forked(),
  };
}
