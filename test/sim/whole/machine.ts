/**
 * One simulated machine with a whole node on it: `createNode` over the simulator's clock, disk and
 * network. The machine and its disk outlive the node's processes.
 */
import { type Committee, committeeOf } from '../../../consensus/committee.ts';
import {
  type ConsensusMessage,
  ConsensusMessageCodec,
  type Subject,
  voteDigest,
} from '../../../consensus/messages.ts';
import type { NodeApi } from '../../../node/api.ts';
import { createInlineVerifier } from '../../../node/crypto/verifier.ts';
import { messageOf } from '../../../node/driver/halt.ts';
import { voteOfMessage } from '../../../node/driver/incoming.ts';
import { createInProcessExecutor } from '../../../node/executor/in-process.ts';
import { type Metrics, noMetrics } from '../../../node/metrics.ts';
import { createNode, DEFAULT_NODE_SETTINGS, type Node } from '../../../node/node.ts';
import type { Log } from '../../../node/ports.ts';
import { answerQuery, type QueryContext } from '../../../node/query/answer-query.ts';
import { QUESTION, QuestionCodec } from '../../../node/query/format.ts';
import {
  createLocalSigner,
  placeOfKey,
  type SigningKey,
  type VoteSigner,
} from '../../../node/signer/local-signer.ts';
import { createJournalStore } from '../../../node/storage/journal-store.ts';
import type { Network } from '../../../p2p/network.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import { sha256 } from '../../../runtime/core/hash.ts';
import type { Epoch } from '../../../runtime/core/units.ts';
import { CARRIED_ROOT_INTERVAL } from '../../../runtime/limits.ts';
import { latestCheckpoint } from '../../../runtime/state/commitment.ts';
import type { Adversary, AdversaryContext } from '../adversaries/adversary.ts';
import { createSimClock, type MachineClock } from '../clock.ts';
import type { Medium } from '../disk.ts';
import { createLife, type Life } from '../life.ts';
import type { SimNetworkHub } from '../network.ts';
import type { Prng } from '../prng.ts';
import type { Scheduler } from '../scheduler.ts';
import { simSign, simVerify } from '../signature.ts';
import { createLag, laggingExecutor, laggingVerifier } from './lag.ts';
import { type Outgoing, tapNetwork } from './tap.ts';
import { twistNetwork } from './twist.ts';
import type { Watch, Watched } from './watch.ts';
import type { ValidatorKeys, World } from './world.ts';

export type Machine = Watched & {
  /** Undefined for a machine that follows. */
  readonly keys: ValidatorKeys | undefined;
  /** Turns the power on: a process starts, from what the disk holds. */
  readonly boot: () => void;
  /** Power fails: the process is gone, and what its disk had not synced. */
  readonly crash: (kept?: 'none' | 'all') => void;
  /** SIGKILL: the process is gone; what it wrote, the operating system still has. */
  readonly kill: () => void;
  /** SIGTERM: the process ends in order; until then the machine is up. */
  readonly stop: () => void;
  readonly isUp: () => boolean;
  /** Its disk was damaged: from now on it must not start. */
  readonly damage: () => void;
  readonly isDamaged: () => boolean;
  /** The API of a node that serves. */
  readonly api: () => NodeApi | undefined;
  /** State and commitment of a node that serves; its own objects, to be read between blocks. */
  readonly ledger: () => QueryContext | undefined;
  /** Reads the gauges into the watch. */
  readonly measure: () => void;
  /** For a machine that is down: the signer that a process would begin with. */
  readonly openSigner: () => Promise<VoteSigner | undefined>;
};

export type MachineOptions = {
  readonly index: number;
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly hub: SimNetworkHub;
  readonly medium: Medium;
  readonly clock: MachineClock;
  /** See `createLag`. */
  readonly lagMs: number;
  readonly prng: Prng;
  readonly watch: Required<Watch>;
  readonly onOutgoing: (machine: number, outgoing: Outgoing) => void;
  /** How its words are twisted, if it is an adversary's. */
  readonly adversary?: Adversary | undefined;
};

/** An adversary whose own node stops, because its key was heard to say something else, begins anew. */
const ADVERSARY_RESTART_US = 500_000;
const OTHER_CHAIN = sha256(new Uint8Array([1, 2, 3]));

