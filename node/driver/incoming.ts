/**
 * Consensus messages of others: decoded, admitted, their signatures checked, then given to the
 * engine. Cheap refusals come first, so that rubbish costs little; who sends it is penalised.
 */
import { admitCertificate, admitVote } from '../../consensus/admission.ts';
import { type VerifySignature, verifyCertificate } from '../../consensus/certificate.ts';
import {
  type Certificate,
  CONSENSUS_MESSAGE,
  type ConsensusMessage,
  type ProposalMessage,
  type Vote,
  voteDigest,
} from '../../consensus/messages.ts';
import type { PeerId } from '../../p2p/network.ts';
import { unreachable } from '../../runtime/core/result.ts';
import type { Epoch } from '../../runtime/core/units.ts';
import type { RecentSet } from '../crypto/recent-set.ts';
import { idKey } from '../storage/keys.ts';
import type { EngineRunner } from './engine-runner.ts';

export type IncomingOptions = {
  readonly chainId: Uint8Array;
  readonly verify: VerifySignature;
  readonly penalise: (peer: PeerId, points: number, reason: string) => void;
};

/** Points for a signature that is not its signer's. */
const BAD_SIGNATURE_POINTS = 50;

/** Epoch that a message is for. */
export function epochOfMessage(message: ConsensusMessage): Epoch {
  return message.selector === CONSENSUS_MESSAGE.proposal
    ? message.value.vote.subject.value.epoch
    : message.value.subject.value.epoch;
}

/** The vote in a message, if it is one: a proposal is its leader's. */
export function voteOfMessage(message: ConsensusMessage): Vote | undefined {
  switch (message.selector) {
    case CONSENSUS_MESSAGE.proposal:
      return message.value.vote;
    case CONSENSUS_MESSAGE.vote:
      return message.value;
    case CONSENSUS_MESSAGE.certificate:
      return undefined;
    default:
      return unreachable(message);
  }
}

/**
 * A verifier that remembers what it found good: a certificate is mostly made of votes that came
 * one by one before.
 */
export function rememberingVerifier(verify: VerifySignature, good: RecentSet): VerifySignature {
  return (publicKey, digest, signature) => {
    const key = idKey(publicKey) + idKey(digest) + idKey(signature);
    if (good.has(key)) return true;
    if (!verify(publicKey, digest, signature)) return false;
    good.add(key);
    return true;
  };
}

function isSigned(runner: EngineRunner, vote: Vote, options: IncomingOptions): boolean {
  const key = runner.config.validators[vote.signer]?.consensusKey;
  if (!key) return false;
  return options.verify(key, voteDigest(options.chainId, vote.subject), vote.signature);
}

function isCertified(
  runner: EngineRunner,
  certificate: Certificate,
  options: IncomingOptions,
): boolean {
  const { committee } = runner.state;
  return verifyCertificate(committee, options.chainId, certificate, options.verify).ok;
}

function takeVote(runner: EngineRunner, vote: Vote, peer: PeerId, options: IncomingOptions): void {
  const admission = admitVote(runner.state, vote);
  switch (admission) {
    case 'known':
      runner.input({ kind: 'vote', vote }, peer);
      return;
    case 'late':
      runner.input({ kind: 'heard', signer: vote.signer, view: vote.subject.value.view }, peer);
      return;
    case 'drop':
      return;
    case 'check':
      if (isSigned(runner, vote, options)) runner.input({ kind: 'vote', vote }, peer);
      else options.penalise(peer, BAD_SIGNATURE_POINTS, 'vote with a bad signature');
      return;
    default:
      unreachable(admission);
  }
}

/** Checks a certificate that came from `peer`, and gives it to the engine. */
export function takeCertificate(
  runner: EngineRunner,
  certificate: Certificate,
  peer: PeerId,
  options: IncomingOptions,
): void {
  if (admitCertificate(runner.state, certificate) !== 'check') return;
  if (isCertified(runner, certificate, options)) {
    runner.input({ kind: 'certificate', certificate }, peer);
  } else {
    options.penalise(peer, BAD_SIGNATURE_POINTS, 'certificate that does not verify');
  }
}

function takeProposal(
  runner: EngineRunner,
  message: ProposalMessage,
  peer: PeerId,
  options: IncomingOptions,
): void {
  const admission = admitVote(runner.state, message.vote);
  if (admission === 'drop') return;
  const unknown = message.certificates.filter(
    (certificate) => admitCertificate(runner.state, certificate) !== 'known',
  );
  const good =
    (admission === 'known' || isSigned(runner, message.vote, options)) &&
    unknown.every((certificate) => isCertified(runner, certificate, options));
  if (good) runner.input({ kind: 'proposal', message }, peer);
  else options.penalise(peer, BAD_SIGNATURE_POINTS, 'proposal with a bad signature');
}

/** Takes a message of the runner's epoch. */
export function takeMessage(
  runner: EngineRunner,
  message: ConsensusMessage,
  peer: PeerId,
  options: IncomingOptions,
): void {
  switch (message.selector) {
    case CONSENSUS_MESSAGE.proposal:
      takeProposal(runner, message.value, peer, options);
      return;
    case CONSENSUS_MESSAGE.vote:
      takeVote(runner, message.value, peer, options);
      return;
    case CONSENSUS_MESSAGE.certificate:
      takeCertificate(runner, message.value, peer, options);
      return;
    default:
      unreachable(message);
  }
}
