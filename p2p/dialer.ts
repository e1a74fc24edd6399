/**
 * Dialing: whom to reach, and how often to try.
 *
 * Every node keeps trying its bootstrap addresses, 250 ms to 30 s apart, and every 2 s while it has
 * no peer at all. A node that does not validate also tries validators' addresses while it has fewer
 * than three peers. Streams to validators have their own retries in `consensus-streams.ts`.
 */
import type { Connection } from '@libp2p/interface';
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { Log } from '../node/ports.ts';
import type { Host } from './host.ts';
import {
  BOOTSTRAP_RETRY_MAX_MS,
  BOOTSTRAP_RETRY_MIN_MS,
  DIAL_TIMEOUT_MS,
  LONELY_RETRY_MAX_MS,
} from './limits.ts';
import type { PeerId } from './network.ts';
import type { Peers } from './peers.ts';
import { describeError } from './streams.ts';

/** Peers below which a node that does not validate dials validators. */
const WANTED_PEERS = 3;
/** Validators' addresses that such a node tries, chosen by where it stands in the list. */
const MAX_BORROWED_ADDRESSES = 8;

/** Peer id at the end of a multiaddr, if it names one. */
export function peerIdOfAddress(address: Multiaddr): PeerId | undefined {
  return address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value;
}

/**
 * `texts` as addresses of `peer`: with `/p2p/` at the end; malformed ones and those of another
 * peer are left out and reported.
 */
export function addressesOf(
  peer: PeerId,
  texts: readonly string[],
  onUseless: (text: string, reason: string) => void,
): Multiaddr[] {
  return texts.flatMap((text) => {
    try {
      const address = multiaddr(text);
      const named = peerIdOfAddress(address);
      if (named === undefined) return [address.encapsulate(`/p2p/${peer}`)];
      if (named === peer) return [address];
      onUseless(text, `names peer ${named}`);
    } catch (error) {
      onUseless(text, describeError(error));
    }
    return [];
  });
}

type Target = {
  readonly address: Multiaddr;
  /** Unknown until the first connection when the address does not name it. */
  peer: PeerId | undefined;
  retryMs: number;
  nextAtMs: number;
  dialing: boolean;
};

export type DialerOptions = {
  readonly host: Host;
  readonly self: PeerId;
  readonly peers: Peers;
  readonly log: Log;
  readonly bootstrap: readonly Multiaddr[];
  readonly isRefused: (peer: PeerId) => boolean;
};

export class Dialer {
  readonly #options: DialerOptions;
  readonly #bootstrap: readonly Target[];
  #borrowed: readonly Target[] = [];
  #ticks: NodeJS.Timeout | undefined;
  readonly #reported: Set<string> = new Set();

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#bootstrap = options.bootstrap.map(asTarget);
  }

  start(): void {
    this.#tick();
    this.#ticks = setInterval(() => this.#tick(), BOOTSTRAP_RETRY_MIN_MS);
  }

  stop(): void {
    clearInterval(this.#ticks);
  }

  /** Validators that a node without a vote may dial while it has too few peers. */
  setValidators(
    validators: readonly { readonly peer: PeerId; readonly addresses: readonly string[] }[],
  ): void {
    this.#borrowed = validators
      .filter(({ peer }) => peer !== this.#options.self)
      .flatMap(({ peer, addresses }) => this.#parse(peer, addresses))
      .slice(0, MAX_BORROWED_ADDRESSES)
      .map(asTarget);
  }

  /** Connects to a peer by any of its addresses. Rejects when none answers within 5 s. */
  async dial(peer: PeerId, addresses: readonly string[]): Promise<Connection> {
    const usable = this.#parse(peer, addresses);
    if (usable.length === 0) throw new Error(`no usable address of peer ${peer}`);
    const signal = AbortSignal.timeout(DIAL_TIMEOUT_MS);
    return await this.#options.host.dial(usable, { signal });
  }

  #parse(peer: PeerId, addresses: readonly string[]): Multiaddr[] {
    return addressesOf(peer, addresses, (address, reason) => {
      if (this.#reported.has(address) || this.#reported.size >= 1_024) return;
      this.#reported.add(address);
      this.#options.log.warn({ peer, address, reason }, 'address of validator is of no use');
    });
  }

  #tick(): void {
    for (const target of this.#bootstrap) this.#tryTarget(target);
    if (this.#options.peers.size >= WANTED_PEERS) return;
    for (const target of this.#borrowed) this.#tryTarget(target);
  }

  #tryTarget(target: Target): void {
    const { peers, self, isRefused } = this.#options;
    const nowMs = performance.now();
    const { peer } = target;
    if (target.dialing || peer === self) return;
    if (peer !== undefined && (peers.get(peer) !== undefined || isRefused(peer))) return;
    const lonelyAtMs = target.nextAtMs - target.retryMs + LONELY_RETRY_MAX_MS;
    const dueAtMs = peers.size === 0 ? Math.min(target.nextAtMs, lonelyAtMs) : target.nextAtMs;
    if (nowMs < dueAtMs) return;
    void this.#dialTarget(target);
  }

  async #dialTarget(target: Target): Promise<void> {
    const { host, log } = this.#options;
    target.dialing = true;
    try {
      const signal = AbortSignal.timeout(DIAL_TIMEOUT_MS);
      const connection = await host.dial(target.address, { signal });
      target.peer = connection.remotePeer.toString();
      if (await this.#options.peers.admitted(connection)) target.retryMs = BOOTSTRAP_RETRY_MIN_MS;
      else this.#backOff(target);
    } catch (error) {
      this.#backOff(target);
      const facts = { address: target.address.toString(), error: describeError(error) };
      log.debug(facts, 'dial failed');
    } finally {
      target.dialing = false;
      target.nextAtMs = performance.now() + target.retryMs;
    }
  }

  #backOff(target: Target): void {
    target.retryMs = Math.min(2 * target.retryMs, BOOTSTRAP_RETRY_MAX_MS);
  }
}

function asTarget(address: Multiaddr): Target {
  return {
    address,
    peer: peerIdOfAddress(address),
    retryMs: BOOTSTRAP_RETRY_MIN_MS,
    nextAtMs: 0,
    dialing: false,
  };
}
