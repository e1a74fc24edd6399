/** What keeps the chain going, and what keeps it in bounds when it does not. */
import { describe, expect, test } from 'vitest';
import { certificatesBetween } from '../../consensus/answer.ts';
import { MAX_STANDSTILL_MESSAGES } from '../../consensus/bounds.ts';
import { createEngine, type EngineState } from '../../consensus/engine.ts';
import { JOURNAL } from '../../consensus/journal.ts';
import { recover } from '../../consensus/recover.ts';
import { step } from '../../consensus/step.ts';
import { timestampMs, view } from '../../runtime/core/units.ts';
import {
  certificate,
  certificateWords,
  certOf,
  configFor,
  engineOf,
  finalizeOf,
  give,
  held,
  L,
  notarized,
  notarizeOf,
  nullifyOf,
  signed,
  timer,
  vote,
} from './harness.ts';

/** Views 1 to `count` nullified by L1 to L3; L4 looks on. */
function nullified(state: EngineState, count: number): void {
  for (let at = 1; at <= count; at++) give(state, certificate(nullifyOf(at)));
}

/** L3's engine: views up to 11 are given up by L1, L2 and L3. L4 leads 4, 8 and 12. */
function withoutL4(state: EngineState, from: number): string[] {
  let last: string[] = [];
  for (let at = from; at <= 11; at++) {
    give(state, timer('leader', at));
    give(state, signed(nullifyOf(at), 3));
    give(state, vote(nullifyOf(at), 1));
    last = give(state, vote(nullifyOf(at), 2));
  }
  return last;
}

describe('inactive leader', () => {
  test('silent for 8 views while a quorum was not: skipped at once', () => {
    const entered = withoutL4(engineOf(3), 1);
    expect(entered).toContain('enter v12');
    expect(entered).toContain('vote nullify v12');
  });

  test('a sign of life within 8 views ends it', () => {
    const state = engineOf(3);
    give(state, { kind: 'heard', signer: L(4), view: view(4) });
    const entered = withoutL4(state, 1);
    expect(entered).toContain('enter v12');
    expect(entered).not.toContain('vote nullify v12');
  });

  test('an older one does not', () => {
    const state = engineOf(3);
    give(state, { kind: 'heard', signer: L(4), view: view(3) });
    expect(withoutL4(state, 1)).toContain('vote nullify v12');
  });

  test('a restarted node gives everyone time', () => {
    const records = Array.from({ length: 10 }, (_, index) => ({
      selector: JOURNAL.certificate,
      value: certOf(nullifyOf(index + 1)),
    }));
    const state = recover(configFor(3), records);
    give(state, { kind: 'start' });
    const entered = withoutL4(state, 11);
    expect(entered).toContain('enter v12');
    expect(entered).not.toContain('vote nullify v12');
  });

  test('a node never skips itself', () => {
    const state = engineOf(4);
    nullified(state, 10);
    const entered = give(state, certificate(nullifyOf(11)));
    expect(entered).toContain('enter v12');
    expect(entered).not.toContain('vote nullify v12');
  });
});

describe('standstill', () => {
  test('is measured from the last finalization', () => {
    const state = engineOf(4);
    give(state, held(1), 3_000);
    give(state, certificate(notarizeOf(1)), 3_000);
    give(state, certificate(finalizeOf(1)), 4_000);
    expect(give(state, timer('standstill', 1), 10_000)).toEqual(['arm standstill v2 4000']);
    expect(give(state, timer('standstill', 1), 14_000)).toEqual([
      'broadcast finalization v1 b1',
      'arm standstill v2 10000',
    ]);
  });

  test('says again the latest finalization, certificates and own votes above it', () => {
    const state = engineOf(4);
    for (const input of notarized(1)) give(state, input);
    give(state, certificate(finalizeOf(1)));
    give(state, timer('leader', 2));
    give(state, signed(nullifyOf(2), 4));
    give(state, certificate(nullifyOf(2)));
    expect(give(state, timer('standstill', 1), 20_000)).toEqual([
      'broadcast finalization v1 b1',
      'broadcast nullification v2',
      'broadcast nullify v2',
      'arm standstill v3 10000',
    ]);
  });

  test('is bounded, and goes through everything in turn', () => {
    const state = engineOf(4);
    const count = 150;
    nullified(state, count);
    const seen = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const said = give(state, timer('standstill', 1), 20_000 * (round + 1)).filter((effect) =>
        effect.startsWith('broadcast'),
      );
      expect(said.length).toBeLessThanOrEqual(MAX_STANDSTILL_MESSAGES);
      for (const message of said) seen.add(message);
    }
    expect(seen.size).toBe(count);
    const again = give(state, timer('standstill', 1), 100_000);
    expect(again[0]).toBe('broadcast nullification v1');
  });
});

