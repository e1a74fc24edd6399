/**
 * `npm run smoke`: the devnet with short cycles, checked, ending by itself.
 *
 * Four validators trade and settle until at least two series with trades are settled and one
 * validator was killed with SIGKILL and came back; then all nodes must have one state root at one
 * height, and hold all money and no net position. One JSON line on stdout, progress on stderr.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mix32 } from '../feeder/simulate/random.ts';
import { parseDecimal } from '../wallet/client/amounts.ts';
import type { Client } from '../wallet/client/client.ts';
import { buildAction } from '../wallet/client/transaction-builder.ts';
import { addressOf, devAccount, devnetFunds } from './accounts.ts';
import { createTrader } from './bots/trader.ts';
import { INSURANCE_USD, VALIDATOR_WEIGHT } from './genesis.ts';
import { eventually, heightReached, type Network, openNetwork, validatorName } from './network.ts';
import { failuresOf, type SmokeReport } from './smoke-report.ts';
import type { ChildEvent } from './supervisor.ts';
import { watchNetwork } from './watch-network.ts';

export type SmokeOptions = {
  readonly seed: number;
  /** Leave the folder for a look at its logs. */
  readonly keep: boolean;
};

const VALIDATORS = 4;
/** The whole run, processes ended, is done in this time. */
const DEADLINE_MS = 105_000;
const FIRST_BLOCK_MS = 40_000;
const FIRST_TRADE_MS = 40_000;
const CATCH_UP_MS = 30_000;
const ROOTS_MS = 15_000;
const PROBE_MS = 250;
const POLL_MS = 500;
/** Series that must be traded and settled. */
const WANTED_SETTLED = 2;

class SmokeFailure extends Error {
  override readonly name = 'SmokeFailure';
}

/** The value, or a failure that names what did not happen. */
async function must<T>(what: string, value: Promise<T | undefined>): Promise<T> {
  const given = await value;
  if (given === undefined) throw new SmokeFailure(what);
  return given;
}

