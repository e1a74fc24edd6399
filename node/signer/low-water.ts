/**
 * The record of what a home's key signed, from outside a running process: how far it goes, where it
 * must begin after a restore, and how it moves with its key.
 *
 * Source: design/staking-and-keys.md §4: "After a restore it signs from the highest final epoch + 1."
 * A copy of a record is older than the record: whoever votes by it may vote twice. So a restored key
 * gets none, but a mark below which it signs nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL } from '../../consensus/journal.ts';
import type { Mark } from '../../consensus/signer-window.ts';
import { assert } from '../../runtime/core/result.ts';
import { type Epoch, epoch, view } from '../../runtime/core/units.ts';
import { createJournalStore, type JournalStore } from '../storage/journal-store.ts';
import { createLevelDisk } from '../storage/level-disk.ts';

/** Whether a process has ever kept a record in the data folder. */
export function hasRecord(data: string): boolean {
  return existsSync(join(data, 'journal'));
}

/** Throws `DiskError` `locked` while a node or signer runs on the folder. */
async function withJournal<T>(
  data: string,
  work: (journal: JournalStore) => Promise<T>,
): Promise<T> {
  const journal = createJournalStore(await createLevelDisk(data).open('journal'));
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
}

/** The last epoch that the record in `data` knows of; undefined where nothing was signed. */
export async function lastSignedEpoch(data: string): Promise<Epoch | undefined> {
  if (!hasRecord(data)) return undefined;
  return withJournal(data, async (journal) => {
    const { votes, mark } = await journal.votes();
    const epochs = votes.map((record) => {
      assert(record.selector === JOURNAL.vote, 'only votes were asked for');
      return record.value.subject.value.epoch;
    });
    const known = [...epochs, ...(mark ? [mark.epoch] : [])];
    return known.length === 0 ? undefined : epoch(Math.max(...known));
  });
}

/** Begins a record: nothing below `mark` is ever signed by it. On disk when the promise resolves. */
export async function beginRecord(data: string, mark: Mark): Promise<void> {
  assert(!hasRecord(data), 'a record begins once');
  await withJournal(data, (journal) => journal.prune(mark));
}

/**
 * Takes the votes and the mark of the record in `from` into a new one in `to`; how many votes. The
 * record in `from` stays, so it must never sign again: its key has to go.
 */
export async function carryRecord(from: string, to: string): Promise<number> {
  if (!hasRecord(from)) return 0;
  assert(!hasRecord(to), 'a record begins once');
  const { votes, mark } = await withJournal(from, (journal) => journal.votes());
  await withJournal(to, async (journal) => {
    for (const record of votes) {
      assert(record.selector === JOURNAL.vote, 'only votes were asked for');
      await journal.append(record.value.subject.value.epoch, record, 'buffered');
    }
    // Last: the mark's batch is the one that is synced, with all before it.
    await journal.prune(mark ?? { epoch: epoch(0), view: view(0) });
  });
  return votes.length;
}
