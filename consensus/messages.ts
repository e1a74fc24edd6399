/**
 * Votes, certificates and proposals of Simplex: formats, and the bytes that are signed.
 *
 * Source: Chan and Pass, "Simplex Consensus" (2023); design/chain.md §4. Every vote names its epoch
 * and view, and is signed over SHA-256(domain(kind) ‖ chainId ‖ SSZ(subject)). Certificates hold
 * one ed25519 signature per signer, so who signed what can always be shown.
 */

import { type BlockAnnouncement, BlockAnnouncementCodec } from '../runtime/block.ts';
import { DOMAIN, signingDigest } from '../runtime/core/hash.ts';
import {
  byteList,
  bytes,
  type Codec,
  container,
  list,
  u16,
  u64,
  union,
  type Variant,
} from '../runtime/core/ssz.ts';
import type { Epoch, ValidatorIndex, View } from '../runtime/core/units.ts';
import { MAX_BITMAP_BYTES, MAX_PROPOSAL_CERTIFICATES, MAX_VALIDATORS } from '../runtime/limits.ts';

/** What a view's leader puts forward; the block's body travels apart. */
export type Proposal = {
  readonly epoch: Epoch;
  readonly view: View;
  /** View of the block this one extends; 0 is the epoch's genesis. */
  readonly parentView: View;
  /** Block hash. */
  readonly payload: Uint8Array;
};

/** A view that is to be skipped. */
export type Round = { readonly epoch: Epoch; readonly view: View };

export const ProposalCodec: Codec<Proposal> = container<Proposal>('Proposal', {
  epoch: u64<Epoch>(),
  view: u64<View>(),
  parentView: u64<View>(),
  payload: bytes(32),
});
export const RoundCodec: Codec<Round> = container<Round>('Round', {
  epoch: u64<Epoch>(),
  view: u64<View>(),
});

/** Kinds of votes and of the certificates made of them; numbers are wire format. */
export const KIND = { notarize: 0, nullify: 1, finalize: 2 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

export type Subject =
  | Variant<typeof KIND.notarize, Proposal>
  | Variant<typeof KIND.nullify, Round>
  | Variant<typeof KIND.finalize, Proposal>;

/** What a vote says, before it is signed. */
export const SubjectCodec: Codec<Subject> = union<Subject>('Subject', {
  [KIND.notarize]: ProposalCodec,
  [KIND.nullify]: RoundCodec,
  [KIND.finalize]: ProposalCodec,
});

export type Vote = {
  readonly subject: Subject;
  readonly signer: ValidatorIndex;
  readonly signature: Uint8Array;
};

export const VoteCodec: Codec<Vote> = container<Vote>('Vote', {
  subject: SubjectCodec,
  signer: u16<ValidatorIndex>(),
  signature: bytes(64),
});

/** Votes of a quorum for one subject. `signers` is a bitmap, least bit first, without trailing zero bytes. */
export type Certificate = {
  readonly subject: Subject;
  readonly signers: Uint8Array;
  /** One signature for each set bit, in ascending order of signer. */
  readonly signatures: Uint8Array[];
};

export const CertificateCodec: Codec<Certificate> = container<Certificate>('Certificate', {
  subject: SubjectCodec,
  signers: byteList(MAX_BITMAP_BYTES),
  signatures: list(bytes(64), MAX_VALIDATORS, 1),
});

/**
 * The leader's notarize vote, the block it names, and the certificates that justify its parent:
 * the parent's notarization and the nullifications of the views between.
 */
export type ProposalMessage = {
  readonly vote: Vote;
  readonly block: BlockAnnouncement;
  readonly certificates: Certificate[];
};

export const ProposalMessageCodec: Codec<ProposalMessage> = container<ProposalMessage>(
  'ProposalMessage',
  {
    vote: VoteCodec,
    block: BlockAnnouncementCodec,
    certificates: list(CertificateCodec, MAX_PROPOSAL_CERTIFICATES),
  },
);

/** Everything on the direct streams between validators; selectors are wire format. */
export const CONSENSUS_MESSAGE = { proposal: 0, vote: 1, certificate: 2 } as const;
export type ConsensusMessage =
  | Variant<typeof CONSENSUS_MESSAGE.proposal, ProposalMessage>
  | Variant<typeof CONSENSUS_MESSAGE.vote, Vote>
  | Variant<typeof CONSENSUS_MESSAGE.certificate, Certificate>;

export const ConsensusMessageCodec: Codec<ConsensusMessage> = union<ConsensusMessage>(
  'ConsensusMessage',
  {
    [CONSENSUS_MESSAGE.proposal]: ProposalMessageCodec,
    [CONSENSUS_MESSAGE.vote]: VoteCodec,
    [CONSENSUS_MESSAGE.certificate]: CertificateCodec,
  },
);

const DOMAIN_OF_KIND = {
  [KIND.notarize]: DOMAIN.notarize,
  [KIND.nullify]: DOMAIN.nullify,
  [KIND.finalize]: DOMAIN.finalize,
} as const;

/** The 32 bytes that a validator signs to vote for `subject`. */
export function voteDigest(chainId: Uint8Array, subject: Subject): Uint8Array {
  const ssz =
    subject.selector === KIND.nullify
      ? RoundCodec.encode(subject.value)
      : ProposalCodec.encode(subject.value);
  return signingDigest(DOMAIN_OF_KIND[subject.selector], chainId, ssz);
}
