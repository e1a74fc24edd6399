/**
 * `npm run sim -- --seeds N [--from S] [--json]`: the consensus campaign, each seed twice. Prints
 * progress to standard error and one JSON line {seeds, violations, views} to standard output; exit
 * status 1 if there were violations.
 */
import { parseArgs } from 'node:util';
import { runSeed } from './cluster.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
if (!Number.isSafeInteger(seeds) || seeds < 1 || !Number.isSafeInteger(from)) {
  process.stderr.write('usage: npm run sim -- --seeds N [--from S] [--json]\n');
  process.exit(2);
}

let violations = 0;
let views = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const first = runSeed(seed);
  const second = runSeed(seed);
  const found = [...first.violations];
  if (first.trace !== second.trace) {
    found.push(`traces differ: ${first.trace} and ${second.trace}`);
  }
  for (const violation of found) process.stderr.write(`seed ${seed}: ${violation}\n`);
  violations += found.length;
  views += first.views;
  const done = seed - from + 1;
  if (!values.json && (done % 50 === 0 || done === seeds)) {
    process.stderr.write(`${done} of ${seeds} seeds, ${violations} violations\n`);
  }
}
process.stdout.write(`${JSON.stringify({ seeds, violations, views })}\n`);
process.exit(violations > 0 ? 1 : 0);
