import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choosePairHasher } from '../../node/pair-hasher.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import { auditState } from '../../runtime/state/audit.ts';
import { makeCheckpoint } from '../../runtime/state/checkpoint.ts';
import {
  commitChanges,
  createCommitment,
  findCheckpoint,
  foldStaged,
  latestCheckpoint,
  sealCheckpoint,
  stageRow,
  tableRoots,
} from '../../runtime/state/commitment.ts';
import { u64Key } from '../../runtime/state/key-codec.ts';
import { loadState, type StoredRow } from '../../runtime/state/load.ts';
import { verifyProof } from '../../runtime/state/proof.ts';
import { proveRow } from '../../runtime/state/prove.ts';
import type { RowChange } from '../../runtime/state/table.ts';
import {
  applyStep,
  applyToModel,
  copyModel,
  freshModel,
  freshStores,
  historyArbitrary,
  keyBytes,
  type Model,
  naiveState,
  names,
  numbers,
  storeList,
} from './history.ts';
import { h, naiveBytesRoot, naiveLeaf, naiveStateRoot, naiveTableRoot } from './naive-root.ts';

const { hashPairs } = choosePairHasher();
const row = (key: number, value: number) => ({
  key: Uint8Array.of(key),
  value: Uint8Array.of(value),
});
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Root of a table after committing rows of single-byte keys and values to table 5. */
function rootOfTable(rows: readonly RowChange[]): string {
  const commitment = createCommitment(hashPairs);
  commitChanges(commitment, [{ tableId: 5, rows }]);
  const checkpoint = latestCheckpoint(commitment);
  return hex((checkpoint && tableRoots(checkpoint)[5]) ?? new Uint8Array());
}

describe('the format, step by step', () => {
  test('an empty table is 32 zero bytes; an empty state hashes zeros seven times', () => {
    expect(rootOfTable([])).toBe('00'.repeat(32));
    let root: Buffer = Buffer.alloc(32);
    for (let level = 0; level < 7; level++) root = h(root, root);
    expect(hex(commitChanges(createCommitment(hashPairs), []))).toBe(hex(root));
  });

  test('a table with one row is that row’s leaf', () => {
    const tag = Buffer.concat([Buffer.from('miletus/state/bytes/v1')], 28);
    const length = Buffer.concat([Uint8Array.of(1, 0, 0, 0), tag]);
    const hashOf = (byte: number) => h(Buffer.concat([Uint8Array.of(byte)], 32), length);
    expect(rootOfTable([row(1, 9)])).toBe(hex(h(hashOf(1), hashOf(9))));
  });

  test('two rows that part at the first bit, and two that share their first two bits', () => {
    // The hash of key 03 begins 77 = 0111…, of 20 (decimal) 55 = 0101…, of 02 89 = 1000….
    expect(naiveBytesRoot(Uint8Array.of(3))[0]).toBe(0x77);
    expect(naiveBytesRoot(Uint8Array.of(20))[0]).toBe(0x55);
    expect(naiveBytesRoot(Uint8Array.of(2))[0]).toBe(0x89);
    expect(rootOfTable([row(3, 7), row(2, 8)])).toBe(
      hex(h(naiveLeaf(row(3, 7)), naiveLeaf(row(2, 8)))),
    );
    const zero = Buffer.alloc(32);
    const atDepth2 = h(naiveLeaf(row(20, 8)), naiveLeaf(row(3, 7)));
    expect(rootOfTable([row(3, 7), row(20, 8)])).toBe(hex(h(h(zero, atDepth2), zero)));
  });

  test('the state root puts table t at position t of 128', () => {
    const commitment = createCommitment(hashPairs);
    const stateRoot = commitChanges(commitment, [{ tableId: 6, rows: [row(1, 9)] }]);
    // 6 = 0000110 in seven bits: left at the lowest level, then right, right, then left.
    const zeros: Buffer[] = [];
    for (let zero: Buffer = Buffer.alloc(32); zeros.length < 7; zero = h(zero, zero))
      zeros.push(zero);
    let root: Buffer = naiveLeaf(row(1, 9));
    for (const [level, bit] of [0, 1, 1, 0, 0, 0, 0].entries()) {
      const zero = zeros[level] ?? Buffer.alloc(0);
      root = bit === 0 ? h(root, zero) : h(zero, root);
    }
    expect(hex(stateRoot)).toBe(hex(root));
  });
});

