/**
 * The journal: what this node signed, and the certificates it acted on, by epoch and view.
 *
 * Source: design/chain.md §4 and §6. Appends that arrive while a sync is under way share the next
 * one. A buffered append waits in memory for the next synced one and is written in its batch, so it
 * is never overtaken. A record has one key, so writing it twice changes nothing.
 *
 * Invariant: the promise of a synced append resolves after the record is on disk. After a failure
 * every later append rejects: a node whose journal failed must never sign again.
 */
import {
  JOURNAL,
  type JournalRecord,
  JournalRecordCodec,
  recordView,
} from '../../consensus/journal.ts';
import type { Mark } from '../../consensus/signer-window.ts';
import { assert } from '../../runtime/core/result.ts';
import { type Epoch, epoch, view } from '../../runtime/core/units.ts';
import type { Store, StoreOperation } from '../ports.ts';
import { be64, readBe64, storeKey } from './keys.ts';

const TAG = { record: 1, mark: 2 } as const;
const MARK_KEY = storeKey(TAG.mark);

export interface JournalStore {
  /** Every record of an epoch, ascending by view. Throws on a record that does not decode. */
  records(epoch: Epoch): Promise<JournalRecord[]>;
  /** Every vote of this node that is still kept, and the mark below which it signs nothing. */
  votes(): Promise<{ readonly votes: readonly JournalRecord[]; readonly mark: Mark | undefined }>;
  append(of: Epoch, record: JournalRecord, durability: 'sync' | 'buffered'): Promise<void>;
  /** Forgets records below `mark`, which is stored in the same batch. Takes effect with a later sync. */
  prune(mark: Mark): Promise<void>;
  close(): Promise<void>;
}

function epochOf(record: JournalRecord, of: Epoch): void {
  if (record.selector === JOURNAL.certified) return;
  assert(record.value.subject.value.epoch === of, 'a journal record is of its epoch');
}

function recordKey(of: Epoch, record: JournalRecord): Uint8Array {
  const kind = record.selector === JOURNAL.certified ? 0 : record.value.subject.selector;
  return storeKey(
    TAG.record,
    be64(of),
    be64(recordView(record)),
    new Uint8Array([record.selector, kind]),
  );
}

function decodeRecord(bytes: Uint8Array): JournalRecord {
  const record = JournalRecordCodec.decode(bytes);
  assert(record.ok, 'a journal holds only records');
  return record.value;
}

/** Most keys deleted in one prune; the rest goes with the next. */
const MAX_PRUNED = 2_048;

export function createJournalStore(store: Store): JournalStore {
  let waiting: StoreOperation[] = [];
  let waiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  let flushing = false;
  /** Where the next prune begins: below, keys were deleted in this life of the node. */
  let prunedTo: Uint8Array = storeKey(TAG.record);
  let failure: { readonly error: unknown } | undefined;

  const flush = async (): Promise<void> => {
    flushing = true;
    while (waiters.length > 0) {
      const batch = waiting;
      const done = waiters;
      waiting = [];
      waiters = [];
      try {
        if (failure) throw failure.error;
        await store.batch(batch, 'sync');
        for (const { resolve } of done) resolve();
      } catch (error) {
        failure = { error };
        for (const { reject } of done) reject(error);
      }
    }
    flushing = false;
  };

  const write = (
    operations: readonly StoreOperation[],
    durability: 'sync' | 'buffered',
  ): Promise<void> => {
    if (failure) return Promise.reject(failure.error);
    waiting.push(...operations);
    if (durability === 'buffered') return Promise.resolve();
    return new Promise((resolve, reject) => {
      waiters.push({ resolve, reject });
      if (flushing) return;
      flushing = true;
      // A microtask later, so that what is appended in one turn shares one sync.
      queueMicrotask(() => void flush());
    });
  };

  const read = async (from: Uint8Array, to: Uint8Array): Promise<JournalRecord[]> => {
    const records: JournalRecord[] = [];
    for await (const [, value] of store.range({ from, to })) records.push(decodeRecord(value));
    return records;
  };

  return {
    records: (of) => read(storeKey(TAG.record, be64(of)), storeKey(TAG.record, be64(of + 1))),
    async votes() {
      const all = await read(storeKey(TAG.record), storeKey(TAG.mark));
      const stored = await store.get(MARK_KEY);
      return {
        votes: all.filter(({ selector }) => selector === JOURNAL.vote),
        mark: stored && { epoch: epoch(readBe64(stored, 0)), view: view(readBe64(stored, 8)) },
      };
    },
    append(of, record, durability) {
      epochOf(record, of);
      const value = JournalRecordCodec.encode(record);
      return write([{ type: 'put', key: recordKey(of, record), value }], durability);
    },
    async prune(mark) {
      const value = new Uint8Array([...be64(mark.epoch), ...be64(mark.view)]);
      const operations: StoreOperation[] = [{ type: 'put', key: MARK_KEY, value }];
      const range = {
        from: prunedTo,
        to: storeKey(TAG.record, be64(mark.epoch), be64(mark.view)),
        limit: MAX_PRUNED,
      };
      for await (const [key] of store.range(range)) {
        operations.push({ type: 'del', key });
        prunedTo = key;
      }
      await write(operations, 'buffered');
    },
    async close() {
      // What is still buffered goes with a last sync.
      if (!failure && waiting.length > 0) await write([], 'sync');
      await store.close();
    },
  };
}
