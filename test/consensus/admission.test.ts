/** What is worth checking a signature for. */
import { describe, expect, test } from 'vitest';
import { admitCertificate, admitVote } from '../../consensus/admission.ts';
import type { InputBody } from '../../consensus/input.ts';
import type { Subject } from '../../consensus/messages.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import {
  certificate,
  certOf,
  engineOf,
  finalizeOf,
  give,
  held,
  notarizeOf,
  nullifyOf,
  vote,
  voteOf,
} from './harness.ts';

type Case = {
  readonly name: string;
  readonly given?: readonly InputBody[];
  readonly subject: Subject;
  readonly admitted: string;
};

const FINISHED = [held(1, 'last', true), certificate(finalizeOf(1, { block: 'last' }))];

describe('votes', () => {
  test.each<Case>([
    { name: 'new', subject: notarizeOf(1), admitted: 'check' },
    {
      name: 'the identical one again',
      given: [vote(notarizeOf(1), 2)],
      subject: notarizeOf(1),
      admitted: 'known',
    },
    {
      name: 'its certificate is held',
      given: [certificate(notarizeOf(1), [1, 3, 4])],
      subject: notarizeOf(1),
      admitted: 'late',
    },
    {
      name: 'it contradicts a vote held, though its certificate is too: evidence',
      given: [vote(notarizeOf(1, { block: 'x' }), 2), certificate(notarizeOf(1), [1, 3, 4])],
      subject: notarizeOf(1),
      admitted: 'check',
    },
    {
      name: 'for another block than the certified one',
      given: [certificate(notarizeOf(1), [1, 3, 4])],
      subject: notarizeOf(1, { block: 'x' }),
      admitted: 'check',
    },
    {
      name: 'a nullify of a view that is over: a straggler',
      given: [certificate(nullifyOf(1), [1, 3, 4])],
      subject: nullifyOf(1),
      admitted: 'check',
    },
    { name: 'above the window: we are behind', subject: nullifyOf(10), admitted: 'check' },
    {
      name: 'a second such',
      given: [vote(nullifyOf(10), 3)],
      subject: nullifyOf(10),
      admitted: 'drop',
    },
    {
      name: 'below the retention',
      given: [certificate(finalizeOf(100))],
      subject: nullifyOf(35),
      admitted: 'drop',
    },
    {
      name: 'a finished engine answers',
      given: FINISHED,
      subject: nullifyOf(1),
      admitted: 'check',
    },
  ])('$name: $admitted', ({ given = [], subject, admitted }) => {
    const state = engineOf(4);
    for (const input of given) give(state, input);
    expect(admitVote(state, voteOf(subject, 2))).toBe(admitted);
  });

  test('another epoch, an unknown signer', () => {
    const state = engineOf(4);
    const subject: Subject = { selector: 1, value: { epoch: epoch(4), view: view(1) } };
    expect(admitVote(state, voteOf(subject, 2))).toBe('drop');
    expect(admitVote(state, { ...voteOf(nullifyOf(1), 2), signer: validatorIndex(4) })).toBe(
      'drop',
    );
  });
});

describe('certificates', () => {
  test('new, known, another for the view (a fork must be seen), too old', () => {
    const state = engineOf(4);
    expect(admitCertificate(state, certOf(notarizeOf(1)))).toBe('check');
    give(state, certificate(notarizeOf(1)));
    expect(admitCertificate(state, certOf(notarizeOf(1), [1, 2, 4]))).toBe('known');
    expect(admitCertificate(state, certOf(notarizeOf(1, { block: 'x' })))).toBe('check');
    give(state, certificate(finalizeOf(100)));
    expect(admitCertificate(state, certOf(nullifyOf(35)))).toBe('drop');
    expect(admitCertificate(state, certOf(nullifyOf(36)))).toBe('check');
  });
});
