/**
 * Getting the bodies of a proposed or certified block: from the mempool, else from others.
 *
 * What is fetched is checked against what the block commits to: a payload by its wire id, a block by
 * its hash and its root. Peers are asked in turn; every request has a deadline.
 */

import {
  type PayloadsAnswer,
  PayloadsAnswerCodec,
  type PayloadsRequest,
  PayloadsRequestCodec,
} from '../../p2p/messages.ts';
import type { Network, PeerId } from '../../p2p/network.ts';
import { type Block, blockHash, transactionsRoot, wireId } from '../../runtime/block.ts';
import { equalBytes, toHex } from '../../runtime/core/bytes.ts';
import type { ValidatorIndex } from '../../runtime/core/units.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import type { Metrics } from '../metrics.ts';
import type { Clock } from '../ports.ts';
import { idKey } from '../storage/keys.ts';

/** A peer has this long to send bodies: a full block takes a second at 32 Mbit/s. */
const FETCH_TIMEOUT_MS = 1_500;
/** Between two rounds over all peers. */
const FETCH_PAUSE_MS = 200;
const MALFORMED_POINTS = 20;

export type Bodies = {
  /**
   * Payloads of these wire ids, in order; asks `first`, then the rest, again and again while
   * `wanted` says so. `undefined` when no longer wanted.
   */
  collect(options: {
    readonly hash: Uint8Array;
    readonly wireIds: readonly Uint8Array[];
    readonly first: readonly PeerId[];
    readonly wanted: () => boolean;
  }): Promise<Uint8Array[] | undefined>;
  /** The whole block with this hash, its body checked against its header. */
  fetchBlock(options: {
    readonly hash: Uint8Array;
    readonly first: readonly PeerId[];
    readonly wanted: () => boolean;
  }): Promise<Block | undefined>;
};

export type BodiesOptions = {
  /** SSZ of a payload that is here, checked or not, by `idKey` of its wire id. */
  readonly payload: (key: string) => Uint8Array | undefined;
  readonly network: Pick<Network, 'peers' | 'request' | 'penalise'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
};

/** Peer ids of validators of an epoch, as far as connected. */
export function peersOfValidators(
  network: Pick<Network, 'peers'>,
  config: EpochConfig,
  validators: readonly ValidatorIndex[],
): PeerId[] {
  const byKey = new Map(network.peers().map(({ consensusKey, peer }) => [consensusKey, peer]));
  return validators.flatMap((index) => {
    const key = config.validators[index]?.consensusKey;
    const peer = key && byKey.get(toHex(key));
    return peer === undefined ? [] : [peer];
  });
}

function hasBody(block: Block): boolean {
  return equalBytes(transactionsRoot(block.payloads.map(wireId)), block.header.transactionsRoot);
}

export function createBodies(options: BodiesOptions): Bodies {
  const { payload, network, clock, metrics } = options;

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimer(FETCH_PAUSE_MS, resolve);
    });

  /** `first`, then every other peer. */
  const inTurn = (first: readonly PeerId[]): PeerId[] => [
    ...new Set([...first, ...network.peers().map(({ peer }) => peer)]),
  ];

  const ask = async (
    peer: PeerId,
    request: PayloadsRequest,
  ): Promise<PayloadsAnswer | undefined> => {
    const bytes = PayloadsRequestCodec.encode(request);
    const answer = await network.request(peer, 'payloads', bytes, FETCH_TIMEOUT_MS);
    if (!answer.ok) return undefined;
    const decoded = PayloadsAnswerCodec.decode(answer.value);
    if (decoded.ok) return decoded.value;
    network.penalise(peer, MALFORMED_POINTS, 'malformed answer to payloads');
    return undefined;
  };

  return {
    async collect({ hash, wireIds, first, wanted }) {
      const keys = wireIds.map(idKey);
      const found = new Map<string, Uint8Array>();
      const missing = (): Uint8Array[] =>
        wireIds.filter((_, index) => {
          const key = keys[index] ?? '';
          if (found.has(key)) return false;
          const held = payload(key);
          if (held) found.set(key, held);
          return !held;
        });
      let lacking = missing();
      while (lacking.length > 0) {
        for (const peer of inTurn(first)) {
          if (!wanted()) return undefined;
          const answer = await ask(peer, { block: hash, wireIds: lacking });
          for (const bytes of answer?.payloads ?? []) found.set(idKey(wireId(bytes)), bytes);
          metrics.count('bodies_fetched', answer?.payloads.length ?? 0);
          lacking = missing();
          if (lacking.length === 0) break;
        }
        if (!wanted()) return undefined;
        if (lacking.length > 0) await pause();
      }
      return keys.map((key) => found.get(key) ?? new Uint8Array(0));
    },
    async fetchBlock({ hash, first, wanted }) {
      for (;;) {
        for (const peer of inTurn(first)) {
          if (!wanted()) return undefined;
          const answer = await ask(peer, { block: hash, wireIds: [] });
          const block = answer?.blocks[0];
          if (block && equalBytes(blockHash(block.header), hash) && hasBody(block)) return block;
          if (block) network.penalise(peer, MALFORMED_POINTS, 'another block than asked for');
        }
        if (!wanted()) return undefined;
        await pause();
      }
    },
  };
}
