/** The journal: what is on disk when, what shares a sync, what a failure means. */
import { describe, expect, test } from 'vitest';
import { JOURNAL, type JournalRecord } from '../../consensus/journal.ts';
import { KIND } from '../../consensus/messages.ts';
import { ed25519Key } from '../../node/crypto/ed25519.ts';
import type { Store, StoreOperation } from '../../node/ports.ts';
import { createLocalSigner } from '../../node/signer/local-signer.ts';
import { createJournalStore } from '../../node/storage/journal-store.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { createMachine } from './crash-disk.ts';

const EPOCH = epoch(3);
const CHAIN = new Uint8Array(32);

function nullify(at: number): JournalRecord {
  return {
    selector: JOURNAL.vote,
    value: {
      subject: { selector: KIND.nullify, value: { epoch: EPOCH, view: view(at) } },
      signer: validatorIndex(0),
      signature: new Uint8Array(64),
    },
  };
}

function certified(at: number): JournalRecord {
  const value = { view: view(at), payload: new Uint8Array(32), epochLast: false };
  return { selector: JOURNAL.certified, value };
}

/** A store whose writes wait until they are let through, or failed. */
function heldStore(): {
  store: Store;
  writes: { operations: number; durability: string; settle: (fail: boolean) => void }[];
} {
  const writes: { operations: number; durability: string; settle: (fail: boolean) => void }[] = [];
  const batch = (operations: readonly StoreOperation[], durability: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (fail: boolean): void => (fail ? reject(new Error('disk full')) : resolve());
      writes.push({ operations: operations.length, durability, settle });
    });
  const unused = (): never => {
    throw new Error('not used');
  };
  const store = { batch, get: unused, range: unused, snapshot: unused, close: unused };
  return { store: store as unknown as Store, writes };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('appends', () => {
  test('of one turn share one sync; those that come meanwhile share the next', async () => {
    const { store, writes } = heldStore();
    const journal = createJournalStore(store);
    const first = [1, 2].map((at) => journal.append(EPOCH, nullify(at), 'sync'));
    await turn();
    const next = [3, 4, 5].map((at) => journal.append(EPOCH, nullify(at), 'sync'));
    await turn();
    expect(writes.map(({ operations }) => operations)).toEqual([2]);
    writes[0]?.settle(false);
    await Promise.all(first);
    await turn();
    expect(writes.map(({ operations }) => operations)).toEqual([2, 3]);
    writes[1]?.settle(false);
    await Promise.all(next);
    expect(writes.every(({ durability }) => durability === 'sync')).toBe(true);
  });

  test('a buffered one is written before, or with, the next synced one', async () => {
    const { store, writes } = heldStore();
    const journal = createJournalStore(store);
    await journal.append(EPOCH, certified(1), 'buffered');
    await turn();
    expect(writes).toEqual([]);
    const synced = journal.append(EPOCH, nullify(2), 'sync');
    await turn();
    expect(writes.map(({ operations }) => operations)).toEqual([2]);
    writes[0]?.settle(false);
    await synced;
  });

  test('after a failure nothing is ever appended again', async () => {
    const { store, writes } = heldStore();
    const journal = createJournalStore(store);
    const first = journal.append(EPOCH, nullify(1), 'sync');
    await turn();
    const second = journal.append(EPOCH, nullify(2), 'sync');
    writes[0]?.settle(true);
    await expect(first).rejects.toThrow('disk full');
    await expect(second).rejects.toThrow('disk full');
    await expect(journal.append(EPOCH, nullify(3), 'buffered')).rejects.toThrow('disk full');
    expect(writes.length).toBe(1);
  });
});

test('a crash keeps what was synced, and the signer refuses what contradicts it', async () => {
  const machine = createMachine(() => 0);
  const life = machine.begin();
  const key = ed25519Key(new Uint8Array(32).fill(7));
  const open = async (disk: (typeof life)['disk']) => {
    const journal = createJournalStore(await disk.open('journal'));
    return { journal, signer: await createLocalSigner({ keys: [key], chainId: CHAIN, journal }) };
  };
  const before = await open(life.disk);
  const at = { epoch: EPOCH, view: view(9) };
  const signed = await before.signer.vote(
    { selector: KIND.nullify, value: at },
    { signer: validatorIndex(0), key: key.publicKey },
  );
  expect(signed.ok).toBe(true);
  life.kill();

  const after = await open(machine.begin().disk);
  expect(after.signer.signed({ selector: KIND.nullify, value: at })).toBe(true);
  const proposal = { ...at, parentView: view(8), payload: new Uint8Array(32) };
  const finalize = { selector: KIND.finalize, value: proposal } as const;
  const refused = await after.signer.vote(finalize, {
    signer: validatorIndex(0),
    key: key.publicKey,
  });
  expect(refused.ok ? 'ok' : refused.error.code).toBe('conflicting_vote');
  const again = await after.signer.vote(
    { selector: KIND.nullify, value: at },
    { signer: validatorIndex(0), key: key.publicKey },
  );
  expect(again).toEqual(signed);
});

test('pruning forgets what lies below, and the mark outlives a restart', async () => {
  const machine = createMachine(() => 0);
  const life = machine.begin();
  const journal = createJournalStore(await life.disk.open('journal'));
  for (const at of [1, 2, 3]) await journal.append(EPOCH, nullify(at), 'sync');
  await journal.prune({ epoch: EPOCH, view: view(3) });
  await journal.append(EPOCH, nullify(4), 'sync');
  life.kill();

  const again = createJournalStore(await machine.begin().disk.open('journal'));
  const records = await again.records(EPOCH);
  expect(records).toEqual([nullify(3), nullify(4)]);
  const key = ed25519Key(new Uint8Array(32).fill(7));
  const signer = await createLocalSigner({ keys: [key], chainId: CHAIN, journal: again });
  const below = { selector: KIND.nullify, value: { epoch: EPOCH, view: view(2) } } as const;
  const refused = await signer.vote(below, { signer: validatorIndex(0), key: key.publicKey });
  expect(refused.ok ? 'ok' : refused.error.code).toBe('below_low_water_mark');
});
