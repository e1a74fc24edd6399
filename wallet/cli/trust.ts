/** `miletus trust`: what answers are verified against: a genesis hash or a checkpoint. */
import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { toHex } from '../../runtime/core/bytes.ts';
import { createLightClient } from '../light/light-client.ts';
import { checkpointText } from '../light/trust.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type Arguments, flag, mustText, withClient, withJson, withNode } from './options.ts';
import { fields, print, time } from './output.ts';
import {
  anchorOf,
  checkpointOf,
  forgetTrust,
  genesisHashOf,
  readTrust,
  type TrustFile,
  trustPath,
  writeTrust,
} from './trust-file.ts';

function shown(argv: Arguments, trust: TrustFile): void {
  const isEmpty = trust.genesis === undefined && trust.checkpoint === undefined;
  print(flag(argv, 'json'), { path: trustPath(), ...trust }, [
    ...(isEmpty
      ? ['nothing is trusted: answers of nodes are shown unverified']
      : fields({
          ...(trust.genesis === undefined ? {} : { genesis: trust.genesis }),
          ...(trust.checkpoint === undefined ? {} : { checkpoint: trust.checkpoint }),
          ...(trust.walked === undefined ? {} : { 'walked to': trust.walked.checkpoint }),
        })),
  ]);
}

function show(argv: Arguments): void {
  shown(argv, readTrust());
}

/** The hash itself, or that of a genesis document. */
async function genesis(argv: Arguments): Promise<void> {
  const given = mustText(argv, 'genesis', '64 hex characters or a file');
  let hash = given.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    const { checkGenesis, genesisHash } = await import('../../genesis/document.ts');
    let content: string;
    try {
      content = readFileSync(given, 'utf8');
    } catch {
      const allowed = '64 hex characters, or a file that can be read';
      throw new CliError(EXIT.noInput, { field: 'genesis', given, allowed });
    }
    let document: unknown;
    try {
      document = JSON.parse(content);
    } catch {
      document = undefined;
    }
    const checked = document === undefined ? undefined : checkGenesis(document);
    if (!checked?.ok) {
      const allowed = 'a genesis document: see `miletus genesis validate`';
      throw new CliError(EXIT.badData, { field: 'genesis', given, allowed });
    }
    hash = toHex(genesisHash(checked.value));
  }
  genesisHashOf('genesis', hash);
  const trust = { genesis: hash };
  writeTrust(trust);
  shown(argv, trust);
}

function checkpoint(argv: Arguments): void {
  const given = mustText(argv, 'checkpoint', 'EPOCH:HASH').toLowerCase();
  checkpointOf('checkpoint', given);
  const { genesis: hash } = readTrust();
  const trust = { ...(hash === undefined ? {} : { genesis: hash }), checkpoint: given };
  writeTrust(trust);
  shown(argv, trust);
}

function forget(argv: Arguments): void {
  forgetTrust();
  shown(argv, {});
}

async function check(argv: Arguments): Promise<void> {
  const anchor = anchorOf(argv);
  if (anchor === undefined) {
    throw usageError('trust', '', '`miletus trust genesis` or `miletus trust checkpoint` first');
  }
  await withClient(
    argv,
    async (client) => {
      const light = createLightClient({ client, anchor });
      const final = await light.header();
      if (!final.ok) {
        const { step, code, detail } = final.error;
        const allowed = 'a chain that what is trusted leads to';
        throw new CliError(EXIT.notVerified, { field: step, given: `${code}: ${detail}`, allowed });
      }
      const { header, signatures, signedWeight } = final.value;
      const newest = light.newest();
      const document = {
        verified: true,
        chain_id: toHex(light.chainId() ?? new Uint8Array(0)),
        epoch: header.epoch,
        height: header.height,
        timestamp: header.timestamp,
        signatures,
        signed_weight: signedWeight.toString(),
        checkpoint: newest === undefined ? null : checkpointText(newest),
      };
      print(flag(argv, 'json'), document, [
        ...fields({ ...document, timestamp: time(header.timestamp) }),
        `verified against epoch ${header.epoch}, height ${header.height}`,
      ]);
    },
    'unverified',
  );
}

export function buildTrust(yargs: Argv): Argv {
  return yargs
    .command(
      'show',
      'What is trusted, and how far the epochs were walked',
      (y) => withJson(y).example('$0 trust show', 'genesis or checkpoint'),
      show,
    )
    .command(
      'genesis <genesis>',
      'Trust a chain by the hash of its genesis, or a genesis document',
      (y) =>
        withJson(y)
          .positional('genesis', { type: 'string', describe: '64 hex characters, or a file' })
          .example('$0 trust genesis n0/genesis.json', 'the chain of that document'),
      genesis,
    )
    .command(
      'checkpoint <checkpoint>',
      'Trust an epoch by the hash of its config: where a genesis is too old',
      (y) =>
        withJson(y)
          .positional('checkpoint', { type: 'string', describe: 'EPOCH:HASH' })
          .example('$0 trust checkpoint 42:9f3a…', 'as `trust check` of another wallet says'),
      checkpoint,
    )
    .command(
      'check',
      'Walk to the newest epoch of a node now, and say the checkpoint',
      (y) => withNode(y).example('$0 trust check', 'status 5 if the node does not follow from it'),
      check,
    )
    .command(
      'forget',
      'Trust nothing: answers are shown unverified',
      (y) => withJson(y).example('$0 trust forget', 'removes the file'),
      forget,
    );
}
