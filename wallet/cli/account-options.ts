/** The arguments of commands that look at an account. */
import type { Argv } from 'yargs';
import { type Arguments, text, withKeys, withNode } from './options.ts';
import { selectKey } from './signer.ts';

/** The account that arguments name: `[account]`, else that of the key `--from`. */
export function accountOf(argv: Arguments): string {
  return text(argv, 'account') ?? selectKey(argv).address;
}

/** Adds `[account]`, `--from`, `--sub-account`, `--keys`, `--node`, `--json`. */
export function withAccount<T>(yargs: Argv<T>): Argv<T> {
  return withKeys(withNode(yargs))
    .positional('account', { type: 'string', describe: 'mil1… or 40 hex characters' })
    .option('from', { type: 'string', describe: 'Name of a key, instead of an account' })
    .option('sub-account', {
      type: 'string',
      describe: 'Sub-account 0 to 255 (0)',
    }) as unknown as Argv<T>;
}
