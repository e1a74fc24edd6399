/** What may be watched of a simulated cluster of whole nodes, and what a checker is. */
import type { ConsensusMessage, Vote } from '../../../consensus/messages.ts';
import type { BlockNotice } from '../../../node/api.ts';
import type { Halted } from '../../../node/driver/halt.ts';
import type { GaugeName } from '../../../node/metrics.ts';
import type { StoreName } from '../../../node/ports.ts';

/** A machine as checkers see it: a number, and its disk. */
export type Watched = {
  readonly index: number;
  /** Lives begun so far. */
  readonly lives: number;
  /** Whether a key is on disk for good. */
  readonly isDurable: (store: StoreName, key: Uint8Array) => boolean;
};

/** A payload that a node took. */
export type Accepted = {
  readonly machine: number;
  /** Lives that the machine had begun. */
  readonly life: number;
  readonly transactionId: Uint8Array;
  readonly expiresAt: number;
};

export type Watch = {
  /** A node's process begins; it does not serve yet. */
  readonly onBoot?: (machine: Watched) => void;
  /** A node serves; its final height then. */
  readonly onStarted?: (machine: Watched, finalHeight: number) => void;
  /** A message leaves a validator; `ownVote` when it carries a vote of its own. */
  readonly onSent?: (
    machine: Watched,
    message: ConsensusMessage,
    ownVote: Vote | undefined,
  ) => void;
  /** A node has executed a final block; `stateRoot` at heights whose roots are made. */
  readonly onExecuted?: (
    machine: Watched,
    notice: BlockNotice,
    stateRoot: Uint8Array | undefined,
  ) => void;
  readonly onAccepted?: (accepted: Accepted) => void;
  readonly onGauge?: (machine: Watched, gauge: GaugeName, value: number) => void;
  readonly onHalt?: (machine: Watched, halted: Halted) => void;
  /** A node holds evidence against the key of machine `guilty`; −1: of none. */
  readonly onEvidence?: (machine: Watched, guilty: number, fault: string) => void;
  /** Something that cannot happen among honest nodes. */
  readonly onAlarm?: (machine: Watched, what: string) => void;
};

export type WholeChecker = {
  readonly name: string;
  readonly watch: Watch;
  /** Found so far. */
  readonly violations: string[];
};

/** Calls every checker in turn. */
export function watchAll(watches: readonly Watch[]): Required<Watch> {
  return {
    onBoot(...facts) {
      for (const one of watches) one.onBoot?.(...facts);
    },
    onStarted(...facts) {
      for (const one of watches) one.onStarted?.(...facts);
    },
    onSent(...facts) {
      for (const one of watches) one.onSent?.(...facts);
    },
    onExecuted(...facts) {
      for (const one of watches) one.onExecuted?.(...facts);
    },
    onAccepted(...facts) {
      for (const one of watches) one.onAccepted?.(...facts);
    },
    onGauge(...facts) {
      for (const one of watches) one.onGauge?.(...facts);
    },
    onHalt(...facts) {
      for (const one of watches) one.onHalt?.(...facts);
    },
    onEvidence(...facts) {
      for (const one of watches) one.onEvidence?.(...facts);
    },
    onAlarm(...facts) {
      for (const one of watches) one.onAlarm?.(...facts);
    },
  };
}

/** A watch that hears only of machines that are honest. */
export function watchHonest(watch: Watch, isHonest: (machine: number) => boolean): Watch {
  const heard: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(watch)) {
    heard[name] = (about: Watched | Accepted, ...facts: unknown[]) => {
      const machine = 'index' in about ? about.index : about.machine;
      if (isHonest(machine)) (call as (...all: unknown[]) => void)(about, ...facts);
    };
  }
  return heard as Watch;
}
