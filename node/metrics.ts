/**
 * Every metric of a node, in one table, and the sink that the node writes to. Names on the wire are
 * prefixed with `miletus_`.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { NODE_VERSION } from './rpc/version.ts';

/** Upper bounds in ms: for what should take a fraction of a block, and a block or several. */
const BUCKETS_MS: Readonly<Record<'fast' | 'block', number[]>> = {
  fast: [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  block: [5, 10, 20, 30, 40, 60, 80, 120, 160, 250, 500, 1_000, 2_000, 5_000, 20_000],
};

export const GAUGES = {
  height: 'Height of the last final block',
  executed_height: 'Height up to which blocks are executed',
  epoch: 'Epoch of the next block',
  view: 'View of the running consensus engine',
  peers: 'Connected peers',
  peer_validators: 'Connected peers that are validators',
  syncing: '1 while this node is behind its peers',
  halted: '1 when this node no longer votes',
  mempool_oracle: 'Oracle votes that wait',
  mempool_cancel: 'Transactions of only cancels that wait',
  mempool_rest: 'Other transactions that wait',
  mempool_bytes: 'Bytes of payloads that wait',
  admission_waiting: 'Payloads that wait for signature checks and judgement',
  execution_waiting: 'Final blocks that wait for execution',
  blocks_held: 'Blocks in memory: the last final ones and what may follow them',
  sync_target: 'Highest height that peers claim or this node has',
  verifications_waiting: 'Signatures that wait to be checked off the consensus path',
  commit_lag: 'Final blocks above the last checkpoint on disk',
  diverged: '1 when a carried root differs from the one computed here',
} as const;
export type GaugeName = keyof typeof GAUGES;

/** Name to help and the label, if it has one. */
export const COUNTERS = {
  blocks_final: { help: 'Blocks that became final here' },
  transactions_final: { help: 'Transactions in final blocks' },
  blocks_proposed: { help: 'Blocks built by this node' },
  votes_signed: { help: 'Votes signed', label: 'kind' },
  votes_refused: { help: 'Votes the signer refused', label: 'code' },
  views_entered: { help: 'Views entered' },
  timeouts: { help: 'Consensus timers that fired', label: 'timer' },
  views_skipped: { help: 'Views without a final block, by the operator that led', label: 'leader' },
  own_slots_missed: { help: 'Views led by this node that were skipped' },
  proposals_judged: { help: 'Verdicts on proposals', label: 'verdict' },
  messages_rejected: { help: 'Consensus messages refused', label: 'code' },
  evidence: { help: 'Faults of validators seen', label: 'fault' },
  payloads_added: { help: 'Payloads taken into the mempool', label: 'origin' },
  payloads_refused: { help: 'Payloads refused', label: 'code' },
  payloads_expired: { help: 'Payloads that found no block in time' },
  bodies_fetched: { help: 'Payloads fetched for a proposal from others' },
  blocks_synced: { help: 'Blocks taken from peers by block sync' },
  sync_failures: { help: 'Failed requests of block sync', label: 'reason' },
  signatures_verified: { help: 'Signatures checked', label: 'purpose' },
  network_events: { help: 'What happened in the network', label: 'event' },
} as const;
export type CounterName = keyof typeof COUNTERS;

export const HISTOGRAMS = {
  finality_ms: { help: "From a block's timestamp to its finality here", buckets: 'block' },
  submit_to_final_ms: {
    help: 'From submission here to finality with results',
    buckets: 'block',
  },
  block_interval_ms: { help: 'Between timestamps of final blocks', buckets: 'block' },
  journal_sync_ms: { help: 'A synced append to the journal', buckets: 'fast' },
  body_sync_ms: { help: 'A synced write of a body', buckets: 'fast' },
  execution_ms: { help: 'Execution of one block', buckets: 'fast' },
  verify_block_ms: { help: 'From a proposal to its verdict', buckets: 'fast' },
} as const;
export type HistogramName = keyof typeof HISTOGRAMS;

/** Where the node writes. Calls never throw and never wait. */
export interface Metrics {
  set(name: GaugeName, value: number): void;
  /** `label` is the value of the counter's label, when it has one. */
  count(name: CounterName, amount?: number, label?: string): void;
  observe(name: HistogramName, value: number): void;
}

/** Counts nothing. */
export const noMetrics: Metrics = { set() {}, count() {}, observe() {} };

export type PrometheusMetrics = Metrics & {
  readonly registry: Registry;
  /** Runs `collect` before each scrape. */
  onScrape(collect: () => void): void;
};

/** A registry of its own, with the process' metrics (CPU, memory, event-loop lag, GC) besides. */
export function createPrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const prefix = 'miletus_';
  const registers = [registry];
  const collectors: (() => void)[] = [];
  // Registered first: metrics are read in this order, and what is collected must be read after.
  const scrape = new Gauge({
    name: `${prefix}scrapes`,
    help: 'Scrapes served',
    registers,
    collect() {
      for (const collect of collectors) collect();
      this.inc();
    },
  });
  scrape.set(0);
  collectDefaultMetrics({ register: registry });
  const gauges = new Map(
    Object.entries(GAUGES).map(([name, help]) => [
      name,
      new Gauge({ name: prefix + name, help, registers }),
    ]),
  );
  const counters = new Map(
    Object.entries(COUNTERS).map(([name, spec]: [string, { help: string; label?: string }]) => [
      name,
      {
        label: spec.label,
        counter: new Counter({
          name: `${prefix}${name}_total`,
          help: spec.help,
          labelNames: spec.label ? [spec.label] : [],
          registers,
        }),
      },
    ]),
  );
  const histograms = new Map(
    Object.entries(HISTOGRAMS).map(([name, { help, buckets }]) => [
      name,
      new Histogram({ name: prefix + name, help, buckets: BUCKETS_MS[buckets], registers }),
    ]),
  );
  new Gauge({
    name: `${prefix}build_info`,
    help: 'Always 1; the release and the Node.js that runs it',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: NODE_VERSION, node: process.versions.node }, 1);
  return {
    registry,
    onScrape: (collect) => collectors.push(collect),
    set: (name, value) => gauges.get(name)?.set(value),
    count(name, amount = 1, value = '') {
      const found = counters.get(name);
      if (found?.label) found.counter.inc({ [found.label]: value }, amount);
      else found?.counter.inc(amount);
    },
    observe: (name, value) => histograms.get(name)?.observe(value),
  };
}
