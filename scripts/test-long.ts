/**
 * `npm run test:long`: what is too long for `npm test`, with stated counts. Runs one after the other
 * and goes on after a failure; exit status 1 when any failed.
 *
 *     50 validators killed at random instants, with real processes
 *     10,000 seeds of consensus, each run twice: one in 20 with real signatures, one in 100 of whole nodes
 *     500 seeds of whole nodes, each run twice
 *     every planted bug, hunted for at most 500 seeds
 *     one in 20 of the Twins scenarios of four and five validators
 *     10,000 random histories for each property of the exchange
 *     10 minutes of random and hostile actions in random blocks
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const SIM = join(ROOT, 'test', 'sim', 'main.ts');

const FUZZ = join(ROOT, 'test', 'fuzz', 'main.ts');

/** The areas whose properties take their count from `MILETUS_RUNS`. */
const EXCHANGE = [
  'matching',
  'quoting',
  'multileg',
  'auction',
  'rules',
  'fees',
  'linear',
  'liquidation',
  'margin',
  'options',
  'oracle',
];
/** An hour for one property: those of whole blocks take 50 ms a history. */
const PROPERTY_MS = 3_600_000;

type Campaign = readonly [
  name: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
];

const CAMPAIGNS: readonly Campaign[] = [
  ['50 kills of real validators', [VITEST, 'run', 'test/devnet/crash.test.ts']],
  ['10,000 seeds of consensus', [SIM, '--seeds', '10000', '--json']],
  ['500 seeds of whole nodes', [SIM, '--whole', '--seeds', '500', '--json']],
  ['planted bugs', [SIM, '--planted', '--json']],
  ['Twins', [SIM, '--twins', '--every', '20', '--json']],
  [
    '10,000 histories a property',
    [VITEST, 'run', `--testTimeout=${PROPERTY_MS}`, ...EXCHANGE.map((area) => `test/${area}/`)],
    { MILETUS_RUNS: '10000' },
  ],
  ['10 minutes of fuzz', [FUZZ, 'matching', '--minutes', '10', '--json']],
];

let failed = 0;
for (const [name, args, env = {}] of CAMPAIGNS) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, MILETUS_LONG: '1', ...env },
  });
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  if (status !== 0) failed += 1;
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${minutes} min)\n`);
}
process.stdout.write(`${CAMPAIGNS.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
