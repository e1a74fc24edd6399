/**
 * Takes a block's oracle votes and renews index and surface from the last vote of every validator.
 *
 * Source: design/chain.md §6, design/exchange.md §4. A value counts when the fresh votes that carry
 * it hold at least ⅔ of the epoch's whole weight; it is then their stake-weighted lower median. So
 * validators with less than ⅓ of all weight hold less than half of the votes' weight, and no median
 * of one component leaves the range of the honest votes. Signatures were checked before.
 *
 * Invariants: `oracleVotes` holds at most one row per validator of the config; slices written here
 * are free of arbitrage among themselves, shortest expiry first.
 */
import { isOracleKeyInForce } from '../../staking/rotate-key.ts';
import type { BlockContext } from '../block-context.ts';
import { toHex } from '../core/bytes.ts';
import { mulDivFloor, weightedMedian } from '../core/math.ts';
import type { TimestampMs, UnderlyingId, Weight } from '../core/units.ts';
import { totalWeight } from '../epoch-config.ts';
import { EVENT } from '../event.ts';
import { MAX_CLOCK_AHEAD_MS } from '../limits.ts';
import { liveExpiries } from '../options/series-index.ts';
import { repairSlice, type SliceParameters } from '../pricing/essvi.ts';
import { expiryKey, type State } from '../state/state.ts';
import { isFresh } from './freshness.ts';
import type { ExpiryVote, OracleVote, UnderlyingVote } from './vote.ts';
import { isVoteSane } from './vote-bounds.ts';

/** A vote on one underlying or expiry, with what stands behind it. */
type Weighed<V> = { readonly vote: V; readonly weight: Weight };

/** Why a vote does not count, in order of precedence. */
export type VoteFault =
  | 'wrong_epoch'
  | 'unknown_validator'
  | 'stale'
  | 'future'
  | 'not_newer'
  | 'out_of_bounds';

/** The first fault of a vote against this block and the validator's last vote, or `undefined`. */
export function voteFault(
  state: State,
  context: BlockContext,
  vote: OracleVote,
): VoteFault | undefined {
  if (vote.epoch !== context.config.epoch) return 'wrong_epoch';
  const validator = context.config.validators[vote.validator];
  if (validator === undefined) return 'unknown_validator';
  if (!isOracleKeyInForce(state, validator.oracleKey)) return 'unknown_validator';
  if (!isFresh(context, vote.observedAt)) return 'stale';
  if (vote.observedAt > context.timestamp + MAX_CLOCK_AHEAD_MS) return 'future';
  const last = state.oracleVotes.get(toHex(validator.oracleKey));
  if (last !== undefined && vote.observedAt <= last.observedAt) return 'not_newer';
  if (!isVoteSane(vote)) return 'out_of_bounds';
  return undefined;
}

/** Stores the votes without fault; false when none was. */
function storeVotes(state: State, context: BlockContext, votes: readonly OracleVote[]): boolean {
  let stored = false;
  for (const vote of votes) {
    if (voteFault(state, context, vote) !== undefined) continue;
    const validator = context.config.validators[vote.validator];
    if (validator === undefined) continue;
    state.oracleVotes.set(toHex(validator.oracleKey), vote);
    stored = true;
  }
  return stored;
}

/** Drops the votes of keys that left the set. O(1) unless more votes than validators are held. */
function dropLeavers(state: State, context: BlockContext): void {
  if (state.oracleVotes.size <= context.config.validators.length) return;
  const members = new Set(context.config.validators.map(({ oracleKey }) => toHex(oracleKey)));
  for (const key of state.oracleVotes.sortedKeys()) {
    if (!members.has(key)) state.oracleVotes.delete(key);
  }
}

/** The last votes of the config's validators that are fresh, in the config's order. */
function freshVotes(state: State, context: BlockContext): Weighed<OracleVote>[] {
  const fresh: Weighed<OracleVote>[] = [];
  for (const { oracleKey, weight } of context.config.validators) {
    const vote = state.oracleVotes.get(toHex(oracleKey));
    if (vote !== undefined && isFresh(context, vote.observedAt)) fresh.push({ vote, weight });
  }
  return fresh;
}

function isQuorum(votes: readonly Weighed<unknown>[], total: Weight): boolean {
  return votes.reduce((sum, { weight }) => sum + weight, 0n) * 3n >= total * 2n;
}

function median<V>(votes: readonly Weighed<V>[], value: (vote: V) => number): number {
  return weightedMedian(votes.map(({ vote, weight }) => ({ value: value(vote), weight })));
}

