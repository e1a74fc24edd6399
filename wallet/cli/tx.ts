/**
 * `miletus tx`: transactions as files, so that the key can live on a machine without a network. A writing
 * command with `--generate FILE` makes one, `tx sign` adds a signature, `tx broadcast` sends it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { formatAddress } from '../../runtime/accounts/address-text.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { address } from '../../runtime/core/units.ts';
import {
  completeTransaction,
  type OpenedTransaction,
  openTransactionFile,
  plainActions,
  signOpened,
  type TransactionFile,
} from '../client/transaction-file.ts';
import { CliError, usageError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import {
  type Arguments,
  flag,
  integer,
  mustText,
  text,
  withClient,
  withConfirmation,
  withJson,
  withKeys,
  withNode,
  withPassword,
} from './options.ts';
import { fields, print, time } from './output.ts';
import { confirm } from './prompt.ts';
import { MAX_TIMEOUT_MS, must, reportSubmitted } from './send-actions.ts';
import { openSigner, selectKey } from './signer.ts';

function openFile(argv: Arguments): OpenedTransaction {
  const path = mustText(argv, 'file', 'a file that --generate made');
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    throw new CliError(EXIT.noInput, { field: 'file', given: path, allowed: 'a file to read' });
  }
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw new CliError(EXIT.badData, { field: 'file', given: path, allowed: 'JSON' });
  }
  const opened = openTransactionFile(json);
  if (opened.ok) return opened.value;
  const { field, given, allowed } = opened.error;
  throw new CliError(EXIT.badData, { field: `${path}: ${field}`, given, allowed });
}

/** Writes a file that is not there yet; throws `CliError`. */
export function writeTransactionFile(option: string, path: string, file: TransactionFile): void {
  try {
    writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
  } catch {
    const allowed = 'a path that can be written, of a file that is not there';
    throw new CliError(EXIT.cannotCreate, { field: option, given: path, allowed });
  }
}

/** What a file does, made from its bytes; what its maker says of it last. */
function description(opened: OpenedTransaction): { document: object; lines: string[] } {
  const { body, chainId, transactionId, signatures, summary } = opened;
  const actions = plainActions(body);
  const document = {
    transaction_id: transactionId,
    chain_id: toHex(chainId),
    account: formatAddress(address(toHex(body.account))),
    nonce: body.nonce,
    expires_at: body.expiresAt,
    actions,
    signers: body.signers.map(({ publicKey }, index) => ({
      public_key: toHex(publicKey),
      signed: signatures[index] !== undefined,
    })),
    summary,
  };
  const { actions: _, signers, summary: said, ...head } = document;
  return {
    document,
    lines: [
      ...fields({ ...head, expires_at: time(body.expiresAt) }),
      ...actions.map(({ action, fields: of }) => `action  ${action} ${JSON.stringify(of)}`),
      ...signers.map(
        ({ public_key, signed }) => `signer  ${public_key} ${signed ? 'has signed' : 'to sign'}`,
      ),
      `its maker says: ${said.replace(/[^\x20-\x7e]/g, '?')}`,
    ],
  };
}

function show(argv: Arguments): void {
  const { document, lines } = description(openFile(argv));
  print(flag(argv, 'json'), document, lines);
}

async function sign(argv: Arguments): Promise<void> {
  const opened = openFile(argv);
  const out = mustText(argv, 'out', 'a file to write');
  const keystore = selectKey(argv);
  const { document, lines } = description(opened);
  const isKnown = opened.body.signers.some(({ publicKey }) => toHex(publicKey) === keystore.pubkey);
  if (!isKnown) {
    const keys = opened.body.signers.map(({ publicKey }) => toHex(publicKey));
    throw usageError('--from', `${keystore.name}, ${keystore.pubkey}`, keys.join(', '));
  }
  if (flag(argv, 'dry-run')) {
    print(flag(argv, 'json'), { dry_run: true, ...document }, [
      'dry run: nothing is signed',
      ...lines,
    ]);
    return;
  }
  if (!flag(argv, 'yes')) process.stderr.write(`${lines.join('\n')}\n`);
  await confirm(argv, `sign this by ${keystore.name}?`);
  const signed = must(signOpened(opened, await openSigner(argv, keystore)));
  writeTransactionFile('--out', out, signed);
  const missing = signed.signatures.filter((one) => one === null).length;
  print(flag(argv, 'json'), { ...signed, file: out, missing }, [
    `signed, in ${out}`,
    missing === 0 ? `then: miletus tx broadcast ${out}` : `${missing} signatures are missing still`,
  ]);
}

async function broadcast(argv: Arguments): Promise<void> {
  const opened = openFile(argv);
  const timeoutMs = integer(argv, 'timeout', { min: 1, max: MAX_TIMEOUT_MS }) ?? 10_000;
  const transaction = must(completeTransaction(opened));
  const { document, lines } = description(opened);
  const id = toHex(opened.chainId);
  await withClient(argv, async (client) => {
    const { chain_id } = await client.call('get_status', {});
    if (chain_id !== id) throw usageError('chain_id', id, `${chain_id}, the chain of the node`);
    if (flag(argv, 'dry-run')) {
      print(flag(argv, 'json'), { dry_run: true, ...document }, [
        'dry run: nothing is sent',
        ...lines,
      ]);
      return;
    }
    if (!flag(argv, 'yes')) process.stderr.write(`${lines.join('\n')}\n`);
    await confirm(argv, 'send this?');
    const result = await client.call('submit_transaction', {
      transaction,
      wait: 'final',
      timeout_ms: timeoutMs,
    });
    await reportSubmitted(argv, client, result, {
      inputs: [],
      chainId: id,
      account: formatAddress(address(toHex(opened.body.account))),
      key: text(argv, 'file') ?? '',
      summary: opened.summary,
    });
  });
}

export function buildTx(yargs: Argv): Argv {
  const withFile = (y: Argv): Argv =>
    y.positional('file', { type: 'string', describe: 'A file of a transaction' }) as Argv;
  return yargs
    .command(
      'show <file>',
      'What a file does, made from its bytes, and who has signed it',
      (y) => withJson(withFile(y)).example('$0 tx show tx.json', 'before it is signed'),
      show,
    )
    .command(
      'sign <file>',
      'Add the signature of a key; needs no network',
      (y) =>
        withConfirmation(withPassword(withKeys(withJson(withFile(y)))))
          .option('from', { type: 'string', describe: 'Name of the key that signs' })
          .option('out', { type: 'string', describe: 'File to write; must not be there' })
          .example(
            '$0 stake delegate 3 100 --from alice --generate tx.json',
            'where the network is',
          )
          .example('$0 tx sign tx.json --from alice --out signed.json', 'where the key is'),
      sign,
    )
    .command(
      'broadcast <file>',
      'Send a signed file',
      (y) =>
        withConfirmation(withNode(withFile(y)))
          .option('timeout', {
            type: 'string',
            describe: 'Milliseconds to wait until it is final (10000)',
          })
          .example('$0 tx broadcast signed.json', 'where the network is'),
      broadcast,
    );
}
