/** Proposals, votes, parameters and what contents would do, as `answer-query.ts` reports them. Reads alone. */
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { asciiBytes, fromHex } from '../../runtime/core/bytes.ts';
import { type AccountId, epoch as nextEpoch } from '../../runtime/core/units.ts';
import { refusalRecord } from '../../runtime/error.ts';
import { PROPOSAL_STATUS, type ProposalId } from '../../runtime/governance/ballot.ts';
import { CONTENT, type ProposalContent } from '../../runtime/governance/content.ts';
import {
  contentProblem,
  needsNoTimelock,
  onlyTightens,
  riskParametersHash,
} from '../../runtime/governance/enact.ts';
import { PARAMETER_SETS } from '../../runtime/governance/parameter-sets.ts';
import { planChanges, planProblem } from '../../runtime/governance/plan-parameters.ts';
import { type Proposal, validatorTallyKey, voteKey } from '../../runtime/governance/proposal.ts';
import { governanceMetaOf, governanceParametersOf } from '../../runtime/governance/tables.ts';
import { tallyOf } from '../../runtime/governance/tally.ts';
import { underlyingProblem } from '../../runtime/governance/underlying-parameters.ts';
import { powerOf } from '../../runtime/governance/voting-shares.ts';
import { balanceOf } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { replayParameters } from '../../runtime/margin/mode/replay-parameters.ts';
import { modelParameters } from '../../runtime/margin/mode/risk-parameters.ts';
import { portfolioModel } from '../../runtime/margin/portfolio/portfolio-parameters.ts';
import { metaOf, type State } from '../../runtime/state/state.ts';
import { readyWeight } from '../../runtime/upgrade/plan-upgrade.ts';
import { stakingMetaOf } from '../../staking/tables.ts';
import {
  MAX_PROPOSAL_ROWS,
  MAX_VOTE_ROWS,
  type ParameterSetsAnswer,
  type ProposalRow,
  type ProposalsAnswer,
  type ProposalsQuestion,
  type ReplayRow,
  type SimulationAnswer,
  type SimulationQuestion,
  type VotesAnswer,
  type VotesQuestion,
} from './governance-format.ts';

function proposalRow(state: State, proposal: Proposal, isWhole: boolean): ProposalRow {
  const isVoting = proposal.status === PROPOSAL_STATUS.voting;
  const tallies = isWhole && isVoting ? proposal.validators : [];
  return {
    proposal,
    tally: isVoting ? tallyOf(state, proposal) : proposal.tally,
    validators: tallies.map((validator) => ({
      validator,
      tally: state.governance.validatorTallies.must(validatorTallyKey.pack(proposal.id, validator)),
    })),
  };
}

function chosen(state: State, { proposal, before, limit }: ProposalsQuestion): ProposalRow[] {
  const { proposals } = state.governance;
  if (proposal !== 0) {
    const found = proposals.get(proposal);
    return found === undefined ? [] : [proposalRow(state, found, true)];
  }
  const ids = proposals.sortedKeys().filter((id) => before === 0 || id < before);
  return ids
    .reverse()
    .slice(0, Math.min(limit, MAX_PROPOSAL_ROWS))
    .map((id) => proposalRow(state, proposals.must(id), false));
}

/** Proposals, and what holds for all. Cost: of those listed, O(validators) each. */
export function proposalRows(state: State, question: ProposalsQuestion): ProposalsAnswer {
  const { height, timestamp, epoch } = metaOf(state);
  const { guardian, armed } = governanceMetaOf(state);
  const { pauses, upgrades } = state.governance;
  const next = state.epochConfigs.get(nextEpoch(epoch + 1)) ?? state.epochConfigs.must(epoch);
  return {
    height,
    timestamp,
    epoch,
    pausedMs: stakingMetaOf(state).pausedMs,
    rules: governanceParametersOf(state),
    guardian,
    armed,
    pauses: pauses.sortedKeys().map((id) => pauses.must(id)),
    deposits: balanceOf(state, MODULE.governance, DENOMINATION.mil),
    treasuryUsd: balanceOf(state, MODULE.community, DENOMINATION.usd),
    treasuryMil: balanceOf(state, MODULE.community, DENOMINATION.mil),
    versions: next.moduleVersions,
    upgrades: upgrades.sortedKeys().map((module) => {
      const plan = upgrades.must(module);
      return { plan, ...readyWeight(state, plan, next.validators) };
    }),
    rows: chosen(state, question),
  };
}

