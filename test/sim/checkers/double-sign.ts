/**
 * No double sign: of all votes a key ever signed, across all lives of its node, no two are a fault;
 * and no vote leaves before its record is on disk.
 */
import { faultOf } from '../../../consensus/evidence.ts';
import type { Subject } from '../../../consensus/messages.ts';
import type { Checker } from './checker.ts';

export function doubleSign(): Checker {
  const signed = new Map<string, Subject[]>();
  const violations: string[] = [];
  return {
    name: 'double sign',
    violations,
    observer: {
      onSigned(node, subject) {
        const key = `${node}/${subject.value.epoch}/${subject.value.view}`;
        const before = signed.get(key) ?? [];
        for (const other of before) {
          const fault = faultOf(other, subject);
          if (fault) violations.push(`${fault} at node/epoch/view ${key}`);
        }
        signed.set(key, [...before, subject]);
      },
      onVoteSent(node, vote, durable) {
        const { epoch, view } = vote.subject.value;
        if (!durable) violations.push(`vote of ${node}/${epoch}/${view} sent before it was synced`);
      },
    },
  };
}
