/**
 * A cluster of consensus nodes under one seed: a plan of faults, then a healed network in which
 * progress is owed. Everything follows from the seed.
 */
import type { InputBody } from '../../consensus/input.ts';
import { blockHash, type Header } from '../../runtime/block.ts';
import { ZERO_32 } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import {
  type Epoch,
  epoch,
  height,
  timestampMs,
  validatorIndex,
  view,
  weight,
} from '../../runtime/core/units.ts';
import type { EpochConfig, Pacing } from '../../runtime/epoch-config.ts';
import { agreement } from './checkers/agreement.ts';
import { alarms } from './checkers/alarms.ts';
import type { Checker } from './checkers/checker.ts';
import { doubleSign } from './checkers/double-sign.ts';
import { finalPrefix } from './checkers/final-prefix.ts';
import { progress } from './checkers/progress.ts';
import { SIM_EPOCH_MS } from './clock.ts';
import {
  type ConsensusNode,
  createConsensusNode,
  type NodeCosts,
  type Observer,
} from './consensus-node.ts';
import { createMedium } from './disk.ts';
import { createLinks, type LinkQuality, type Links } from './links.ts';
import { createPrng, hashText, type Prng } from './prng.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { simPublicKey } from './signature.ts';

export const SIM_GENESIS: Header = {
  height: height(0),
  view: view(0),
  epoch: epoch(0),
  parent: ZERO_32,
  timestamp: timestampMs(SIM_EPOCH_MS),
  proposer: validatorIndex(0),
  transactionsRoot: ZERO_32,
  executed: { height: height(0), stateRoot: ZERO_32, receiptsRoot: ZERO_32 },
  config: ZERO_32,
  nextConfig: ZERO_32,
};

/** An epoch config of stand-in keys. */
export function simEpochConfig(at: Epoch, weights: readonly bigint[], pacing: Pacing): EpochConfig {
  return {
    epoch: at,
    endsAt: timestampMs(0),
    validators: weights.map((one, index) => ({
      operator: simPublicKey(index).slice(0, 20),
      consensusKey: simPublicKey(index),
      oracleKey: simPublicKey(1_000 + index),
      peerKey: simPublicKey(2_000 + index),
      weight: weight(one),
      addresses: [],
    })),
    leaderSeed: sha256(new Uint8Array([at % 256])),
    limits: { maxBytes: 1, maxPayloads: 1, maxWeight: 1 },
    pacing,
    moduleVersions: [],
  };
}

export type ClusterOptions = {
  readonly weights: readonly bigint[];
  readonly pacing: Pacing;
  readonly quality: LinkQuality;
  readonly costs: NodeCosts;
  readonly syncUs: number;
  readonly blocksPerEpoch: number;
  readonly prng: Prng;
  readonly observer: Observer;
};

export type Cluster = {
  readonly scheduler: Scheduler;
  readonly links: Links;
  readonly nodes: readonly ConsensusNode[];
};

/** Nodes 0 to n − 1, not yet started. */
export function createCluster(options: ClusterOptions): Cluster {
  const { weights, pacing, prng, costs, observer, blocksPerEpoch, syncUs, quality } = options;
  const scheduler = createScheduler();
  const links = createLinks({ scheduler, prng: prng.fork('links'), quality });
  const nodes: ConsensusNode[] = [];
  const configs = new Map<Epoch, EpochConfig>();
  const configOf = (at: Epoch): EpochConfig => {
    const config = configs.get(at) ?? simEpochConfig(at, weights, pacing);
    configs.set(at, config);
    return config;
  };
  for (let index = 0; index < weights.length; index++) {
    nodes.push(
      createConsensusNode({
        index,
        configOf,
        chainId: blockHash(SIM_GENESIS),
        genesis: SIM_GENESIS,
        blocksPerEpoch,
        scheduler,
        links,
        prng: prng.fork(`node ${index}`),
        medium: createMedium({ scheduler, prng: prng.fork(`disk ${index}`), syncUs }),
        costs,
        observer,
        deliver: (from, to, message) => nodes[to]?.receive(from, message),
      }),
    );
  }
  return { scheduler, links, nodes };
}

export type SeedReport = {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Hash over every input of every engine, in order, with its time. */
  readonly trace: string;
  /** Highest final height, and views all engines entered. */
  readonly height: number;
  readonly views: number;
  readonly events: number;
};

const PACING: Pacing = {
  minBlockIntervalMs: 100,
  idleBlockMs: 300,
  deltaMs: 100,
  timeoutGrowthPercent: 150,
  timeoutCapMs: 5_000,
};
const FAULTY_MS = 5_000;
/** Enough for one standstill (10 s) and the longest timeouts that may be running when it heals. */
const HEALED_MS = 40_000;
const OWED_BLOCKS = 6;