function addressOf(state: State, account: AccountId): Uint8Array {
  return fromHex(state.derived.accounts.addressById.get(account) ?? '') ?? new Uint8Array(20);
}

/** A page of the votes of a proposal, which are there until it is over. O(limit). */
export function voteRows(state: State, { proposal, from, limit }: VotesQuestion): VotesAnswer {
  const { proposals, votes, validatorTallies } = state.governance;
  const { height } = metaOf(state);
  const total = proposals.get(proposal)?.votes ?? 0;
  const end = Math.min(total, from + Math.min(limit, MAX_VOTE_ROWS));
  const rows: VotesAnswer['rows'] = [];
  for (let number = from; number < end; number++) {
    const vote = votes.get(voteKey.pack(proposal, number));
    if (vote === undefined) continue;
    const tally = validatorTallies.get(validatorTallyKey.pack(proposal, vote.validator));
    const power = tally === undefined ? 0n : powerOf(tally, vote.shares);
    rows.push({ number, address: addressOf(state, vote.account), vote, power });
  }
  return { height, total, next: end < total ? end : 0, rows };
}

/** Every set with its values, an underlying's for each. */
export function parameterSetRows(state: State): ParameterSetsAnswer {
  const underlyings = state.underlyings.sortedKeys();
  const sets = PARAMETER_SETS.flatMap((set, number) => {
    const scopes: readonly number[] = set.name === 'underlying' ? underlyings : [0];
    return scopes.map((scope) => {
      const values = set.values(state, scope) ?? {};
      return { set: number, scope, values: set.names.map((name) => values[name] ?? 0) };
    });
  });
  const risks = underlyings.map((id) => ({ underlying: id, hash: riskParametersHash(state, id) }));
  return { height: metaOf(state).height, sets, risks };
}

/** In words what a refusal's number leaves out. */
function problemOf(state: State, content: ProposalContent): string {
  if (content.selector === CONTENT.parameters) {
    const plan = planChanges(state, content.value);
    return plan.ok ? (planProblem(state, plan.value) ?? '') : '';
  }
  if (content.selector === CONTENT.listUnderlying) {
    return underlyingProblem(content.value.underlying) ?? '';
  }
  return '';
}

function replayOf(state: State, content: ProposalContent): ReplayRow[] {
  if (content.selector !== CONTENT.risk) return [];
  const { underlying, parameters } = content.value;
  const model = portfolioModel(modelParameters(parameters));
  if (!model.ok || !state.underlyings.has(underlying)) return [];
  return [replayParameters(state, underlying, model.value)];
}

/**
 * What a content would do if it were carried out now. Changes nothing. Cost: that of `contentProblem`, and
 * of parameters of portfolio margin a replay of every account in portfolio mode.
 */
export function simulationRows(
  state: State,
  { proposal, content: given }: SimulationQuestion,
): SimulationAnswer {
  const { height, timestamp } = metaOf(state);
  const known = state.governance.proposals.get(proposal as ProposalId);
  const content = given[0] ?? known?.content;
  if (content === undefined) {
    return {
      height,
      content: [],
      refusal: [],
      problem: new Uint8Array(0),
      canBeExpedited: false,
      timelockMs: 0,
      changes: [],
      replay: [],
      treasury: 0n,
    };
  }
  const refusal = contentProblem(state, timestamp, content);
  const plan =
    content.selector === CONTENT.parameters ? planChanges(state, content.value) : undefined;
  const { timelockMs } = known?.rules ?? governanceParametersOf(state);
  return {
    height,
    content: [content],
    refusal: refusal === undefined ? [] : [refusalRecord(refusal)],
    problem: asciiBytes(
      problemOf(state, content)
        .replace(/[^\x20-\x7e]/g, '*')
        .slice(0, 256),
    ),
    canBeExpedited: onlyTightens(content),
    timelockMs: needsNoTimelock(content) ? 0 : timelockMs,
    changes: plan?.ok ? [...plan.value.changes] : [],
    replay: replayOf(state, content),
    treasury:
      content.selector === CONTENT.spend
        ? balanceOf(state, MODULE.community, content.value.denomination)
        : 0n,
  };
}
