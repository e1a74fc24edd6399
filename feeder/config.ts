/**
 * A feeder's configuration: a TOML file, every key documented, checked whole before anything starts.
 * Paths are relative to the file's folder.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { EXIT, FatalError } from '../node/exit-codes.ts';
import { MODEL_NAMES, type ModelName } from './simulate/models.ts';
import { VENUE_NAMES, type VenueName } from './sources/venues.ts';

const name = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'allowed: 1 to 32 of A-Z a-z 0-9 _ -');
const underlying = z.string().regex(/^[A-Z]{2,8}$/, 'allowed: 2 to 8 capital letters');
const nodeUrl = z.string().regex(/^(?:https?|wss?):\/\/[^\s/]+/, 'allowed: http(s):// or ws(s)://');
const socketUrl = z.string().regex(/^wss?:\/\/[^\s/]+/, 'allowed: ws:// or wss://');
const millis = (min: number, max: number) => z.int().min(min).max(max);

const MarketSchema = z.strictObject({
  underlying,
  symbol: z.string().min(1).max(64),
  options: z.string().min(1).max(64).optional(),
});

const SourceSchema = z.strictObject({
  name,
  venue: z.enum(VENUE_NAMES),
  url: socketUrl,
  weight: z.number().positive().max(1_000).default(1),
  markets: z.array(MarketSchema).min(1).max(16),
});

const ConfigSchema = z.strictObject({
  nodes: z.array(nodeUrl).min(1).max(8).default(['http://127.0.0.1:8545']),
  oracleKey: z.string().min(1).default('keys/oracle.key'),
  underlyings: z.array(underlying).min(1).max(16).default(['BTC', 'ETH']),
  intervalMs: millis(250, 1_000).default(500),
  aggregation: z
    .strictObject({
      minSources: z.int().min(1).max(16).default(2),
      indexStaleMs: millis(500, 180_000).default(10_000),
      optionStaleMs: millis(1_000, 600_000).default(120_000),
      surfaceIntervalMs: millis(250, 60_000).default(1_000),
    })
    .prefault({}),
  schedule: z
    .strictObject({ intervalMs: millis(1_000, 86_400_000), count: z.int().min(0).max(31) })
    .optional(),
  metrics: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.int().min(0).max(65_535),
    })
    .optional(),
  sources: z.array(SourceSchema).max(16).default([]),
  simulation: z
    .strictObject({
      model: z.enum(MODEL_NAMES),
      seed: z.int().min(0).max(0xffff_ffff).default(1),
      startedAtMs: z.int().min(0).optional(),
      prices: z.record(underlying, z.number().positive()),
      expiryIntervalMs: millis(10_000, 86_400_000).default(86_400_000),
      expiries: z.int().min(1).max(32).default(6),
    })
    .optional(),
});

export type SourceConfig = {
  readonly name: string;
  readonly venue: VenueName;
  readonly url: string;
  readonly weight: number;
  readonly markets: readonly {
    readonly underlying: string;
    readonly symbol: string;
    readonly options?: string | undefined;
  }[];
};

/** A checked configuration with absolute paths. */
export type FeederConfig = {
  readonly nodes: readonly string[];
  readonly oracleKey: string;
  readonly underlyings: readonly string[];
  readonly intervalMs: number;
  readonly aggregation: {
    readonly minSources: number;
    readonly indexStaleMs: number;
    readonly optionStaleMs: number;
    readonly surfaceIntervalMs: number;
  };
  readonly schedule?: { readonly intervalMs: number; readonly count: number } | undefined;
  readonly metrics?: { readonly host: string; readonly port: number } | undefined;
  readonly sources: readonly SourceConfig[];
  readonly simulation?:
    | {
        readonly model: ModelName;
        readonly seed: number;
        readonly startedAtMs?: number | undefined;
        readonly prices: Readonly<Record<string, number>>;
        readonly expiryIntervalMs: number;
        readonly expiries: number;
      }
    | undefined;
};

