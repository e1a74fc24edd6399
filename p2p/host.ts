/**
 * The libp2p host: TCP, noise, yamux, identify, gossipsub, each with its bounds.
 *
 * Deviations from the libraries' defaults, with the reason:
 * - identify runs when we say so, after the handshake: what it announces makes gossipsub open
 *   streams, and nothing is exchanged with a peer that has not shaken hands;
 * - inbound gossip streams wait at a gate for the handshake (`libp2p.use()` cannot do that: its
 *   middleware array grows with every stream);
 * - gossipsub signs nothing: payloads carry their own signatures, blocks their certificates;
 * - no scoring inside gossipsub: one score per peer, in `scores.ts`;
 * - yamux windows stop at 1 MiB and buffers are bounded.
 */
import { createHash } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  StrictNoSign,
} from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import type { Connection, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface';
import { createLibp2p } from 'libp2p';
import { corkedTcp } from './corked-tcp.ts';
import { guardedYamux } from './guarded-yamux.ts';
import {
  DIAL_TIMEOUT_MS,
  GOSSIP_IDONTWANT_BYTES,
  GOSSIP_MESH_PEERS,
  HANDSHAKE_DEADLINE_MS,
  MAX_CONNECTIONS,
  MAX_GOSSIP_BUFFER_BYTES,
  MAX_INBOUND_CONNECTIONS_PER_S,
  MAX_PENDING_CONNECTIONS,
  MAX_STREAM_READ_BUFFER_BYTES,
  MAX_STREAM_WINDOW_BYTES,
  MAX_STREAM_WRITE_BUFFER_BYTES,
  MAX_STREAMS_PER_CONNECTION,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
} from './limits.ts';
import { MAX_GOSSIP_BYTES } from './messages.ts';

/** A started libp2p with the services this network uses. */
export type Host = Libp2p<{ identify: Identify; gossip: GossipSub & GossipValidation }>;

/** What gossipsub has and its interface does not name. */
export type GossipValidation = {
  reportMessageValidationResult(
    messageId: string,
    source: string,
    verdict: 'accept' | 'ignore' | 'reject',
  ): void;
};

export type HostOptions = {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  /** Names of the gossip topics; no other is accepted. */
  readonly topics: readonly string[];
  /** Whether a connection from or to this peer is refused outright. */
  readonly refusesPeer: (peer: string) => boolean;
  /** Resolves with whether the connection's peer has shaken hands. */
  readonly admitted: (connection: Connection) => Promise<boolean>;
};

/** First 20 bytes of SHA-256(topic ‖ 0 ‖ data): same content, same id, whoever sent it. */
function messageId(message: { readonly topic: string; readonly data: Uint8Array }): Uint8Array {
  const hash = createHash('sha256').update(message.topic).update('\0').update(message.data);
  return hash.digest().subarray(0, 20);
}

type StreamHandler = (stream: Stream, connection: Connection) => void | Promise<void>;

/** Gossipsub with a registrar that lets streams through after the handshake only. */
function gatedGossipsub(options: HostOptions) {
  return (components: GossipSubComponents): GossipSub & GossipValidation => {
    const { registrar } = components;
    const gate =
      (handler: StreamHandler): StreamHandler =>
      async (stream, connection) => {
        if (await options.admitted(connection)) await handler(stream, connection);
        else stream.abort(new Error('no handshake'));
      };
    const gated = new Proxy(registrar, {
      get(target, property) {
        if (property === 'handle') {
          const handle: typeof registrar.handle = (protocol, handler, handlerOptions) =>
            registrar.handle(protocol, gate(handler), handlerOptions);
          return handle;
        }
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const service = gossipsub({
      globalSignaturePolicy: StrictNoSign,
      msgIdFn: messageId,
      allowedTopics: [...options.topics],
      asyncValidation: true,
      // Own messages go to every peer at once: one hop. The mesh carries them further.
      floodPublish: true,
      batchPublish: true,
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      fallbackToFloodsub: false,
      D: GOSSIP_MESH_PEERS,
      Dlo: 2,
      Dhi: 6,
      Dscore: 2,
      Dout: 1,
      Dlazy: 4,
      heartbeatInterval: 1_000,
      // Messages kept for repetition, in heartbeats: `limits.ts` has the memory.
      mcacheLength: 3,
      mcacheGossip: 2,
      seenTTL: 60_000,
      maxInboundDataLength: MAX_GOSSIP_BYTES + 64 * 1_024,
      maxOutboundBufferSize: MAX_GOSSIP_BUFFER_BYTES,
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
      // Below it the word that a message is not wanted again costs more than its duplicates.
      idontwantMinDataSize: GOSSIP_IDONTWANT_BYTES,
      idontwantMaxMessages: 256,
      maxTopicBytesPerPeer: 16 * 1_024,
      tagMeshPeers: false,
      decodeRpcLimits: {
        maxSubscriptions: 8,
        maxMessages: 16,
        maxIhaveMessageIDs: 1_024,
        maxIwantMessageIDs: 1_024,
        maxIdontwantMessageIDs: 256,
        maxControlMessages: 16,
        maxPeerInfos: 0,
      },
      scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
    })({
      privateKey: components.privateKey,
      peerId: components.peerId,
      peerStore: components.peerStore,
      registrar: gated,
      connectionManager: components.connectionManager,
      logger: components.logger,
    });
    return service as GossipSub & GossipValidation;
  };
}

/** Creates a host, not started. Rejects when a listen address is malformed. */
export async function createHost(options: HostOptions): Promise<Host> {
  const refuses = (peer: PeerId): boolean => options.refusesPeer(peer.toString());
  return await createLibp2p({
    start: false,
    privateKey: options.privateKey,
    addresses: { listen: [...options.listen] },
    transports: [
      corkedTcp({
        maxConnections: MAX_CONNECTIONS,
        backlog: MAX_PENDING_CONNECTIONS,
        listenOpts: { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 },
        dialOpts: { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 },
      }),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [
      guardedYamux({
        maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        maxEarlyStreams: 4,
        streamOptions: {
          maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES,
          maxReadBufferLength: MAX_STREAM_READ_BUFFER_BYTES,
          maxWriteBufferLength: MAX_STREAM_WRITE_BUFFER_BYTES,
        },
      }),
    ],
    connectionGater: {
      denyInboundEncryptedConnection: refuses,
      denyOutboundEncryptedConnection: refuses,
      denyDialPeer: refuses,
    },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: MAX_INBOUND_CONNECTIONS_PER_S,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      dialTimeout: DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: HANDSHAKE_DEADLINE_MS,
      inboundStreamProtocolNegotiationTimeout: HANDSHAKE_DEADLINE_MS,
      outboundStreamProtocolNegotiationTimeout: HANDSHAKE_DEADLINE_MS,
      reconnectRetries: 0,
    },
    // Finds peers that are gone without a word; TCP alone takes a quarter of an hour.
    connectionMonitor: {
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: PING_TIMEOUT_MS },
    },
    services: {
      identify: identify({ runOnConnectionOpen: false, timeout: HANDSHAKE_DEADLINE_MS }),
      gossip: gatedGossipsub(options),
    },
  });
}
