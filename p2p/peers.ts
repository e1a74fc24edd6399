/**
 * Connections and the peers behind them: from the first byte to the handshake to the end.
 *
 * A connection is `pending` until its handshake is judged, then `ready` or closed. A peer is there
 * while one of its connections is ready. Everything else in this folder asks here whether a
 * connection may be used, and for whom it speaks.
 *
 * Invariant: each connection that opened is in `#sessions` until it closed, and holds one deadline.
 */
import type { Connection } from '@libp2p/interface';
import type { Log } from '../node/ports.ts';
import type { HandshakeRefusal, RemoteIdentity } from './handshake.ts';
import {
  GOSSIP_MESH_PEERS,
  HANDSHAKE_DEADLINE_MS,
  MAX_CONNECTIONS_PER_PEER,
  MAX_OTHER_PEERS,
} from './limits.ts';
import type { CountEvent } from './metrics.ts';
import type { PeerId } from './network.ts';
import { abortConnection, closeConnection } from './streams.ts';

/** One connection. */
export type Session = {
  readonly connection: Connection;
  readonly peer: PeerId;
  state: 'pending' | 'ready' | 'closed';
  identity: RemoteIdentity | undefined;
  readonly deadline: NodeJS.Timeout;
  /** Resolves with whether the session became ready. */
  readonly admitted: PromiseWithResolvers<boolean>;
};

/** A peer with at least one ready session. */
export type ConnectedPeer = {
  readonly peer: PeerId;
  readonly identity: RemoteIdentity;
  /** Oldest first. */
  readonly sessions: readonly Session[];
  /** The newest, and so the likeliest to be alive: the one to open streams on. */
  readonly connection: Connection;
};

export type PeersOptions = {
  readonly log: Log;
  readonly count: CountEvent;
  /** Whether the consensus key (hex) is of a validator in force. */
  readonly inForce: (consensusKey: string) => boolean;
  readonly onConnected: (peer: ConnectedPeer) => void;
  readonly onDisconnected: (peer: PeerId) => void;
  readonly penalise: (peer: PeerId, points: number, reason: string) => void;
};

/** Graceful closing lets the peer read why; what takes longer is reset. */
const CLOSE_TIMEOUT_MS = 1_000;