describe('a long time without finality', () => {
  test('others’ votes of views far behind are forgotten and refused; certificates stay', () => {
    const state = engineOf(4);
    give(state, vote(finalizeOf(1), 2));
    nullified(state, 65);
    expect(state.rounds.get(view(1))?.finalizes.size).toBe(0);
    expect(state.rounds.get(view(1))?.nullification).toBeDefined();
    expect(give(state, vote(notarizeOf(1), 1))).toEqual(['reject too_old']);
    expect(give(state, vote(notarizeOf(2), 1))).toEqual([]);
  });
});

describe('answers', () => {
  test('the latest finalization first, then every kind of each view asked for', () => {
    const state = engineOf(4);
    for (const input of notarized(1)) give(state, input);
    give(state, certificate(nullifyOf(1)));
    give(state, certificate(finalizeOf(1)));
    give(state, certificate(nullifyOf(2)));
    give(state, certificate(nullifyOf(3)));
    const range = { from: view(1), to: view(2), limit: 10 };
    expect(certificatesBetween(state, range).map(certificateWords)).toEqual([
      'finalization v1 b1',
      'notarization v1 b1',
      'nullification v1',
      'nullification v2',
    ]);
    expect(certificatesBetween(state, { ...range, limit: 2 })).toHaveLength(2);
  });

  test('a request that stays unanswered goes to another peer each time', () => {
    const state = engineOf(4);
    give(state, certificate(nullifyOf(7)));
    const asked = [0, 1, 2].map(
      () => give(state, timer('fetch', 8)).find((effect) => effect.startsWith('request')) ?? '',
    );
    expect(new Set(asked).size).toBe(3);
    expect(asked.every((effect) => effect.startsWith('request v1..v6 of '))).toBe(true);
    expect(asked.some((effect) => effect.endsWith('L4'))).toBe(false);
  });
});

describe('a node that only follows', () => {
  test('takes certificates, finalizes, and never votes, builds or arms a view’s timers', () => {
    const state = createEngine(configFor(undefined));
    const effects = [
      { kind: 'start' as const },
      ...notarized(1),
      certificate(finalizeOf(1)),
    ].flatMap((input) => give(state, input));
    expect(effects).toContain('finalized v1 [b1] linked {notarization v1 b1}');
    expect(
      effects.filter((effect) => /^(vote|build|arm (leader|certify|retry))/.test(effect)),
    ).toEqual([]);
  });
});

describe('broken assumptions stop the engine', () => {
  const now = timestampMs(0);

  test('two certified proposals in one view', () => {
    const state = engineOf(4);
    give(state, certificate(notarizeOf(1)));
    expect(() => give(state, certificate(notarizeOf(1, { block: 'x' })))).not.toThrow();
    expect(() => give(state, certificate(finalizeOf(1, { block: 'x' })))).toThrow('a third');
  });

  test('a final chain that passes a final view by', () => {
    const state = engineOf(4);
    for (const input of notarized(1)) give(state, input);
    give(state, certificate(finalizeOf(1)));
    expect(() => give(state, certificate(finalizeOf(2, { parent: 0 })))).toThrow('a third');
  });

  test('start comes once, and first', () => {
    const state = engineOf(4);
    expect(() => step(state, { kind: 'start', now })).toThrow('start');
    const fresh = createEngine(configFor(4));
    expect(() => step(fresh, { ...vote(nullifyOf(1), 1), now })).toThrow('start');
  });
});
