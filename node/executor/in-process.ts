/** The executor on the caller's thread: for the simulator and for tests. */

import type { Genesis } from '../../genesis/document.ts';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import type { VersionOverride } from '../../runtime/upgrade/migrate-modules.ts';
import type { Disk } from '../ports.ts';
import type { Executor } from './executor.ts';
import { type AnswerQuery, createStateMachine } from './state-machine.ts';

/** Opens the store `state` of `disk`. */
export function createInProcessExecutor(options: {
  readonly genesis: Genesis;
  readonly disk: Disk;
  readonly answerQuery: AnswerQuery;
  readonly overrides?: readonly VersionOverride[];
}): Executor {
  return createStateMachine({
    genesis: options.genesis,
    openStore: () => options.disk.open('state'),
    hashPairs: portablePairHasher,
    answerQuery: options.answerQuery,
    overrides: options.overrides ?? [],
  });
}
