/** Conservation: balances sum to the supply and positions to zero, in the state of every node. */
import { conservationProblems } from '../../../../runtime/ledger/ledger.ts';
import type { Machine } from '../machine.ts';
import type { WholeChecker } from '../watch.ts';

export type Ledger = WholeChecker & {
  readonly check: () => void;
};

/** `machines`: those that are honest. */
export function ledger(machines: () => readonly Machine[]): Ledger {
  const violations: string[] = [];
  return {
    name: 'ledger',
    violations,
    watch: {},
    check() {
      for (const machine of machines()) {
        const state = machine.ledger()?.state;
        if (!state) violations.push(`node ${machine.index} has no state to look at`);
        else {
          for (const problem of conservationProblems(state)) {
            violations.push(`node ${machine.index}: ${problem}`);
          }
        }
      }
    },
  };
}
