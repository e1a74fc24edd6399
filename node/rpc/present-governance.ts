/** Proposals, their contents and votes as the interface shows them (`schemas/governance.ts`). */

import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { toHex } from '../../runtime/core/bytes.ts';
import { unreachable } from '../../runtime/core/result.ts';
import type { TimestampMs } from '../../runtime/core/units.ts';
import { errorEntry, runtimeErrorCode } from '../../runtime/error.ts';
import {
  type Answers,
  type Ballot,
  isWholeBallot,
  PROPOSAL_STATUS,
} from '../../runtime/governance/ballot.ts';
import {
  CONTENT,
  type ContentName,
  type ProposalContent,
  ProposalContentCodec,
  STATE_SCOPE,
} from '../../runtime/governance/content.ts';
import { parameterSet } from '../../runtime/governance/parameter-sets.ts';
import type { PlannedChange } from '../../runtime/governance/plan-parameters.ts';
import { depositOf, type Proposal } from '../../runtime/governance/proposal.ts';
import { leastDeposit } from '../../runtime/governance/submit-proposal.ts';
import { verdictOf } from '../../runtime/governance/tally.ts';
import { inheritedShares, powerOf } from '../../runtime/governance/voting-shares.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { MODULE_NAMES } from '../../runtime/upgrade/modules.ts';
import type { ProposalRow, ValidatorTallyRow } from '../query/governance-format.ts';
import { addressText } from './lookup.ts';
import { type MarketMirror, nameOf } from './mirror/market.ts';
import { moneyText } from './present-money.ts';
import {
  type BallotInfo,
  type ChangeInfo,
  type ContentInfo,
  PROPOSAL_STATUSES,
  type ProposalInfo,
  type TallyInfo,
  type ValidatorVoteInfo,
} from './schemas/governance.ts';
import { plain } from './state-tables.ts';

/** Text that others wrote: what a terminal could take for a command becomes `?`. */
function safeText(utf8: Uint8Array): string {
  return new TextDecoder()
    .decode(utf8)
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, (one) => (one === '\n' ? one : '?'));
}

/** Name of an underlying, or its number where there is none. */
export function currencyName(mirror: MarketMirror, id: number): string {
  for (const underlying of mirror.underlyings.values()) {
    if (underlying.id === id) return nameOf(underlying);
  }
  return String(id);
}

/** A change with its names and range; numbers of a later release keep their numbers. */
export function changeInfo(
  mirror: MarketMirror,
  { set: number, scope, parameter, before, after }: PlannedChange,
): ChangeInfo {
  const set = parameterSet(number);
  const name = set?.names[parameter];
  const range = name === undefined ? undefined : set?.ranges[name];
  return {
    set: set?.name ?? String(number),
    scope: set?.name === 'underlying' ? currencyName(mirror, scope) : null,
    parameter: name ?? String(parameter),
    unit: range?.unit ?? '',
    min: range?.min ?? 0,
    max: range?.max ?? Number.MAX_SAFE_INTEGER,
    before,
    after,
  };
}

/** `reduce_only` of `reduceOnly`. */
const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function stateText(state: number): string {
  const found = Object.entries(INSTRUMENT_STATE).find(([, number]) => number === state);
  return found === undefined ? String(state) : snake(found[0]);
}

const CONTENT_NAMES = Object.keys(CONTENT) as ContentName[];

/** What kind of content a selector is of. */
export function kindOf({ selector }: ProposalContent): ContentInfo['kind'] {
  return snake(CONTENT_NAMES[selector] ?? 'text') as ContentInfo['kind'];
}

