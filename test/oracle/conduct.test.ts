/** How votes are judged: order means nothing, what is far is counted whenever it was, and jails. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlockContext } from '../../runtime/block-context.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { epoch, timestampMs, view } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { listSeries } from '../../runtime/options/list-series.ts';
import { applyOracleVotes } from '../../runtime/oracle/apply-votes.ts';
import { endOracleSlot, reportOracleConduct } from '../../runtime/oracle/conduct.ts';
import type { OracleConduct } from '../../runtime/oracle/conduct-row.ts';
import type { ExpiryVote, OracleVote, UnderlyingVote } from '../../runtime/oracle/vote.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import type { State } from '../../runtime/state/state.ts';
import { jailAbsent } from '../../staking/attendance.ts';
import { beginStakingBlock } from '../../staking/end-epoch.ts';
import { CALM, voteOf, votesOfAll } from '../fixtures/oracle.ts';
import { runs } from '../fixtures/runs.ts';
import {
  BTC,
  ETH,
  nextBlock,
  reloaded,
  START,
  seedTestStaking,
  testState,
} from '../fixtures/state.ts';

/** A state with index and series, and the context of its next block, a second on. */
function live(weights?: readonly bigint[]): { state: State; context: BlockContext } {
  const state = testState(weights === undefined ? {} : { weights });
  const context = nextBlock(state);
  applyOracleVotes(state, context, votesOfAll(state, context));
  for (let i = 0; i < 2; i++) listSeries(state, context);
  return { state, context: nextBlock(state, 1_000) };
}

function oracleKey(context: BlockContext, validator: number): Uint8Array {
  const found = context.config.validators[validator]?.oracleKey;
  if (found === undefined) throw new Error(`no validator ${validator}`);
  return found;
}

function conduct(
  state: State,
  context: BlockContext,
  validator: number,
): OracleConduct | undefined {
  return state.oracleConduct.get(toHex(oracleKey(context, validator)));
}

const withBtc = (vote: OracleVote, change: (of: UnderlyingVote) => object): OracleVote => ({
  ...vote,
  underlyings: vote.underlyings.map((of) =>
    of.underlying === BTC.id ? { ...of, ...change(of) } : of,
  ),
});
const scaled = (name: keyof ExpiryVote, factor: number) => (of: UnderlyingVote) => ({
  expiries: of.expiries.map((slice) => ({ ...slice, [name]: Math.floor(slice[name] * factor) })),
});

