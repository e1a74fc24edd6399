/**
 * What the node knows of the chain near its tip: blocks it holds, the last final one, configs of the
 * epochs in force, roots it computed.
 *
 * Invariants: every block here is on disk (synced), or final, or both; `tip` only rises; a config or
 * a root never changes once known.
 */

import type { BuiltGenesis } from '../../genesis/build-state.ts';
import { genesisHeader } from '../../genesis/build-state.ts';
import {
  type Block,
  carriedHeight,
  type Executed,
  type Header,
  isEpochLast,
  wireId,
} from '../../runtime/block.ts';
import { equalBytes, ZERO_32 } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import { type Epoch, epoch, type Height, height } from '../../runtime/core/units.ts';
import { type EpochConfig, epochConfigHash } from '../../runtime/epoch-config.ts';
import { CARRIED_ROOT_INTERVAL } from '../../runtime/limits.ts';
import { PAYLOAD } from '../../runtime/transaction.ts';
import type { CheckpointRoots } from '../executor/executor.ts';
import type { BlockStore } from '../storage/block-store.ts';
import { idKey } from '../storage/keys.ts';

/** A block that this node holds. */
export type ChainBlock = {
  readonly hash: Uint8Array;
  /** `idKey` of the hash. */
  readonly key: string;
  readonly header: Header;
  /** Wire ids in block order. */
  readonly wireIds: readonly Uint8Array[];
  /** `idKey` of each. */
  readonly ids: readonly string[];
  /** Payloads that are not oracle votes. */
  readonly transactions: number;
  /** SSZ of the block; dropped after its execution. */
  bytes: Uint8Array | undefined;
};

/** Final blocks kept in memory: those a leader looks at are at most 2 R − 1 below its parent. */
const KEPT_FINAL = 4 * CARRIED_ROOT_INTERVAL;
/** Own roots kept: of the last 64 × R heights, so that late carried roots can be compared. */
const KEPT_ROOTS = 64;
/** Configs kept behind the current epoch. */
const KEPT_CONFIGS = 4;

export type Chain = {
  /** Last final block; genesis at height 0. */
  tip: ChainBlock;
  /** Height up to which blocks are executed here. */
  executed: Height;
  readonly chainId: Uint8Array;
  readonly blocks: Map<string, ChainBlock>;
  readonly configs: Map<Epoch, EpochConfig>;
  readonly configHashes: Map<Epoch, Uint8Array>;
  /** Last height of each epoch that is over. */
  readonly epochEnds: Map<Epoch, Height>;
  readonly roots: Map<Height, CheckpointRoots>;
  readonly store: BlockStore;
};

/** What is kept of a block. `wireIds`: those of the payloads, if already known. */
export function chainBlock(
  block: Block,
  hash: Uint8Array,
  bytes: Uint8Array,
  wireIds: readonly Uint8Array[] = block.payloads.map(wireId),
): ChainBlock {
  return {
    hash,
    key: idKey(hash),
    header: block.header,
    wireIds,
    ids: wireIds.map(idKey),
    transactions: block.payloads.filter((payload) => payload[0] === PAYLOAD.transaction).length,
    bytes,
  };
}

/** The chain at height 0. The header's root is not used: nothing carries height 0 but by `roots`. */
export function createChain(built: BuiltGenesis, store: BlockStore): Chain {
  const tip: ChainBlock = {
    hash: built.chainId,
    key: idKey(built.chainId),
    header: genesisHeader(built, ZERO_32),
    wireIds: [],
    ids: [],
    transactions: 0,
    bytes: undefined,
  };
  const chain: Chain = {
    tip,
    executed: height(0),
    chainId: built.chainId,
    blocks: new Map([[tip.key, tip]]),
    configs: new Map(),
    configHashes: new Map(),
    epochEnds: new Map(),
    roots: new Map(),
    store,
  };
  for (const config of built.configs) addConfig(chain, config);
  return chain;
}