export class Peers {
  readonly #options: PeersOptions;
  /** By connection id. */
  readonly #sessions: Map<string, Session> = new Map();
  readonly #ready: Map<PeerId, Session[]> = new Map();
  /** Node versions that were logged; bounded, for peers choose the text. */
  readonly #loggedVersions: Set<string> = new Set();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /**
   * Takes note of a connection that opened. If the peer has too many, its oldest one goes: noise
   * vouches for the peer, and a peer that dials again has lost what it had.
   */
  open(connection: Connection): void {
    const peer = connection.remotePeer.toString();
    const siblings = [...this.#sessions.values()].filter((session) => session.peer === peer);
    const [oldest] = siblings;
    if (oldest !== undefined && siblings.length >= MAX_CONNECTIONS_PER_PEER) {
      abortConnection(oldest.connection, 'replaced by a newer connection');
    }
    this.#options.count('connection_opened');
    const deadline = setTimeout(() => {
      this.#options.count('handshake_timeout');
      this.refuse(connection, { code: 'timeout', detail: 'no handshake', penaltyPoints: 10 });
    }, HANDSHAKE_DEADLINE_MS);
    const admitted = Promise.withResolvers<boolean>();
    const session: Session = {
      connection,
      peer,
      state: 'pending',
      identity: undefined,
      deadline,
      admitted,
    };
    this.#sessions.set(connection.id, session);
  }

  /** The handshake of this connection was good. Later handshakes on it change nothing. */
  admit(connection: Connection, identity: RemoteIdentity): void {
    const session = this.#sessions.get(connection.id);
    if (session === undefined || session.state !== 'pending') return;
    if (!this.#hasSlotFor(session.peer, identity)) {
      const detail = `${MAX_OTHER_PEERS} peers are connected`;
      this.refuse(connection, { code: 'closed', detail, penaltyPoints: 0 });
      return;
    }
    clearTimeout(session.deadline);
    session.state = 'ready';
    session.identity = identity;
    const sessions = this.#ready.get(session.peer);
    if (sessions === undefined) this.#ready.set(session.peer, [session]);
    else sessions.push(session);
    session.admitted.resolve(true);
    this.#noteVersion(session.peer, identity.nodeVersion);
    const connected = this.get(session.peer);
    if (sessions === undefined && connected !== undefined) this.#options.onConnected(connected);
  }

  /** Closes a connection whose handshake was not good, says so in the log, and penalises. */
  refuse(connection: Connection, refusal: HandshakeRefusal): void {
    const session = this.#sessions.get(connection.id);
    if (session === undefined || session.state !== 'pending') return;
    clearTimeout(session.deadline);
    session.state = 'closed';
    session.admitted.resolve(false);
    const { code, detail, penaltyPoints } = refusal;
    this.#options.count('handshake_refused');
    const facts = {
      peer: session.peer,
      address: connection.remoteAddr.toString(),
      direction: connection.direction,
      code,
      detail,
    };
    // A peer that went away, or that closed because it refuses us, is no news here.
    if (code === 'closed') this.#options.log.debug(facts, 'no handshake');
    else this.#options.log.warn(facts, 'handshake refused');
    if (penaltyPoints > 0) {
      this.#options.penalise(session.peer, penaltyPoints, `handshake ${code}: ${detail}`);
    }
    void closeConnection(connection, CLOSE_TIMEOUT_MS);
  }

  /** Takes note of a connection that closed. */
  close(connection: Connection): void {
    const session = this.#sessions.get(connection.id);
    if (session === undefined) return;
    clearTimeout(session.deadline);
    const wasReady = session.state === 'ready';
    session.state = 'closed';
    session.admitted.resolve(false);
    this.#sessions.delete(connection.id);
    this.#options.count('connection_closed');
    if (!wasReady) return;
    const left = (this.#ready.get(session.peer) ?? []).filter((other) => other !== session);
    if (left.length > 0) {
      this.#ready.set(session.peer, left);
    } else {
      this.#ready.delete(session.peer);
      this.#options.onDisconnected(session.peer);
    }
  }

  /** Whether the connection has not shaken hands yet. */
  isPending(connection: Connection): boolean {
    return this.#sessions.get(connection.id)?.state === 'pending';
  }

  /** Resolves with whether the connection's handshake was good; at once when that is known. */
  admitted(connection: Connection): Promise<boolean> {
    return this.#sessions.get(connection.id)?.admitted.promise ?? Promise.resolve(false);
  }

  /** The peer, if it is connected and has shaken hands. */
  get(peer: PeerId): ConnectedPeer | undefined {
    const sessions = this.#ready.get(peer);
    const newest = sessions?.at(-1);
    if (sessions === undefined || newest?.identity === undefined) return undefined;
    return { peer, identity: newest.identity, sessions, connection: newest.connection };
  }

  /** Connected peers in the order of their connecting. */
  all(): ConnectedPeer[] {
    return [...this.#ready.keys()].flatMap((peer) => this.get(peer) ?? []);
  }

  /** How many peers are connected. Cost: O(1). */
  get size(): number {
    return this.#ready.size;
  }

  /** Every open connection, shaken hands or not. */
  connections(): Connection[] {
    return [...this.#sessions.values()].map(({ connection }) => connection);
  }

  /** Resets every connection of a peer. */
  drop(peer: PeerId, reason: string): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.peer === peer) abortConnection(session.connection, reason);
    }
  }

  /**
   * Whether the network is a small circle of validators, all connected to this one: `others` of them
   * and nobody else, few enough that each keeps all in its mesh. What one of them publishes reaches
   * the rest in one hop, so that forwarding it is two thirds of all gossip for nothing. If a link of
   * the circle is down, what was missed is asked for when a proposal names it.
   */
  isCircleOf(others: number): boolean {
    if (others > GOSSIP_MESH_PEERS || this.#ready.size !== others) return false;
    return this.all().every(({ identity: { consensusKey } }) => {
      return consensusKey !== undefined && this.#options.inForce(consensusKey);
    });
  }

  /** Stops all deadlines. */
  stop(): void {
    for (const session of this.#sessions.values()) {
      clearTimeout(session.deadline);
      session.admitted.resolve(false);
    }
  }

  #hasSlotFor(peer: PeerId, { consensusKey }: RemoteIdentity): boolean {
    if (this.#ready.has(peer)) return true;
    if (consensusKey !== undefined && this.#options.inForce(consensusKey)) return true;
    let others = 0;
    for (const { identity } of this.all()) {
      const key = identity.consensusKey;
      if (key === undefined || !this.#options.inForce(key)) others += 1;
    }
    return others < MAX_OTHER_PEERS;
  }

  /** Results must not differ between versions of Node.js; if they do, this is the first thing to know. */
  #noteVersion(peer: PeerId, theirs: string): void {
    const ours = process.versions.node;
    if (theirs === ours) return;
    this.#options.count('other_node_version');
    if (this.#loggedVersions.has(theirs) || this.#loggedVersions.size >= 16) return;
    this.#loggedVersions.add(theirs);
    this.#options.log.warn({ peer, theirs, ours }, 'peer runs another version of Node.js');
  }
}
