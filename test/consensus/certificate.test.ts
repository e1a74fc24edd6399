/** Certificates: one form for one set of votes, and every breach of it found. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  certificateOf,
  checkCertificate,
  verifyCertificate,
  votesOf,
} from '../../consensus/certificate.ts';
import { committeeOf } from '../../consensus/committee.ts';
import {
  type Certificate,
  CertificateCodec,
  KIND,
  type Vote,
  voteDigest,
} from '../../consensus/messages.ts';
import { ZERO_32 } from '../../runtime/core/bytes.ts';
import { epoch, validatorIndex, view } from '../../runtime/core/units.ts';
import { simEpochConfig } from '../sim/cluster.ts';
import { simPublicKey, simSign, simVerify } from '../sim/signature.ts';
import { EPOCH, notarizeOf, nullifyOf, PACING } from './harness.ts';

const COUNT = 20;
const committee = committeeOf(simEpochConfig(EPOCH, new Array(COUNT).fill(1n), PACING));
const subject = nullifyOf(7);

const voteBy = (index: number): Vote => ({
  subject,
  signer: validatorIndex(index),
  signature: simSign(simPublicKey(index), voteDigest(ZERO_32, subject)),
});
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const good = certificateOf(subject, range(14).map(voteBy));

describe('certificate', () => {
  test('of the same votes in any order is the same, and gives them back', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(range(COUNT), { minLength: 14 }), (signers) => {
        const certificate = certificateOf(subject, signers.map(voteBy));
        const ordered = [...signers].sort((a, b) => a - b).map(voteBy);
        expect(votesOf(certificate)).toEqual(ordered);
        expect(checkCertificate(committee, certificate)).toEqual({
          ok: true,
          value: BigInt(signers.length),
        });
        expect(CertificateCodec.decode(CertificateCodec.encode(certificate))).toEqual({
          ok: true,
          value: certificate,
        });
      }),
      { numRuns: 30 },
    );
  });

  const [firstSignature = ZERO_32] = good.signatures;
  test.each<{ code: string; certificate: Certificate }>([
    {
      code: 'wrong_epoch',
      certificate: {
        ...good,
        subject: { selector: KIND.nullify, value: { epoch: epoch(EPOCH + 1), view: view(7) } },
      },
    },
    { code: 'view_zero', certificate: { ...good, subject: nullifyOf(0) } },
    { code: 'parent_not_below', certificate: { ...good, subject: notarizeOf(7, { parent: 7 }) } },
    {
      code: 'trailing_zero_byte',
      certificate: { ...good, signers: new Uint8Array([...good.signers, 0]) },
    },
    {
      code: 'unknown_signer',
      certificate: { ...good, signers: new Uint8Array([255, 63, 16]) },
    },
    {
      code: 'signature_count',
      certificate: { ...good, signatures: [...good.signatures, firstSignature] },
    },
    { code: 'signature_count', certificate: { ...good, signatures: good.signatures.slice(1) } },
    { code: 'below_quorum', certificate: certificateOf(subject, range(13).map(voteBy)) },
    { code: 'below_quorum', certificate: { subject, signers: new Uint8Array(0), signatures: [] } },
  ])('$code', ({ code, certificate }) => {
    const checked = checkCertificate(committee, certificate);
    expect(!checked.ok && checked.error.code).toBe(code);
  });

  test('every signature is verified, over the right chain', () => {
    expect(verifyCertificate(committee, ZERO_32, good, simVerify).ok).toBe(true);
    const otherChain = new Uint8Array(32).fill(1);
    const replayed = verifyCertificate(committee, otherChain, good, simVerify);
    expect(!replayed.ok && replayed.error.code).toBe('bad_signature');
    for (const forged of [0, 7, 13]) {
      const signatures = good.signatures.map((one, index) =>
        index === forged ? new Uint8Array(64) : one,
      );
      const result = verifyCertificate(committee, ZERO_32, { ...good, signatures }, simVerify);
      expect(!result.ok && result.error.detail).toBe(`of validator ${forged}`);
    }
  });

  test('a view is part of what is signed', () => {
    const moved = { ...good, subject: nullifyOf(view(8)) };
    expect(verifyCertificate(committee, ZERO_32, moved, simVerify).ok).toBe(false);
  });
});
