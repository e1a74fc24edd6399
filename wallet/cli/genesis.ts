/** `miletus genesis`: write, check and hash a genesis document. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { checkGenesis, type Genesis, genesisHash } from '../../genesis/document.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
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
import { confirm } from './prompt.ts';

function readJson(field: string, path: string): unknown {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    throw new CliError(EXIT.noInput, { field, given: path, allowed: 'a file that can be read' });
  }
  try {
    return JSON.parse(content);
  } catch {
    // The parser's own message quotes the file, which may be a secret named by mistake.
    throw new CliError(EXIT.badData, { field, given: path, allowed: 'a JSON document' });
  }
}

/** Prints every problem and fails with the first. */
function checked(document: unknown): Genesis {
  const genesis = checkGenesis(document);
  if (genesis.ok) return genesis.value;
  const [first, ...others] = genesis.error;
  for (const { field, given, allowed } of others) {
    process.stderr.write(`miletus: ${field}: given ${given}; allowed: ${allowed}\n`);
  }
  throw new CliError(EXIT.badData, first ?? { field: 'document', given: '', allowed: '' });
}

function facts(genesis: Genesis): object {
  return {
    chain_id: toHex(genesisHash(genesis)),
    name: new TextDecoder().decode(genesis.name),
    time: genesis.time,
    validators: genesis.validators.length,
    accounts: genesis.accounts.length,
    underlyings: genesis.underlyings.length,
  };
}

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
  const genesis = checked(document);
  const result = { ...facts(genesis), file: out };
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...result }, fields(result));
    return;
  }
  if (existsSync(out)) await confirm(argv, `overwrite ${out}?`);
  try {
    writeFileSync(out, `${JSON.stringify(document, null, 2)}\n`);
  } catch (cause) {
    const allowed = `a file that can be written: ${cause instanceof Error ? cause.message : cause}`;
    throw new CliError(EXIT.cannotCreate, { field: 'out', given: out, allowed });
  }
  print(flag(argv, 'json'), result, fields(result));
}

function validate(argv: Arguments): void {
  const result = {
    valid: true,
    ...facts(checked(readJson('file', mustText(argv, 'file', 'a file')))),
  };
  print(flag(argv, 'json'), result, fields(result));
}

function hash(argv: Arguments): void {
  const genesis = checked(readJson('file', mustText(argv, 'file', 'a file')));
  const chain_id = toHex(genesisHash(genesis));
  print(flag(argv, 'json'), { chain_id }, [chain_id]);
}

const onFile = (y: Argv): Argv =>
  withJson(y).positional('file', {
    type: 'string',
    describe: 'The genesis document',
  }) as unknown as Argv;

export function buildGenesis(yargs: Argv): Argv {
  return yargs
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
          .example('$0 genesis init genesis.json --validator home/validator.json', 'one validator'),
      init,
    )
    .command(
      'validate <file>',
      'Check a genesis document; names everything that is wrong',
      (y) =>
        onFile(y).example('$0 genesis validate genesis.json', 'exit status 65 when it is wrong'),
      validate,
    )
    .command(
      'hash <file>',
      'The chain id: hash of the document',
      (y) => onFile(y).example('$0 genesis hash genesis.json', '64 hex characters'),
      hash,
    );
}
