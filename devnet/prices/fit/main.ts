/**
 * Fits the simulated market to recorded days and writes `devnet/prices/fitted.json`:
 *
 *     node devnet/prices/fit/main.ts ../shared/data
 *
 * The recordings are not part of the project; the fitted numbers, their source and the moments that
 * they were fitted to are.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { densestChains, listChains, readMinuteBars } from '../recorded-data.ts';
import { fitJumps } from './fit-jumps.ts';
import { fitSurface } from './fit-surface.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node devnet/prices/fit/main.ts FOLDER   (the folder of recorded data)');
  process.exit(64);
}
const bars = readMinuteBars(folder);
const chains = densestChains(listChains(folder), 24 * 3_600_000);
const jumps = fitJumps(bars);
const surfaces = fitSurface(chains);
const day = (ms: number | undefined): string => new Date(ms ?? 0).toISOString().slice(0, 10);

const fitted = {
  source: {
    index: `Binance spot 1 min bars ${day(bars.BTC.endsMs[0])}..${day(bars.BTC.endsMs.at(-1))}`,
    indexFiles: [bars.BTC.file, bars.ETH.file],
    surface: `Deribit chains ${day(chains[0]?.atMs)}..${day(chains.at(-1)?.atMs)}`,
    surfaceFiles: chains.map(({ file }) => file),
  },
  method: {
    index: jumps.method,
    surface: surfaces.method,
  },
  moments: jumps.moments,
  surfaceFit: surfaces.fit,
  model: {
    underlyings: {
      BTC: { ...jumps.model.underlyings.BTC, surface: surfaces.surfaces.BTC },
      ETH: { ...jumps.model.underlyings.ETH, surface: surfaces.surfaces.ETH },
    },
    correlation: jumps.model.correlation,
    commonJumpsPerYear: jumps.model.commonJumpsPerYear,
    commonJumpCorrelation: jumps.model.commonJumpCorrelation,
  },
};
const path = join(import.meta.dirname, '..', 'fitted.json');
const round = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(6)) : value;
writeFileSync(path, `${JSON.stringify(fitted, round, 2)}\n`);
console.log(`wrote ${path}`);
