/**
 * The process that a bug is planted in: runs seeds until one fails, and prints that seed and why as
 * one JSON line. Arguments: kind of seeds, how many.
 */
import { runCampaign } from '../campaign.ts';

const [nodes, seeds] = process.argv.slice(2);
let caught: { readonly seed: number; readonly violation: string } | undefined;
await runCampaign({
  from: 1,
  seeds: Number(seeds),
  minutes: Number.MAX_SAFE_INTEGER,
  nodes: nodes === 'whole' ? 'whole' : 'consensus',
  shrink: false,
  onSeed({ seed, violations: [violation] }) {
    if (violation !== undefined) caught = { seed, violation: violation.slice(0, 200) };
  },
  stop: () => caught !== undefined,
});
process.stdout.write(`${JSON.stringify(caught ?? null)}\n`);
process.exit(0);
