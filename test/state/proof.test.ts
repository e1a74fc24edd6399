import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { portablePairHasher } from '../../runtime/core/merkle-hash.ts';
import { commitChanges, createCommitment } from '../../runtime/state/commitment.ts';
import { lengthChunk } from '../../runtime/state/merkle-format.ts';
import { type StateProof, stateProofCodec, verifyProof } from '../../runtime/state/proof.ts';
import { proveRow } from '../../runtime/state/prove.ts';
import { h, naiveBytesRoot } from './naive-root.ts';

const TABLE = 5;
const TAG = Buffer.concat([Buffer.from('miletus/state/bytes/v1')], 28);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const key = (i: number) => Uint8Array.of(i >> 8, i & 255);
const valueOfRow = (i: number) => Uint8Array.of(i & 255, 7);
const ROWS = 300;

const commitment = createCommitment(portablePairHasher);
const stateRoot = commitChanges(commitment, [
  {
    tableId: TABLE,
    rows: Array.from({ length: ROWS }, (_, i) => ({ key: key(i), value: valueOfRow(i) })),
  },
]);

function prove(i: number, tableId: number = TABLE): StateProof {
  const answer = proveRow(commitment, { stateRoot, tableId, key: key(i) });
  if (!answer.ok) throw new Error(answer.error.code);
  return answer.value.proof;
}

function verdict(
  proof: StateProof,
  claim: { readonly i: number; readonly value: Uint8Array | 'absent'; readonly tableId?: number },
): string {
  const { i, value, tableId = TABLE } = claim;
  const result = verifyProof({ stateRoot, tableId, key: key(i), value }, proof);
  return result.ok ? 'proved' : result.error.code;
}

const bitOf = (hash: Uint8Array, depth: number) =>
  ((hash[depth >> 3] ?? 0) >> (7 - (depth % 8))) & 1;

/** A key that is not in the table and whose path ends in another leaf, or in nothing. */
function absentKey(end: 'leaf' | 'nothing'): number {
  for (let i = ROWS; i < ROWS + 500; i++) {
    if (prove(i).other.length === (end === 'leaf' ? 1 : 0)) return i;
  }
  throw new Error(`no absent key ends in ${end}`);
}

describe('proofs', () => {
  test('of every row, of absent rows of both kinds, and of rows of an empty table', () => {
    for (let i = 0; i < ROWS; i++) {
      expect(verdict(prove(i), { i, value: valueOfRow(i) })).toBe('proved');
    }
    for (const end of ['leaf', 'nothing'] as const) {
      const i = absentKey(end);
      expect(verdict(prove(i), { i, value: 'absent' })).toBe('proved');
    }
    expect(verdict(prove(1, 6), { i: 1, value: 'absent', tableId: 6 })).toBe('proved');
  });

  test('survive their codec, which refuses a byte more or less', () => {
    const proof = prove(17);
    const bytes = stateProofCodec.encode(proof);
    expect(stateProofCodec.decode(bytes)).toEqual({ ok: true, value: proof });
    expect(stateProofCodec.decode(bytes.subarray(1)).ok).toBe(false);
    expect(stateProofCodec.decode(Uint8Array.of(...bytes, 0)).ok).toBe(false);
    expect(stateProofCodec.maxBytes).toBeLessThan(9_000);
  });
});

