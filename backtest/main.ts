/**
 * `npm run backtest -- --data FOLDER` and `npm run backtest -- --manipulate`: see `HELP`.
 *
 * Figures go to stdout, progress and problems to stderr.
 */
import { writeFileSync } from 'node:fs';
import { type CrashArguments, HELP, type ManipulateArguments, readArguments } from './arguments.ts';
import { CRASH_DAYS } from './crash-days.ts';
import { allOutcomes } from './manipulate/outcomes.ts';
import { strategyProblems } from './manipulate/strategy.ts';
import { PARAMETER_SETS } from './parameter-sets.ts';
import { type DayResult, playDay } from './play-day.ts';
import { DataError, textOf } from './read-file.ts';
import { fitRecordings, replayOf } from './replay.ts';
import { dayProblems, reportDay, reportOutcome } from './report.ts';
import { type Results, tablesOf } from './tables.ts';

const EXIT = { failed: 1, notHeld: 2, usage: 64 } as const;
/** When marks are taken: at a move of 1 %, looked for once a minute and at every corner of a bar, or after half an hour. */
const PACE = { lookMs: 60_000, move: 0.01, longestMs: 1_800_000 };

function say(text: string): void {
  process.stderr.write(text);
}

function writeResults(file: string | undefined, results: object): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

function runCrashDays(args: CrashArguments): readonly string[] {
  const fits = fitRecordings(args.data);
  const { accounts, seed, insuranceUsd, json, data } = args;
  const results: DayResult[] = [];
  for (const set of PARAMETER_SETS.filter(({ name }) => args.sets.includes(name))) {
    for (const day of CRASH_DAYS.filter(({ name }) => args.days.includes(name))) {
      const replay = replayOf(data, day, fits, { pace: PACE, stress: set.stress });
      const progress = (share: number): void =>
        say(`\r${day.name} ${set.name} ${Math.round(100 * share)} %   `);
      const result = playDay(replay, set, { accounts, seed, insuranceUsd, progress });
      say(`\r${day.name} ${set.name} ${result.seconds} s   \n`);
      reportDay(result, { json, data });
      results.push(result);
      writeResults(args.results, {
        fitted: { BTC: fits.rules.BTC, ETH: fits.rules.ETH, eth_per_btc: fits.ethPerBtc },
        pace: PACE,
        seed,
        results,
      });
    }
  }
  return results.flatMap(dayProblems);
}

function runStrategies({ json, results }: ManipulateArguments): readonly string[] {
  const outcomes = allOutcomes();
  for (const outcome of outcomes) reportOutcome(outcome, { json, data: undefined });
  writeResults(results, { results: outcomes });
  return strategyProblems(outcomes);
}

function finish(problems: readonly string[]): number {
  for (const problem of problems) say(`does not hold: ${problem}\n`);
  return problems.length === 0 ? 0 : EXIT.notHeld;
}

function run(): number {
  const args = readArguments(process.argv.slice(2));
  switch (args.kind) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'wrong':
      say(`backtest: ${args.problem}\n\n${HELP}`);
      return EXIT.usage;
    case 'tables':
      process.stdout.write(`${tablesOf(JSON.parse(textOf(args.file)) as Results)}\n`);
      return 0;
    case 'manipulate':
      return finish(runStrategies(args));
    case 'crash':
      return finish(runCrashDays(args));
  }
}

try {
  process.exitCode = run();
} catch (error) {
  if (!(error instanceof DataError)) throw error;
  say(`backtest: ${error.message}\n`);
  process.exitCode = EXIT.failed;
}
