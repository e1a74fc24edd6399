/** The rules of Simplex, one row each. Four equal weights, quorum 3. See harness.ts for the words. */
import { describe, expect, test } from 'vitest';
import {
  built,
  certificate,
  certOf,
  finalizeOf,
  held,
  notarized,
  notarizeOf,
  notValid,
  nullifyOf,
  proposal,
  type Row,
  runRow,
  signed,
  timer,
  valid,
  vote,
  votes,
} from './harness.ts';

const NULLIFY_V1 = ['vote nullify v1', 'cancel leader', 'cancel certify', 'arm retry v1 400'];

const entering: Row[] = [
  {
    rule: 'enter upon a certified notarization: finalize it, then arm t_l and t_a of the next view',
    self: 4,
    given: [proposal(1), valid(1), signed(notarizeOf(1), 4)],
    input: vote(notarizeOf(1), 2),
    effects: [
      'persist notarization v1 b1',
      'broadcast notarization v1 b1',
      'persist certified v1',
      'vote finalize v1 b1',
      'enter v2',
      'cancel retry',
      'arm leader v2 700',
      'arm certify v2 900',
    ],
  },
  {
    rule: 'enter upon a nullification',
    self: 4,
    given: [timer('leader', 1), ...votes(nullifyOf(1), [2, 3])],
    input: signed(nullifyOf(1), 4),
    some: ['persist nullification v1', 'broadcast nullification v1', 'enter v2'],
    none: ['vote finalize'],
  },
  {
    rule: 'enter upon a finalization',
    self: 4,
    input: certificate(finalizeOf(6, { parent: 5 })),
    some: [
      'persist finalization v6 b6 (sync)',
      'finalized v6 [b6] unlinked',
      'sync v6 b6',
      'enter v7',
    ],
  },
  {
    rule: 'views are only entered upward: a certificate of an earlier view changes nothing',
    self: 4,
    given: [certificate(nullifyOf(5))],
    input: certificate(nullifyOf(2)),
    effects: ['persist nullification v2'],
  },
  {
    rule: 'the leader is asked for a block on the highest certified view as soon as it enters',
    self: 4,
    given: [...notarized(1), ...notarized(2), held(3)],
    input: certificate(notarizeOf(3)),
    some: ['enter v4', 'build v4 new on v3 b3'],
  },
  {
    rule: 'the leader builds below nullified views',
    self: 4,
    given: [...notarized(1), certificate(nullifyOf(2))],
    input: certificate(nullifyOf(3)),
    some: ['enter v4', 'build v4 new on v1 b1'],
  },
  {
    rule: 'a leader that misses certificates asks for all of them and does not build',
    self: 4,
    input: certificate(nullifyOf(3)),
    some: ['enter v4', 'request v1..v2 of'],
    none: ['build', 'vote'],
  },
  {
    rule: 'a body that is not held is passed over where its view is nullified',
    self: 4,
    given: [...notarized(1), ...notarized(2), certificate(notarizeOf(3))],
    input: certificate(nullifyOf(3)),
    some: ['enter v4', 'build v4 new on v2 b2'],
  },
  {
    rule: 'a leader without the body of the final block waits',
    self: 4,
    input: certificate(finalizeOf(3)),
    some: ['sync v3 b3', 'enter v4'],
    none: ['build', 'request'],
  },
  {
    rule: 'and builds when it comes',
    self: 4,
    given: [certificate(finalizeOf(3))],
    input: held(3),
    some: ['build v4 new on v3 b3'],
  },
];

