/** Histories one after the other, each of its own seed, until the time is up or one fails. */
import { createPrng } from '../sim/prng.ts';
import { type Coverage, newCoverage, noteBlock } from './coverage.ts';
import { drawBlock, newWeather } from './draw-block.ts';
import { newHistory, takeBlock } from './run-history.ts';
import type { RecordedBlock } from './world.ts';

/** A history that broke an invariant, up to the block that did. */
export type Failure = {
  readonly seed: number;
  readonly blocks: readonly RecordedBlock[];
  readonly problems: readonly string[];
};

const BLOCKS_PER_HISTORY = 150;

/** One history of a seed; `undefined` when nothing broke before `isOver` or its end. */
export function runHistory(
  seed: number,
  coverage: Coverage,
  isOver: () => boolean,
  length: number = BLOCKS_PER_HISTORY,
): Failure | undefined {
  const prng = createPrng(seed, 'blocks');
  const history = newHistory(seed);
  const weather = newWeather();
  const blocks: RecordedBlock[] = [];
  while (blocks.length < length && !isOver()) {
    const block = drawBlock(prng, history.world, weather);
    blocks.push(block);
    const { problems, executed } = takeBlock(history, block);
    if (executed !== undefined) noteBlock(coverage, block, executed);
    if (problems.length > 0) return { seed, blocks, problems };
  }
  return undefined;
}

/** Runs histories of seeds from `seed` up. `onHistory` is told after each. */
export async function runCampaign(
  seed: number,
  isOver: () => boolean,
  onHistory: (seed: number, coverage: Coverage) => void = () => {},
): Promise<{
  readonly coverage: Coverage;
  readonly histories: number;
  readonly failure: Failure | undefined;
}> {
  const coverage = newCoverage();
  for (let histories = 0; ; histories++) {
    if (isOver()) return { coverage, histories, failure: undefined };
    const failure = runHistory(seed + histories, coverage, isOver);
    if (failure !== undefined) return { coverage, histories, failure };
    onHistory(seed + histories, coverage);
    // Signals are heard between histories.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
