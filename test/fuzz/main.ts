/**
 * `npm run fuzz -- matching [--minutes 10] [--seed N] [--shrink-seconds 60] [--json]`: random blocks of
 * random and hostile actions through the real `executeBlock`, judged after each (`run-history.ts`).
 * Prints the seed, progress and coverage to standard error and with `--json` one line to standard
 * output. Ctrl-C ends it with the summary. Exit status 1 when an invariant broke, after a repro in
 * `fuzz-SEED.json` in the temporary directory.
 *
 * History i of a campaign has seed N + i: `--seed` of the one that failed repeats it at once.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Failure, runCampaign } from './campaign.ts';
import { coverageReport } from './coverage.ts';
import { historyText, kindOf, replay, shrink } from './shrink.ts';

function usage(problem: string): never {
  process.stderr.write(
    `${problem}\nusage: npm run fuzz -- matching [--minutes 10] [--seed N] [--shrink-seconds 60] [--json]\n`,
  );
  process.exit(64);
}

function parseOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string' },
        'shrink-seconds': { type: 'string', default: '60' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (cause) {
    return usage(cause instanceof Error ? cause.message : String(cause));
  }
}

const { values, positionals } = parseOptions();
if (positionals.length !== 1 || positionals[0] !== 'matching') {
  usage(`given ${positionals.join(' ') || 'nothing'}, allowed: matching`);
}
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const shrinkMs = Number(values['shrink-seconds']) * 1_000;
if (!(minutes > 0)) usage(`--minutes: given ${values.minutes}, allowed above 0`);
if (!Number.isSafeInteger(seed)) usage(`--seed: given ${values.seed}, allowed an integer`);
if (!(shrinkMs >= 0)) usage(`--shrink-seconds: given ${values['shrink-seconds']}, allowed from 0`);

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
  });
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** Says what broke, and writes down a small history that breaks it too. */
function report({ seed: failed, blocks, problems }: Failure): string {
  log(`seed ${failed}, block ${blocks.length}:`);
  for (const problem of problems.slice(0, 5)) log(`  ${problem}`);
  const [first = ''] = problems;
  const small = shrinkMs > 0 ? shrink(failed, blocks, kindOf(first), shrinkMs) : [...blocks];
  const actions = small.flatMap(({ transactions }) => transactions).flatMap((body) => body.actions);
  log(`still fails with ${small.length} blocks and ${actions.length} actions:`);
  for (const problem of replay(failed, small).slice(0, 3)) log(`  ${problem.split('\n')[0]}`);
  const file = join(tmpdir(), `fuzz-${failed}.json`);
  writeFileSync(file, historyText(small));
  log(`written to ${file}; again: npm run fuzz -- matching --seed ${failed}`);
  return file;
}

log(`seed ${seed}`);
const started = performance.now();
const until = started + minutes * 60_000;
const { coverage, histories, failure } = await runCampaign(
  seed,
  () => interrupted || performance.now() >= until,
  (last, { blocks, transactions }) => {
    if ((last - seed) % 20 === 19)
      log(`seed ${last}: ${blocks} blocks, ${transactions} transactions`);
  },
);
const repro = failure === undefined ? undefined : report(failure);
const summary = {
  seed,
  histories,
  seconds: Math.round((performance.now() - started) / 1_000),
  problems: failure?.problems.length ?? 0,
  ...(failure === undefined ? {} : { failedSeed: failure.seed, repro }),
  ...coverageReport(coverage),
};
if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
else log(JSON.stringify(summary, null, 1));
process.exit(failure === undefined ? 0 : 1);
