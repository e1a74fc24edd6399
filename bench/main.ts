/**
 * `npm run bench -- NAME [--json]`: runs `bench/NAME.ts`, which exports `run(options)`.
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
const unknown = flags.find((flag) => flag !== '--json');
if (!names.includes(name) || unknown !== undefined) {
  const problem = names.includes(name)
    ? `unknown option ${unknown}`
    : `no bench ${name || 'named'}`;
  console.error(`${problem}\nusage: npm run bench -- NAME [--json]\nbenches: ${names.join(', ')}`);
  process.exitCode = EXIT_USAGE;
} else {
  const bench = (await import(`./${name}.ts`)) as Bench;
  await bench.run({ json: flags.includes('--json') });
}
