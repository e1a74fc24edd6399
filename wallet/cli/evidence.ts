/** `miletus evidence`: faults of validators that a node has seen; showing them to the chain. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import * as z from 'zod';
import type { EvidenceInfo } from '../../node/rpc/schemas/staking.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  text,
  withClient,
  withNode,
  withSending,
} from './options.ts';
import { print, table } from './output.ts';
import { sendActions } from './send-actions.ts';

const hex = (of: z.ZodString): z.ZodString => of.regex(/^[0-9a-f]+$/i);

/** The file of one fault: hex of the consensus key, and of two votes as SSZ. */
export type EvidenceFile = { publicKey: string; first: string; second: string };
const EvidenceFileSchema: z.ZodType<EvidenceFile> = z.strictObject({
  publicKey: hex(z.string().length(64)),
  first: hex(z.string().max(1_024)),
  second: hex(z.string().max(1_024)),
});
/** Reads and checks the file of a fault. Errors name the argument `file`. */
function readEvidence(argv: Arguments): EvidenceFile {
  const path = mustText(argv, 'file', 'a JSON file');
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    const facts = { field: 'file', given: path, allowed: 'a file that can be read' };
    throw new CliError(EXIT.noInput, facts);
  }
  try {
    return EvidenceFileSchema.parse(JSON.parse(content));
  } catch {
    const allowed = '{"publicKey", "first", "second"}: hex of the key and of two votes as SSZ';
    throw new CliError(EXIT.badData, { field: 'file', given: path, allowed });
  }
}

/** Sends the fault that a file shows. */
async function submitEvidence(argv: Arguments): Promise<void> {
  const evidence = readEvidence(argv);
  const origin = flag(argv, 'certificates') ? 'certificates' : 'votes';
  await withClient(argv, (client) =>
    sendActions(
      argv,
      client,
      [{ type: 'submitEvidence', origin, ...evidence }],
      `accuse the validator of consensus key ${evidence.publicKey} of a double signature`,
    ),
  );
}

/** What the node has, of the key and epoch that are asked for. */
async function seen(argv: Arguments): Promise<EvidenceInfo[]> {
  const key = text(argv, 'key');
  const epoch = integer(argv, 'epoch', { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (key !== undefined && !/^[0-9a-f]{64}$/.test(key)) {
    throw usageError('--key', key, '64 hex characters of a consensus key');
  }
  let found: EvidenceInfo[] = [];
  await withClient(argv, async (client) => {
    found = await client.call('get_evidence', {});
  });
  return found.filter(
    (one) =>
      (key === undefined || one.public_key === key) && (epoch === undefined || one.epoch === epoch),
  );
}

async function list(argv: Arguments): Promise<void> {
  const found = await seen(argv);
  const rows = found.map((one) => [
    String(one.epoch),
    String(one.view),
    String(one.signer),
    one.fault,
    one.public_key,
  ]);
  print(
    flag(argv, 'json'),
    found,
    found.length === 0
      ? ['this node has seen no fault']
      : table([['epoch', 'view', 'place', 'fault', 'consensus key'], ...rows]),
  );
}

async function exportFile(argv: Arguments): Promise<void> {
  const out = mustText(argv, 'out', 'a file to write');
  const [newest] = await seen(argv);
  if (newest === undefined) {
    throw usageError('--key', text(argv, 'key') ?? '', 'a key and an epoch that `list` shows');
  }
  const { public_key: publicKey, first, second, fault, epoch, view } = newest;
  const file: EvidenceFile = { publicKey, first, second };
  try {
    writeFileSync(out, `${JSON.stringify(file, null, 2)}\n`, { flag: 'wx' });
  } catch {
    const facts = { field: 'out', given: out, allowed: 'a new file that can be written' };
    throw new CliError(EXIT.cannotCreate, facts);
  }
  const result = { file: out, fault, epoch, view, public_key: publicKey };
  print(flag(argv, 'json'), result, [
    `${fault} of ${publicKey} in epoch ${epoch} view ${view}: ${out}`,
    `miletus evidence submit ${out} --from KEY shows it to the chain.`,
  ]);
}

const withFilter = (y: Argv): Argv =>
  withNode(y)
    .option('key', { type: 'string', describe: 'Only of this consensus key (hex)' })
    .option('epoch', { type: 'string', describe: 'Only of this epoch' }) as unknown as Argv;

/** `submit <file>`, or under the name that another group gives it. */
export function submitCommand(yargs: Argv, group: string, name: string): Argv {
  return yargs.command(
    `${name} <file>`,
    "Show two conflicting votes of anyone's validator",
    (y) =>
      withSending(y)
        .positional('file', { type: 'string', describe: 'JSON: publicKey, first, second in hex' })
        .option('certificates', {
          type: 'boolean',
          describe: 'They come from certificates that everyone has: no reward',
        })
        .example(`$0 ${group} ${name} fault.json --from alice`, 'the guilty is slashed'),
    submitEvidence,
  );
}

export function buildEvidence(yargs: Argv): Argv {
  const reading = yargs
    .command(
      'list',
      'Faults that a node has seen, newest first',
      (y) => withFilter(y).example('$0 evidence list', 'epoch, view, place, fault, key'),
      list,
    )
    .command(
      'export <out>',
      'Write the newest of them, with the two votes that prove it, to a file',
      (y) =>
        withFilter(y)
          .positional('out', { type: 'string', describe: 'File to write' })
          .example('$0 evidence export fault.json --epoch 12', 'for `evidence submit`'),
      exportFile,
    );
  return submitCommand(reading, 'evidence', 'submit');
}
