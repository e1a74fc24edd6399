/**
 * Exit statuses of the command line, so that a script can tell what happened without reading text.
 * Append-only; 64 to 78 as in sysexits.h.
 */
export const EXIT = {
  ok: 0,
  /** An error nobody foresaw. */
  unexpected: 1,
  /** The chain or the node refused: the transaction, an action of it, or the question. */
  refused: 3,
  /** The user said no. */
  declined: 4,
  /** What the node answered does not verify. */
  notVerified: 5,
  /** A check found what must be mended. */
  findings: 6,
  /** Wrong arguments. */
  usage: 64,
  /** A file holds what cannot be used: key, genesis, configuration. */
  badData: 65,
  /** A file or key is not there. */
  noInput: 66,
  /** No node answers. */
  unreachable: 69,
  /** A file cannot be written, or is there already. */
  cannotCreate: 73,
  /** Submitted, but not final in time: it may still become final. */
  notFinal: 75,
  /** The password is wrong. */
  wrongPassword: 77,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