describe('a vote is far', () => {
  // One per cent of the index and of forwards, a fifth of the variance.
  test.each<[string, (of: UnderlyingVote) => object, boolean]>([
    ['not when it agrees', () => ({}), false],
    ['not at one per cent', (of) => ({ index: of.index * 1.01 }), false],
    ['by its index above', (of) => ({ index: of.index * 1.01 + 1 }), true],
    ['by its index below', (of) => ({ index: of.index * 0.99 - 1 }), true],
    ['not by a forward at one per cent', scaled('forward', 1.01), false],
    ['by a forward', scaled('forward', 1.011), true],
    ['not by a fifth of the variance', scaled('theta', 1.2), false],
    ['by more of it', scaled('theta', 1.21), true],
    ['by none of it', scaled('theta', 0), true],
    ['not by its wings', scaled('u', 3), false],
  ])('%s', (_, change, far) => {
    const { state, context } = live();
    const votes = votesOfAll(state, context);
    const odd = withBtc(voteOf(state, context, 2), change);
    applyOracleVotes(state, context, votes.with(2, odd));
    expect(conduct(state, context, 2)?.isFar ?? false).toBe(far);
    for (const other of [0, 1, 3]) expect(conduct(state, context, other)).toBeUndefined();
  });

  test('also when the next is near again before the slot ends; and once', () => {
    const { state, context } = live();
    const odd = withBtc(voteOf(state, context, 2), (of) => ({ index: 2 * of.index }));
    applyOracleVotes(state, context, votesOfAll(state, context).with(2, odd));
    const later = nextBlock(state, 1_000);
    applyOracleVotes(state, later, votesOfAll(state, later));
    const key = oracleKey(later, 2);
    expect(endOracleSlot(state, key, epoch(0), true)).toBe(true);
    expect(endOracleSlot(state, key, epoch(0), true)).toBe(false);
    expect(conduct(state, later, 2)?.current).toEqual({ epoch: 0, slots: 2, missed: 0, far: 1 });
  });

  test('once, in the block that counts it, not whenever another votes later', () => {
    const { state, context } = live();
    const odd = withBtc(voteOf(state, context, 2), (of) => ({ index: 2 * of.index }));
    applyOracleVotes(state, context, votesOfAll(state, context).with(2, odd));
    const key = oracleKey(context, 2);
    expect(endOracleSlot(state, key, epoch(0), true)).toBe(true);
    const later = nextBlock(state, 1_000);
    applyOracleVotes(
      state,
      later,
      votesOfAll(state, later).filter((_, i) => i !== 2),
    );
    expect(endOracleSlot(state, key, epoch(0), true)).toBe(false);
  });

  test('by two different votes of one time, whichever stands first', () => {
    const { state, context } = live();
    const one = voteOf(state, context, 2);
    const other = withBtc(one, (of) => ({ index: of.index + 1 }));
    for (const pair of [
      [one, other],
      [other, one],
    ]) {
      const copy = reloaded(state);
      applyOracleVotes(copy, context, pair);
      expect(conduct(copy, context, 2)?.isFar).toBe(true);
    }
  });

  test('not without a quorum, and not while its slot was missed', () => {
    const { state, context } = live();
    const late = nextBlock(state, 6_000);
    const odd = withBtc(voteOf(state, late, 2), (of) => ({ index: 2 * of.index }));
    applyOracleVotes(state, late, [odd]);
    expect(conduct(state, late, 2)).toBeUndefined();
    applyOracleVotes(state, late, votesOfAll(state, late).slice(0, 2));
    expect(endOracleSlot(state, oracleKey(context, 2), epoch(0), false)).toBe(false);
    expect(conduct(state, late, 2)?.current).toMatchObject({ slots: 1, missed: 1, far: 0 });
  });
});

test('confidence is what was voted, less the weight that is absent or far', () => {
  const { state, context } = live([40n, 30n, 20n, 10n]);
  const confidence = (): number | undefined => state.indexPrices.get(BTC.id)?.confidenceBps;
  expect(confidence()).toBe(10_000);
  const odd = withBtc(voteOf(state, context, 3), (of) => ({ index: 2 * of.index }));
  applyOracleVotes(state, context, votesOfAll(state, context).with(3, odd));
  expect(confidence()).toBe(9_000);
  const late = nextBlock(state, 6_000);
  const low = votesOfAll(state, late).map((vote) =>
    withBtc(vote, () => ({ confidenceBps: 5_000 })),
  );
  applyOracleVotes(state, late, low.slice(0, 2));
  expect(confidence()).toBe(3_500);
});

test('a new epoch counts anew, says who was amiss, and forgets keys that left', () => {
  const { state, context } = live();
  const key = oracleKey(context, 1);
  endOracleSlot(state, oracleKey(context, 0), epoch(0), true);
  endOracleSlot(state, key, epoch(0), false);
  reportOracleConduct(state, context);
  expect(context.events).toEqual([
    {
      selector: EVENT.oracleConduct,
      value: { oracleKey: key, epoch: 0, slots: 1, missed: 1, far: 0 },
    },
  ]);
  endOracleSlot(state, key, epoch(1), true);
  expect(conduct(state, context, 1)).toMatchObject({
    current: { epoch: 1, slots: 1, missed: 0 },
    previous: { epoch: 0, slots: 1, missed: 1 },
  });
  reportOracleConduct(state, { ...context, config: { ...context.config, epoch: epoch(2) } });
  expect([conduct(state, context, 0), conduct(state, context, 1)?.current.epoch]).toEqual([
    undefined,
    1,
  ]);
});