describe('a false claim is refused', () => {
  test('another value, absence of a row, presence of none, another table, key or root', () => {
    const absent = absentKey('leaf');
    expect(verdict(prove(3), { i: 3, value: valueOfRow(4) })).toBe('root_mismatch');
    expect(verdict(prove(3), { i: 3, value: 'absent' })).toBe('root_mismatch');
    expect(verdict(prove(absent), { i: absent, value: valueOfRow(1) })).toBe('contradictory_proof');
    expect(verdict(prove(3), { i: 3, value: valueOfRow(3), tableId: 4 })).toBe('root_mismatch');
    expect(verdict(prove(3), { i: 4, value: valueOfRow(3) })).toBe('root_mismatch');
    const claim = { tableId: TABLE, key: key(3), value: valueOfRow(3) };
    expect(verifyProof({ ...claim, stateRoot: h(stateRoot) }, prove(3)).ok).toBe(false);
  });

  test('any proof with a flipped bit', () => {
    const ends = [5, absentKey('leaf'), absentKey('nothing')];
    fc.assert(
      fc.property(fc.constantFrom(...ends), fc.nat(), fc.nat({ max: 7 }), (i, position, bit) => {
        const bytes = stateProofCodec.encode(prove(i)).slice();
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const changed = stateProofCodec.decode(bytes);
        if (!changed.ok) return;
        const value = i < ROWS ? valueOfRow(i) : 'absent';
        expect(verdict(changed.value, { i, value })).not.toBe('proved');
      }),
      { numRuns: 400 },
    );
  });

  test('a table id outside 0 to 127, and siblings of wrong number or length', () => {
    const proof = prove(1);
    const value = valueOfRow(1);
    for (const tableId of [-1, 128, 133, 1.5, Number.NaN]) {
      expect(verdict(proof, { i: 1, value, tableId })).toBe('malformed_proof');
    }
    const long = { ...proof, siblings: Array.from({ length: 257 }, () => new Uint8Array(32)) };
    expect(verdict(long, { i: 1, value })).toBe('malformed_proof');
    const few = { ...proof, tableSiblings: proof.tableSiblings.slice(1) };
    expect(verdict(few, { i: 1, value })).toBe('malformed_proof');
    const short = { ...proof, siblings: proof.siblings.map((hash) => hash.subarray(1)) };
    expect(verdict(short, { i: 1, value })).toBe('malformed_proof');
  });

  test('absence shown by the row’s own leaf, and by a leaf from elsewhere', () => {
    const i = 8;
    const keyHash = naiveBytesRoot(key(i));
    const own = { ...prove(i), other: [{ keyHash, valueHash: naiveBytesRoot(valueOfRow(i)) }] };
    expect(verdict(own, { i, value: 'absent' })).toBe('contradictory_proof');

    const elsewhere = [...Array(ROWS).keys()].find(
      (j) => bitOf(naiveBytesRoot(key(j)), 0) !== bitOf(naiveBytesRoot(key(absentKey('leaf'))), 0),
    );
    const other = {
      keyHash: naiveBytesRoot(key(elsewhere ?? 0)),
      valueHash: naiveBytesRoot(valueOfRow(elsewhere ?? 0)),
    };
    const off = { ...prove(elsewhere ?? 0), other: [other] };
    expect(verdict(off, { i: absentKey('leaf'), value: 'absent' })).toBe('leaf_off_path');
  });
});

describe('the chunk of a length', () => {
  /** A table whose only row has 96 bytes of the forger's choice, and the honest proof of the row. */
  function victim(path: readonly number[]) {
    const filler = Buffer.alloc(32, 1);
    const value = Buffer.concat([filler, filler, Buffer.alloc(32)]);
    const i = [...Array(4_000).keys()].find((j) =>
      path.every((bit, depth) => bitOf(naiveBytesRoot(key(j)), depth) === bit),
    );
    const forgedKey = key(i ?? 0);
    const alone = createCommitment(portablePairHasher);
    const root = commitChanges(alone, [{ tableId: TABLE, rows: [{ key: forgedKey, value }] }]);
    const honest = proveRow(alone, { stateRoot: root, tableId: TABLE, key: forgedKey });
    if (!honest.ok) throw new Error(honest.error.code);
    expect(honest.value.proof.siblings).toEqual([]);
    return { filler, value, forgedKey, root, proof: honest.value.proof };
  }
  const plain = (hashes: readonly Uint8Array[]) => hashes.map((hash) => new Uint8Array(hash));

  /**
   * Below the row's leaf the forger shows the 64 bytes that were hashed as if they were two
   * children, down into the value, whose third chunk is zeros: the "empty subtree" at which the row's
   * key would be absent.
   */
  test('keeps a path from going on below a leaf', () => {
    // To the value's hash, to the root of its chunks, to the third of them.
    const { filler, value, forgedKey, root, proof } = victim([1, 0, 1]);
    const length = Buffer.concat([Uint8Array.of(96, 0, 0, 0), TAG]);
    const siblings = plain([naiveBytesRoot(forgedKey), length, h(filler, filler)]);
    // The hashes do meet the root: only the length betrays the path.
    const top = h(h(filler, filler), Buffer.alloc(32));
    expect(h(top, length)).toEqual(naiveBytesRoot(value));
    const claim = { stateRoot: root, tableId: TABLE, key: forgedKey, value: 'absent' as const };
    expect(verifyProof(claim, { ...proof, siblings })).toEqual({
      ok: false,
      error: { code: 'path_below_leaf', depth: 1 },
    });
  });

  test('keeps the halves of a key’s hash from passing as a leaf', () => {
    const { value, forgedKey, root, proof } = victim([0]);
    const chunk = Buffer.concat([forgedKey], 32);
    const length = Buffer.concat([Uint8Array.of(2, 0, 0, 0), TAG]);
    expect(h(chunk, length)).toEqual(naiveBytesRoot(forgedKey));
    const siblings = plain([naiveBytesRoot(value)]);
    const other = [{ keyHash: new Uint8Array(chunk), valueHash: new Uint8Array(length) }];
    const claim = { stateRoot: root, tableId: TABLE, key: forgedKey, value: 'absent' as const };
    expect(verifyProof(claim, { ...proof, siblings, other })).toEqual({
      ok: false,
      error: { code: 'path_below_leaf', depth: 1 },
    });
  });

  test('is 32 bytes that no SHA-256 is known to give', () => {
    expect(hex(lengthChunk(0x01020304))).toBe(`04030201${hex(TAG)}`);
  });
});