function merge(observers: readonly Observer[]): Observer {
  const all = <K extends keyof Observer>(key: K): NonNullable<Observer[K]>[] =>
    observers.map((observer) => observer[key]).filter((call) => call !== undefined);
  const calls = {
    onInput: all('onInput'),
    onVoteSent: all('onVoteSent'),
    onSigned: all('onSigned'),
    onFinal: all('onFinal'),
    onRestart: all('onRestart'),
    onAlarm: all('onAlarm'),
  };
  return {
    onInput: (...facts) => {
      for (const call of calls.onInput) call(...facts);
    },
    onVoteSent: (...facts) => {
      for (const call of calls.onVoteSent) call(...facts);
    },
    onSigned: (...facts) => {
      for (const call of calls.onSigned) call(...facts);
    },
    onFinal: (...facts) => {
      for (const call of calls.onFinal) call(...facts);
    },
    onRestart: (...facts) => {
      for (const call of calls.onRestart) call(...facts);
    },
    onAlarm: (...facts) => {
      for (const call of calls.onAlarm) call(...facts);
    },
  };
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

/** Random machines and wires. */
function randomOptions(prng: Prng): Omit<ClusterOptions, 'observer' | 'prng'> {
  const count = prng.pick([4, 4, 4, 5, 5, 6, 7]);
  const equal = prng.chance(0.5);
  const weights = Array.from({ length: count }, () => (equal ? 1n : BigInt(prng.between(20, 40))));
  const baseUs = prng.pick([2_000, 10_000, 40_000]);
  const delays = Array.from({ length: count * count }, () => baseUs * (0.5 + prng.float()));
  return {
    weights,
    pacing: PACING,
    quality: {
      delayUs: (from, to) => delays[from * count + to] ?? baseUs,
      jitterUs: prng.pick([0, baseUs, 4 * baseUs]),
      loss: prng.pick([0, 0, 0.02, 0.1, 0.2]),
      duplication: prng.pick([0, 0.05]),
      uplinkBitsPerSecond: Number.POSITIVE_INFINITY,
    },
    costs: {
      verifyUs: 0,
      executionLagUs: 400_000,
      lagChance: prng.pick([0, 0, 0.1]),
      bodyLoss: prng.pick([0, 0.1, 0.3]),
      idleChance: 0.1,
    },
    syncUs: prng.pick([200, 500, 5_000]),
    blocksPerEpoch: prng.pick([5, 12, 1_000]),
  };
}

/** Schedules crashes, restarts and partitions within the faulty time; all is whole at its end. */
function planFaults(cluster: Cluster, prng: Prng): void {
  const { scheduler, links, nodes } = cluster;
  const count = nodes.length;
  for (let i = prng.between(0, 2); i > 0; i--) {
    const atUs = prng.between(0, FAULTY_MS) * 1_000;
    const cut = prng.between(1, count - 1);
    const order = nodes.map((_, index) => index).sort(() => prng.float() - 0.5);
    scheduler.after(atUs, () => links.partition([order.slice(0, cut), order.slice(cut)]));
    scheduler.after(atUs + prng.between(100, 3_000) * 1_000, links.heal);
  }
  const crashAll = prng.chance(0.15);
  const crashes = crashAll ? count : prng.between(0, 4);
  const togetherUs = prng.between(500, FAULTY_MS) * 1_000;
  for (let i = 0; i < crashes; i++) {
    const node = crashAll ? nodes[i] : prng.pick(nodes);
    const atUs = crashAll
      ? togetherUs + prng.between(0, 50_000)
      : prng.between(0, FAULTY_MS) * 1_000;
    scheduler.after(atUs, () => node?.crash());
    scheduler.after(atUs + prng.between(10, 2_000) * 1_000, () => {
      if (node && !node.isAlive()) node.start();
    });
  }
}

/** Runs one seed. Cost: 20 to 60 ms. */
export function runSeed(seed: number): SeedReport {
  const prng = createPrng(seed, 'consensus');
  const random = randomOptions(prng.fork('machines'));
  const checkers: Checker[] = [agreement(), finalPrefix(), doubleSign(), alarms()];
  let trace: readonly [number, number] = [0, 0];
  const tracer: Observer = {
    onInput(node, at, input) {
      const event = `${cluster.scheduler.nowUs()} ${node} ${at} ${input.kind} ${viewOf(input)}`;
      const [a, b] = hashText(event, trace[0]);
      trace = [a, b ^ Math.imul(trace[1], 31)];
    },
  };
  const observer = merge([...checkers.map((checker) => checker.observer), tracer]);
  const cluster: Cluster = createCluster({ ...random, prng: prng.fork('cluster'), observer });
  const { scheduler, links, nodes } = cluster;
  const owed = progress(nodes, OWED_BLOCKS);
  planFaults(cluster, prng.fork('faults'));
  try {
    for (const node of nodes) node.start();
    scheduler.runSync(FAULTY_MS * 1_000);
    links.heal();
    links.setQuality({ ...random.quality, loss: 0, duplication: 0 });
    for (const node of nodes) if (!node.isAlive()) node.start();
    owed.begin();
    scheduler.runSync((FAULTY_MS + HEALED_MS) * 1_000, owed.reached);
    owed.finish();
  } catch (cause) {
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    owed.violations.push(`thrown at ${scheduler.nowUs()} µs: ${detail}`);
  }
  const violations = [...checkers, owed].flatMap(({ name, violations: found }) =>
    found.map((violation) => `${name}: ${violation}`),
  );
  return {
    seed,
    violations,
    trace: `${(trace[0] >>> 0).toString(16)}-${(trace[1] >>> 0).toString(16)}`,
    height: Math.max(...nodes.map((node) => node.finalHeight())),
    views: nodes.reduce((sum, node) => sum + (node.engine()?.view ?? 0), 0),
    events: scheduler.events(),
  };
}