export function addConfig(chain: Chain, config: EpochConfig): void {
  if (chain.configs.has(config.epoch)) return;
  chain.configs.set(config.epoch, config);
  chain.configHashes.set(config.epoch, epochConfigHash(config));
  const oldest = currentEpoch(chain) - KEPT_CONFIGS;
  for (const known of [...chain.configs.keys()]) {
    if (known >= oldest) continue;
    chain.configs.delete(known);
    chain.configHashes.delete(known);
  }
}

export function addRoots(chain: Chain, roots: CheckpointRoots): void {
  chain.roots.set(roots.height, roots);
  const oldest = roots.height - KEPT_ROOTS * CARRIED_ROOT_INTERVAL;
  for (const known of [...chain.roots.keys()]) if (known < oldest) chain.roots.delete(known);
}

/** Epoch of the next block: after the last block of an epoch the next one. */
export function currentEpoch(chain: Chain): Epoch {
  const { header } = chain.tip;
  const config = chain.configs.get(header.epoch);
  const over = header.height > 0 && config !== undefined && isEpochLast(header, config);
  return over ? epoch(header.epoch + 1) : header.epoch;
}

/** Configs of the previous, the current and the next epoch, as far as known. */
export function configsInForce(chain: Chain): EpochConfig[] {
  const running = currentEpoch(chain);
  return [running - 1, running, running + 1].flatMap((of) => {
    const config = of < 0 ? undefined : chain.configs.get(epoch(of));
    return config ? [config] : [];
  });
}

/** A block by hash: from memory, else from disk. */
export async function loadBlock(chain: Chain, hash: Uint8Array): Promise<ChainBlock | undefined> {
  const known = chain.blocks.get(idKey(hash));
  if (known) return known;
  const stored = await chain.store.block(hash);
  if (!stored) return undefined;
  const block = chainBlock(stored.block, hash, stored.bytes);
  if (block.header.height > chain.tip.header.height - KEPT_FINAL)
    chain.blocks.set(block.key, block);
  return block;
}

/** Moves the tip up; forgets what is far below, and what lost against it. */
export function setTip(chain: Chain, tip: ChainBlock): void {
  assert(tip.header.height > chain.tip.header.height, 'the final tip only rises');
  chain.tip = tip;
  for (const [key, block] of [...chain.blocks]) {
    if (block.header.height <= tip.header.height - KEPT_FINAL) chain.blocks.delete(key);
  }
  for (const of of [...chain.epochEnds.keys()]) {
    if (of < tip.header.epoch - KEPT_CONFIGS) chain.epochEnds.delete(of);
  }
}

/** Result that a block at `at` carries; undefined when this node has not executed that far. */
export function carriedResult(chain: Chain, at: Height): Executed | undefined {
  return chain.roots.get(carriedHeight(at));
}

/**
 * The `nextConfig` of a block of epoch `of` at `at`: 32 zero bytes until the carried height reaches
 * the last block of the epoch before; undefined when it should be known and is not yet.
 */
export function carriedNextConfig(chain: Chain, of: Epoch, at: Height): Uint8Array | undefined {
  if (of > 0) {
    const end = chain.epochEnds.get(epoch(of - 1));
    if (end === undefined) return undefined;
    if (carriedHeight(at) < end) return ZERO_32;
  }
  return chain.configHashes.get(epoch(of + 1));
}

/** Blocks from `from` down to, and without, the first at or below `floor`; those in memory. */
export function* ancestors(chain: Chain, from: ChainBlock, floor: number): Generator<ChainBlock> {
  let block: ChainBlock | undefined = from;
  while (block && block.header.height > floor) {
    yield block;
    block = chain.blocks.get(idKey(block.header.parent));
  }
}

/** Whether a block is the last of its epoch. Its config must be known. */
export function isLastOfEpoch(chain: Chain, header: Header): boolean {
  const config = chain.configs.get(header.epoch);
  assert(config !== undefined, `the config of epoch ${header.epoch} is known`);
  return isEpochLast(header, config);
}

/** Whether `hash` is the final tip. */
export function isTip(chain: Chain, hash: Uint8Array): boolean {
  return equalBytes(chain.tip.hash, hash);
}
