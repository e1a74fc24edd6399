/** Why a node no longer votes. It goes on serving what it has, and says so; the first reason stays. */
import { InvariantViolation } from '../../runtime/core/result.ts';
import type { Log } from '../ports.ts';

export const HALT_REASONS = [
  'disk_failed',
  'invariant_broken',
  'divergence',
  'double_sign_suspected',
  'upgrade_needed',
] as const;
export type HaltReason = (typeof HALT_REASONS)[number];

export type Halted = { readonly reason: HaltReason; readonly detail: string };

export type Halt = {
  readonly state: () => Halted | undefined;
  /** Stops voting for good. */
  readonly halt: (reason: HaltReason, detail: string) => void;
};

/** `onHalt` is called once, with the first reason. */
export function createHalt(log: Log, onHalt: (halted: Halted) => void): Halt {
  let halted: Halted | undefined;
  return {
    state: () => halted,
    halt(reason, detail) {
      log.error({ reason, detail }, 'node halted: it no longer votes');
      if (halted) return;
      halted = { reason, detail };
      onHalt(halted);
    },
  };
}

/** Whether an error is a fault of the program, not of a disk: its state can no longer be trusted. */
export function isBroken(error: unknown): boolean {
  if (error instanceof InvariantViolation) return true;
  return (
    error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
  );
}

/** Text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
