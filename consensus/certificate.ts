/**
 * Certificates: made of votes, checked, taken apart.
 *
 * Invariants of a well-formed certificate: the bitmap has no trailing zero byte, every bit is a
 * validator of the epoch, there is one signature for each bit, and the signers hold a quorum. So of
 * one set of votes there is one encoding.
 */
import { err, ok, type Result } from '../runtime/core/result.ts';
import { type ValidatorIndex, validatorIndex, type Weight, weight } from '../runtime/core/units.ts';
import { type Committee, weightOf } from './committee.ts';
import { type Certificate, KIND, type Subject, type Vote, voteDigest } from './messages.ts';

/** In order of precedence. */
export type CertificateError = {
  readonly code:
    | 'wrong_epoch'
    | 'view_zero'
    | 'parent_not_below'
    | 'trailing_zero_byte'
    | 'unknown_signer'
    | 'signature_count'
    | 'below_quorum'
    | 'bad_signature';
  readonly detail: string;
};

/** Whether `signature` is `publicKey`'s over `digest`, by the chain's rule (libsodium). */
export type VerifySignature = (
  publicKey: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** Signers, ascending. */
export function signersOf(certificate: Certificate): ValidatorIndex[] {
  const signers: ValidatorIndex[] = [];
  for (let i = 0; i < certificate.signers.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      if (((certificate.signers[i] ?? 0) >> bit) % 2 === 1)
        signers.push(validatorIndex(8 * i + bit));
    }
  }
  return signers;
}

/** The votes a well-formed certificate is made of, ascending by signer. */
export function votesOf(certificate: Certificate): Vote[] {
  const votes: Vote[] = [];
  const signers = signersOf(certificate);
  for (let i = 0; i < signers.length; i++) {
    const signer = signers[i];
    const signature = certificate.signatures[i];
    if (signer !== undefined && signature) {
      votes.push({ subject: certificate.subject, signer, signature });
    }
  }
  return votes;
}

/** The certificate of votes for one subject, each signer once. */
export function certificateOf(subject: Subject, votes: readonly Vote[]): Certificate {
  const sorted = [...votes].sort((a, b) => a.signer - b.signer);
  const highest = sorted.at(-1)?.signer ?? 0;
  const signers = new Uint8Array(Math.floor(highest / 8) + 1);
  for (const { signer } of sorted) {
    const byte = Math.floor(signer / 8);
    signers[byte] = (signers[byte] ?? 0) | (1 << (signer % 8));
  }
  return { subject, signers, signatures: sorted.map((vote) => vote.signature) };
}

/**
 * Checks everything but the signatures and returns the signers' weight.
 * Errors: `wrong_epoch`, `view_zero`, `parent_not_below`, `trailing_zero_byte`, `unknown_signer`,
 * `signature_count`, `below_quorum`.
 */
export function checkCertificate(
  committee: Committee,
  certificate: Certificate,
): Result<Weight, CertificateError> {
  const { subject } = certificate;
  if (subject.value.epoch !== committee.epoch) {
    return err({ code: 'wrong_epoch', detail: `${subject.value.epoch}, not ${committee.epoch}` });
  }
  if (subject.value.view === 0)
    return err({ code: 'view_zero', detail: 'nobody votes for view 0' });
  if (subject.selector !== KIND.nullify && subject.value.parentView >= subject.value.view) {
    const detail = `parent ${subject.value.parentView} of view ${subject.value.view}`;
    return err({ code: 'parent_not_below', detail });
  }
  if (certificate.signers.at(-1) === 0) {
    return err({ code: 'trailing_zero_byte', detail: `${certificate.signers.length} bytes` });
  }
  const signers = signersOf(certificate);
  let sum = 0n;
  for (const signer of signers) {
    if (signer >= committee.weights.length) {
      return err({ code: 'unknown_signer', detail: `${signer}` });
    }
    sum += weightOf(committee, signer);
  }
  if (signers.length !== certificate.signatures.length) {
    const detail = `${certificate.signatures.length} signatures of ${signers.length} signers`;
    return err({ code: 'signature_count', detail });
  }
  if (sum < committee.quorum) {
    return err({ code: 'below_quorum', detail: `weight ${sum} of ${committee.quorum}` });
  }
  return ok(weight(sum));
}

/**
 * `checkCertificate`, then every signature; `bad_signature` names the first signer that fails.
 * Cost: one verification for each signer (50 µs each with libsodium).
 */
export function verifyCertificate(
  committee: Committee,
  chainId: Uint8Array,
  certificate: Certificate,
  verify: VerifySignature,
): Result<Weight, CertificateError> {
  const checked = checkCertificate(committee, certificate);
  if (!checked.ok) return checked;
  const digest = voteDigest(chainId, certificate.subject);
  for (const { signer, signature } of votesOf(certificate)) {
    const key = committee.keys[signer];
    if (!key || !verify(key, digest, signature)) {
      return err({ code: 'bad_signature', detail: `of validator ${signer}` });
    }
  }
  return checked;
}
