/**
 * `npm run test:long`: what is too long for `npm test`, with stated counts. Runs one after the other
 * and goes on after a failure; exit status 1 when any failed.
 *
 *     50 validators killed at random instants, with real processes
 *     10,000 seeds of consensus alone, each run twice, with stand-in signatures
 *     500 seeds of whole nodes, each run twice
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const SIM = join(ROOT, 'test', 'sim', 'main.ts');

const CAMPAIGNS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['50 kills of real validators', [VITEST, 'run', 'test/devnet/crash.test.ts']],
  ['10,000 seeds of consensus', [SIM, '--seeds', '10000', '--json']],
  ['500 seeds of whole nodes', [SIM, '--whole', '--seeds', '500', '--json']],
];

let failed = 0;
for (const [name, args] of CAMPAIGNS) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, MILETUS_LONG: '1' },
  });
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  if (status !== 0) failed += 1;
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${minutes} min)\n`);
}
process.stdout.write(`${CAMPAIGNS.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
