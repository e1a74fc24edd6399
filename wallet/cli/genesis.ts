/** `miletus genesis`: write, check and hash a genesis document; the ceremony in which operators make one. */
import type { Argv } from 'yargs';
import { checkDraft } from '../../genesis/ceremony.ts';
import { checkGenesis, type Genesis, genesisHash } from '../../genesis/document.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { usageError } from './cli-error.ts';
import { buildCeremony } from './genesis-ceremony.ts';
import {
  draftFacts,
  facts,
  isDraft,
  readJson,
  unlessProblems,
  writeDocument,
} from './genesis-file.ts';
import { genesisTemplate } from './genesis-template.ts';
import {
  type Arguments,
  flag,
  mustText,
  text,
  texts,
  withConfirmation,
  withJson,
} from './options.ts';
import { fields, print } from './output.ts';

const checked = (document: unknown): Genesis => unlessProblems(checkGenesis(document));

/** `ADDRESS=USD,MIL`. */
function accountOf(given: string): { address: string; usd: string; mil: string } {
  const [, address, usd, mil] = /^([^=]+)=([^,]+),([^,]+)$/.exec(given) ?? [];
  if (address === undefined || usd === undefined || mil === undefined) {
    throw usageError('--fund', given, 'ADDRESS=USD,MIL, e.g. mil1…=1000,50');
  }
  return { address, usd, mil };
}

async function init(argv: Arguments): Promise<void> {
  const out = mustText(argv, 'out', 'a file to write');
  const validators = texts(argv, 'validator').map((path) => readJson('--validator', path));
  const document = genesisTemplate({
    name: text(argv, 'name') ?? 'miletus',
    timeMs: Date.now(),
    validators,
    accounts: texts(argv, 'fund').map(accountOf),
  });
  const result = flag(argv, 'draft')
    ? { ...draftFacts(unlessProblems(checkDraft(document))), file: out }
    : { ...facts(checked(document)), file: out };
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...result }, fields(result));
    return;
  }
  await writeDocument(argv, out, document);
  print(flag(argv, 'json'), result, fields(result));
}

function validate(argv: Arguments): void {
  const document = readJson('file', mustText(argv, 'file', 'a file'));
  const found = isDraft(document)
    ? draftFacts(unlessProblems(checkDraft(document)))
    : facts(checked(document));
  const result = { valid: true, ...found };
  print(flag(argv, 'json'), result, fields(result));
}

function hash(argv: Arguments): void {
  const document = readJson('file', mustText(argv, 'file', 'a file'));
  if (isDraft(document)) {
    const ceremony_id = toHex(unlessProblems(checkDraft(document)).ceremonyId);
    print(flag(argv, 'json'), { ceremony_id }, [ceremony_id]);
    return;
  }
  const chain_id = toHex(genesisHash(checked(document)));
  print(flag(argv, 'json'), { chain_id }, [chain_id]);
}

const onFile = (y: Argv): Argv =>
  withJson(y).positional('file', {
    type: 'string',
    describe: 'The genesis document',
  }) as unknown as Argv;

export function buildGenesis(yargs: Argv): Argv {
  return buildCeremony(yargs)
    .command(
      'init <out>',
      'Write a genesis document with the default parameters',
      (y) =>
        withConfirmation(withJson(y))
          .positional('out', { type: 'string', describe: 'File to write' })
          .option('name', { type: 'string', describe: 'Name of the chain (miletus)' })
          .option('validator', {
            type: 'string',
            array: true,
            describe: 'validator.json that `node init` wrote; once per validator',
          })
          .option('fund', {
            type: 'string',
            array: true,
            describe: 'ADDRESS=USD,MIL; once per account',
          })
          .option('draft', {
            type: 'boolean',
            describe: 'For a ceremony: without validators, who sign their entries (genesis join)',
          })
          .example('$0 genesis init genesis.json --validator home/validator.json', 'one validator'),
      init,
    )
    .command(
      'validate <file>',
      'Check a genesis document, or a draft of one; names everything that is wrong',
      (y) =>
        onFile(y).example('$0 genesis validate genesis.json', 'exit status 65 when it is wrong'),
      validate,
    )
    .command(
      'hash <file>',
      'The chain id: hash of the document; of a draft its ceremony id',
      (y) => onFile(y).example('$0 genesis hash genesis.json', '64 hex characters'),
      hash,
    );
}
