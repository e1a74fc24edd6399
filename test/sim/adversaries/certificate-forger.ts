/**
 * Sends certificates that prove nothing: too few signers, one signature for all, an odd bitmap,
 * a block or a skip that nobody voted for, signatures of another subject.
 */
import { certificateOf } from '../../../consensus/certificate.ts';
import {
  type Certificate,
  CONSENSUS_MESSAGE,
  KIND,
  type Subject,
  type Vote,
} from '../../../consensus/messages.ts';
import { sha256 } from '../../../runtime/core/hash.ts';
import { type ValidatorIndex, view } from '../../../runtime/core/units.ts';
import { type Adversary, type AdversaryContext, certificateMessage, voteIn } from './adversary.ts';

/** A subject of the same round that no quorum stands behind. */
function inventedFrom({ selector, value }: Subject, kind: number): Subject {
  const { epoch, view: at } = value;
  if (kind === 0) return { selector: KIND.nullify, value: { epoch, view: at } };
  const payload = sha256('payload' in value ? value.payload : new Uint8Array(32));
  const parentView = 'payload' in value ? value.parentView : view(Math.max(0, at - 1));
  const of = kind === 1 ? KIND.notarize : KIND.finalize;
  return {
    selector: selector === of ? KIND.finalize : of,
    value: { epoch, view: at, parentView, payload },
  };
}

function forge(context: AdversaryContext, original: Vote): Certificate | undefined {
  const { prng } = context;
  const subject = inventedFrom(original.subject, prng.between(0, 2));
  const own = context.sign(subject);
  if (!own) return undefined;
  const { length } = context.committee(subject.value.epoch).weights;
  const all = Array.from({ length }, (_, signer) => ({ ...own, signer: signer as ValidatorIndex }));
  const honest = certificateOf(subject, [own]);
  switch (prng.between(0, 4)) {
    case 0:
      return honest;
    case 1:
      return certificateOf(subject, all);
    case 2:
      return { ...certificateOf(subject, all), signers: new Uint8Array([255, 255, 0]) };
    case 3:
      return { ...certificateOf(subject, all), signatures: [own.signature] };
    default:
      // The signature of another subject, under everyone's name.
      return certificateOf(
        subject,
        all.map((vote) => ({ ...vote, signature: original.signature })),
      );
  }
}

export const certificateForger: Adversary = (context) => ({
  outgoing(_to, message) {
    const vote = voteIn(message);
    if (!vote || !context.prng.chance(0.5)) return [message];
    const forged = forge(context, vote);
    if (!forged) return [message];
    if (message.selector === CONSENSUS_MESSAGE.proposal && context.prng.chance(0.3)) {
      const value = { ...message.value, certificates: [...message.value.certificates, forged] };
      return [{ ...message, value }];
    }
    return [certificateMessage(forged), message];
  },
  certificates(_to, held) {
    const [first] = held;
    if (!first) return held;
    const subject = inventedFrom(first.subject, context.prng.between(0, 2));
    return [{ ...first, subject }, ...held];
  },
});
