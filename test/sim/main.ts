/**
 * `npm run sim -- [--seeds N] [--minutes M] [--from S] [--consensus | --whole] [--json]`: a campaign
 * (`campaign.ts`). Prints violations with seed, commit and shrunk scenario, and progress, to standard
 * error, and one JSON line to standard output. Exit status 1 if there were violations.
 *
 * `--scenario FILE` runs one scenario from JSON. `--planted [--bug NAME]` plants bugs one at a time
 * (`planted/`) and says at which seed each is caught. `--twins` runs the Twins scenarios (`twins.ts`).
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCampaign, runTwice, type SeedReport } from './campaign.ts';
import { runPlanted } from './planted/run-planted.ts';
import type { Scenario } from './scenario.ts';
import { runTwins } from './twins.ts';

const EXIT_USAGE = 64;

function usage(problem: string): never {
  process.stderr.write(
    `${problem}
usage: npm run sim -- [--seeds N] [--minutes M] [--from S] [--consensus | --whole] [--json]
       npm run sim -- --planted [--bug NAME] [--seeds N] [--json]
       npm run sim -- --twins [--every N] [--json]
       npm run sim -- --scenario FILE
`,
  );
  process.exit(EXIT_USAGE);
}

function parse() {
  try {
    return parseArgs({
      options: {
        seeds: { type: 'string' },
        minutes: { type: 'string' },
        from: { type: 'string', default: '1' },
        every: { type: 'string', default: '1' },
        consensus: { type: 'boolean', default: false },
        whole: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        scenario: { type: 'string' },
        planted: { type: 'boolean', default: false },
        bug: { type: 'string' },
        twins: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    return usage(cause instanceof Error ? cause.message : String(cause));
  }
}

const values = parse();

function count(name: 'seeds' | 'minutes' | 'from' | 'every', fallback: number): number {
  const text = values[name];
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) usage(`--${name}: given ${text}, allowed above 0`);
  return value;
}

/** The commit, with a mark when the tree differs from it. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  try {
    const isChanged = git('status', '--porcelain', '--', '../..').length > 0;
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
  } catch {
    return 'unknown';
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function complain(report: SeedReport): void {
  for (const violation of report.violations) say(`seed ${report.seed}: ${violation}`);
  if (report.violations.length === 0) return;
  const only = report.isWhole ? '--whole' : '--consensus';
  say(`commit ${commit()}; again: npm run sim -- ${only} --from ${report.seed} --seeds 1`);
  if (report.shrunk) say(`shrunk scenario: ${JSON.stringify(report.shrunk)}`);
}

async function campaign(): Promise<boolean> {
  const totals = {
    seeds: 0,
    violations: 0,
    views: 0,
    whole_seeds: 0,
    adversary_seeds: 0,
    real_signature_seeds: 0,
    forks_accounted: 0,
  };
  const seeds = count('seeds', values.minutes === undefined ? 100 : Number.MAX_SAFE_INTEGER);
  const every = values.whole ? 10 : 100;
  await runCampaign({
    from: count('from', 1),
    seeds,
    minutes: count('minutes', Number.MAX_SAFE_INTEGER),
    nodes: values.whole ? 'whole' : values.consensus ? 'consensus' : 'mixed',
    shrink: true,
    onSeed(report) {
      totals.seeds += 1;
      totals.violations += report.violations.length;
      totals.views += report.views;
      totals.whole_seeds += Number(report.isWhole);
      totals.adversary_seeds += Number(report.hasAdversaries);
      totals.real_signature_seeds += Number(report.hasRealSignatures);
      totals.forks_accounted += Number(report.forked && report.violations.length === 0);
      complain(report);
      if (!values.json && totals.seeds % every === 0) {
        say(`${totals.seeds} seeds, ${totals.violations} violations, ${totals.views} views`);
      }
    },
  });
  process.stdout.write(`${JSON.stringify({ ...totals, commit: commit() })}\n`);
  return totals.violations === 0;
}

async function main(): Promise<boolean> {
  if (values.scenario !== undefined) {
    const scenario = JSON.parse(readFileSync(values.scenario, 'utf8')) as Scenario;
    const { violations, views } = runTwice(scenario);
    for (const violation of violations) say(violation);
    process.stdout.write(`${JSON.stringify({ violations: violations.length, views })}\n`);
    return violations.length === 0;
  }
  if (values.planted) {
    const report = await runPlanted({ bug: values.bug, seeds: count('seeds', 500), say });
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return report.planted_bugs === report.planted_bugs_caught;
  }
  if (values.twins) {
    const report = runTwins({ every: count('every', 1), say });
    process.stdout.write(`${JSON.stringify({ ...report, commit: commit() })}\n`);
    return report.violations === 0;
  }
  return await campaign();
}

process.exit((await main()) ? 0 : 1);
