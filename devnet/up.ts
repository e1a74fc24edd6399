/**
 * `miletus devnet up`: runs the network until it is interrupted.
 *
 * Progress and status go to stderr in JSON mode, where stdout holds one JSON object a line: the
 * banner, then events and, every few seconds, the status.
 */

import { createEventLog } from '../feeder/event-log.ts';
import { devAccount, FAUCET_ACCOUNT } from './accounts.ts';
import { type BannerFacts, bannerJson, bannerLines } from './banner.ts';
import { createTrader } from './bots/trader.ts';
import { startFaucet } from './faucet.ts';
import { DevnetError, lockFolder, readManifest, resetFolder } from './folder.ts';
import { createDisplay, type Display, type NetworkStatus } from './live-status.ts';
import { eventually, type Network, openNetwork } from './network.ts';
import { openPriceSource } from './prices/open-source.ts';
import { RecordedDataError } from './prices/recorded-data.ts';
import { PROFILES } from './profile.ts';
import type { ChildEvent } from './supervisor.ts';
import { type NetworkWatch, watchNetwork } from './watch-network.ts';

export type UpOptions = {
  /** An absolute path. */
  readonly home: string;
  readonly validators: number;
  readonly replay?: string | undefined;
  /** That of the folder unless given; 1 for a new one. */
  readonly seed?: number | undefined;
  readonly reset: boolean;
  readonly bots: boolean;
  readonly json: boolean;
  readonly cpuProfile: boolean;
};

const DEFAULT_SEED = 1;
/** First of the ports tried: faucet, then RPC, p2p and metrics of the validators. */
const PREFERRED_PORT = 7_400;
const REDRAW_MS = 500;
const JSON_STATUS_MS = 5_000;
/** Slow machines install and start at the same time. */
const FIRST_BLOCK_MS = 120_000;
/** A terminal delivers Ctrl-C to the whole group and npm sends it on: those are one request. */
const SAME_REQUEST_MS = 1_000;

