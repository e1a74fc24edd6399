/** Recovery: the set of records decides; nothing is signed twice; fresh timers run. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEngine, type EngineState } from '../../consensus/engine.ts';
import type { InputBody } from '../../consensus/input.ts';
import { JOURNAL, type JournalRecord, JournalRecordCodec } from '../../consensus/journal.ts';
import { recover } from '../../consensus/recover.ts';
import { step } from '../../consensus/step.ts';
import { timestampMs } from '../../runtime/core/units.ts';
import {
  built,
  certificate,
  configFor,
  finalizeOf,
  give,
  held,
  notarized,
  notarizeOf,
  nullifyOf,
  payloadOf,
  proposal,
  START_MS,
  signed,
  timer,
  valid,
  vote,
  voteOf,
} from './harness.ts';

/** Runs inputs and returns what a driver would have in its journal: persists and signed votes. */
function journalOf(self: number, inputs: readonly InputBody[]): JournalRecord[] {
  const state = createEngine(configFor(self));
  const records: JournalRecord[] = [];
  for (const input of [{ kind: 'start' as const }, ...inputs]) {
    if (input.kind === 'signed') records.push({ selector: JOURNAL.vote, value: input.vote });
    const { effects } = step(state, { ...input, now: timestampMs(START_MS) });
    for (const effect of effects) if (effect.kind === 'persist') records.push(effect.record);
  }
  return records.map((record) => {
    const decoded = JournalRecordCodec.decode(JournalRecordCodec.encode(record));
    if (!decoded.ok) throw new Error(decoded.error.detail);
    return decoded.value;
  });
}

function restart(self: number, records: readonly JournalRecord[]): [EngineState, string[]] {
  const state = recover(configFor(self), records);
  return [state, give(state, { kind: 'start' })];
}

/** A voter's life up to the middle of view 4: v1 final, v2 nullified, v3 notarized and finalized by us. */
const LIFE: InputBody[] = [
  proposal(1),
  valid(1),
  signed(notarizeOf(1), 4),
  certificate(notarizeOf(1)),
  signed(finalizeOf(1), 4),
  certificate(finalizeOf(1)),
  timer('leader', 2),
  signed(nullifyOf(2), 4),
  certificate(nullifyOf(2)),
  proposal(3, { parent: 1 }),
  valid(3),
  signed(notarizeOf(3, { parent: 1 }), 4),
  certificate(notarizeOf(3, { parent: 1 })),
  signed(finalizeOf(3, { parent: 1 }), 4),
];

