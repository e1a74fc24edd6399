/**
 * What a vote says: from the rows of its validators alone, at most 128, never from its votes.
 *
 * Source: design/staking-and-keys.md §5; quorum, threshold and veto as in Cosmos SDK x/gov v1
 * (reference/interfaces.md §1.1). Units: micro-MIL of the snapshot, each part rounded down, so that the
 * parts never exceed the whole.
 */
import { mulDivFloor } from '../core/math.ts';
import type { State } from '../state/state.ts';
import { ANSWERS, type Answers, FULL_BALLOT, noAnswers } from './ballot.ts';
import { type Proposal, validatorTallyKey } from './proposal.ts';
import { inheritedShares } from './voting-shares.ts';

const FULL = BigInt(FULL_BALLOT);

/**
 * The vote as it stands. A validator found guilty since speaks for nobody but those who vote themselves.
 * O(validators of the snapshot).
 */
export function tallyOf({ governance, staking }: State, proposal: Proposal): Answers {
  const answers = noAnswers();
  for (const validator of proposal.validators) {
    const tally = governance.validatorTallies.get(validatorTallyKey.pack(proposal.id, validator));
    if (tally === undefined || tally.shares === 0n) continue;
    const isGuilty = staking.validators.must(validator).tombstoned;
    const inherited = isGuilty ? 0n : inheritedShares(tally);
    for (const answer of ANSWERS) {
      const cast = tally.cast[answer] + inherited * BigInt(tally.ballot[answer]);
      answers[answer] += mulDivFloor(cast, tally.tokens, tally.shares * FULL);
    }
  }
  return answers;
}

/** What a vote comes to. */
export type Verdict = 'accepted' | 'no_quorum' | 'refused' | 'vetoed';

/** Whether `part` is at least, or above, a share of `whole`. */
const atLeast = (part: bigint, whole: bigint, bps: number): boolean =>
  part * FULL >= whole * BigInt(bps);
const above = (part: bigint, whole: bigint, bps: number): boolean =>
  part * FULL > whole * BigInt(bps);

/**
 * In this order: too few voted, too many vetoed, too few of those who took a side said yes. An expedited
 * vote asks its own threshold.
 */
export function verdictOf(
  { rules, power, expedited }: Pick<Proposal, 'rules' | 'power' | 'expedited'>,
  { yes, no, abstain, veto }: Answers,
): Verdict {
  const voted = yes + no + abstain + veto;
  if (voted === 0n || !atLeast(voted, power, rules.quorumBps)) return 'no_quorum';
  if (atLeast(veto, voted, rules.vetoBps)) return 'vetoed';
  const threshold = expedited ? rules.expeditedThresholdBps : rules.thresholdBps;
  return above(yes, yes + no + veto, threshold) ? 'accepted' : 'refused';
}
