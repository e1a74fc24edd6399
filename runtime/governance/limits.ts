/** Bounds of governance, each with its reason. Raising one is state-machine breaking. */

/** Title and text of a proposal, in bytes of UTF-8: the long form is published elsewhere. */
export const MAX_TITLE_BYTES = 96;
export const MAX_SUMMARY_BYTES = 2_048;
/** Parameters that one proposal changes. */
export const MAX_CHANGES = 16;
/** Proposals that are not over: a pass over them, at each that is due, takes some microseconds. */
export const MAX_LIVE_PROPOSALS = 128;
/** Those of them that still gather deposits. The one with the least gives way to a greater one. */
export const MAX_GATHERING_PROPOSALS = 64;
/** Votes at a time: each vote, and each stake that leaves, looks at all of them. */
export const MAX_VOTES_AT_A_TIME = 16;
/** Votes that begin with one epoch: 128 rows each. */
export const MAX_VOTES_STARTED_PER_EPOCH = 4;
/** Deposits on one proposal, each at least this part of what it needs: 16 always suffice. */
export const MAX_DEPOSITS = 16;
/** Proposals that one block ends, opens or carries out; the rest in the next. */
export const MAX_DUE_PER_BLOCK = 4;
/** Votes of proposals that are over, removed in one block, ~1 µs each. */
export const MAX_PRUNED_VOTES_PER_BLOCK = 500;
/** Proposals whose votes are being removed; no vote ends while there are so many. */
export const MAX_PRUNING = 256;
/** Proposals that are over and still kept, oldest dropped first. */
export const MAX_KEPT_PROPOSALS = 512;
/** Delegations that one vote speaks for. */
export const MAX_DELEGATIONS_PER_VOTE = 16;
/** Joins after a vote began that a delegation tells apart; beyond them the oldest count as newer. */
export const MAX_ENTERED = 8;
