/**
 * The tables of governance, ids 73 to 79, 86 and 87 of the state, and the index of votes by voter.
 *
 * Ids are state format, append-only. Invariant: `voteNumbers` says of every row of `votes` who cast it,
 * and nothing else; `rebuildVoteIndex` makes it of the table.
 */

import { delegationKey } from '../../staking/ids.ts';
import type { UnderlyingId } from '../core/units.ts';
import { SINGLETON_KEY, u32Key } from '../state/key-codec.ts';
import type { State } from '../state/state.ts';
import { type AnyTableStore, type TableStore, table, tableStore } from '../state/table.ts';
import {
  type Readiness,
  ReadinessCodec,
  readinessKey,
  type UpgradePlan,
  UpgradePlanCodec,
} from '../upgrade/upgrade.ts';
import type { ProposalId } from './ballot.ts';
import { type ConsensusParameters, ConsensusParametersCodec } from './consensus-parameters.ts';
import { type GovernanceParameters, GovernanceParametersCodec } from './governance-parameters.ts';
import {
  type GovernanceMeta,
  GovernanceMetaCodec,
  type Pause,
  PauseCodec,
  type Proposal,
  ProposalCodec,
  type ValidatorTally,
  ValidatorTallyCodec,
  type Vote,
  VoteCodec,
  validatorTallyKey,
  voteKey,
} from './proposal.ts';

export type GovernanceTables = {
  readonly governanceMeta: TableStore<number, GovernanceMeta>;
  readonly governanceParameters: TableStore<number, GovernanceParameters>;
  readonly proposals: TableStore<ProposalId, Proposal>;
  /** By `validatorTallyKey`, while a proposal is voted on. */
  readonly validatorTallies: TableStore<number, ValidatorTally>;
  /** By `voteKey`. */
  readonly votes: TableStore<number, Vote>;
  readonly pauses: TableStore<UnderlyingId, Pause>;
  /** One row, or none: what the next config that is fixed will have. */
  readonly consensusChange: TableStore<number, ConsensusParameters>;
  /** Versions on their way, by module. */
  readonly upgrades: TableStore<number, UpgradePlan>;
  /** By `readinessKey`. */
  readonly readiness: TableStore<number, Readiness>;
};

/** Number of the vote of a delegation (`delegationKey`) on a proposal. */
export type VoteIndex = Map<ProposalId, Map<number, number>>;

export type Governance = GovernanceTables & {
  readonly stores: readonly AnyTableStore[];
  readonly voteNumbers: VoteIndex;
};

/** Empty tables. */
export function emptyGovernance(): Governance {
  const tables: GovernanceTables = {
    governanceMeta: tableStore(
      table({ id: 73, name: 'governanceMeta', key: u32Key(), value: GovernanceMetaCodec }),
    ),
    governanceParameters: tableStore(
      table({
        id: 74,
        name: 'governanceParameters',
        key: u32Key(),
        value: GovernanceParametersCodec,
      }),
    ),
    proposals: tableStore(
      table({ id: 75, name: 'proposals', key: u32Key<ProposalId>(), value: ProposalCodec }),
    ),
    validatorTallies: tableStore(
      table({
        id: 76,
        name: 'validatorTallies',
        key: validatorTallyKey,
        value: ValidatorTallyCodec,
      }),
    ),
    votes: tableStore(table({ id: 77, name: 'votes', key: voteKey, value: VoteCodec })),
    pauses: tableStore(
      table({ id: 78, name: 'pauses', key: u32Key<UnderlyingId>(), value: PauseCodec }),
    ),
    consensusChange: tableStore(
      table({
        id: 79,
        name: 'consensusChange',
        key: u32Key(),
        value: ConsensusParametersCodec,
      }),
    ),
    upgrades: tableStore(
      table({ id: 86, name: 'upgrades', key: u32Key(), value: UpgradePlanCodec }),
    ),
    readiness: tableStore(
      table({ id: 87, name: 'readiness', key: readinessKey, value: ReadinessCodec }),
    ),
  };
  return {
    ...tables,
    stores: Object.values(tables).sort((a, b) => a.id - b.id),
    voteNumbers: new Map(),
  };
}

/** The one row of `governanceMeta`, to be read only. */
export function governanceMetaOf({ governance }: State): GovernanceMeta {
  return governance.governanceMeta.must(SINGLETON_KEY);
}

/** As `governanceMetaOf`, marked as changed. */
export function changedGovernanceMeta({ governance }: State): GovernanceMeta {
  governance.governanceMeta.touch(SINGLETON_KEY);
  return governance.governanceMeta.must(SINGLETON_KEY);
}

export function governanceParametersOf({ governance }: State): GovernanceParameters {
  return governance.governanceParameters.must(SINGLETON_KEY);
}

/** Notes who cast a vote. */
export function indexVote(
  { governance }: State,
  proposal: ProposalId,
  { account, validator }: Vote,
  number: number,
): void {
  const known = governance.voteNumbers.get(proposal);
  const numbers = known ?? new Map<number, number>();
  if (known === undefined) governance.voteNumbers.set(proposal, numbers);
  numbers.set(delegationKey.pack(account, validator), number);
}

/** Makes the index of the table. */
export function rebuildVoteIndex(state: State): void {
  state.governance.voteNumbers.clear();
  for (const [key, vote] of state.governance.votes.unorderedEntries()) {
    indexVote(state, voteKey.high(key) as ProposalId, vote, voteKey.low(key));
  }
}
