/** The bots' process: `node devnet/bots/main.ts CONFIG.json`, ended by SIGTERM. */
import { readFileSync } from 'node:fs';
import { createEventLog } from '../../feeder/event-log.ts';
import { mix32 } from '../../feeder/simulate/random.ts';
import { createClient } from '../../wallet/client/client.ts';
import { BOT_ACCOUNTS, devAccount } from '../accounts.ts';
import { PROFILES, type ProfileName } from '../profile.ts';
import { runLiquidator } from './liquidator.ts';
import { runMaker } from './maker.ts';
import { followMarket } from './market-view.ts';
import { runTaker } from './taker.ts';
import { createTrader } from './trader.ts';

/** What the devnet writes for the bots. */
export type BotsConfig = {
  readonly rpcUrl: string;
  readonly profile: ProfileName;
  readonly seed: number;
};

const STRIKES_EACH_SIDE = 2;
/** Orders a second of each taker. */
const TAKER_RATE: { readonly [N in ProfileName]: number } = { devnet: 0.3, smoke: 1 };
const START_RETRY_MS = 250;

async function run(path: string): Promise<void> {
  const config = JSON.parse(readFileSync(path, 'utf8')) as BotsConfig;
  const profile = PROFILES[config.profile];
  const log = createEventLog('bots');
  const client = createClient({ url: config.rpcUrl });
  let chainId: string | undefined;
  while (chainId === undefined) {
    try {
      chainId = (await client.call('get_status', {})).chain_id;
      log.recovered('node');
    } catch (cause) {
      log.problem('node', cause);
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
  const market = followMarket({
    client,
    strikesEachSide: STRIKES_EACH_SIDE,
    minTimeToExpiryMs: profile.settlementWindowMs / 2,
    log,
  });
  const id = chainId;
  const traderOf = (account: number) => createTrader(client, id, devAccount(account));
  const bots = [
    ...BOT_ACCOUNTS.makers.map((account, i) => {
      const name = `maker-${i}`;
      return runMaker({
        name,
        client,
        market,
        trader: traderOf(account),
        seed: mix32(config.seed, account),
        log: createEventLog(name),
      });
    }),
    ...BOT_ACCOUNTS.takers.map((account, i) =>
      runTaker({
        market,
        trader: traderOf(account),
        ordersPerSecond: TAKER_RATE[config.profile],
        seed: mix32(config.seed, account),
        log: createEventLog(`taker-${i}`),
      }),
    ),
    ...BOT_ACCOUNTS.liquidators.map((account, i) => {
      const own = createEventLog(`liquidator-${i}`);
      return runLiquidator({ client, market, trader: traderOf(account), log: own });
    }),
  ];
  log.event('start', {
    makers: BOT_ACCOUNTS.makers.length,
    takers: BOT_ACCOUNTS.takers.length,
    liquidators: BOT_ACCOUNTS.liquidators.length,
  });
  process.once('SIGTERM', () => {
    market.close();
    client.close();
    void Promise.all(bots.map(({ stop }) => stop())).then(() => process.exit(0));
  });
}

await run(process.argv[2] ?? '');
