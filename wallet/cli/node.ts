/** `miletus node`: prepare, run and look at a node. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import { exampleConfig } from '../../node/config.ts';
import { randomSeed, writeKeyFile } from '../../node/keys.ts';
import { parseAddress } from '../../runtime/accounts/address-text.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { parseVersion } from '../../runtime/upgrade/parse-version.ts';
import { ed25519Signer } from '../client/sign.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  text,
  texts,
  withClient,
  withConfirmation,
  withJson,
  withNode,
} from './options.ts';
import { fields, print, time } from './output.ts';

const DEFAULT_WEIGHT = 1_000_000;
const KEY_NAMES = ['consensus', 'oracle', 'peer'] as const;

/** Entry of this validator for a genesis document. */
function validatorEntry(
  argv: Arguments,
  operator: string,
  publicKeys: Readonly<Record<(typeof KEY_NAMES)[number], string>>,
): object {
  const parsed = parseAddress(operator);
  if (!parsed.ok) throw usageError('--operator', operator, `mil1…: ${parsed.error.detail}`);
  const addresses = texts(argv, 'address');
  return {
    operator,
    consensusKey: publicKeys.consensus,
    oracleKey: publicKeys.oracle,
    peerKey: publicKeys.peer,
    weight: integer(argv, 'weight', { min: 1, max: 10 ** 12 }) ?? DEFAULT_WEIGHT,
    addresses: addresses.length === 0 ? ['/ip4/127.0.0.1/tcp/26656'] : addresses,
  };
}

function init(argv: Arguments): void {
  const home = resolve(mustText(argv, 'home', 'a folder'));
  const operator = text(argv, 'operator');
  const config = join(home, 'config.toml');
  if (existsSync(config)) {
    const facts = { field: '--home', given: home, allowed: 'a folder without a config.toml' };
    throw new CliError(EXIT.cannotCreate, facts);
  }
  const seeds = { consensus: randomSeed(), oracle: randomSeed(), peer: randomSeed() };
  const publicHex = (seed: Uint8Array): string => toHex(ed25519Signer(seed).publicKey);
  const publicKeys = {
    consensus: publicHex(seeds.consensus),
    oracle: publicHex(seeds.oracle),
    peer: publicHex(seeds.peer),
  };
  const entry = operator === undefined ? undefined : validatorEntry(argv, operator, publicKeys);
  const result = {
    home,
    config,
    ...publicKeys,
    validator: entry ? join(home, 'validator.json') : null,
  };
  if (flag(argv, 'dry-run')) {
    const { consensus: _c, oracle: _o, peer: _p, ...plan } = result;
    print(flag(argv, 'json'), { dry_run: true, ...plan }, fields(plan));
    return;
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  for (const name of KEY_NAMES) writeKeyFile(join(home, 'keys', `${name}.key`), seeds[name]);
  if (entry !== undefined) {
    writeFileSync(join(home, 'validator.json'), `${JSON.stringify(entry, null, 2)}\n`);
  }
  writeFileSync(config, exampleConfig());
  print(flag(argv, 'json'), result, [
    ...fields(result),
    '',
    `Put the genesis document at ${join(home, 'genesis.json')}, then: miletus node start --home ${home}`,
  ]);
}

async function start(argv: Arguments): Promise<void> {
  const home = resolve(mustText(argv, 'home', 'a folder that `node init` made'));
  const haltHeight = integer(argv, 'halt-height', { min: 1, max: Number.MAX_SAFE_INTEGER });
  const versions = (name: 'override' | 'without') =>
    texts(argv, name).map((given) => {
      const parsed = parseVersion(given);
      if (parsed === undefined || (parsed.fromHeight === undefined) === (name === 'override')) {
        const form = name === 'override' ? 'MODULE=VERSION@HEIGHT' : 'MODULE=VERSION';
        throw usageError(
          `--${name}`,
          given,
          `${form}, such as matching=2${name === 'override' ? '@1200' : ''}`,
        );
      }
      return { ...parsed, fromHeight: parsed.fromHeight ?? 0 };
    });
  const release = { overrides: versions('override'), without: versions('without') };
  const { runNode } = await import('../../node/process.ts');
  await runNode({ home, haltHeight, release });
}

async function status(argv: Arguments): Promise<void> {
  await withClient(argv, async (client) => {
    const found = await client.call('get_status', {});
    print(flag(argv, 'json'), found, fields({ ...found, timestamp: time(found.timestamp) }));
  });
}

const withHome = (y: Argv): Argv =>
  y.option('home', {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the node',
  }) as unknown as Argv;

export function buildNode(yargs: Argv): Argv {
  return yargs
    .command(
      'init',
      'Make a home folder: configuration, keys, validator entry',
      (y) =>
        withConfirmation(withJson(withHome(y)))
          .option('operator', { type: 'string', describe: 'mil1… of the operator: a validator' })
          .option('weight', { type: 'string', describe: 'Genesis weight in whole MIL (1000000)' })
          .option('address', {
            type: 'string',
            array: true,
            describe: 'Multiaddr that others dial; may come several times',
          })
          .example('$0 node init --home n0 --operator mil1…', 'a validator of a new chain'),
      init,
    )
    .command(
      'start',
      'Run the node until it is stopped',
      (y) =>
        withHome(y)
          .option('halt-height', { type: 'string', describe: 'Stop after this height' })
          .option('override', {
            type: 'string',
            describe:
              'MODULE=VERSION@HEIGHT: execute by this version from there on, as all validators agreed',
          })
          .option('without', {
            type: 'string',
            describe: 'MODULE=VERSION: act as a release that lacks it, for rehearsals',
          })
          .example('$0 node start --home n0', 'Ctrl-C stops it'),
      start,
    )
    .command(
      'status',
      'Ask a running node how it is',
      (y) => withNode(y).example('$0 node status', 'height, peers, health'),
      status,
    );
}
