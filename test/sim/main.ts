/**
 * `npm run sim -- --seeds N [--from S] [--whole] [--json]`: a campaign, each seed twice. Without
 * `--whole` consensus alone, 50 ms a seed; with it whole nodes, 2 s a seed. Prints violations and
 * progress to standard error and one JSON line to standard output: {seeds, violations, views}, or
 * with `--whole` {seeds, violations, virtualSeconds, blocks, transactions, crashes}. Exit status 1
 * if there were violations.
 */
import { parseArgs } from 'node:util';
import { runSeed } from './cluster.ts';
import { runWholeSeed } from './whole/run-seed.ts';

function usage(problem: string): never {
  process.stderr.write(
    `${problem}\nusage: npm run sim -- --seeds N [--from S] [--whole] [--json]\n`,
  );
  process.exit(64);
}

function parseOptions(): { seeds: string; from: string; whole: boolean; json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '100' },
        from: { type: 'string', default: '1' },
        whole: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (cause) {
    usage(cause instanceof Error ? cause.message : String(cause));
  }
}

const values = parseOptions();
const seeds = Number(values.seeds);
const from = Number(values.from);
if (!Number.isSafeInteger(seeds) || seeds < 1)
  usage(`--seeds: given ${values.seeds}, allowed 1 up`);
if (!Number.isSafeInteger(from)) usage(`--from: given ${values.from}, allowed an integer`);

type Report = {
  readonly violations: readonly string[];
  readonly trace: string;
  /** Sums of the campaign are made of these. */
  readonly counts: Readonly<Record<string, number>>;
};

function runConsensus(seed: number): Report {
  const { violations, trace, views } = runSeed(seed);
  return { violations, trace, counts: { views } };
}

async function runWhole(seed: number): Promise<Report> {
  const report = await runWholeSeed(seed);
  const { violations, trace, height, final, crashes, virtualMs } = report;
  const counts = {
    virtualSeconds: virtualMs / 1_000,
    blocks: height,
    transactions: final,
    crashes,
  };
  return { violations, trace, counts };
}

/** Whatever is thrown is a violation of the seed that threw it. */
async function run(seed: number): Promise<Report> {
  try {
    return values.whole ? await runWhole(seed) : runConsensus(seed);
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { violations: [`thrown: ${detail}`], trace: '', counts: {} };
  }
}

let violations = 0;
const sums: Record<string, number> = {};
const reportEvery = values.whole ? 10 : 50;
for (let seed = from; seed < from + seeds; seed++) {
  const first = await run(seed);
  const second = await run(seed);
  const found = [...first.violations];
  if (first.trace !== second.trace) {
    found.push(`traces differ: ${first.trace} and ${second.trace}`);
  }
  for (const violation of found) process.stderr.write(`seed ${seed}: ${violation}\n`);
  violations += found.length;
  for (const [name, count] of Object.entries(first.counts)) sums[name] = (sums[name] ?? 0) + count;
  const done = seed - from + 1;
  if (!values.json && (done % reportEvery === 0 || done === seeds)) {
    process.stderr.write(`${done} of ${seeds} seeds, ${violations} violations\n`);
  }
}
process.stdout.write(`${JSON.stringify({ seeds, violations, ...sums })}\n`);
process.exit(violations > 0 ? 1 : 0);
