/**
 * Accountability: if two honest nodes ever call different blocks final at one height, the messages
 * that honest nodes received show validators of at least a third of the weight of an epoch to have
 * signed two votes of one view that contradict each other, and none of them is honest.
 *
 * The rule is stated here once more, apart from `consensus/evidence.ts`: of one signer and view, two
 * notarizes, two finalizes, or a notarize and a finalize of different proposals; or nullify and
 * finalize.
 */
import {
  type Certificate,
  CONSENSUS_MESSAGE,
  type ConsensusMessage,
  type Subject,
  SubjectCodec,
  type Vote,
  voteDigest,
} from '../../../consensus/messages.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import type { Epoch } from '../../../runtime/core/units.ts';
import type { SignatureScheme } from '../signature.ts';
import type { Checker, Truth } from './checker.ts';

export type Accountability = Checker & {
  readonly forked: () => boolean;
  /** Called at the end: violations come then. */
  readonly finish: () => void;
};

const NOTARIZE = 0;
const NULLIFY = 1;
const FINALIZE = 2;

function contradict(a: Subject, b: Subject): boolean {
  const [low, high] = a.selector <= b.selector ? [a, b] : [b, a];
  if (low.selector === NULLIFY || high.selector === NULLIFY) {
    return low.selector === NULLIFY && high.selector === FINALIZE;
  }
  const proposal = (subject: Subject): string =>
    toHex(SubjectCodec.encode({ ...subject, selector: NOTARIZE } as Subject));
  return proposal(low) !== proposal(high);
}

export function accountability(options: {
  readonly truth: Truth;
  readonly scheme: SignatureScheme;
  readonly chainId: Uint8Array;
}): Accountability {
  const { truth, scheme, chainId } = options;
  const violations: string[] = [];
  const blocks = new Map<number, string>();
  let isForked = false;
  /** Genuine votes by epoch, view and signer. */
  const votes = new Map<
    string,
    { readonly epoch: Epoch; readonly signer: number; subjects: Subject[] }
  >();
  const messages = new Set<ConsensusMessage>();

  const note = ({ subject, signer, signature }: Vote): void => {
    const { epoch, view } = subject.value;
    const key = truth.configOf(epoch).validators[signer]?.consensusKey;
    if (!key || !scheme.verify(key, voteDigest(chainId, subject), signature)) return;
    const id = `${epoch}/${view}/${signer}`;
    const known = votes.get(id) ?? { epoch, signer, subjects: [] };
    known.subjects.push(subject);
    votes.set(id, known);
  };

  const noteCertificate = ({ subject, signers, signatures }: Certificate): void => {
    let at = 0;
    for (let index = 0; index < 8 * signers.length; index++) {
      if ((((signers[index >> 3] ?? 0) >> (index & 7)) & 1) === 0) continue;
      const signature = signatures[at++];
      if (signature) note({ subject, signer: index as Vote['signer'], signature });
    }
  };

  const take = (message: ConsensusMessage): void => {
    switch (message.selector) {
      case CONSENSUS_MESSAGE.vote:
        note(message.value);
        return;
      case CONSENSUS_MESSAGE.certificate:
        noteCertificate(message.value);
        return;
      case CONSENSUS_MESSAGE.proposal:
        note(message.value.vote);
        for (const certificate of message.value.certificates) noteCertificate(certificate);
    }
  };

  return {
    name: 'accountability',
    violations,
    forked: () => isForked,
    observer: {
      onReceived: (_node, message) => void messages.add(message),
      onFinal(_node, header, payload) {
        const hash = toHex(payload);
        const known = blocks.get(header.height);
        if (known !== undefined && known !== hash) isForked = true;
        blocks.set(header.height, known ?? hash);
      },
    },
    finish() {
      if (!isForked) return;
      for (const message of messages) take(message);
      const guilty = new Map<Epoch, Set<number>>();
      for (const { epoch, signer, subjects } of votes.values()) {
        const isGuilty = subjects.some((a, i) =>
          subjects.slice(i + 1).some((b) => contradict(a, b)),
        );
        if (!isGuilty) continue;
        guilty.set(epoch, (guilty.get(epoch) ?? new Set()).add(signer));
        if (truth.isHonestKey(epoch, signer)) violations.push(`honest ${signer} shown guilty`);
      }
      const isEnough = [...guilty].some(([epoch, signers]) => {
        const { validators } = truth.configOf(epoch);
        const total = validators.reduce((sum, one) => sum + one.weight, 0n);
        const sum = [...signers].reduce((all, one) => all + (validators[one]?.weight ?? 0n), 0n);
        return 3n * sum >= total;
      });
      if (!isEnough) {
        const shown = [...guilty].map(
          ([epoch, set]) => `${epoch}: ${[...set].sort((a, b) => a - b)}`,
        );
        violations.push(`a fork, and guilty are only ${shown.join('; ') || 'none'}`);
      }
    },
  };
}
