/**
 * Finality over the globe: validators in ten cities, measured against what the distances allow.
 *
 * For a block proposed by L: t1(j) = d(L, j) is when its proposal can be at j; t2(j) the earliest
 * time at which j can hold a quorum of notarize votes, that is quorum weight of t1(i) + d(i, j);
 * t3(j) the same over t2: a quorum of finalize votes. geo_finality_ratio = (finalized at j −
 * proposed) ÷ t3(j), median over views and nodes. The rest above 1 is what verification, syncs and
 * bandwidth add.
 *
 * Bodies are taken as gossiped before: a proposal names them by wire id, and voters hold them.
 */
import { readFileSync } from 'node:fs';
import type { Pacing } from '../../runtime/epoch-config.ts';
import { type Cluster, createCluster } from './cluster.ts';
import type { NodeCosts } from './consensus-node.ts';
import { createPrng } from './prng.ts';

const VECTORS = new URL('../vectors/ten-cities-rtt-ms.csv', import.meta.url);

export type GeoOptions = {
  readonly validators: number;
  readonly views: number;
  /** One ed25519 verification and one sync of the disk. */
  readonly verifyUs: number;
  readonly syncUs: number;
  readonly uplinkBitsPerSecond: number;
  readonly seed: number;
  /** Full blocks; none: empty ones. */
  readonly body?: NodeCosts['body'];
  /** Validators that never start: the last of each ten first. */
  readonly silent: number;
};

export const GEO_DEFAULTS: GeoOptions = {
  validators: 50,
  views: 40,
  verifyUs: 50,
  syncUs: 500,
  uplinkBitsPerSecond: 1_000_000_000,
  seed: 1,
  silent: 0,
};

/**
 * A block of 1 MB: 2,000 payloads of 500 bytes. Their signatures were checked when they came; what is
 * left (the root of their ids, encoding the block, writing it) is taken as 10 ms.
 */
export const MEGABYTE_BODY = { wireIds: 2_000, workUs: 10_000 } as const;

export type GeoReport = {
  /** Median of the ratio, and its 90th percentile. */
  readonly geo_finality_ratio: number;
  readonly ratioP90: number;
  /** Median of finalized − proposed, and of the bound t3, in ms. */
  readonly finalityMs: number;
  readonly boundMs: number;
  /** Blocks that became final a second of virtual time, over the views measured. */
  readonly blocksPerSecond: number;
  readonly views: number;
};

/** Mainnet's parameters (design/parameters.md). */
export const GEO_PACING: Pacing = {
  minBlockIntervalMs: 40,
  idleBlockMs: 500,
  deltaMs: 250,
  timeoutGrowthPercent: 150,
  timeoutCapMs: 20_000,
};
/** Views at either end that are not measured: the first are not yet in step, the last not final. */
const EDGE_VIEWS = 5;

/** Round-trip times in ms, by row and column of the table. */
export function readRoundTrips(): number[][] {
  const lines = readFileSync(VECTORS, 'utf8').trim().split('\n');
  return lines.slice(1).map((line) => line.split(',').slice(1).map(Number));
}

/** Validators are dealt to the cities in turn. One-way, in µs; 0 to oneself. */
export function cityDelays(validators: number): (from: number, to: number) => number {
  const roundTrips = readRoundTrips();
  const cities = roundTrips.length;
  return (from, to) => {
    if (from === to || from >= validators || to >= validators) return 0;
    return ((roundTrips[from % cities]?.[to % cities] ?? 0) * 1_000) / 2;
  };
}

/** For each j the earliest time at which it can hold messages of a quorum that left at `leave`. */
export function quorumTimes(
  leave: readonly number[],
  delayUs: (from: number, to: number) => number,
  quorum: number,
): number[] {
  return leave.map((_, to) => {
    const arrivals = leave.map((time, from) => time + delayUs(from, to)).sort((a, b) => a - b);
    return arrivals[quorum - 1] ?? Number.POSITIVE_INFINITY;
  });
}

export function quantile(values: readonly number[], share: number): number {
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? Number.NaN;
}

/** What of a network was measured: who proposed when, and when each node called which view final. */
export type Measured = {
  readonly proposed: ReadonlyMap<number, { readonly leader: number; readonly atUs: number }>;
  readonly finals: ReadonlyMap<number, readonly { readonly view: number; readonly atUs: number }[]>;
};