/**
 * A slice carried from when it was taken to block time: variance is linear in the time left. Only
 * ever less: a vote from ahead of the block stays as it is, so θ keeps its bound.
 */
function sliceAtBlock(
  slice: ExpiryVote,
  observedAt: TimestampMs,
  blockTime: TimestampMs,
): ExpiryVote {
  const left = slice.expiry - blockTime;
  const leftThen = slice.expiry - observedAt;
  if (leftThen <= left) return slice;
  const theta = Number(mulDivFloor(BigInt(slice.theta), BigInt(left), BigInt(leftThen)));
  return { ...slice, theta };
}

function updateIndex(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
  votes: readonly Weighed<UnderlyingVote>[],
): void {
  const index = median(votes, (vote) => vote.index);
  const confidenceBps = median(votes, (vote) => vote.confidenceBps);
  const updatedAt = context.timestamp;
  const row = state.indexPrices.get(underlying);
  if (row?.index !== index) {
    context.events.push({ selector: EVENT.index, value: { underlying, index } });
  }
  if (row === undefined) {
    state.indexPrices.set(underlying, { underlying, index, confidenceBps, updatedAt });
    return;
  }
  Object.assign(row, { index, confidenceBps, updatedAt });
  state.indexPrices.touch(underlying);
}

/** Writes the slice of one expiry and returns it, repaired against the one before it. */
function updateSlice(
  state: State,
  context: BlockContext,
  place: { readonly underlying: UnderlyingId; readonly expiry: TimestampMs },
  votes: readonly Weighed<ExpiryVote>[],
  shorter: SliceParameters | undefined,
): SliceParameters {
  const forward = median(votes, (vote) => vote.forward);
  const slice = repairSlice(
    {
      theta: median(votes, (vote) => vote.theta),
      u: median(votes, (vote) => vote.u),
      l: median(votes, (vote) => vote.l),
    },
    shorter,
  );
  const key = expiryKey.pack(place.underlying, place.expiry);
  const row = state.surfaceSlices.get(key);
  const values = { forward, ...slice, updatedAt: context.timestamp };
  if (row === undefined) state.surfaceSlices.set(key, { ...place, ...values });
  else {
    Object.assign(row, values);
    state.surfaceSlices.touch(key);
  }
  return slice;
}

/** Votes on the expiries ahead, by expiry ascending, with θ at block time. */
function votesByExpiry(
  context: BlockContext,
  votes: readonly Weighed<{ readonly observedAt: TimestampMs; readonly of: UnderlyingVote }>[],
  expiries: readonly TimestampMs[],
): Map<TimestampMs, Weighed<ExpiryVote>[]> {
  const byExpiry = new Map<TimestampMs, Weighed<ExpiryVote>[]>();
  for (const expiry of expiries) if (expiry > context.timestamp) byExpiry.set(expiry, []);
  for (const { vote, weight } of votes) {
    for (const slice of vote.of.expiries) {
      const wanted = byExpiry.get(slice.expiry);
      if (wanted === undefined) continue;
      wanted.push({ vote: sliceAtBlock(slice, vote.observedAt, context.timestamp), weight });
    }
  }
  return byExpiry;
}

/**
 * Stores the block's votes and, if any counts, renews index and slices of every underlying whose
 * votes reach their quorum. A vote with a fault is dropped without effect: it can neither throw nor
 * poison. Cost: O(validators × values × log validators).
 */
export function applyOracleVotes(
  state: State,
  context: BlockContext,
  votes: readonly OracleVote[],
): void {
  if (!storeVotes(state, context, votes)) return;
  dropLeavers(state, context);
  const fresh = freshVotes(state, context);
  const total = totalWeight(context.config);
  for (const underlying of state.underlyings.sortedKeys()) {
    const cast = fresh.flatMap(({ vote, weight }) =>
      vote.underlyings
        .filter((of) => of.underlying === underlying)
        .map((of) => ({ vote: { observedAt: vote.observedAt, of }, weight })),
    );
    if (!isQuorum(cast, total)) continue;
    updateIndex(
      state,
      context,
      underlying,
      cast.map(({ vote, weight }) => ({ vote: vote.of, weight })),
    );
    let shorter: SliceParameters | undefined;
    const expiries = liveExpiries(state, underlying);
    for (const [expiry, slices] of votesByExpiry(context, cast, expiries)) {
      if (!isQuorum(slices, total)) continue;
      shorter = updateSlice(state, context, { underlying, expiry }, slices, shorter);
    }
  }
}
