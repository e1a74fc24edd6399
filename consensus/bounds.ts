/** Every bound of an engine's memory and output, with its arithmetic. Not wire format. */

/**
 * Views below the last finalized one whose votes and certificates are still kept and taken: for
 * stragglers, and for evidence by late votes. 64 views × 3 kinds × 100 votes × ~300 B = 6 MB.
 */
export const RETENTION_VIEWS = 64;

/**
 * Views above the current one whose votes and proposals are kept. Nodes enter a view within one
 * message delay of each other; 8 covers a node that is some views of 40 ms behind. Eight
 * announcements of at most 256 KB are 2 MB.
 */
export const LOOKAHEAD_VIEWS = 8;

/**
 * A leader that was not heard of for this many views, while a quorum was, is skipped at once.
 * At least the number of validators, so that everyone's turn to lead has come.
 */
export const INACTIVE_VIEWS = 8;

/** Nothing final for this long, or for the timeout's cap if that is more: say everything again. */
export const STANDSTILL_MS = 10_000;

/** Messages of one standstill broadcast. At ~6 kB a certificate of 100 validators: 400 kB to each. */
export const MAX_STANDSTILL_MESSAGES = 64;
