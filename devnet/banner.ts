/** What `devnet up` prints first: where everything is, and a warning that the keys are public. */
import { addressOf, DEV_MNEMONIC, devAccount, PEOPLE_ACCOUNTS } from './accounts.ts';
import type { Manifest } from './folder.ts';

export type BannerFacts = {
  readonly home: string;
  readonly manifest: Manifest;
  readonly isNew: boolean;
  /** `PriceSource.citation`. */
  readonly prices: string;
  readonly bots: boolean;
};

export type BannerJson = {
  readonly home: string;
  readonly resumed: boolean;
  readonly rpc: string[];
  readonly websocket: string[];
  readonly metrics: string[];
  readonly faucet: string;
  readonly mnemonic: string;
  readonly accounts: string[];
  readonly prices: string;
};

/** The facts as one JSON object. */
export function bannerJson({ home, manifest, isNew, prices }: BannerFacts): BannerJson {
  return {
    home,
    resumed: !isNew,
    rpc: manifest.validators.map(({ rpcPort }) => `http://127.0.0.1:${rpcPort}`),
    websocket: manifest.validators.map(({ rpcPort }) => `ws://127.0.0.1:${rpcPort}`),
    metrics: manifest.validators.map(
      ({ metricsPort }) => `http://127.0.0.1:${metricsPort}/metrics`,
    ),
    faucet: `http://127.0.0.1:${manifest.faucetPort}`,
    mnemonic: DEV_MNEMONIC,
    accounts: Array.from({ length: PEOPLE_ACCOUNTS }, (_, i) => addressOf(devAccount(i))),
    prices,
  };
}

/** The lines for people. */
export function bannerLines(facts: BannerFacts): string[] {
  const json = bannerJson(facts);
  const { home, isNew, bots } = facts;
  const [rpc = ''] = json.rpc;
  return [
    `Miletus devnet: ${json.rpc.length} validators, ${isNew ? 'new' : 'resumed'} in ${home}`,
    '',
    `  RPC        ${json.rpc.join('  ')}`,
    `  WebSocket  ${json.websocket[0]} (every RPC port)`,
    `  Metrics    ${json.metrics.join('  ')}`,
    `  Faucet     curl -d '{"address":"mil1…"}' ${json.faucet}`,
    `  Prices     ${json.prices}`,
    `  Bots       ${bots ? 'two market makers, three takers, one taker of liquidations' : 'none (--no-bots)'}`,
    '',
    'Accounts, each with 1,000,000 USD and 1,000,000 MIL:',
    ...json.accounts.map((address, i) => `  #${i}  ${address}`),
    `Mnemonic: ${json.mnemonic}`,
    'WARNING: this mnemonic is PUBLICLY KNOWN. Never send anything of worth to these accounts.',
    '',
    `Try: npx miletus trade instruments --node ${rpc}    Stop: Ctrl-C`,
    '',
  ];
}
