/**
 * Exit statuses of a node, so that a supervisor can tell what to do: restart, or call someone.
 *
 * Numbers are part of the operator's interface, append-only. 64–78 follow sysexits.h where it has the
 * meaning; the rest are ours.
 */
export const EXIT = {
  /** Stopped as asked. */
  ok: 0,
  /** An error nobody foresaw: restart, and report it. */
  unexpected: 1,
  /** Wrong arguments. */
  usage: 64,
  /** A file holds what cannot be read: genesis, keys. */
  badData: 65,
  /** This platform or Node version cannot run the node. */
  unavailable: 69,
  /** A port or folder cannot be used, or another process holds the data folder. */
  locked: 75,
  /** The configuration is wrong: do not restart before it is mended. */
  config: 78,
  /** The data folder belongs to another chain. */
  genesisMismatch: 80,
  /** The data is corrupt: restore it or sync again. */
  corruptData: 81,
  /** A write failed: disk full, device lost. Nothing was signed after it. */
  diskFailure: 82,
  /** Votes of this validator's key were seen that it did not sign: another process has the key. */
  doubleSignSuspected: 83,
  /** Started with `--halt-height`, and reached it. */
  haltHeight: 84,
  /** An invariant of the state machine broke. */
  invariant: 85,
  /** The next epoch needs a module version that this release lacks. */
  upgradeNeeded: 86,
  /** The signer process that holds the keys did not come in time: start it, then this again. */
  noSigner: 87,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A reason to end the process: what the operator reads, and the status. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
