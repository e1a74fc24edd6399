/** What every step of a block's execution is given: its place, its time, its rules, its event list. */
import type { Height, TimestampMs, ValidatorIndex } from './core/units.ts';
import type { EpochConfig } from './epoch-config.ts';
import type { Event } from './event.ts';
import type { Parameters } from './governance/parameters.ts';

export type BlockContext = {
  readonly height: Height;
  readonly timestamp: TimestampMs;
  readonly proposer: ValidatorIndex;
  /** Config of the block's epoch. */
  readonly config: EpochConfig;
  readonly parameters: Parameters;
  /** Events so far; steps append. */
  readonly events: Event[];
  /** What matches of combos have cost so far (`multileg/work-budget.ts`). */
  readonly multilegWork: { spent: number };
};
