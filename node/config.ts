/**
 * A node's configuration: a TOML file, every key documented, checked whole before anything starts.
 *
 * Paths are relative to the home folder. What the validators agree on (pacing, limits, timeouts) is
 * not here: it is on chain.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { fromHex } from '../runtime/core/bytes.ts';
import { EXIT, FatalError } from './exit-codes.ts';
import type { LogFormat, LogLevels } from './log.ts';
import { LOG_LEVELS } from './ports.ts';
import { type LinkAddress, parseLinkAddress } from './signer/link-address.ts';
import { MAX_SIGNER_KEYS } from './signer/link-messages.ts';
import type { NonEmpty } from './signer/local-signer.ts';

const port = z.int().min(0).max(65_535);
const level = z.enum(LOG_LEVELS);
const hexKey = z.string().regex(/^[0-9a-f]{64}$/, 'allowed: 64 hex characters');

const ConfigSchema = z.strictObject({
  genesis: z.string().min(1).default('genesis.json'),
  data: z.string().min(1).default('data'),
  validator: z.boolean().default(true),
  keys: z
    .strictObject({
      consensus: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(MAX_SIGNER_KEYS)])
        .default('keys/consensus.key'),
      peer: z.string().min(1).default('keys/peer.key'),
    })
    .prefault({}),
  signer: z
    .strictObject({
      listen: z.string().default(''),
      key: z.string().min(1).default('keys/signer-link.key'),
      pinned: hexKey.or(z.literal('')).default(''),
      waitMs: z.int().min(1_000).max(3_600_000).default(60_000),
    })
    .prefault({}),
  p2p: z
    .strictObject({
      listen: z.array(z.string().min(1)).default(['/ip4/127.0.0.1/tcp/26656']),
      bootstrap: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  rpc: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(8545),
      corsOrigins: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  metrics: z
    .strictObject({ host: z.string().min(1).default('127.0.0.1'), port: port.default(9464) })
    .prefault({}),
  log: z
    .strictObject({
      format: z.enum(['auto', 'json', 'text']).default('auto'),
      levels: z.record(z.string().min(1), level).default({}),
    })
    .prefault({}),
  mempool: z
    .strictObject({
      maxBytes: z.int().min(65_536).max(1_073_741_824).default(134_217_728),
      maxPayloads: z.int().min(16).max(1_000_000).default(100_000),
      maxPerAccount: z.int().min(1).max(100_000).default(4_096),
    })
    .prefault({}),
  storage: z
    .strictObject({
      keepBlocks: z.int().min(0).default(0),
    })
    .prefault({}),
});

/** Where a signer process is let in. */
export type NodeSignerConfig = {
  readonly listen: LinkAddress;
  /** File of this node's key of the link. */
  readonly key: string;
  /** The signer's key of the link, which it must prove. */
  readonly pinned: Uint8Array;
  /** How long a start waits for the signer. */
  readonly waitMs: number;
};

/** A checked configuration with absolute paths. */
export type NodeConfig = {
  readonly home: string;
  readonly genesis: string;
  readonly data: string;
  /** Whether to sign votes when the consensus key is in the validator set. */
  readonly validator: boolean;
  /** Files. Consensus keys: the one in use first, then those of rotations under way. */
  readonly keys: { readonly consensus: NonEmpty<string>; readonly peer: string };
  /** A signer process that holds the consensus keys; undefined: this node reads them itself. */
  readonly signer: NodeSignerConfig | undefined;
  readonly p2p: { readonly listen: readonly string[]; readonly bootstrap: readonly string[] };
  readonly rpc: {
    readonly host: string;
    readonly port: number;
    readonly corsOrigins: readonly string[];
  };
  readonly metrics: { readonly host: string; readonly port: number };
  readonly log: { readonly format: LogFormat; readonly levels: LogLevels };
  readonly mempool: {
    readonly maxBytes: number;
    readonly maxPayloads: number;
    readonly maxPerAccount: number;
  };
  readonly storage: { readonly keepBlocks: number };
};

