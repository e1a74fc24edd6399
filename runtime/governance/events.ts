/** Events of governance, selectors 64 to 69, and results of its actions, 23 and 24; append-only. */
import type { ValidatorId } from '../../staking/ids.ts';
import { bool, type Codec, container, u8, u16, u32, u64, u128, type Variant } from '../core/ssz.ts';
import type { AccountId } from '../core/units.ts';
import { type Underlying, UnderlyingCodec } from '../options/underlying.ts';
import {
  type Answers,
  AnswersCodec,
  type Ballot,
  BallotCodec,
  type ProposalId,
  type ProposalStatus,
} from './ballot.ts';

export const GOVERNANCE_EVENT = {
  proposalSubmitted: 64,
  proposalDeposited: 65,
  proposalChanged: 66,
  voted: 67,
  parameterChanged: 68,
  underlyingChanged: 69,
} as const;

export type ProposalSubmittedEvent = {
  readonly proposal: ProposalId;
  readonly account: AccountId;
  /** Selector of the content. */
  readonly content: number;
  readonly expedited: boolean;
};
/** Micro-MIL; `total` with what was there. */
export type ProposalDepositedEvent = {
  readonly proposal: ProposalId;
  readonly account: AccountId;
  readonly amount: bigint;
  readonly total: bigint;
};
/** What became of the deposits; numbers are wire format. */
export const DEPOSITS = { kept: 0, returned: 1, burned: 2 } as const;
export type DepositsFate = (typeof DEPOSITS)[keyof typeof DEPOSITS];
/** `failure`: number of the refusal, 0 none. `tally` in micro-MIL, once there is one. */
export type ProposalChangedEvent = {
  readonly proposal: ProposalId;
  readonly status: ProposalStatus;
  readonly expedited: boolean;
  readonly failure: number;
  readonly deposits: DepositsFate;
  readonly tally: Answers;
};
/** `power` in micro-MIL; `asValidator`: what the rest of the validator's stake follows. */
export type VotedEvent = {
  readonly proposal: ProposalId;
  readonly account: AccountId;
  readonly validator: ValidatorId;
  readonly asValidator: boolean;
  readonly power: bigint;
  readonly ballot: Ballot;
};
export type ParameterChangedEvent = {
  readonly proposal: ProposalId;
  readonly set: number;
  readonly scope: number;
  readonly parameter: number;
  readonly before: number;
  readonly after: number;
};

export type GovernanceEvent =
  | Variant<typeof GOVERNANCE_EVENT.proposalSubmitted, ProposalSubmittedEvent>
  | Variant<typeof GOVERNANCE_EVENT.proposalDeposited, ProposalDepositedEvent>
  | Variant<typeof GOVERNANCE_EVENT.proposalChanged, ProposalChangedEvent>
  | Variant<typeof GOVERNANCE_EVENT.voted, VotedEvent>
  | Variant<typeof GOVERNANCE_EVENT.parameterChanged, ParameterChangedEvent>
  | Variant<typeof GOVERNANCE_EVENT.underlyingChanged, Underlying>;

/** Codecs by selector, for the union of all events. */
export const GOVERNANCE_EVENT_CODECS: {
  readonly [S in GovernanceEvent['selector']]: Codec<
    Extract<GovernanceEvent, Variant<S, unknown>>['value']
  >;
} = {
  [GOVERNANCE_EVENT.proposalSubmitted]: container<ProposalSubmittedEvent>(
    'ProposalSubmittedEvent',
    { proposal: u32<ProposalId>(), account: u64<AccountId>(), content: u8(), expedited: bool() },
  ),
  [GOVERNANCE_EVENT.proposalDeposited]: container<ProposalDepositedEvent>(
    'ProposalDepositedEvent',
    { proposal: u32<ProposalId>(), account: u64<AccountId>(), amount: u128(), total: u128() },
  ),
  [GOVERNANCE_EVENT.proposalChanged]: container<ProposalChangedEvent>('ProposalChangedEvent', {
    proposal: u32<ProposalId>(),
    status: u8<ProposalStatus>(),
    expedited: bool(),
    failure: u16(),
    deposits: u8<DepositsFate>(),
    tally: AnswersCodec,
  }),
  [GOVERNANCE_EVENT.voted]: container<VotedEvent>('VotedEvent', {
    proposal: u32<ProposalId>(),
    account: u64<AccountId>(),
    validator: u32<ValidatorId>(),
    asValidator: bool(),
    power: u128(),
    ballot: BallotCodec,
  }),
  [GOVERNANCE_EVENT.parameterChanged]: container<ParameterChangedEvent>('ParameterChangedEvent', {
    proposal: u32<ProposalId>(),
    set: u8(),
    scope: u8(),
    parameter: u8(),
    before: u64(),
    after: u64(),
  }),
  [GOVERNANCE_EVENT.underlyingChanged]: UnderlyingCodec,
};

/** Selectors of results. */
export const GOVERNANCE_RESULT = { proposal: 23, voted: 24 } as const;
/** `deposited`: micro-MIL on it in all. */
export type ProposalResult = { readonly proposal: ProposalId; readonly deposited: bigint };
/** Micro-MIL of the snapshot that now say this. */
export type VotedResult = { readonly power: bigint };
export type GovernanceResult =
  | Variant<typeof GOVERNANCE_RESULT.proposal, ProposalResult>
  | Variant<typeof GOVERNANCE_RESULT.voted, VotedResult>;

export const ProposalResultCodec: Codec<ProposalResult> = container<ProposalResult>(
  'ProposalResult',
  { proposal: u32<ProposalId>(), deposited: u128() },
);
export const VotedResultCodec: Codec<VotedResult> = container<VotedResult>('VotedResult', {
  power: u128(),
});