const leading: Row[] = [
  {
    rule: 'the leader notarizes what it built',
    self: 1,
    input: built(1),
    effects: ['cancel leader', 'vote notarize v1 b1'],
  },
  {
    rule: 'the proposal is the leader’s notarize; it leaves when it is signed',
    self: 1,
    given: [built(1)],
    input: signed(notarizeOf(1), 1),
    effects: ['broadcast proposal notarize v1 b1 with []'],
  },
  {
    rule: 'a proposal ships the certificates that justify its parent, oldest first',
    self: 4,
    given: [...notarized(1), certificate(nullifyOf(2)), certificate(nullifyOf(3)), built(4)],
    input: signed(notarizeOf(4, { parent: 1 }), 4),
    some: [
      'broadcast proposal notarize v4 b4 with [notarization v1 b1, nullification v2, nullification v3]',
    ],
  },
  {
    rule: 'a leader that cannot build nullifies at once',
    self: 1,
    input: { kind: 'cannotBuild', view: nullifyOf(1).value.view },
    effects: NULLIFY_V1,
  },
  {
    rule: 'a block built for a view that is over is dropped',
    self: 1,
    given: [certificate(nullifyOf(1))],
    input: built(1),
    effects: [],
  },
  {
    rule: 'a leader that gave its view up no longer proposes',
    self: 1,
    given: [timer('leader', 1)],
    input: built(1),
    none: ['vote notarize'],
  },
  {
    rule: 'a refused vote is not sent',
    self: 1,
    given: [built(1)],
    input: { kind: 'refused', subject: notarizeOf(1) },
    effects: [],
  },
];

const voting: Row[] = [
  {
    rule: 'the first notarize of the leader cancels t_l and is verified',
    self: 4,
    input: proposal(1),
    effects: ['cancel leader', 'verify v1 b1 on v0'],
  },
  {
    rule: 'valid (and so synced): notarize',
    self: 4,
    given: [proposal(1)],
    input: valid(1),
    effects: ['vote notarize v1 b1'],
  },
  {
    rule: 'a signed vote is broadcast',
    self: 4,
    given: [proposal(1), valid(1)],
    input: signed(notarizeOf(1), 4),
    effects: ['broadcast notarize v1 b1'],
  },
  {
    rule: 'invalid: immediate nullify',
    self: 4,
    given: [proposal(1)],
    input: notValid(1, 'invalid'),
    effects: NULLIFY_V1,
  },
  {
    rule: 'not yet: nothing changes',
    self: 4,
    given: [proposal(1)],
    input: notValid(1, 'notYet'),
    effects: [],
  },
  {
    rule: 'not yet, then valid: notarize',
    self: 4,
    given: [proposal(1), notValid(1, 'notYet')],
    input: valid(1),
    effects: ['vote notarize v1 b1'],
  },
  {
    rule: 'a verdict counts once',
    self: 4,
    given: [proposal(1), valid(1)],
    input: valid(1),
    effects: [],
  },
  {
    rule: 'no notarize after nullify',
    self: 4,
    given: [proposal(1), timer('certify', 1)],
    input: valid(1),
    effects: [],
  },
  {
    rule: 'a parent view that is not below the view is invalid',
    self: 4,
    input: proposal(1, { parent: 1 }),
    some: ['vote nullify v1'],
    none: ['verify'],
  },
  {
    rule: 'a parent below the last final view is invalid',
    self: 4,
    given: [held(1), certificate(finalizeOf(1))],
    input: proposal(2, { parent: 0 }),
    some: ['vote nullify v2'],
  },
  {
    rule: 'a missing certificate is asked of the leader; the proposal is not held against it',
    self: 4,
    given: [certificate(nullifyOf(2))],
    input: proposal(3, { parent: 0 }),
    effects: ['cancel leader', 'request v1..v1 of L3', 'arm fetch v3 200'],
  },
  {
    rule: 'the proposal is judged again when the missing certificate comes',
    self: 4,
    given: [certificate(nullifyOf(2)), proposal(3, { parent: 0 })],
    input: certificate(nullifyOf(1)),
    some: ['verify v3 b3 on v0'],
  },
  {
    rule: 'a proposal’s certificates count before the proposal',
    self: 4,
    input: proposal(3, { parent: 0 }, [certOf(nullifyOf(1)), certOf(nullifyOf(2))]),
    some: ['enter v3', 'verify v3 b3 on v0'],
    none: ['request'],
  },
  {
    rule: 'the parent’s body is pending: wait for it, neither vote nor refuse',
    self: 4,
    given: [certificate(notarizeOf(1)), certificate(nullifyOf(1))],
    input: proposal(2, { parent: 1 }),
    effects: ['cancel leader'],
  },
  {
    rule: 'the parent’s body arrived: judge',
    self: 4,
    given: [certificate(notarizeOf(1)), certificate(nullifyOf(1)), proposal(2, { parent: 1 })],
    input: held(1),
    some: ['persist certified v1', 'verify v2 b2 on v1'],
  },
  {
    rule: 'a proposal that came before its view is judged on entry',
    self: 4,
    given: [proposal(2, { parent: 0 })],
    input: certificate(nullifyOf(1)),
    some: ['enter v2', 'cancel leader', 'verify v2 b2 on v0'],
    none: ['arm leader'],
  },
];

