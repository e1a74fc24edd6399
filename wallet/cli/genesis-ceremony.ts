/** `miletus genesis join|collect`: operators sign their entries, anyone makes the document of them. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Argv } from 'yargs';
import {
  checkDraft,
  checkEntry,
  collectEntries,
  type Draft,
  type EntryRole,
  entryJson,
  joinDigest,
  type VerifySignature,
  validatorJson,
} from '../../genesis/ceremony.ts';
import { parseAddress } from '../../runtime/accounts/address-text.ts';
import { asciiBytes, fromHex, toHex } from '../../runtime/core/bytes.ts';
import { weight } from '../../runtime/core/units.ts';
import type { EpochValidator } from '../../runtime/epoch-config.ts';
import type { KeySigner } from '../client/sign.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { facts, readJson, unlessProblems, writeDocument } from './genesis-file.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  text,
  texts,
  withConfirmation,
  withJson,
  withKeys,
  withPassword,
} from './options.ts';
import { fields, print } from './output.ts';
import { openSigner, selectKey } from './signer.ts';
import { keyFileSigner } from './validator-key.ts';

const DEFAULT_WEIGHT = 1_000_000;
const MAX_WEIGHT = 1_000_000_000;
const SUFFIX = '.entry.json';

/** The chain's rule is libsodium's, which is RFC 8032's and not ZIP 215's. */
const verify: VerifySignature = (publicKey, digest, signature) =>
  ed25519.verify(signature, digest, publicKey, { zip215: false });

function draftOf(argv: Arguments): Draft {
  const path = mustText(argv, 'draft', 'a file that `genesis init --draft` wrote');
  return unlessProblems(checkDraft(readJson('draft', path)));
}

/** Signers of the keys of a home; the consensus key may be with a signer process. */
function homeSigners(argv: Arguments): Readonly<Record<Exclude<EntryRole, 'operator'>, KeySigner>> {
  const home = resolve(mustText(argv, 'home', 'a folder that `node init` made'));
  const inHome = (role: string): KeySigner =>
    keyFileSigner('--home', join(home, 'keys', `${role}.key`));
  const elsewhere = text(argv, 'consensus-key-file');
  return {
    consensus:
      elsewhere === undefined
        ? inHome('consensus')
        : keyFileSigner('--consensus-key-file', elsewhere),
    oracle: inHome('oracle'),
    peer: inHome('peer'),
  };
}

async function sign(argv: Arguments): Promise<void> {
  const draft = draftOf(argv);
  const keystore = selectKey(argv);
  const operator = parseAddress(keystore.address);
  if (!operator.ok) throw usageError('--from', keystore.address, operator.error.detail);
  const signers = homeSigners(argv);
  const addresses = texts(argv, 'address');
  if (addresses.length === 0) {
    throw usageError('--address', 'nothing', 'a multiaddr that others dial, e.g. /ip4/…/tcp/26656');
  }
  const entry: EpochValidator = {
    operator: fromHex(operator.value) ?? new Uint8Array(20),
    consensusKey: signers.consensus.publicKey,
    oracleKey: signers.oracle.publicKey,
    peerKey: signers.peer.publicKey,
    weight: weight(BigInt(integer(argv, 'weight', { min: 1, max: MAX_WEIGHT }) ?? DEFAULT_WEIGHT)),
    addresses: addresses.map(asciiBytes),
  };
  // Whoever collects would refuse it: better said here, to the one who can mend it.
  unlessProblems(collectEntries(draft, [entry]));
  const out = text(argv, 'out') ?? `${keystore.name}${SUFFIX}`;
  const result = {
    ceremony_id: toHex(draft.ceremonyId),
    digest: toHex(joinDigest(draft.ceremonyId, entry)),
    ...validatorJson(entry),
    file: out,
  };
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...result }, fields(result));
    return;
  }
  const operatorSigner = await openSigner(argv, keystore);
  const digest = joinDigest(draft.ceremonyId, entry);
  const signed = entryJson(draft.ceremonyId, {
    entry,
    operatorKey: operatorSigner.publicKey,
    signatures: {
      operator: operatorSigner.sign(digest),
      consensus: signers.consensus.sign(digest),
      oracle: signers.oracle.sign(digest),
      peer: signers.peer.sign(digest),
    },
  });
  unlessProblems(checkEntry(signed, draft.ceremonyId, verify));
  await writeDocument(argv, out, signed);
  print(flag(argv, 'json'), result, fields(result));
}