/** The file with every key, its default and its meaning. */
export function exampleConfig(): string {
  return `# Configuration of a Miletus node. Paths are relative to the home folder.

# The genesis document; its hash is the chain id.
genesis = "genesis.json"
# Where the databases are.
data = "data"
# Sign votes when the consensus key is in the validator set; false: only follow.
validator = true

[keys]
# Files of 64 hex characters, mode 600. While a consensus key rotates, a list: the old one, the new one.
consensus = "keys/consensus.key"
peer = "keys/peer.key"

[signer]
# Where a signer process is let in, which then holds the consensus keys instead of this node:
# "unix:signer.sock" or "127.0.0.1:26659"; empty: this node signs itself.
listen = ""
# This node's key of the link to it, and the signer's, which must prove it: 64 hex characters.
key = "keys/signer-link.key"
pinned = ""
# A start waits so long for the signer.
waitMs = 60000

[p2p]
# Multiaddrs to listen on.
listen = ["/ip4/127.0.0.1/tcp/26656"]
# Multiaddrs with peer ids to dial at start; validators find each other by the chain.
bootstrap = []

[rpc]
# JSON-RPC over HTTP and WebSocket. Port 0 takes a free one.
host = "127.0.0.1"
port = 8545
# Origins of web pages that may call, e.g. "http://127.0.0.1:5173".
corsOrigins = []

[metrics]
# Prometheus metrics at /metrics, health at /livez and /readyz.
host = "127.0.0.1"
port = 9464

[log]
# "json": one object a line; "text": for people; "auto": text on a terminal.
format = "auto"

[log.levels]
# trace, debug, info, warn, error, fatal or silent; "default" is for modules not named, which are
# driver, p2p, mempool, executor, sync, storage, signer, rpc.
default = "info"

[mempool]
# Bounds of transactions waiting for a block.
maxBytes = 134217728
maxPayloads = 100000
maxPerAccount = 4096

[storage]
# Final blocks to keep; 0 keeps all.
keepBlocks = 0
`;
}

/** One line a problem: the key, what was given, what is allowed. */
export function showProblems(error: z.ZodError, raw: unknown): string {
  const valueAt = (path: readonly PropertyKey[]): unknown =>
    path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
      raw,
    );
  return error.issues
    .map((issue) => {
      const { message, path } = issue;
      if (issue.code === 'unrecognized_keys')
        return `  ${[...path, ...issue.keys].join('.')}: no such key`;
      return `  ${path.join('.')}: given ${JSON.stringify(valueAt(path))}; ${message}`;
    })
    .join('\n');
}

/** Checks the text of a TOML file. `FatalError` `config` names each key at fault. */
export function parseToml<T>(text: string, schema: z.ZodType<T>): T {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FatalError(EXIT.config, `the configuration is not TOML: ${detail}`);
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    throw new FatalError(
      EXIT.config,
      `the configuration is wrong:\n${showProblems(parsed.error, raw)}`,
    );
  }
  return parsed.data;
}

/** An address of the link, with a socket's path relative to `home`. `FatalError` `config`. */
export function linkAddressOf(field: string, text: string, home: string): LinkAddress {
  const address = parseLinkAddress(text);
  if (address === undefined) {
    const allowed = 'unix:PATH or HOST:PORT';
    throw new FatalError(
      EXIT.config,
      `${field}: given ${JSON.stringify(text)}; allowed: ${allowed}`,
    );
  }
  if (address.kind === 'tcp' || isAbsolute(address.path)) return address;
  return { kind: 'unix', path: join(home, address.path) };
}

function signerConfig(
  { listen, key, pinned, waitMs }: z.infer<typeof ConfigSchema>['signer'],
  home: string,
): NodeSignerConfig | undefined {
  if (listen === '') return undefined;
  const peer = fromHex(pinned);
  if (pinned === '' || peer === undefined) {
    throw new FatalError(EXIT.config, 'signer.pinned: given nothing; allowed: 64 hex characters');
  }
  const path = isAbsolute(key) ? key : join(home, key);
  return { listen: linkAddressOf('signer.listen', listen, home), key: path, pinned: peer, waitMs };
}

/** Checks the text of a configuration file. `FatalError` `config` names each key at fault. */
export function parseConfig(text: string, home: string): NodeConfig {
  const config = parseToml(text, ConfigSchema);
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(home, path));
  const [consensus = '', ...more] = [config.keys.consensus].flat();
  return {
    ...config,
    home,
    genesis: absolute(config.genesis),
    data: absolute(config.data),
    keys: {
      consensus: [absolute(consensus), ...more.map(absolute)],
      peer: absolute(config.keys.peer),
    },
    signer: signerConfig(config.signer, home),
    log: { ...config.log, levels: { default: 'info', ...config.log.levels } },
  };
}

/** Reads `config.toml` of a home folder. */
export function readConfig(home: string): NodeConfig {
  const path = join(home, 'config.toml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FatalError(EXIT.config, `${path} cannot be read: ${detail}`);
  }
  return parseConfig(text, home);
}
