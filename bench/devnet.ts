/**
 * Four validators as processes on this machine: finality, throughput, what they use when idle; and
 * finality over the globe in the simulator.
 *
 * Finality runs from submission to the result in the client's hands. Throughput rises step by step
 * until the 99th percentile of latency is above two seconds; then the gap between the last two steps is
 * halved twice. The best step below counts. Transactions
 * are signed beforehand. The load and four validators share the machine's cores. MILETUS_CPU_PROF=DIR
 * makes the validators write CPU profiles; MILETUS_BENCH_ONLY=single,batch runs a part;
 * MILETUS_BENCH_LOAD=requote makes each transaction of 20 orders cancel the account's earlier ones first.
 */
import { availableParallelism } from 'node:os';
import { runGeo } from '../test/sim/geo.ts';
import { type BenchNetwork, startBenchNetwork } from './devnet/bench-network.ts';
import { LOAD_FORMS, type LoadForm, signLoad } from './devnet/load-transactions.ts';
import { cpuSeconds, residentMb } from './devnet/process-usage.ts';
import { type LoadResult, sendLoad } from './devnet/send-load.ts';
import { type BenchOptions, median, quantile, remark, reportFigure } from './report.ts';

const IDLE_WARM_UP_MS = 10_000;
const IDLE_MS = 30_000;
const FINALITY_PER_SECOND = 50;
const FINALITY_SECONDS = 20;
const STEP_SECONDS = 5;
const WARM_UP_SECONDS = 12;
const MAX_P99_MS = 2_000;
const GROWTH = 1.15;
const MAX_STEPS = 14;
const HALVINGS = 2;
/** Latency of one in these is measured in a throughput step. */
const SAMPLE_EVERY = 20;

/** What there is to measure, in order. */
const PARTS = ['idle', 'finality', 'single', 'batch', 'geo'] as const;
type Part = (typeof PARTS)[number];

type Report = (name: string, metric: string, value: number, unit: string) => void;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function measureIdle(bench: BenchNetwork, report: Report): Promise<void> {
  await pause(IDLE_WARM_UP_MS);
  const pids = bench.validatorPids();
  const before = pids.map(cpuSeconds);
  const startedAt = performance.now();
  await pause(IDLE_MS);
  const seconds = (performance.now() - startedAt) / 1_000;
  const shares = pids.map((pid, i) => (cpuSeconds(pid) - (before[i] ?? 0)) / seconds);
  const memory = pids.map(residentMb);
  const name = 'idle, oracle votes at 1 Hz, worst of 4 validators';
  report(name, 'idle_core_share', Math.max(...shares), 'cores');
  report(name, 'idle_rss_mb', Math.max(...memory), 'MB');
}

type Shape = { readonly ordersEach: number; readonly form: LoadForm; readonly seed: number };

async function runLoad(
  bench: BenchNetwork,
  shape: Shape & { readonly perSecond: number; readonly seconds: number; readonly sample: number },
): Promise<LoadResult & { readonly cpuMs: number }> {
  const transactions = signLoad({
    chainId: bench.chainId,
    accounts: bench.accounts,
    series: await bench.series(),
    transactions: Math.round(shape.perSecond * shape.seconds),
    ordersEach: shape.ordersEach,
    form: shape.form,
    seed: shape.seed,
  });
  const before = cpuOfValidators(bench);
  const result = await sendLoad({
    urls: bench.urls,
    transactions,
    perSecond: shape.perSecond,
    sampleEvery: shape.sample,
  });
  const cpuMs = (1_000 * (cpuOfValidators(bench) - before)) / transactions.length;
  return { ...result, cpuMs };
}