/** Resolves at the first request to stop; a second one, later, ends the process at once. */
function stopRequest(onSecond: () => void): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (): void => {
      if (firstAt === undefined) {
        firstAt = Date.now();
        resolve();
      } else if (Date.now() - firstAt > SAME_REQUEST_MS) onSecond();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

function describe(event: ChildEvent): string {
  if (event.kind === 'started') return `${event.name} started (process ${event.pid})`;
  const { name, cause, restartInMs, logPath } = event;
  const next = restartInMs === undefined ? 'is not started again' : `in ${restartInMs} ms again`;
  return `${name} ended (${cause}): ${next}; see ${logPath}`;
}

/** How the run speaks: a display for people, or lines of JSON. */
function createVoice(json: boolean): {
  banner(facts: BannerFacts): void;
  event(event: ChildEvent): void;
  note(text: string): void;
  status(status: NetworkStatus): void;
  close(): void;
} {
  const display: Display = createDisplay(process.stdout);
  const print = (value: object): void => console.log(JSON.stringify(value));
  let statusAt = 0;
  if (json) {
    return {
      banner: (facts) => print({ type: 'banner', ...bannerJson(facts) }),
      event: (event) => print({ type: 'event', ...event }),
      note: (text) => print({ type: 'note', text }),
      status: (status) => {
        if (status.atMs - statusAt < JSON_STATUS_MS) return;
        statusAt = status.atMs;
        print({ type: 'status', ...status });
      },
      close: () => {},
    };
  }
  return {
    banner: (facts) => {
      for (const line of bannerLines(facts)) display.note(line);
    },
    event: (event) => {
      // Starts are expected; people want to hear of what broke and came back.
      if (event.kind === 'died') display.note(describe(event));
    },
    note: (text) => display.note(text),
    status: (status) => display.show(status),
    close: () => display.close(),
  };
}

async function startNetworkFaucet(network: Network): Promise<{ close: () => void }> {
  const [client] = network.clients;
  const { chain_id: chainId } = await client.call('get_status', {});
  const server = await startFaucet({
    port: network.manifest.faucetPort,
    trader: createTrader(client, chainId, devAccount(FAUCET_ACCOUNT)),
    log: createEventLog('faucet', () => {}),
  });
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Notes the first block and the first trade with the time since the start. */
function createMilestones(note: (text: string) => void): (watch: NetworkWatch) => void {
  const startedAt = performance.now();
  let blockAt: number | undefined;
  let hasTraded = false;
  return (watch) => {
    const seconds = (performance.now() - startedAt) / 1_000;
    if (blockAt === undefined && watch.status().height > 0) {
      blockAt = seconds;
      note(`first final block after ${seconds.toFixed(1)} s`);
    }
    if (!hasTraded && watch.trades() > 0 && blockAt !== undefined) {
      hasTraded = true;
      note(`first trade ${(seconds - blockAt).toFixed(1)} s after the first block`);
    }
  };
}

/**
 * Runs the devnet until SIGINT, SIGTERM or SIGHUP. Throws `DevnetError` or `RecordedDataError` in
 * words for the person who typed the command; no process is left in either case.
 */
export async function runDevnet(options: UpOptions): Promise<void> {
  const { home } = options;
  const unlock = lockFolder(home);
  const voice = createVoice(options.json);
  let network: Network | undefined;
  try {
    if (options.reset) resetFolder(home);
    const known = readManifest(home);
    const seed = options.seed ?? known?.seed ?? DEFAULT_SEED;
    const { expiryIntervalMs } = PROFILES.devnet;
    // Opened here too, so that a wrong path is an error of this command, not of four feeders.
    const source = openPriceSource({
      replay: options.replay,
      seed,
      startedAtMs: known?.startedAtMs ?? Date.now(),
      expiryIntervalMs,
    });
    network = await openNetwork({
      home,
      profile: 'devnet',
      validators: options.validators,
      seed,
      replay: options.replay,
      preferredPort: PREFERRED_PORT,
      nodeOptions: options.cpuProfile ? ['--cpu-prof', `--cpu-prof-dir=${home}/profiles`] : [],
      onEvent: voice.event,
    });
    const { manifest, isNew } = network;
    voice.banner({ home, manifest, isNew, prices: source.citation, bots: options.bots });
    await run(network, options, voice);
  } finally {
    voice.close();
    await network?.stop();
    unlock();
  }
}

async function run(
  network: Network,
  options: UpOptions,
  voice: ReturnType<typeof createVoice>,
): Promise<void> {
  const stopping = stopRequest(() => process.exit(1));
  const milestones = createMilestones(voice.note);
  network.startValidators();
  network.startFeeders();
  if (options.bots) network.startBots();
  const watch = watchNetwork({ clients: network.clients });
  const redraw = setInterval(() => {
    milestones(watch);
    if (watch.status().height > 0) voice.status(watch.status());
  }, REDRAW_MS);
  const answering = eventually(async () => {
    const { height } = await network.clients[0].call('get_status', {});
    return height > 0 ? true : undefined;
  }, FIRST_BLOCK_MS);
  try {
    const first = await Promise.race([stopping, answering]);
    if (first === undefined && (await answering) === undefined) {
      throw new DevnetError(`no block in ${FIRST_BLOCK_MS / 1_000} s: see ${options.home}/logs`);
    }
    const faucet = first === true ? await startNetworkFaucet(network) : undefined;
    await stopping;
    faucet?.close();
    voice.note('stopping ...');
  } finally {
    clearInterval(redraw);
    watch.close();
  }
}

/** Whether an error is one that its text explains to the person who typed the command. */
export function isExplained(cause: unknown): cause is DevnetError | RecordedDataError {
  return cause instanceof DevnetError || cause instanceof RecordedDataError;
}
