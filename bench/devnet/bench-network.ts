/** A devnet in a temporary folder for benches: four validators, feeders, no bots. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  eventually,
  heightReached,
  type Network,
  openNetwork,
  validatorName,
} from '../../devnet/network.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import {
  type LoadAccount,
  type LoadSeries,
  loadAccounts,
  loadFunds,
  loadSeries,
} from './load-transactions.ts';

const VALIDATORS = 4;
const START_MS = 60_000;
/** Series that expire during a load would refuse its orders. */
const MIN_TIME_TO_EXPIRY_MS = 150_000;

export type BenchNetwork = {
  readonly network: Network;
  readonly accounts: readonly LoadAccount[];
  readonly chainId: Uint8Array;
  readonly urls: readonly string[];
  /** Process ids of the validators that run. */
  validatorPids(): number[];
  /** Series with marks, once there are some. */
  series(): Promise<LoadSeries[]>;
  close(): Promise<void>;
};

/**
 * Starts it. With the environment variable MILETUS_CPU_PROF=FOLDER the validators write CPU profiles
 * there when they end.
 */
export async function startBenchNetwork(): Promise<BenchNetwork> {
  const home = mkdtempSync(join(tmpdir(), 'miletus-bench-'));
  const accounts = loadAccounts();
  const profiles = process.env['MILETUS_CPU_PROF'];
  const network = await openNetwork({
    home,
    profile: 'devnet',
    validators: VALIDATORS,
    seed: 1,
    extraAccounts: loadFunds(accounts),
    nodeOptions: profiles ? ['--cpu-prof', `--cpu-prof-dir=${resolve(profiles)}`] : [],
    onEvent: (event) => {
      if (event.kind === 'died') console.error(`bench: ${event.name} ended (${event.cause})`);
    },
  });
  const close = async (): Promise<void> => {
    await network.stop();
    rmSync(home, { recursive: true, force: true });
  };
  network.startValidators();
  network.startFeeders();
  const [first] = network.clients;
  if ((await heightReached(first, 2, START_MS)) === undefined) {
    await close();
    throw new Error('no block: the network did not start');
  }
  const { chain_id: chainId } = await first.call('get_status', {});
  return {
    network,
    accounts,
    chainId: fromHex(chainId) ?? new Uint8Array(),
    urls: network.manifest.validators.map(({ rpcPort }) => `ws://127.0.0.1:${rpcPort}`),
    validatorPids: () =>
      network.manifest.validators.flatMap((_, i) => network.supervisor.pid(validatorName(i)) ?? []),
    series: async () => {
      const found = await eventually(async () => {
        const series = await loadSeries(first, MIN_TIME_TO_EXPIRY_MS);
        return series.length > 0 ? series : undefined;
      }, START_MS);
      if (!found) throw new Error('no series with a mark: do the feeders run?');
      return found;
    },
    close,
  };
}
