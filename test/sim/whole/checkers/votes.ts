/**
 * Votes as others see them: no key ever sends two that are a fault; none leaves before its record is
 * synced, nor a vote to notarize before the body is; and none within the look-back after a start.
 */
import { faultOf } from '../../../../consensus/evidence.ts';
import { JOURNAL } from '../../../../consensus/journal.ts';
import { KIND, type Subject, SubjectCodec } from '../../../../consensus/messages.ts';
import { be64, storeKey } from '../../../../node/storage/keys.ts';
import { toHex } from '../../../../runtime/core/bytes.ts';
import type { Scheduler } from '../../scheduler.ts';
import type { WholeChecker } from '../watch.ts';

/** Tags of the journal's records and of bodies (node/storage/journal-store.ts, block-store.ts). */
const TAG_RECORD = 1;
const TAG_BODY = 1;
/** design/chain.md §4. */
const LOOK_BACK_US = 3_000_000;

export function votes(scheduler: Pick<Scheduler, 'nowUs'>): WholeChecker {
  const violations: string[] = [];
  const sent = new Map<string, Subject[]>();
  /** Subjects sent before: their records may be pruned when they are sent again. */
  const seen = new Set<string>();
  const bootedUs = new Map<number, number>();
  return {
    name: 'votes',
    violations,
    watch: {
      onBoot: ({ index }) => void bootedUs.set(index, scheduler.nowUs()),
      onSent(machine, _message, vote) {
        if (!vote) return;
        const { subject, signer } = vote;
        const { epoch, view } = subject.value;
        const place = `${epoch}/${view} of node ${machine.index}`;
        if (scheduler.nowUs() - (bootedUs.get(machine.index) ?? 0) < LOOK_BACK_US) {
          violations.push(`a vote in ${place} within the look-back`);
        }
        const id = `${signer} ${toHex(SubjectCodec.encode(subject))}`;
        if (seen.has(id)) return;
        seen.add(id);
        const before = sent.get(`${signer}/${epoch}/${view}`) ?? [];
        for (const other of before) {
          const fault = faultOf(other, subject);
          if (fault) violations.push(`${fault} in ${place}`);
        }
        sent.set(`${signer}/${epoch}/${view}`, [...before, subject]);
        const kind = new Uint8Array([JOURNAL.vote, subject.selector]);
        if (!machine.isDurable('journal', storeKey(TAG_RECORD, be64(epoch), be64(view), kind))) {
          violations.push(`a vote in ${place} sent before it was synced`);
        }
        if (subject.selector !== KIND.notarize) return;
        if (!machine.isDurable('blocks', storeKey(TAG_BODY, subject.value.payload))) {
          violations.push(`a vote to notarize in ${place} sent before the body was synced`);
        }
      },
    },
  };
}
