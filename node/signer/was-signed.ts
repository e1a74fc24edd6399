/** Whether a signer's window holds a subject: what tells its own votes from those of a twin. */
import { KIND, type Subject } from '../../consensus/messages.ts';
import { proposalDigest, type SignerWindow } from '../../consensus/signer-window.ts';
import { equalBytes } from '../../runtime/core/bytes.ts';

/**
 * Whether exactly `subject` was signed. Below the mark nothing is remembered, so everything there
 * counts as signed.
 */
export function wasSigned(window: SignerWindow, subject: Subject): boolean {
  const { epoch, view } = subject.value;
  const { mark } = window;
  if (epoch < mark.epoch || (epoch === mark.epoch && view < mark.view)) return true;
  const round = window.rounds.findLast((one) => one.epoch === epoch && one.view === view);
  if (!round) return false;
  switch (subject.selector) {
    case KIND.nullify:
      return round.nullified;
    case KIND.notarize:
      return equalBytes(round.notarize, proposalDigest(subject.value));
    case KIND.finalize:
      return equalBytes(round.finalize, proposalDigest(subject.value));
  }
}
