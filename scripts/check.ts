/**
 * `npm run check`: types, format and lint, import directions, purity of the core; then the largest
 * files and functions, for information. Exit status 1 when any of the first four finds something.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CORE_FOLDERS, corePurityFindings } from './check/core-purity.ts';
import { importDirectionFindings } from './check/import-directions.ts';
import { largestFiles, largestFunctions } from './check/sizes.ts';
import { type Finding, ROOT, readSources } from './check/syntax.ts';

const FOLDERS = [...CORE_FOLDERS, 'p2p', 'node', 'wallet', 'feeder', 'devnet'];

function runTool(name: string, args: readonly string[]): boolean {
  const started = performance.now();
  const result = spawnSync(process.execPath, [...args], { cwd: ROOT, stdio: 'inherit' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${result.status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`);
  return result.status === 0;
}

function report(name: string, findings: readonly Finding[]): boolean {
  for (const { path, line, message } of findings) {
    process.stdout.write(`${path}:${line}: ${message}\n`);
  }
  process.stdout.write(`${findings.length === 0 ? 'ok  ' : 'FAIL'} ${name}\n`);
  return findings.length === 0;
}

const modules = join(ROOT, 'node_modules');
const sources = readSources(FOLDERS);
const core = sources.filter(({ path }) => CORE_FOLDERS.some((name) => path.startsWith(`${name}/`)));
const results = [
  runTool('types', [join(modules, 'typescript', 'bin', 'tsc'), '-p', '.']),
  runTool('format and lint', [join(modules, '@biomejs', 'biome', 'bin', 'biome'), 'check', '.']),
  report('import directions', importDirectionFindings(sources)),
  report('purity of the core', corePurityFindings(core)),
];

process.stdout.write('\nlargest files\n');
for (const { where, lines } of largestFiles(sources, 8))
  process.stdout.write(`  ${lines} ${where}\n`);
process.stdout.write('largest functions\n');
for (const { where, lines } of largestFunctions(sources, 8)) {
  process.stdout.write(`  ${lines} ${where}\n`);
}
process.exitCode = results.every(Boolean) ? 0 : 1;