/** A graceful stop has this long before connections are cut. */
const STOP_DEADLINE_MS = 1_000;

/** The one alarm that a machine whose disk fails may not raise. */
export const STARTED_DAMAGED = 'started on a damaged disk';

/** What the driver logs of evidence (node/driver/consensus-driver.ts). */
const EVIDENCE_EVENT = 'evidence of a fault';
type EvidenceFacts = { readonly fault: string; readonly epoch: Epoch; readonly validator: number };

/** A process on the machine. */
type Process = {
  readonly life: Life;
  readonly node: Node;
  isServing: boolean;
  ledger: QueryContext | undefined;
};

const ANY_QUESTION = QuestionCodec.encode({ selector: QUESTION.market, value: { unused: 0 } });

export function createMachine(options: MachineOptions): Machine {
  const { index, world, scheduler, hub, medium, lagMs, prng, watch } = options;
  const keys = world.validators[index];
  const consensusKey = keys?.consensus.publicKey;
  const signingKey: SigningKey | undefined = consensusKey && {
    publicKey: consensusKey,
    sign: (digest) => simSign(consensusKey, digest),
  };
  let process: Process | undefined;
  let lives = 0;
  let isDamaged = false;

  const machineKeys = world.validators.map(({ consensus }) => toHex(consensus.publicKey));
  const alarm = (what: string): void => watch.onAlarm(machine, what);

  const noteEvidence = ({ fault, epoch, validator }: EvidenceFacts): void => {
    const configs = process?.node.api.configs() ?? [];
    const key = configs.find((one) => one.epoch === epoch)?.validators[validator]?.consensusKey;
    const guilty = machineKeys.indexOf(key ? toHex(key) : '');
    watch.onEvidence(machine, guilty, fault);
  };

  /** Errors are alarms, evidence is noted; all else is silence. */
  const log: Log = {
    trace() {},
    debug() {},
    info() {},
    warn(facts, event) {
      if (event === EVIDENCE_EVENT) noteEvidence(facts as EvidenceFacts);
    },
    error: (facts, event) => alarm(`logged an error: ${event} ${JSON.stringify(facts)}`),
    child: () => log,
  };

  const metrics: Metrics = {
    ...noMetrics,
    set: (name, value) => watch.onGauge(machine, name, value),
  };

  /** Tells of a consensus message, and whether it carries a vote of this machine's key. */
  const tell = (message: ConsensusMessage, api: NodeApi): void => {
    const vote = voteOfMessage(message);
    const config = api.configs().find(({ epoch }) => epoch === vote?.subject.value.epoch);
    const own = config && consensusKey && placeOfKey(config, consensusKey);
    watch.onSent(machine, message, vote && vote.signer === own ? vote : undefined);
  };

  /** What an adversary knows and can do in this life. */
  const contextOf = (network: Network, life: Life, api: () => NodeApi): AdversaryContext => {
    const committees = new Map<Epoch, Committee>();
    const committee = (at: Epoch): Committee => {
      const configs = api().configs();
      const config = configs.find(({ epoch }) => epoch === at) ?? configs.at(-1);
      if (!config) throw new Error('a node knows the config of its epoch');
      const made = committees.get(at) ?? committeeOf(config);
      if (config.epoch === at) committees.set(at, made);
      return made;
    };
    const place = (at: Epoch) => {
      const config = api()
        .configs()
        .find(({ epoch }) => epoch === at);
      return config && consensusKey && placeOfKey(config, consensusKey);
    };
    const signed = (key: Uint8Array, chainId: Uint8Array, subject: Subject): Uint8Array =>
      simSign(key, voteDigest(chainId, subject));
    return {
      machine: index,
      machines: world.validators.length,
      isTwin: false,
      prng: prng.fork(`adversary ${lives}`),
      after: (delayMs, fire) =>
        void scheduler.after(delayMs * 1_000, () => {
          if (life.alive) fire();
        }),
      now: () => api().status(),
      committee,
      place,
      sign(subject) {
        const signer = place(subject.value.epoch);
        if (signer === undefined || !consensusKey) return undefined;
        return { subject, signer, signature: signed(consensusKey, world.chainId, subject) };
      },
      signedElsewhere(signer, subject) {
        const key = committee(subject.value.epoch).keys[signer] ?? new Uint8Array(32);
        return { subject, signer, signature: signed(key, OTHER_CHAIN, subject) };
      },
      send(to, message) {
        const key = machineKeys[to];
        const bytes = ConsensusMessageCodec.encode(message);
        if (key && life.alive) network.sendConsensus(key, { bytes, view: 0 });
      },
    };
  };

  const boot = (): void => {
    lives += 1;
    const life = createLife();
    const disk = medium.attach(life);
    const onOutgoing = (outgoing: Outgoing): void => {
      if (!life.alive) return;
      options.onOutgoing(index, outgoing);
      if (outgoing.kind !== 'consensus') return;
      const decoded = ConsensusMessageCodec.decode(outgoing.bytes);
      if (decoded.ok) tell(decoded.value, node.api);
      else alarm('sent a consensus message that does not decode');
    };
    const tapped = tapNetwork(hub.attach({ index, consensusKey, life }), onOutgoing);
    const behaviour = options.adversary?.(contextOf(tapped, life, () => node.api));
    const network = behaviour ? twistNetwork(tapped, behaviour, machineKeys) : tapped;
    const lag = (thread: string) =>
      createLag({ scheduler, life, prng: prng.fork(`${thread} ${lives}`), lagMs });
    const executor = createInProcessExecutor({
      genesis: world.genesis,
      disk,
      answerQuery(context, request) {
        own.ledger = context;
        return answerQuery(context, request);
      },
    });
    const node = createNode({
      settings: DEFAULT_NODE_SETTINGS,
      genesis: world.genesis,
      network,
      clock: createSimClock({ scheduler, life, machine: options.clock }),
      disk,
      signer: signingKey ? { kind: 'local', keys: [signingKey] } : { kind: 'none' },
      executor: laggingExecutor(executor, lag('executor')),
      verifier: laggingVerifier(createInlineVerifier(simVerify), lag('verifier')),
      log,
      metrics,
      onHalt(halted) {
        watch.onHalt(machine, halted);
        if (!behaviour) return;
        scheduler.after(ADVERSARY_RESTART_US, () => {
          if (!life.alive) return;
          kill();
          boot();
        });
      },
    });
    const own: Process = { life, node, isServing: false, ledger: undefined };
    process = own;
    watch.onBoot(machine);
    node.api.onBlock((notice) => {
      const commitment = own.ledger?.commitment;
      const isRooted = notice.height % CARRIED_ROOT_INTERVAL === 0;
      const root = isRooted && commitment ? latestCheckpoint(commitment)?.stateRoot : undefined;
      watch.onExecuted(machine, notice, root);
    });
    const serve = async (): Promise<void> => {
      await node.start();
      if (isDamaged) watch.onAlarm(machine, STARTED_DAMAGED);
      own.isServing = true;
      await node.api.query(ANY_QUESTION);
      watch.onStarted(machine, node.api.status().finalizedHeight);
    };
    serve().catch((error: unknown) => {
      if (life.alive) alarm(`does not start: ${messageOf(error)}`);
    });
  };

  const kill = (): void => {
    if (!process) return;
    process.life.alive = false;
    process = undefined;
    hub.crashed(index);
  };

  const stop = (): void => {
    const ending = process;
    if (!ending?.isServing) {
      kill();
      return;
    }
    ending.isServing = false;
    ending.node.stop(STOP_DEADLINE_MS).then(
      () => {
        if (process === ending) kill();
      },
      (error: unknown) => alarm(`does not stop: ${messageOf(error)}`),
    );
  };

  const machine: Machine = {
    index,
    keys,
    boot,
    get lives() {
      return lives;
    },
    isDurable: (store, key) => medium.isDurable(store, key),
    crash(kept) {
      kill();
      medium.crash(kept);
    },
    kill,
    stop,
    isUp: () => process !== undefined,
    damage() {
      isDamaged = true;
    },
    isDamaged: () => isDamaged,
    api: () => (process?.isServing ? process.node.api : undefined),
    ledger: () => (process?.isServing ? process.ledger : undefined),
    measure: () => process?.node.gauges(),
    async openSigner() {
      const journal = createJournalStore(await medium.attach(createLife()).open('journal'));
      if (!signingKey) return undefined;
      return await createLocalSigner({ keys: [signingKey], chainId: world.chainId, journal });
    },
  };
  return machine;
}
