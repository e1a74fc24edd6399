/** Which votes count, in order of precedence, and what a minority can and cannot do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlockContext } from '../../runtime/block-context.ts';
import { epoch, timestampMs, underlyingId, validatorIndex } from '../../runtime/core/units.ts';
import { listSeries } from '../../runtime/options/list-series.ts';
import { liveExpiries } from '../../runtime/options/series-index.ts';
import { applyOracleVotes } from '../../runtime/oracle/apply-votes.ts';
import { isMarkFresh } from '../../runtime/oracle/freshness.ts';
import { voteFault } from '../../runtime/oracle/store-votes.ts';
import type { OracleVote, UnderlyingVote } from '../../runtime/oracle/vote.ts';
import { MAX_THETA } from '../../runtime/oracle/vote-bounds.ts';
import { expiryKey, type State } from '../../runtime/state/state.ts';
import { CALM, voteOf, votesOfAll } from '../fixtures/oracle.ts';
import { runs } from '../fixtures/runs.ts';
import { BTC, ETH, MICRO, nextBlock, testState } from '../fixtures/state.ts';

function indexOf(state: State): number | undefined {
  return state.indexPrices.get(BTC.id)?.index;
}

/** A state with an index and listed series, and the context of its next block. */
function live(): { state: State; context: BlockContext } {
  const state = testState();
  const context = nextBlock(state);
  applyOracleVotes(state, context, votesOfAll(state, context));
  // Twice: one block's budget does not list everything.
  listSeries(state, context);
  listSeries(state, context);
  return { state, context: nextBlock(state, 1_000) };
}

describe('a vote is dropped', () => {
  const { state, context } = live();
  const good = voteOf(state, context, 0);
  const now = context.timestamp;
  const at = (observedAt: number): OracleVote => ({ ...good, observedAt: timestampMs(observedAt) });
  const withBtc = (change: Partial<UnderlyingVote>): OracleVote => ({
    ...good,
    underlyings: good.underlyings.map((u) => (u.underlying === BTC.id ? { ...u, ...change } : u)),
  });
  const slices = good.underlyings[0]?.expiries ?? [];
  const withSlices = (change: object): OracleVote =>
    withBtc({ expiries: slices.map((slice) => ({ ...slice, ...change })) });

  test.each<[string, OracleVote, string | undefined]>([
    ['nothing wrong', good, undefined],
    ['another epoch', { ...good, epoch: epoch(1) }, 'wrong_epoch'],
    ['not a member', { ...good, validator: validatorIndex(4) }, 'unknown_validator'],
    ['just not stale', at(now - 1_000 + 1), undefined],
    ['a replay of the last', at(now - 1_000), 'not_newer'],
    ['older than the last', at(now - 1_001), 'not_newer'],
    ['stale, before replay is looked at', at(now - 5_001), 'stale'],
    ['as far ahead as allowed', at(now + 500), undefined],
    ['further ahead', at(now + 501), 'future'],
    ['index 0', withBtc({ index: 0 }), 'out_of_bounds'],
    ['absurd index', withBtc({ index: Number.MAX_SAFE_INTEGER }), 'out_of_bounds'],
    ['confidence above 1', withBtc({ confidenceBps: 10_001 }), 'out_of_bounds'],
    ['forward 0', withSlices({ forward: 0 }), 'out_of_bounds'],
    ['forward far from the index', withSlices({ forward: 240_001 * MICRO }), 'out_of_bounds'],
    ['absurd variance', withSlices({ theta: 2 ** 52 }), 'out_of_bounds'],
    ['absurd wing', withSlices({ u: 10_000_000_001 }), 'out_of_bounds'],
    ['expiries not ascending', withBtc({ expiries: [...slices].reverse() }), 'out_of_bounds'],
    [
      'an underlying twice',
      { ...good, underlyings: [...good.underlyings, ...good.underlyings] },
      'out_of_bounds',
    ],
    ['wrong epoch before all else', { ...at(0), epoch: epoch(9) }, 'wrong_epoch'],
  ])('%s', (_, vote, fault) => {
    expect(voteFault(state, context, vote)).toBe(fault);
  });

  test('and leaves no trace', () => {
    const before = state.oracleVotes.dirtyCount;
    state.oracleVotes.takeChanges();
    applyOracleVotes(state, context, [withBtc({ index: 0 }), at(now - 5_001)]);
    expect(before).toBe(4);
    expect(state.oracleVotes.dirtyCount).toBe(0);
  });
});

