/**
 * Whatever arrives, in whatever order: the engine asks its signer only for what the signer may sign,
 * views never go back, and what it persists before sending is what it sends.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InputBody } from '../../consensus/input.ts';
import { emptyWindow, maySign } from '../../consensus/signer-window.ts';
import { step } from '../../consensus/step.ts';
import { timestampMs, view } from '../../runtime/core/units.ts';
import {
  ALL,
  built,
  certificate,
  EPOCH,
  engineOf,
  finalizeOf,
  held,
  notarizeOf,
  notValid,
  nullifyOf,
  proposal,
  START_MS,
  signed,
  timer,
  valid,
  vote,
} from './harness.ts';

const at = fc.integer({ min: 1, max: 6 });
const others = fc.constantFrom(...ALL.filter((one) => one !== 4));
const block = fc.constantFrom<string | undefined>(undefined, 'x');
const parent = fc.integer({ min: 0, max: 3 });

/** Inputs of a world with faulty peers, but never a fork: certificates are for one block a view. */
const input: fc.Arbitrary<InputBody> = fc.oneof(
  fc.tuple(at, block, parent).map(([v, b, p]) => proposal(v, about(v, b, p))),
  fc.tuple(at, others, block).map(([v, by, b]) => vote(notarizeOf(v, about(v, b)), by)),
  fc.tuple(at, others).map(([v, by]) => vote(nullifyOf(v), by)),
  at.map((v) => certificate(notarizeOf(v))),
  at.map((v) => certificate(nullifyOf(v))),
  at.map((v) => valid(v)),
  at.map((v) => notValid(v, 'invalid')),
  at.map((v) => held(v)),
  at.map((v) => built(v)),
  fc
    .tuple(fc.constantFrom('leader', 'certify', 'retry', 'fetch', 'standstill'), at)
    .map(([kind, v]) => timer(kind as 'leader', v)),
);

function about(v: number, b: string | undefined, p = v - 1): { block?: string; parent: number } {
  return b === undefined
    ? { parent: Math.min(p, v - 1) }
    : { block: b, parent: Math.min(p, v - 1) };
}

describe('random inputs', () => {
  test('every vote asked for may be signed', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), fc.boolean(), (inputs, answers) => {
        const state = engineOf(4);
        let window = emptyWindow({ epoch: EPOCH, view: view(1) });
        let before = 1;
        let nowMs = START_MS;
        const queue = [...inputs];
        for (let next = queue.shift(); next; next = queue.shift()) {
          nowMs += 10;
          for (const effect of step(state, { ...next, now: timestampMs(nowMs) }).effects) {
            if (effect.kind !== 'vote') continue;
            const allowed = maySign(window, effect.subject);
            expect(allowed.ok, JSON.stringify(effect.subject)).toBe(true);
            if (allowed.ok) window = allowed.value;
            if (answers) queue.unshift(signed(effect.subject, 4));
          }
          expect(state.view).toBeGreaterThanOrEqual(before);
          expect(state.passed).toBeLessThan(state.view);
          before = state.view;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('finalized views ascend, and each is persisted with sync before it is reported', () => {
    const more = fc.oneof(
      input,
      at.map((v) => certificate(finalizeOf(v))),
    );
    fc.assert(
      fc.property(fc.array(more, { maxLength: 60 }), (inputs) => {
        const state = engineOf(4);
        let last = 0;
        // Certificates of both kinds in one view are a fork sooner or later: only chains here.
        const chain = inputs.filter(
          ({ kind }) => kind !== 'proposal' && kind !== 'vote' && kind !== 'built',
        );
        for (const next of chain) {
          if (next.kind === 'certificate' && next.certificate.subject.selector === 1) continue;
          const { effects } = step(state, { ...next, now: timestampMs(START_MS) });
          const final = effects.findIndex((effect) => effect.kind === 'finalized');
          const synced = effects.findIndex(
            (effect) => effect.kind === 'persist' && effect.durability === 'sync',
          );
          if (final < 0) continue;
          expect(synced).toBeGreaterThanOrEqual(0);
          expect(synced).toBeLessThan(final);
          expect(state.lastFinalized.view).toBeGreaterThan(last);
          last = state.lastFinalized.view;
        }
      }),
      { numRuns: 100 },
    );
  });
});
