/** The chain as the disk has it: the executor's checkpoint, the tip, and what lies just below it. */
import { buildGenesis } from '../../genesis/build-state.ts';
import type { Genesis } from '../../genesis/document.ts';
import { assert } from '../../runtime/core/result.ts';
import { epoch, height } from '../../runtime/core/units.ts';
import type { Executor } from '../executor/executor.ts';
import type { BlockStore } from '../storage/block-store.ts';
import { addConfig, addRoots, type Chain, createChain, loadBlock, setTip } from './chain.ts';

/** Final blocks loaded into memory: what a leader looks at. */
export const RECENT_BLOCKS = 32;

/**
 * Opens the executor and loads the tip. Blocks between the checkpoint and the tip are still to be
 * executed. Throws `InvariantViolation` when the state is above the last final block.
 */
export async function openChain(options: {
  readonly genesis: Genesis;
  readonly executor: Executor;
  readonly store: BlockStore;
}): Promise<Chain> {
  const { store } = options;
  const opened = await options.executor.open();
  const chain = createChain(buildGenesis(options.genesis), store);
  for (const config of opened.configs) addConfig(chain, config);
  for (const roots of opened.checkpoints) addRoots(chain, roots);
  chain.executed = opened.height;
  const tip = await store.tip();
  assert(
    (tip?.height ?? 0) >= opened.height,
    `the state is at ${opened.height}, above the last final block ${tip?.height ?? 0}`,
  );
  if (!tip) return chain;
  const first = Math.max(1, tip.height - RECENT_BLOCKS + 1);
  for (let at = first; at <= tip.height; at++) {
    const hash = await store.finalHash(height(at));
    assert(hash !== undefined, `final block ${at} is indexed`);
    const block = await loadBlock(chain, hash);
    assert(block !== undefined, `the body of final block ${at} is stored`);
    chain.blocks.set(block.key, block);
    if (at <= opened.height) block.bytes = undefined;
    if (at === tip.height) setTip(chain, block);
  }
  for (let of = Math.max(0, chain.tip.header.epoch - 2); of <= chain.tip.header.epoch; of++) {
    const end = await store.epochEnd(epoch(of));
    if (end !== undefined) chain.epochEnds.set(epoch(of), end);
  }
  return chain;
}