/** Sends small transfers and times each from submission to its result. */
function startProbe(
  client: Client,
  chainId: string,
): { times: number[]; stop: () => Promise<void> } {
  const times: number[] = [];
  const trader = createTrader(client, chainId, devAccount(0));
  const transfer = buildAction({
    type: 'transfer',
    to: addressOf(devAccount(1)),
    amount: '0.01',
    currency: 'USD',
  });
  let isStopped = false;
  const run = async (): Promise<void> => {
    while (!isStopped && transfer.ok) {
      const startedAt = performance.now();
      const receipt = await trader.send([transfer.value]).catch(() => undefined);
      if (receipt?.outcome === 'applied') times.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
    }
  };
  const running = run();
  return {
    times,
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}

/** Names of series that were traded and are settled, once there are enough. */
function settledAndTraded(client: Client, traded: ReadonlySet<string>, settled: Set<string>) {
  return async (): Promise<number | undefined> => {
    const expired = await client.call('public/get_instruments', { expired: true });
    for (const { instrument_name: name, state } of expired) {
      if (state === 'settled' && traded.has(name)) settled.add(name);
    }
    return settled.size >= WANTED_SETTLED ? settled.size : undefined;
  };
}

/** Kills a validator without warning; resolves once it has caught up with the others. */
async function killAndReturn(
  network: Network,
  victim: number,
  starts: () => number,
): Promise<void> {
  const before = starts();
  network.supervisor.signal(validatorName(victim), 'SIGKILL');
  await must(
    `${validatorName(victim)} was not started again`,
    eventually(async () => (starts() > before ? true : undefined), CATCH_UP_MS),
  );
  const { height } = await network.clients[0].call('get_status', {});
  const own = network.clients[victim];
  await must(
    `${validatorName(victim)} did not catch up to height ${height}`,
    own ? heightReached(own, height, CATCH_UP_MS) : Promise.resolve(undefined),
  );
}

/** Whether all nodes have one root at one height; fails when no common height shows up. */
async function rootsEqual(clients: readonly Client[]): Promise<boolean> {
  const seen = clients.map(() => new Map<number, string>());
  return must(
    'the nodes showed no state root of a common height',
    eventually(
      async () => {
        const roots = await Promise.all(clients.map((one) => one.call('get_state_root', {})));
        for (const [i, { height, state_root: root }] of roots.entries()) seen[i]?.set(height, root);
        for (const [height, root] of seen[0] ?? []) {
          const all = seen.map((of) => of.get(height));
          if (height > 0 && !all.includes(undefined)) return all.every((one) => one === root);
        }
        return undefined;
      },
      ROOTS_MS,
      20,
    ),
  );
}

/**
 * Whether every node holds exactly the USD of genesis, its MIL and what was issued since (balances
 * sum to the supply: `problems`), and no net position.
 */
async function isConserved(
  clients: readonly Client[],
  say: (text: string) => void,
): Promise<boolean> {
  const micro = (text: string): bigint => {
    const parsed = parseDecimal('amount', text, 6);
    if (!parsed.ok) throw new SmokeFailure(`${text} is no amount`);
    return parsed.value;
  };
  const funds = devnetFunds();
  const usd = funds.reduce((sum, one) => sum + micro(one.usd), micro(INSURANCE_USD));
  const mil = funds.reduce(
    (sum, one) => sum + micro(one.mil),
    BigInt(VALIDATORS * VALIDATOR_WEIGHT) * 1_000_000n,
  );
  const supplies = await Promise.all(clients.map((one) => one.call('get_supply', {})));
  return supplies.every((supply, i) => {
    const isWhole =
      micro(supply.usd) === usd && micro(supply.mil) >= mil && supply.problems.length === 0;
    if (!isWhole) say(`${validatorName(i)}: ${JSON.stringify(supply)}; genesis ${usd} ${mil}`);
    return isWhole;
  });
}

async function check(
  network: Network,
  seed: number,
  starts: (name: string) => number,
  say: (text: string) => void,
): Promise<Omit<SmokeReport, 'ok' | 'failed'>> {
  const [first] = network.clients;
  network.startValidators();
  network.startFeeders();
  network.startBots();
  await must('no block', heightReached(first, 1, FIRST_BLOCK_MS));
  say('first block');
  const { chain_id: chainId } = await first.call('get_status', {});
  const traded = new Set<string>();
  const watch = watchNetwork({ clients: network.clients });
  await first.subscribe('trades.all', ({ data }) => {
    for (const { instrument_name: name } of data) traded.add(name);
  });
  const probe = startProbe(first, chainId);
  try {
    await must(
      'no trade',
      eventually(async () => (traded.size > 0 ? true : undefined), FIRST_TRADE_MS),
    );
    say('first trade');
    // Any validator but the one whose interface this run uses.
    const victim = 1 + (mix32(seed, 0) % (VALIDATORS - 1));
    await new Promise((resolve) => setTimeout(resolve, mix32(seed, 1) % 2_000));
    say(`SIGKILL to ${validatorName(victim)}`);
    await killAndReturn(network, victim, () => starts(validatorName(victim)));
    say(`${validatorName(victim)} is back`);
    const settled = new Set<string>();
    await must(
      `no ${WANTED_SETTLED} series settled`,
      eventually(settledAndTraded(first, traded, settled), DEADLINE_MS, POLL_MS),
    );
    say(`${settled.size} traded series settled`);
    const stateRootsEqual = await rootsEqual(network.clients);
    const supplyConserved = await isConserved(network.clients, say);
    const { executed_height: height } = await first.call('get_status', {});
    const times = probe.times.toSorted((a, b) => a - b);
    const middle = times[Math.floor(times.length / 2)];
    return {
      validators: VALIDATORS,
      height,
      trades: watch.trades(),
      settledSeries: settled.size,
      restarted: starts(validatorName(victim)) - 1,
      stateRootsEqual,
      supplyConserved,
      finalityMsP50: middle === undefined ? null : Math.round(middle),
    };
  } finally {
    watch.close();
    await probe.stop();
  }
}

/** Runs the check and prints its line; resolves with the exit status. */
export async function runSmoke(options: SmokeOptions): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'miletus-smoke-'));
  const startedAt = performance.now();
  const say = (text: string): void => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6);
    process.stderr.write(`smoke ${seconds} s  ${text}\n`);
  };
  const starts = new Map<string, number>();
  const onEvent = (event: ChildEvent): void => {
    if (event.kind === 'started') starts.set(event.name, (starts.get(event.name) ?? 0) + 1);
    else say(`${event.name} ended: ${event.cause}`);
  };
  let network: Network | undefined;
  const stop = async (): Promise<void> => {
    await network?.stop();
    if (options.keep) say(`the folder is left: ${home}`);
    else rmSync(home, { recursive: true, force: true });
  };
  const onSignal = (): void => void stop().then(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal);
  let line: SmokeReport | { ok: false; failed: string[] };
  try {
    network = await openNetwork({
      home,
      profile: 'smoke',
      validators: VALIDATORS,
      seed: options.seed,
      onEvent,
    });
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new SmokeFailure(`not done in ${DEADLINE_MS / 1_000} s`));
      setTimeout(fail, DEADLINE_MS).unref();
    });
    const report = await Promise.race([
      check(network, options.seed, (name) => starts.get(name) ?? 0, say),
      late,
    ]);
    const failed = failuresOf(report);
    line = failed.length === 0 ? { ok: true, ...report } : { ok: false, ...report, failed };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    line = { ok: false, failed: [problem] };
    if (!(cause instanceof SmokeFailure)) say(String((cause as Error).stack ?? cause));
  }
  if (!line.ok) say(`FAILED: ${line.failed?.join('; ')}`);
  await stop();
  console.log(JSON.stringify(line));
  return line.ok ? 0 : 1;
}
