/** The command line of the back-test. */
import { CRASH_DAYS } from './crash-days.ts';
import { PARAMETER_SETS, USUAL_SETS } from './parameter-sets.ts';

export type CrashArguments = {
  readonly kind: 'crash';
  readonly data: string;
  readonly days: readonly string[];
  readonly sets: readonly string[];
  readonly accounts: number;
  readonly seed: number;
  readonly insuranceUsd: number;
  readonly json: boolean;
  /** File that whole results are written to. */
  readonly results: string | undefined;
};

export type ManipulateArguments = {
  readonly kind: 'manipulate';
  readonly json: boolean;
  readonly results: string | undefined;
};

export type Arguments =
  | { readonly kind: 'help' }
  | ManipulateArguments
  | { readonly kind: 'tables'; readonly file: string }
  | CrashArguments
  | { readonly kind: 'wrong'; readonly problem: string };

const list = (names: readonly string[]): string => names.join(', ');

export const HELP: string = `usage: npm run backtest -- --data FOLDER [options]     crash days
       npm run backtest -- --manipulate [options]      strategies of manipulation
       npm run backtest -- --tables FILE               results written before, as Markdown

Replays recorded crash days through the chain's own runtime, or prices what it costs to cheat.

crash days:
  --data FOLDER      the recordings (../shared/data)
  --day NAME         only this day, may be repeated: ${list(CRASH_DAYS.map(({ name }) => name))}
  --set NAME         only this parameter set, may be repeated; else ${list(USUAL_SETS)}:
${PARAMETER_SETS.map(({ name, about }) => `                       ${name.padEnd(16)}${about}`).join('\n')}
  --accounts N       synthetic accounts (10000)
  --seed N           of the accounts (1)
  --insurance USD    the fund at the start (10000000, the target of the parameters)
both:
  --json             figures as JSON lines on stdout; progress goes to stderr
  --results FILE     writes whole results, with what was fitted, as JSON
  --help             this

Exit status: 0 when it holds, 1 when the run failed, 2 when an acceptance does not hold
(a loss shared under default parameters, more insurance used than 5 % of the maintenance margin held,
a gain above its cost below a third of the stake), 64 when the arguments are wrong.

example: npm run backtest -- --data ../shared/data --day 2026-02-05 --accounts 200
`;

type Found = {
  readonly values: Map<string, string[]>;
  readonly flags: Set<string>;
  problem?: string;
};

const VALUED = [
  '--tables',
  '--data',
  '--day',
  '--set',
  '--accounts',
  '--seed',
  '--insurance',
  '--results',
];
const FLAGS = ['--json', '--manipulate', '--help'];

function scan(args: readonly string[]): Found {
  const found: Found = { values: new Map(), flags: new Set() };
  for (let i = 0; i < args.length; i++) {
    const name = args[i] ?? '';
    if (FLAGS.includes(name)) found.flags.add(name);
    else if (VALUED.includes(name)) {
      i += 1;
      const value = args[i];
      if (value === undefined) return { ...found, problem: `${name} needs a value` };
      found.values.set(name, [...(found.values.get(name) ?? []), value]);
    } else return { ...found, problem: `unknown option ${name}` };
  }
  return found;
}

function wholeNumber(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise;
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

function wrong(problem: string): Arguments {
  return { kind: 'wrong', problem };
}

/** Reads the arguments after the script's name. */
export function readArguments(args: readonly string[]): Arguments {
  const { values, flags, problem } = scan(args);
  if (problem !== undefined) return wrong(problem);
  if (flags.has('--help')) return { kind: 'help' };
  const last = (name: string): string | undefined => values.get(name)?.at(-1);
  const json = flags.has('--json');
  const results = last('--results');
  if (flags.has('--manipulate')) return { kind: 'manipulate', json, results };
  const file = last('--tables');
  if (file !== undefined) return { kind: 'tables', file };
  const data = last('--data');
  if (data === undefined) return wrong('--data FOLDER or --manipulate is needed');
  const known = CRASH_DAYS.map(({ name }) => name);
  const days = values.get('--day') ?? known;
  const badDay = days.find((day) => !known.includes(day));
  if (badDay !== undefined) return wrong(`no day ${badDay}; there are ${list(known)}`);
  const names = PARAMETER_SETS.map(({ name }) => name);
  const sets = values.get('--set') ?? USUAL_SETS;
  const badSet = sets.find((set) => !names.includes(set));
  if (badSet !== undefined) return wrong(`no parameter set ${badSet}; there are ${list(names)}`);
  const accounts = wholeNumber(last('--accounts'), 10_000);
  const seed = wholeNumber(last('--seed'), 1);
  const insuranceUsd = wholeNumber(last('--insurance'), 10_000_000);
  if (accounts === undefined || accounts < 20 || accounts > 100_000) {
    return wrong('--accounts: allowed 20 to 100000');
  }
  if (seed === undefined || seed > 0xffff_ffff) return wrong('--seed: allowed 0 to 4294967295');
  if (insuranceUsd === undefined) return wrong('--insurance: whole dollars');
  return { kind: 'crash', data, days, sets, accounts, seed, insuranceUsd, json, results };
}
