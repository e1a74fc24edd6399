/** Genesis documents as files: reading, writing, saying what is wrong, and what people compare. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Draft } from '../../genesis/ceremony.ts';
import { type Genesis, genesisHash } from '../../genesis/document.ts';
import type { JsonProblem } from '../../genesis/json-reader.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import type { Result } from '../../runtime/core/result.ts';
import { formatMoney } from '../client/amounts.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Arguments } from './options.ts';
import { confirm } from './prompt.ts';

/** A JSON file. Errors name the option or argument that gave its path. */
export function readJson(field: string, path: string): unknown {
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

/** The value; else prints every problem and fails with the first. */
export function unlessProblems<T>(result: Result<T, readonly JsonProblem[]>): T {
  if (result.ok) return result.value;
  const [first, ...others] = result.error;
  for (const { field, given, allowed } of others) {
    process.stderr.write(`miletus: ${field}: given ${given}; allowed: ${allowed}\n`);
  }
  throw new CliError(EXIT.badData, first ?? { field: 'document', given: '', allowed: '' });
}

/** Whether a document is a draft of a ceremony: one without validators. */
export function isDraft(document: unknown): boolean {
  const { validators } = (document ?? {}) as { validators?: unknown };
  return Array.isArray(validators) && validators.length === 0;
}

/** What people compare of a draft. */
export function draftFacts({ ceremonyId, genesis }: Draft): object {
  const mil = genesis.accounts.reduce((sum, account) => sum + account.mil, 0n);
  return {
    ceremony_id: toHex(ceremonyId),
    name: new TextDecoder().decode(genesis.name),
    time: genesis.time,
    accounts: genesis.accounts.length,
    supply_mil: formatMoney(mil),
  };
}

/** What people compare of a document. */
export function facts(genesis: Genesis): object {
  return {
    chain_id: toHex(genesisHash(genesis)),
    name: new TextDecoder().decode(genesis.name),
    time: genesis.time,
    validators: genesis.validators.length,
    accounts: genesis.accounts.length,
    underlyings: genesis.underlyings.length,
  };
}

/** Writes JSON to a file; asks before it overwrites one. */
export async function writeDocument(argv: Arguments, out: string, document: object): Promise<void> {
  if (existsSync(out)) await confirm(argv, `overwrite ${out}?`);
  try {
    writeFileSync(out, `${JSON.stringify(document, null, 2)}\n`);
  } catch (cause) {
    const allowed = `a file that can be written: ${cause instanceof Error ? cause.message : cause}`;
    throw new CliError(EXIT.cannotCreate, { field: 'out', given: out, allowed });
  }
}