describe('quorum', () => {
  test.each([
    [[1n, 1n, 1n, 1n], 2, false],
    [[1n, 1n, 1n, 1n], 3, true],
    // Exactly two thirds is enough.
    [[1n, 1n, 1n], 2, true],
    [[334n, 333n, 333n], 2, true],
    [[400n, 300n, 300n], 1, false],
  ])('of weights %s the first %i: %s', (weights, count, reached) => {
    const state = testState({ weights });
    const context = nextBlock(state);
    applyOracleVotes(state, context, votesOfAll(state, context).slice(0, count));
    expect(indexOf(state) !== undefined).toBe(reached);
    expect(isMarkFresh(state, context, BTC.id)).toBe(reached);
  });

  test('is taken from the last fresh votes, over several blocks', () => {
    const state = testState();
    const first = nextBlock(state);
    applyOracleVotes(state, first, votesOfAll(state, first).slice(0, 2));
    const second = nextBlock(state, 5_000);
    applyOracleVotes(state, second, [voteOf(state, second, 2)]);
    expect(indexOf(state)).toBe(60_000 * MICRO);

    const other = testState();
    const early = nextBlock(other);
    applyOracleVotes(other, early, votesOfAll(other, early).slice(0, 2));
    const late = nextBlock(other, 5_001);
    applyOracleVotes(other, late, [voteOf(other, late, 2)]);
    expect(indexOf(other)).toBeUndefined();
  });

  test('an expiry that too few vote on keeps its slice', () => {
    const { state, context } = live();
    const [near] = liveExpiries(state, BTC.id);
    const votes = votesOfAll(state, context).map((vote, i) =>
      i < 2
        ? vote
        : { ...vote, underlyings: vote.underlyings.map((u) => ({ ...u, expiries: [] })) },
    );
    applyOracleVotes(state, context, votes);
    expect(state.indexPrices.must(BTC.id).updatedAt).toBe(context.timestamp);
    expect(near).toBeDefined();
    if (near !== undefined)
      expect(state.surfaceSlices.has(expiryKey.pack(BTC.id, near))).toBe(false);
  });
});

test('the index goes stale by age, and its last value stays', () => {
  const state = testState();
  const context = nextBlock(state);
  applyOracleVotes(state, context, votesOfAll(state, context));
  expect(isMarkFresh(state, nextBlock(state, 5_000), BTC.id)).toBe(true);
  expect(isMarkFresh(state, nextBlock(state, 1), BTC.id)).toBe(false);
  expect(indexOf(state)).toBe(60_000 * MICRO);
});

test('votes on what does not exist are ignored, and slices of listed expiries taken', () => {
  const { state, context } = live();
  const indexes = new Map([...CALM, [underlyingId(9), 5]]);
  const votes = votesOfAll(state, context, indexes).map((vote) => ({
    ...vote,
    underlyings: vote.underlyings.map((u) => ({
      ...u,
      expiries: [{ expiry: timestampMs(1), forward: u.index, theta: 1, u: 1, l: 1 }, ...u.expiries],
    })),
  }));
  applyOracleVotes(state, context, votes);
  expect(state.indexPrices.has(underlyingId(9))).toBe(false);
  expect(state.surfaceSlices.size).toBe(6);
  const [near] = liveExpiries(state, ETH.id);
  expect(near).toBeDefined();
  if (near === undefined) return;
  const slice = state.surfaceSlices.must(expiryKey.pack(ETH.id, near));
  expect(slice.forward).toBe(3_000 * MICRO);
  expect(slice.updatedAt).toBe(context.timestamp);
});

