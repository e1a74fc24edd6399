/**
 * Makes a signer process for a node that held its keys itself: new keys for the link between the two,
 * the consensus key and the record of what it signed moved, both configurations written.
 *
 * Order: the record is in its new place before the key is, and the key leaves the node's home last, by
 * renaming or after its copy is on disk. Cut short anywhere, the key is in one of two homes that are
 * not both able to sign: the signer's is without its configuration until the end.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../../runtime/core/bytes.ts';
import { readConfig } from '../config.ts';
import { ed25519Key } from '../crypto/ed25519.ts';
import { EXIT, FatalError } from '../exit-codes.ts';
import { randomSeed, readKeyFile, writeKeyFile } from '../keys.ts';
import { parseLinkAddress } from './link-address.ts';
import { carryRecord } from './low-water.ts';
import { exampleSignerConfig, SIGNER_CONFIG_FILE } from './signer-config.ts';

export type MakeSigner = {
  readonly signerHome: string;
  readonly nodeHome: string;
  /** Where the node lets the signer in: `unix:/path` or `host:port`. */
  readonly listen: string;
  /** Where the signer dials; another than `listen` where the node listens on every interface. */
  readonly dial: string;
  /** Hex. */
  readonly chainId: string;
};

export type MadeSigner = {
  readonly consensusKey: string;
  readonly signerLinkKey: string;
  readonly nodeLinkKey: string;
  readonly votesCarried: number;
};

const publicHex = (seed: Uint8Array): string => toHex(ed25519Key(seed).publicKey);

/** `config.toml` with the table `[signer]` filled in. */
export function withSignerTable(text: string, listen: string, pinned: string): string {
  const table = `[signer]\n# Where the signer process is let in, and the key that it must prove.\nlisten = "${listen}"\nkey = "keys/signer-link.key"\npinned = "${pinned}"\n`;
  const bare = text.replace(/^\[signer\][^[]*?(?=^\[|(?![\s\S]))/m, '');
  return `${bare.trimEnd()}\n\n${table}`;
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Carries it out. `FatalError`: `config` or `badData` naming what is in the way, `locked` while the node
 * runs. The node must be stopped.
 */
export async function makeSigner(options: MakeSigner): Promise<MadeSigner> {
  const { signerHome, nodeHome, listen, dial, chainId } = options;
  const fail = (text: string): FatalError => new FatalError(EXIT.badData, text);
  const config = readConfig(nodeHome);
  if (config.signer !== undefined) throw fail(`${nodeHome} has a signer already`);
  if (existsSync(join(signerHome, SIGNER_CONFIG_FILE))) {
    throw fail(`${signerHome} holds a signer already`);
  }
  for (const [field, text] of Object.entries({ listen, dial })) {
    if (parseLinkAddress(text) === undefined) {
      throw new FatalError(EXIT.config, `${field}: given ${text}; allowed: unix:PATH or HOST:PORT`);
    }
  }
  const [keyPath, ...more] = config.keys.consensus;
  if (more.length > 0) throw fail('a rotation is under way: move the key when it is over');
  const consensus = readKeyFile(keyPath);
  const nodeLink = randomSeed();
  const signerLink = randomSeed();

  const keys = join(signerHome, 'keys');
  const data = join(signerHome, 'data');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const votesCarried = await carryRecord(config.data, data);
  writeKeyFile(join(keys, 'link.key'), signerLink);
  writeKeyFile(join(keys, 'consensus.key'), consensus);
  syncFile(join(keys, 'consensus.key'));
  writeKeyFile(join(nodeHome, 'keys', 'signer-link.key'), nodeLink);
  const path = join(nodeHome, 'config.toml');
  writeFileSync(path, withSignerTable(readFileSync(path, 'utf8'), listen, publicHex(signerLink)));
  rmSync(keyPath);
  writeFileSync(
    join(signerHome, SIGNER_CONFIG_FILE),
    exampleSignerConfig({ chainId, node: dial, pinned: publicHex(nodeLink) }),
    { mode: 0o600 },
  );
  return {
    consensusKey: publicHex(consensus),
    signerLinkKey: publicHex(signerLink),
    nodeLinkKey: publicHex(nodeLink),
    votesCarried,
  };
}
