/** What watches a simulated cluster: an observer, and the violations it has found so far. */
import type { Epoch } from '../../../runtime/core/units.ts';
import type { EpochConfig } from '../../../runtime/epoch-config.ts';
import type { Observer } from '../consensus-node.ts';

export type Checker = {
  readonly name: string;
  readonly observer: Observer;
  readonly violations: string[];
};

/** What the simulation knows and no node does: who is faulty. */
export type Truth = {
  /** Machines that run honest code on honest disks. */
  readonly isHonest: (machine: number) => boolean;
  readonly configOf: (at: Epoch) => EpochConfig;
  /** Whether the key of a validator of an epoch is with honest machines only. */
  readonly isHonestKey: (at: Epoch, validator: number) => boolean;
};