describe('far votes jail, by parameter', () => {
  /** Sixty slots of five seconds in which validator 2 is far in `farSlots`; whether it is jailed. */
  function judged(farSlots: number, maxFarBps: number): { jailed: boolean; missed: number } {
    const state = testState({ weights: [10n, 10n, 5n, 10n, 10n] });
    seedTestStaking(state);
    const { staking } = state;
    const parameters = staking.stakingParameters.must(SINGLETON_KEY);
    staking.stakingParameters.set(SINGLETON_KEY, { ...parameters, maxFarBps });
    let context = nextBlock(state);
    for (let slot = 0; slot < 60; slot++) {
      const votes = votesOfAll(state, context);
      const odd = withBtc(voteOf(state, context, 2), (of) => ({ index: 2 * of.index }));
      applyOracleVotes(state, context, slot < farSlots ? votes.with(2, odd) : votes);
      const oracleSlotMs = context.parameters.oracleStaleMs;
      const sinceParentMs = context.timestamp - START;
      beginStakingBlock(state, context, { view: view(slot + 1), sinceParentMs, oracleSlotMs });
      context = nextBlock(state, 5_000);
    }
    const id = staking.epochStakes.must(epoch(0)).entries[2]?.validator;
    if (id === undefined) throw new Error('no validator 2');
    const missed = staking.attendance.must(id).epochMissed;
    jailAbsent(state, context);
    return { jailed: staking.validators.must(id).jailed, missed };
  }

  test.each([
    ['above the share', 31, 5_000, true],
    ['at the share', 30, 5_000, false],
    ['never at 10,000', 60, 10_000, false],
  ])('%s', (_, farSlots, maxFarBps, jailed) => {
    const found = judged(farSlots, maxFarBps);
    expect(found.jailed).toBe(jailed);
    // A slot with a far vote earns as little as one without any (and its leader views are its own).
    expect(found.missed).toBe(farSlots);
  });
});

test('of several votes in a block the newest counts', () => {
  const { state, context } = live();
  const at = (agoMs: number, dollars: number): OracleVote =>
    voteOf(state, context, 0, {
      indexes: new Map([...CALM, [BTC.id, dollars]]),
      observedAt: timestampMs(context.timestamp - agoMs),
    });
  applyOracleVotes(state, context, [at(300, 60_001), at(100, 60_002), at(200, 60_003)]);
  expect(state.oracleVotes.get(toHex(oracleKey(context, 0)))).toEqual(at(100, 60_002));
  expect(conduct(state, context, 0)).toBeUndefined();
});

test('the order of votes within a block means nothing', () => {
  const cast = fc.record({
    validator: fc.integer({ min: 0, max: 4 }),
    agoMs: fc.constantFrom(0, 1, 400, 900, 1_100, 6_000, -300, -600),
    dollars: fc.integer({ min: 59_000, max: 61_500 }),
    eth: fc.integer({ min: 2_900, max: 3_100 }),
  });
  fc.assert(
    fc.property(
      fc.array(cast, { minLength: 2, maxLength: 12 }),
      fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
      (drawn, ranks) => {
        const { state, context } = live([5n, 4n, 3n, 2n, 1n]);
        const votes = drawn.map(({ validator, agoMs, dollars, eth }) =>
          voteOf(state, context, validator, {
            indexes: new Map([...CALM, [BTC.id, dollars], [ETH.id, eth]]),
            observedAt: timestampMs(context.timestamp - agoMs),
          }),
        );
        const other = reloaded(state);
        const shuffled = votes
          .map((vote, i) => ({ vote, rank: ranks[i] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ vote }) => vote);
        const first: BlockContext = { ...context, events: [] };
        const second: BlockContext = { ...context, events: [] };
        applyOracleVotes(state, first, votes);
        applyOracleVotes(other, second, shuffled);
        expect(second.events).toEqual(first.events);
        for (const name of [
          'oracleVotes',
          'indexPrices',
          'surfaceSlices',
          'oracleConduct',
        ] as const) {
          expect([...other[name].encodedRows()]).toEqual([...state[name].encodedRows()]);
        }
      },
    ),
    { numRuns: runs(500) },
  );
});
