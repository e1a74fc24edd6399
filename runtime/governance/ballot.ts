/** Numbers, states and answers that everything about proposals shares. */
import { type Codec, container, u16, u128 } from '../core/ssz.ts';

declare const brand: unique symbol;

/** Dense number of a proposal from 1, never reused; below 2²⁰. */
export type ProposalId = number & { readonly [brand]: 'ProposalId' };
export const proposalId = (value: number): ProposalId => value as ProposalId;
/** More proposals are not taken: at one a minute they last two years. */
export const MAX_PROPOSAL_ID: number = 2 ** 20 - 1;

/** Where a proposal stands; numbers are state format. */
export const PROPOSAL_STATUS = {
  /** Gathers deposits, or waits for the next epoch to be voted on. */
  deposit: 0,
  voting: 1,
  /** Accepted, in its time lock. */
  passed: 2,
  executed: 3,
  rejected: 4,
  /** Rejected, and its deposits burned. */
  vetoed: 5,
  /** Accepted, and then not possible: `failure` says why. */
  failed: 6,
  /** Too little was deposited, or a greater deposit took its place. */
  lapsed: 7,
} as const;
export type ProposalStatus = (typeof PROPOSAL_STATUS)[keyof typeof PROPOSAL_STATUS];

/** Micro-MIL, or shares × basis points, by answer. */
export type Answers = { yes: bigint; no: bigint; abstain: bigint; veto: bigint };
/** Basis points of a whole ballot. */
export const FULL_BALLOT = 10_000;
/** How one vote is split, in basis points that sum to `FULL_BALLOT`. */
export type Ballot = {
  readonly yes: number;
  readonly no: number;
  readonly abstain: number;
  readonly veto: number;
};
export const ANSWERS: readonly (keyof Answers)[] = ['yes', 'no', 'abstain', 'veto'];
export const noAnswers = (): Answers => ({ yes: 0n, no: 0n, abstain: 0n, veto: 0n });
export const NO_BALLOT: Ballot = { yes: 0, no: 0, abstain: 0, veto: 0 };

export const BallotCodec: Codec<Ballot> = container<Ballot>('Ballot', {
  yes: u16(),
  no: u16(),
  abstain: u16(),
  veto: u16(),
});
export const AnswersCodec: Codec<Answers> = container<Answers>('Tally', {
  yes: u128(),
  no: u128(),
  abstain: u128(),
  veto: u128(),
});

/** Whether a ballot is whole: its parts sum to 10,000. `NO_BALLOT` is not: nothing was cast. */
export function isWholeBallot({ yes, no, abstain, veto }: Ballot): boolean {
  return yes + no + abstain + veto === FULL_BALLOT;
}
