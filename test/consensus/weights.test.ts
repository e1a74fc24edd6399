/** Quorums by weight, not by heads. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certificateOf } from '../../consensus/certificate.ts';
import { committeeOf } from '../../consensus/committee.ts';
import { createEngine, type EngineState } from '../../consensus/engine.ts';
import { KIND, type Subject } from '../../consensus/messages.ts';
import { step } from '../../consensus/step.ts';
import { timestampMs, validatorIndex, view } from '../../runtime/core/units.ts';
import { quorumWeight } from '../../runtime/epoch-config.ts';
import { simEpochConfig } from '../sim/cluster.ts';
import { EPOCH, nullifyOf, PACING, payloadOf } from './harness.ts';

function follower(weights: readonly bigint[]): EngineState {
  const epochConfig = simEpochConfig(EPOCH, weights, PACING);
  const state = createEngine({
    epochConfig,
    self: undefined,
    genesisPayload: payloadOf('genesis'),
  });
  step(state, { kind: 'start', now: timestampMs(0) });
  return state;
}

function entersAfter(weights: readonly bigint[], signers: readonly number[]): boolean {
  const state = follower(weights);
  for (const signer of signers) {
    const vote = {
      subject: nullifyOf(1),
      signer: validatorIndex(signer),
      signature: new Uint8Array(64),
    };
    step(state, { kind: 'vote', vote, now: timestampMs(0) });
  }
  return state.view === 2;
}

describe('weighted quorum', () => {
  // Avalanche's case: weights 2, 2, 5, 1; more than two thirds of 10 is 7.
  test.each([
    { signers: [0, 1, 3], weight: 5, enters: false },
    { signers: [2, 3], weight: 6, enters: false },
    { signers: [0, 2], weight: 7, enters: true },
    { signers: [0, 1, 2, 3], weight: 10, enters: true },
  ])('weight $weight of 10: a quorum is $enters', ({ signers, enters }) => {
    expect(entersAfter([2n, 2n, 5n, 1n], signers)).toBe(enters);
  });

  test('two quorums share more than a third of the weight, and all honest weight suffices', () => {
    const weights = fc.array(fc.bigInt({ min: 1n, max: 10n ** 15n }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(weights, (list) => {
        const total = list.reduce((sum, one) => sum + one, 0n);
        const quorum = quorumWeight(simEpochConfig(EPOCH, list, PACING));
        expect((2n * quorum - total) * 3n > total).toBe(true);
        const mostFaulty = (total - 1n) / 3n;
        expect(total - mostFaulty >= quorum).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('a vote for one proposal adds nothing to another', () => {
    const state = follower([1n, 1n, 1n, 1n]);
    const subjects = ['x', 'y', 'x'].map((block): Subject => {
      const payload = payloadOf(block);
      return {
        selector: KIND.notarize,
        value: { ...nullifyOf(1).value, parentView: view(0), payload },
      };
    });
    for (const [signer, subject] of subjects.entries()) {
      const vote = { subject, signer: validatorIndex(signer), signature: new Uint8Array(64) };
      expect(step(state, { kind: 'vote', vote, now: timestampMs(0) }).effects).toEqual([]);
    }
    const [subject] = subjects;
    if (!subject) throw new Error('no subject');
    const vote = { subject, signer: validatorIndex(3), signature: new Uint8Array(64) };
    const { effects } = step(state, { kind: 'vote', vote, now: timestampMs(0) });
    const persisted = effects.find((effect) => effect.kind === 'persist');
    const votes = [0, 2, 3].map((signer) => ({
      subject,
      signer: validatorIndex(signer),
      signature: new Uint8Array(64),
    }));
    expect(persisted?.record.value).toEqual(certificateOf(subject, votes));
  });

  test('a committee is a function of its config', () => {
    const config = simEpochConfig(EPOCH, [3n, 1n, 2n], PACING);
    expect(committeeOf(config)).toEqual(committeeOf(structuredClone(config)));
  });
});
