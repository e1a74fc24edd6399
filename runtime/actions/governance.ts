/** Actions of governance: formats. Selectors 53 to 58; handlers in `runtime/governance/`. */
import type { ValidatorId } from '../../staking/ids.ts';
import {
  bool,
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u8,
  u32,
  u64,
  u128,
  type Variant,
} from '../core/ssz.ts';
import type { UnderlyingId } from '../core/units.ts';
import { type Ballot, BallotCodec, type ProposalId } from '../governance/ballot.ts';
import { type ProposalContent, ProposalContentCodec } from '../governance/content.ts';
import {
  MAX_DELEGATIONS_PER_VOTE,
  MAX_SUMMARY_BYTES,
  MAX_TITLE_BYTES,
} from '../governance/limits.ts';

/** Title and summary in UTF-8; `deposit` in micro-MIL. */
export type SubmitProposal = {
  readonly title: Uint8Array;
  readonly summary: Uint8Array;
  readonly content: ProposalContent;
  readonly expedited: boolean;
  readonly deposit: bigint;
};
export type DepositProposal = { readonly proposal: ProposalId; readonly amount: bigint };
/** Stake of the account with these validators says this; with the others it follows them. */
export type CastVote = {
  readonly proposal: ProposalId;
  readonly ballot: Ballot;
  readonly validators: ValidatorId[];
};
/** What the stake follows that does not vote itself: of the validator that the account operates. */
export type CastValidatorVote = { readonly proposal: ProposalId; readonly ballot: Ballot };
/** Of one underlying, or 255: of all. */
export type PauseTrading = { readonly underlying: UnderlyingId; readonly durationMs: number };

/** The code of a planned version is installed: said by operators. */
export type SignalReady = {
  readonly module: number;
  readonly version: number;
  /** 32 bytes, as the proposal names it. */
  readonly codeHash: Uint8Array;
};

/** Selectors of the actions of governance; append-only wire format. */
export const GOVERNANCE_ACTION = {
  submitProposal: 53,
  depositProposal: 54,
  castVote: 55,
  castValidatorVote: 56,
  pauseTrading: 57,
  signalReady: 58,
} as const;

export type GovernanceAction =
  | Variant<typeof GOVERNANCE_ACTION.submitProposal, SubmitProposal>
  | Variant<typeof GOVERNANCE_ACTION.depositProposal, DepositProposal>
  | Variant<typeof GOVERNANCE_ACTION.castVote, CastVote>
  | Variant<typeof GOVERNANCE_ACTION.castValidatorVote, CastValidatorVote>
  | Variant<typeof GOVERNANCE_ACTION.pauseTrading, PauseTrading>
  | Variant<typeof GOVERNANCE_ACTION.signalReady, SignalReady>;

/** Codecs by selector, for the union of all actions. */
export const GOVERNANCE_ACTION_CODECS: {
  readonly [S in GovernanceAction['selector']]: Codec<
    Extract<GovernanceAction, Variant<S, unknown>>['value']
  >;
} = {
  [GOVERNANCE_ACTION.submitProposal]: container<SubmitProposal>('SubmitProposal', {
    title: byteList(MAX_TITLE_BYTES),
    summary: byteList(MAX_SUMMARY_BYTES),
    content: ProposalContentCodec,
    expedited: bool(),
    deposit: u128(),
  }),
  [GOVERNANCE_ACTION.depositProposal]: container<DepositProposal>('DepositProposal', {
    proposal: u32<ProposalId>(),
    amount: u128(),
  }),
  [GOVERNANCE_ACTION.castVote]: container<CastVote>('CastVote', {
    proposal: u32<ProposalId>(),
    ballot: BallotCodec,
    validators: list(u32<ValidatorId>(), MAX_DELEGATIONS_PER_VOTE, 1),
  }),
  [GOVERNANCE_ACTION.castValidatorVote]: container<CastValidatorVote>('CastValidatorVote', {
    proposal: u32<ProposalId>(),
    ballot: BallotCodec,
  }),
  [GOVERNANCE_ACTION.pauseTrading]: container<PauseTrading>('PauseTrading', {
    underlying: u8<UnderlyingId>(),
    durationMs: u64(),
  }),
  [GOVERNANCE_ACTION.signalReady]: container<SignalReady>('SignalReady', {
    module: u8(),
    version: u32(),
    codeHash: bytes(32),
  }),
};

/** Whether an action is one of governance. */
export function isGovernanceAction<T extends { readonly selector: number }>(
  action: T | GovernanceAction,
): action is GovernanceAction {
  return (
    action.selector >= GOVERNANCE_ACTION.submitProposal &&
    action.selector <= GOVERNANCE_ACTION.signalReady
  );
}
