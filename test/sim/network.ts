/**
 * `Network` of p2p/network.ts over simulated links: consensus messages go straight to validators,
 * gossip goes to every running machine (one hop), requests go there and back. Nothing is queued, so
 * nothing is superseded.
 */
import type {
  GossipVerdict,
  Network,
  NetworkHandlers,
  PeerId,
  PeerInfo,
  RequestError,
} from '../../p2p/network.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { err, ok, type Result } from '../../runtime/core/result.ts';
import type { EpochConfig } from '../../runtime/epoch-config.ts';
import { type Life, never } from './life.ts';
import type { Links } from './links.ts';
import type { Scheduler } from './scheduler.ts';

type Machine = {
  readonly index: number;
  readonly peer: PeerId;
  readonly consensusKey: string | undefined;
  readonly life: Life;
  readonly handlers: NetworkHandlers;
};

/** Machine `by` holds something against machine `whom`. */
export type Penalty = { readonly by: number; readonly whom: number; readonly reason: string };

export type SimNetworkHub = {
  /** A process's network for one life. `index` is its machine's number on the links. */
  readonly attach: (process: {
    readonly index: number;
    readonly consensusKey: Uint8Array | undefined;
    readonly life: Life;
  }) => Network;
  /** Tells the others that a machine is gone. Call it when its life ends. */
  readonly crashed: (index: number) => void;
  /** Penalties given, in order. */
  readonly penalties: () => readonly Penalty[];
};

export function simPeerId(index: number): PeerId {
  return `sim-peer-${index}`;
}

/** The machine of a peer id that `simPeerId` made. */
export function machineOfPeer(peer: PeerId): number {
  return Number(peer.slice(simPeerId(0).length - 1));
}

function infoOf(machine: Machine): PeerInfo {
  return {
    peer: machine.peer,
    address: `/sim/${machine.index}`,
    direction: 'outbound',
    consensusKey: machine.consensusKey,
    nodeVersion: 'sim',
    score: 0,
  };
}

export function createSimNetworkHub(options: {
  readonly scheduler: Scheduler;
  readonly links: Links;
  /** Told before each message of a machine to another leaves. */
  readonly onPoint?: (from: number, to: number) => void;
}): SimNetworkHub {
  const { scheduler, links, onPoint } = options;
  const machines = new Map<number, Machine>();
  const penalties: Penalty[] = [];

  const leave = (index: number): void => {
    const gone = machines.get(index);
    if (!gone) return;
    machines.delete(index);
    for (const other of machines.values()) other.handlers.onPeerDisconnected(gone.peer);
  };

  const attach: SimNetworkHub['attach'] = ({ index, consensusKey, life }) => {
    const peer = simPeerId(index);
    const ownKey = consensusKey && toHex(consensusKey);
    let validators = new Set<string>();
    const others = (): Machine[] =>
      [...machines.values()].filter((machine) => machine.index !== index);
    /** Runs `arrive` at the machine's current process, if both live then. */
    const carry = (to: number, bytes: number, arrive: (machine: Machine) => void): void => {
      if (!life.alive) return;
      onPoint?.(index, to);
      if (!life.alive) return;
      links.carry({ from: index, to, bytes }, () => {
        const machine = machines.get(to);
        if (machine?.life.alive) arrive(machine);
      });
    };
    const sendTo = (machine: Machine, bytes: Uint8Array): void =>
      carry(machine.index, bytes.length, (target) => {
        if (ownKey) target.handlers.onConsensus(ownKey, bytes, peer);
      });

    return {
      start(handlers) {
        const machine = { index, peer, consensusKey: ownKey, life, handlers };
        for (const other of machines.values()) {
          other.handlers.onPeerConnected(infoOf(machine));
          handlers.onPeerConnected(infoOf(other));
        }
        machines.set(index, machine);
        return Promise.resolve();
      },
      stop() {
        leave(index);
        return Promise.resolve();
      },
      setValidators(configs: readonly EpochConfig[]) {
        validators = new Set(
          configs.flatMap((config) => config.validators.map((v) => toHex(v.consensusKey))),
        );
      },
      sendConsensus(key, { bytes }) {
        for (const machine of others()) if (machine.consensusKey === key) sendTo(machine, bytes);
      },
      broadcastConsensus({ bytes }) {
        for (const machine of others()) {
          if (machine.consensusKey && validators.has(machine.consensusKey)) sendTo(machine, bytes);
        }
      },
      publish(topic, bytes) {
        for (const machine of others()) {
          carry(machine.index, bytes.length, (target) => {
            const verdict: GossipVerdict = target.handlers.onGossip(topic, bytes, peer);
            if (verdict !== 'reject') return;
            penalties.push({ by: machine.index, whom: index, reason: `rejects ${topic}` });
          });
        }
      },
      request(to, method, bytes, timeoutMs) {
        if (!life.alive) return never<Result<Uint8Array, RequestError>>();
        return new Promise((resolve) => {
          const settle = (answer: Result<Uint8Array, RequestError>): void => {
            cancel();
            if (life.alive) resolve(answer);
          };
          const cancel = scheduler.after(timeoutMs * 1_000, () =>
            settle(err({ code: 'timeout', detail: `${method} of ${to}` })),
          );
          const server = others().find((machine) => machine.peer === to);
          if (!server) {
            scheduler.after(0, () => settle(err({ code: 'no_peer', detail: to })));
            return;
          }
          carry(server.index, bytes.length, (target) => {
            void target.handlers.onRequest(method, bytes, peer).then((answer) => {
              if (!target.life.alive) return;
              const size = answer.ok ? answer.value.length : answer.error.length;
              links.carry({ from: target.index, to: index, bytes: size }, () =>
                settle(
                  answer.ok ? ok(answer.value) : err({ code: 'refused', detail: answer.error }),
                ),
              );
            });
          });
        });
      },
      peers: () => others().map(infoOf),
      penalise(target, _points, reason) {
        penalties.push({ by: index, whom: machineOfPeer(target), reason });
      },
    };
  };

  return { attach, crashed: leave, penalties: () => penalties };
}
