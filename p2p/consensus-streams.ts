/**
 * `/miletus/consensus/1`: votes, certificates and proposals between validators in force.
 *
 * Each validator keeps one outbound stream to every other, dials by the addresses of `EpochConfig`
 * and reconnects for ever, 100 ms to 2 s apart. Frames of `frames.ts`; an empty frame is a
 * heartbeat, which the receiver returns on the same stream: a validator that is silent for 20 s is
 * disconnected and dialed again.
 *
 * A message leaves in the turn in which it was given, unless others wait. What waits is bounded by
 * `ConsensusQueue`; what was handed to a stream that breaks is lost, and consensus asks again.
 */
import type { Connection, Stream } from '@libp2p/interface';
import type { Log } from '../node/ports.ts';
import { ConsensusQueue } from './consensus-queue.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import type { Host } from './host.ts';
import {
  type Bucket,
  CONSENSUS_BYTES_RATE,
  CONSENSUS_MESSAGES_RATE,
  CONSENSUS_STREAM_HIGH_WATER_BYTES,
  DIAL_STAGGER_MS,
  DIAL_TIMEOUT_MS,
  fullBucket,
  HEARTBEAT_DEADLINE_MS,
  HEARTBEAT_INTERVAL_MS,
  MAX_CONSENSUS_FRAME_BYTES,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  take,
} from './limits.ts';
import type { CountEvent } from './metrics.ts';
import type { PeerId } from './network.ts';
import type { Peers } from './peers.ts';
import { abortConnection, abortStream, describeError, listen, sendOn } from './streams.ts';

export const CONSENSUS_PROTOCOL = '/miletus/consensus/1';

const HEARTBEAT: Uint8Array = encodeFrame(new Uint8Array(0));

/** A validator in force, other than this node. */
export type ValidatorTarget = {
  /** Hex. */
  readonly consensusKey: string;
  readonly peer: PeerId;
  /** Multiaddrs, first choice first; with or without `/p2p/`. */
  readonly addresses: readonly string[];
};

export type ConsensusStreamsOptions = {
  readonly host: Host;
  readonly self: PeerId;
  readonly peers: Peers;
  readonly log: Log;
  readonly count: CountEvent;
  readonly dial: (peer: PeerId, addresses: readonly string[]) => Promise<Connection>;
  readonly onMessage: (consensusKey: string, bytes: Uint8Array, peer: PeerId) => void;
  readonly penalise: (peer: PeerId, points: number, reason: string) => void;
};

/** The outbound side to one validator. */
type Link = {
  readonly target: ValidatorTarget;
  readonly queue: ConsensusQueue;
  stream: Stream | undefined;
  connection: Connection | undefined;
  connecting: boolean;
  retry: NodeJS.Timeout | undefined;
  retryMs: number;
  heardAtMs: number;
  closed: boolean;
};

/** The inbound side from one validator. */
type Inbound = {
  readonly stream: Stream;
  readonly consensusKey: string;
  messages: Bucket;
  bytes: Bucket;
  heartbeatAtMs: number;
};