const certifying: Row[] = [
  {
    rule: 'a notarization whose body is not held: fetch it, stay, t_a stays armed',
    self: 4,
    input: certificate(notarizeOf(1)),
    effects: ['persist notarization v1 b1', 'broadcast notarization v1 b1', 'sync v1 b1'],
  },
  {
    rule: 't_a while the body is missing: nullify',
    self: 4,
    given: [certificate(notarizeOf(1))],
    input: timer('certify', 1),
    effects: NULLIFY_V1,
  },
  {
    rule: 'body held later: finalize and enter',
    self: 4,
    given: [certificate(notarizeOf(1))],
    input: held(1),
    some: ['persist certified v1', 'vote finalize v1 b1', 'enter v2'],
  },
  {
    rule: 'no finalize after nullify, though the view is entered (Avalanche #280)',
    self: 4,
    given: [timer('leader', 1), signed(nullifyOf(1), 4), held(1)],
    input: certificate(notarizeOf(1)),
    some: ['persist certified v1', 'enter v2'],
    none: ['vote finalize'],
  },
  {
    rule: 'no finalize after nullify, even if the nullify is not signed yet',
    self: 4,
    given: [timer('leader', 1), held(1)],
    input: certificate(notarizeOf(1)),
    some: ['enter v2'],
    none: ['vote finalize'],
  },
  {
    rule: 'a nullification does not cancel certifying: the block may be built on, and is finalized',
    self: 4,
    given: [certificate(notarizeOf(1)), certificate(nullifyOf(1))],
    input: held(1),
    effects: ['persist certified v1', 'vote finalize v1 b1'],
  },
  {
    rule: 'a finalization at or above does: nothing is voted for a view behind it',
    self: 4,
    given: [certificate(notarizeOf(1)), certificate(finalizeOf(2))],
    input: held(1),
    effects: [],
  },
  {
    rule: 'no finalize when the leader was seen to sign two proposals',
    self: 4,
    given: [proposal(1), vote(notarizeOf(1, { block: 'x' }), 1), held(1)],
    input: certificate(notarizeOf(1), [2, 3, 4]),
    some: ['enter v2'],
    none: ['vote finalize'],
  },
  {
    rule: 'no finalize of another proposal than the one notarized here',
    self: 1,
    given: [built(1), held(1, 'x')],
    input: certificate(notarizeOf(1, { block: 'x' }), [2, 3, 4]),
    some: ['enter v2'],
    none: ['vote finalize'],
  },
];

const givingUp: Row[] = [
  {
    rule: 't_l without a proposal: nullify',
    self: 4,
    input: timer('leader', 1),
    effects: NULLIFY_V1,
  },
  {
    rule: 't_l after the proposal: nothing',
    self: 4,
    given: [proposal(1)],
    input: timer('leader', 1),
    effects: [],
  },
  {
    rule: 'a timer of an earlier view: nothing',
    self: 4,
    given: [certificate(nullifyOf(1))],
    input: timer('certify', 1),
    effects: [],
  },
  {
    rule: 'the leader’s nullify is an immediate timeout',
    self: 4,
    input: vote(nullifyOf(1), 1),
    effects: NULLIFY_V1,
  },
  {
    rule: 'another’s nullify is not',
    self: 4,
    input: vote(nullifyOf(1), 2),
    effects: [],
  },
  {
    rule: 'the leader’s nullify from before the view counts on entry',
    self: 4,
    given: [vote(nullifyOf(2), 2)],
    input: certificate(nullifyOf(1)),
    some: ['enter v2', 'vote nullify v2'],
  },
  {
    rule: 'retry: the nullify again, and the certificate that lets others in',
    self: 4,
    given: [certificate(nullifyOf(1)), timer('leader', 2), signed(nullifyOf(2), 4)],
    input: timer('retry', 2),
    effects: ['broadcast nullify v2', 'broadcast nullification v1', 'arm retry v2 400'],
  },
  {
    rule: 'retry: a finalization is the better way in',
    self: 4,
    given: [
      certificate(nullifyOf(1)),
      held(2),
      certificate(notarizeOf(2, { parent: 0 })),
      certificate(finalizeOf(2, { parent: 0 })),
      timer('leader', 3),
      signed(nullifyOf(3), 4),
    ],
    input: timer('retry', 3),
    some: ['broadcast nullify v3', 'broadcast finalization v2 b2'],
    none: ['broadcast notarization'],
  },
  {
    rule: 'retry: ask the signer again if it did not answer',
    self: 4,
    given: [timer('leader', 1), { kind: 'refused', subject: nullifyOf(1) }],
    input: timer('retry', 1),
    effects: ['vote nullify v1', 'arm retry v1 400'],
  },
];

