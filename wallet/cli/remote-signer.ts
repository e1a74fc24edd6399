/** `miletus signer`: a process of its own that holds a validator's consensus key. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import { checkGenesis, genesisHash } from '../../genesis/document.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type Arguments, flag, mustText, text, withConfirmation, withJson } from './options.ts';
import { fields, print } from './output.ts';
import { confirm } from './prompt.ts';

/** `--chain-id`, else the hash of the node's genesis document. */
function chainIdOf(argv: Arguments, nodeHome: string): string {
  const given = text(argv, 'chain-id');
  if (given !== undefined) {
    if (/^[0-9a-f]{64}$/.test(given)) return given;
    throw usageError('--chain-id', given, '64 hex characters');
  }
  const path = join(nodeHome, 'genesis.json');
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw usageError('--chain-id', 'nothing', `64 hex characters, or a genesis at ${path}`);
  }
  const genesis = checkGenesis(json);
  if (genesis.ok) return toHex(genesisHash(genesis.value));
  const [first] = genesis.error;
  throw new CliError(EXIT.badData, first ?? { field: path, given: '', allowed: '' });
}

async function init(argv: Arguments): Promise<void> {
  const home = resolve(mustText(argv, 'home', 'a folder for the signer'));
  const nodeHome = resolve(mustText(argv, 'node-home', 'the folder of a node that is stopped'));
  const listen = text(argv, 'listen') ?? `unix:${join(nodeHome, 'signer.sock')}`;
  const dial = text(argv, 'dial') ?? listen;
  const chainId = chainIdOf(argv, nodeHome);
  const plan = { home, node_home: nodeHome, listen, dial, chain_id: chainId };
  if (!existsSync(join(nodeHome, 'config.toml'))) {
    throw usageError('--node-home', nodeHome, 'a folder that `node init` made');
  }
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...plan }, fields(plan));
    return;
  }
  await confirm(argv, `move the consensus key of ${nodeHome} to ${home}?`);
  const { makeSigner } = await import('../../node/signer/make-signer.ts');
  const made = await makeSigner({ signerHome: home, nodeHome, listen, dial, chainId });
  const result = {
    ...plan,
    consensus_key: made.consensusKey,
    signer_link_key: made.signerLinkKey,
    node_link_key: made.nodeLinkKey,
    votes_carried: made.votesCarried,
  };
  print(flag(argv, 'json'), result, [
    ...fields(result),
    '',
    `The node holds no consensus key any more. Start both: miletus signer start --home ${home}`,
  ]);
}

async function start(argv: Arguments): Promise<void> {
  const home = resolve(mustText(argv, 'home', 'a folder that `signer init` made'));
  const { runSigner } = await import('../../node/signer/signer-process.ts');
  await runSigner(home);
}

const withHome = (y: Argv): Argv =>
  y.option('home', {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the signer',
  }) as unknown as Argv;

export function buildRemoteSigner(yargs: Argv): Argv {
  return yargs
    .command(
      'init',
      'Move the consensus key of a stopped node to a signer of its own',
      (y) =>
        withConfirmation(withJson(withHome(y)))
          .option('node-home', { type: 'string', describe: 'Folder of the node' })
          .option('listen', {
            type: 'string',
            describe:
              'Where the node lets it in: unix:PATH or HOST:PORT (unix:NODE-HOME/signer.sock)',
          })
          .option('dial', { type: 'string', describe: 'Where the signer dials (as --listen)' })
          .option('chain-id', {
            type: 'string',
            describe: "Chain to sign for (the node's genesis)",
          })
          .example('$0 signer init --home s0 --node-home n0 --yes', 'then start both'),
      init,
    )
    .command(
      'start',
      'Run the signer until it is stopped',
      (y) => withHome(y).example('$0 signer start --home s0', 'Ctrl-C stops it'),
      start,
    );
}