/** Compares the views from `first` to `last` with what distances allow. */
export function compareWithBound(
  { proposed, finals }: Measured,
  options: {
    readonly validators: number;
    readonly nodes: readonly number[];
    readonly first: number;
    readonly last: number;
  },
): Omit<GeoReport, 'blocksPerSecond'> {
  const { validators, nodes } = options;
  const delayUs = cityDelays(validators);
  const quorum = Math.floor((2 * validators) / 3) + 1;
  const leave = (from: (node: number) => number): number[] =>
    Array.from({ length: validators }, (_, node) =>
      nodes.includes(node) ? from(node) : Number.POSITIVE_INFINITY,
    );
  const ratios: number[] = [];
  const takenUs: number[] = [];
  const boundsUs: number[] = [];
  let measured = 0;
  for (const [view, { leader, atUs }] of proposed) {
    if (view < options.first || view > options.last) continue;
    measured += 1;
    const t1 = leave((to) => delayUs(leader, to));
    const t3 = quorumTimes(quorumTimes(t1, delayUs, quorum), delayUs, quorum);
    for (const node of nodes) {
      const final = finals.get(node)?.find((entry) => entry.view >= view);
      const boundUs = t3[node] ?? 0;
      if (!final) throw new Error(`node ${node} did not finalize view ${view}`);
      ratios.push((final.atUs - atUs) / boundUs);
      takenUs.push(final.atUs - atUs);
      boundsUs.push(boundUs);
    }
  }
  return {
    geo_finality_ratio: quantile(ratios, 0.5),
    ratioP90: quantile(ratios, 0.9),
    finalityMs: quantile(takenUs, 0.5) / 1_000,
    boundMs: quantile(boundsUs, 0.5) / 1_000,
    views: measured,
  };
}

/** Machines that start: `silent` of them do not, spread over the cities. */
function running(validators: number, silent: number): number[] {
  const step = silent === 0 ? 1 : validators / silent;
  const quiet = new Set(
    Array.from({ length: silent }, (_, place) => Math.floor((place + 0.5) * step)),
  );
  return Array.from({ length: validators }, (_, node) => node).filter((node) => !quiet.has(node));
}

/** Runs the network and compares. Equal weights. Cost: about 50 ms for each view of 50 validators. */
export function runGeo(given: Partial<GeoOptions> = {}): GeoReport {
  const options = { ...GEO_DEFAULTS, ...given };
  const { validators, views, verifyUs, syncUs, uplinkBitsPerSecond, silent } = options;
  const proposed = new Map<number, { readonly leader: number; readonly atUs: number }>();
  const finals = new Map<number, { readonly view: number; readonly atUs: number }[]>();
  const alarms: string[] = [];
  const live = running(validators, silent);
  const [witness = 0] = live;
  const cluster: Cluster = createCluster({
    weights: Array.from({ length: validators }, () => 1n),
    pacing: GEO_PACING,
    quality: {
      delayUs: cityDelays(validators),
      jitterUs: 0,
      loss: 0,
      duplication: 0,
      uplinkBitsPerSecond,
    },
    costs: {
      verifyUs,
      executionLagUs: 0,
      lagChance: 0,
      bodyLoss: 0,
      idleChance: 0,
      ...(options.body ? { body: options.body } : {}),
    },
    syncUs,
    blocksPerEpoch: Number.MAX_SAFE_INTEGER,
    prng: createPrng(options.seed, 'geo'),
    observerOf: () => ({
      onProposed: (node, view) => proposed.set(view, { leader: node, atUs: scheduler.nowUs() }),
      onFinalized(node, { subject }) {
        const { view } = subject.value;
        const list = finals.get(node) ?? [];
        list.push({ view, atUs: scheduler.nowUs() });
        finals.set(node, list);
      },
      onAlarm: (node, what) => void alarms.push(`node ${node}: ${what}`),
      onHalt: (node, why) => void alarms.push(`node ${node} stopped: ${why}`),
    }),
  });
  const { scheduler, nodes } = cluster;
  const viewNow = (): number => nodes[witness]?.engine()?.view ?? 0;
  for (const node of live) nodes[node]?.start();
  // Silent leaders are known as such after as many views as there are validators.
  const first = 1 + EDGE_VIEWS + (silent > 0 ? validators : 0);
  const last = first + views - 1;
  scheduler.runSync(3_600_000_000, () => viewNow() >= first);
  const beganUs = scheduler.nowUs();
  const beganHeight = nodes[witness]?.finalHeight() ?? 0;
  scheduler.runSync(7_200_000_000, () => viewNow() > last);
  const seconds = (scheduler.nowUs() - beganUs) / 1_000_000;
  const blocks = (nodes[witness]?.finalHeight() ?? 0) - beganHeight;
  scheduler.runSync(14_400_000_000, () => viewNow() > last + EDGE_VIEWS);
  if (alarms.length > 0) throw new Error(alarms.join('\n'));
  const compared = compareWithBound({ proposed, finals }, { validators, nodes: live, first, last });
  return { ...compared, blocksPerSecond: blocks / seconds };
}