const finalizing: Row[] = [
  {
    rule: 'a quorum of finalize: synced, sent on, then final with all ancestors, oldest first',
    self: 4,
    given: [
      ...notarized(1),
      certificate(nullifyOf(2)),
      ...notarized(3, { parent: 1 }),
      ...votes(finalizeOf(3, { parent: 1 }), [1, 2]),
    ],
    input: vote(finalizeOf(3, { parent: 1 }), 3),
    effects: [
      'persist finalization v3 b3 (sync)',
      'broadcast finalization v3 b3',
      'finalized v3 [b1 b3] linked {notarization v1 b1, nullification v2, notarization v3 b3}',
    ],
  },
  {
    rule: 'unknown ancestors: final, and said so',
    self: 4,
    given: [certificate(notarizeOf(5)), held(5)],
    input: certificate(finalizeOf(5)),
    some: ['finalized v5 [b5] unlinked {notarization v5 b5}'],
  },
  {
    rule: 'a finalization below the last final view changes nothing',
    self: 4,
    given: [...notarized(1), ...notarized(2), certificate(finalizeOf(2))],
    input: certificate(finalizeOf(1)),
    effects: ['persist finalization v1 b1'],
  },
];

const bounds: Row[] = [
  {
    rule: 'a vote above the window is not kept, but shows that we are behind',
    self: 4,
    input: vote(nullifyOf(10), 2),
    effects: ['reject too_new', 'arm fetch v1 200'],
  },
  {
    rule: 'the fetch timer asks for the gap',
    self: 4,
    given: [vote(nullifyOf(10), 2)],
    input: timer('fetch', 1),
    some: ['request v1..v9 of'],
  },
  {
    rule: 'one such vote, one request',
    self: 4,
    given: [vote(nullifyOf(10), 2), timer('fetch', 1)],
    input: timer('fetch', 1),
    effects: [],
  },
  {
    rule: 'nothing is missing any more: the fetch timer ends',
    self: 4,
    given: [certificate(nullifyOf(2)), certificate(nullifyOf(1))],
    input: timer('fetch', 3),
    effects: [],
  },
  {
    rule: 'a certificate of a far view is taken; the gap is looked at after a moment',
    self: 4,
    input: certificate(nullifyOf(5)),
    some: ['enter v6', 'arm fetch v6 200'],
  },
  {
    rule: 'a vote below the retention is refused',
    self: 4,
    given: [certificate(finalizeOf(100))],
    input: vote(nullifyOf(35), 2),
    effects: ['reject too_old'],
  },
  {
    rule: 'a vote at the edge of the retention is kept',
    self: 4,
    given: [certificate(finalizeOf(100))],
    input: vote(notarizeOf(37), 2),
    none: ['reject'],
  },
  {
    rule: 'one vote of each kind for each signer and view: a repeated one counts once',
    self: 4,
    given: [vote(nullifyOf(1), 2), vote(nullifyOf(1), 2)],
    input: vote(nullifyOf(1), 2),
    effects: [],
  },
  {
    rule: 'a proposal by another than the leader is refused',
    self: 4,
    input: {
      kind: 'proposal',
      message: {
        vote: voteBy(2),
        block: blockOf(1),
        certificates: [],
      },
    },
    effects: ['reject not_leader'],
  },
  {
    rule: 'a proposal whose block is not the one voted for is refused',
    self: 4,
    input: { kind: 'proposal', message: { vote: voteBy(1), block: blockOf(2), certificates: [] } },
    effects: ['reject payload_mismatch'],
  },
  {
    rule: 'a certificate below the quorum is refused',
    self: 4,
    input: certificate(nullifyOf(1), [1, 2]),
    effects: ['reject malformed_certificate'],
  },
];

