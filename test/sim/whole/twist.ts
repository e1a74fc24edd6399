/**
 * The network of an adversary's node: what leaves is twisted by its `Behaviour`, and so are its answers
 * to whoever asks it for certificates, bodies and blocks.
 */
import { type ConsensusMessage, ConsensusMessageCodec } from '../../../consensus/messages.ts';
import {
  BlocksAnswerCodec,
  CertificatesAnswerCodec,
  PayloadsAnswerCodec,
} from '../../../p2p/messages.ts';
import type { Network, RequestMethod } from '../../../p2p/network.ts';
import type { Block } from '../../../runtime/block.ts';
import { ok, type Result } from '../../../runtime/core/result.ts';
import type { Behaviour } from '../adversaries/adversary.ts';
import { machineOfPeer } from '../network.ts';

/** The messages it sends have no view to be ordered by: nothing is queued in the simulator. */
const NO_VIEW = 0;

function decoded(bytes: Uint8Array): ConsensusMessage {
  const message = ConsensusMessageCodec.decode(bytes);
  if (!message.ok) throw new Error('a node sent what does not decode');
  return message.value;
}

function twistBlocks(behaviour: Behaviour, to: number, blocks: readonly Block[]): Block[] {
  return blocks.flatMap((block) => {
    const header = behaviour.header ? behaviour.header(to, block.header) : block.header;
    return header ? [{ ...block, header }] : [];
  });
}

/** An answer as the adversary gives it. */
function twistAnswer(
  behaviour: Behaviour,
  to: number,
  method: RequestMethod,
  bytes: Uint8Array,
): Uint8Array {
  switch (method) {
    case 'certificates': {
      const held = CertificatesAnswerCodec.decode(bytes);
      if (!held.ok || !behaviour.certificates) return bytes;
      return CertificatesAnswerCodec.encode([...behaviour.certificates(to, held.value)]);
    }
    case 'blocks': {
      const answer = BlocksAnswerCodec.decode(bytes);
      if (!answer.ok) return bytes;
      const { finalization } = answer.value;
      return BlocksAnswerCodec.encode({
        blocks: twistBlocks(behaviour, to, answer.value.blocks),
        finalization: [...(behaviour.certificates?.(to, finalization) ?? finalization)].slice(0, 1),
      });
    }
    case 'payloads': {
      const answer = PayloadsAnswerCodec.decode(bytes);
      if (!answer.ok) return bytes;
      const blocks = twistBlocks(behaviour, to, answer.value.blocks);
      return PayloadsAnswerCodec.encode({ ...answer.value, blocks });
    }
    case 'status':
      return bytes;
  }
}

/** `keys`: the consensus key (hex) of each machine that has one. */
export function twistNetwork(
  network: Network,
  behaviour: Behaviour,
  keys: readonly (string | undefined)[],
): Network {
  // One object for the receivers of one broadcast: adversaries remember what they made of it.
  const memory = new WeakMap<Uint8Array, ConsensusMessage>();
  const messageOf = (bytes: Uint8Array): ConsensusMessage => {
    const message = memory.get(bytes) ?? decoded(bytes);
    memory.set(bytes, message);
    return message;
  };
  const send = (to: number, bytes: Uint8Array): void => {
    const key = keys[to];
    if (!key) return;
    const message = messageOf(bytes);
    for (const one of behaviour.outgoing?.(to, message) ?? [message]) {
      const sent = one === message ? bytes : ConsensusMessageCodec.encode(one);
      network.sendConsensus(key, { bytes: sent, view: NO_VIEW });
    }
  };
  return {
    ...network,
    start: (handlers) =>
      network.start({
        ...handlers,
        onConsensus(key, bytes, peer) {
          const message = ConsensusMessageCodec.decode(bytes);
          const isTaken =
            !message.ok || behaviour.incoming?.(machineOfPeer(peer), message.value) !== false;
          if (isTaken) handlers.onConsensus(key, bytes, peer);
        },
        async onRequest(method, bytes, peer): Promise<Result<Uint8Array, string>> {
          const answer = await handlers.onRequest(method, bytes, peer);
          if (!answer.ok) return answer;
          return ok(twistAnswer(behaviour, machineOfPeer(peer), method, answer.value));
        },
      }),
    sendConsensus: (key, { bytes }) => send(keys.indexOf(key), bytes),
    broadcastConsensus({ bytes }) {
      for (const [to] of keys.entries()) send(to, bytes);
    },
  };
}