export class ConsensusStreams {
  readonly #options: ConsensusStreamsOptions;
  /** By consensus key. */
  readonly #links: Map<string, Link> = new Map();
  readonly #inbound: Map<PeerId, Inbound> = new Map();
  #inForce: ReadonlySet<string> = new Set();
  #heartbeats: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ConsensusStreamsOptions) {
    this.#options = options;
  }

  /** Serves the protocol. */
  async start(): Promise<void> {
    await this.#options.host.handle(
      CONSENSUS_PROTOCOL,
      (stream, connection) => this.#accept(stream, connection),
      { maxInboundStreams: 2, maxOutboundStreams: 2 },
    );
    this.#heartbeats = setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#heartbeats);
    for (const link of this.#links.values()) this.#closeLink(link);
    this.#links.clear();
    for (const { stream } of this.#inbound.values()) abortStream(stream, 'node stops');
    this.#inbound.clear();
  }

  /** Whom to keep a stream to, and which consensus keys (hex) may open one. */
  setValidators(targets: readonly ValidatorTarget[], inForce: ReadonlySet<string>): void {
    this.#inForce = inForce;
    const byKey = new Map(targets.map((target) => [target.consensusKey, target]));
    for (const [key, link] of this.#links) {
      const target = byKey.get(key);
      if (target !== undefined && sameTarget(target, link.target)) continue;
      this.#closeLink(link);
      this.#links.delete(key);
    }
    for (const [key, target] of byKey) {
      if (!this.#links.has(key)) this.#openLink(target);
    }
    for (const [peer, inbound] of this.#inbound) {
      if (inForce.has(inbound.consensusKey)) continue;
      abortStream(inbound.stream, 'validator is no longer in force');
      this.#inbound.delete(peer);
    }
  }

  /** See `Network.sendConsensus`. A key without a link is no validator in force: nothing is sent. */
  send(consensusKey: string, message: { bytes: Uint8Array; view: number }): void {
    const link = this.#links.get(consensusKey);
    if (link !== undefined) this.#sendFrame(link, encodeFrame(message.bytes), message.view);
  }

  /** One frame, shared by all links. */
  broadcast(message: { bytes: Uint8Array; view: number }): void {
    const frame = encodeFrame(message.bytes);
    for (const link of this.#links.values()) this.#sendFrame(link, frame, message.view);
  }

  /** A peer has shaken hands: a link that waits to dial it need not wait. */
  onConnected(peer: PeerId): void {
    for (const link of this.#links.values()) {
      if (link.target.peer !== peer || link.connecting || link.stream !== undefined) continue;
      clearTimeout(link.retry);
      void this.#connect(link);
    }
  }

  /** Bytes that wait in queues, and how many outbound streams are open. */
  usage(): { readonly queuedBytes: number; readonly openStreams: number } {
    const links = [...this.#links.values()];
    return {
      queuedBytes: links.reduce((sum, { queue }) => sum + queue.bytes, 0),
      openStreams: links.filter(({ stream }) => stream !== undefined).length,
    };
  }

  #openLink(target: ValidatorTarget): void {
    const link: Link = {
      target,
      queue: new ConsensusQueue(),
      stream: undefined,
      connection: undefined,
      connecting: false,
      retry: undefined,
      retryMs: RECONNECT_MIN_MS,
      heardAtMs: 0,
      closed: false,
    };
    this.#links.set(target.consensusKey, link);
    const staggerMs = this.#options.self < target.peer ? 0 : DIAL_STAGGER_MS;
    const connected = this.#options.peers.get(target.peer) !== undefined;
    link.retry = setTimeout(() => void this.#connect(link), connected ? 0 : staggerMs);
  }

  #closeLink(link: Link): void {
    link.closed = true;
    clearTimeout(link.retry);
    link.queue.clear();
    if (link.stream !== undefined) abortStream(link.stream, 'link closed');
    link.stream = undefined;
  }

  #retryLater(link: Link): void {
    if (link.closed || this.#stopped) return;
    clearTimeout(link.retry);
    link.retry = setTimeout(() => void this.#connect(link), link.retryMs);
    link.retryMs = Math.min(2 * link.retryMs, RECONNECT_MAX_MS);
  }

  async #connect(link: Link): Promise<void> {
    if (link.closed || link.connecting || link.stream !== undefined) return;
    link.connecting = true;
    try {
      const stream = await this.#openStream(link);
      link.connecting = false;
      if (link.closed) abortStream(stream, 'link closed');
      else this.#attach(link, stream);
    } catch (error) {
      link.connecting = false;
      const facts = { peer: link.target.peer, error: describeError(error) };
      this.#options.log.debug(facts, 'no consensus stream to validator');
      this.#retryLater(link);
    }
  }

  /** Rejects when the validator cannot be reached, or another consensus key answers. */
  async #openStream(link: Link): Promise<Stream> {
    const { peers, dial } = this.#options;
    const { peer, addresses, consensusKey } = link.target;
    let connection = peers.get(peer)?.connection;
    if (connection === undefined) {
      connection = await dial(peer, addresses);
      if (!(await peers.admitted(connection))) throw new Error('handshake failed');
    }
    const proven = peers.get(peer)?.identity.consensusKey;
    if (proven !== consensusKey) {
      throw new Error(`peer proved consensus key ${proven ?? 'none'}, not ${consensusKey}`);
    }
    link.connection = connection;
    const signal = AbortSignal.timeout(DIAL_TIMEOUT_MS);
    return await connection.newStream(CONSENSUS_PROTOCOL, { signal, maxOutboundStreams: 2 });
  }

  #attach(link: Link, stream: Stream): void {
    link.stream = stream;
    link.heardAtMs = performance.now();
    const { peer } = link.target;
    listen(stream, {
      // Only heartbeats come back; what they say does not matter.
      onChunk: () => {
        link.heardAtMs = performance.now();
        link.retryMs = RECONNECT_MIN_MS;
      },
      onEnd: () => {
        if (link.stream !== stream) return;
        link.stream = undefined;
        abortStream(stream, 'peer ended the stream');
        if (link.closed) return;
        this.#options.log.info({ peer }, 'consensus stream to validator ended');
        this.#retryLater(link);
      },
    });
    if (link.stream !== stream) return;
    // Sending from within `idle` would only append to the stream's buffer, and nothing would flush it.
    stream.addEventListener('idle', () => queueMicrotask(() => this.#flush(link)));
    this.#options.log.info({ peer }, 'consensus stream to validator open');
    sendOn(stream, HEARTBEAT);
    this.#flush(link);
  }

  #sendFrame(link: Link, frame: Uint8Array, view: number): void {
    const { stream, queue } = link;
    const direct =
      stream !== undefined &&
      queue.length === 0 &&
      stream.writeBufferLength < CONSENSUS_STREAM_HIGH_WATER_BYTES;
    if (direct) {
      if (sendOn(stream, frame)) this.#options.count('consensus_sent');
      return;
    }
    const dropped = queue.push({ frame, view });
    if (dropped > 0) this.#options.count('consensus_dropped', dropped);
  }

  #flush(link: Link): void {
    const { stream, queue } = link;
    if (stream === undefined) return;
    while (stream.writeBufferLength < CONSENSUS_STREAM_HIGH_WATER_BYTES) {
      const next = queue.shift();
      if (next === undefined || !sendOn(stream, next.frame)) return;
      this.#options.count('consensus_sent');
    }
  }

  #beat(): void {
    const nowMs = performance.now();
    for (const link of this.#links.values()) {
      const { stream, connection } = link;
      if (stream === undefined) continue;
      if (nowMs - link.heardAtMs > HEARTBEAT_DEADLINE_MS) {
        this.#options.log.warn({ peer: link.target.peer }, 'validator does not answer heartbeats');
        // The stream ends with the connection, and `onEnd` dials again.
        if (connection !== undefined) abortConnection(connection, 'no heartbeat');
        abortStream(stream, 'no heartbeat');
      } else if (stream.writeBufferLength === 0) {
        sendOn(stream, HEARTBEAT);
      }
    }
  }

  async #accept(stream: Stream, connection: Connection): Promise<void> {
    const { peers, penalise } = this.#options;
    const peer = connection.remotePeer.toString();
    if (!(await peers.admitted(connection))) {
      abortStream(stream, 'no handshake');
      return;
    }
    const consensusKey = peers.get(peer)?.identity.consensusKey;
    if (consensusKey === undefined || !this.#inForce.has(consensusKey)) {
      abortStream(stream, 'no validator in force');
      // A validator that left the set, or enters it, may be an epoch apart for a moment.
      penalise(peer, consensusKey === undefined ? 25 : 1, 'consensus stream of no validator');
      return;
    }
    const earlier = this.#inbound.get(peer);
    const nowMs = performance.now();
    const inbound: Inbound = {
      stream,
      consensusKey,
      messages: earlier?.messages ?? fullBucket(CONSENSUS_MESSAGES_RATE, nowMs),
      bytes: earlier?.bytes ?? fullBucket(CONSENSUS_BYTES_RATE, nowMs),
      heartbeatAtMs: 0,
    };
    this.#inbound.set(peer, inbound);
    // A peer that lost its stream and opened another may be faster than the news of the loss.
    if (earlier !== undefined) abortStream(earlier.stream, 'replaced');
    this.#read(inbound, peer);
  }

  #read(inbound: Inbound, peer: PeerId): void {
    const { penalise } = this.#options;
    const { stream } = inbound;
    const reader = new FrameReader(MAX_CONSENSUS_FRAME_BYTES);
    let over = false;
    listen(stream, {
      onChunk: (chunk) => {
        if (over) return;
        const pushed = reader.push(chunk, (payload) => {
          this.#receive(inbound, payload, peer);
          return 'continue';
        });
        if (pushed === 'ok') return;
        over = true;
        this.#options.count('consensus_refused');
        penalise(peer, 50, `consensus frame above ${MAX_CONSENSUS_FRAME_BYTES} bytes`);
        abortStream(stream, 'frame too long');
      },
      onEnd: () => {
        if (this.#inbound.get(peer) === inbound) this.#inbound.delete(peer);
        // Still open: the peer itself ended it. A crash or a lost connection is nobody's fault.
        if (!over && stream.status === 'open' && !reader.atBoundary) {
          penalise(peer, 5, 'consensus stream ended within a frame');
        }
        abortStream(stream, 'peer ended the stream');
      },
    });
  }

  #receive(inbound: Inbound, payload: Uint8Array, peer: PeerId): void {
    const nowMs = performance.now();
    if (payload.length === 0) {
      // At most one answer a second, and none to a peer that does not read them.
      if (nowMs - inbound.heartbeatAtMs < 1_000 || inbound.stream.writeBufferLength > 0) return;
      inbound.heartbeatAtMs = nowMs;
      sendOn(inbound.stream, HEARTBEAT);
      return;
    }
    const messages = take(inbound.messages, CONSENSUS_MESSAGES_RATE, 1, nowMs);
    const bytes = take(inbound.bytes, CONSENSUS_BYTES_RATE, payload.length, nowMs);
    inbound.messages = messages.bucket;
    inbound.bytes = bytes.bucket;
    if (!messages.taken || !bytes.taken) {
      this.#options.count('consensus_refused');
      this.#options.penalise(peer, 1, 'flood on a consensus stream');
      return;
    }
    this.#options.count('consensus_received');
    this.#options.onMessage(inbound.consensusKey, payload, peer);
  }
}

function sameTarget(a: ValidatorTarget, b: ValidatorTarget): boolean {
  return a.peer === b.peer && a.addresses.join() === b.addresses.join();
}