/** Commits a history and hands each checkpoint's root and model to `check`. */
function replay(
  history: Parameters<typeof applyStep>[1][][],
  check: (at: {
    readonly stateRoot: Uint8Array;
    readonly model: Model;
    readonly commitment: ReturnType<typeof createCommitment>;
    readonly stores: ReturnType<typeof freshStores>;
    readonly disk: Map<string, StoredRow>;
  }) => void,
): void {
  const stores = freshStores();
  const commitment = createCommitment(hashPairs);
  const model = freshModel();
  const disk = new Map<string, StoredRow>();
  for (const steps of history) {
    for (const step of steps) {
      applyStep(stores, step);
      applyToModel(model, step);
    }
    const { stateRoot, changes } = makeCheckpoint(storeList(stores), commitment);
    for (const { tableId, rows } of changes) {
      for (const { key, value } of rows) {
        const id = `${tableId}:${toHex(key)}`;
        if (value) disk.set(id, [tableId, key, value]);
        else expect(disk.delete(id), 'a row that was never written is never deleted').toBe(true);
      }
    }
    check({ stateRoot, model, commitment, stores, disk });
  }
}

describe('histories', () => {
  test('every checkpoint has the root of the definition, and live rows agree with it', () => {
    fc.assert(
      fc.property(historyArbitrary(8), (history) => {
        replay(history, ({ stateRoot, model, commitment, stores }) => {
          expect(hex(stateRoot)).toBe(hex(naiveStateRoot(naiveState(model))));
          expect(auditState(storeList(stores), commitment)).toEqual([]);
        });
      }),
      { numRuns: 60 },
    );
  });

  test('what was written to disk loads into the same state, whatever the order', () => {
    fc.assert(
      fc.property(historyArbitrary(4), fc.infiniteStream(fc.nat()), (history, order) => {
        replay(history, ({ stateRoot, stores, disk }) => {
          const shuffled = [...disk.values()]
            .map((stored) => ({ stored, at: order.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ stored }) => stored);
          const loaded = freshStores();
          const result = loadState(shuffled, storeList(loaded), createCommitment(hashPairs));
          expect(result.ok && hex(result.value)).toBe(hex(stateRoot));
          expect(loaded.numbers.sortedKeys()).toEqual(stores.numbers.sortedKeys());
          for (const [key, value] of loaded.names.unorderedEntries()) {
            expect(stores.names.get(key)).toEqual(value);
          }
          expect(loaded.numbers.dirtyCount).toBe(0);
        });
      }),
      { numRuns: 25 },
    );
  });

  test('a loaded commitment goes on as the one that never stopped', () => {
    fc.assert(
      fc.property(historyArbitrary(3), historyArbitrary(3), (before, after) => {
        const going = freshStores();
        const goingOn = createCommitment(hashPairs);
        const disk = new Map<string, StoredRow>();
        const checkpointBoth = (stores: typeof going, commitment: typeof goingOn) => {
          const { stateRoot, changes } = makeCheckpoint(storeList(stores), commitment);
          for (const { tableId, rows } of changes) {
            for (const { key, value } of rows) {
              const id = `${tableId}:${toHex(key)}`;
              if (value) disk.set(id, [tableId, key, value]);
              else disk.delete(id);
            }
          }
          return hex(stateRoot);
        };
        for (const steps of before) {
          for (const step of steps) applyStep(going, step);
          checkpointBoth(going, goingOn);
        }
        const back = freshStores();
        const loaded = createCommitment(hashPairs);
        expect(loadState(disk.values(), storeList(back), loaded).ok).toBe(true);
        for (const steps of after) {
          for (const step of steps) {
            applyStep(going, step);
            applyStep(back, step);
          }
          const expected = checkpointBoth(going, goingOn);
          expect(hex(makeCheckpoint(storeList(back), loaded).stateRoot)).toBe(expected);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('proofs of presence and absence at each of the last four checkpoints, and no older', () => {
    fc.assert(
      fc.property(historyArbitrary(9), (history) => {
        const past: { readonly stateRoot: Uint8Array; readonly model: Model }[] = [];
        replay(history, ({ stateRoot, model, commitment }) => {
          past.push({ stateRoot, model: copyModel(model) });
          const retained = past.slice(-4);
          for (const old of retained) {
            for (const table of ['numbers', 'names'] as const) {
              for (let key = 0; key <= 41; key += 3) {
                const claim = {
                  stateRoot: old.stateRoot,
                  tableId: table === 'numbers' ? numbers.id : names.id,
                  key: keyBytes({ table, key }),
                };
                const answer = proveRow(commitment, claim);
                if (!answer.ok) expect.fail(answer.error.code);
                const { proof, valueHash } = answer.value;
                const expected = old.model[table].get(hex(claim.key))?.value;
                expect(valueHash && hex(valueHash)).toBe(expected && hex(naiveBytesRoot(expected)));
                const value = expected ?? 'absent';
                expect(verifyProof({ ...claim, value }, proof)).toEqual({
                  ok: true,
                  value: undefined,
                });
              }
            }
          }
          const gone = past.at(-5);
          const isBack =
            gone && retained.some((kept) => hex(kept.stateRoot) === hex(gone.stateRoot));
          if (gone && !isBack) {
            expect(findCheckpoint(commitment, gone.stateRoot)).toBeUndefined();
            const query = { stateRoot: gone.stateRoot, tableId: 2, key: Uint8Array.of(0, 0, 0, 1) };
            expect(proveRow(commitment, query)).toEqual({
              ok: false,
              error: { code: 'root_not_retained' },
            });
          }
        });
      }),
      { numRuns: 12 },
    );
  });

  test('as a table grows and shrinks: the root of the definition, and proofs at older depths', () => {
    const commitment = createCommitment(hashPairs);
    const keys = u64Key();
    const live = new Map<number, number>();
    const past: { readonly stateRoot: Uint8Array; readonly rows: ReadonlyMap<number, number> }[] =
      [];
    // Rows of the table after each checkpoint: its tree gets levels, loses them, and is empty between.
    for (const [round, rows] of [1, 5, 60, 700, 640, 90, 7, 0, 300, 2, 2, 40].entries()) {
      const changes = new Map<number, number | undefined>();
      for (let i = live.size; i < rows; i++) changes.set(i, round);
      for (let i = rows; i < live.size; i++) changes.set(i, undefined);
      for (let i = round; i < Math.min(rows, live.size); i += 5) changes.set(i, round);
      for (const [key, value] of changes) {
        if (value === undefined) live.delete(key);
        else live.set(key, value);
      }
      const encoded = [...changes].map(([key, value]) => ({
        key: keys.encode(key),
        value: value === undefined ? undefined : Uint8Array.of(value),
      }));
      const stateRoot = commitChanges(commitment, [{ tableId: 5, rows: encoded }]);
      const definition = [...live].map(([key, value]) => ({
        key: keys.encode(key),
        value: Uint8Array.of(value),
      }));
      expect(hex(stateRoot)).toBe(hex(naiveStateRoot(new Map([[5, definition]]))));
      past.push({ stateRoot, rows: new Map(live) });
      for (const old of past.slice(-4)) {
        for (let key = 0; key < 720; key += 23) {
          const claim = { stateRoot: old.stateRoot, tableId: 5, key: keys.encode(key) };
          const answer = proveRow(commitment, claim);
          if (!answer.ok) expect.fail(answer.error.code);
          const there = old.rows.get(key);
          const value = there === undefined ? 'absent' : Uint8Array.of(there);
          expect(verifyProof({ ...claim, value }, answer.value.proof).ok).toBe(true);
        }
      }
    }
  });

  test('memory is used again: a long history over few rows stays small', () => {
    const commitment = createCommitment(hashPairs);
    let usedEarly = 0;
    for (let round = 0; round < 200; round++) {
      const rows = Array.from({ length: 50 }, (_, key) => ({
        key: Uint8Array.of(key),
        value: (key + round) % 3 === 0 ? undefined : Uint8Array.of(round),
      }));
      commitChanges(commitment, [{ tableId: 0, rows }]);
      if (round === 20) usedEarly = commitment.pool.used;
    }
    expect(commitment.pool.used).toBeLessThan(usedEarly * 1.5);
  });
});

describe('single rules', () => {
  test('the order of changes and of tables does not show in the root', () => {
    const rows = Array.from({ length: 100 }, (_, i) => row(i, i));
    const forward = commitChanges(createCommitment(hashPairs), [
      { tableId: 1, rows },
      { tableId: 9, rows },
    ]);
    const backward = commitChanges(createCommitment(hashPairs), [
      { tableId: 9, rows: rows.toReversed() },
      { tableId: 1, rows: rows.toReversed() },
    ]);
    expect(hex(backward)).toBe(hex(forward));
  });

  test('writing the value a row has, or deleting what is not there, changes no root', () => {
    const commitment = createCommitment(hashPairs);
    const first = commitChanges(commitment, [{ tableId: 1, rows: [row(1, 1), row(2, 2)] }]);
    const rows = [row(1, 1), { key: Uint8Array.of(77), value: undefined }];
    expect(hex(commitChanges(commitment, [{ tableId: 1, rows }]))).toBe(hex(first));
  });

  test('thousands of changes at a time, two keys with the same first 32 bits among them', () => {
    // keyHash 8ea22fc1 bed0… and 8ea22fc1 b191…: the first of the u64 keys that agree so far.
    const twins = [148_217, 164_081] as const;
    const keys = u64Key();
    const rowOf = (key: number, value: number): RowChange => ({
      key: keys.encode(key),
      value: Uint8Array.of(value),
    });
    const commitment = createCommitment(hashPairs);
    const live = new Map<number, number>();
    const rounds: ReadonlyMap<number, number | undefined>[] = [
      new Map(
        [...Array.from({ length: 1_500 }, (_, key) => key), ...twins].map((key) => [
          key,
          key % 250,
        ]),
      ),
      new Map([
        [twins[0], 251],
        [twins[1], 252],
        ...Array.from({ length: 70 }, (_, i) => [i * 9, 253]),
      ] as [number, number][]),
      new Map([[twins[0], undefined], ...Array.from({ length: 500 }, (_, i) => [i, undefined])] as [
        number,
        undefined,
      ][]),
      new Map(twins.map((key) => [key, 254])),
    ];
    for (const changes of rounds) {
      for (const [key, value] of changes) {
        if (value === undefined) live.delete(key);
        else live.set(key, value);
      }
      const rows = [...changes].map(([key, value]) =>
        value === undefined ? { key: keys.encode(key), value } : rowOf(key, value),
      );
      commitChanges(commitment, [{ tableId: 5, rows }]);
      const checkpoint = latestCheckpoint(commitment);
      const expected = naiveTableRoot(
        [...live].map(([key, value]) => ({ key: keys.encode(key), value: Uint8Array.of(value) })),
      );
      expect(hex((checkpoint && tableRoots(checkpoint)[5]) ?? new Uint8Array())).toBe(
        hex(expected),
      );
    }
  });

  test('a key that changes twice in a checkpoint is a broken invariant', () => {
    const commitment = createCommitment(hashPairs);
    const changes = [{ tableId: 1, rows: [row(1, 1), row(1, 2)] }];
    expect(() => commitChanges(commitment, changes)).toThrow('a key changes once');
  });

  test('the portable hasher gives the same root as the native one', () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => ({
      key: Uint8Array.of(i >> 8, i & 255),
      value: Uint8Array.of(i & 255),
    }));
    const roots = [hashPairs, portablePairHasher].map((hasher) =>
      hex(commitChanges(createCommitment(hasher), [{ tableId: 3, rows }])),
    );
    expect(roots[1]).toBe(roots[0]);
    expect(roots[0]).toBe(hex(naiveStateRoot(new Map([[3, rows]]))));
  });

  test('rows may come into the trees in several folds', () => {
    const commitment = createCommitment(hashPairs);
    const rows = Array.from({ length: 90 }, (_, i) => row(i, i));
    commitChanges(commitment, [{ tableId: 3, rows: rows.slice(0, 20) }]);
    for (const [i, changed] of rows.entries()) {
      stageRow(commitment, { tableId: 3, ...changed, value: Uint8Array.of(200) });
      if (i % 7 === 0) foldStaged(commitment);
    }
    foldStaged(commitment);
    for (const { key } of rows.slice(0, 45)) {
      stageRow(commitment, { tableId: 3, key, value: undefined });
    }
    const expected = rows.slice(45).map(({ key }) => ({ key, value: Uint8Array.of(200) }));
    expect(hex(sealCheckpoint(commitment))).toBe(hex(naiveStateRoot(new Map([[3, expected]]))));
    // The checkpoint before is still read through its undo log.
    const [first] = commitment.checkpoints;
    const answer = first && proveRow(commitment, { ...first, tableId: 3, key: Uint8Array.of(3) });
    expect(answer?.ok && hex(answer.value.valueHash ?? new Uint8Array())).toBe(
      hex(naiveBytesRoot(Uint8Array.of(3))),
    );
  });

  test('tableRoots names the table in which two states differ', () => {
    const roots = [1, 2].map((value) => {
      const commitment = createCommitment(hashPairs);
      commitChanges(commitment, [
        { tableId: 4, rows: [row(1, value)] },
        { tableId: 8, rows: [row(1, 1)] },
      ]);
      const checkpoint = latestCheckpoint(commitment);
      return checkpoint ? tableRoots(checkpoint).map(hex) : [];
    });
    expect(roots[0]?.flatMap((root, id) => (root === roots[1]?.[id] ? [] : [id]))).toEqual([4]);
    expect(roots[0]?.[8]).toBe(hex(naiveTableRoot([row(1, 1)])));
  });

  test('an audit names the table with a row that was changed without touch', () => {
    const stores = freshStores();
    const commitment = createCommitment(hashPairs);
    stores.numbers.set(1, { amount: 1, sequence: 1 });
    stores.names.set('00ff', { amount: 1, sequence: 1 });
    makeCheckpoint(storeList(stores), commitment);
    stores.names.must('00ff').amount = 2;
    expect(auditState(storeList(stores), commitment)).toEqual(['names']);
  });

  test('a table id above 127 is a broken invariant', () => {
    const commitment = createCommitment(hashPairs);
    expect(() => stageRow(commitment, { tableId: 128, ...row(1, 1) })).toThrow('table ids');
    expect(hex(sealCheckpoint(commitment))).toBe(hex(naiveStateRoot(new Map())));
  });
});

describe('loadState refuses', () => {
  const load = (...rows: StoredRow[]) => {
    const result = loadState(rows, storeList(freshStores()), createCommitment(hashPairs));
    return result.ok ? 'loaded' : result.error.reason.code;
  };
  const key = Uint8Array.of(0, 0, 0, 1);
  const value = new Uint8Array(16);

  test.each([
    ['nothing', 'loaded', [[2, key, value]]],
    ['a table it does not know', 'unknown_table', [[3, key, value]]],
    ['a key of another length', 'malformed_key', [[2, Uint8Array.of(1), value]]],
    ['a value of another length', 'malformed_bytes', [[2, key, new Uint8Array(17)]]],
    [
      'a key twice',
      'duplicate_key',
      [
        [2, key, value],
        [2, key, value],
      ],
    ],
  ] as [string, string, StoredRow[]][])('%s', (_, code, rows) => {
    expect(load(...rows)).toBe(code);
  });
});
