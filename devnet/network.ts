/**
 * A network of real processes in a folder: made on first use, taken up again later.
 *
 * Source of the layout: `folder.ts`. Validators are `miletus node start`, each with a home of its
 * own; feeders and bots are programs of this folder. The devnet talks to all of them only as any
 * client would.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mix32 } from '../feeder/simulate/random.ts';
import { EXIT } from '../node/exit-codes.ts';
import { type Client, createClient } from '../wallet/client/client.ts';
import { devnetFunds } from './accounts.ts';
import type { BotsConfig } from './bots/main.ts';
import type { FeederConfig } from './feeder-main.ts';
import {
  DevnetError,
  MANIFEST_VERSION,
  type Manifest,
  readManifest,
  type ValidatorPorts,
  writeManifest,
} from './folder.ts';
import { devnetGenesis, type FundedAccount } from './genesis.ts';
import { freePorts, isPortFree } from './ports.ts';
import { PROFILES, type ProfileName } from './profile.ts';
import {
  type ChildEvent,
  type ChildSpec,
  createSupervisor,
  type Supervisor,
} from './supervisor.ts';
import { makeValidatorKeys, oracleSeedOf, writeValidatorHome } from './validator-home.ts';

const ROOT = join(import.meta.dirname, '..');
const LAUNCHER = join(ROOT, 'bin', 'miletus.js');
/** What a restart does not mend: everything but a crash and a lock that is about to be released. */
const FINAL_EXIT_CODES: readonly number[] = Object.values(EXIT).filter(
  (code) => code > EXIT.unexpected && code !== EXIT.locked,
);
/** Bots end before feeders, feeders before the validators they talk to. */
const STOP_ORDER = { bots: 0, feeders: 1, validators: 2 } as const;
const PORTS_PER_VALIDATOR = 3;

export type NetworkOptions = {
  readonly home: string;
  readonly profile: ProfileName;
  readonly validators: number;
  readonly seed: number;
  readonly replay?: string | undefined;
  /** First port to try; the system chooses where it is not given. */
  readonly preferredPort?: number;
  /** Funded beside those of every devnet. */
  readonly extraAccounts?: readonly FundedAccount[];
  /** Options of Node for the validators. */
  readonly nodeOptions?: readonly string[];
  /** Sections that stand for the genesis document's own. */
  readonly genesis?: Readonly<Record<string, unknown>>;
  readonly onEvent: (event: ChildEvent) => void;
};

export type Network = {
  readonly home: string;
  readonly manifest: Manifest;
  readonly isNew: boolean;
  readonly supervisor: Supervisor;
  /** Over WebSocket, one of each validator. */
  readonly clients: readonly [Client, ...Client[]];
  /** `startArguments`: after those of `node start`. */
  startValidator(index: number, startArguments?: readonly string[]): void;
  startValidators(): void;
  startFeeders(): void;
  startBots(): void;
  /** Ends every process; none is left when it resolves. */
  stop(): Promise<void>;
};

/** Name of a validator's process. */
export const validatorName = (index: number): string => `validator-${index}`;

/** Address of a validator's interface. */
export function rpcUrl({ rpcPort }: ValidatorPorts, scheme: 'http' | 'ws' = 'http'): string {
  return `${scheme}://127.0.0.1:${rpcPort}`;
}

async function choosePorts(
  options: NetworkOptions,
): Promise<Pick<Manifest, 'validators' | 'faucetPort'>> {
  const count = options.validators * PORTS_PER_VALIDATOR + 1;
  const [faucetPort = 0, ...ports] = await freePorts(count, options.preferredPort);
  return {
    faucetPort,
    validators: Array.from({ length: options.validators }, (_, i) => ({
      rpcPort: ports[i] ?? 0,
      p2pPort: ports[options.validators + i] ?? 0,
      metricsPort: ports[2 * options.validators + i] ?? 0,
    })),
  };
}

/** Makes keys, genesis and homes; the manifest last, so that a folder cut short is made anew. */
async function makeNetwork(options: NetworkOptions): Promise<Manifest> {
  const { home, profile, seed, replay } = options;
  const { validators, faucetPort } = await choosePorts(options);
  const startedAtMs = Date.now();
  const keys = validators.map((_, index) => makeValidatorKeys(index));
  const document = devnetGenesis({
    profile: PROFILES[profile],
    timeMs: startedAtMs,
    validators: keys.map((of, i) => ({ ...of.publicKeys, p2pPort: validators[i]?.p2pPort ?? 0 })),
    accounts: [...devnetFunds(), ...(options.extraAccounts ?? [])],
  });
  const genesis = { ...document, ...options.genesis };
  const genesisPath = join(home, 'genesis.json');
  writeFileSync(genesisPath, `${JSON.stringify(genesis, null, 2)}\n`);
  for (const [index, ports] of validators.entries()) {
    const of = keys[index];
    if (of) writeValidatorHome(join(home, validatorName(index)), { keys: of, ports, genesis });
  }
  const manifest: Manifest = {
    version: MANIFEST_VERSION,
    profile,
    seed,
    startedAtMs,
    validators,
    faucetPort,
    replay,
  };
  writeManifest(home, manifest);
  return manifest;
}