/** Files of entries: those named, and those in folders that are named. */
function entryFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isFolder) return [path];
    return readdirSync(path)
      .filter((name) => name.endsWith(SUFFIX))
      .sort()
      .map((name) => join(path, name));
  });
}

async function collect(argv: Arguments): Promise<void> {
  const draft = draftOf(argv);
  const files = entryFiles(texts(argv, 'entries'));
  const out = mustText(argv, 'out', 'a file to write');
  if (files.length === 0) {
    throw usageError('entries', 'none', `files that \`genesis join\` wrote (*${SUFFIX})`);
  }
  const entries: EpochValidator[] = [];
  let faulty: CliError | undefined;
  for (const file of files) {
    const entry = checkEntry(readJson('entries', file), draft.ceremonyId, verify);
    if (entry.ok) entries.push(entry.value);
    else {
      for (const { field, given, allowed } of entry.error) {
        const problem = { field: `${file}: ${field}`, given, allowed };
        if (faulty)
          process.stderr.write(`miletus: ${new CliError(EXIT.badData, problem).message}\n`);
        faulty ??= new CliError(EXIT.badData, problem);
      }
    }
  }
  if (faulty) throw faulty;
  const { document, genesis } = unlessProblems(collectEntries(draft, entries));
  const result = { ceremony_id: toHex(draft.ceremonyId), ...facts(genesis), file: out };
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...result }, fields(result));
    return;
  }
  await writeDocument(argv, out, document);
  print(flag(argv, 'json'), result, [
    ...fields(result),
    '',
    'Compare the chain id with every other operator before you start.',
  ]);
}

const withDraft = (y: Argv): Argv =>
  y.positional('draft', {
    type: 'string',
    describe: 'The draft, which `genesis init --draft` wrote',
  }) as unknown as Argv;

export function buildCeremony(yargs: Argv): Argv {
  return yargs
    .command(
      'join <draft>',
      'Sign the entry of a validator for the genesis that a draft becomes',
      (y) =>
        withConfirmation(withPassword(withKeys(withJson(withDraft(y)))))
          .option('home', { type: 'string', describe: 'Folder of the node, whose keys it gets' })
          .option('from', { type: 'string', describe: "Name of the operator's key" })
          .option('weight', {
            type: 'string',
            describe: "Whole MIL to bond, out of the operator's account of the draft (1000000)",
          })
          .option('address', {
            type: 'string',
            array: true,
            describe: 'Multiaddr that others dial; may come several times',
          })
          .option('consensus-key-file', {
            type: 'string',
            describe: 'The consensus key, where it is not in the home: with a signer process',
          })
          .option('out', { type: 'string', describe: `File to write (KEY${SUFFIX})` })
          .example(
            '$0 genesis join draft.json --home n0 --from op --address /ip4/10.0.0.1/tcp/26656',
            'writes op.entry.json, for whoever collects',
          ),
      sign,
    )
    .command(
      'collect <draft> <entries..>',
      'Make the genesis document of a draft and the entries that were signed for it',
      (y) =>
        withConfirmation(withJson(withDraft(y)))
          .positional('entries', {
            type: 'string',
            array: true,
            describe: `Files of entries, or folders of *${SUFFIX}`,
          })
          .option('out', { type: 'string', demandOption: true, describe: 'File to write' })
          .example('$0 genesis collect draft.json entries --out genesis.json', 'the same for all'),
      collect,
    );
}