describe('recovery', () => {
  test('an empty journal is a fresh engine', () => {
    const [state, effects] = restart(4, []);
    expect(state.view).toBe(1);
    expect(effects).toContain('arm leader v1 700');
  });

  test('the order of records does not matter (Avalanche PR #328 resumed from the last one)', () => {
    const records = journalOf(4, LIFE);
    const expected = restart(4, records);
    expect(expected[0].view).toBe(4);
    expect(expected[0].lastFinalized.view).toBe(1);
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
        const [state, effects] = restart(4, shuffled);
        expect(effects).toEqual(expected[1]);
        expect([state.view, state.passed, state.lastFinalized]).toEqual([
          expected[0].view,
          expected[0].passed,
          expected[0].lastFinalized,
        ]);
      }),
      { numRuns: 50 },
    );
  });

  test('every prefix recovers, to a view that never goes back, and never below an own vote', () => {
    const records = journalOf(4, LIFE);
    let before = 0;
    for (let length = 0; length <= records.length; length++) {
      const [state] = restart(4, records.slice(0, length));
      expect(state.view).toBeGreaterThanOrEqual(before);
      before = state.view;
    }
    expect(before).toBe(4);
  });

  test('a leader that proposed proposes that very block again, or nothing', () => {
    const records = journalOf(1, [built(1), signed(notarizeOf(1), 1)]);
    const [state, effects] = restart(1, records);
    expect(effects).toContain('broadcast notarize v1 b1');
    expect(effects).toContain('build v1 again b1 on v0 genesis');
    expect(give(state, built(1))).toEqual([
      'cancel leader',
      'broadcast proposal notarize v1 b1 with []',
    ]);
  });

  test('another block for the view of an own proposal breaks the contract', () => {
    const [state] = restart(1, journalOf(1, [built(1), signed(notarizeOf(1), 1)]));
    expect(() => give(state, built(1, 'x'))).toThrow('the same block again');
  });

  test('a voter that notarized does not notarize another block of the view', () => {
    const [state] = restart(4, journalOf(4, LIFE.slice(0, 3)));
    give(state, proposal(1, { block: 'x' }));
    expect(give(state, valid(1, 'x'))).toEqual([]);
  });

  test('after a nullify: the retry timer runs, the vote is repeated, and nothing is finalized', () => {
    const records = journalOf(4, [timer('leader', 1), signed(nullifyOf(1), 4)]);
    const [state, effects] = restart(4, records);
    expect(effects).toContain('broadcast nullify v1');
    expect(effects).toContain('arm retry v1 400');
    expect(effects).not.toContain('arm leader v1 700');
    give(state, held(1));
    const entered = give(state, certificate(notarizeOf(1)));
    expect(entered).toContain('enter v2');
    expect(entered.filter((effect) => effect.startsWith('vote finalize'))).toEqual([]);
  });

  test('after a finalize whose certificates were lost: no nullify, in the view of that vote', () => {
    const vote: JournalRecord = { selector: JOURNAL.vote, value: voteOf(finalizeOf(5), 4) };
    const [state, effects] = restart(4, [vote]);
    expect(state.view).toBe(5);
    expect(effects).toContain('broadcast finalize v5 b5');
    expect(give(state, timer('leader', 5))).toEqual([]);
    expect(give(state, timer('certify', 5))).toEqual([]);
  });

  test('own recovered votes count towards a quorum', () => {
    const records = journalOf(4, [timer('leader', 1), signed(nullifyOf(1), 4)]);
    const [state] = restart(4, records);
    give(state, vote(nullifyOf(1), 1));
    expect(give(state, vote(nullifyOf(1), 2))).toContain('broadcast nullification v1');
  });

  test('a body that was being fetched is asked for again', () => {
    const records = journalOf(4, [certificate(notarizeOf(1))]);
    const [state, effects] = restart(4, records);
    expect(effects).toContain('sync v1 b1');
    expect(give(state, held(1))).toContain('vote finalize v1 b1');
  });

  test('a lost certified record costs a question, not the view', () => {
    const records = journalOf(4, LIFE).filter(({ selector }) => selector !== JOURNAL.certified);
    const [state, effects] = restart(4, records);
    expect(effects).toContain('sync v1 b1');
    expect(effects).toContain('sync v3 b3');
    expect(state.view).toBe(3);
    give(state, held(1));
    expect(give(state, held(3))).toContain('enter v4');
  });

  test('the boundary’s finalization recovers as a finished epoch', () => {
    const life = [
      held(1, 'last', true),
      certificate(notarizeOf(1, { block: 'last' })),
      certificate(finalizeOf(1, { block: 'last' })),
    ];
    const [, effects] = restart(4, journalOf(4, life));
    expect(effects.at(-1)).toBe('epochFinished last');
  });

  test('votes of others in a journal are not ours', () => {
    const foreign: JournalRecord = { selector: JOURNAL.vote, value: voteOf(nullifyOf(1), 2) };
    const [state] = restart(4, [foreign]);
    expect(state.rounds.get(state.view)?.own.nullify).toBe(false);
  });

  test('what is below the floor is forgotten', () => {
    const life = [timer('leader', 1), signed(nullifyOf(1), 4), certificate(finalizeOf(100))];
    const [state] = restart(4, journalOf(4, life));
    expect([...state.rounds.keys()]).toEqual([100, 101]);
    expect(state.lastFinalized.payload).toEqual(payloadOf('b100'));
  });

  test('notarized views recover as certified', () => {
    const [state] = restart(4, journalOf(4, notarized(1)));
    expect(state.view).toBe(2);
  });
});
