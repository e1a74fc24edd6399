/** A network that tells of everything that leaves through it, before it leaves. */
import type { Network } from '../../../p2p/network.ts';

export type Outgoing = {
  readonly kind: 'consensus' | 'gossip' | 'request';
  /** Consensus key, topic, or method and peer; empty for a broadcast. */
  readonly to: string;
  readonly bytes: Uint8Array;
};

export function tapNetwork(network: Network, onOutgoing: (outgoing: Outgoing) => void): Network {
  return {
    start: (handlers) => network.start(handlers),
    stop: (deadlineMs) => network.stop(deadlineMs),
    setValidators: (configs) => network.setValidators(configs),
    sendConsensus(to, message) {
      onOutgoing({ kind: 'consensus', to, bytes: message.bytes });
      network.sendConsensus(to, message);
    },
    broadcastConsensus(message) {
      onOutgoing({ kind: 'consensus', to: '', bytes: message.bytes });
      network.broadcastConsensus(message);
    },
    publish(topic, bytes) {
      onOutgoing({ kind: 'gossip', to: topic, bytes });
      network.publish(topic, bytes);
    },
    request(peer, method, bytes, timeoutMs) {
      onOutgoing({ kind: 'request', to: `${method} ${peer}`, bytes });
      return network.request(peer, method, bytes, timeoutMs);
    },
    peers: () => network.peers(),
    penalise: (peer, points, reason) => network.penalise(peer, points, reason),
  };
}
