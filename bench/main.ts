/**
 * `npm run bench -- NAME [--json] [--data FOLDER]`: runs `bench/NAME.ts`, which exports
 * `run(options)`. FOLDER holds the recorded market data that a bench may replay.
 *
 * Exit status: 0 when the bench ran, 64 when the arguments are wrong, 1 when it failed.
 */
import { readdirSync } from 'node:fs';
import type { BenchOptions } from './report.ts';

const EXIT_USAGE = 64;
/** Files beside the benches that are none. */
const SHARED = ['main', 'report'];

type Bench = { readonly run: (options: BenchOptions) => Promise<void> };

/** A bench is a file of this folder; one that needs more than a file has a folder for the rest. */
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !SHARED.includes(name))
  .sort();

const [name = '', ...flags] = process.argv.slice(2);
const dataAt = flags.indexOf('--data');
const data = dataAt < 0 ? undefined : flags.splice(dataAt, 2)[1];
const isDataMissing = dataAt >= 0 && data === undefined;
const unknown = isDataMissing ? '--data' : flags.find((flag) => flag !== '--json');
if (!names.includes(name) || unknown !== undefined) {
  const problem = names.includes(name)
    ? `unknown option ${unknown}`
    : `no bench ${name || 'named'}`;
  console.error(
    `${problem}\nusage: npm run bench -- NAME [--json] [--data FOLDER]\nbenches: ${names.join(', ')}`,
  );
  process.exitCode = EXIT_USAGE;
} else {
  const bench = (await import(`./${name}.ts`)) as Bench;
  await bench.run({ json: flags.includes('--json'), data });
}
