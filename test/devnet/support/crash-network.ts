/**
 * A network of four validators under light load, whose final blocks are recorded per node, for
 * tests that kill processes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type LeaderSchedule,
  leaderOf,
  leaderSchedule,
} from '../../../consensus/leader-schedule.ts';
import { addressOf, devAccount } from '../../../devnet/accounts.ts';
import { createTrader } from '../../../devnet/bots/trader.ts';
import { eventually, heightReached, type Network, openNetwork } from '../../../devnet/network.ts';
import { PACING } from '../../../devnet/profile.ts';
import type { ChildEvent } from '../../../devnet/supervisor.ts';
import type { BlockData } from '../../../node/rpc/schemas/chain.ts';
import { fromHex } from '../../../runtime/core/bytes.ts';
import { view, weight } from '../../../runtime/core/units.ts';
import type { Client } from '../../../wallet/client/client.ts';
import { buildAction } from '../../../wallet/client/transaction-builder.ts';

export const VALIDATORS = 4;
/** Load: keeps blocks coming at the shortest interval. */
const PROBE_MS = 60;
const LAG_TICK_MS = 20;
const EXIT_DOUBLE_SIGN = 83;

export type CrashNetwork = {
  readonly network: Network;
  /** Final blocks as each node pushed them, by height. */
  readonly blocks: readonly Map<number, BlockData>[];
  /** How late this process' own timers were since the last call, at worst: the machine's noise. */
  worstLagMs(): number;
  /** Who leads a view of an epoch, by its number in the network's folder. */
  leader(epoch: number, view: number): Promise<number>;
  /** Who proposed a block, by its number in the network's folder. */
  proposer(block: BlockData): Promise<number>;
  close(): Promise<void>;
};

/** Leaders of an epoch by consensus key: the order of the config is not that of the folder. */
type Schedule = { readonly leaders: LeaderSchedule; readonly keys: readonly string[] };

async function scheduleOf(client: Client, epoch: number): Promise<Schedule> {
  const [{ leader_seed: seed }, { validators }] = await Promise.all([
    client.call('get_epoch', { epoch }),
    client.call('get_validators', { epoch }),
  ]);
  const weights = validators.map((one) => weight(BigInt(one.weight)));
  return {
    leaders: leaderSchedule(fromHex(seed) ?? new Uint8Array(), weights),
    keys: validators.map(({ consensus_key: key }) => key),
  };
}

/** Keeps transfers flowing to a node that is up, in turn. */
function startLoad(clients: readonly Client[], chainId: string): () => void {
  const transfer = buildAction({
    type: 'transfer',
    to: addressOf(devAccount(1)),
    amount: '0.01',
    currency: 'USD',
  });
  const traders = clients.map((client, i) => createTrader(client, chainId, devAccount(i)));
  let turn = 0;
  const timer = setInterval(() => {
    const trader = traders[turn++ % traders.length];
    // A dead node refuses: the next one is up.
    if (transfer.ok) trader?.send([transfer.value]).catch(() => undefined);
  }, PROBE_MS);
  return () => clearInterval(timer);
}

function watchLag(): { worst: () => number; stop: () => void } {
  let worst = 0;
  let expected = performance.now() + LAG_TICK_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - expected);
    expected = now + LAG_TICK_MS;
  }, LAG_TICK_MS);
  return {
    worst: () => {
      const value = worst;
      worst = 0;
      return value;
    },
    stop: () => clearInterval(timer),
  };
}

/** Starts the network and waits until every validator shows blocks. */
export async function startCrashNetwork(): Promise<CrashNetwork> {
  const home = mkdtempSync(join(tmpdir(), 'miletus-crash-'));
  const doubleSigns: string[] = [];
  const onEvent = (event: ChildEvent): void => {
    if (event.kind === 'died' && event.cause === `exit code ${EXIT_DOUBLE_SIGN}`) {
      doubleSigns.push(event.name);
    }
  };
  const network = await openNetwork({
    home,
    profile: 'smoke',
    validators: VALIDATORS,
    seed: 1,
    onEvent,
  });
  const blocks = network.clients.map(() => new Map<number, BlockData>());
  const schedules = new Map<number, Schedule>();
  const keys: (string | null)[] = [];
  network.startValidators();
  for (const [i, client] of network.clients.entries()) {
    if ((await heightReached(client, 1, 40_000)) === undefined) {
      await network.stop();
      throw new Error(`validator ${i} shows no block; logs in ${home}`);
    }
    keys.push((await client.call('get_status', {})).validator);
    await client.subscribe('blocks', ({ data }) => blocks[i]?.set(data.height, data));
  }
  const { chain_id: chainId } = await network.clients[0].call('get_status', {});
  const stopLoad = startLoad(network.clients, chainId);
  const lag = watchLag();
  const scheduleIn = async (epoch: number): Promise<Schedule> => {
    const known = schedules.get(epoch);
    if (known) return known;
    // Asked of any node that answers; a past epoch's config is not kept for long.
    const found = await eventually(async () => {
      for (const client of network.clients) {
        const schedule = await scheduleOf(client, epoch).catch(() => undefined);
        if (schedule) return schedule;
      }
      return undefined;
    }, 10_000);
    if (!found) throw new Error(`no node knows the config of epoch ${epoch}`);
    schedules.set(epoch, found);
    return found;
  };
  return {
    network,
    blocks,
    worstLagMs: lag.worst,
    leader: async (epoch, number) => {
      const schedule = await scheduleIn(epoch);
      return keys.indexOf(schedule.keys[leaderOf(schedule.leaders, view(number))] ?? '');
    },
    proposer: async ({ epoch, proposer }) =>
      keys.indexOf((await scheduleIn(epoch)).keys[proposer] ?? ''),
    close: async () => {
      stopLoad();
      lag.stop();
      await network.stop();
      if (process.env['MILETUS_KEEP'] === '1') console.log(`crash test: logs in ${home}/logs`);
      else rmSync(home, { recursive: true, force: true });
      if (doubleSigns.length > 0) throw new Error(`${doubleSigns.join(', ')} saw a double sign`);
    },
  };
}

/** Time that `count` consecutive views of a dead leader take: each timer is longer by the growth. */
export function deadViewsMs(count: number): number {
  const { idleBlockMs, deltaMs, timeoutGrowthPercent, timeoutCapMs } = PACING;
  let total = 0;
  let timeoutMs = idleBlockMs + 2 * deltaMs;
  for (let i = 0; i < count; i++) {
    total += Math.min(timeoutMs, timeoutCapMs);
    timeoutMs = (timeoutMs * timeoutGrowthPercent) / 100;
  }
  return total;
}

/** Evidence of faults that a node counted, from its metrics. */
export async function evidenceCount(metricsPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const lines = (await response.text()).split('\n');
  return lines
    .filter((line) => line.startsWith('miletus_evidence_total'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