const stragglers: Row[] = [
  {
    rule: 'the last nullifies of a view come after its end: no answer',
    self: 4,
    given: [certificate(nullifyOf(1))],
    input: vote(nullifyOf(1), 2),
    atMs: 199,
    effects: [],
  },
  {
    rule: 'a nullify that keeps coming after the view’s end (2Δ) asks for help',
    self: 4,
    given: [certificate(nullifyOf(1))],
    input: vote(nullifyOf(1), 2),
    atMs: 200,
    effects: ['send nullification v1 to L2'],
  },
  {
    rule: 'a nullify from before the last final view gets the finalization and the way in',
    self: 4,
    given: [held(3), certificate(finalizeOf(3)), certificate(nullifyOf(4))],
    input: vote(nullifyOf(2), 2),
    effects: ['send finalization v3 b3 to L2', 'send nullification v4 to L2'],
  },
];

const faults: Row[] = [
  {
    rule: 'evidence: two notarizes',
    self: 4,
    given: [vote(notarizeOf(1), 2)],
    input: vote(notarizeOf(1, { block: 'x' }), 2),
    effects: ['evidence conflicting_notarize by L2'],
  },
  {
    rule: 'evidence: two notarizes that differ only in the parent',
    self: 4,
    given: [vote(notarizeOf(2, { parent: 1 }), 2)],
    input: vote(notarizeOf(2, { parent: 0 }), 2),
    effects: ['evidence conflicting_notarize by L2'],
  },
  {
    rule: 'evidence: two finalizes',
    self: 4,
    given: [vote(finalizeOf(1), 2)],
    input: vote(finalizeOf(1, { block: 'x' }), 2),
    effects: ['evidence conflicting_finalize by L2'],
  },
  {
    rule: 'evidence: nullify and finalize',
    self: 4,
    given: [vote(finalizeOf(1), 2)],
    input: vote(nullifyOf(1), 2),
    effects: ['evidence nullify_finalize by L2'],
  },
  {
    rule: 'evidence: notarize and finalize of another',
    self: 4,
    given: [vote(notarizeOf(1), 2)],
    input: vote(finalizeOf(1, { block: 'x' }), 2),
    effects: ['evidence notarize_finalize by L2'],
  },
  {
    rule: 'legal: notarize, then nullify',
    self: 4,
    given: [vote(notarizeOf(1), 2)],
    input: vote(nullifyOf(1), 2),
    effects: [],
  },
  {
    rule: 'legal: the same vote twice (commonware #2944 reported it)',
    self: 4,
    given: [vote(notarizeOf(1), 2)],
    input: vote(notarizeOf(1), 2),
    effects: [],
  },
  {
    rule: 'reported once for each kind and signer',
    self: 4,
    given: [vote(notarizeOf(1), 2), vote(notarizeOf(1, { block: 'x' }), 2)],
    input: vote(notarizeOf(1, { block: 'y' }), 2),
    effects: [],
  },
  {
    rule: 'of two votes the first counts',
    self: 4,
    given: [vote(notarizeOf(1, { block: 'x' }), 2), vote(notarizeOf(1), 2), vote(notarizeOf(1), 1)],
    input: vote(notarizeOf(1), 3),
    effects: [],
  },
  {
    rule: 'evidence is mined from certificates (commonware #2177)',
    self: 4,
    given: [vote(notarizeOf(1, { block: 'x' }), 2)],
    input: certificate(notarizeOf(1)),
    some: ['evidence conflicting_notarize by L2', 'persist notarization v1 b1'],
  },
  {
    rule: 'a vote with our key that we did not ask for',
    self: 4,
    input: vote(nullifyOf(1), 4),
    effects: ['foreign nullify v1'],
  },
  {
    rule: 'the same within a certificate',
    self: 4,
    input: certificate(nullifyOf(1), [2, 3, 4]),
    some: ['foreign nullify v1'],
  },
];