/** What a proposal would do, in words of the interface. */
export function contentInfo(mirror: MarketMirror, content: ProposalContent): ContentInfo {
  switch (content.selector) {
    case CONTENT.text:
      return { kind: 'text', document: toHex(content.value.document) };
    case CONTENT.parameters:
      return {
        kind: 'parameters',
        changes: content.value.changes.map(({ expected, value, ...place }) =>
          changeInfo(mirror, { ...place, before: expected, after: value }),
        ),
      };
    case CONTENT.listUnderlying: {
      const { name, ...row } = content.value.underlying;
      const underlying = { ...(plain(row) as Record<string, unknown>), name: safeText(name) };
      return { kind: 'list_underlying', underlying };
    }
    case CONTENT.risk: {
      const { underlying, noticeMs, phaseMs, parameters } = content.value;
      return {
        kind: 'risk',
        currency: currencyName(mirror, underlying),
        notice_ms: noticeMs,
        phase_ms: phaseMs,
        parameters: plain(parameters) as Record<string, unknown>,
      };
    }
    case CONTENT.spend: {
      const { to, denomination, amount } = content.value;
      const currency = denomination === DENOMINATION.usd ? 'USD' : 'MIL';
      return { kind: 'spend', to: addressText(to), currency, amount: moneyText(amount) };
    }
    case CONTENT.upgrade: {
      const { module, version, epoch, codeHash } = content.value;
      return {
        kind: 'upgrade',
        module: MODULE_NAMES[module] ?? String(module),
        version,
        epoch,
        code_hash: toHex(codeHash),
      };
    }
    case CONTENT.trading: {
      const { scope, id, to } = content.value;
      const isUnderlying = scope === STATE_SCOPE.underlying;
      const name = isUnderlying
        ? currencyName(mirror, id)
        : ([...mirror.instruments.values()].find(({ row }) => row.id === id)?.name ?? String(id));
      const kind = 'trading';
      return {
        kind,
        scope: isUnderlying ? 'underlying' : 'instrument',
        name,
        state: stateText(to),
      };
    }
    case CONTENT.guardian: {
      const { guardian, armed } = content.value;
      const isNone = guardian.every((byte) => byte === 0);
      return { kind: 'guardian', guardian: isNone ? null : addressText(guardian), armed };
    }
    default:
      return unreachable(content);
  }
}

/** Hex of a content as the chain stores it. */
export function contentHex(content: ProposalContent): string {
  return toHex(ProposalContentCodec.encode(content));
}

function tallyInfo({ yes, no, abstain, veto }: Answers): TallyInfo {
  return {
    yes: moneyText(yes),
    no: moneyText(no),
    abstain: moneyText(abstain),
    veto: moneyText(veto),
  };
}

export function ballotInfo({ yes, no, abstain, veto }: Ballot): BallotInfo {
  return { yes, no, abstain, veto };
}

function failureInfo({ failure }: Proposal): ProposalInfo['failure'] {
  if (failure === 0) return null;
  const code = runtimeErrorCode(failure);
  const message = code === undefined ? 'for a reason this release does not know' : '';
  return {
    code: code ?? 'unknown',
    number: failure,
    message: code === undefined ? message : errorEntry(code).text,
  };
}

/** A proposal without its content. `pausedMs`: from the chain's count of time to the wall's. */
export function proposalInfo({ proposal, tally }: ProposalRow, pausedMs: number): ProposalInfo {
  const { rules, status, expedited, minDeposit, power } = proposal;
  const at = (time: TimestampMs): number | null => (time === 0 ? null : time + pausedMs);
  const voted = tally.yes + tally.no + tally.abstain + tally.veto;
  const hasVote = proposal.votingStartedAt !== 0;
  return {
    proposal_id: proposal.id,
    title: safeText(proposal.title),
    summary: safeText(proposal.summary),
    proposer_id: proposal.proposer,
    kind: kindOf(proposal.content),
    status: PROPOSAL_STATUSES[status] ?? 'failed',
    expedited,
    rules: {
      min_deposit: moneyText(minDeposit),
      least_deposit: moneyText(leastDeposit(minDeposit)),
      quorum_bps: rules.quorumBps,
      threshold_bps: expedited ? rules.expeditedThresholdBps : rules.thresholdBps,
      veto_bps: rules.vetoBps,
      voting_ms: expedited ? rules.expeditedVotingMs : rules.votingMs,
      timelock_ms: rules.timelockMs,
    },
    deposited: moneyText(depositOf(proposal)),
    submitted_at: proposal.submittedAt + pausedMs,
    deposit_ends_at: proposal.depositEndsAt + pausedMs,
    voting_started_at: at(proposal.votingStartedAt),
    voting_ends_at: at(proposal.votingEndsAt),
    executes_at: at(proposal.executesAt),
    ended_at: at(proposal.endedAt),
    snapshot_epoch: hasVote ? proposal.snapshotEpoch : null,
    power: moneyText(power),
    tally: tallyInfo(tally),
    turnout: hasVote && power > 0n ? Number(voted) / Number(power) : null,
    outcome: status === PROPOSAL_STATUS.voting ? verdictOf(proposal, tally) : null,
    failure: failureInfo(proposal),
  };
}

/** How a validator's stake stands in a vote. */
export function validatorVoteInfo({ validator, tally }: ValidatorTallyRow): ValidatorVoteInfo {
  return {
    validator_id: validator,
    power: moneyText(tally.tokens),
    own: moneyText(powerOf(tally, tally.overridden)),
    left: moneyText(powerOf(tally, tally.left)),
    inherited: moneyText(powerOf(tally, inheritedShares(tally))),
    ballot: isWholeBallot(tally.ballot) ? ballotInfo(tally.ballot) : null,
  };
}