test('a vote taken earlier is carried to block time: θ falls with the time left', () => {
  const { state, context } = live();
  const observedAt = context.timestamp - 900;
  const votes = context.config.validators.map((_, i) => voteOf(state, context, i, { observedAt }));
  applyOracleVotes(state, context, votes);
  const [near] = liveExpiries(state, BTC.id);
  const voted = votes[0]?.underlyings[0]?.expiries[0];
  expect(near).toBeDefined();
  if (near === undefined || voted === undefined) return;
  const { theta } = state.surfaceSlices.must(expiryKey.pack(BTC.id, near));
  const expected = (voted.theta * (near - context.timestamp)) / (near - observedAt);
  expect(Math.abs(theta - expected)).toBeLessThan(1);
});

test('votes of validators that left the set are dropped', () => {
  const state = testState();
  const context = nextBlock(state);
  applyOracleVotes(state, context, votesOfAll(state, context));
  const later = nextBlock(state, 1_000);
  const smaller = {
    ...later,
    config: { ...later.config, validators: later.config.validators.slice(1) },
  };
  applyOracleVotes(state, smaller, votesOfAll(state, smaller));
  expect(state.oracleVotes.size).toBe(3);
});

test('liars below a third move no median out of the honest range, nor a forward, nor a variance', () => {
  const dollars = fc.integer({ min: 59_000, max: 61_000 });
  const lie = fc.integer({ min: 20_000, max: 90_000_000 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.bigInt({ min: 1n, max: 1_000n }), dollars, lie), {
        minLength: 4,
        maxLength: 12,
      }),
      fc.integer({ min: 0, max: 12 }),
      (voters, absent) => {
        const total = voters.reduce((sum, [weight]) => sum + weight, 0n);
        const state = testState({
          weights: voters.map(([weight]) => weight),
          underlyings: [{ ...BTC, strikesListed: 1, expiriesListed: 1 }],
        });
        const before = nextBlock(state);
        applyOracleVotes(state, before, votesOfAll(state, before));
        listSeries(state, before);
        // The votes of before are stale.
        const context = nextBlock(state, 5_001);
        let lying = 0n;
        const honest: number[] = [];
        const votes = voters.map(([weight, truth, untruth], i) => {
          const lies = (lying + weight) * 3n < total;
          if (lies) lying += weight;
          else if (i !== absent) honest.push(truth);
          const indexes = new Map([[BTC.id, lies ? untruth : truth]]);
          const vote = voteOf(state, context, i, { indexes });
          // A variance in proportion to the index: the lie is in both.
          const underlyings = vote.underlyings.map((of) => ({
            ...of,
            expiries: of.expiries.map((slice) => ({
              ...slice,
              theta: Math.min(MAX_THETA, (lies ? untruth : truth) * 1_000),
            })),
          }));
          return { i, vote: { ...vote, underlyings } };
        });
        applyOracleVotes(
          state,
          context,
          votes.filter(({ i }) => i !== absent).map(({ vote }) => vote),
        );
        const row = state.indexPrices.must(BTC.id);
        // Without the quorum nothing is renewed, which is no harm either.
        if (row.updatedAt !== context.timestamp) return;
        const [low, high] = [Math.min(...honest), Math.max(...honest)];
        expect(row.index).toBeGreaterThanOrEqual(low * MICRO);
        expect(row.index).toBeLessThanOrEqual(high * MICRO);
        const [expiry] = liveExpiries(state, BTC.id);
        const slice = state.surfaceSlices.must(expiryKey.pack(BTC.id, expiry ?? 0));
        expect(slice.forward).toBeGreaterThanOrEqual(low * MICRO);
        expect(slice.forward).toBeLessThanOrEqual(high * MICRO);
        expect(slice.theta).toBeGreaterThanOrEqual(low * 1_000);
        expect(slice.theta).toBeLessThanOrEqual(high * 1_000);
      },
    ),
    { numRuns: runs(500) },
  );
});