async function checkPorts(manifest: Manifest): Promise<void> {
  const ports = manifest.validators.flatMap((of) => [of.rpcPort, of.p2pPort, of.metricsPort]);
  for (const port of [...ports, manifest.faucetPort]) {
    if (await isPortFree(port)) continue;
    throw new DevnetError(
      `port ${port}, which this devnet used before, is taken by another program: end that, or ` +
        'begin anew with --reset',
    );
  }
}

/** Takes up the network in the folder; prices and seed of this run replace those of the last. */
async function resumeNetwork(options: NetworkOptions, known: Manifest): Promise<Manifest> {
  if (known.validators.length !== options.validators) {
    throw new DevnetError(
      `${options.home} holds a devnet of ${known.validators.length} validators, ` +
        `not ${options.validators}: give --validators ${known.validators.length}, or --reset`,
    );
  }
  if (known.profile !== options.profile) {
    throw new DevnetError(`${options.home} holds a ${known.profile} network: give another --home`);
  }
  await checkPorts(known);
  const manifest = { ...known, seed: options.seed, replay: options.replay };
  writeManifest(options.home, manifest);
  return manifest;
}

/** Opens the network in `options.home`, whose lock the caller holds. Starts nothing. */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const { home } = options;
  mkdirSync(join(home, 'feeders'), { recursive: true });
  const known = readManifest(home);
  const manifest = known ? await resumeNetwork(options, known) : await makeNetwork(options);
  const supervisor = createSupervisor(options.onEvent);
  const urls = manifest.validators.map((ports) => rpcUrl(ports, 'ws'));
  const [first, ...rest] = urls.map((url) => createClient({ url }));
  if (!first) throw new DevnetError('a devnet has at least one validator');
  const clients = [first, ...rest] as const;

  const child = (
    spec: Omit<ChildSpec, 'logPath' | 'nodeOptions'>,
    nodeOptions: readonly string[],
  ) => supervisor.start({ ...spec, nodeOptions, logPath: join(home, 'logs', `${spec.name}.log`) });

  const writeConfig = (path: string, config: FeederConfig | BotsConfig): string => {
    writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    return path;
  };

  const network: Network = {
    home,
    manifest,
    isNew: known === undefined,
    supervisor,
    clients,
    startValidator: (index, startArguments = []) => {
      const name = validatorName(index);
      child(
        {
          name,
          script: LAUNCHER,
          arguments: ['node', 'start', '--home', join(home, name), ...startArguments],
          stopOrder: STOP_ORDER.validators,
          finalExitCodes: FINAL_EXIT_CODES,
        },
        options.nodeOptions ?? [],
      );
    },
    startValidators: () => {
      for (const index of manifest.validators.keys()) network.startValidator(index);
    },
    startFeeders: () => {
      for (const [index, ports] of manifest.validators.entries()) {
        const name = `feeder-${index}`;
        const path = writeConfig(join(home, 'feeders', `${index}.json`), {
          name,
          rpcUrl: rpcUrl(ports, 'ws'),
          profile: manifest.profile,
          oracleSeed: oracleSeedOf(join(home, validatorName(index))),
          noiseSeed: mix32(manifest.seed, index),
          prices: {
            replay: manifest.replay,
            seed: manifest.seed,
            startedAtMs: manifest.startedAtMs,
          },
        });
        const script = join(import.meta.dirname, 'feeder-main.ts');
        child({ name, script, arguments: [path], stopOrder: STOP_ORDER.feeders }, []);
      }
    },
    startBots: () => {
      const [ports] = manifest.validators;
      if (!ports) return;
      const path = writeConfig(join(home, 'bots.json'), {
        rpcUrl: rpcUrl(ports, 'ws'),
        profile: manifest.profile,
        seed: manifest.seed,
      });
      const script = join(import.meta.dirname, 'bots', 'main.ts');
      child({ name: 'bots', script, arguments: [path], stopOrder: STOP_ORDER.bots }, []);
    },
    stop: async () => {
      for (const client of clients) client.close();
      await supervisor.stopAll();
    },
  };
  return network;
}

/** Repeats `attempt` until it gives a value, at most `withinMs`; undefined when it never does. */
export async function eventually<T>(
  attempt: () => Promise<T | undefined>,
  withinMs: number,
  everyMs = 100,
): Promise<T | undefined> {
  const endsAt = Date.now() + withinMs;
  for (;;) {
    // What does not answer yet is asked again.
    const value = await attempt().catch(() => undefined);
    if (value !== undefined) return value;
    if (Date.now() >= endsAt) return undefined;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** The height of a node once it is at least `atLeast`; undefined when it is not in time. */
export function heightReached(
  client: Client,
  atLeast: number,
  withinMs: number,
): Promise<number | undefined> {
  return eventually(async () => {
    const { executed_height: height } = await client.call('get_status', {});
    return height >= atLeast ? height : undefined;
  }, withinMs);
}