/** The file with every key, its default or an example, and its meaning. */
export function exampleConfig(): string {
  return `# Configuration of a Miletus price feeder. Paths are relative to this file's folder.

# JSON-RPC of the validator's own node first, then of others that votes are also sent to.
nodes = ["http://127.0.0.1:8545"]
# The oracle key that \`miletus node init\` made: 64 hex characters, mode 600.
oracleKey = "keys/oracle.key"
# What to vote on; the chain must list it.
underlyings = ["BTC", "ETH"]
# Between two votes: 250 to 1000.
intervalMs = 500

[aggregation]
# An underlying with fewer fresh sources is left out of the vote.
minSources = 2
# Older prices are dropped, and older option quotes.
indexStaleMs = 10000
optionStaleMs = 120000
# Between two fits of the surface.
surfaceIntervalMs = 1000

[metrics]
# Prometheus metrics at /metrics; leave the table out for none.
host = "127.0.0.1"
port = 9465

# Sources: each a venue's public WebSocket. \`symbol\` is the venue's name of the pair or index,
# \`options\` of the option family. A larger weight counts more in the median. Prefer pairs in USD: a
# pair in a stablecoin carries its premium into the index.
[[sources]]
name = "deribit"
venue = "deribit"
url = "wss://www.deribit.com/ws/api/v2"
weight = 2
markets = [
  { underlying = "BTC", symbol = "btc_usd", options = "BTC" },
  { underlying = "ETH", symbol = "eth_usd", options = "ETH" },
]

[[sources]]
name = "coinbase"
venue = "coinbase"
url = "wss://ws-feed.exchange.coinbase.com"
markets = [
  { underlying = "BTC", symbol = "BTC-USD" },
  { underlying = "ETH", symbol = "ETH-USD" },
]

[[sources]]
name = "kraken"
venue = "kraken"
url = "wss://ws.kraken.com/v2"
markets = [
  { underlying = "BTC", symbol = "BTC/USD" },
  { underlying = "ETH", symbol = "ETH/USD" },
]

[[sources]]
name = "binance"
venue = "binance"
url = "wss://stream.binance.com:9443/stream"
markets = [
  { underlying = "BTC", symbol = "BTCUSDT" },
  { underlying = "ETH", symbol = "ETHUSDT" },
]

[[sources]]
name = "okx"
venue = "okx"
url = "wss://ws.okx.com:8443/ws/v5/public"
markets = [
  { underlying = "BTC", symbol = "BTC-USDT", options = "BTC-USD" },
  { underlying = "ETH", symbol = "ETH-USDT", options = "ETH-USD" },
]

# Instead of sources, a simulated market: jump_diffusion, heston or regimes.
# [simulation]
# model = "heston"
# seed = 1
# prices = { BTC = 100000, ETH = 4000 }

# Networks that list short expiries of their own: every so often, so many.
# [schedule]
# intervalMs = 300000
# count = 3
`;
}

function problemsOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const path = [...issue.path, ...('keys' in issue ? issue.keys : [])].join('.');
      return `${path}: ${issue.code === 'unrecognized_keys' ? 'no such key' : issue.message}`;
    })

    .join('; ');
}

/** What the schema cannot say: names that must differ, and what there must be at least of. */
function contradiction({ sources, simulation, underlyings }: FeederConfig): string | undefined {
  if (simulation && sources.length > 0)
    return 'sources: given with simulation; allowed: one of both';
  const names = sources.map((source) => source.name);
  const twice = names.find((source, i) => names.indexOf(source) !== i);
  if (twice !== undefined) return `sources: the name ${twice} comes twice`;
  const simulated = simulation ? Object.keys(simulation.prices) : [];
  const read = new Set([
    ...sources.flatMap(({ markets }) => markets.map((market) => market.underlying)),
    ...simulated,
  ]);
  if (read.size === 0) return undefined;
  const missing = underlyings.find((wanted) => !read.has(wanted));
  return missing && `underlyings: no source of ${missing}`;
}

/** Checks the text of a configuration file. `FatalError` `config` names each key at fault. */
export function parseFeederConfig(text: string, folder: string): FeederConfig {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FatalError(EXIT.config, `the configuration is not TOML: ${detail}`);
  }
  const parsed = ConfigSchema.safeParse(raw);
  if (!parsed.success) {
    throw new FatalError(EXIT.config, `the configuration is wrong: ${problemsOf(parsed.error)}`);
  }
  const config = parsed.data;
  const problem = contradiction(config);
  if (problem !== undefined)
    throw new FatalError(EXIT.config, `the configuration is wrong: ${problem}`);
  const { oracleKey } = config;
  return { ...config, oracleKey: isAbsolute(oracleKey) ? oracleKey : join(folder, oracleKey) };
}

/** Reads a configuration file. `FatalError` `config`. */
export function readFeederConfig(path: string): FeederConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FatalError(EXIT.config, `${path} cannot be read: ${detail}`);
  }
  return parseFeederConfig(text, dirname(path));
}
