/**
 * Which of a block's votes count, and the table of last votes.
 *
 * Source: design/chain.md §6. At most one vote a validator counts in a block: the newest without
 * fault, and of several of one time that with the least bytes, so the order in which a proposer puts
 * them means nothing. Two different votes of one time are an equivocation, told to the caller.
 *
 * Invariant: `oracleVotes` holds at most one row per validator of the config.
 */
import { isOracleKeyInForce } from '../../staking/rotate-key.ts';
import type { BlockContext } from '../block-context.ts';
import { compareBytes, toHex } from '../core/bytes.ts';
import { type ValidatorIndex, validatorIndex } from '../core/units.ts';
import { MAX_CLOCK_AHEAD_MS } from '../limits.ts';
import type { State } from '../state/state.ts';
import { isFresh } from './freshness.ts';
import { type OracleVote, OracleVoteCodec } from './vote.ts';
import { isVoteSane } from './vote-bounds.ts';

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

/** A vote that counts, and whether its validator signed another of the same time. */
export type CountedVote = { readonly vote: OracleVote; readonly isEquivocation: boolean };

/** The one that counts of the votes of one validator, whatever their order. */
function counted(votes: readonly OracleVote[]): CountedVote | undefined {
  const [only] = votes;
  if (only === undefined) return undefined;
  if (votes.length === 1) return { vote: only, isEquivocation: false };
  const encoded = votes
    .map((vote) => ({ vote, bytes: OracleVoteCodec.encode(vote) }))
    .sort((a, b) => b.vote.observedAt - a.vote.observedAt || compareBytes(a.bytes, b.bytes));
  const isEquivocation = encoded.some(({ vote, bytes }, i) => {
    const before = encoded[i - 1];
    return before?.vote.observedAt === vote.observedAt && compareBytes(before.bytes, bytes) !== 0;
  });
  return { vote: encoded[0]?.vote ?? only, isEquivocation };
}

/**
 * Stores what counts and returns it by validator, ascending. A vote with a fault is dropped without
 * effect. Cost: O(votes).
 */
export function storeVotes(
  state: State,
  context: BlockContext,
  votes: readonly OracleVote[],
): CountedVote[] {
  const byValidator = new Map<ValidatorIndex, OracleVote[]>();
  for (const vote of votes) {
    if (voteFault(state, context, vote) !== undefined) continue;
    const others = byValidator.get(vote.validator);
    if (others === undefined) byValidator.set(vote.validator, [vote]);
    else others.push(vote);
  }
  const stored: CountedVote[] = [];
  for (const [index, { oracleKey }] of context.config.validators.entries()) {
    const found = counted(byValidator.get(validatorIndex(index)) ?? []);
    if (found === undefined) continue;
    state.oracleVotes.set(toHex(oracleKey), found.vote);
    stored.push(found);
  }
  return stored;
}

/** Drops the votes of keys that left the set. O(1) unless more votes than validators are held. */
export function dropLeavers(state: State, context: BlockContext): void {
  if (state.oracleVotes.size <= context.config.validators.length) return;
  const members = new Set(context.config.validators.map(({ oracleKey }) => toHex(oracleKey)));
  for (const key of state.oracleVotes.sortedKeys()) {
    if (!members.has(key)) state.oracleVotes.delete(key);
  }
}
