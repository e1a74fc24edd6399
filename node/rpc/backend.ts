/**
 * What the RPC server needs of its node: `NodeApi` with every answer a promise, because the server
 * runs in a thread of its own. In-process it is the api itself; across threads, `bridge.ts`.
 */

import type { PeerInfo } from '../../p2p/network.ts';
import type { Result } from '../../runtime/core/result.ts';
import type { Epoch, Height } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import type {
  BlockNotice,
  EpochRecord,
  NodeApi,
  NodeStatus,
  SubmitError,
  Submitted,
  TransactionStatus,
} from '../api.ts';

export interface RpcBackend {
  submit(payload: Uint8Array): Promise<Result<Submitted, SubmitError>>;
  status(): Promise<NodeStatus>;
  peers(): Promise<readonly PeerInfo[]>;
  configs(): Promise<readonly EpochConfig[]>;
  genesis(): Promise<Uint8Array>;
  epoch(number: Epoch): Promise<EpochRecord | undefined>;
  block(height: Height): Promise<Uint8Array | undefined>;
  results(height: Height): Promise<{ receipts: Uint8Array; events: Uint8Array } | undefined>;
  transaction(transactionId: Uint8Array): Promise<TransactionStatus>;
  evidence(): Promise<Uint8Array>;
  query(request: Uint8Array): Promise<Uint8Array>;
  /**
   * Delivers every block executed after the questions asked after this call were answered: so a
   * snapshot asked for afterwards and the blocks delivered leave no gap.
   */
  onBlock(listener: (notice: BlockNotice) => void): () => void;
}

/** The backend over an api in the same thread. */
export function localBackend(api: NodeApi): RpcBackend {
  return {
    submit: (payload) => api.submit(payload),
    status: async () => api.status(),
    peers: async () => api.peers(),
    configs: async () => api.configs(),
    genesis: async () => api.genesis(),
    epoch: (number) => api.epoch(number),
    block: (height) => api.block(height),
    results: (height) => api.results(height),
    transaction: (transactionId) => api.transaction(transactionId),
    evidence: () => api.evidence(),
    query: (request) => api.query(request),
    onBlock: (listener) => api.onBlock(listener),
  };
}
