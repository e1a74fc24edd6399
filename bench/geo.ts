/**
 * Finality over the globe, simulated: 50 and 100 validators in ten cities, Simplex as it is and, on
 * the same wires, Tendermint's steps. Costs: 50 µs a verification on one thread, 0.5 ms a sync, 1 Gbit/s
 * up; of a full block 10 ms for the root of its ids, its encoding and its write.
 */
import { MEGABYTE_BODY, runGeo } from '../test/sim/geo.ts';
import { runTendermint } from '../test/sim/tendermint.ts';
import { type BenchOptions, reportFigure } from './report.ts';

const VALIDATORS = [50, 100] as const;
const VIEWS = 40;

export async function run(options: BenchOptions): Promise<void> {
  for (const validators of VALIDATORS) {
    const report = (metric: string, value: number, unit: string): void =>
      reportFigure(
        { bench: 'geo', case: `${validators} validators`, metric, value, unit },
        options,
      );
    const network = { validators, views: VIEWS };
    const empty = runGeo(network);
    report('finality_ratio_empty_p50', empty.geo_finality_ratio, '×');
    report('finality_empty_p50_ms', empty.finalityMs, 'ms');
    report('bound_p50_ms', empty.boundMs, 'ms');
    report('blocks_per_s', empty.blocksPerSecond, 'blocks/s');
    const full = runGeo({ ...network, body: MEGABYTE_BODY });
    report('finality_ratio_1mb_p50', full.geo_finality_ratio, '×');
    report('finality_1mb_p50_ms', full.finalityMs, 'ms');
    const silent = runGeo({
      ...network,
      views: validators,
      silent: Math.floor((validators - 1) / 3),
    });
    const share = silent.blocksPerSecond / empty.blocksPerSecond;
    report('throughput_share_third_silent', share, '×');
    const other = runTendermint(network);
    report('tendermint_finality_ratio', other.geo_finality_ratio, '×');
    report('tendermint_finality_p50_ms', other.finalityMs, 'ms');
    report('tendermint_blocks_per_s', other.blocksPerSecond, 'blocks/s');
    const otherFull = runTendermint({ ...network, body: MEGABYTE_BODY });
    report('tendermint_finality_ratio_1mb', otherFull.geo_finality_ratio, '×');
  }
}
