/**
 * The configuration of a signer process: `signer.toml` in its home folder, checked whole before
 * anything starts. Paths are relative to the home folder.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { fromHex } from '../../runtime/core/bytes.ts';
import { linkAddressOf, parseToml } from '../config.ts';
import { EXIT, FatalError } from '../exit-codes.ts';
import type { LogFormat, LogLevels } from '../log.ts';
import { LOG_LEVELS } from '../ports.ts';
import type { LinkAddress } from './link-address.ts';
import { MAX_SIGNER_KEYS } from './link-messages.ts';

/** Nodes of one validator: one that votes, and such as stand by. */
const MAX_NODES = 4;

const hexKey = z.string().regex(/^[0-9a-f]{64}$/, 'allowed: 64 hex characters');

const SignerSchema = z.strictObject({
  chainId: hexKey,
  keys: z.array(z.string().min(1)).min(1).max(MAX_SIGNER_KEYS).default(['keys/consensus.key']),
  linkKey: z.string().min(1).default('keys/link.key'),
  data: z.string().min(1).default('data'),
  nodes: z
    .array(z.strictObject({ address: z.string().min(1), pinned: hexKey }))
    .min(1)
    .max(MAX_NODES),
  metrics: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(9465),
    })
    .prefault({}),
  log: z
    .strictObject({
      format: z.enum(['auto', 'json', 'text']).default('auto'),
      levels: z.record(z.string().min(1), z.enum(LOG_LEVELS)).default({}),
    })
    .prefault({}),
});

/** A node that is served: where it listens, and the key of the link that it must prove. */
export type SignerNode = {
  readonly name: string;
  readonly address: LinkAddress;
  readonly pinned: Uint8Array;
};

/** A checked configuration with absolute paths. */
export type SignerConfig = {
  /** The only chain that is signed for, 32 bytes. */
  readonly chainId: Uint8Array;
  /** Files of consensus keys: the one in use first. */
  readonly keys: readonly string[];
  readonly linkKey: string;
  readonly data: string;
  readonly nodes: readonly SignerNode[];
  readonly metrics: { readonly host: string; readonly port: number };
  readonly log: { readonly format: LogFormat; readonly levels: LogLevels };
};

/** The file for one node, with every key and its meaning. */
export function exampleSignerConfig(options: {
  readonly chainId: string;
  readonly node: string;
  readonly pinned: string;
}): string {
  return `# Configuration of a Miletus signer. Paths are relative to this folder.

# The chain that is signed for, and no other: \`miletus genesis hash genesis.json\`.
chainId = "${options.chainId}"
# Consensus keys: files of 64 hex characters, mode 600. The one in use first; while a key rotates, the
# new one behind it.
keys = ["keys/consensus.key"]
# This signer's key of the link to its nodes.
linkKey = "keys/link.key"
# Where it is written down what was signed. Never restore it from a copy: \`miletus keys restore\`.
data = "data"

[metrics]
# Prometheus metrics at /metrics, health at /livez and /readyz.
host = "127.0.0.1"
port = 9465

[log]
# "json": one object a line; "text": for people; "auto": text on a terminal.
format = "auto"

# Where the node lets its signer in ([signer] listen of its configuration), and the node's key of the
# link. A second [[nodes]] is one that stands by.
[[nodes]]
address = "${options.node}"
pinned = "${options.pinned}"
`;
}

/** Checks the text of a configuration. `FatalError` `config` names each key at fault. */
export function parseSignerConfig(text: string, home: string): SignerConfig {
  const config = parseToml(text, SignerSchema);
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(home, path));
  const keyOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(32);
  return {
    ...config,
    chainId: keyOf(config.chainId),
    keys: config.keys.map(absolute),
    linkKey: absolute(config.linkKey),
    data: absolute(config.data),
    nodes: config.nodes.map(({ address, pinned }, at) => ({
      name: address,
      address: linkAddressOf(`nodes[${at}].address`, address, home),
      pinned: keyOf(pinned),
    })),
    log: { ...config.log, levels: { default: 'info', ...config.log.levels } },
  };
}

/** Name of the configuration in a signer's home folder. */
export const SIGNER_CONFIG_FILE = 'signer.toml';

/** Reads the configuration of a home folder. */
export function readSignerConfig(home: string): SignerConfig {
  const path = join(home, SIGNER_CONFIG_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FatalError(EXIT.config, `${path} cannot be read: ${detail}`);
  }
  return parseSignerConfig(text, home);
}
