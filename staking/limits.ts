/** Bounds of the staking rows, each with its reason. Raising one is state-machine breaking. */

/** Liens of one delegation, those of its pending joins and unbondings included. */
export const MAX_LIENS = 7;
/** Epochs in which one delegation may be unbonding at a time; one entry each. */
export const MAX_UNBONDINGS = 7;
/** Stored entries: those asked for, and one for each redelegation that its destination sent back. */
export const MAX_STORED_UNBONDINGS: number = MAX_UNBONDINGS + MAX_LIENS;
/** Joins on their way: fresh ones of two epochs, and one for each lien. */
export const MAX_JOINS: number = 2 + MAX_LIENS;
/** Destinations of one validator's redelegations in one epoch: a row stays below 20 KB. */
export const MAX_MOVES = 128;
/** Fault epochs remembered of one validator: more than an evidence window of one-hour epochs. */
export const MAX_FAULTS = 1_024;
/** Keys that wait for their epoch: one a role. */
export const MAX_PENDING_KEYS = 3;
export const MAX_MONIKER_BYTES = 64;
/** Fewest validators: with less, one fault stops the chain. */
export const MIN_VALIDATORS = 4;
/** Epochs whose records one boundary may drop: it catches up after epochs were lengthened. */
export const MAX_PRUNED_PER_EPOCH = 4;
/** Skipped views that one block is charged with; more come only from a halt, which is nobody's own. */
export const MAX_COUNTED_VIEWS = 1_024;
/** Time of one block that is paid for and that lets stake mature. */
export const MAX_BLOCK_TIME_MS = 60_000;

/** Least delegation, and least that may remain of one: 1 MIL. */
export const MIN_DELEGATION = 1_000_000n;
/** Shares per token from which a pool takes no more stake. */
export const MAX_SHARES_PER_TOKEN: bigint = 1n << 20n;
