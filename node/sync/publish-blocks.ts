/**
 * Gossip of final blocks, for nodes that do not validate. Validators have every block already, so
 * one of them that has no such peer stays silent; of the others the proposer speaks first, and the
 * rest only if it was not heard.
 */
import type { Certificate } from '../../consensus/messages.ts';
import { FinalizedBlockCodec, MAX_GOSSIP_BYTES } from '../../p2p/messages.ts';
import type { Network } from '../../p2p/network.ts';
import { BlockCodec } from '../../runtime/block.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { assert } from '../../runtime/core/result.ts';
import type { Chain, ChainBlock } from '../driver/chain.ts';
import type { Clock } from '../ports.ts';

/** A validator other than the proposer waits this long. */
const STAND_IN_MS = 200;
/** Heights remembered as heard. */
const HEARD_HEIGHTS = 256;

export type BlockPublisher = {
  /** The block, certified itself, became final here by consensus. */
  publish(block: ChainBlock, finalization: Certificate): void;
  /** A message was heard on gossip. */
  heard(message: Uint8Array): void;
};

/**
 * Height of an encoded `FinalizedBlock` without decoding it: its first offset leads to the block,
 * which begins with its header, and that with its height. 0 when the bytes are none.
 */
function heightOf(message: Uint8Array): number {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const block = message.length >= 8 ? view.getUint32(0, true) : message.length;
  return block + 8 <= message.length ? Number(view.getBigUint64(block, true)) : 0;
}

export function createBlockPublisher(options: {
  readonly chain: Chain;
  readonly network: Pick<Network, 'peers' | 'publish'>;
  readonly clock: Clock;
  /** Consensus key of this node now, hex. */
  readonly ownKey: () => string | undefined;
}): BlockPublisher {
  const { chain, network, clock, ownKey } = options;
  const heard = new Set<number>();

  const hasFollowers = (): boolean => {
    const config = chain.configs.get(chain.tip.header.epoch);
    const keys = new Set(config?.validators.map(({ consensusKey }) => toHex(consensusKey)));
    return network.peers().some(({ consensusKey }) => !consensusKey || !keys.has(consensusKey));
  };

  /** Own messages count as heard: a node whose peers are all silent must forget them as well. */
  const note = (height: number): void => {
    heard.add(height);
    for (const old of heard) {
      if (heard.size <= HEARD_HEIGHTS) break;
      heard.delete(old);
    }
  };

  const send = (bytes: Uint8Array, height: number): void => {
    if (heard.has(height) || bytes.length > MAX_GOSSIP_BYTES) return;
    note(height);
    network.publish('blocks', bytes);
  };

  return {
    publish({ header, bytes }, finalization) {
      if (!bytes || !hasFollowers()) return;
      const block = BlockCodec.decode(bytes);
      assert(block.ok, 'a final block decodes');
      const message = FinalizedBlockCodec.encode({ block: block.value, finalization });
      const proposer = chain.configs.get(header.epoch)?.validators[header.proposer];
      const isProposer = proposer !== undefined && toHex(proposer.consensusKey) === ownKey();
      if (isProposer) send(message, header.height);
      else clock.setTimer(STAND_IN_MS, () => send(message, header.height));
    },
    heard: (message) => note(heightOf(message)),
  };
}
