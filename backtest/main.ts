/**
 * `npm run backtest -- --data FOLDER` and `npm run backtest -- --manipulate`: see `HELP`.
 *
 * Figures go to stdout, progress and problems to stderr.
 */
import { writeFileSync } from 'node:fs';
import { type CrashArguments, HELP, readArguments } from './arguments.ts';
import { CRASH_DAYS } from './crash-days.ts';
import { PARAMETER_SETS } from './parameter-sets.ts';
import { type DayResult, playDay } from './play-day.ts';
import { DataError } from './read-file.ts';
import { fitRecordings, replayOf } from './replay.ts';
import { dayProblems, reportDay } from './report.ts';

const EXIT = { failed: 1, notHeld: 2, usage: 64 } as const;
/** When marks are taken: at a move of 0.75 %, looked for once a minute and at every corner of a bar, or after ten minutes. */
const PACE = { lookMs: 60_000, move: 0.0075, longestMs: 600_000 };

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
  for (const day of CRASH_DAYS.filter(({ name }) => args.days.includes(name))) {
    for (const set of PARAMETER_SETS.filter(({ name }) => args.sets.includes(name))) {
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

function run(): number {
  const args = readArguments(process.argv.slice(2));
  switch (args.kind) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'wrong':
      say(`backtest: ${args.problem}\n\n${HELP}`);
      return EXIT.usage;
    case 'manipulate':
      say('backtest: strategies are not priced yet\n');
      return EXIT.failed;
    case 'crash': {
      const problems = runCrashDays(args);
      for (const problem of problems) say(`does not hold: ${problem}\n`);
      return problems.length === 0 ? 0 : EXIT.notHeld;
    }
  }
}

try {
  process.exitCode = run();
} catch (error) {
  if (!(error instanceof DataError)) throw error;
  say(`backtest: ${error.message}\n`);
  process.exitCode = EXIT.failed;
}
