/**
 * What a node accepted is not forgotten: unless that node crashed, the transaction becomes final or
 * expires; and one that a validator accepted with time to spare does become final.
 */
import type { NodeApi, TransactionStatus } from '../../../../node/api.ts';
import { toHex } from '../../../../runtime/core/bytes.ts';
import type { Machine } from '../machine.ts';
import type { Accepted, WholeChecker } from '../watch.ts';

export type Submissions = WholeChecker & {
  /** Looks again at what was open. True when nothing is. */
  readonly settle: () => Promise<boolean>;
  /** Time is up. */
  readonly finish: () => Promise<void>;
  readonly accepted: () => number;
  readonly final: () => number;
};

/** The API of the node that accepted, if it has not crashed since. */
function keeperOf(machines: readonly Machine[], accepted: Accepted): NodeApi | undefined {
  const machine = machines[accepted.machine];
  return machine?.lives === accepted.life ? machine.api() : undefined;
}

export function submissions(machines: readonly Machine[]): Submissions {
  const violations: string[] = [];
  let open: Accepted[] = [];
  let accepted = 0;
  let final = 0;

  const isOver = (one: Accepted, api: NodeApi, { kind }: TransactionStatus): boolean => {
    if (kind === 'final') final += 1;
    // Accepted and no longer known: only right when its time is over.
    if (kind === 'unknown' && api.status().timestamp <= one.expiresAt) {
      violations.push(`node ${one.machine} forgot ${toHex(one.transactionId)}`);
    }
    return kind === 'final' || kind === 'unknown';
  };

  const settle = async (): Promise<boolean> => {
    const left: Accepted[] = [];
    for (const one of open) {
      const api = keeperOf(machines, one);
      if (api && !isOver(one, api, await api.transaction(one.transactionId))) left.push(one);
    }
    open = left;
    // At a follower, a transaction whose gossip was lost may wait for its end.
    return open.every((one) => machines[one.machine]?.keys === undefined);
  };

  return {
    name: 'submissions',
    violations,
    accepted: () => accepted,
    final: () => final,
    settle,
    async finish() {
      await settle();
      for (const one of open) {
        const api = keeperOf(machines, one);
        const isLate = api !== undefined && api.status().timestamp > one.expiresAt;
        if (isLate || machines[one.machine]?.keys) {
          violations.push(`node ${one.machine} left ${toHex(one.transactionId)} open`);
        }
      }
    },
    watch: {
      onAccepted(one) {
        accepted += 1;
        open.push(one);
      },
    },
  };
}
