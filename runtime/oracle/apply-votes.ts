/**
 * Takes a block's oracle votes and renews index and surface from the last vote of every validator.
 *
 * Source: design/chain.md §6, design/exchange.md §4. A value counts when the fresh votes that carry
 * it hold at least ⅔ of the epoch's whole weight; it is then their stake-weighted lower median. So
 * validators with less than ⅓ of all weight hold less than half of the votes' weight, and no median
 * of one component leaves the range of the honest votes. Signatures were checked before.
 *
 * Outliers: a clamp of votes to a range around the median would leave the median where it is, so none
 * is made. What lies outside the range does not count as agreement, which lowers the confidence, and
 * is counted against its validator (`conduct.ts`).
 *
 * Invariants: slices written here are free of arbitrage among themselves, shortest expiry first.
 */
import type { BlockContext } from '../block-context.ts';
import { toHex } from '../core/bytes.ts';
import { mulDivFloor, weightedMedian } from '../core/math.ts';
import {
  type TimestampMs,
  type UnderlyingId,
  type ValidatorIndex,
  validatorIndex,
  type Weight,
} from '../core/units.ts';
import { totalWeight } from '../epoch-config.ts';
import { EVENT } from '../event.ts';
import { liveExpiries } from '../options/series-index.ts';
import { repairSlice, type SliceParameters } from '../pricing/essvi.ts';
import { expiryKey, type State } from '../state/state.ts';
import { isIndexFar, isSliceFar, noteFarVote } from './conduct.ts';
import { isFresh } from './freshness.ts';
import { dropLeavers, storeVotes } from './store-votes.ts';
import type { ExpiryVote, OracleVote, UnderlyingVote } from './vote.ts';

/** A vote on one underlying or expiry, with what stands behind it. */
type Weighed<V> = { readonly vote: V; readonly weight: Weight };

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

/**
 * Confidence of an index in bps: the median of what was voted, times the share of all weight whose vote
 * is near the index. Rounded down: absence and disagreement both lower it.
 */
function confidenceOf(
  context: BlockContext,
  votes: readonly Weighed<UnderlyingVote>[],
  index: number,
): number {
  let near = 0n;
  for (const { vote, weight } of votes) if (!isIndexFar(context, vote, index)) near += weight;
  const voted = median(votes, (vote) => vote.confidenceBps);
  return Number(mulDivFloor(BigInt(voted), near, totalWeight(context.config)));
}

/** Writes the index of an underlying and returns it. */
function updateIndex(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
  votes: readonly Weighed<UnderlyingVote>[],
): number {
  const index = median(votes, (vote) => vote.index);
  const confidenceBps = confidenceOf(context, votes, index);
  const updatedAt = context.timestamp;
  const row = state.indexPrices.get(underlying);
  if (row?.index !== index) {
    context.events.push({ selector: EVENT.index, value: { underlying, index } });
  }
  if (row === undefined) {
    state.indexPrices.set(underlying, { underlying, index, confidenceBps, updatedAt });
    return index;
  }
  Object.assign(row, { index, confidenceBps, updatedAt });
  state.indexPrices.touch(underlying);
  return index;
}

/** The medians of an expiry, component by component. */
function medianSlice(expiry: TimestampMs, votes: readonly Weighed<ExpiryVote>[]): ExpiryVote {
  return {
    expiry,
    forward: median(votes, (vote) => vote.forward),
    theta: median(votes, (vote) => vote.theta),
    u: median(votes, (vote) => vote.u),
    l: median(votes, (vote) => vote.l),
  };
}

/** Writes the slice of one expiry and returns it, repaired against the one before it. */
function updateSlice(
  state: State,
  context: BlockContext,
  place: { readonly underlying: UnderlyingId; readonly expiry: TimestampMs },
  medians: ExpiryVote,
  shorter: SliceParameters | undefined,
): SliceParameters {
  const { forward } = medians;
  const slice = repairSlice(medians, shorter);
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

/** A vote on an underlying, with its validator and the time it was taken at. */
type Cast = {
  readonly validator: ValidatorIndex;
  readonly observedAt: TimestampMs;
  readonly of: UnderlyingVote;
};

/** Votes on the expiries ahead, by expiry ascending, with θ at block time. */
function votesByExpiry(
  context: BlockContext,
  votes: readonly Weighed<Cast>[],
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

/** Whether a vote on an underlying is far from what was taken from it and the others. */
function isFar(
  context: BlockContext,
  { of, observedAt }: Cast,
  index: number,
  medians: ReadonlyMap<TimestampMs, ExpiryVote>,
): boolean {
  if (isIndexFar(context, of, index)) return true;
  return of.expiries.some((slice) => {
    const taken = medians.get(slice.expiry);
    const atBlock = sliceAtBlock(slice, observedAt, context.timestamp);
    return taken !== undefined && isSliceFar(context, atBlock, taken);
  });
}

/**
 * Renews one underlying, and adds to `far` who of `newly` voted far from it. Nothing happens below the
 * quorum.
 */
function updateUnderlying(
  state: State,
  context: BlockContext,
  underlying: UnderlyingId,
  cast: readonly Weighed<Cast>[],
  {
    newly,
    far,
  }: { readonly newly: ReadonlySet<ValidatorIndex>; readonly far: Set<ValidatorIndex> },
): void {
  const total = totalWeight(context.config);
  if (!isQuorum(cast, total)) return;
  const votes = cast.map(({ vote, weight }) => ({ vote: vote.of, weight }));
  const index = updateIndex(state, context, underlying, votes);
  const medians = new Map<TimestampMs, ExpiryVote>();
  let shorter: SliceParameters | undefined;
  const expiries = liveExpiries(state, underlying);
  for (const [expiry, slices] of votesByExpiry(context, cast, expiries)) {
    if (!isQuorum(slices, total)) continue;
    const taken = medianSlice(expiry, slices);
    medians.set(expiry, taken);
    shorter = updateSlice(state, context, { underlying, expiry }, taken, shorter);
  }
  for (const { vote } of cast) {
    if (newly.has(vote.validator) && isFar(context, vote, index, medians)) far.add(vote.validator);
  }
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
  const stored = storeVotes(state, context, votes);
  if (stored.length === 0) return;
  dropLeavers(state, context);
  const newly = new Set(stored.map(({ vote }) => vote.validator));
  const far = new Set<ValidatorIndex>();
  for (const { vote, isEquivocation } of stored) if (isEquivocation) far.add(vote.validator);
  const fresh = freshVotes(state, context);
  for (const underlying of state.underlyings.sortedKeys()) {
    const cast = fresh.flatMap(({ vote: { validator, observedAt, underlyings }, weight }) =>
      underlyings
        .filter((of) => of.underlying === underlying)
        .map((of) => ({ vote: { validator, observedAt, of }, weight })),
    );
    updateUnderlying(state, context, underlying, cast, { newly, far });
  }
  for (const [index, { oracleKey }] of context.config.validators.entries()) {
    if (far.has(validatorIndex(index))) noteFarVote(state, context, oracleKey);
  }
}
