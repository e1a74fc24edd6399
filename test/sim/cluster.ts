/** A cluster of consensus nodes on simulated machines: keys, committees of epochs, wires, disks. */
import { type Committee, committeeOf } from '../../consensus/committee.ts';
import { type Vote, voteDigest } from '../../consensus/messages.ts';
import { blockHash, type Header } from '../../runtime/block.ts';
import { equalBytes, ZERO_32 } from '../../runtime/core/bytes.ts';
import { sha256 } from '../../runtime/core/hash.ts';
import {
  type Epoch,
  epoch,
  height,
  timestampMs,
  type ValidatorIndex,
  validatorIndex,
  view,
  weight,
} from '../../runtime/core/units.ts';
import type { EpochConfig, Pacing } from '../../runtime/epoch-config.ts';
import type { Adversary, AdversaryContext } from './adversaries/adversary.ts';
import { createMachineClock, type MachineClock, SIM_EPOCH_MS } from './clock.ts';
import {
  type ConsensusNode,
  createConsensusNode,
  type NodeCosts,
  type Observer,
  type SimMessage,
} from './consensus-node.ts';
import { createMedium, type Medium } from './disk.ts';
import { createLinks, type LinkQuality, type Links } from './links.ts';
import type { Prng } from './prng.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { type SignatureScheme, STAND_IN, simPublicKey } from './signature.ts';

export const SIM_GENESIS: Header = {
  height: height(0),
  view: view(0),
  epoch: epoch(0),
  parent: ZERO_32,
  timestamp: timestampMs(SIM_EPOCH_MS),
  proposer: validatorIndex(0),
  transactionsRoot: ZERO_32,
  executed: { height: height(0), stateRoot: ZERO_32, receiptsRoot: ZERO_32 },
  config: ZERO_32,
  nextConfig: ZERO_32,
};

/** Keys that validate in an epoch: all but the one whose turn it is to be absent. */
export function membersOf(keys: number, absent: readonly number[], at: Epoch): number[] {
  const away = absent.length === 0 ? undefined : absent[at % absent.length];
  return Array.from({ length: keys }, (_, key) => key).filter((key) => key !== away);
}

export type ConfigOptions = {
  readonly pacing: Pacing;
  /** Weight of each key. */
  readonly weights: readonly bigint[];
  /** Keys that take turns at being no validator of an epoch. */
  readonly absent?: readonly number[];
  readonly scheme?: SignatureScheme;
};

/** The config of an epoch: the members' keys in ascending order. */
export function simEpochConfig(
  at: Epoch,
  weights: readonly bigint[],
  pacing: Pacing,
  options: Pick<ConfigOptions, 'absent' | 'scheme'> = {},
): EpochConfig {
  const { absent = [], scheme = STAND_IN } = options;
  return {
    epoch: at,
    endsAt: timestampMs(0),
    validators: membersOf(weights.length, absent, at).map((key) => ({
      operator: simPublicKey(key).slice(0, 20),
      consensusKey: scheme.publicKey(key),
      oracleKey: simPublicKey(1_000 + key),
      peerKey: simPublicKey(2_000 + key),
      weight: weight(weights[key] ?? 0n),
      addresses: [],
    })),
    leaderSeed: sha256(new Uint8Array([at % 256])),
    limits: { maxBytes: 1, maxPayloads: 1, maxWeight: 1 },
    pacing,
    moduleVersions: [],
  };
}

export type ClusterOptions = ConfigOptions & {
  readonly quality: LinkQuality;
  readonly costs: NodeCosts;
  readonly syncUs: number;
  readonly blocksPerEpoch: number;
  readonly prng: Prng;
  readonly observerOf: (machine: number) => Observer;
  /** Keys of which a second machine has a copy; those machines come after the others. */
  readonly twins?: readonly number[];
  readonly adversaryOf?: (machine: number) => Adversary | undefined;
  /** Whether a message that reached its machine is let through. */
  readonly admits?: (from: number, to: number, message: SimMessage) => boolean;
  readonly clockOf?: (machine: number, scheduler: Scheduler) => MachineClock;
};