function cpuOfValidators(bench: BenchNetwork): number {
  return bench.validatorPids().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

async function measureFinality(bench: BenchNetwork, report: Report): Promise<void> {
  const { latenciesMs, acceptedShare, cpuMs } = await runLoad(bench, {
    ordersEach: 1,
    form: 'rest',
    seed: 1,
    perSecond: FINALITY_PER_SECOND,
    seconds: FINALITY_SECONDS,
    sample: 1,
  });
  const name = `submit to final with results at ${FINALITY_PER_SECOND} tx/s`;
  report(name, 'finality_p50_ms', median(latenciesMs), 'ms');
  report(name, 'finality_p99_ms', quantile(latenciesMs, 0.99), 'ms');
  report(name, 'accepted_share', acceptedShare, 'of orders');
  report(name, 'cores_of_4_validators', (cpuMs * FINALITY_PER_SECOND) / 1_000, 'cores');
}

/** The best step; CPU time that all validators together spent on one transaction. */
type Capacity = {
  readonly transactionsPerSecond: number;
  readonly acceptedShare: number;
  readonly cpuMs: number;
};

/** Raises the load until latency breaks; gives the best transactions a second before that. */
async function findCapacity(
  bench: BenchNetwork,
  shape: Shape & { readonly firstPerSecond: number },
  options: BenchOptions,
): Promise<Capacity> {
  // Validators run for months: what counts is compiled code, not the first seconds of a process.
  await runLoad(bench, {
    ...shape,
    seed: shape.seed + MAX_STEPS + HALVINGS,
    perSecond: shape.firstPerSecond,
    seconds: WARM_UP_SECONDS,
    sample: SAMPLE_EVERY,
  });
  let best: Capacity = { transactionsPerSecond: 0, acceptedShare: 0, cpuMs: 0 };
  let step = 0;
  /** One step; whether its latency held. */
  const holds = async (perSecond: number): Promise<boolean> => {
    const result = await runLoad(bench, {
      ...shape,
      seed: shape.seed + step++,
      perSecond,
      seconds: STEP_SECONDS,
      sample: SAMPLE_EVERY,
    });
    const p99Ms = quantile(result.latenciesMs, 0.99);
    remark(
      `  ${shape.ordersEach} orders each: offered ${Math.round(result.offeredPerSecond)} tx/s, ` +
        `final ${Math.round(result.finalPerSecond)} tx/s, p50 ${Math.round(median(result.latenciesMs))} ms, ` +
        `p99 ${Math.round(p99Ms)} ms, ${result.cpuMs.toFixed(2)} ms CPU each, accepted ${(100 * result.acceptedShare).toFixed(1)} %` +
        `${result.refusedCalls > 0 ? `, ${result.refusedCalls} calls refused` : ''}` +
        `${result.problem ? ` (${result.problem})` : ''}`,
      options,
    );
    if (p99Ms > MAX_P99_MS) return false;
    if (result.finalPerSecond > best.transactionsPerSecond) {
      const { finalPerSecond: transactionsPerSecond, acceptedShare, cpuMs } = result;
      best = { transactionsPerSecond, acceptedShare, cpuMs };
    }
    return true;
  };
  let held = 0;
  let broke = shape.firstPerSecond;
  while (step < MAX_STEPS && (await holds(broke))) {
    held = broke;
    broke *= GROWTH;
  }
  for (let halving = 0; halving < HALVINGS && held > 0; halving++) {
    const middle = Math.sqrt(held * broke);
    if (await holds(middle)) held = middle;
    else broke = middle;
  }
  return best;
}

async function measureSingle(
  bench: BenchNetwork,
  report: Report,
  options: BenchOptions,
): Promise<void> {
  const shape = { ordersEach: 1, form: 'rest', seed: 100, firstPerSecond: 1_000 } as const;
  const { transactionsPerSecond, acceptedShare, cpuMs } = await findCapacity(bench, shape, options);
  const name = 'transactions of one order, signed before';
  report(name, 'tx_per_s', transactionsPerSecond, 'tx/s');
  report(name, 'cpu_ms_per_tx', cpuMs, 'ms');
  report(name, 'accepted_share', acceptedShare, 'of orders');
}

/** `rest` unless the environment says otherwise. Throws on an unknown form. */
function loadForm(): LoadForm {
  const given = process.env['MILETUS_BENCH_LOAD'] ?? 'rest';
  const form = LOAD_FORMS.find((one) => one === given);
  if (!form) throw new RangeError(`MILETUS_BENCH_LOAD: ${given}, allowed ${LOAD_FORMS.join(', ')}`);
  return form;
}

async function measureBatch(
  bench: BenchNetwork,
  report: Report,
  options: BenchOptions,
): Promise<void> {
  const form = loadForm();
  const shape = { ordersEach: 20, form, seed: 200, firstPerSecond: 250 };
  const { transactionsPerSecond, acceptedShare, cpuMs } = await findCapacity(bench, shape, options);
  const name = `transactions of 20 orders, signed before${form === 'requote' ? ', each replacing the last of its account' : ''}`;
  report(name, 'orders_per_s', shape.ordersEach * transactionsPerSecond, 'orders/s');
  report(name, 'cpu_ms_per_tx', cpuMs, 'ms');
  report(name, 'accepted_share', acceptedShare, 'of orders');
}

function measureGeo(report: Report): void {
  const geo = runGeo();
  const name = '50 validators in ten cities, simulated';
  report(name, 'geo_finality_ratio', geo.geo_finality_ratio, '×');
  report(name, 'geo_finality_ms', geo.finalityMs, 'ms');
}

export async function run(options: BenchOptions): Promise<void> {
  const report: Report = (name, metric, value, unit) =>
    reportFigure({ bench: 'devnet', case: name, metric, value, unit }, options);
  remark(`${availableParallelism()} cores`, options);
  const only = process.env['MILETUS_BENCH_ONLY'];
  const parts: readonly string[] = only === undefined ? PARTS : only.split(',');
  const wants = (part: Part): boolean => parts.includes(part);
  if (parts.some((part) => part !== 'geo')) {
    const bench = await startBenchNetwork();
    try {
      if (wants('idle')) await measureIdle(bench, report);
      if (wants('finality')) await measureFinality(bench, report);
      if (wants('single')) await measureSingle(bench, report, options);
      if (wants('batch')) await measureBatch(bench, report, options);
    } finally {
      await bench.close();
    }
  }
  if (wants('geo')) measureGeo(report);
}
