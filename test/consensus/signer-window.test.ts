/** What a signer may sign. `N1x` is notarize of block x in view 1, `U1` nullify, `F1x` finalize. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultOf } from '../../consensus/evidence.ts';
import type { Subject } from '../../consensus/messages.ts';
import {
  emptyWindow,
  maySign,
  raiseMark,
  type SignerWindow,
  SignerWindowCodec,
} from '../../consensus/signer-window.ts';
import { epoch, view } from '../../runtime/core/units.ts';
import { EPOCH, finalizeOf, notarizeOf, nullifyOf } from './harness.ts';

function subjectOf(code: string): Subject {
  const at = Number(code[1]);
  const about = { block: code[2] ?? 'x', parent: 0 };
  if (code[0] === 'N') return notarizeOf(at, about);
  return code[0] === 'U' ? nullifyOf(at) : finalizeOf(at, about);
}

function signAll(window: SignerWindow, codes: readonly string[]): SignerWindow {
  return codes.reduce((now, code) => {
    const signed = maySign(now, subjectOf(code));
    if (!signed.ok) throw new Error(`${code}: ${signed.error.detail}`);
    return signed.value;
  }, window);
}
const FRESH = emptyWindow({ epoch: EPOCH, view: view(1) });

describe('signer window', () => {
  test.each([
    { rule: 'at most one notarize proposal in a view', before: ['N1x'], asked: 'N1y', ok: false },
    { rule: 'the identical vote again', before: ['N1x'], asked: 'N1x', ok: true },
    { rule: 'another view', before: ['N1x'], asked: 'N2y', ok: true },
    { rule: 'no notarize after nullify', before: ['U1'], asked: 'N1x', ok: false },
    {
      rule: 'the identical notarize, also after nullify',
      before: ['N1x', 'U1'],
      asked: 'N1x',
      ok: true,
    },
    { rule: 'notarize, then nullify', before: ['N1x'], asked: 'U1', ok: true },
    { rule: 'no finalize after nullify', before: ['U1'], asked: 'F1x', ok: false },
    {
      rule: 'no finalize after notarize and nullify',
      before: ['N1x', 'U1'],
      asked: 'F1x',
      ok: false,
    },
    { rule: 'no nullify after finalize', before: ['F1x'], asked: 'U1', ok: false },
    { rule: 'finalize what was notarized', before: ['N1x'], asked: 'F1x', ok: true },
    { rule: 'finalize nothing else', before: ['N1x'], asked: 'F1y', ok: false },
    { rule: 'notarize nothing else than was finalized', before: ['F1x'], asked: 'N1y', ok: false },
    { rule: 'finalize without notarize', before: [], asked: 'F1x', ok: true },
    { rule: 'one finalize', before: ['F1x'], asked: 'F1y', ok: false },
    {
      rule: 'finalize an earlier view after notarizing a later',
      before: ['N1x', 'N3y'],
      asked: 'F1x',
      ok: true,
    },
  ])('$rule: after $before, $asked is $ok', ({ before, asked, ok }) => {
    const signed = maySign(signAll(FRESH, before), subjectOf(asked));
    expect(signed.ok).toBe(ok);
    if (!signed.ok) expect(signed.error.code).toBe('conflicting_vote');
  });

  test('the whole proposal counts, its parent too', () => {
    const first = maySign(FRESH, notarizeOf(5, { parent: 3 }));
    if (!first.ok) throw new Error('refused');
    expect(maySign(first.value, notarizeOf(5, { parent: 4 })).ok).toBe(false);
  });

  test('nothing below the mark, in no earlier epoch; the mark never falls', () => {
    const marked = raiseMark(signAll(FRESH, ['N1x', 'N2x', 'N3x']), {
      epoch: EPOCH,
      view: view(3),
    });
    expect(marked.rounds.map((round) => round.view)).toEqual([3]);
    const below = maySign(marked, subjectOf('N2x'));
    expect(!below.ok && below.error.code).toBe('below_low_water_mark');
    expect(raiseMark(marked, { epoch: EPOCH, view: view(2) })).toEqual(marked);
    const next = raiseMark(marked, { epoch: epoch(EPOCH + 1), view: view(1) });
    expect(next.rounds).toEqual([]);
    expect(maySign(next, subjectOf('N9x')).ok).toBe(false);
  });

  test('whatever is asked, in whatever order, with restarts between: nothing signed is a fault', () => {
    const codes = fc.constantFrom(
      'N1x',
      'N1y',
      'U1',
      'F1x',
      'F1y',
      'N2x',
      'N2y',
      'U2',
      'F2x',
      'F2y',
    );
    fc.assert(
      fc.property(fc.array(codes, { maxLength: 25 }), (list) => {
        let window: SignerWindow = FRESH;
        const signed: Subject[] = [];
        for (const code of list) {
          const subject = subjectOf(code);
          const result = maySign(window, subject);
          if (!result.ok) continue;
          for (const other of signed) expect(faultOf(other, subject)).toBeUndefined();
          signed.push(subject);
          const decoded = SignerWindowCodec.decode(SignerWindowCodec.encode(result.value));
          if (!decoded.ok) throw new Error(decoded.error.detail);
          window = decoded.value;
        }
      }),
      { numRuns: 200 },
    );
  });
});