export type Cluster = {
  readonly scheduler: Scheduler;
  readonly links: Links;
  readonly nodes: readonly ConsensusNode[];
  readonly media: readonly Medium[];
  readonly clocks: readonly MachineClock[];
  readonly configOf: (at: Epoch) => EpochConfig;
  readonly chainId: Uint8Array;
};

/** Hash of another genesis: what votes on another chain are signed for. */
const OTHER_CHAIN = sha256(new Uint8Array([1, 2, 3]));

/** Machines, not yet started: one for each key, then the twins'. */
export function createCluster(options: ClusterOptions): Cluster {
  const { weights, prng, scheme = STAND_IN, absent = [], twins = [] } = options;
  const scheduler = createScheduler();
  const links = createLinks({ scheduler, prng: prng.fork('links'), quality: options.quality });
  const chainId = blockHash(SIM_GENESIS);
  const keys = [...weights.keys(), ...twins];
  const nodes: ConsensusNode[] = [];
  const media: Medium[] = [];
  const clocks: MachineClock[] = [];
  const configs = new Map<Epoch, EpochConfig>();
  const committees = new Map<Epoch, Committee>();
  const configOf = (at: Epoch): EpochConfig => {
    const config = configs.get(at) ?? simEpochConfig(at, weights, options.pacing, options);
    configs.set(at, config);
    return config;
  };
  const committee = (at: Epoch): Committee => {
    const made = committees.get(at) ?? committeeOf(configOf(at));
    committees.set(at, made);
    return made;
  };
  const holders = new Map<number, readonly number[]>();
  for (const [key] of weights.entries()) {
    holders.set(
      key,
      keys.flatMap((one, machine) => (one === key ? [machine] : [])),
    );
  }
  const machinesOf = (at: Epoch, validator: number): readonly number[] =>
    holders.get(membersOf(weights.length, absent, at)[validator] ?? -1) ?? [];

  const contextOf = (machine: number): AdversaryContext => {
    const key = keys[machine] ?? 0;
    const publicKey = scheme.publicKey(key);
    const node = (): ConsensusNode | undefined => nodes[machine];
    const placeIn = (at: Epoch): ValidatorIndex | undefined => {
      const place = committee(at).keys.findIndex((one) => equalBytes(one, publicKey));
      return place < 0 ? undefined : validatorIndex(place);
    };
    return {
      machine,
      machines: keys.length,
      isTwin: machine >= weights.length,
      prng: prng.fork(`adversary ${machine}`),
      after: (delayMs, fire) => void scheduler.after(delayMs * 1_000, fire),
      now() {
        const engine = node()?.engine();
        return { epoch: engine?.committee.epoch ?? epoch(0), view: engine?.view ?? view(1) };
      },
      committee,
      place: placeIn,
      sign(subject): Vote | undefined {
        const signer = placeIn(subject.value.epoch);
        if (signer === undefined) return undefined;
        return { subject, signer, signature: scheme.sign(key, voteDigest(chainId, subject)) };
      },
      signedElsewhere(signer, subject) {
        const member = membersOf(weights.length, absent, subject.value.epoch)[signer] ?? key;
        return {
          subject,
          signer,
          signature: scheme.sign(member, voteDigest(OTHER_CHAIN, subject)),
        };
      },
      send: (to, message) => node()?.sendRaw(to, message),
    };
  };

  for (const [index, key] of keys.entries()) {
    const medium = createMedium({
      scheduler,
      prng: prng.fork(`disk ${index}`),
      syncUs: options.syncUs,
    });
    const clock = options.clockOf?.(index, scheduler) ?? createMachineClock({ scheduler });
    media.push(medium);
    clocks.push(clock);
    nodes.push(
      createConsensusNode({
        index,
        key,
        machines: keys.length,
        scheme,
        configOf,
        machinesOf,
        chainId,
        genesis: SIM_GENESIS,
        blocksPerEpoch: options.blocksPerEpoch,
        scheduler,
        links,
        prng: prng.fork(`node ${index}`),
        medium,
        clock,
        costs: options.costs,
        observer: options.observerOf(index),
        behaviour: options.adversaryOf?.(index)?.(contextOf(index)),
        deliver(from, to, message) {
          if (options.admits?.(from, to, message) !== false) nodes[to]?.receive(from, message);
        },
      }),
    );
  }
  return { scheduler, links, nodes, media, clocks, configOf, chainId };
}
