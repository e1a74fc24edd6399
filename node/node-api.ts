/** `NodeApi` over the parts of a node. */
import { genesisConfigs } from '../genesis/build-state.ts';
import { type Genesis, GenesisCodec } from '../genesis/document.ts';
import { FinalizedBlockCodec } from '../p2p/messages.ts';
import type { Network } from '../p2p/network.ts';
import { assert, err, type Result } from '../runtime/core/result.ts';
import type { Epoch, Height } from '../runtime/core/units.ts';
import { type EpochConfig, EpochConfigCodec } from '../runtime/epoch-config.ts';
import { ReceiptCodec, ReceiptsCodec } from '../runtime/receipt.ts';
import type {
  BlockNotice,
  EpochRecord,
  NodeApi,
  NodeStatus,
  SubmitError,
  Submitted,
  TransactionStatus,
} from './api.ts';
import { type Chain, configsInForce, currentEpoch } from './driver/chain.ts';
import type { ConsensusDriver } from './driver/consensus-driver.ts';
import { viewOf } from './driver/engine-runner.ts';
import type { Halted } from './driver/halt.ts';
import type { Admission } from './mempool/admission.ts';
import type { Mempool } from './mempool/mempool.ts';
import type { BlockStore } from './storage/block-store.ts';
import { EvidenceRecordsCodec } from './storage/evidence-record.ts';
import type { BlockSync } from './sync/block-sync.ts';

/** What answers are taken from. */
export type ApiParts = {
  readonly chain: Chain;
  readonly blocks: BlockStore;
  readonly mempool: Mempool;
  readonly admission: Admission;
  readonly consensus: ConsensusDriver;
  readonly sync: BlockSync;
};

export type NodeApiOptions = {
  /** Undefined before the node serves. */
  readonly parts: () => ApiParts | undefined;
  /** Whether new payloads are still taken. */
  readonly takes: () => boolean;
  readonly genesis: Genesis;
  readonly network: Pick<Network, 'peers'>;
  readonly query: NodeApi['query'];
  /** Hex of the consensus key. */
  readonly ownKey: () => string | undefined;
  readonly halted: () => Halted | undefined;
  /** Height of the final block that holds a transaction which is not executed yet. */
  readonly includedAt: (transactionId: Uint8Array) => Height | undefined;
  readonly listeners: Set<(notice: BlockNotice) => void>;
};

async function finalBlock(blocks: BlockStore, at: Height): Promise<Uint8Array | undefined> {
  const hash = await blocks.finalHash(at);
  const stored = hash && (await blocks.block(hash));
  const proof = await blocks.finalization(at);
  if (!stored || !proof) return undefined;
  return FinalizedBlockCodec.encode({ block: stored.block, finalization: proof.certificate });
}

async function epochRecord(
  { chain, blocks }: ApiParts,
  of: Epoch,
  genesis: readonly EpochConfig[],
): Promise<EpochRecord | undefined> {
  const known = chain.configs.get(of) ?? genesis.find((config) => config.epoch === of);
  const config = known === undefined ? await blocks.config(of) : EpochConfigCodec.encode(known);
  if (config === undefined) return undefined;
  const proof = await blocks.epochProof(of);
  return { config, header: proof?.header, finalization: proof?.finalization };
}

/** Where a transaction was executed, with its receipt. */
async function executed(
  blocks: BlockStore,
  id: Uint8Array,
): Promise<TransactionStatus | undefined> {
  const place = await blocks.transaction(id);
  const results = place && (await blocks.results(place.height));
  const receipts = results && ReceiptsCodec.decode(results.receipts);
  if (!place || !receipts?.ok) return undefined;
  const receipt = receipts.value[place.position];
  assert(receipt !== undefined, 'an indexed transaction has a receipt');
  return { kind: 'final', height: place.height, receipt: ReceiptCodec.encode(receipt) };
}

export function createNodeApi(options: NodeApiOptions): NodeApi {
  const { network, halted, listeners } = options;
  const genesisBytes = GenesisCodec.encode(options.genesis);

  const must = (): ApiParts => {
    const parts = options.parts();
    assert(parts !== undefined, 'the node is started');
    return parts;
  };

  const status = (): NodeStatus => {
    const { chain, consensus, mempool, sync } = must();
    const reason = halted();
    return {
      chainId: chain.chainId,
      finalizedHeight: chain.tip.header.height,
      executedHeight: chain.executed,
      epoch: currentEpoch(chain),
      view: viewOf(consensus.current()),
      timestamp: chain.tip.header.timestamp,
      syncing: sync.syncing,
      validator: options.ownKey(),
      halted: reason && `${reason.reason}: ${reason.detail}`,
      mempoolSize: mempool.size,
      peers: network.peers().length,
    };
  };

  const transaction = async (id: Uint8Array): Promise<TransactionStatus> => {
    const { blocks, mempool } = must();
    const final = await executed(blocks, id);
    if (final) return final;
    const at = options.includedAt(id);
    if (at !== undefined) return { kind: 'included', height: at };
    return mempool.hasTransaction(id) ? { kind: 'accepted' } : { kind: 'unknown' };
  };

  return {
    submit(payload): Promise<Result<Submitted, SubmitError>> {
      const parts = options.parts();
      if (parts && options.takes()) return parts.admission.submit(payload);
      const error = { field: '', given: 'starting or stopping', allowed: 'running', number: 0 };
      return Promise.resolve(err({ code: 'not_ready', ...error }));
    },
    status,
    peers: () => network.peers(),
    configs: () => configsInForce(must().chain),
    genesis: () => genesisBytes,
    epoch: (of) => epochRecord(must(), of, genesisConfigs(options.genesis)),
    block: (at) => finalBlock(must().blocks, at),
    results: (at) => must().blocks.results(at),
    transaction,
    evidence: async () => EvidenceRecordsCodec.encode(await must().blocks.evidence()),
    query: options.query,
    onBlock(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
