/** A feeder process: `node devnet/feeder-main.ts CONFIG.json`, ended by SIGTERM. */
import { readFileSync } from 'node:fs';
import { createEventLog } from '../feeder/event-log.ts';
import { fromHex } from '../runtime/core/bytes.ts';
import { createClient } from '../wallet/client/client.ts';
import { ed25519Signer } from '../wallet/client/sign.ts';
import { runFeeder } from './feeder.ts';
import { DEVNET_UNDERLYINGS } from './genesis.ts';
import { openPriceSource, type SourceOptions } from './prices/open-source.ts';
import { PROFILES, type ProfileName } from './profile.ts';

/** What the devnet writes for each feeder, readable by its user only: it holds the oracle key. */
export type FeederConfig = {
  readonly name: string;
  readonly rpcUrl: string;
  readonly profile: ProfileName;
  /** Hex of the ed25519 seed of the oracle key. */
  readonly oracleSeed: string;
  readonly noiseSeed: number;
  readonly prices: Omit<SourceOptions, 'expiryIntervalMs'>;
};

function run(path: string): void {
  const config = JSON.parse(readFileSync(path, 'utf8')) as FeederConfig;
  const seed = fromHex(config.oracleSeed);
  if (seed === undefined) throw new RangeError(`${path}: oracleSeed is not hex`);
  const { oracleIntervalMs: intervalMs, ...profile } = PROFILES[config.profile];
  const client = createClient({ url: config.rpcUrl, timeoutMs: 2 * intervalMs });
  const feeder = runFeeder({
    client,
    signer: ed25519Signer(seed),
    source: openPriceSource({ ...config.prices, expiryIntervalMs: profile.expiryIntervalMs }),
    underlyings: DEVNET_UNDERLYINGS,
    intervalMs,
    expiryIntervalMs: profile.expiryIntervalMs,
    expiriesListed: profile.expiriesListed,
    noiseSeed: config.noiseSeed,
    log: createEventLog(config.name),
  });
  process.once('SIGTERM', () => {
    client.close();
    void feeder.stop().then(() => process.exit(0));
  });
}

run(process.argv[2] ?? '');