const LAST = { block: 'last' };
const lastNotarized = [held(1, 'last', true), certificate(notarizeOf(1, LAST))];

const epochEnd: Row[] = [
  {
    rule: 'the leader proposes the epoch’s last block again until it is final',
    self: 2,
    given: [held(1, 'last', true)],
    input: certificate(notarizeOf(1, LAST)),
    some: ['enter v2', 'build v2 again last on v1 last'],
  },
  {
    rule: 'the voter votes for the identical block without judging it again',
    self: 4,
    given: lastNotarized,
    input: proposal(2, LAST),
    effects: ['cancel leader', 'vote notarize v2 last'],
  },
  {
    rule: 'a new block on top of the epoch’s last is invalid',
    self: 4,
    given: lastNotarized,
    input: proposal(2),
    some: ['vote nullify v2'],
    none: ['verify'],
  },
  {
    rule: 'the parent proposed again when it is not the epoch’s last is invalid',
    self: 4,
    given: notarized(1),
    input: proposal(2, { block: 'b1' }),
    some: ['vote nullify v2'],
  },
  {
    rule: 'final: the epoch is finished, all timers stop, the block counts once',
    self: 4,
    given: [...lastNotarized, proposal(2, LAST), certificate(notarizeOf(2, LAST))],
    input: certificate(finalizeOf(2, LAST)),
    effects: [
      'persist finalization v2 last (sync)',
      'broadcast finalization v2 last',
      'finalized v2 [last] linked {notarization v1 last, notarization v2 last}',
      'cancel leader',
      'cancel certify',
      'cancel retry',
      'cancel fetch',
      'cancel standstill',
      'epochFinished last',
    ],
  },
  {
    rule: 'final before its body is held: finished when it is',
    self: 4,
    given: [certificate(finalizeOf(1, LAST))],
    input: held(1, 'last', true),
    some: ['epochFinished last'],
  },
  {
    rule: 'and votes no more, in whatever earlier view the block was notarized',
    self: 4,
    given: [certificate(notarizeOf(1, LAST)), certificate(finalizeOf(2, LAST))],
    input: held(1, 'last', true),
    some: ['epochFinished last'],
    none: ['vote'],
  },
  {
    rule: 'a finished engine answers stragglers with the boundary’s finalization',
    self: 4,
    given: [...lastNotarized, certificate(finalizeOf(1, LAST))],
    input: vote(nullifyOf(1), 2),
    effects: ['send finalization v1 last to L2'],
  },
  {
    rule: 'a finished engine neither votes nor times out',
    self: 4,
    given: [...lastNotarized, certificate(finalizeOf(1, LAST))],
    input: timer('leader', 2),
    effects: [],
  },
];

import { headerOf, voteOf } from './harness.ts';

function voteBy(by: number): ReturnType<typeof voteOf> {
  return voteOf(notarizeOf(1), by);
}
function blockOf(at: number): { header: ReturnType<typeof headerOf>; wireIds: Uint8Array[] } {
  return { header: headerOf(`b${at}`), wireIds: [] };
}

const tables: Record<string, readonly Row[]> = {
  entering,
  leading,
  voting,
  certifying,
  'giving up': givingUp,
  finalizing,
  'bounds and gaps': bounds,
  stragglers,
  faults,
  'the end of an epoch': epochEnd,
};

for (const [name, rows] of Object.entries(tables)) {
  describe(name, () => {
    test.each(rows)('$rule', (row) => {
      const effects = runRow(row);
      if (row.effects) expect(effects).toEqual(row.effects);
      let from = 0;
      for (const start of row.some ?? []) {
        const at = effects.findIndex((effect, index) => index >= from && effect.startsWith(start));
        expect(at, `${start} in order in ${JSON.stringify(effects)}`).toBeGreaterThanOrEqual(0);
        from = at + 1;
      }
      for (const start of row.none ?? []) {
        expect(effects.filter((effect) => effect.startsWith(start))).toEqual([]);
      }
    });
  });
}
