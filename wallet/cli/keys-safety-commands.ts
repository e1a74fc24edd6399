/** Commands of `miletus keys` that look after keys at rest: what they do is loaded when they are used. */
import type { Argv } from 'yargs';
import {
  type Arguments,
  withConfirmation,
  withJson,
  withKeys,
  withNode,
  withPassword,
} from './options.ts';

export function buildKeysSafety(yargs: Argv): Argv {
  return yargs
    .command(
      'doctor',
      'Find keys that others may read, weak encryption, and keys that stand in two places',
      (y) =>
        withKeys(withJson(y))
          .option('home', {
            type: 'string',
            array: true,
            describe: 'Folder of a node or signer; may come several times',
          })
          .example('$0 keys doctor --home n0 --home s0', 'exit status 6 when something is wrong'),
      async (argv: Arguments) => (await import('./keys-safety.ts')).doctor(argv),
    )
    .command(
      'backup <out>',
      'Write the keys and the configuration of a node or signer to one encrypted file',
      (y) =>
        withConfirmation(withPassword(withJson(y)))
          .positional('out', { type: 'string', describe: 'File to write' })
          .option('home', { type: 'string', describe: 'Folder of the node or signer' })
          .example('$0 keys backup n0.backup.json --home n0', 'asks for a password'),
      async (argv: Arguments) => (await import('./keys-safety.ts')).backup(argv),
    )
    .command(
      'restore <file>',
      'Make a home from a backup; it signs nothing before the epoch after the last final one',
      (y) =>
        withConfirmation(withPassword(withNode(y)))
          .positional('file', { type: 'string', describe: 'File that `keys backup` wrote' })
          .option('home', { type: 'string', describe: 'New folder' })
          .option('final-epoch', {
            type: 'string',
            describe: 'Epoch of the last final block; else --node is asked',
          })
          .example('$0 keys restore n0.backup.json --home n1 --node http://…', 'from its epoch on'),
      async (argv: Arguments) => (await import('./keys-safety.ts')).restore(argv),
    );
}
