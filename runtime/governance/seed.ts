/** Governance at height 0. */
import { timestampMs } from '../core/units.ts';
import { SINGLETON_KEY } from '../state/key-codec.ts';
import type { State } from '../state/state.ts';
import { proposalId } from './ballot.ts';
import type { GovernanceParameters } from './governance-parameters.ts';

/** What a genesis says of governance. `guardian`: an address of 20 bytes, armed, or none. */
export type GovernanceSeed = {
  readonly parameters: GovernanceParameters;
  readonly guardian: Uint8Array[];
};

/** Writes parameters and counters. */
export function seedGovernance(
  { governance }: State,
  { parameters, guardian }: GovernanceSeed,
): void {
  governance.governanceParameters.set(SINGLETON_KEY, parameters);
  governance.governanceMeta.set(SINGLETON_KEY, {
    nextProposal: proposalId(1),
    live: [],
    finished: [],
    pruning: [],
    oldestSnapshot: [],
    nextDueAt: timestampMs(Number.MAX_SAFE_INTEGER),
    guardian: [...guardian],
    armed: guardian.length > 0,
  });
}
